//! What stands behind `exec`: Tcl's syntax, read into a [`Pipeline`].
//!
//! Options, `|`, `|&`, `&`, all redirections to and from files, and `<<` are Tcl's, and so is
//! `~` in the names of programs and files. Of open channels (`@`) only the standard ones have
//! a meaning across two threads; others are refused in words. A file that several programs
//! write to stands at each of them: whoever runs the pipeline opens it once. No shell, no
//! globbing, no file is touched here.

use fail_core::exec::{Errors, Given, Input, Output, Pipeline, Stage};

use crate::tcl::TclError;

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
}

/// What Tcl makes of a name of a file that begins with `~`.
pub(super) type Home<'a> = &'a dyn Fn(&str) -> Result<String, TclError>;

/// What is wrong, with Tcl's `errorCode` for it.
fn wrong(sentence: impl Into<String>, code: &str) -> TclError {
    TclError::new(sentence).code(&["TCL", "OPERATION", "EXEC", code])
}

fn no_program() -> TclError {
    wrong("illegal use of | or |& in command", PIPE)
}

const PIPE: &str = "PIPESYNTAX";
const FILE: &str = "SYNTAX";

/// Reads the words behind `exec`; or says what is wrong with them, in Tcl's words.
pub(super) fn parse(words: &[String], home: Home<'_>) -> Result<Exec, TclError> {
    let mut how = How::default();
    let mut rest = words;
    while let [option, more @ ..] = rest {
        match option.as_str() {
            "-ignorestderr" => how.ignore_stderr = true,
            "-keepnewline" => how.keep_newline = true,
            "--" => {}
            other if other.starts_with('-') => {
                let choices = ["-ignorestderr", "-keepnewline", "--"];
                let code = ["TCL", "LOOKUP", "INDEX", "option", other];
                return Err(TclError::bad("option", other, &choices).code(&code));
            }
            _ => break,
        }
        rest = more;
        if option == "--" {
            break;
        }
    }
    if rest.is_empty() {
        return Err(TclError::usage("exec ?-option ...? arg ?arg ...?"));
    }
    let background = rest.last().is_some_and(|last| last == "&");
    if background {
        rest = &rest[..rest.len() - 1];
    }
    let mut line = Line {
        home,
        stages: Vec::new(),
        argv: Vec::new(),
        stdin: None,
        stdout: None,
        stderr: None,
        dangling: false,
    };
    while let [word, more @ ..] = rest {
        rest = more;
        line.take(word, &mut rest)?;
    }
    line.finish(how, background)
}

/// A word that the system can be given. It would end at a NUL.
pub(super) fn without_nul(word: &str) -> Result<String, TclError> {
    match word.contains('\0') {
        false => Ok(word.to_string()),
        true => Err(TclError::new(format!(
            "no program can be given the word \"{}\", which contains a NUL",
            word.replace('\0', "\\0")
        ))),
    }
}

/// A command line while it is being read.
struct Line<'a> {
    home: Home<'a>,
    /// Programs before the current one, and whether each ends in `|&`.
    stages: Vec<(Vec<String>, bool)>,
    argv: Vec<String>,
    stdin: Option<Input>,
    stdout: Option<Output>,
    stderr: Option<Stderr>,
    /// The last word began with `|`. That is a word like others, and none to end with.
    dangling: bool,
}

/// Where the standard error of all programs goes.
enum Stderr {
    /// `2>`, `2>>`.
    File { path: String, append: bool },
    /// `2>@stdout`, `2>@stderr`.
    Ours,
    /// `2>@1`, `>&`, `>>&`: where the output of the last one goes.
    Output,
}

