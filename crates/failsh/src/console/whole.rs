//! Whether what was typed so far is a whole command of Tcl, or goes on in the next line.
//!
//! The rules are those of `info complete`, by which `tclsh` goes, without asking a Tcl that may
//! be busy: braces, brackets and quotes are closed, and the last line does not end in a
//! backslash. A mistake that no further line can mend counts as whole, so that it is told.

/// Whether `text`, which ends with a newline, needs no more lines.
pub fn is_whole(text: &str) -> bool {
    let mut scan = Scan {
        bytes: text.as_bytes(),
        at: 0,
    };
    while scan.at < scan.bytes.len() {
        match scan.command(false) {
            Ok(()) => {}
            Err(Stop::Open) => return false,
            Err(Stop::Wrong) => return true,
        }
    }
    true
}

/// Why the scan does not go on.
enum Stop {
    /// Something is still open at the end.
    Open,
    /// It can not become right.
    Wrong,
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next_is(&self, byte: u8) -> bool {
        self.bytes.get(self.at + 1) == Some(&byte)
    }

    /// Blanks, and lines that go on after a backslash.
    fn blanks(&mut self) -> Result<(), Stop> {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | 0x0b | 0x0c | b'\r') => self.at += 1,
                Some(b'\\') if self.next_is(b'\n') => {
                    self.at += 2;
                    if self.at >= self.bytes.len() {
                        return Err(Stop::Open);
                    }
                }
                _ => return Ok(()),
            }
        }
    }

    /// One command, with what is before it and the separator behind it; a nested one ends
    /// before its bracket.
    fn command(&mut self, nested: bool) -> Result<(), Stop> {
        loop {
            self.blanks()?;
            match self.peek() {
                Some(b'\n' | b';') => self.at += 1,
                Some(b'#') => self.comment()?,
                _ => break,
            }
        }
        loop {
            self.blanks()?;
            match self.peek() {
                None => return Ok(()),
                Some(b']') if nested => return Ok(()),
                Some(b'\n' | b';') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(_) => self.word(nested)?,
            }
        }
    }

    fn comment(&mut self) -> Result<(), Stop> {
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' if self.next_is(b'\n') && self.at + 2 >= self.bytes.len() => {
                    return Err(Stop::Open);
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        Ok(())
    }

    fn word(&mut self, nested: bool) -> Result<(), Stop> {
        let rest = &self.bytes[self.at..];
        let expands = rest.starts_with(b"{*}")
            && rest
                .get(3)
                .is_some_and(|b| !(b" \t\x0b\x0c\r\n;".contains(b) || nested && *b == b']'));
        if expands && !rest[3..].starts_with(b"\\\n") {
            self.at += 3;
        }
        match self.peek() {
            Some(b'{') => self.braces()?,
            Some(b'"') => {
                self.at += 1;
                self.tokens(|byte| byte == b'"')?;
                if self.peek().is_none() {
                    return Err(Stop::Open);
                }
                self.at += 1;
            }
            _ => {
                let ends = |byte| b" \t\x0b\x0c\r\n;".contains(&byte) || nested && byte == b']';
                return self.tokens(ends);
            }
        }
        match self.peek() {
            None | Some(b' ' | b'\t' | 0x0b | 0x0c | b'\r' | b'\n' | b';') => Ok(()),
            Some(b']') if nested => Ok(()),
            Some(b'\\') if self.next_is(b'\n') => Ok(()),
            Some(_) => Err(Stop::Wrong),
        }
    }

    /// From a brace to behind its partner.
    fn braces(&mut self) -> Result<(), Stop> {
        let mut depth = 0;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'{' => depth += 1,
                b'}' if depth == 1 => return Ok(()),
                b'}' => depth -= 1,
                b'\\' => self.at += 1,
                _ => {}
            }
        }
        Err(Stop::Open)
    }

    /// Up to the byte that ends it, or the end of the text.
    fn tokens(&mut self, ends: impl Fn(u8) -> bool) -> Result<(), Stop> {
        while let Some(byte) = self.peek() {
            match byte {
                byte if ends(byte) => return Ok(()),
                b'\\' if self.next_is(b'\n') && ends(b' ') => return Ok(()),
                b'\\' => self.at += 2,
                b'[' => self.brackets()?,
                b'$' => self.variable()?,
                _ => self.at += 1,
            }
        }
        Ok(())
    }

    /// From a bracket to behind its partner.
    fn brackets(&mut self) -> Result<(), Stop> {
        self.at += 1;
        loop {
            self.command(true)?;
            match self.peek() {
                None => return Err(Stop::Open),
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(_) => {}
            }
        }
    }

    /// `$name`, `${name}`, `$name(index)`, or just a dollar.
    fn variable(&mut self) -> Result<(), Stop> {
        self.at += 1;
        if self.peek() == Some(b'{') {
            let rest = &self.bytes[self.at..];
            let Some(end) = rest.iter().position(|byte| *byte == b'}') else {
                return Err(Stop::Open);
            };
            self.at += end + 1;
            return Ok(());
        }
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        loop {
            match self.peek() {
                Some(byte) if is_name(byte) => self.at += 1,
                Some(b':') if self.next_is(b':') => {
                    while self.peek() == Some(b':') {
                        self.at += 1;
                    }
                }
                _ => break,
            }
        }
        if self.peek() == Some(b'(') {
            self.at += 1;
            self.tokens(|byte| byte == b')')?;
            if self.peek().is_none() {
                return Err(Stop::Open);
            }
            self.at += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that can not go on fails")]
mod tests {
    use super::*;
    use std::io::Write;
    use std::process::{Command, Stdio};

    #[test]
    fn a_command_is_whole_when_nothing_is_open() {
        for text in [
            "",
            "set a b",
            "# it's {",
            "set a {b {c}}",
            "set a \"b $c [d]\"",
            "set a \\{",
            "set a }",
            "set a \"b\"c",
            "set a $",
            "set a ${b}(",
            "a; b",
            "foo {*}$x {*}[y]",
            "proc p {} {\n return 1\n}",
        ] {
            assert!(is_whole(&format!("{text}\n")), "{text}");
        }
        for text in [
            "set a {",
            "set a \"",
            "set a [b",
            "set a \\",
            "set a [b {c]",
            "# it \\",
            "set a ${b",
            "set a $b(c",
            "set a {\\}",
            "proc p {} {\n return 1",
            "a {*}{b",
        ] {
            assert!(!is_whole(&format!("{text}\n")), "{text}");
        }
    }

    /// Reads texts, each as the number of its characters and then itself.
    const ORACLE: &str = "fconfigure stdin -encoding utf-8; fconfigure stdout -buffering full\n\
                          while {[gets stdin n] >= 0} {puts [info complete [read stdin $n]]}";

    #[test]
    fn it_is_what_tcl_says() {
        let pieces = [
            "{", "}", "[", "]", "\"", "\\", "\n", " ", ";", "#", "$", "(", ")", "a", "{*}", "::",
        ];
        let (mut seed, mut texts) = (42_u64, Vec::new());
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..12 {
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                let n = usize::try_from(seed >> 40).unwrap();
                text.push_str(pieces[n % pieces.len()]);
            }
            texts.push(text + "\n");
        }
        let file = std::env::temp_dir().join(format!("whole-{}.tcl", std::process::id()));
        std::fs::write(&file, ORACLE).unwrap();
        let mut command = Command::new("tclsh");
        command
            .arg(&file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let Ok(mut tclsh) = command.spawn() else {
            eprintln!("no tclsh here: not tested");
            return;
        };
        let mut stdin = tclsh.stdin.take().unwrap();
        let all: String = texts.iter().map(|t| format!("{}\n{t}", t.len())).collect();
        let writer = std::thread::spawn(move || stdin.write_all(all.as_bytes()).unwrap());
        let said = tclsh.wait_with_output().unwrap().stdout;
        writer.join().unwrap();
        let _ = std::fs::remove_file(&file);
        let said = String::from_utf8(said).unwrap();
        assert_eq!(said.lines().count(), texts.len());
        let wrong: Vec<_> = texts
            .iter()
            .zip(said.lines())
            .filter(|(text, said)| is_whole(text) != (*said == "1"))
            .take(10)
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
