//! `http`, against nginx and against servers that are nobody's.

use std::sync::atomic::Ordering;

use fail_conf::hcfile::check::Check;
use fail_conf::hcfile::parse_check;
use fail_probe::stage::over_tcp;

use crate::ask::*;
use crate::bad::*;
use crate::servers;

/// nginx with what these tests ask for, and its port.
fn nginx() -> Option<(servers::Server, u16)> {
    let port = servers::port();
    let inner = "default_type text/plain;
        location / { return 200 'Welcome to $host\\n'; }
        location /500 { return 500; }
        location /missing { return 404; }
        location /old { return 301 /; }
        location /post { return 307 /said; }
        location /round { return 302 /round; }
        location /file { return 302 file:///etc/passwd; }
        location /said { return 200 '$request_method $http_x_test $http_authorization $host.\\n'; }
        location /big { }
        location /closed { auth_basic closed; auth_basic_user_file users; return 200; }
        location /inside { auth_basic inside; auth_basic_user_file users; try_files /big =404; }";
    let server = servers::nginx(&[(port, None, inner)])?;
    server
        .folder
        .write("big", &"0123456789abcde\n".repeat(256 * 1024), 0o644);
    server.folder.write("users", "anna:{PLAIN}s3cret\n", 0o644);
    Some((server, port))
}

fn url(ip: &str, port: u16, path: &str) -> String {
    format!("http://{}:{port}{path}", bracketed(ip))
}

#[test]
fn a_page_is_good_and_measured() {
    let Some((_server, port)) = nginx() else {
        return;
    };
    for ip in BOTH {
        let mut check = http(url(ip, port, "/"));
        check.matches = vec!["Welcome".to_string()];
        check.no_matches = vec!["Error".to_string()];
        let finding = get(check);
        let host = bracketed(ip);
        let size = format!("Welcome to {host}\n").len();
        assert_eq!(figure(&finding, "size"), Some(size as f64));
        assert!(
            figure(&finding, "time") >= figure(&finding, "connect"),
            "{finding:?}"
        );
        assert_eq!(good(finding), format!("status 200, {size} bytes"));
    }
}

#[test]
fn a_status_is_judged() {
    let Some((_server, port)) = nginx() else {
        return;
    };
    let find = |path: &str, status: &[(u16, u16)]| {
        let mut check = http(url("127.0.0.1", port, path));
        check.status = status.to_vec();
        get(check)
    };
    assert_eq!(bad(find("/500", &[])), "status 500");
    assert_eq!(bad(find("/missing", &[])), "status 404");
    let to = format!("status 301 to http://127.0.0.1:{port}/");
    assert!(good(find("/old", &[])).starts_with(&to));
    assert_eq!(bad(find("/old", &[(200, 200)])), to);
    good(find("/missing", &[(200, 299), (404, 404)]));
    assert_eq!(bad(find("/", &[(201, 599)])), "status 200");
}

#[test]
fn a_body_is_judged_within_its_first_megabyte() {
    let Some((_server, port)) = nginx() else {
        return;
    };
    let find = |path: &str, matches: &[&str], no_matches: &[&str]| {
        let mut check = http(url("127.0.0.1", port, path));
        check.matches = matches.iter().map(ToString::to_string).collect();
        check.no_matches = no_matches.iter().map(ToString::to_string).collect();
        get(check)
    };
    let why = bad(find("/", &["Welcome", "Hello"], &[]));
    assert_eq!(why, "\"Hello\" is not in the body; status 200");
    let why = bad(find("/", &["Welcome"], &["to"]));
    assert_eq!(why, "\"to\" is in the body; status 200");
    let finding = find("/big", &["abcde\n0123"], &[]);
    assert_eq!(figure(&finding, "size"), Some(1024.0 * 1024.0));
    assert_eq!(good(finding), "status 200, more than 1048576 bytes");
}

#[test]
fn redirects_are_followed_as_often_as_said() {
    let Some((_server, port)) = nginx() else {
        return;
    };
    for ip in BOTH {
        let find = |path: &str, follow| {
            let mut check = http(url(ip, port, path));
            check.follow = follow;
            get(check)
        };
        let why = good(find("/old", 1));
        assert!(
            why.starts_with(&format!("status 200 from {}", url(ip, port, "/"))),
            "{why}"
        );
        let why = bad(find("/round", 3));
        let last = url(ip, port, "/round");
        assert_eq!(why, format!("more than 3 redirects, the last to {last}"));
        let why = bad(find("/file", 3));
        assert_eq!(
            why,
            "status 302 to file:///etc/passwd: only http and https are followed"
        );
    }
}

#[test]
fn a_body_is_sent_to_its_own_server_only() {
    type Heard = std::sync::Arc<std::sync::Mutex<Vec<String>>>;
    let (there, here) = (Heard::default(), Heard::default());
    let heard = std::sync::Arc::clone(&there);
    let foreign = web("::1", move |head| {
        heard.lock().unwrap().push(head.to_lowercase());
        reply("200 OK", "", "")
    });
    for status in [301, 302, 303, 307, 308] {
        for method in ["GET", "HEAD"] {
            let heard = std::sync::Arc::clone(&here);
            let own = web("127.0.0.1", move |head| {
                heard.lock().unwrap().push(head.to_lowercase());
                let place = match head.contains(" /first ") {
                    true => "/again".to_string(),
                    false => format!("http://{foreign}/"),
                };
                reply(
                    &format!("{status} Go"),
                    &format!("Location: {place}\r\n"),
                    "",
                )
            });
            let mut check = http(format!("http://{own}/first"));
            (check.method, check.body) = (method.to_string(), Some("s3cretbody".to_string()));
            check.follow = 2;
            good(get(check));
        }
    }
    let body = |head: &String| head.contains("\r\ncontent-length: 10\r\n");
    let (there, here) = (there.lock().unwrap(), here.lock().unwrap());
    assert_eq!((there.len(), here.len()), (10, 20));
    assert!(here.iter().all(body), "{here:?}");
    let any = |head: &String| head.contains("\r\ncontent-length:");
    assert!(!there.iter().any(any), "{there:?}");
}

#[test]
fn method_headers_and_body_are_sent() {
    let Some((_server, port)) = nginx() else {
        return;
    };
    let mut check = http(url("127.0.0.1", port, "/said"));
    check.method = "OPTIONS".to_string();
    check.headers = vec![
        ("X-Test".to_string(), "one".to_string()),
        ("Host".to_string(), "www.test".to_string()),
    ];
    check.matches = vec!["OPTIONS one  www.test.".to_string()];
    good(get(check));
    let mut check = http(url("127.0.0.1", port, "/"));
    check.method = "HEAD".to_string();
    assert_eq!(good(get(check)), "status 200, 0 bytes");
    // With a body, after which what was asked is known.
    let at = serving("::1", |mut stream| {
        use std::io::{Read, Write};
        let mut got = Vec::new();
        while !got.ends_with(b"name=value") {
            let mut byte = [0];
            if stream.read(&mut byte)? == 0 {
                return Ok(());
            }
            got.extend(byte);
        }
        let got = String::from_utf8_lossy(&got).to_lowercase();
        stream.write_all(reply("200 OK", "", &got).as_bytes())
    });
    let mut check = http(format!("http://{at}/form?a=b"));
    check.method = "POST".to_string();
    check.body = Some("name=value".to_string());
    let wanted = [
        "post /form?a=b http/1.1\r\n",
        "content-length: 10",
        "\r\nuser-agent: hc/",
    ];
    check.matches = wanted.iter().map(ToString::to_string).collect();
    good(get(check));
}

#[test]
fn a_password_opens_and_stays_hidden() {
    let Some((_server, port)) = nginx() else {
        return;
    };
    let folder = Folder::new();
    let mut check = http(url("127.0.0.1", port, "/inside"));
    assert_eq!(bad(get(check.clone())), "status 401");
    check.auth = Some(folder.write("right", "anna:s3cret\n", 0o600));
    good(get(check.clone()));
    check.auth = Some(folder.write("wrong", "anna:s4cret\n", 0o640));
    assert_eq!(bad(get(check.clone())), "status 401");
    // It is told to nobody else, whoever redirects there.
    let asked = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let heard = std::sync::Arc::clone(&asked);
    let thief = web("::1", move |head| {
        heard.lock().unwrap().push(head.to_lowercase());
        reply("200 OK", "", "")
    });
    let honest = web("127.0.0.1", move |head| {
        let own = head
            .to_lowercase()
            .contains("authorization: basic yw5uytpzm2nyzxq=");
        let status = if own { "302 Found" } else { "500 No" };
        reply(status, &format!("Location: http://a:b@{thief}/\r\n"), "")
    });
    let mut check = http(format!("http://{honest}/"));
    check.auth = Some(folder.write("right", "anna:s3cret\n", 0o600));
    check.headers = vec![("X-Token".to_string(), "s3cret".to_string())];
    check.follow = 1;
    let why = good(get(check.clone()));
    assert!(!why.contains("a:b"), "{why}");
    let asked = asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 1);
    assert!(!asked[0].contains("authorization"), "{asked:?}");
    assert!(!asked[0].contains("token"), "{asked:?}");
    // Nor is anything done there that is more than looking.
    check.method = "POST".to_string();
    let again = web("127.0.0.1", move |_| {
        reply("307 Again", &format!("Location: http://{thief}/\r\n"), "")
    });
    check.url = format!("http://{again}/");
    let why = bad(get(check));
    assert_eq!(
        why,
        format!("status 307 would have POST done at http://{thief}/")
    );
}

