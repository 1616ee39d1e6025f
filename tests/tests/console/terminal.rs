//! What somebody at a terminal sees.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use failover_tests::faild::Faild;
use failover_tests::failsh::{Failsh, REST};
use failover_tests::terminal::Terminal;
use failover_tests::wait;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A console with a failsh of its own, on a faild of its own.
struct Session {
    faild: Faild,
    terminal: Terminal,
    prompt: String,
    /// How the terminal was before.
    settings: String,
}

impl Session {
    /// With two services, `web` and `mail`; nothing: there is no terminal to be had.
    fn open() -> Option<Session> {
        let (terminal, faild) = (Terminal::open()?, Faild::start(&[]));
        let policy =
            ["web", "mail"].map(|name| format!("failsvc {name} start {{return UP}} {REST}\n"));
        let policy = terminal.home.write("p.tcl", policy.concat());
        let settings = terminal.settings();
        terminal.enter("clear");
        let address = faild.address;
        terminal.enter(&format!("failsh - -s {address} -D none -f {policy}"));
        let prompt = prompt();
        terminal.wait_for_end(&prompt);
        Some(Session {
            faild,
            terminal,
            prompt,
            settings,
        })
    }

    /// Enters a command and waits until the next one can be entered.
    fn says(&self, command: &str) -> String {
        self.clear();
        self.terminal.enter(command);
        let shown = || self.terminal.screen();
        let prompt = self.prompt.trim_end();
        let done = |screen: &String| screen.ends_with(prompt) && screen.matches(prompt).count() > 1;
        let screen = wait::until(command, shown, done);
        let lines: Vec<&str> = screen.lines().skip(1).collect();
        lines[..lines.len() - 1].join("\n")
    }

    /// Nothing but an empty line to be typed in.
    fn clear(&self) {
        self.terminal.press("C-l");
        let shown = || self.terminal.screen();
        wait::until("an empty screen", shown, |screen| {
            *screen == self.prompt.trim_end()
        });
    }

    /// Ctrl-C, which throws away what was typed after it as well.
    fn forget(&self) {
        self.terminal.press("C-c");
        self.terminal.wait_for_end(&format!("\n{}", self.prompt));
    }

    /// Leaves, and looks what is left.
    fn leave(self) {
        self.clear();
        self.terminal.press("C-d");
        self.terminal.wait_for_end("\n$");
        self.terminal.enter("echo ended with $?");
        self.terminal.wait_for("ended with 0");
        assert_eq!(self.terminal.settings(), self.settings);
    }
}

fn prompt() -> String {
    let host = nix::unistd::gethostname().unwrap();
    let host = host.to_string_lossy();
    format!("failsh {}> ", host.split('.').next().unwrap())
}

#[test]
fn what_is_typed_is_run_and_the_terminal_is_left_as_it_was() {
    let Some(session) = Session::open() else {
        return;
    };
    assert_eq!(session.says("expr {6 * 7}"), "42");
    assert_eq!(
        session.says("puts -nonewline half; puts { a line}"),
        "half a line"
    );
    assert_eq!(session.says("puts -nonewline half"), "half");
    assert_eq!(session.says("set done {}"), "");
    assert_eq!(session.says("error oops"), "oops");
    assert!(session.terminal.colours().contains("\x1b[31moops"));
    assert_eq!(session.says("fail names"), "mail web");
    assert_eq!(session.says("   "), "");
    session.leave();
}

#[test]
fn a_command_goes_on_until_it_is_whole() {
    let Some(session) = Session::open() else {
        return;
    };
    session.clear();
    session.terminal.enter("proc twice x {");
    let more = format!("{:>1$}", ">", session.prompt.len() - 1);
    session.terminal.wait_for_end(&more);
    session.terminal.enter("  expr {$x * 2}");
    session.terminal.enter("}");
    session.terminal.wait_for_end(&session.prompt);
    assert_eq!(session.says("twice 21"), "42");
    // Ctrl-C forgets all of it.
    session.clear();
    session.terminal.enter("proc never {} {");
    session.terminal.wait_for_end(&more);
    session.terminal.type_in("puts x");
    session.forget();
    assert_eq!(session.says("info procs never"), "");
    // Typed faster than it is run.
    session.clear();
    session
        .terminal
        .type_in("after 300\rset a 1\rset b [twice 4]\r");
    session.terminal.wait_for("\n8\n");
    session.leave();
}

#[test]
fn tab_completes_what_makes_sense() {
    let Some(session) = Session::open() else {
        return;
    };
    let terminal = &session.terminal;
    for (typed, completed) in [
        ("failsvc we", "failsvc web"),
        ("failsvc web interv", "failsvc web interval"),
        ("fail journ", "fail journal"),
        ("fail why ma", "fail why mail"),
        ("puts [fail why we", "puts [fail why web"),
    ] {
        session.clear();
        terminal.type_in(typed);
        terminal.press("Tab");
        terminal.wait_for_end(&format!("{}{completed}", session.prompt));
        session.forget();
    }
    session.clear();
    terminal.type_in("fai");
    terminal.press("Tab");
    terminal.press("Tab");
    terminal.wait_for("failhost");
    terminal.wait_for("failtrap");
    session.forget();
    // In the second line of a command as well.
    session.clear();
    terminal.enter("list \\");
    terminal.type_in("[fail why we");
    terminal.press("Tab");
    terminal.wait_for_end("[fail why web");
    session.forget();
    session.leave();
}

