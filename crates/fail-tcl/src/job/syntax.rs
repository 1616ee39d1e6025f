//! What stands behind `exec`: Tcl's syntax, read into a [`Pipeline`].
//!
//! Options, `|`, `|&`, all redirections to and from files, and `<<` are Tcl's. Programs in
//! the background (`&`) and open channels (`@`) have no meaning across two threads and are
//! refused in words. A file that several programs write to stands at each of them: whoever
//! runs the pipeline opens it once. No shell, no globbing, no file is touched here.

use fail_core::exec::{Errors, Input, Output, Pipeline, Stage};

/// A command line of `exec`, read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Exec {
    pub(super) pipeline: Pipeline,
    pub(super) how: How,
}

/// How its answer is put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct How {
    /// `-ignorestderr`: what comes on the standard error is no error.
    pub(super) ignore_stderr: bool,
    /// `-keepnewline`: the last newline of the output stays.
    pub(super) keep_newline: bool,
    /// `2>@1`: what comes on the standard error is output.
    pub(super) errors_are_output: bool,
}

/// Reads the words behind `exec`; or says what is wrong with them, in Tcl's words.
pub(super) fn parse(words: &[String]) -> Result<Exec, String> {
    let mut how = How::default();
    let mut rest = words;
    while let [option, more @ ..] = rest {
        match option.as_str() {
            "-ignorestderr" => how.ignore_stderr = true,
            "-keepnewline" => how.keep_newline = true,
            "--" => {}
            other if other.starts_with('-') => {
                return Err(format!(
                    "bad option \"{other}\": must be -ignorestderr, -keepnewline, or --"
                ));
            }
            _ => break,
        }
        rest = more;
        if option == "--" {
            break;
        }
    }
    if rest.is_empty() {
        return Err("wrong # args: should be \"exec ?-option ...? arg ?arg ...?\"".to_string());
    }
    if let Some(word) = rest.iter().find(|word| word.contains('\0')) {
        let word = word.replace('\0', "\\0");
        return Err(format!(
            "no program can be given the word \"{word}\", which contains a NUL"
        ));
    }
    if rest.last().is_some_and(|last| last == "&") {
        return unsupported("&", "a program in the background");
    }
    let mut line = Line::default();
    while let [word, more @ ..] = rest {
        rest = more;
        line.take(word, &mut rest)?;
    }
    line.finish(how)
}

/// A command line while it is being read.
#[derive(Default)]
struct Line {
    /// Programs before the current one, and whether each ends in `|&`.
    stages: Vec<(Vec<String>, bool)>,
    argv: Vec<String>,
    stdin: Option<Input>,
    stdout: Option<(String, bool)>,
    stderr: Option<Stderr>,
}

/// Where the standard error of all programs goes.
enum Stderr {
    /// `2>`, `2>>`.
    File { path: String, append: bool },
    /// `2>@1`, `>&`, `>>&`: where the output of the last one goes.
    Output,
}

impl Line {
    /// Takes one word in, and the next as well if that belongs to it.
    fn take(&mut self, word: &str, next: &mut &[String]) -> Result<(), String> {
        match word {
            "|" | "|&" => {
                if self.argv.is_empty() || next.is_empty() {
                    return Err("illegal use of | or |& in command".to_string());
                }
                let argv = std::mem::take(&mut self.argv);
                self.stages.push((argv, word == "|&"));
                return Ok(());
            }
            "2>@1" => {
                if !next.is_empty() {
                    return Err("must specify \"2>@1\" as last word in command".to_string());
                }
                self.stderr = Some(Stderr::Output);
                return Ok(());
            }
            _ => {}
        }
        // The longer sign first, where one begins like another.
        let signs = ["<<", "<", ">>&", ">>", ">&", ">", "2>>", "2>"];
        let Some((sign, rest)) = signs
            .iter()
            .find_map(|sign| Some((*sign, word.strip_prefix(sign)?)))
        else {
            self.argv.push(word.to_string());
            return Ok(());
        };
        if sign != "<<" && rest.starts_with('@') {
            return unsupported(&format!("{sign}@"), "an open channel");
        }
        let target = match (rest, *next) {
            ("", []) => return Err(format!("can't specify \"{word}\" as last word in command")),
            ("", [target, more @ ..]) => {
                *next = more;
                target.clone()
            }
            (target, _) => target.to_string(),
        };
        match sign {
            "<<" => self.stdin = Some(Input::Bytes(target.into_bytes())),
            "<" => self.stdin = Some(Input::File(target)),
            "2>" | "2>>" => {
                let append = sign == "2>>";
                self.stderr = Some(Stderr::File {
                    path: target,
                    append,
                });
            }
            _ => {
                self.stdout = Some((target, sign.starts_with(">>")));
                if sign.ends_with('&') {
                    self.stderr = Some(Stderr::Output);
                }
            }
        }
        Ok(())
    }

    fn finish(mut self, mut how: How) -> Result<Exec, String> {
        if self.argv.is_empty() {
            return Err("illegal use of | or |& in command".to_string());
        }
        let argv = std::mem::take(&mut self.argv);
        self.stages.push((argv, false));
        let last = self.stages.len() - 1;
        let stages = std::mem::take(&mut self.stages)
            .into_iter()
            .enumerate()
            .map(|(i, (argv, merge))| Stage {
                argv,
                stderr: self.stderr_of(merge, i == last),
            })
            .collect();
        let to_output = matches!(self.stderr, Some(Stderr::Output));
        how.errors_are_output = to_output && self.stdout.is_none();
        let stdout = match self.stdout {
            None => Output::Collect,
            Some((path, append)) => Output::File { path, append },
        };
        Ok(Exec {
            pipeline: Pipeline {
                stages,
                stdin: self.stdin.unwrap_or(Input::Null),
                stdout,
            },
            how,
        })
    }

