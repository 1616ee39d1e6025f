//! Strings between Rust and Tcl.
//!
//! Tcl's internal strings are almost UTF-8: NUL is the two bytes C0 80, and Tcl 8.6 holds a
//! character beyond U+FFFF as two surrogates of three bytes each. Both ways keep every
//! character; a lone surrogate, which has no place in a Rust string, becomes U+FFFD.

use std::borrow::Cow;

use crate::ffi;

/// As Tcl wants it.
pub(crate) fn encode(text: &str) -> Cow<'_, [u8]> {
    let special = |c: char| c == '\0' || (ffi::SURROGATES && c > '\u{ffff}');
    if !text.contains(special) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut bytes = Vec::with_capacity(text.len() + 8);
    for c in text.chars() {
        if c == '\0' {
            bytes.extend([0xC0, 0x80]);
        } else if special(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let [high, low] = unit.to_be_bytes();
                bytes.extend([
                    0xE0 | high >> 4,
                    0x80 | (high & 0x0F) << 2 | low >> 6,
                    0x80 | low & 0x3F,
                ]);
            }
        } else {
            bytes.extend(c.encode_utf8(&mut [0; 4]).bytes());
        }
    }
    Cow::Owned(bytes)
}

/// From what Tcl gave.
pub(crate) fn decode(bytes: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_string();
    }
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(&first) = rest.first() {
        let (c, length) = match *rest {
            [0xC0, 0x80, ..] => ('\0', 2),
            [0xED, a @ 0xA0..=0xAF, b, 0xED, c @ 0xB0..=0xBF, d, ..] => (pair([a, b, c, d]), 6),
            [0xED, 0xA0..=0xBF, _, ..] => (char::REPLACEMENT_CHARACTER, 3),
            _ => {
                plain.push(first);
                rest = &rest[1..];
                continue;
            }
        };
        plain.extend(c.encode_utf8(&mut [0; 4]).bytes());
        rest = &rest[length..];
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// The character of two surrogates, from the bytes of both that hold its bits.
fn pair([a, b, c, d]: [u8; 4]) -> char {
    let bits = |byte: u8, mask: u8| u32::from(byte & mask);
    let high = bits(a, 0x0F) << 6 | bits(b, 0x3F);
    let low = bits(c, 0x0F) << 6 | bits(d, 0x3F);
    char::from_u32(0x1_0000 + (high << 10 | low)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_comes_back() {
        for text in [
            "",
            "plain",
            "é€",
            "a\0b",
            "\u{1F600}",
            "x\u{10FFFF}\0\u{10000}y",
            "\u{ffff}",
        ] {
            assert_eq!(decode(&encode(text)), text);
        }
    }

    #[test]
    fn broken_strings_are_mended() {
        assert_eq!(decode(b"a\xED\xA0\x80b"), "a\u{FFFD}b");
        assert_eq!(decode(b"a\xFFb"), "a\u{FFFD}b");
        assert_eq!(decode(b"\xED\xA0"), "\u{FFFD}\u{FFFD}");
        assert_eq!(decode("\u{1F600}\0".as_bytes()), "\u{1F600}\0");
    }
}