#[test]
fn a_server_that_repeats_the_password_does_not_get_it_shown() {
    let folder = Folder::new();
    // "anna:s3cret" is YW5uYTpzM2NyZXQ= in base64.
    for place in [
        "/s3cret",
        "/YW5uYTpzM2NyZXQ=/",
        "http://yw5uytpzm2nyzxq=.invalid/",
        "/in?key=0815",
    ] {
        let at = web("127.0.0.1", move |_| {
            reply("302 Found", &format!("Location: {place}\r\n"), "")
        });
        let mut check = http(format!("http://{at}/"));
        check.auth = Some(folder.write("right", "anna:s3cret\n", 0o600));
        for (follow, status) in [(0, 200), (1, 200), (2, 200)] {
            check.follow = follow;
            check.status = vec![(status, status)];
            let why = bad(get(check.clone())).to_lowercase();
            for secret in ["s3cret", "yw5uytpzm2nyzxq", "0815"] {
                assert!(!why.contains(secret), "{why}");
            }
        }
    }
}

#[test]
fn nobody_is_looked_up_whose_name_becomes_the_password_when_it_is_read() {
    let folder = Folder::new();
    for place in [
        "http://s3\tcret.invalid/",
        "http://%733CRET.invalid/",
        "http://%EF%BC%B3%EF%BC%93%EF%BD%83ret.invalid/",
        "http://x.invalid/%733cret",
    ] {
        let at = web("127.0.0.1", move |_| {
            reply("302 Found", &format!("Location: {place}\r\n"), "")
        });
        let mut check = http(format!("http://{at}/"));
        check.auth = Some(folder.write("right", "anna:s3cret\n", 0o600));
        check.follow = 1;
        let why = bad(get(check.clone()));
        assert_eq!(why, "status 302 to a place that repeats the password");
    }
    // Nor is it shown in such a form.
    let at = web("127.0.0.1", |_| {
        reply("302 Found", "Location: /%733cret/\r\n", "")
    });
    let mut check = http(format!("http://{at}/"));
    check.auth = Some(folder.write("right", "anna:s3cret\n", 0o600));
    check.status = vec![(200, 200)];
    let why = bad(get(check));
    assert_eq!(why, "status 302 to a place that repeats the password");
}

