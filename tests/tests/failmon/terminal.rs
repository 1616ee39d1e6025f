//! What somebody at a terminal sees: the real program in tmux, on a real failsh and its faild.
//! Whatever ends it, the terminal is as it was.

use std::fs;
use std::path::Path;

use failover_tests::failsh::{Failsh, REST};
use failover_tests::program;
use failover_tests::terminal::Terminal;
use failover_tests::wait;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

/// F12 makes a panic, and what is said of it fits the screen.
const PANIC: &str = "FAILMON_PANIC=1 RUST_BACKTRACE=0";

/// A failmon that is looked at.
struct Session {
    failsh: Failsh,
    terminal: Terminal,
    /// How the terminal was before.
    settings: String,
}

impl Session {
    /// On a failsh with two services and a host that does not answer; nothing: there is no
    /// terminal to be had.
    fn open(environment: &str, options: &str) -> Option<Session> {
        let terminal = Terminal::open()?;
        let failsh = Failsh::serving(&format!(
            "failhost hostb address 127.0.0.1 port 9\n\
             failsvc web slaves hostb start {{return UP}} {REST}\n\
             failsvc dns start {{return UP}} {REST}\n"
        ));
        failsh.wait_for_lines(2, "RECOVER -> UP");
        let settings = terminal.settings();
        terminal.enter("clear; echo what was before");
        terminal.wait_for_end("what was before\n$");
        let session = Session {
            failsh,
            terminal,
            settings,
        };
        session
            .terminal
            .enter(&session.command(environment, options));
        session.terminal.wait_for("Services on ");
        session.terminal.wait_for("keep: no master can serve");
        Some(session)
    }

    fn command(&self, environment: &str, options: &str) -> String {
        let faild = self.failsh.faild.address.port();
        let socket = self.failsh.folder.file("socket");
        let at = self.failsh.monitor();
        format!("{environment} failmon {options} --faild-port {faild} --socket {socket} {at}")
    }

    /// Presses keys one after the other, and waits for what is to be seen then.
    fn keys(&self, keys: &[&str], text: &str) -> String {
        for key in keys {
            self.terminal.press(key);
        }
        self.terminal.wait_for(text)
    }

    fn pid(&self) -> Pid {
        let pids = self.terminal.tmux(&["list-panes", "-F", "#{pane_pid}"]);
        let children = format!("/proc/{0}/task/{0}/children", pids.trim());
        let failmon = fs::read_to_string(children).unwrap();
        Pid::from_raw(failmon.trim().parse().unwrap())
    }

    /// It has ended with this code, and has left the terminal as it was.
    fn ended(&self, code: u8) {
        self.terminal.wait_for_end("\n$");
        let screen = self.terminal.screen();
        assert!(screen.contains("what was before"), "{screen}");
        assert!(!screen.contains("Services on"), "{screen}");
        let flags = "#{alternate_on} #{cursor_flag} #{mouse_any_flag}";
        let flags = self.terminal.tmux(&["display-message", "-p", flags]);
        assert_eq!(flags.trim(), "0 1 0");
        self.terminal.enter("echo ended with $?");
        self.terminal.wait_for(&format!("ended with {code}"));
        assert_eq!(self.terminal.settings(), self.settings);
    }
}

#[test]
fn every_key_does_what_the_help_says() {
    let Some(session) = Session::open("", "") else {
        return;
    };
    for (keys, text) in [
        (&["?"][..], "Keys  "),
        (&["End"], "Stop failmon until the shell continues it."),
        (&["Home"], "Show the keys, or no longer."),
        (&["PgDn"], "Move down by a page."),
        (&["Escape"], "Services on"),
        (&["h"], "LAST CONNECT"),
        (&["c"], "LAST CALL"),
        (&["Tab"], "Services on"),
        (&["c"], "LAST CALL"),
        (&["l", "Down"], " 2/2 "),
        (&["k"], " 1/2 "),
        (&["j", "Home"], " 1/2 "),
        (&["End", "Right"], "web on "),
        (&["Tab"], "Hosts, seen by "),
        (&["Tab"], "settings"),
        (&["Left", "s"], "journal"),
        (&["l", "Enter"], "journal"),
        (&["m"], "Who serves what"),
        (&["e"], "connected"),
        (&["i"], "lateness"),
        (&["t"], "lateness"),
        (&["l", "o"], "by state"),
        (&["O"], "by state, turned"),
        (&["o", "o", "O", "/", "d", "n"], "filter: dn"),
        (&["Enter"], " 1/1 "),
        (&["Escape"], "/2 "),
        (&["w"], "failsh shall observe, and change nothing"),
    ] {
        session.keys(keys, text);
    }
    session.terminal.press("Escape");
    let screen = || session.terminal.screen();
    wait::until("no menu", screen, |screen| !screen.contains("failsh shall"));
    session.terminal.press("C-l");
    session.terminal.wait_for("Services on");
    session.terminal.press("q");
    session.ended(0);
}

