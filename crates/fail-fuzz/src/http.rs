//! Answers of web servers, as the check `http` takes them, from redirect to redirect.
//!
//! What is asserted beyond that nothing panics:
//!
//! * what is secret (`header=`, `body=`, `auth=`) is said to nobody but the scheme, host and port
//!   of the check, and never shown; nobody is asked whose name is the password;
//! * no more redirects are followed than may be, and no more of a body is read;
//! * an answer that says how long it is is good if and only if it has what is wanted, and never
//!   when it is cut;
//! * the verdict is the same however the bytes are cut on the way.

use fail_core::watch::Verdict;
use fail_probe::stage::over_tcp;

use crate::Choices;
use crate::finding::{SECRET, check, is_good, may_be_shown, secret};
use crate::lines::contains;

const KEY: &str = "k3y-of-hc";
const BODY: &str = "b0dy-of-hc";

/// `user:password` of [`SECRET`] as it stands in a header.
const BASIC: &str = "dXMzci1vZi1oYzpzM2NyZXQtb2YtaGM";

/// Redirects of the check.
const FOLLOW: usize = 4;

/// A megabyte of a body, its head, and what was read with them.
const READ_MAX: usize = 1400 << 10;

/// Where one is sent.
const PLACES: [&str; 18] = [
    "/further",
    "further?x#y",
    "//other.test/",
    "http://first.test:81/",
    "https://first.test/",
    "https://first.test:80/",
    "http://FIRST.test:80/x",
    "http://first.test@other.test/",
    "http://other.test/s3cret-of-hc",
    "http://s3cret-of-hc/",
    "http://s3cret-\tof-hc.test/",
    "http://S3CRET%2dof-hc.test/",
    "http://s3cret-of-\u{ff48}c.test/",
    "\\\\other.test\\x",
    "ftp://other.test/",
    "ftp://other.test/k3y-of-hc",
    "http://b0dy-of-hc.test/K3y-of-hc",
    "http://[::ffff:192.0.2.1]/",
];

/// Answers from redirect to redirect, or one that says how long it is.
pub fn http(data: &[u8]) {
    let mut from = Choices::new(data);
    match from.flag() {
        true => by_the_rules(&mut from),
        false => any(&mut from),
    }
}

fn any(from: &mut Choices<'_>) {
    let method = from.pick(&["GET", "POST", "HEAD"]);
    let body = if method == "POST" { BODY } else { "" };
    let body = if body.is_empty() {
        String::new()
    } else {
        format!(" body={body}")
    };
    let line = check(&format!(
        "http http://first.test/ method={method} follow={FOLLOW} header=\"X-Key: {KEY}\"{body}"
    ));
    let piece = 1 + from.below(40);
    let mut says = Vec::new();
    while !from.is_over() && says.len() <= FOLLOW + 2 {
        says.push(answer(from));
    }
    let small = says.iter().map(Vec::len).sum::<usize>() < 8192;
    let (found, told) = over_tcp(&line, Some(secret()), says.clone(), 0);
    may_be_shown(&found);
    hides_password(&found.why);
    let why = found.why.to_ascii_lowercase();
    assert!(
        !why.contains(KEY) && (method != "POST" || !why.contains(BODY)),
        "{why:?}"
    );
    assert!(told.len() <= FOLLOW + 1);
    for told in &told {
        assert!(told.read <= READ_MAX, "{} bytes", told.read);
        let own = told.place.starts_with("http://first.test/");
        hides_password(&told.place);
        for secret in [KEY, BODY, BASIC] {
            // Who was told may tell others.
            let told_on = says.iter().any(|says| contains(says, secret.as_bytes()));
            let said = !told_on && contains(&told.said, secret.as_bytes());
            assert!(own || !said, "{secret} is said to {}", told.place);
        }
    }
    if small {
        let (again, _) = over_tcp(&line, Some(secret()), says, piece);
        assert_eq!(again.verdict, found.verdict, "{again:?} {found:?}");
    }
}

fn hides_password(text: &str) {
    assert!(!text.to_ascii_lowercase().contains(SECRET[1]), "{text:?}");
}

fn answer(from: &mut Choices<'_>) -> Vec<u8> {
    let place = match from.below(PLACES.len() + 2) {
        known if known < PLACES.len() => PLACES[known].to_string(),
        any if any == PLACES.len() => from.text(60).replace(['\r', '\n'], ""),
        _ => {
            let length = from.below(600);
            return from.bytes(length).to_vec();
        }
    };
    let status = from.pick(&[301, 302, 303, 307, 308, 200, 404]);
    let times = if from.once_in(32) {
        35_000
    } else {
        from.pick(&[0, 1, 100])
    };
    let body = "0123456789abcdef0123456789abcdef".repeat(times);
    let length = match from.flag() {
        true => format!("Content-Length: {}\r\n", body.len()),
        false => String::new(),
    };
    format!("HTTP/1.1 {status} x\r\nLocation: {place}\r\n{length}\r\n{body}").into_bytes()
}

fn by_the_rules(from: &mut Choices<'_>) {
    let line = check("http http://first.test/ match=mail nomatch=error");
    let status = from.pick(&[200, 204, 299, 302, 400, 500]);
    let words: Vec<&str> = (0..from.below(6))
        .map(|_| from.pick(&["mail", "ma", "il", "error", "\r\n", "0"]))
        .collect();
    let chunked = from.flag() && status != 204;
    let body = words.concat();
    // That status has none.
    let body = if status == 204 { String::new() } else { body };
    let mut answer = format!("HTTP/1.1 {status} x\r\n");
    if chunked {
        answer += "Transfer-Encoding: chunked\r\n\r\n";
        for word in &words {
            answer += &format!("{:x}\r\n{word}\r\n", word.len());
        }
        answer += "0\r\n\r\n";
    } else if status == 204 {
        answer += "\r\n";
    } else {
        answer += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
    }
    let mut bytes = answer.into_bytes();
    let whole = bytes.len();
    if from.flag() {
        bytes.truncate(from.below(whole));
    }
    let cut = bytes.len() < whole;
    let (found, _) = over_tcp(&line, None, vec![bytes], from.below(9));
    may_be_shown(&found);
    let has = body.contains("mail") && !body.contains("error");
    let should = !cut && has && (200..=399).contains(&status);
    assert_eq!(is_good(&found), should, "{found:?}");
    assert_ne!(found.verdict, Verdict::Unknown);
}
