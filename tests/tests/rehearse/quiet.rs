//! Nothing outside is changed or asked in a rehearsal, and what scripts see is the invented
//! world.

use super::{Set, commands, policy};

#[test]
fn nothing_that_a_policy_would_do_outside_is_done() {
    let set = Set::new("at 1s command x fails y once\n");
    let mark = |name: &str| set.0.file(name);
    let (at_load, in_script) = (mark("load"), mark("script"));
    let text = format!(
        "exec touch {at_load}
set file [open {at_load} w]; puts $file x; close $file
file mkdir {at_load}.d
{}
proc web_start {{}} {{
    exec touch {in_script}
    exec sh -c {{echo x > {in_script}}}
    exec echo x > {in_script}
    set file [open {in_script} a]; puts $file x; close $file
    file delete {};
    set pipe [open \"|touch {in_script}\" w]; close $pipe
    exec sh -c {{touch {in_script}}} &
    return UP
}}
",
        policy("hostb", "slaves"),
        mark("a.tcl"),
    );
    set.0.write("a.tcl", &text);
    let value = set.holds();
    assert_eq!(set.0.names(), ["a.tcl", "b.tcl", "scenario.tcl"]);
    let ran = commands(&value, "hosta");
    let ran: Vec<&str> = ran.iter().map(|(line, _)| line.as_str()).collect();
    let wanted = format!("touch {in_script}");
    assert!(ran.contains(&wanted.as_str()), "{ran:?}");
}

#[test]
fn scripts_live_on_invented_time() {
    let set =
        Set::new("expect web UP on hosta within 3600s after start\nrun for 3700s\nallow errors\n");
    let slow = policy("hostb", "slaves")
        .replace("timeout 5s", "timeout 2h")
        .replace(
            "    exec ip address replace",
            "    set began [clock seconds]
    set milli [clock milliseconds]
    after 1800000
    after 60000 {set ::go 1}
    vwait ::go
    set took [expr {[clock seconds] - $began}]
    if {$took != 1860} {error \"took $took\"}
    if {abs([clock milliseconds] - $milli - 1860000) > 100} {error milli}
    if {[info hostname] ne {hosta}} {error [info hostname]}
    if {[clock format [clock seconds] -gmt 1 -format %Y] ne {2026}} {error year}
    exec ip address replace",
        );
    set.0.write("a.tcl", slow);
    let value = set.holds();
    let up = super::first(&value, "web", "hosta", "UP", 0.0).unwrap();
    assert!((1860.0..1865.0).contains(&up), "{up}");
}

#[test]
fn a_script_in_a_circle_is_ended_and_does_not_hold_up_the_rehearsal() {
    let set = Set::new("run for 30s\n");
    let mad = policy("hostb", "slaves").replace(
        "    exec ip address replace",
        "    while 1 {}\n    exec ip address replace",
    );
    set.0.write("a.tcl", mad);
    let (value, held) = set.json();
    assert!(!held);
    assert!(super::first(&value, "web", "hostb", "UP", 0.0).is_some());
}