#[test]
fn the_screen_has_the_size_of_the_window() {
    let Some(session) = Session::open("", "") else {
        return;
    };
    let terminal = &session.terminal;
    let fits = |columns: usize, lines: usize, there: &str, gone: &str| {
        let size = [columns.to_string(), lines.to_string()];
        terminal.tmux(&["resize-window", "-x", &size[0], "-y", &size[1]]);
        let screen = || terminal.screen();
        let bar = |screen: &String| {
            let all: Vec<&str> = screen.lines().collect();
            let bar = all.len() == lines && all[lines - 1].starts_with("? help  q quit");
            bar && screen.contains(there) && !screen.contains(gone)
        };
        wait::until("a screen of this size", screen, bar)
    };
    fits(120, 40, "o order", "Left");
    // What tmux itself makes of it is the old screen, cut.
    fits(40, 12, "\ndns ", "WHY");
    fits(80, 24, "w wish", "o order");
    terminal.press("q");
    session.ended(0);
}

#[test]
fn who_dies_is_shown_so_and_found_again() {
    let Some(mut session) = Session::open("", "") else {
        return;
    };
    let port = session.failsh.monitor().port().to_string();
    session.failsh.kill();
    let screen = session.terminal.wait_for("; what is shown is ");
    // Old, and there still.
    assert!(
        screen.contains("UP") && screen.contains("as of "),
        "{screen}"
    );
    session.failsh.serve_again(&port);
    let screen = || session.terminal.screen();
    let fresh = |screen: &String| !screen.contains("as of ") && screen.contains(" UP ");
    wait::until("the failsh again", screen, fresh);
    session.keys(&["e"], " lost ");
    session.terminal.press("q");
    session.ended(0);
}

#[test]
fn who_stands_still_is_shown_so() {
    let Some(session) = Session::open("", "") else {
        return;
    };
    session.failsh.signal(Signal::SIGSTOP);
    let screen = session.terminal.wait_for("it has said nothing for ");
    assert!(screen.contains("as of "), "{screen}");
    session.failsh.signal(Signal::SIGCONT);
    let screen = || session.terminal.screen();
    wait::until("news", screen, |screen| !screen.contains("as of "));
    session.terminal.press("C-c");
    session.ended(0);
}

#[test]
fn a_wish_changes_the_record_once_it_is_confirmed() {
    let Some(session) = Session::open("FAIL_COMMUNITY=public", "") else {
        return;
    };
    let record = || session.failsh.faild.failc(&["web"]).out;
    let before = record();
    session.keys(&["End", "w"], "failsh shall observe");
    session.keys(&["Enter"], "reason: ");
    session.terminal.type_in("new disk");
    session.keys(&["Enter"], "[ no ]");
    // No is chosen: nothing happens.
    session.keys(&["Enter"], "WHY");
    let unlike = |text: &String| !text.contains("held") && !text.contains("disk");
    assert!(unlike(&record()), "{before}{}", record());

    session.keys(&["w"], "failsh shall observe");
    session.keys(&["Enter"], "reason: ");
    session.terminal.type_in("new disk");
    session.keys(&["Enter", "Right"], "[ yes ]");
    session.keys(&["Enter"], "hold web on ");
    session.terminal.wait_for("done, its record is UP held");
    let now = record();
    assert!(now.contains("held: new disk"), "{now}");
    // And failsh says so.
    let screen = || session.terminal.screen();
    let marked = |screen: &String| {
        let mut lines = screen.lines();
        lines.any(|line| line.starts_with("web") && line.contains(" held "))
    };
    wait::until("the mark", screen, marked);
    session.terminal.press("q");
    session.ended(0);
}

