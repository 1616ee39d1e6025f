//! `failmon -h`, and `failmon.cgi` under lighttpd.

use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;

use failover_tests::folder::Folder;
use failover_tests::program::{self, Running};
use failover_tests::{wait, web};

use super::Pair;
use crate::failmon::failmon;

#[test]
fn a_page_is_printed_and_says_whether_anybody_answered() {
    let mut pair = Pair::start();
    pair.fail_over();
    pair.failsh.wait_for_state("web", "UP");
    let page = program::run(failmon(&["-h", "--refresh", "7"], &[&pair.target()])).done();
    assert!(page.starts_with("<!DOCTYPE html>"), "{page}");
    assert!(page.contains("http-equiv=\"refresh\" content=\"7\""));
    if let Some(text) = web::in_a_text_browser(&page) {
        let row = |name: &str| {
            let mut rows = text
                .lines()
                .filter(|line| line.trim_start().starts_with(name));
            rows.next()
                .unwrap_or_else(|| panic!("no row {name} in\n{text}"))
        };
        let web = row("web ");
        assert!(web.contains(" UP") && web.contains("no answer"), "{web}");
        assert!(row("dns ").contains(" UP"), "{text}");
        assert!(text.contains("Warning: hosta does not answer "), "{text}");
        assert!(text.contains("no master can serve"), "{text}");
    }
    // Somebody who is not there, and a wrong parameter.
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = nobody.local_addr().unwrap().to_string();
    drop(nobody);
    let done = program::run(failmon(&["-h"], &[&at]));
    assert_eq!(done.code, Some(69), "{done:?}");
    assert!(done.out.contains("no failsh answers at"), "{done:?}");
    let wrong = program::run(failmon(&["-h", "--refresh", "0.5"], &[&at]));
    assert!(wrong.failed(64).contains("1 to 3600 whole seconds"));
}

/// A lighttpd of the sample's own settings on a port of loopback, with failmon.cgi.
fn lighttpd(folder: &Folder, targets: &str) -> Option<(Running, SocketAddr)> {
    let mut command = program::unpacked("lighttpd", "usr/sbin/lighttpd")?;
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = free.local_addr().unwrap();
    drop(free);
    let cgi = folder.path().join("failmon.cgi");
    std::os::unix::fs::symlink(program::path("failmon"), &cgi).unwrap();
    let sample = failover_tests::tree::path("samples/monitoring/lighttpd.conf");
    let sample = failover_tests::tree::read(&sample);
    for told in ["/usr/lib/cgi-bin/failmon.cgi", "\"hosta hostb\""] {
        assert!(sample.contains(told), "{sample}");
    }
    let sample = sample
        .replace("/usr/lib/cgi-bin/failmon.cgi", &cgi.to_string_lossy())
        .replace("\"hosta hostb\"", &format!("\"{targets}\""));
    let text = format!(
        "server.document-root = \"{0}\"\nserver.port = {1}\nserver.bind = \"127.0.0.1\"\n{sample}",
        folder.path().display(),
        at.port()
    );
    let config = folder.write("lighttpd.conf", text);
    let modules = failover_tests::tree::path("target/debian/lighttpd/usr/lib/lighttpd");
    command.args(["-D", "-f", &config, "-m"]).arg(modules);
    let running = Running::start(command.stderr(Stdio::null()));
    let up = || std::net::TcpStream::connect(at).is_ok();
    wait::until("lighttpd to listen", up, |up| *up);
    Some((running, at))
}

#[test]
fn under_a_web_server_it_is_the_page_and_nothing_else() {
    let pair = Pair::start();
    let folder = Folder::new();
    let Some((_server, at)) = lighttpd(&folder, &pair.target()) else {
        return;
    };
    let page = web::get(at, "/failmon.cgi");
    assert_eq!(page.status, 200, "{page:?}");
    for header in [
        "Content-Type: text/html; charset=utf-8",
        "Cache-Control: no-store",
        "Content-Security-Policy: default-src 'none'; style-src 'sha256-",
    ] {
        assert!(page.head.contains(header), "no {header} in {}", page.head);
    }
    assert!(page.body.contains("row-web"), "{page:?}");
    let again = web::get(at, "/failmon.cgi?refresh=5");
    assert!(again.body.contains("http-equiv=\"refresh\" content=\"5\""));

    // The words of such a query are arguments of the program; here they are a wrong parameter.
    for query in [
        "--serve+1",
        "-h",
        "--version",
        "--record+/tmp/x",
        "refresh=0",
    ] {
        let refused = web::get(at, &format!("/failmon.cgi?{query}"));
        assert_eq!(refused.status, 400, "{query}: {refused:?}");
        assert!(refused.head.contains("text/plain"), "{refused:?}");
    }
    let posted = web::ask(at, "POST", "/failmon.cgi", "Content-Length: 0\r\n");
    assert_eq!(posted.status, 405, "{posted:?}");
    assert!(posted.head.contains("Allow: GET, HEAD"), "{posted:?}");
    let head = web::ask(at, "HEAD", "/failmon.cgi", "");
    assert_eq!((head.status, head.body.as_str()), (200, ""), "{head:?}");
}
