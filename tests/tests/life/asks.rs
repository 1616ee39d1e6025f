//! What a script asks of failsh while it runs: a record changed, as `failc` would.

use failover_tests::failsh::{Failsh, REST};

#[test]
fn a_script_sets_another_service_and_is_told_what_is_refused() {
    let failsh = Failsh::start(&format!(
        "proc ask {{args}} {{
             set code [catch {{fail set {{*}}$args}} text options]
             set file [open FOLDER/said a]
             set error [expr {{$code ? [dict get $options -errorcode] : \"\"}}]
             puts $file \"$code $error: $text\"
             close $file
         }}
         proc begin {{}} {{
             while {{[fail state other] ne \"UP\"}} {{after 5}}
             ask other FAIL {{for the test}}
             ask stranger UP
             close [open FOLDER/done w]
             return UP
         }}
         failsvc web start begin {REST}
         failsvc other start {{return UP}} {REST}"
    ));
    failsh.wait_for_file("done");
    let other = failsh.wait_for_state("other", "FAIL");
    assert!(other.contains("for the test"), "{other}");
    let said = failsh.read("said");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert!(lines[0].starts_with("0 "), "{said}");
    assert!(lines[1].starts_with("1 FAIL "), "{said}");
}
