//! Lines of the Hcfile as everybody may see them who can reach the monitor: what may be a secret
//! in a header, a body, a query or the address of a webhook is left out.

/// Values that are left out.
const SECRET: [&str; 3] = ["header=", "body=", "send="];

/// What stands in their place.
const LEFT_OUT: &str = "...";

/// A line of a check.
pub fn check(line: &str) -> String {
    words(line, |word| {
        let secret = SECRET.iter().find(|key| word.starts_with(**key));
        match (secret, word.split_once('?')) {
            (Some(key), _) => format!("{key}{LEFT_OUT}"),
            (None, Some((url, _))) if is_url(word) => format!("{url}?{LEFT_OUT}"),
            (None, _) => word.to_string(),
        }
    })
}

/// A line of actions. The path of a webhook often is its password.
pub fn action(line: &str) -> String {
    let is_webhook = line.split(' ').nth(2) == Some("webhook");
    words(line, |word| {
        let start = word.find("://").map(|at| at + 3).filter(|_| is_webhook);
        let path = start.and_then(|start| Some(start + word[start..].find('/')?));
        match path {
            Some(path) => format!("{}/{LEFT_OUT}", &word[..path]),
            None => word.to_string(),
        }
    })
}

fn is_url(word: &str) -> bool {
    word.trim_start_matches(['"', '\'']).starts_with("http")
}

/// The words of a line, each replaced. Quotes belong to the word in which they stand.
fn words(line: &str, replace: impl Fn(&str) -> String) -> String {
    let mut words = Vec::new();
    let mut begin = 0;
    let mut quote = None;
    let mut escaped = false;
    for (at, letter) in line.char_indices() {
        match (quote, letter) {
            _ if escaped => escaped = false,
            (Some('"'), '\\') => escaped = true,
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            (None, ' ') => {
                words.push(replace(&line[begin..at]));
                begin = at + 1;
            }
            _ => {}
        }
    }
    words.push(replace(&line[begin..]));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        for (line, shown) in [
            (
                "http https://www/x?key=1 header=\"A: b c\" status=200 auth=/etc/x",
                "http https://www/x?... header=... status=200 auth=/etc/x",
            ),
            (
                "http \"http://www/a b?c d\" body='p q'",
                "http \"http://www/a b?... body=...",
            ),
            (
                "tcp h:1 send=\"a \\\" b\" expect=x",
                "tcp h:1 send=... expect=x",
            ),
            ("exec test -e a?b", "exec test -e a?b"),
        ] {
            assert_eq!(check(line), shown);
        }
        for (line, shown) in [
            (
                "on down webhook https://hooks.example.org/T0/B0/xyz every=1m",
                "on down webhook https://hooks.example.org/... every=1m",
            ),
            (
                "on down,up mail a@b smtp=h:25",
                "on down,up mail a@b smtp=h:25",
            ),
        ] {
            assert_eq!(action(line), shown);
        }
    }
}
