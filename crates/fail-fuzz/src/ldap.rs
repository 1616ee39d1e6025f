//! Answers of directories, as the check `ldap` takes them.
//!
//! What is asserted beyond that nothing panics:
//!
//! * messages by the rules are good if and only if all of them answer what was asked last, nothing
//!   was refused, and there are as many entries as are wanted; and cut anywhere they are not good;
//! * any bytes come to the same finding however they are cut on the way, and parts that
//!   never end are not read for ever;
//! * a finding may be shown anywhere, and has nothing in it of the password that was sent.

use fail_probe::stage::over_tcp;

use crate::Choices;
use crate::finding::{SECRET, check, hides, is_good, may_be_shown, secret};

/// Messages that are read of an answer without end: a thousand entries, as many references, and
/// one that is too many; and bytes that are read at a time.
const PARTS_MAX: usize = 2_002;
const CHUNK: usize = 4096;

/// Any bytes, or messages by the rules.
pub fn ldap(data: &[u8]) {
    let mut from = Choices::new(data);
    match from.flag() {
        true => by_the_rules(&mut from),
        false => any(from),
    }
}

fn any(mut from: Choices<'_>) {
    let binds = from.flag();
    let (piece, times) = (1 + from.below(40), from.pick(&[1, 1, 1, 3, 20_000]));
    let who = binds.then(secret);
    let line = check("ldap ldap://127.0.0.1/ base=dc=test entries=2");
    let part = from.rest();
    let bytes = part.repeat(times.min(1 + (4 << 20) / part.len().max(1)));
    let (found, told) = over_tcp(&line, who.clone(), vec![bytes.clone()], 0);
    may_be_shown(&found);
    if binds {
        hides(&found.why);
    }
    // One whole message again and again.
    if matches!(part, [0x30, length @ ..0x80, rest @ ..] if usize::from(*length) == rest.len()) {
        assert!(told[0].read <= PARTS_MAX * part.len() + CHUNK, "{found:?}");
    }
    if bytes.len() < 4096 {
        let (again, _) = over_tcp(&line, who, vec![bytes], piece);
        assert_eq!((again.verdict, &again.why), (found.verdict, &found.why));
    }
}

/// A message, from its parts.
fn element(tag: u8, parts: &[&[u8]], long: bool) -> Vec<u8> {
    let content = parts.concat();
    let mut bytes = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 && !long => bytes.push(short),
        _ => {
            bytes.push(0x84);
            bytes.extend_from_slice(&(content.len() as u32).to_be_bytes());
        }
    }
    [bytes, content].concat()
}

fn by_the_rules(from: &mut Choices<'_>) {
    let binds = from.flag();
    let wanted = from.below(3);
    let line = check(&format!(
        "ldap ldap://127.0.0.1/ base=dc=test entries={wanted}"
    ));
    let mut bytes = Vec::new();
    // What will be taken for what, by a judge of its own.
    let (mut last, mut entries) = (1, 0);
    let (mut bound, mut good) = (!binds, None);
    for _ in 0..1 + from.below(8) {
        let number = if from.once_in(12) { from.byte() } else { last };
        let code = if from.once_in(6) { from.byte() } else { 0 };
        let tag = from.pick(&[0x61, 0x64, 0x65, 0x73, 0x64, 0x65, 0x78]);
        let text = from.text(20) + if binds { SECRET[1] } else { "" };
        let long = from.flag();
        let code_is = element(10, &[&[code]], false);
        let (name, text) = (element(4, &[], long), element(4, &[text.as_bytes()], long));
        let op = match tag {
            0x64 => element(tag, &[&name, &element(0x30, &[], false)], long),
            _ => element(tag, &[&code_is, &name, &text], long),
        };
        bytes.extend(element(
            0x30,
            &[&element(2, &[&[number]], false), &op],
            long,
        ));
        if good.is_some() {
            continue;
        }
        let enough = entries >= wanted;
        match tag {
            _ if number != last => good = Some(false),
            0x61 if !bound && code == 0 => (bound, last) = (true, 2),
            _ if !bound => good = Some(false),
            0x64 => entries += 1,
            0x73 => {}
            0x65 => good = Some(enough && (code == 0 || code == 4)),
            _ => good = Some(false),
        }
    }
    let whole = bytes.len();
    if from.once_in(3) {
        bytes.truncate(from.below(whole.min(65_536)));
    }
    let (found, _) = over_tcp(
        &line,
        binds.then(secret),
        vec![bytes.clone()],
        from.below(9),
    );
    may_be_shown(&found);
    if binds {
        hides(&found.why);
    }
    let should = good == Some(true);
    match bytes.len() == whole {
        true => assert_eq!(is_good(&found), should, "{found:?}"),
        // The last messages may be those that nobody waits for.
        false => assert!(should || !is_good(&found), "{found:?}"),
    }
}
