//! What hc does about a change, with real counterparts: programs, a web server, exim, a syslog, a
//! faild; and one that hangs.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use failover_tests::disk::Disk;
use failover_tests::faild::Faild;
use failover_tests::folder::Folder;
use failover_tests::hc::{FAST, Hc};
use failover_tests::program::{self, Running};
use failover_tests::wait::{self, LIMIT};
use failover_tests::{skipped, tree};

/// Targets that are down while a file of their name is there.
fn down(folder: &Folder, name: &str) {
    std::fs::write(folder.file(name), "").unwrap();
}

fn up(folder: &Folder, name: &str) {
    std::fs::remove_file(folder.file(name)).unwrap();
}

fn hcfile(actions: &str) -> String {
    format!(
        "{FAST}load exec\nwww:\n exec sh -c '! test -e FOLDER/www && echo fine || {{ echo gone; exit 1; }}'\n {actions}\n"
    )
}

/// A web server that answers each request with this, and tells what it was asked.
fn web(answer: &'static str) -> (u16, mpsc::Receiver<String>) {
    web_by(vec![answer])
}

/// The same with these answers, one after the other, and the last one from then on.
fn web_by(answers: Vec<&'static str>) -> (u16, mpsc::Receiver<String>) {
    let mut answers = std::collections::VecDeque::from(answers);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap_or(0) > 0 {}
            let length = head.to_lowercase().lines().find_map(|line| {
                let value = line.strip_prefix("content-length:")?;
                value.trim().parse().ok()
            });
            let mut body = vec![0; length.unwrap_or(0)];
            let _ = reader.read_exact(&mut body);
            let answer = match answers.len() {
                1 => answers.front().copied(),
                _ => answers.pop_front(),
            };
            let _ = reader
                .get_mut()
                .write_all(answer.unwrap_or_default().as_bytes());
            let _ = tell.send(head + &String::from_utf8_lossy(&body));
        }
    });
    (port, told)
}

#[test]
fn programs_and_procedures_are_given_the_report() {
    let folder = Folder::new();
    folder.write(
        "act.tcl",
        "proc tell {file} {
            set file [open $file a]
            puts $file \"$::env(HC_TARGET) $::env(HC_EVENT) $::env(HC_WHY)\"
            close $file
        }\nproc fail {} {error \"no way\"}\n",
    );
    let hc = Hc::within(
        folder,
        &hcfile(
            "on down,up tcl act.tcl tell FOLDER/tcl\n on down tcl act.tcl fail\n on down exec sh -c 'env > FOLDER/env'\n \
             on down exec sh -c 'echo so far; echo oops >&2; exit 3'",
        ),
        &[],
    );
    hc.log.wait_for("target www: pending -> up");
    down(&hc.folder, "www");
    let told = wait::until("tcl", || hc.read("tcl"), |told| !told.is_empty());
    assert_eq!(told, "www down gone\n");
    let env = wait::until("exec", || hc.read("env"), |env| env.contains("HC_HOST="));
    for line in [
        "HC_STATE=down",
        "HC_FROM=up",
        "HC_EVENT=down",
        "HC_HIDES=0",
        "HC_TEXT=www is down: gone",
    ] {
        assert!(env.lines().any(|known| known == line), "{line}: {env}");
    }
    let line = hc.log.wait_for("action 2 (down) failed");
    assert!(line.contains("no way"), "{line}");
    hc.log
        .wait_for("action 4 (down) failed: ended with 3: oops");
    up(&hc.folder, "www");
    let told = wait::until("tcl", || hc.read("tcl"), |told| told.lines().count() == 2);
    assert!(told.ends_with("www up fine\n"), "{told}");
}

