//! hcmon by hand and as hcmon.cgi under lighttpd, seen by a browser and by a text browser.

use std::net::TcpListener;

use failover_tests::browser::Browser;
use failover_tests::folder::Folder;
use failover_tests::hc::{FAST, Hc};
use failover_tests::program::{self, Outcome};
use failover_tests::{prometheus, web};
use serde_json::json;

/// On a telephone and on a desk.
const SIZES: [(u32, u32); 2] = [(390, 844), (1280, 800)];

fn hc() -> Hc {
    let hc = Hc::start(
        &format!(
            "{FAST}load exec\nrouter:\n exec test -e FOLDER/well\n on down exec true\n\
             www-1: router\n exec true\nwww-2: router\n exec true\n\
             web: www-1 www-2\n need 1\ndns:\n exec true\n"
        ),
        &[],
    );
    hc.wait_for("router", |view| view.state == "down");
    hc.wait_for("web", |view| view.state == "dependency");
    hc.wait_for("dns", |view| view.state == "up");
    hc
}

fn hcmon(words: &[&str]) -> Outcome {
    let mut command = program::command("hcmon");
    command.args(words);
    program::run(command)
}

#[test]
fn a_page_is_printed_and_says_who_did_not_answer() {
    let hc = hc();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_at = silent.local_addr().unwrap().to_string();
    let folder = Folder::new();
    let list = format!("# ours\n{silent_at}\n\n{} # here\n", hc.monitor);
    let file = folder.write("hosts", list);
    let said = hcmon(&["-f", &file, "-t", "300ms", "-r", "7"]);
    assert_eq!((said.code, said.err.as_str()), (Some(69), ""), "{said:?}");
    assert!(said.out.starts_with("<!DOCTYPE html>"), "{said:?}");
    assert!(said.out.contains("http-equiv=\"refresh\" content=\"7\""));
    assert!(!said.out.contains("href=\"?"), "nobody answers a query");
    if let Some(text) = web::in_a_text_browser(&said.out) {
        let place = |what: &str| {
            text.find(what)
                .unwrap_or_else(|| panic!("no {what} in\n{text}"))
        };
        let order = [
            format!("{silent_at} does not answer: {silent_at} says nothing within 300ms"),
            "Not as it should be".to_string(),
            "down router".to_string(),
            "Not checked because of it: web, www-1, www-2.".to_string(),
            format!("\n{}", hc.monitor),
            "up dns".to_string(),
            "on down exec true".to_string(),
        ];
        let places: Vec<usize> = order.iter().map(|what| place(what)).collect();
        assert!(places.is_sorted(), "{places:?}\n{text}");
    }
    let well = hcmon(&[&hc.monitor.to_string()]);
    assert_eq!(well.code, Some(0), "{well:?}");
    let wrong = hcmon(&["-r", "0.5", "127.0.0.1"]).failed(64);
    assert!(wrong.contains("1 to 3600 whole seconds"), "{wrong}");
    let none = hcmon(&["-f", &folder.file("nix")]).failed(74);
    assert!(none.contains("can not read the hosts of "), "{none}");
    let bad = hcmon(&["-f", &folder.write("bad", "a\nb c\n")]).failed(64);
    assert!(bad.ends_with("/bad:2: \"b c\" is not a host\n"), "{bad}");
}