#[test]
fn a_password_file_that_others_can_read_is_refused() {
    let folder = Folder::new();
    let at = refusing("127.0.0.1");
    let mut check = http(format!("http://{at}/"));
    for mode in [0o604, 0o602, 0o644] {
        let path = folder.write("open", "anna:s3cret\n", mode);
        check.auth = Some(path.clone());
        let why = unknown(get(check.clone()));
        let path = path.display();
        let told = format!(
            "can not use the password file {path}: others can read or change it (mode {mode:04o})"
        );
        assert_eq!(why, told);
    }
    check.auth = Some(folder.write("empty", "", 0o600));
    let why = unknown(get(check.clone()));
    assert!(why.ends_with("has no first line"), "{why}");
    check.auth = None;
    check.url = format!("http://anna:s3cret@{at}/");
    assert_eq!(
        unknown(get(check)),
        "a password in the URL is not used: auth=FILE"
    );
    // It is shown to everybody, and its query may be a key.
    let why = unknown(get(http("http://999.999.999.999/?s3cret")));
    assert_eq!(why, "its URL is none: invalid IPv4 address");
}

#[test]
fn who_refuses_is_silent_or_drips_is_bad() {
    for ip in BOTH {
        let at = refusing(ip);
        let why = bad(get(http(format!("http://{at}/"))));
        assert_eq!(why, format!("connection refused by {at}"));
        let within = |at: std::net::SocketAddr| {
            let check = Check::Http(Box::new(http(format!("http://{at}/"))));
            bad(find_within(check, SHORT))
        };
        let at = silent(ip);
        let why = within(at);
        assert_eq!(
            why,
            format!("no answer within 1s: waited for an answer of {at}")
        );
        let at = dripping(ip, reply("200 OK", "", "Welcome"));
        let why = within(at);
        assert_eq!(
            why,
            format!("no answer within 1s: waited for an answer of {at}")
        );
        // The head at once, and then a body byte by byte, or in pieces, or without end.
        let (at, _) = endless(
            ip,
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "",
        );
        let why = within(at);
        let told = format!("no answer within 1s: waited for the body of the answer of {at}");
        assert_eq!(why, told);
    }
}

