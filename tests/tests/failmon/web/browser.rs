//! The live page in a real browser: it shows a fail-over without being read again, it fits a
//! telephone, and nothing that a failsh says becomes a part of it.

use std::io::Write;
use std::net::TcpListener;

use failover_tests::browser::Browser;
use nix::sys::signal::Signal;
use serde_json::json;

use super::{Pair, Served};

/// On a telephone and on a desk.
const SIZES: [(u32, u32); 2] = [(390, 844), (1280, 800)];

#[test]
fn a_fail_over_is_seen_while_it_happens() {
    let mut pair = Pair::start();
    let served = Served::start(&[], &[&pair.target()]);
    let Some(mut browser) = Browser::open(1280, 800) else {
        return;
    };
    browser.go(&served.url());
    browser.wait("document.getElementById('live').textContent === 'Live.'");
    // What is set here is gone when the page is read again.
    browser.value("window.mine = 1; document.getElementById('service-web').open = true");
    browser.wait("document.getElementById('row-web').innerText.includes('RECOVER')");
    pair.fail_over();
    browser.wait("document.querySelector('#row-web td:nth-child(3)').innerText.includes('UP')");
    browser
        .wait("document.querySelector('#row-web td:nth-child(4)').innerText.includes('no answer')");
    browser.wait("document.getElementById('alerts').innerText.includes('hosta does not answer')");
    browser.wait("document.getElementById('service-web').innerText.includes('RECOVER -> UP')");
    assert_eq!(browser.value("window.mine"), json!(1));
    assert_eq!(
        browser.value("document.getElementById('service-web').open"),
        json!(true)
    );

    // A failsh that stands still is told of, and its return.
    pair.failsh.signal(Signal::SIGSTOP);
    browser.wait("document.getElementById('alerts').innerText.includes('it says nothing; what is shown of it is as it was')");
    pair.failsh.signal(Signal::SIGCONT);
    browser.wait("!document.getElementById('alerts').innerText.includes('it says nothing')");
    assert_eq!(browser.value("window.mine"), json!(1));
    // And when failmon itself is gone, the page says so.
    drop(served);
    browser.wait("document.getElementById('live').textContent === 'Not live.'");
    browser.wait("document.getElementById('lost').innerText.includes('failmon does not answer')");
}

#[test]
fn the_page_fits_a_telephone_and_a_desk() {
    let pair = Pair::start();
    let served = Served::start(&[], &[&pair.target()]);
    for (width, height) in SIZES {
        let Some(mut browser) = Browser::open(width, height) else {
            return;
        };
        browser.go(&served.url());
        browser.value("document.querySelectorAll('details').forEach(d => d.open = true)");
        let wide = browser.value("document.documentElement.scrollWidth");
        assert_eq!(wide, json!(width), "the page is wider than the screen");
        assert!(browser.picture().len() > 1_000);
    }
}

#[test]
fn a_name_with_a_script_in_it_is_a_name() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap().to_string();
    let name = "<script>window.evil = 1</script><img src=x onerror='window.evil = 1'>";
    let hello = r#"{"type":"hello","stream":1,"program":"failsh","version":"1.0.0","host":"hosta","pid":1,"started":0,"now":0,"policy":1}"#;
    let service = json!({"type": "service", "name": name, "state": "UP", "since": 0, "marks": [name],
        "reason": name, "why": name, "waiting": null, "until": null, "script": null, "peers": [],
        "check": null, "retry": null, "settings": {name: name}, "console": {}, "journal": []});
    let text = format!("{hello}\n{service}\n{}\n", r#"{"type":"ready"}"#);
    let far = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        stream
    });
    let served = Served::start(&[], &[&at]);
    let Some(mut browser) = Browser::open(1280, 800) else {
        return;
    };
    let mut stream = far.join().unwrap();
    browser.go(&served.url());
    browser.wait("document.getElementById('live').textContent === 'Live.'");
    browser.wait("document.body.innerText.includes('<script>window.evil = 1</script>')");
    // As news, too.
    let again = service.to_string().replace("\"UP\"", "\"FAIL\"");
    stream.write_all(format!("{again}\n").as_bytes()).unwrap();
    browser.wait("document.querySelector('#matrix tbody tr').innerText.includes('FAIL')");
    assert_eq!(browser.value("typeof window.evil"), json!("undefined"));
    assert_eq!(
        browser.value("document.querySelectorAll('img').length"),
        json!(0)
    );
    // What got in all the same would do nothing.
    browser.value("document.body.insertAdjacentHTML('beforeend', \"<img id=probe src=x onerror='window.evil = 1'>\")");
    browser.wait("document.getElementById('probe').complete");
    assert_eq!(browser.value("typeof window.evil"), json!("undefined"));
}