#[test]
fn a_refused_wish_is_told_in_a_line() {
    let Some(session) = Session::open("FAIL_COMMUNITY=nobodys", "") else {
        return;
    };
    session.keys(&["End", "w"], "failsh shall observe");
    session.keys(&["Enter", "Enter", "Right"], "[ yes ]");
    session.terminal.press("Enter");
    let shown = || session.terminal.screen();
    let told = |screen: &String| {
        let mut lines = screen.lines();
        let refused = |line: &str| line.starts_with("hold web on ") && !line.ends_with("asked");
        lines.any(refused)
    };
    let screen = wait::until("the refusal", shown, told);
    assert!(!screen.contains("done,"), "{screen}");
    session.terminal.press("q");
    session.ended(0);
}

#[test]
fn without_a_community_a_wish_goes_to_the_failsh_of_this_host() {
    let Some(session) = Session::open("", "") else {
        return;
    };
    session.keys(&["End", "w", "Down", "Down"], "it shall not be served here");
    session.keys(&["Enter"], "by /");
    session.terminal.type_in("[exit] $new; {disk");
    session.keys(&["Enter", "Right"], "[ yes ]");
    session.keys(&["Enter"], "away web on ");
    session.terminal.wait_for(": done");
    let record = session.failsh.wait_for_state("web", "away");
    assert!(record.contains("away: [exit] $new; {disk"), "{record}");
    session.terminal.press("q");
    session.ended(0);
}

#[test]
fn a_wish_never_goes_to_another_failsh_than_the_one_that_is_shown() {
    let Some(session) = Session::open("", "") else {
        return;
    };
    session.terminal.press("q");
    session.ended(0);
    let other = Failsh::serving(&format!("failsvc web start {{return UP}} {REST}\n"));
    other.log.wait_for("RECOVER -> UP");
    let mine = session.failsh.folder.file("socket");
    let command = session.command("", "");
    let command = command.replace(&mine, &other.folder.file("socket"));
    session.terminal.enter("clear");
    session.terminal.enter(&command);
    session.terminal.wait_for("keep: no master can serve");
    session.keys(&["End", "w"], "failsh shall observe");
    session.keys(&["Enter", "Enter", "Right"], "[ yes ]");
    session.terminal.press("Enter");
    let shown = || session.terminal.screen().replace('\n', " ");
    let told = |screen: &String| screen.contains("is not the one that is shown");
    wait::until("the refusal", shown, told);
    assert!(!other.state("web").contains("held"));
    session.terminal.press("q");
    session.terminal.wait_for_end("\n$");
}

#[test]
fn where_there_is_no_way_nothing_is_offered() {
    let Some(session) = Session::open("", "--mouse") else {
        return;
    };
    let socket = session.failsh.folder.file("socket");
    fs::remove_file(&socket).unwrap();
    let screen = session.keys(&["w"], "wishes need a community");
    assert!(!screen.contains("failsh shall observe"), "{screen}");
    // What a failsh that was killed leaves.
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let screen = session.keys(&["w"], "nobody listens");
    assert!(!screen.contains("failsh shall observe"), "{screen}");
    session.terminal.press("q");
    session.ended(0);
}

#[test]
fn whatever_ends_it_the_terminal_is_as_it_was() {
    let Some(session) = Session::open(PANIC, "--mouse") else {
        return;
    };
    let terminal = &session.terminal;
    let again = || {
        terminal.enter("clear; echo what was before");
        terminal.wait_for_end("what was before\n$");
        terminal.enter(&session.command(PANIC, "--mouse"));
        terminal.wait_for("keep: no master can serve");
    };
    terminal.press("C-c");
    session.ended(0);
    for signal in [
        Signal::SIGTERM,
        Signal::SIGHUP,
        Signal::SIGINT,
        Signal::SIGQUIT,
    ] {
        again();
        kill(session.pid(), signal).unwrap();
        session.ended(0);
    }
    // It stops, and the shell has its terminal meanwhile.
    for stop in [true, false] {
        again();
        match stop {
            true => terminal.press("C-z"),
            false => kill(session.pid(), Signal::SIGTSTP).unwrap(),
        }
        terminal.wait_for("Stopped");
        terminal.enter("clear; echo what was before");
        terminal.wait_for_end("what was before\n$");
        assert_eq!(terminal.settings(), session.settings);
        terminal.enter("fg");
        terminal.wait_for("keep: no master can serve");
        terminal.press("q");
        session.ended(0);
    }
    again();
    terminal.press("F12");
    terminal.wait_for("as you wish");
    session.ended(70);
}

