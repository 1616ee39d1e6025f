//! `failmon --serve` as programs and scrapers see it.

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use failover_tests::faild::free_port;
use failover_tests::folder::Folder;
use failover_tests::program::{self, Running};
use failover_tests::{prometheus, tree, wait, web};
use nix::sys::signal::Signal;
use serde_json::Value;

use super::{Pair, Served};

fn json(answer: &web::Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.head.contains("application/json"), "{answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}

#[test]
fn programs_read_what_the_page_shows() {
    let mut pair = Pair::start();
    let target = pair.target();
    let mut served = Served::start(&["--debug", "web"], &[&target]);
    let at = served.at;
    let cluster = || json(&web::get(at, "/api/v1/cluster"));
    wait::until("everything was told", cluster, |c| {
        c["targets"][0]["ready"] == true
    });
    let web_now = || json(&web::get(at, "/api/v1/services/web"))["service"].clone();
    assert_eq!(web_now()["hosts"]["hosta"]["state"], "UP");
    pair.fail_over();
    let here = |service: &Value| {
        service["up"]
            .as_array()
            .is_some_and(|up| up.len() == 1 && up[0] != "hosta")
    };
    wait::until("the fail-over in the answers", web_now, here);
    let services = json(&web::get(at, "/api/v1/services"));
    assert_eq!(services["services"][0]["name"], "dns");
    let hosts = json(&web::get(at, "/api/v1/hosts"));
    assert_eq!(hosts["hosts"][1]["told"][0]["host"]["reachable"], false);
    let alerts = json(&web::get(at, "/api/v1/alerts"));
    assert!(
        alerts["alerts"]
            .to_string()
            .contains("hosta does not answer"),
        "{alerts}"
    );
    let events = json(&web::get(at, "/api/v1/events"));
    assert!(
        events["events"].to_string().contains("RECOVER -> UP"),
        "{events}"
    );
    assert_eq!(web::get(at, "/healthz").body, "ok\n");
    for (path, status) in [
        ("/api/v1/services/none", 404),
        ("/api/v1/services/%ff", 404),
        ("/api/v2/cluster", 404),
        ("/none", 404),
        ("/?x=1", 400),
        ("/?refresh=5", 200),
    ] {
        assert_eq!(web::get(at, path).status, status, "{path}");
    }
    served.log.wait_for("GET /api/v1/services/none 404");

    pair.failsh.kill();
    let health = || web::get(at, "/healthz");
    let health = wait::until("nobody answers", health, |answer| answer.status == 503);
    assert!(
        health.body.starts_with("no failsh answers\n127.0.0.1:"),
        "{health:?}"
    );
    served.running.signal(Signal::SIGTERM);
    assert_eq!(served.running.wait(), Some(0));
}

#[test]
fn prometheus_sees_a_fail_over() {
    let mut pair = Pair::start();
    let served = Served::start(&[], &[&pair.target()]);
    let text = || web::get(served.at, "/metrics").body;
    let text = wait::until("figures of a service", text, |text| {
        text.contains("_state{")
    });
    prometheus::takes(&text);

    // The sample, with the address of ours.
    let folder = Folder::new();
    let sample = tree::read(&tree::path("samples/monitoring/prometheus.yml"));
    assert!(
        sample.contains("localhost:1850") && sample.contains("15s"),
        "{sample}"
    );
    let config = sample
        .replace("localhost:1850", &served.at.to_string())
        .replace("15s", "1s");
    let rules = tree::read(&tree::path("samples/monitoring/alerts.yml"));
    folder.write("alerts.yml", rules);
    let config = folder.write("prometheus.yml", config);
    let own = SocketAddr::from(([127, 0, 0, 1], free_port("127.0.0.1")));
    let Some(mut prometheus) = program::unpacked("prometheus", "usr/bin/prometheus") else {
        return;
    };
    prometheus.args([
        format!("--config.file={config}"),
        format!("--storage.tsdb.path={}", folder.file("data")),
        format!("--web.listen-address={own}"),
    ]);
    let _prometheus = Running::start(prometheus.stdout(Stdio::null()).stderr(Stdio::null()));
    let up = || std::net::TcpStream::connect(own).is_ok();
    wait::until("prometheus to listen", up, |up| *up);
    let ask = |query: &str| {
        let answer = web::get(own, &format!("/api/v1/query?query={query}"));
        let value: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        value["data"]["result"].clone()
    };
    let hosts = || ask("failover_service_state%7Bservice=%22web%22,state=%22UP%22%7D%3D%3D1");
    let one = |result: &Value| result.as_array().map_or(0, Vec::len) == 1;
    let before = wait::until("prometheus to see hosta serve", hosts, one);
    assert_eq!(before[0]["metric"]["host"], "hosta", "{before}");
    pair.fail_over();
    let other = |result: &Value| one(result) && result[0]["metric"]["host"] != "hosta";
    wait::until("prometheus to see the fail-over", hosts, other);
    let lost = || ask("failover_host_reachable%7Bhost=%22hosta%22%7D");
    wait::until("prometheus to see hosta lost", lost, |r| {
        r[0]["value"][1] == "0"
    });
}

#[test]
fn with_a_certificate_and_a_token_only_who_has_it_reads() {
    let pair = Pair::start();
    let folder = Folder::new();
    if !program::works("openssl", &["version"]) || !program::works("curl", &["--version"]) {
        return;
    }
    let (cert, key) = (folder.file("cert.pem"), folder.file("key.pem"));
    let mut openssl = Command::new("openssl");
    openssl.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
    ]);
    openssl.args(["-nodes", "-days", "2", "-subj", "/CN=localhost"]);
    openssl.args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]);
    openssl.args(["-keyout", &key, "-out", &cert]);
    program::run(openssl).done();
    let token = folder.write("token", "correct-horse-battery\n");
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(&token, readable).unwrap();
    let options = [
        "--tls-cert",
        &cert,
        "--tls-key",
        &key,
        "--token-file",
        &token,
    ];
    let mut served = Served::start(&options, &[&pair.target()]);
    let warned = served.log.all().join("\n");
    assert!(
        warned.contains("token: every user of this host may read it"),
        "{warned}"
    );
    let curl = |words: &[&str]| {
        let mut command = Command::new("curl");
        command.args([
            "-sS",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code} %{scheme}",
            "-i",
        ]);
        command
            .args(words)
            .arg(format!("https://{}/metrics", served.at));
        program::run(command)
    };
    let trust = ["--cacert", cert.as_str()];
    let with = |words: &[&str]| curl(&[&trust[..], words].concat()).out.to_lowercase();
    assert_eq!(
        with(&["-H", "Authorization: Bearer correct-horse-battery"]),
        "200 https"
    );
    assert_eq!(with(&["-u", "me:correct-horse-battery"]), "200 https");
    assert_eq!(with(&["-u", "me:correct-horse-batterz"]), "401 https");
    assert_eq!(
        with(&["-H", "Authorization: Bearer correct-horse"]),
        "401 https"
    );
    assert_eq!(with(&[]), "401 https");
    assert_eq!(
        with(&["--tls-max", "1.2", "-u", "me:correct-horse-battery"]),
        "200 https"
    );
    // Who does not know the certificate does not trust it; who speaks no TLS gets nothing.
    assert_ne!(curl(&[]).code, Some(0));
    assert_eq!(web::get(served.at, "/").status, 0);
    served.running.signal(Signal::SIGINT);
    assert_eq!(served.running.wait(), Some(0));
}

#[test]
fn what_it_can_not_begin_with_is_one_sentence() {
    let folder = Folder::new();
    let short = folder.write("short", "secret\n");
    let none = folder.file("none");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    for (words, code, said) in [
        (&["--serve", "none"][..], 64, "--serve needs a port"),
        (
            &["--serve", "0", "--token-file", &short],
            65,
            "can be guessed",
        ),
        (
            &["--serve", "0", "--token-file", &none],
            74,
            "no such file or directory",
        ),
        (
            &["--serve", "0", "--tls-cert", &short, "--tls-key", &short],
            65,
            "there is no certificate in ",
        ),
        (
            &["--serve", "0", "--tls-cert", &none, "--tls-key", &none],
            74,
            "no such file",
        ),
        (&["--serve", &taken], 71, "address already in use"),
    ] {
        let why = program::run(super::super::failmon(words, &[])).failed(code);
        assert!(
            why.contains(said) && why.lines().count() == 1,
            "{words:?}: {why}"
        );
    }
}