    fn stderr_of(&self, merge: bool, last: bool) -> Errors {
        match (&self.stderr, &self.stdout) {
            _ if merge => Errors::Merge,
            (None, _) => Errors::Collect,
            (Some(Stderr::File { path, append }), _) => Errors::File {
                path: path.clone(),
                append: *append,
            },
            (Some(Stderr::Output), _) if last => Errors::Merge,
            (Some(Stderr::Output), Some((path, append))) => Errors::File {
                path: path.clone(),
                append: *append,
            },
            (Some(Stderr::Output), None) => Errors::Collect,
        }
    }
}

fn unsupported<T>(sign: &str, what: &str) -> Result<T, String> {
    Err(format!(
        "exec: \"{sign}\" ({what}) is not supported in a failover script"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Exec, String> {
        let words: Vec<String> = line.split(' ').map(String::from).collect();
        parse(&words)
    }

    fn stage(argv: &str, stderr: Errors) -> Stage {
        let argv = argv.split(' ').map(String::from).collect();
        Stage { argv, stderr }
    }

    fn file(path: &str, append: bool) -> Errors {
        let path = path.to_string();
        Errors::File { path, append }
    }

    #[test]
    fn every_sign_of_the_syntax_is_read() {
        use Errors::{Collect, Merge};
        let into = |path: &str, append| {
            let path = path.to_string();
            Output::File { path, append }
        };
        let text = |t: &str| Input::Bytes(t.as_bytes().to_vec());
        let from = |path: &str| Input::File(path.to_string());
        for (line, stages, stdin, stdout) in [
            (
                "a b",
                vec![stage("a b", Collect)],
                Input::Null,
                Output::Collect,
            ),
            (
                "-- -a",
                vec![stage("-a", Collect)],
                Input::Null,
                Output::Collect,
            ),
            (
                "a | b |& c",
                vec![stage("a", Collect), stage("b", Merge), stage("c", Collect)],
                Input::Null,
                Output::Collect,
            ),
            (
                "a < x > y",
                vec![stage("a", Collect)],
                from("x"),
                into("y", false),
            ),
            (
                "a <x >>y b",
                vec![stage("a b", Collect)],
                from("x"),
                into("y", true),
            ),
            (
                "< x a",
                vec![stage("a", Collect)],
                from("x"),
                Output::Collect,
            ),
            (
                "a << t",
                vec![stage("a", Collect)],
                text("t"),
                Output::Collect,
            ),
            (
                "a <<t",
                vec![stage("a", Collect)],
                text("t"),
                Output::Collect,
            ),
            (
                "a <<@t",
                vec![stage("a", Collect)],
                text("@t"),
                Output::Collect,
            ),
            (
                "a 2> e | b",
                vec![stage("a", file("e", false)), stage("b", file("e", false))],
                Input::Null,
                Output::Collect,
            ),
            (
                "a 2>>e",
                vec![stage("a", file("e", true))],
                Input::Null,
                Output::Collect,
            ),
            (
                "a | b >& o",
                vec![stage("a", file("o", false)), stage("b", Merge)],
                Input::Null,
                into("o", false),
            ),
            (
                "a >>&o",
                vec![stage("a", Merge)],
                Input::Null,
                into("o", true),
            ),
            (
                "a | b 2>@1",
                vec![stage("a", Collect), stage("b", Merge)],
                Input::Null,
                Output::Collect,
            ),
            (
                "2 |x &y 2x",
                vec![stage("2 |x &y 2x", Collect)],
                Input::Null,
                Output::Collect,
            ),
        ] {
            let pipeline = Pipeline {
                stages,
                stdin,
                stdout,
            };
            assert_eq!(read(line).map(|exec| exec.pipeline), Ok(pipeline), "{line}");
        }
        let how = read("-ignorestderr -keepnewline a 2>@1").unwrap().how;
        assert_eq!(
            how,
            How {
                ignore_stderr: true,
                keep_newline: true,
                errors_are_output: true
            }
        );
    }

    #[test]
    fn what_is_wrong_is_said_in_tcls_words() {
        for (line, problem) in [
            (
                "-foo a",
                "bad option \"-foo\": must be -ignorestderr, -keepnewline, or --",
            ),
            (
                "--",
                "wrong # args: should be \"exec ?-option ...? arg ?arg ...?\"",
            ),
            ("| a", "illegal use of | or |& in command"),
            ("a |", "illegal use of | or |& in command"),
            ("a | | b", "illegal use of | or |& in command"),
            ("a | > x", "illegal use of | or |& in command"),
            ("a >", "can't specify \">\" as last word in command"),
            ("a <<", "can't specify \"<<\" as last word in command"),
            ("> x", "illegal use of | or |& in command"),
            ("a 2>@1 b", "must specify \"2>@1\" as last word in command"),
            (
                "a &",
                "exec: \"&\" (a program in the background) is not supported in a failover script",
            ),
            (
                "a >@stdout",
                "exec: \">@\" (an open channel) is not supported in a failover script",
            ),
            (
                "a <@ f",
                "exec: \"<@\" (an open channel) is not supported in a failover script",
            ),
            (
                "a >&@ f",
                "exec: \">&@\" (an open channel) is not supported in a failover script",
            ),
            (
                "a\0",
                "no program can be given the word \"a\\0\", which contains a NUL",
            ),
        ] {
            assert_eq!(read(line), Err(problem.to_string()), "{line}");
        }
    }
}
