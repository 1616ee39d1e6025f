//! Answers of name servers, as the check `dns` takes them.
//!
//! What is asserted beyond that nothing panics:
//!
//! * what comes with another number, or answers another question, is never good;
//! * a finding may be shown anywhere;
//! * an answer that was made by the rules is good if and only if it is an answer without an error
//!   that has what is wanted; and cut anywhere it is never good.

use fail_probe::stage::over_udp;

use crate::Choices;
use crate::finding::{check, is_good, may_be_shown};

const CHECKS: [&str; 8] = [
    "dns www.test server=192.0.2.53 type=A",
    "dns www.test server=192.0.2.53 type=A expect=192.0.2.1",
    "dns www.test server=192.0.2.53 type=A tcp=yes",
    "dns www.test server=192.0.2.53 type=TXT",
    "dns www.test server=192.0.2.53 type=MX expect=mail.test",
    "dns www.test server=192.0.2.53 type=SOA",
    "dns www.test server=192.0.2.53 type=SRV code=NXDOMAIN",
    "dns 192.0.2.1 server=192.0.2.53 type=PTR",
];

/// Bytes before the question.
const HEAD: usize = 12;

/// Any answer, or one by the rules, whole or cut.
pub fn dns(data: &[u8]) {
    let mut from = Choices::new(data);
    match from.flag() {
        true => by_the_rules(&mut from),
        false => any(from),
    }
}

fn any(mut from: Choices<'_>) {
    let text = from.pick(&CHECKS);
    let over_tcp = text.contains("tcp=yes");
    let (own, repeats) = (!from.once_in(8), from.flag());
    let rest = from.rest();
    let (head, rest) = rest.split_at(rest.len().min(HEAD - 2));
    let found = over_udp(&check(text), false, &mut |asked| {
        let mut answer = vec![asked[0], asked[1] ^ u8::from(!own)];
        answer.extend_from_slice(head);
        if repeats {
            answer.resize(HEAD, 0);
            answer[4..6].copy_from_slice(&[0, 1]);
            answer.extend_from_slice(&asked[HEAD..]);
        }
        answer.extend_from_slice(rest);
        framed(answer, over_tcp)
    });
    may_be_shown(&found);
    if !own {
        assert!(!is_good(&found), "{found:?}");
    }
}

/// As it comes over TCP.
fn framed(answer: Vec<u8>, over_tcp: bool) -> Vec<u8> {
    let length = u16::try_from(answer.len()).unwrap_or(u16::MAX);
    match over_tcp {
        true => [&length.to_be_bytes()[..], &answer].concat(),
        false => answer,
    }
}

/// What is wrong with an answer; 0: nothing.
const WRONGS: [&str; 9] = [
    "", "", "", "number", "question", "code", "kind", "type", "none",
];

fn by_the_rules(from: &mut Choices<'_>) {
    let text = from.pick(&CHECKS[..3]);
    let (over_tcp, expects) = (text.contains("tcp=yes"), text.contains("expect"));
    let wrong = from.pick(&WRONGS);
    let last: Vec<u8> = (0..1 + from.below(4)).map(|_| from.byte()).collect();
    let cut = from.flag().then(|| from.below(256));
    let mut whole = true;
    let found = over_udp(&check(text), false, &mut |asked| {
        let mut answer = asked.to_vec();
        answer[2] = 0x81;
        answer[3] = 0x80;
        let mut kind = 1;
        match wrong {
            "number" => answer[0] ^= 1,
            // `www` becomes `wwv`.
            "question" => answer[HEAD + 3] ^= 1,
            "code" => answer[3] |= 2,
            "kind" => answer[2] &= 0x7f,
            "type" => kind = 16,
            _ => {}
        }
        let count = if wrong == "none" { 0 } else { last.len() };
        answer[7] = count as u8;
        for last in &last[..count] {
            answer.extend_from_slice(&[0xc0, HEAD as u8, 0, kind, 0, 1, 0, 0, 0, 60, 0, 4]);
            // As a text it is one of three letters.
            let first = if kind == 1 { 192 } else { 3 };
            answer.extend_from_slice(&[first, 0, 2, *last]);
        }
        let mut answer = framed(answer, over_tcp);
        if let Some(cut) = cut.filter(|cut| *cut < answer.len()) {
            whole = false;
            answer.truncate(cut);
        }
        answer
    });
    may_be_shown(&found);
    let has = !expects || last.contains(&1);
    let should = whole && wrong.is_empty() && has;
    assert_eq!(is_good(&found), should, "{wrong} {last:?}: {found:?}");
}
