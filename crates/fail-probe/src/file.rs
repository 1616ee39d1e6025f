//! Files that checks read: passwords, certificates. Read anew for each check, so that a new one
//! counts at once; on a thread of their own, so that a file that hangs holds up its check only.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use fail_client::words;
use fail_conf::hcfile::Use;
use memchr::memmem;

use crate::{blocking, note, tls};

/// Bytes of a file of passwords.
const SECRET_BYTES_MAX: usize = 4 * 1024;

/// Others may read it, or write to it.
const OTHERS: u32 = 0o006;

/// The whole file, if it has at most so many bytes.
///
/// # Errors
/// It can not be read, in words that fit behind a colon.
pub(crate) async fn read(path: &Path, limit: usize) -> Result<Vec<u8>, String> {
    load(path, limit, false).await
}

/// Why a file can not be used for this, in the sentence of the check or the action that needs it;
/// nothing: it can. For who warns of it before.
pub fn unusable(path: &Path, what: Use) -> Option<String> {
    let secret = || open(path, SECRET_BYTES_MAX, true);
    let read = match what {
        Use::Certificates => tls::trust(path, open(path, tls::CA_BYTES_MAX, false)).map(drop),
        Use::Auth => lines::<1>(PASSWORD, path, secret()).map(drop),
        Use::Login => {
            lines(PASSWORD, path, secret()).and_then(|[line]| user(path, &line).map(drop))
        }
        Use::Bind => lines::<2>(PASSWORD, path, secret()).map(drop),
        Use::Community => lines::<1>(COMMUNITY, path, secret()).map(drop),
    };
    read.err()
}

/// What a file is called whose words are secret.
const PASSWORD: &str = "password file";
const COMMUNITY: &str = "community file";

/// The first `N` lines of a file that nobody else may see. They are text, and from now on hidden
/// in all that the check finds ([`note::hide`]).
///
/// # Errors
/// It can not be read, others can read it as well, or it has fewer lines: in a sentence that
/// names the file and shows nothing of it.
pub(crate) async fn secret<const N: usize>(path: &Path) -> Result<[String; N], String> {
    hidden(PASSWORD, path).await
}

async fn hidden<const N: usize>(kind: &str, path: &Path) -> Result<[String; N], String> {
    let bytes = load(path, SECRET_BYTES_MAX, true).await;
    let lines = lines(kind, path, bytes)?;
    note::hide(lines.iter().cloned());
    Ok(lines)
}

/// The first lines of what was read.
fn lines<const N: usize>(
    kind: &str,
    path: &Path,
    bytes: Result<Vec<u8>, String>,
) -> Result<[String; N], String> {
    let shown = path.display();
    let bytes = bytes.map_err(|why| format!("can not use the {kind} {shown}: {why}"))?;
    let text = String::from_utf8(bytes);
    let text = text.map_err(|_| format!("the {kind} {shown} is not in UTF-8"))?;
    let lines: Vec<String> = text.lines().take(N).map(str::to_string).collect();
    let whole = lines
        .iter()
        .all(|line| !line.is_empty() && !line.chars().any(char::is_control));
    match <[String; N]>::try_from(lines) {
        Ok(lines) if whole => Ok(lines),
        _ if N == 1 => Err(format!("the {kind} {shown} has no first line")),
        _ => Err(format!("the {kind} {shown} does not have {N} lines")),
    }
}

/// The community of a faild: the first line of such a file, or without one that which everybody
/// knows.
///
/// # Errors
/// As those of passwords.
pub async fn community(path: Option<&Path>) -> Result<String, String> {
    match path {
        Some(path) => Ok(hidden::<1>(COMMUNITY, path).await?.concat()),
        None => Ok("public".to_string()),
    }
}

/// What stands for what is secret.
const STARS: &str = "***";

/// A text without these secrets, in whatever case somebody has repeated them: names of hosts come
/// back in small letters.
pub(crate) fn discreet<'a>(text: &str, secrets: impl IntoIterator<Item = &'a String>) -> String {
    let mut text = text.to_string();
    // A short one may be a part of a long one, of which the rest must not be left.
    let mut secrets: Vec<&String> = secrets.into_iter().collect();
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    // A change of case in ASCII leaves all places where they are.
    let mut lower = text.to_ascii_lowercase();
    for secret in secrets.into_iter().filter(|secret| !secret.is_empty()) {
        let small = secret.to_ascii_lowercase();
        if memmem::find(lower.as_bytes(), small.as_bytes()).is_none() {
            continue;
        }
        let mut hidden = String::with_capacity(text.len());
        let mut from = 0;
        for at in memmem::find_iter(lower.as_bytes(), &small) {
            hidden.push_str(&text[from..at]);
            hidden.push_str(STARS);
            from = at + small.len();
        }
        hidden.push_str(&text[from..]);
        text = hidden;
        lower = text.to_ascii_lowercase();
    }
    text
}

/// The user and the password of a file whose first line is `user:password`.
///
/// # Errors
/// As [`secret`].
pub(crate) async fn login(path: &Path) -> Result<(String, String), String> {
    let [line] = secret::<1>(path).await?;
    user(path, &line)
}

fn user(path: &Path, line: &str) -> Result<(String, String), String> {
    let parts = line.split_once(':');
    let (user, password) = parts.ok_or_else(|| {
        let shown = path.display();
        format!("the password file {shown} does not begin with user:password")
    })?;
    Ok((user.to_string(), password.to_string()))
}

async fn load(path: &Path, limit: usize, secret: bool) -> Result<Vec<u8>, String> {
    let path = path.to_path_buf();
    let read = blocking::call(&blocking::FILES, move || open(&path, limit, secret));
    read.await.unwrap_or_else(Err)
}

fn open(path: &Path, limit: usize, secret: bool) -> Result<Vec<u8>, String> {
    // Opened and looked at before it is asked for bytes: a pipe would wait for a writer.
    let kind = std::fs::metadata(path).map_err(|e| words(&e))?;
    if !kind.is_file() {
        return Err("it is not a file".to_string());
    }
    let file = File::open(path).map_err(|e| words(&e))?;
    let mode = file.metadata().map_err(|e| words(&e))?.mode();
    if secret && mode & OTHERS != 0 {
        return Err(format!(
            "others can read or change it (mode {:04o})",
            mode & 0o7777
        ));
    }
    let mut bytes = Vec::new();
    let room = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    file.take(room)
        .read_to_end(&mut bytes)
        .map_err(|e| words(&e))?;
    match bytes.len() > limit {
        true => Err(format!("it has more than {limit} bytes")),
        false => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_is_hidden_in_every_case_and_place() {
        let secrets = ["hunTer2", "", "n", "banana"].map(str::to_string);
        for (text, is) in [
            ("to /hunter2/HUNTER2?x", "to /***/***?x"),
            ("ähunter2ö", "ä***ö"),
            ("huter", "huter"),
            ("a banana", "a ***"),
            ("", ""),
        ] {
            assert_eq!(discreet(text, &secrets), is, "{text}");
        }
    }
}
