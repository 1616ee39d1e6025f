//! `failmon -h`, and `failmon.cgi` under lighttpd.

use std::net::TcpListener;

use failover_tests::folder::Folder;
use failover_tests::program;
use failover_tests::{tree, web};

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

#[test]
fn under_a_web_server_it_is_the_page_and_nothing_else() {
    let pair = Pair::start();
    let folder = Folder::new();
    // With the settings of the sample.
    let mut settings = tree::read(&tree::path("samples/monitoring/lighttpd.conf"));
    for (told, here) in [
        ("/usr/lib/cgi-bin/failmon.cgi", folder.file("failmon.cgi")),
        ("\"hosta hostb\"", format!("\"{}\"", pair.target())),
    ] {
        assert!(settings.contains(told), "{settings}");
        settings = settings.replace(told, &here);
    }
    let Some((_server, at)) = web::lighttpd(&folder, "failmon", &settings) else {
        return;
    };
    // The words of such a query are arguments of the program; here they are a wrong parameter.
    let refused = [
        "--serve+1",
        "-h",
        "--version",
        "--record+/tmp/x",
        "refresh=0",
    ];
    let page = web::only_shows(at, "/failmon.cgi", &refused);
    assert!(page.body.contains("row-web"), "{page:?}");
    let again = web::get(at, "/failmon.cgi?refresh=5");
    assert!(again.body.contains("http-equiv=\"refresh\" content=\"5\""));
}