#[test]
fn a_body_without_end_is_read_no_further_than_needed() {
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    for (head, then) in [
        ("HTTP/1.1 200 OK\r\n\r\n", "x".repeat(0x10000)),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            chunk,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n",
            "x".repeat(0x10000),
        ),
    ] {
        let (at, said) = endless("127.0.0.1", head, then);
        let finding = get(http(format!("http://{at}/")));
        assert_eq!(figure(&finding, "size"), Some(1048576.0));
        good(finding);
        // What the buffers of the kernel hold comes on top.
        let said = said.load(Ordering::Relaxed);
        assert!(said < 32 * 1024 * 1024, "{said}");
    }
    let (at, said) = endless("::1", "HTTP/1.1 200 OK\r\n", "X-More: and more\r\n");
    let why = bad(get(http(format!("http://{at}/"))));
    assert_eq!(why, format!("{at} sends more headers than anybody would"));
    assert!(said.load(Ordering::Relaxed) < 32 * 1024 * 1024);
}

#[test]
fn what_comes_around_an_answer_without_end_is_bad_soon() {
    let chunk = format!("{:0>60}\r\nx\r\n", 1).repeat(1000);
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (first, then, begin) in [
        ("", CONTINUE.repeat(1000), ""),
        ("", EARLY.repeat(1000), ""),
        (chunked, chunk, "in the body, after "),
    ] {
        let (at, said) = endless("::1", first, then);
        let why = bad(get(http(format!("http://{at}/"))));
        let told = format!("{at} sends more around its answer than anybody would");
        assert!(why.starts_with(begin) && why.ends_with(&told), "{why}");
        assert!(said.load(Ordering::Relaxed) < 32 * 1024 * 1024);
    }
}

#[test]
fn wrong_answers_are_bad() {
    for ip in BOTH {
        for (said, told) in [
            ("SSH-2.0-OpenSSH_9.2\r\n", "AT does not speak HTTP"),
            ("HTTP/1.1 two hundred\r\n\r\n", "AT does not speak HTTP"),
            ("", "AT has hung up"),
            ("HTTP/1.1 200 O", "AT has hung up"),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
                "in the body, after 4 bytes: ",
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n",
                "in the body, after 4 bytes: ",
            ),
        ] {
            let at = serving(ip, move |mut stream| {
                hear(&mut stream)?;
                std::io::Write::write_all(&mut stream, said.as_bytes())
            });
            let why = bad(get(http(format!("http://{at}/"))));
            let told = told.replace("AT", &at.to_string());
            assert!(why.starts_with(&told), "{said:?}: {why}");
        }
        let at = web(ip, |_| reply("302 \x1b[2J", "Location: \x1b[2Jx\r\n", ""));
        let mut check = http(format!("http://{at}/"));
        check.status = vec![(200, 200)];
        let why = bad(get(check));
        assert!(!why.contains('\x1b'), "{why}");
    }
}

#[test]
fn a_body_that_is_encoded_is_told() {
    let at = web("::1", |_| {
        reply("200 OK", "Content-Encoding: gzip\r\n", "\x1f")
    });
    let mut check = http(format!("http://{at}/"));
    check.matches = vec!["Welcome".to_string()];
    let why = bad(get(check));
    let told = "\"Welcome\" is not in the body, which is encoded as gzip; status 200";
    assert_eq!(why, told);
}

#[test]
fn what_is_left_out_of_a_line_does_not_come_back_in_a_reason() {
    for (line, says, told) in [
        (
            "http http://h/login?key=SECRETK method=POST follow=1",
            reply("308 Go", "Location: https://h/login?key=SECRETK\r\n", ""),
            "status 308 would have POST done at https://h/login",
        ),
        (
            "http http://h/ follow=1 header=\"X-Key: SECRETK\"",
            reply("302 Go", "Location: ftp://secretk.h/x?SECRETK\r\n", ""),
            "status 302 to ftp://***.h/x: only http and https are followed",
        ),
        (
            "http http://h/ body=\"token=SECRETK\"",
            reply("404 No", "Location: /SECRETK\r\n", ""),
            "status 404 to /***",
        ),
        (
            "tcp h:1 send=\"AUTH hunter2\\r\\n\" expect=+OK",
            "-ERR unknown command 'AUTH hunter2'\r\n".to_string(),
            ":1 says \"-ERR unknown command '***'\", not \"+OK\"",
        ),
        (
            "tcp h:1 send=\"hunter2\" expect=+OK",
            // What is cut is no half of it.
            "x".repeat(77) + "hunter2",
            "xxx***\", not \"+OK\"",
        ),
        // Who is sent elsewhere with it goes there.
        (
            "http http://h/?key=SECRETK follow=1 header=\"Host: www.h\"",
            reply("302 Go", "Location: http://www.h/?key=SECRETK\r\n", ""),
            "has hung up",
        ),
    ] {
        let line = parse_check(line).unwrap();
        let (found, _) = over_tcp(&line, None, vec![says.into_bytes()], 0);
        assert!(found.why.ends_with(told), "{told}: {found:?}");
    }
}
