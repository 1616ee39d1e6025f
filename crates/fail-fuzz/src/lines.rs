//! What servers of SMTP, IMAP and POP3 say, and what the check `tcp` reads.
//!
//! What is asserted beyond that nothing panics:
//!
//! * the same finding however the bytes are cut on the way, and no more is read than an answer
//!   may have, though it never ends;
//! * it is good only after a greeting of the protocol with what is expected in it, and, where
//!   something was said, a yes to each; what is good after some of the bytes is good after more;
//! * a password is said only to who has greeted well, and never shown.

use fail_probe::stage::over_tcp;

use crate::Choices;
use crate::finding::{SECRET, check, hides, is_good, may_be_shown, secret};

/// The checks, and how a greeting begins.
const CHECKS: [(&str, &[u8]); 7] = [
    ("smtp 127.0.0.1 tls=no", b"220"),
    ("smtp 127.0.0.1 tls=no expect=mail", b"220"),
    ("imap 127.0.0.1 tls=no", b"* OK"),
    ("imap 127.0.0.1 tls=no expect=mail", b"* OK"),
    ("pop 127.0.0.1 tls=no", b"+OK"),
    ("tcp 127.0.0.1:80 expect=mail", b""),
    ("tcp 127.0.0.1:80 send=\"hello\" expect=\"\\n\"", b""),
];

/// Words of these protocols.
const WORDS: [&str; 24] = [
    "220 ",
    "220-",
    "250 ",
    "250-",
    "554 ",
    "* OK ",
    "* BYE ",
    "hc1 OK ",
    "hc1 NO ",
    "hc1 ",
    "+OK",
    "-ERR ",
    "mail",
    "STARTTLS",
    "\r\n",
    "\n",
    "\r\n",
    "\r\n",
    "\u{1b}[2J",
    "é",
    "\u{202e}",
    " ",
    SECRET[0],
    SECRET[1],
];

/// What is read of an answer without end: 200 lines of 4 kB each, twice.
const READ_MAX: usize = 2 << 20;

/// Words or any bytes.
pub fn lines(data: &[u8]) {
    let mut from = Choices::new(data);
    let (text, greets) = from.pick(&CHECKS);
    let logs_in = from.flag() && !text.starts_with("tcp") && !text.starts_with("smtp");
    let (piece, times) = (1 + from.below(40), from.pick(&[1, 1, 1, 20, 20_000]));
    let cut = from.below(65_536);
    let mut bytes = Vec::new();
    let words = from.flag();
    while words && !from.is_over() && bytes.len() < 4096 {
        match from.below(WORDS.len() + 1) {
            any if any == WORDS.len() => bytes.push(from.byte()),
            known => bytes.extend_from_slice(WORDS[known].as_bytes()),
        }
    }
    bytes.extend_from_slice(from.rest());
    let bytes = bytes.repeat(times.min(1 + (4 << 20) / bytes.len().max(1)));
    let line = check(text);
    let who = logs_in.then(secret);
    let (found, told) = over_tcp(&line, who.clone(), vec![bytes.clone()], 0);
    may_be_shown(&found);
    if logs_in {
        hides(&found.why);
    }
    let told = &told[0];
    assert!(told.read <= READ_MAX, "{found:?}");
    let begins = bytes.get(..greets.len());
    let greeted = begins.is_some_and(|begin| begin.eq_ignore_ascii_case(greets));
    let said_secret = contains(&told.said, SECRET[1].as_bytes());
    assert!(greeted || !said_secret, "{found:?}");
    if is_good(&found) {
        assert!(greeted, "{found:?}");
        assert!(!text.ends_with("=mail") || contains(&bytes, b"mail"));
        assert_eq!(said_secret, logs_in);
        let yes = match text.split(' ').next() {
            Some("imap") => Some((&b"hc1"[..], 1 + usize::from(logs_in))),
            Some("pop") => Some((&b"+ok"[..], 1 + 2 * usize::from(logs_in))),
            _ => None,
        };
        if let Some((yes, times)) = yes {
            let small = bytes.to_ascii_lowercase();
            let there = small.split(|byte| *byte == b'\n');
            let there = there.filter(|line| line.starts_with(yes)).count();
            assert!(there >= times, "{found:?}");
        }
    }
    if bytes.len() < 8192 {
        let (again, _) = over_tcp(&line, who.clone(), vec![bytes.clone()], piece);
        assert_eq!((again.verdict, &again.why), (found.verdict, &found.why));
        let begin = bytes[..cut.min(bytes.len())].to_vec();
        let (early, _) = over_tcp(&line, who, vec![begin], piece);
        may_be_shown(&early);
        assert!(!is_good(&early) || is_good(&found), "{early:?} {found:?}");
    }
}

pub(crate) fn contains(bytes: &[u8], part: &[u8]) -> bool {
    // Both are letters where it matters, and this is fast where windows are not.
    String::from_utf8_lossy(bytes).contains(&*String::from_utf8_lossy(part))
}
