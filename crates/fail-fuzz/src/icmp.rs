//! Echoes, and whatever else comes to a socket of ICMP, as the check `icmp` takes them.
//!
//! What is asserted beyond that nothing panics:
//!
//! * an echo counts if and only if it is one, is whole, and brings back the bits and the number
//!   of a question that was asked and not answered yet;
//! * the finding is good if and only if no more are lost than may be, and it may be shown anywhere.

use std::collections::BTreeSet;

use fail_probe::stage::over_udp;

use crate::Choices;
use crate::finding::{check, is_good, may_be_shown};

/// Questions of one check.
const COUNT: u8 = 5;

/// Where in an echo its number is, and where the random bits begin and end.
const NUMBER: usize = 6;
const BITS: usize = 8;
const END: usize = 24;

/// Some answers to five questions, over IPv4 or IPv6.
pub fn icmp(data: &[u8]) {
    let mut from = Choices::new(data);
    let (v6, raw) = (from.flag(), from.flag());
    let loss = from.pick(&[0usize, 20, 50, 99]);
    let ip = if v6 { "2001:db8::1" } else { "192.0.2.1" };
    let line = check(&format!("icmp {ip} count={COUNT} loss={loss}"));
    let mut heard = BTreeSet::new();
    let mut asked_for = 0;
    let mut earlier: Vec<Vec<u8>> = Vec::new();
    let found = over_udp(&line, raw, &mut |asked| {
        asked_for += 1;
        assert_eq!(asked.len(), END);
        let mut echo = asked.to_vec();
        echo[0] = if v6 { 129 } else { 0 };
        earlier.push(echo.clone());
        let mut number = Some(asked[NUMBER + 1]);
        match from.below(7) {
            0 => {}
            // Another one, which may have been answered.
            1 => {
                echo = from.pick(&earlier.iter().collect::<Vec<_>>()).clone();
                number = Some(echo[NUMBER + 1]);
            }
            // A bit is another.
            2 => {
                let at = from.below(END - BITS) + BITS;
                echo[at] ^= 1 << from.below(8);
                number = None;
            }
            // Something else, such as that there is no way.
            3 => {
                echo[from.below(2)] ^= 1 + from.byte() % 255;
                number = None;
            }
            4 => {
                echo.truncate(from.below(END));
                number = None;
            }
            // A number that nobody has asked for.
            5 => {
                echo[NUMBER + 1] = asked[NUMBER + 1] + 1 + from.byte() % 100;
                number = None;
            }
            _ => {
                let length = from.below(64);
                echo = from.bytes(length).to_vec();
                number = None;
            }
        }
        if raw && !v6 {
            let words = 5 + from.below(11);
            let mut header = vec![0; words * 4];
            header[0] = 0x40 | words as u8;
            // A header that says that it is longer than all that comes.
            if from.once_in(8) {
                header.truncate(from.below(20));
                number = None;
                echo.clear();
            }
            echo = [header, echo].concat();
        }
        heard.extend(number);
        echo
    });
    may_be_shown(&found);
    assert_eq!(asked_for, COUNT);
    let lost = usize::from(COUNT) - heard.len();
    let should = 100 * lost <= loss * usize::from(COUNT);
    assert_eq!(is_good(&found), should, "{lost} lost: {found:?}");
    let told = found.figures.iter().find(|figure| figure.name == "loss");
    let told = told.map(|figure| figure.value);
    assert_eq!(told, Some(100.0 * lost as f64 / f64::from(COUNT)));
}