#[test]
fn under_a_web_server_a_query_chooses_and_nobody_else_is_asked() {
    let hc = hc();
    let folder = Folder::new();
    let hosts = folder.write("hosts", format!("{}\n", hc.monitor));
    let settings = format!(
        "server.modules += ( \"mod_setenv\", \"mod_cgi\" )\n\
         cgi.assign = ( \"hcmon.cgi\" => \"\" )\n\
         setenv.set-environment = ( \"HCMON_FILE\" => \"{hosts}\" )\n"
    );
    let Some((_server, at)) = web::lighttpd(&folder, "hcmon", &settings) else {
        return;
    };
    // A stranger wants it to connect to where he likes.
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    stranger.set_nonblocking(true).unwrap();
    let there = stranger.local_addr().unwrap();
    let refused = [
        format!("host={there}"),
        format!("{there}"),
        format!("-p+{}", there.port()),
        format!("--file=/etc/passwd+{there}"),
        "-h".to_string(),
        "--version".to_string(),
        "refresh=1".to_string(),
    ];
    let page = web::only_shows(at, "/hcmon.cgi", &refused);
    let nobody = stranger.accept().map(|_| ()).unwrap_err();
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
    assert!(page.body.contains("http-equiv=\"refresh\" content=\"10\""));
    let narrowed = web::get(
        at,
        &format!("/hcmon.cgi?target=www-%25&host={}&history", hc.monitor),
    );
    assert_eq!(narrowed.status, 200, "{narrowed:?}");
    assert!(
        narrowed.body.contains("id=\"t0-www%2D1\" open>"),
        "{narrowed:?}"
    );
    assert!(!narrowed.body.contains("id=\"t0-dns\""), "{narrowed:?}");

    let figures = web::get(at, "/hcmon.cgi?metrics=&target=dns");
    assert!(figures.head.contains("text/plain; version=0.0.4"));
    prometheus::takes(&figures.body);
    let line = format!(
        "failover_hc_target_warning{{hc=\"{}\",target=\"dns\"}} 0\n",
        hc.monitor
    );
    assert!(
        figures.body.contains(&line) && !figures.body.contains("www-1"),
        "{figures:?}"
    );

    // Each target has a link to it alone.
    let links = page.body.split("href=\"?").skip(1);
    let links = links.filter_map(|link| link.split('"').next());
    let link = links.map(|link| link.replace("&amp;", "&"));
    let link = link.filter(|link| link.contains("target=router")).last();
    let alone = web::get(at, &format!("/hcmon.cgi?{}", link.unwrap()));
    assert!(alone.body.contains("id=\"t0-router\" open>"), "{alone:?}");
    assert!(!alone.body.contains("id=\"t0-dns\""), "{alone:?}");

    // A list that can not be read is told to who runs the server.
    std::fs::remove_file(folder.file("hosts")).unwrap();
    let broken = web::get(at, "/hcmon.cgi");
    assert_eq!(broken.status, 500, "{broken:?}");
    assert!(!broken.body.contains("hosts\""), "{broken:?}");
}

#[test]
fn in_a_browser_it_fits_and_opens_without_a_script() {
    let hc = hc();
    let folder = Folder::new();
    // Read again in an hour: not while somebody looks at it.
    let said = hcmon(&["-r", "3600", &hc.monitor.to_string(), "127.0.0.1:1"]);
    let url = format!("file://{}", folder.write("page.html", said.out));
    for (width, height) in SIZES {
        let Some(mut browser) = Browser::open(width, height) else {
            return;
        };
        browser.go(&url);
        browser.wait("document.getElementById('silent').innerText.includes('does not answer')");
        assert_eq!(browser.value("document.scripts.length"), json!(0));
        // The style holds: the policy has let it through.
        let back = "getComputedStyle(document.querySelector('.state.down')).backgroundColor";
        assert_ne!(browser.value(back), json!("rgba(0, 0, 0, 0)"));
        let bar = "document.querySelector('#t0-router svg rect.down').getBoundingClientRect()";
        assert_eq!(browser.value(&format!("{bar}.width > 0")), json!(true));
        // All that there is to open, open: nothing is wider than the window.
        let open = "document.querySelectorAll('details').forEach(d => d.open = true)";
        browser.value(open);
        browser.wait("document.getElementById('t0-router').innerText.includes('pending → down')");
        let wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(browser.value(wide), json!(0), "{width}");
        // A link leads to the place of its target.
        browser.value("document.querySelector('#worst a').click()");
        browser.wait("document.querySelector('details:target').id === 't0-router'");
    }
}