#[test]
fn without_its_terminal_it_ends() {
    let Some(session) = Session::open("", "") else {
        return;
    };
    let pid = session.pid();
    session.terminal.tmux(&["kill-server"]);
    let there = || Path::new(&format!("/proc/{pid}")).exists();
    wait::until("the end of failmon", there, |there| !there);
}

#[test]
fn where_there_is_no_terminal_it_says_what_else_there_is() {
    let said = program::run(program::command("failmon")).failed(64);
    assert!(said.contains("no terminal"), "{said}");
    assert!(said.contains("-1") && said.contains("-l"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    let Some(terminal) = Terminal::open() else {
        return;
    };
    for kind in ["dumb", ""] {
        terminal.enter(&format!("clear; TERM={kind} failmon; echo ended with $?"));
        let screen = terminal.wait_for("ended with 64");
        let said = screen.replace('\n', "");
        assert!(
            said.contains("-1 prints the state once, -l for each"),
            "{said}"
        );
    }
}

#[test]
fn a_recording_is_shown_as_it_was() {
    let Some(session) = Session::open("", "--record ~/night") else {
        return;
    };
    session
        .failsh
        .faild
        .failc(&["hold", "web", "new disk"])
        .done();
    session.terminal.wait_for(" held ");
    session.terminal.press("q");
    session.terminal.wait_for_end("\n$");
    session.terminal.enter("clear; echo what was before");
    session.terminal.wait_for_end("what was before\n$");
    session.terminal.enter("failmon --play ~/night --speed 100");
    let screen = session.terminal.wait_for("end of the recording");
    assert!(screen.contains(" held "), "{screen}");
    assert!(!screen.contains("as of "), "{screen}");
    session.keys(&["w"], "nothing can be wished in a recording");
    session.terminal.press("q");
    session.ended(0);
}

/// A recording of a thousand services, one of which has a name and a reason that a terminal
/// would obey.
fn thousand() -> String {
    let line =
        |at: u64, update: Value| json!({"at": at, "target": 0, "update": update}).to_string();
    let now = 1_795_773_600_000_u64;
    let hello = json!({
        "type": "hello", "stream": 1, "program": "failsh", "version": "1.0.0", "host": "服务器",
        "pid": 1, "started": now, "now": now, "policy": 1,
    });
    let head = json!({
        "failover": "failmon", "version": 1, "release": "1.0.0", "from": now, "targets": ["a"],
    });
    let mut lines = vec![
        head.to_string(),
        json!({"at": now, "target": 0, "connected": "127.0.0.1:1848"}).to_string(),
        line(now, hello),
    ];
    for n in 0..1_000 {
        let (name, why) = match n {
            7 => (
                "\x1b]2;owned\x07\x1b[31mred".to_string(),
                "\x1b[2J\x1b[?1049l\u{9b}5m",
            ),
            n => (format!("service{n:03}"), "keep: no master can serve"),
        };
        let view = json!({
            "type": "service", "name": name, "state": "UP", "since": now, "marks": [],
            "reason": "", "why": why, "waiting": null, "until": null, "script": null,
            "peers": [], "check": null, "retry": null, "settings": {}, "console": {},
            "journal": [],
        });
        lines.push(line(now, view));
    }
    lines.push(line(now, json!({"type": "ready"})));
    lines.join("\n") + "\n"
}

#[test]
fn a_thousand_services_are_shown_and_none_is_obeyed() {
    let Some(terminal) = Terminal::open() else {
        return;
    };
    terminal.home.write("many", thousand());
    let title = || terminal.tmux(&["display-message", "-p", "#{pane_title}"]);
    let before = title();
    terminal.enter("failmon --play ~/many");
    terminal.wait_for("end of the recording");
    terminal.wait_for("1/1000");
    let screen = terminal.wait_for("␛]2;owned␇␛[31mred");
    assert!(screen.contains("Services on 服务器"), "{screen}");
    assert!(screen.contains("␛[2J␛[?1049l"), "{screen}");
    terminal.press("End");
    terminal.wait_for("1000/1000");
    assert!(terminal.screen().contains("service999"));
    terminal.press("Home");
    terminal.press("s");
    terminal.wait_for("␛[31mred on 服务器");
    assert_eq!(title(), before);
    terminal.press("q");
    terminal.wait_for_end("\n$");
}