#[test]
fn ctrl_c_ends_what_runs_and_nothing_else() {
    let Some(session) = Session::open() else {
        return;
    };
    for command in [
        "after 100000",
        "exec sleep 1000",
        "vwait never",
        "while 1 {}",
    ] {
        session.clear();
        session.terminal.enter(&format!("puts begun; {command}"));
        session.terminal.wait_for("\nbegun");
        session.terminal.press("C-c");
        let screen = session.terminal.wait_for_end(&session.prompt);
        assert!(screen.contains("interrupted"), "{command}: {screen}");
    }
    assert_eq!(session.says("expr 1"), "1");
    session.leave();
}

#[test]
fn a_command_that_waits_holds_nobody_up() {
    let Some(session) = Session::open() else {
        return;
    };
    session.clear();
    let then = Instant::now();
    session.terminal.enter("exec sleep 3; puts slept");
    let mut looks = 0;
    let asleep = || {
        let state = session.faild.failc(&["web"]).out;
        assert!(!state.contains("unsupervised"), "{state}");
        looks += 1;
        session.terminal.screen().contains("\nslept")
    };
    wait::until("the end of the sleep", asleep, |slept| *slept);
    assert!(then.elapsed() > Duration::from_secs(2));
    assert!(looks > 10, "{looks} looks");
    session.leave();
}

#[test]
fn history_is_kept_without_secrets() {
    let Some(session) = Session::open() else {
        return;
    };
    session.says("set first 1");
    session.says("failhost other address 127.0.0.1 community secret");
    session.says("set last 3");
    session.clear();
    session.terminal.press("Up");
    session.terminal.wait_for_end("set last 3");
    session.terminal.press("Up");
    session.terminal.wait_for_end("set first 1");
    session.forget();
    let file = session.terminal.home.file(".failsh_history");
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        "set first 1\nset last 3\n"
    );
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    session.leave();
}

#[test]
fn a_narrow_window_and_a_line_in_the_log_do_not_disturb() {
    let Some(session) = Session::open() else {
        return;
    };
    let terminal = &session.terminal;
    session.clear();
    let long = "set x {a line that does not fit into half a window}";
    terminal.type_in(long);
    terminal.wait_for(long);
    terminal.tmux(&["resize-window", "-x", "40", "-y", "20"]);
    let whole = || terminal.screen().replace('\n', "");
    wait::until("the line in two", whole, |screen| screen.contains(long));
    terminal.press("Enter");
    terminal.wait_for_end(&session.prompt);
    terminal.tmux(&["resize-window", "-x", "80", "-y", "24"]);
    // A warning comes above the line that is being typed.
    session.says("fail after 700ms {fail log warn look}");
    session.clear();
    terminal.type_in("puts typ");
    terminal.wait_for("failsh: look");
    terminal.wait_for_end("puts typ");
    terminal.enter("ed");
    terminal.wait_for("\ntyped\n");
    session.leave();
}

#[test]
fn who_is_told_to_end_leaves_the_terminal_as_it_was() {
    let Some(session) = Session::open() else {
        return;
    };
    session.terminal.type_in("half a li");
    session.terminal.wait_for("half a li");
    let (faild, terminal) = (&session.faild, &session.terminal);
    let up = || faild.failc(&["web"]).out.contains("UP");
    wait::until("service web to be UP", up, |up| *up);
    let pids = terminal.tmux(&["list-panes", "-F", "#{pane_pid}"]);
    let children = format!("/proc/{0}/task/{0}/children", pids.trim());
    let failsh = fs::read_to_string(children).unwrap();
    let failsh: i32 = failsh.trim().parse().unwrap();
    kill(Pid::from_raw(failsh), Signal::SIGTERM).unwrap();
    terminal.wait_for_end("\n$");
    terminal.enter("echo ended with $?");
    terminal.wait_for("ended with 0");
    assert_eq!(terminal.settings(), session.settings);
    assert!(faild.failc(&["web"]).out.contains("UP"));
}

#[test]
fn a_second_terminal_is_attached_while_a_script_runs() {
    let Some(terminal) = Terminal::open() else {
        return;
    };
    let mut failsh = Failsh::serving(&format!(
        "failsvc web start {{close [open FOLDER/began w]; exec sleep 2; return UP}} {REST}"
    ));
    failsh.wait_for_file("began");
    let settings = terminal.settings();
    let socket = failsh.folder.file("socket");
    let attach = format!("clear; failsh --attach {socket}");
    terminal.enter(&attach);
    terminal.wait_for_end(&prompt());
    terminal.enter("puts begun; after 100000");
    terminal.wait_for("\nbegun");
    terminal.press("C-c");
    terminal.wait_for("interrupted");
    failsh.log.wait_for("service web: RECOVER -> UP");
    terminal.enter("fail state web");
    terminal.wait_for("\nUP\n");
    terminal.enter("exit 7");
    terminal.wait_for_end("\n$");
    terminal.enter("echo ended with $?");
    terminal.wait_for("ended with 7");
    assert_eq!(terminal.settings(), settings);

    // The failsh goes while somebody types.
    terminal.enter(&attach);
    terminal.wait_for_end(&prompt());
    terminal.type_in("half a li");
    terminal.wait_for("half a li");
    failsh.kill();
    terminal.wait_for("has ended");
    terminal.wait_for_end("\n$");
    terminal.enter("echo ended with $?");
    terminal.wait_for("ended with 69");
    assert_eq!(terminal.settings(), settings);
}
