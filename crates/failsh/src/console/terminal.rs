//! The console on a terminal: lines are edited, completed and remembered.
//!
//! The terminal is as it was found on every way out: the line editor restores it after each
//! line, and [`Terminal`] does when the failsh goes away while a line is being edited.

use std::cell::Cell;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nix::sys::termios::{SetArg, SpecialCharacterIndices, Termios, tcgetattr, tcsetattr};
use nix::unistd::isatty;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{CompletionType, Config, Editor, Helper};
use rustyline::{highlight::Highlighter, hint::Hinter, validate::Validator};

use super::history::{COMMANDS_MAX, History};
use super::link::{Ended, LEFT, Link, Lost};
use super::whole::is_whole;

/// How the terminal was found.
#[derive(Clone)]
pub struct Terminal(Termios);

impl Terminal {
    /// Nothing: standard input and output are no terminal.
    pub fn found() -> Option<Terminal> {
        if !isatty(io::stdin()).unwrap_or(false) || !io::stdout().is_terminal() {
            return None;
        }
        tcgetattr(io::stdin()).ok().map(Terminal)
    }

    /// Without the key that stops a process: one with a failsh in it is not to be stopped.
    pub fn without_stop(&self) {
        let mut changed = self.0.clone();
        // 0 is no key.
        changed.control_chars[SpecialCharacterIndices::VSUSP as usize] = 0;
        let _ = tcsetattr(io::stdin().as_fd(), SetArg::TCSADRAIN, &changed);
    }

    /// As it was found.
    pub fn restore(&self) {
        let _ = tcsetattr(io::stdin().as_fd(), SetArg::TCSADRAIN, &self.0);
    }
}

/// Columns of the terminal, as the line editor saw it last.
static COLUMNS: AtomicUsize = AtomicUsize::new(80);

/// Where the log goes while somebody types: into lines that are put in above the one with the
/// cursor. (The line editor's own way to print beside it loses keys that come fast.)
pub struct Notes;

impl Write for Notes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut err = io::stderr();
        if !err.is_terminal() || is_dumb() {
            err.write_all(bytes)?;
        } else {
            let columns = COLUMNS.load(Ordering::Relaxed);
            let text = String::from_utf8_lossy(bytes);
            err.write_all(above(text.trim_end(), columns).as_bytes())?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Orders to the terminal that put this text above the line with the cursor. For each line of
/// it: remember the cursor, make sure that there is a line below, put one in here, which moves
/// that of the cursor down, write, and go back to where the cursor is now.
fn above(text: &str, columns: usize) -> String {
    let letters: Vec<char> = text.chars().collect();
    let lines = letters.chunks(columns.max(1));
    let order = |line: &[char]| {
        let line: String = line.iter().collect();
        format!("\x1b7\n\x1b[A\r\x1b[L{line}\x1b8\x1b[B")
    };
    lines.map(order).collect()
}

/// What the line editor asks for.
struct Words {
    link: Rc<Link>,
    /// The lines before this one.
    before: Rc<Cell<String>>,
}

impl Helper for Words {}
impl Highlighter for Words {}
impl Hinter for Words {
    type Hint = String;
}
impl Validator for Words {}

impl Completer for Words {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &rustyline::Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let before = self.before.take();
        let (from, words) = self.link.complete(&format!("{before}{}", &line[..pos]));
        let skipped = before.len();
        self.before.set(before);
        match from.checked_sub(skipped) {
            Some(from) if line.is_char_boundary(from) && from <= pos => Ok((from, words)),
            _ => Ok((pos, Vec::new())),
        }
    }
}

/// Reads, runs and prints until the end. Gives the exit code.
pub fn converse(link: Link) -> Result<u8, Lost> {
    let failed = |e: ReadlineError| Lost(format!("can not edit lines: {e}"));
    let config = Config::builder()
        .auto_add_history(false)
        .completion_type(CompletionType::List)
        .max_history_size(COMMANDS_MAX)
        .map_err(failed)?;
    let mut editor: Editor<Words, DefaultHistory> =
        Editor::with_config(config.build()).map_err(failed)?;
    let history = History::of_user(|name| std::env::var_os(name));
    for command in history.load() {
        let _ = editor.add_history_entry(command);
    }
    let link = Rc::new(link);
    let before = Rc::new(Cell::new(String::new()));
    editor.set_helper(Some(Words {
        link: Rc::clone(&link),
        before: Rc::clone(&before),
    }));
    let name = format!("failsh {}> ", link.hello.host);
    println!(
        "failsh {} of {}: Tab completes, help lists, Ctrl-C interrupts, Ctrl-D leaves",
        link.hello.version, link.hello.host
    );
    loop {
        let Some(command) = read(&mut editor, &name, &before).map_err(failed)? else {
            return Ok(0);
        };
        if command.trim().is_empty() {
            continue;
        }
        if history.add(command.trim_end()) {
            let _ = editor.add_history_entry(command.trim_end());
        }
        let ended = run(&link, &command)?;
        if ended.code == LEFT {
            return Ok(ended.result.parse().unwrap_or(1));
        }
        tell(&ended);
    }
}

/// A whole command; nothing: that was the last one.
fn read(
    editor: &mut Editor<Words, DefaultHistory>,
    prompt: &str,
    before: &Cell<String>,
) -> Result<Option<String>, ReadlineError> {
    let more = format!("{:>1$}", "> ", prompt.len());
    let mut command = String::new();
    loop {
        before.set(command.clone());
        let prompt = if command.is_empty() { prompt } else { &more };
        if let Some((columns, _)) = editor.dimensions() {
            COLUMNS.store(usize::from(columns), Ordering::Relaxed);
        }
        match editor.readline(prompt) {
            Ok(line) => {
                command.push_str(&line);
                command.push('\n');
                if is_whole(&command) {
                    return Ok(Some(command));
                }
            }
            // Ctrl-C: all of it is forgotten.
            Err(ReadlineError::Interrupted | ReadlineError::Signal(_)) => command.clear(),
            Err(ReadlineError::Eof) => return Ok(None),
            Err(other) => return Err(other),
        }
    }
}

fn run(link: &Link, command: &str) -> Result<Ended, Lost> {
    let mut open_line = false;
    let ended = link.eval(command, |text| {
        open_line = !text.ends_with('\n');
        print!("{text}");
        let _ = io::stdout().flush();
    });
    if open_line {
        println!();
    }
    ended
}

fn tell(ended: &Ended) {
    let text = ended.result.as_str();
    match ended.code {
        0 | 2 if text.is_empty() => {}
        0 | 2 => println!("{text}"),
        _ if is_coloured() => println!("\x1b[31m{text}\x1b[0m"),
        _ => println!("{text}"),
    }
}

fn set(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

fn is_dumb() -> bool {
    set("TERM").is_none_or(|term| term == "dumb")
}

fn is_coloured() -> bool {
    set("NO_COLOR").is_none() && !is_dumb()
}
