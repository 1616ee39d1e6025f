//! The examples of the man pages, run as they stand there against a fresh faild on the usual
//! port. For that port to be free each page has a network of its own, which needs root.

use std::process::{Command, Stdio};

use failover_tests::folder::Folder;
use failover_tests::man::Page;
use failover_tests::program::{self, Outcome};

/// Starts faild and a failsh with the policy `p.tcl`, waits until they answer, runs each argument
/// as a command line, and tells each one's exit code.
const SCRIPT: &str = r#"
ip link set lo up || exit 99
faild -F -a 127.0.0.1 2>/dev/null &
faild=$!
failsh -F --socket none -f "$1" 2>/dev/null &
failsh=$!
shift
trap 'kill $failsh $faild' EXIT
for _ in {1..200}; do
    failc -n 1 -t 0.1 probe >/dev/null 2>&1 && failc -q why web 2>/dev/null
    test $? -le 1 && answers=1 && break
    sleep 0.05
done
test "$answers" || exit 98
for line in "$@"; do
    bash -c "$line" >/dev/null
    echo "$?: $line"
done
"#;

/// Whether a network of one's own can be had here, and if so by which options of unshare.
fn network() -> Option<&'static [&'static str]> {
    let ways: [&[&str]; 2] = [&["-n"], &["-r", "-n"]];
    ways.into_iter().find(|way| {
        let mut unshare = Command::new("unshare");
        unshare.args(*way).args(["ip", "link", "set", "lo", "up"]);
        let tried = unshare.stdout(Stdio::null()).stderr(Stdio::null()).status();
        tried.is_ok_and(|status| status.success())
    })
}

fn run(way: &[&str], lines: &[&str]) -> Outcome {
    let folder = Folder::new();
    let rest = "stop {return RECOVER} interval 200ms";
    let policy = folder.write("p.tcl", format!("failsvc web start {{return UP}} {rest}"));
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("unshare");
    command
        .args(way)
        .args(["bash", "-c", SCRIPT, "examples", &policy])
        .args(lines)
        .env("PATH", format!("{}:{path}", program::folder().display()))
        .env_remove("FAIL_COMMUNITY")
        .stdin(Stdio::null());
    program::run(command)
}

#[test]
fn every_example_of_the_man_pages_works_as_it_stands_there() {
    let Some(way) = network() else {
        failover_tests::skipped("no network of one's own to be had (unshare -n, ip link)");
        return;
    };
    for page in ["failc.1", "failstat.1", "faildebug.1", "faild.8"] {
        let page = Page::open(page);
        let lines = page.examples('$');
        assert!(!lines.is_empty(), "{}", page.path.display());
        let outcome = run(way, &lines);
        let expected: String = lines.iter().map(|line| format!("0: {line}\n")).collect();
        assert_eq!(
            outcome.out,
            expected,
            "{}: {outcome:?}",
            page.path.display()
        );
    }
}