impl Line<'_> {
    /// Takes one word in, and the next as well if that belongs to it.
    fn take(&mut self, word: &str, next: &mut &[String]) -> Result<(), TclError> {
        match word {
            "|" | "|&" => {
                if self.argv.is_empty() || self.dangling || next.is_empty() {
                    return Err(no_program());
                }
                let argv = std::mem::take(&mut self.argv);
                self.stages.push((argv, word == "|&"));
                return Ok(());
            }
            "2>@1" => {
                if !next.is_empty() {
                    return Err(wrong("must specify \"2>@1\" as last word in command", PIPE));
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
            let word = match self.argv.is_empty() {
                true => self.name(word)?,
                false => without_nul(word)?,
            };
            self.dangling = word.starts_with('|');
            self.argv.push(word);
            return Ok(());
        };
        let channel = rest.strip_prefix('@').filter(|_| sign != "<<");
        let rest = channel.unwrap_or(rest);
        let target = match (rest, *next) {
            ("", []) => {
                let code = if sign == "<<" { PIPE } else { FILE };
                let said = format!("can't specify \"{word}\" as last word in command");
                return Err(wrong(said, code));
            }
            ("", [target, more @ ..]) => {
                *next = more;
                target.clone()
            }
            (target, _) => target.to_string(),
        };
        if channel.is_some() {
            return self.take_channel(sign, &target);
        }
        match sign {
            "<<" => self.stdin = Some(Input::Bytes(target.into_bytes())),
            "<" => self.stdin = Some(Input::File(self.name(&target)?)),
            "2>" | "2>>" => {
                self.stderr = Some(Stderr::File {
                    path: self.name(&target)?,
                    append: sign == "2>>",
                });
            }
            _ => {
                self.stdout = Some(Output::File {
                    path: self.name(&target)?,
                    append: sign.starts_with(">>"),
                });
                if sign.ends_with('&') {
                    self.stderr = Some(Stderr::Output);
                }
            }
        }
        Ok(())
    }

    fn take_channel(&mut self, sign: &str, channel: &str) -> Result<(), TclError> {
        match (sign, channel) {
            ("<", "stdin") => self.stdin = Some(Input::Null),
            (">" | ">&", "stdout" | "stderr") => {
                self.stdout = Some(Output::Ours);
                if sign == ">&" {
                    self.stderr = Some(Stderr::Output);
                }
            }
            ("2>", "stdout" | "stderr") => self.stderr = Some(Stderr::Ours),
            _ => {
                return Err(TclError::new(format!(
                    "exec: \"{sign}@\" can only name a standard channel in a failover script, not \
                     \"{channel}\": use a file, or the result of exec"
                )));
            }
        }
        Ok(())
    }

    /// The name of a program or a file.
    fn name(&self, word: &str) -> Result<String, TclError> {
        let word = without_nul(word)?;
        match word.starts_with('~') {
            true => (self.home)(&word),
            false => Ok(word),
        }
    }

    fn finish(mut self, how: How, background: bool) -> Result<Exec, TclError> {
        if self.argv.is_empty() || self.dangling {
            return Err(no_program());
        }
        let argv = std::mem::take(&mut self.argv);
        self.stages.push((argv, false));
        let stages = std::mem::take(&mut self.stages)
            .into_iter()
            .map(|(argv, merge)| Stage {
                argv,
                stderr: self.stderr_of(merge),
            })
            .collect();
        Ok(Exec {
            pipeline: Pipeline {
                stages,
                stdin: self.stdin.unwrap_or(Input::Null),
                stdout: self.stdout.unwrap_or(Output::Collect),
                background,
                given: Given::default(),
            },
            how,
        })
    }

    fn stderr_of(&self, merge: bool) -> Errors {
        match &self.stderr {
            _ if merge => Errors::Merge,
            None => Errors::Collect,
            Some(Stderr::Ours) => Errors::Ours,
            Some(Stderr::Output) => Errors::Output,
            Some(Stderr::File { path, append }) => Errors::File {
                path: path.clone(),
                append: *append,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Exec, String> {
        let words: Vec<String> = line.split(' ').map(String::from).collect();
        parse(&words, &|name| match name {
            "~nobody" => Err(TclError::new("there is no nobody")),
            name => Ok(name.replacen('~', "/home", 1)),
        })
        .map_err(|e| e.message)
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
                vec![stage("a", Errors::Output), stage("b", Errors::Output)],
                Input::Null,
                into("o", false),
            ),
            (
                "a >>&o",
                vec![stage("a", Errors::Output)],
                Input::Null,
                into("o", true),
            ),
            (
                "a | b 2>@1",
                vec![stage("a", Errors::Output), stage("b", Errors::Output)],
                Input::Null,
                Output::Collect,
            ),
            (
                "a b &",
                vec![stage("a b", Collect)],
                Input::Null,
                Output::Collect,
            ),
            (
                "a & b",
                vec![stage("a & b", Collect)],
                Input::Null,
                Output::Collect,
            ),
            (
                "~/a ~/b < ~/x > ~/y",
                vec![stage("/home/a ~/b", Collect)],
                from("/home/x"),
                into("/home/y", false),
            ),
            (
                "a <<~x | ~b 2> ~",
                vec![
                    stage("a", file("/home", false)),
                    stage("/homeb", file("/home", false)),
                ],
                text("~x"),
                Output::Collect,
            ),
            (
                "a <@ stdin >@stdout 2>@ stderr",
                vec![stage("a", Errors::Ours)],
                Input::Null,
                Output::Ours,
            ),
            (
                "a | b >&@stdout",
                vec![stage("a", Errors::Output), stage("b", Errors::Output)],
                Input::Null,
                Output::Ours,
            ),
            (
                "a <<x\0y",
                vec![stage("a", Collect)],
                text("x\0y"),
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
                background: line.ends_with(" &"),
                given: Given::default(),
            };
            assert_eq!(read(line).map(|exec| exec.pipeline), Ok(pipeline), "{line}");
        }
        let how = read("-ignorestderr -keepnewline a 2>@1").unwrap().how;
        assert_eq!(
            how,
            How {
                ignore_stderr: true,
                keep_newline: true,
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
            ("a |b", "illegal use of | or |& in command"),
            ("a |b | c", "illegal use of | or |& in command"),
            ("a | > x", "illegal use of | or |& in command"),
            ("a >", "can't specify \">\" as last word in command"),
            ("a <<", "can't specify \"<<\" as last word in command"),
            ("> x", "illegal use of | or |& in command"),
            ("a 2>@1 b", "must specify \"2>@1\" as last word in command"),
            ("&", "illegal use of | or |& in command"),
            (
                "a >@ f",
                "exec: \">@\" can only name a standard channel in a failover script, not \"f\": use \
                 a file, or the result of exec",
            ),
            (
                "a <@f",
                "exec: \"<@\" can only name a standard channel in a failover script, not \"f\": use \
                 a file, or the result of exec",
            ),
            ("~nobody", "there is no nobody"),
            ("a > ~nobody", "there is no nobody"),
            (
                "a\0",
                "no program can be given the word \"a\\0\", which contains a NUL",
            ),
        ] {
            assert_eq!(read(line), Err(problem.to_string()), "{line}");
        }
    }
}