#[test]
fn a_web_server_gets_json_with_the_token() {
    let (port, told) = web("HTTP/1.1 204 No Content\r\n\r\n");
    let (bad_port, bad_told) = web("HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n");
    let folder = Folder::new();
    folder.write("token", "SECRET\n");
    let hc = Hc::within(
        folder,
        &hcfile(&format!(
            "on down webhook http://127.0.0.1:{port}/hook?x=1 auth=FOLDER/token\n \
             on down webhook http://127.0.0.1:{bad_port}/"
        )),
        &[],
    );
    hc.log.wait_for("target www: pending -> up");
    down(&hc.folder, "www");
    let request = told.recv_timeout(LIMIT).unwrap();
    assert!(
        request.starts_with("POST /hook?x=1 HTTP/1.1\r\n"),
        "{request}"
    );
    let head = request.to_lowercase();
    assert!(
        head.contains("\r\ncontent-type: application/json\r\n"),
        "{request}"
    );
    assert!(request.contains("Bearer SECRET\r\n"), "{request}");
    let body = request.split("\r\n\r\n").nth(1).unwrap();
    let json: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        (json["target"].as_str(), json["to"].as_str()),
        (Some("www"), Some("down"))
    );
    assert_eq!(
        (json["why"].as_str(), json["good"].as_bool()),
        (Some("gone"), Some(false))
    );
    bad_told.recv_timeout(LIMIT).unwrap();
    let line = hc.log.wait_for("action 2 (down) failed");
    assert!(line.contains("500"), "{line}");
    let view = hc.wait_for("www", |view| view.actions[1].failed.is_some());
    assert_eq!(view.actions[0].failed, None);
}

