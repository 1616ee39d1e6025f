//! The EXAMPLES of failsh(8), one after the other, with a folder of the test's own in the place of
//! the system's: a failsh in the background that lives through all of them.

use std::os::unix::fs::MetadataExt;
use std::process::Command;

use failover_tests::faild::Faild;
use failover_tests::failsh::{APART, REST};
use failover_tests::folder::Folder;
use failover_tests::man::Page;
use failover_tests::{program, tree, wait};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Ends the daemon if the test does not come to its end.
#[derive(Default)]
struct Daemon(Option<Pid>);

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            let _ = kill(pid, Signal::SIGKILL);
        }
    }
}

fn pid(folder: &Folder) -> Option<Pid> {
    let text = std::fs::read_to_string(folder.file("failsh.pid")).ok()?;
    text.trim().parse().ok().map(Pid::from_raw)
}

#[test]
fn the_examples_of_the_page_work() {
    let (faild, folder) = (Faild::start(&[]), Folder::new());
    folder.write("community", "public\n");
    let policy = format!("failsvc web start {{return UP}} {REST}\n");
    std::fs::create_dir(folder.file("policy.d")).unwrap();
    folder.write("policy.d/web.tcl", &policy);
    let own = format!(
        "failsh -s {} -l {} -m none -D none --socket {}",
        faild.address,
        folder.file("failsh.dump"),
        folder.file("failsh.sock")
    );
    let mut daemon = Daemon::default();
    let state = |service: &str, text: &str| {
        let look = || faild.failc(&[service]).out;
        wait::until(text, look, |said| said.contains(text))
    };
    let page = Page::open("failsh.8");
    let examples = page.examples('$').into_iter();
    let (rehearsed, examples): (Vec<_>, Vec<_>) = examples.partition(|e| e.contains("--rehearse"));
    for line in rehearsed {
        let mut shell = Command::new("sh");
        let path = program::folder().display().to_string();
        shell.args(["-c", &format!("PATH={path}:$PATH; {line}")]);
        program::run({
            shell.current_dir(tree::path("."));
            shell
        })
        .done();
    }
    assert_eq!(examples.len(), 5, "{examples:?}");
    for (n, example) in examples.into_iter().enumerate() {
        let line = example.replace("/etc/failover/", &folder.file(""));
        let line = line.replace("/run/", &folder.file(""));
        let line = match line.strip_prefix("failsh ") {
            Some(rest) => format!("{own} {rest}"),
            None => line,
        };
        let mut shell = Command::new("sh");
        let path = program::folder().display().to_string();
        shell.args(["-c", &format!("PATH={path}:$PATH; {line}")]);
        let outcome = program::run(shell);
        assert_eq!(outcome.code, Some(0), "{line}: {outcome:?}");
        match n {
            0 => assert!(outcome.out.contains("failsvc web"), "{outcome:?}"),
            1 => {
                daemon.0 = pid(&folder);
                state("web", "UP");
                let more = format!("failsvc more start {{return UP}} {REST}\n");
                folder.write("policy.d/more.tcl", more);
            }
            2 => drop(state("more", "UP")),
            3 => {
                let dump = folder.file("failsh.dump");
                let size = || std::fs::metadata(&dump).map_or(0, |file| file.size());
                wait::until("the dump", size, |size| *size > 0);
            }
            _ => {
                assert!(state("web", "FAIL").contains("unpublished"));
                assert!(state("more", "FAIL").contains("unpublished"));
                wait::until("the end", || pid(&folder), Option::is_none);
                daemon.0 = None;
            }
        }
    }
}

#[test]
fn a_daemon_finds_files_again_that_were_named_from_where_it_was_started() {
    let (faild, folder) = (Faild::start(&[]), Folder::new());
    folder.write("p.tcl", format!("failsvc web start {{return UP}} {REST}"));
    let mut command = program::command("failsh");
    command.args([
        "-s",
        &faild.address.to_string(),
        "-f",
        "p.tcl",
        "-i",
        "failsh.pid",
    ]);
    command
        .args(["-l", "dump"])
        .args(APART)
        .current_dir(folder.path());
    program::run(command).done();
    let daemon = Daemon(pid(&folder));
    let tell = |signal| kill(daemon.0.unwrap(), signal).unwrap();
    folder.write("p.tcl", format!("failsvc other start {{return UP}} {REST}"));
    tell(Signal::SIGHUP);
    let look = || faild.failc(&["other"]).out;
    wait::until("the new policy", look, |said| said.contains("UP"));
    tell(Signal::SIGINT);
    let dump = || std::fs::read_to_string(folder.file("dump")).unwrap_or_default();
    let dump = wait::until("the dump", dump, |text| !text.is_empty());
    assert!(dump.contains(&folder.file("p.tcl")), "{dump}");
    tell(Signal::SIGTERM);
    wait::until("the end", || pid(&folder), Option::is_none);
}
