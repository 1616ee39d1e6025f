//! The file that names the hcs: one in each line, `host` or `host:port`; what follows a `#` is
//! for people.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use fail_cli::{Failure, HostPort, exit};
use fail_client::words;

/// Hosts of one page: each is asked at once, and nobody looks at more.
pub const HOSTS_MAX: usize = 64;

/// Bytes of the file. So many hosts with the longest names are a quarter.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// Reads it.
///
/// # Errors
/// It can not be read, or a line of it is wrong.
pub fn read(path: &Path) -> Result<Vec<HostPort>, Failure> {
    let shown = path.display();
    let mut text = String::new();
    let read = File::open(path).and_then(|file| {
        // One more than it may have, to see that it has too many.
        file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)
    });
    let bytes = read.map_err(|e| {
        let what = format!("can not read the hosts of {shown}: {}", words(&e));
        Failure::new(exit::IOERR, what)
    })?;
    if bytes as u64 > FILE_BYTES_MAX {
        let what = format!("{shown} has more than {FILE_BYTES_MAX} bytes");
        return Err(Failure::new(exit::USAGE, what));
    }
    parse(&text).map_err(|what| Failure::new(exit::USAGE, format!("{shown}:{what}")))
}

/// `3: what is wrong in line 3`.
fn parse(text: &str) -> Result<Vec<HostPort>, String> {
    let mut hosts = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let at = number + 1;
        if hosts.len() == HOSTS_MAX {
            return Err(format!("{at}: more than {HOSTS_MAX} hosts"));
        }
        hosts.push(line.parse().map_err(|why| format!("{at}: {why}"))?);
    }
    match hosts.is_empty() {
        true => Err(" it names no host".to_string()),
        false => Ok(hosts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_host_or_for_people() {
        let text = "# ours\nhosta\n\n  hostb:1900  # the other\n[::1]:7\n";
        let names: Vec<String> = parse(text)
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(names, ["hosta", "hostb:1900", "[::1]:7"]);
        for (text, said) in [
            ("", " it names no host"),
            ("# x\n\n", " it names no host"),
            ("a\n\na b\n", "3: \"a b\" is not a host"),
            ("a:0", "1: \"0\" is not a port; 1 to 65535 are"),
            ("-x\n", "1: \"-x\" is not a host"),
        ] {
            assert_eq!(parse(text).unwrap_err(), said);
        }
        let many = "a\n".repeat(65);
        assert_eq!(parse(&many).unwrap_err(), "65: more than 64 hosts");
    }

    #[test]
    fn a_file_that_has_no_end_is_not_read_to_it() {
        let failure = read(Path::new("/dev/zero")).unwrap_err();
        assert_eq!(failure.code, exit::USAGE);
        let failure = read(Path::new("/nonexistent/hosts")).unwrap_err();
        let said = "can not read the hosts of /nonexistent/hosts: no such file or directory";
        assert_eq!(
            (failure.code, failure.to_string().as_str()),
            (exit::IOERR, said)
        );
    }
}