#[test]
fn a_web_server_gets_the_text_that_it_wants() {
    let (port, told) = web("HTTP/1.1 204 No Content\r\n\r\n");
    let (plain_port, plain_told) = web("HTTP/1.1 204 No Content\r\n\r\n");
    let hc = Hc::start(
        &hcfile(&format!(
            "on down webhook http://127.0.0.1:{port}/ body='{{\"text\": \"%HC_TARGET%: %HC_WHY%\"}}'\n \
             on down webhook http://127.0.0.1:{plain_port}/ header=\"Priority: high\" \
             header=\"content-type: text/plain\" body=%HC_TEXT%"
        ))
        .replace("echo gone", r#"echo \"gone\""#),
        &[],
    );
    hc.log.wait_for("target www: pending -> up");
    down(&hc.folder, "www");
    let request = told.recv_timeout(LIMIT).unwrap();
    let body = request.split("\r\n\r\n").nth(1).unwrap();
    assert_eq!(body, r#"{"text": "www: \"gone\""}"#);
    assert!(
        request
            .to_lowercase()
            .contains("\r\ncontent-type: application/json\r\n")
    );
    let request = plain_told.recv_timeout(LIMIT).unwrap();
    assert!(
        request.ends_with("\r\n\r\nwww is down: \"gone\""),
        "{request}"
    );
    let head = request.to_lowercase();
    for header in ["priority: high", "content-type: text/plain"] {
        assert_eq!(
            head.matches(&format!("\r\n{header}\r\n")).count(),
            1,
            "{request}"
        );
    }
    assert!(!head.contains("application/json"), "{request}");
    // What may have a key in it is nobody's business.
    let view = hc.wait_for("www", |view| view.actions[1].at.is_some());
    let dots = view
        .actions
        .iter()
        .filter(|action| action.line.contains("body=..."));
    assert_eq!(dots.count(), 2, "{view:?}");
}

#[test]
fn an_action_that_hangs_holds_up_nothing() {
    let (port, _told) = {
        // It takes connections and says nothing.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        (listener.local_addr().unwrap().port(), listener)
    };
    let hc = Hc::start(
        &hcfile(&format!(
            "on down exec timeout=1s sleep 600\n on down webhook http://127.0.0.1:{port}/ timeout=1s\n \
             on down mail a@example.org smtp=127.0.0.1:{port} timeout=1s\n \
             on down,up exec sh -c 'echo $HC_EVENT >> FOLDER/told'"
        )),
        &[],
    );
    hc.log.wait_for("target www: pending -> up");
    down(&hc.folder, "www");
    wait::until("down", || hc.read("told"), |told| told == "down\n");
    up(&hc.folder, "www");
    wait::until("up", || hc.read("told"), |told| told == "down\nup\n");
    for line in 1..=3 {
        hc.log.wait_for(&format!("action {line} (down) failed"));
    }
}

#[test]
fn a_webhook_that_is_not_taken_is_posted_again() {
    let (port, told) = web_by(vec![
        "HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
    ]);
    let hc = Hc::start(
        &hcfile(&format!("on down webhook http://127.0.0.1:{port}/")),
        &["-d", "action"],
    );
    hc.log.wait_for("target www: pending -> up");
    down(&hc.folder, "www");
    let [first, second] = [(); 2].map(|()| told.recv_timeout(LIMIT).unwrap());
    let body = |request: &str| request.split("\r\n\r\n").nth(1).map(str::to_string);
    assert_eq!(body(&first), body(&second), "the same, with its time");
    hc.log.wait_for("target www: action 1 (down) is done");
    hc.wait_for("www", |view| view.actions[0].failed.is_none());
}

#[test]
fn a_web_server_that_repeats_the_path_of_a_webhook_does_not_get_it_shown() {
    let place = "Location: https://127.0.0.1/services/T0/SECRETX";
    let answer = format!("HTTP/1.1 301 Moved\r\n{place}\r\nContent-Length: 0\r\n\r\n");
    let (port, told) = web(answer.leak());
    let text = hcfile(&format!(
        "on down webhook http://127.0.0.1:{port}/services/T0/SECRETX timeout=1s"
    ));
    let hc = Hc::start(&text, &["-d", "action"]);
    hc.log.wait_for("target www: pending -> up");
    down(&hc.folder, "www");
    told.recv_timeout(LIMIT).unwrap();
    let line = hc.log.wait_for("status 301 to");
    assert!(!line.contains("SECRETX"), "{line}");
    let view = hc.wait_for("www", |view| view.actions[0].failed.is_some());
    let failed = view.actions[0].failed.clone().unwrap_or_default();
    assert_eq!(failed, "status 301 to https://127.0.0.1***");
}

#[test]
fn webhooks_that_nobody_answers_leave_room_for_checks() {
    const DOWN: usize = 300;
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let good = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
    let hook = port(&silent);
    let mut text = format!("{FAST}load tcp\ngood:\n tcp 127.0.0.1:{}\n", port(&good));
    for n in 0..DOWN {
        text += &format!(
            "t{n}:\n tcp 127.0.0.1:9\n on down webhook http://127.0.0.1:{hook}/ timeout=1h\n"
        );
    }
    let (tell, connected) = mpsc::channel();
    thread::spawn(move || {
        for stream in silent.incoming() {
            let _ = tell.send(stream);
        }
    });
    let mut command = Command::new("sh");
    let script = "ulimit -n 256; exec \"$0\" \"$@\"";
    command.args(["-c", script]).arg(program::path("hc"));
    let hc = Hc::by(command, Folder::new(), &text, &[]);
    // 96 of its own, two for each check, and 128 of the webhooks.
    hc.log
        .wait_for("the limit of open files is 256, and this Hcfile can need 826:");
    hc.log.wait_for("target good: pending -> up");
    let all: Vec<_> = (0..128)
        .map(|_| connected.recv_timeout(LIMIT).unwrap())
        .collect();
    // Long after that it is what it was, and has been asked again and again.
    let begun = hc.wait_for("good", |view| view.checked.is_some()).checked;
    let later = |at: Option<i64>| at > begun.map(|at| at + 3_000);
    let view = hc.wait_for("good", |view| later(view.checked));
    assert!(
        view.changes.iter().all(|change| change.to == "up"),
        "{view:?}"
    );
    assert!(connected.try_recv().is_err(), "more than {}", all.len());
}

#[test]
fn a_community_that_others_can_read_is_not_used() {
    let folder = Folder::new();
    let community = folder.write("community", "SECRET\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(&community, mode).unwrap();
    let text = hcfile("on change failc web host=127.0.0.1:9 community=FOLDER/community");
    let hc = Hc::within(folder, &text, &[]);
    let line = hc.log.wait_for("action 1 (change) failed");
    assert!(line.contains("others can read or change it"), "{line}");
}

#[test]
fn syslog_gets_a_line_from_hc() {
    let Some(dev) = Disk::new("/dev", 64) else {
        return;
    };
    dev.run("mknod -m 666 /dev/null c 1 3");
    let socket = UnixDatagram::bind(dev.seen("log")).unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    let command = dev.within(&program::command("hc"));
    let text = hcfile("on down syslog level=error\n on up syslog");
    let hc = Hc::by(command, Folder::new(), &text, &[]);
    hc.log.wait_for("target www: pending -> up");
    let next = || {
        let mut bytes = [0; 4096];
        let count = socket.recv(&mut bytes).expect("a line");
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    };
    down(&hc.folder, "www");
    let line = next();
    // daemon.err
    assert!(
        line.starts_with("<27>") && line.ends_with("]: www is down: gone"),
        "{line}"
    );
    up(&hc.folder, "www");
    let line = next();
    assert!(line.starts_with("<30>") && line.contains("hc["), "{line}");
    assert!(line.ends_with("]: www is up: fine"), "{line}");
}

/// A real mail server, and the folder with what it has got.
fn exim() -> Option<(Running, u16, Folder)> {
    let home = tree::path("target/debian/exim");
    let can = Command::new("unshare").args(["--mount", "true"]).status();
    if !home.join("usr/sbin/exim4").exists() || !can.is_ok_and(|status| status.success()) {
        skipped("no exim unpacked, or no mount namespaces");
        return None;
    }
    let folder = Folder::new();
    let at = folder.path().display();
    let port = failover_tests::faild::free_port("127.0.0.1");
    // A copy is not setuid: the loader would not look for libraries where they are unpacked.
    std::fs::copy(home.join("usr/sbin/exim4"), folder.file("exim4")).unwrap();
    let conf = format!(
        "primary_hostname = mail.example.org\nexim_path = {at}/exim4\n\
         deliver_drop_privilege = true\nspool_directory = {at}/spool\n\
         log_file_path = {at}/logs/%slog\nkeep_environment = LD_LIBRARY_PATH\n\
         daemon_smtp_ports = {port}\nlocal_interfaces = 127.0.0.1\nacl_smtp_rcpt = rcpt\n\
         begin acl\nrcpt:\n  deny local_parts = stranger\n       message = no such user\n  accept\n\
         begin routers\nall:\n  driver = accept\n  transport = file\n\
         begin transports\nfile:\n  driver = appendfile\n  file = {at}/mail/all\n  \
         user = Debian-exim\n  group = Debian-exim\n"
    );
    std::fs::write(folder.file("conf"), conf).unwrap();
    let script = format!(
        "set -e; cd {at}; mkdir spool logs mail\n\
         cp /etc/passwd passwd; echo Debian-exim:x:65533:65533::/nonexistent:/bin/false >> passwd\n\
         cp /etc/group group; echo Debian-exim:x:65533: >> group\n\
         mount --bind passwd /etc/passwd; mount --bind group /etc/group\n\
         chown -R Debian-exim spool logs mail\n\
         LD_LIBRARY_PATH=$(echo {}/usr/lib/*-linux-gnu) exec ./exim4 -bdf -C {at}/conf",
        home.display()
    );
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", &script]);
    let running = Running::start(command.stdin(Stdio::null()).stderr(Stdio::null()));
    let answers = || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
    wait::until("exim", answers, |answers| *answers);
    Some((running, port, folder))
}

#[test]
fn a_mail_goes_by_a_real_mail_server_to_all_whom_it_knows() {
    let Some((_exim, port, folder)) = exim() else {
        return;
    };
    let hc = Hc::start(
        &hcfile(&format!(
            "on down mail stranger@example.org admin@example.org boss@example.org \
             smtp=127.0.0.1:{port} from=hc@example.org timeout=20s\n \
             on up mail admin@example.org smtp=127.0.0.1:{port} from=hc@example.org \
             subject=\"[hc] %HC_TARGET%\" body='It is %HC_STATE%.\\nAs it was.'"
        )),
        &[],
    );
    hc.log.wait_for("target www: pending -> up");
    down(&hc.folder, "www");
    let read = |name| std::fs::read_to_string(folder.file(name)).unwrap_or_default();
    let look = || (read("mail/all"), read("logs/mainlog"), hc.log.all());
    let count = |text: &str| text.matches("Subject: www is down: gone").count();
    let (mails, ..) = wait::until("two mails", look, |(text, ..)| count(text) == 2);
    for line in [
        "From: hc@example.org",
        "Auto-Submitted: auto-generated",
        "event     down",
        "before    up for",
    ] {
        assert!(mails.contains(line), "{line}: {mails}");
    }
    assert!(mails.contains("Message-ID: <"), "{mails}");
    let line = hc.log.wait_for("action 1 (down) failed");
    // The line of the Hcfile, which stands behind it, names all.
    let (why, _) = line.split_once(" (on down mail").unwrap();
    let mine = why.contains("stranger@example.org") && why.contains("no such user");
    assert!(mine && !why.contains("admin@"), "{line}");
    up(&hc.folder, "www");
    let text = "\n\nIt is up.\nAs it was.\n\n";
    let own =
        |(mails, ..): &(String, _, _)| mails.contains("Subject: [hc] www") && mails.ends_with(text);
    wait::until("its own text", look, own);
}

#[test]
fn a_service_is_wished_away_while_a_target_of_it_is_down() {
    let faild = Faild::start(&[]);
    faild.failc(&["web", "UP"]).done();
    faild.failc(&["db", "UP"]).done();
    faild.failc(&["away", "db", "new disk"]).done();
    let away = |service: &str| faild.failc(&["--json", service]).out.contains("\"away\"");
    let reason = |service: &str| faild.failc(&["--json", service]).out;
    let at = faild.address;
    let one = |name: &str, service: &str| {
        format!(
            "{name}:\n exec sh -c '! test -e FOLDER/{name} || {{ echo gone; exit 1; }}'\n \
             on change failc {service} host={at}\n"
        )
    };
    let text = format!(
        "{FAST}load exec\n{}{}{}",
        one("a", "web"),
        one("b", "web"),
        one("c", "db")
    );
    let folder = Folder::new();
    let state = folder.file("state");
    let hc = Hc::within(folder, &text, &["-s", &state]);
    for name in ["a", "b", "c"] {
        hc.wait_for(name, |view| view.state == "up");
        down(&hc.folder, name);
        hc.wait_for(name, |view| view.state == "down");
    }
    wait::until(
        "away",
        || reason("web"),
        |text| text.contains("away: hc: a: gone"),
    );
    for name in ["a", "c"] {
        up(&hc.folder, name);
        hc.wait_for(name, |view| view.state == "up" && !view.actions[0].runs);
    }
    // The other one still wants it, and has taken it over.
    wait::until(
        "b's",
        || reason("web"),
        |text| text.contains("away: hc: b: gone"),
    );
    // What somebody else has wished is his.
    assert!(
        away("db") && reason("db").contains("new disk"),
        "{}",
        reason("db")
    );
    let (_, folder) = hc.end();
    let hc = Hc::within(folder, &text, &["-s", &state]);
    hc.wait_for("b", |view| view.state == "down" && view.checked.is_some());
    assert!(away("web"));
    up(&hc.folder, "b");
    wait::until("back", || away("web"), |away| !away);
    assert!(away("db"));
}
