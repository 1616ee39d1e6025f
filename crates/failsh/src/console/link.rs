//! The console's end of the control socket: one command after the other, and what comes back.
//!
//! A thread reads what the failsh says; nothing here waits for longer than the failsh lives,
//! and nothing but the end of a command is waited for without a limit. The one who presses
//! Ctrl-C does so on another thread, by a [`Breaker`].

use std::io::{BufRead, BufReader, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::words::{Answer, Hello, Request, Said, Wish, line};

/// How long a failsh may take to say who it is. It does so before anything else, also while a
/// script is busy.
const HELLO_MAX: Duration = Duration::from_secs(5);

/// How long somebody who has pressed Tab waits. Tcl answers at once, unless it is busy.
const WORDS_MAX: Duration = Duration::from_millis(500);

/// The failsh has gone, or does not speak as we do: one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost(pub String);

/// How a command has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Tcl's return code, or [`LEFT`].
    pub code: i32,
    /// Its result, or its error message.
    pub result: String,
    /// `errorInfo` after an error.
    pub info: Option<String>,
}

/// The code of a command that said `exit`; its result is the exit code.
pub const LEFT: i32 = -1;

/// Writes requests; shared with who presses Ctrl-C.
#[derive(Debug, Clone)]
struct Pen {
    stream: Arc<Mutex<UnixStream>>,
    last: Arc<AtomicU64>,
    /// The command that runs; 0: none.
    running: Arc<AtomicU64>,
}

impl Pen {
    fn write(&self, wish: Wish) -> Result<u64, Lost> {
        let id = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        if matches!(wish, Wish::Eval(_)) {
            self.running.store(id, Ordering::Relaxed);
        }
        let text = line(&Request { id, wish });
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        stream.write_all(text.as_bytes()).map_err(|_| gone())?;
        Ok(id)
    }
}

/// Ends the command that runs.
#[derive(Debug, Clone)]
pub struct Breaker(Pen);

impl Breaker {
    /// Says whether there was one.
    pub fn press(&self) -> bool {
        match self.0.running.load(Ordering::Relaxed) {
            0 => false,
            id => self.0.write(Wish::Cancel(id)).is_ok(),
        }
    }
}

/// A failsh at the other end.
#[derive(Debug)]
pub struct Link {
    pen: Pen,
    answers: Receiver<Answer>,
    hung_up: Arc<AtomicBool>,
    /// Who it is.
    pub hello: Hello,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.hung_up.store(true, Ordering::Release);
        let stream = &self.pen.stream;
        let stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
        // The reader has an end of its own: without this the failsh would not notice.
        let _ = stream.shutdown(Shutdown::Both);
    }
}

impl Link {
    /// Waits until the failsh has said who it is. `at_end` is called on another thread when it
    /// has gone before we have.
    pub fn open(stream: UnixStream, at_end: impl FnOnce() + Send + 'static) -> Result<Link, Lost> {
        let failed = |e: std::io::Error| Lost(format!("can not open a console: {e}"));
        let reader = BufReader::new(stream.try_clone().map_err(failed)?);
        let (tell, answers) = mpsc::channel();
        let thread = std::thread::Builder::new().name("answers".to_string());
        let hung_up = Arc::new(AtomicBool::new(false));
        let left = Arc::clone(&hung_up);
        let read = move || {
            let lines = reader.lines().map_while(Result::ok);
            // What a later version says beside is passed over.
            let said = lines.filter_map(|line| serde_json::from_str(&line).ok());
            let heard = said.map(|answer| tell.send(answer));
            heard.take_while(Result::is_ok).for_each(drop);
            drop(tell);
            if !left.load(Ordering::Acquire) {
                at_end();
            }
        };
        thread.spawn(read).map_err(failed)?;
        let pen = Pen {
            stream: Arc::new(Mutex::new(stream)),
            last: Arc::default(),
            running: Arc::default(),
        };
        match answers.recv_timeout(HELLO_MAX) {
            Ok(Answer {
                said: Said::Hello { hello },
                ..
            }) => Ok(Link {
                pen,
                answers,
                hung_up,
                hello,
            }),
            Ok(Answer {
                said: Said::Refused { error },
                ..
            }) => Err(Lost(error)),
            Ok(_) => Err(Lost("who answers there is no failsh".to_string())),
            Err(RecvTimeoutError::Timeout) => Err(Lost("who is there does not answer".to_string())),
            Err(RecvTimeoutError::Disconnected) => Err(gone()),
        }
    }

    /// For who presses Ctrl-C.
    pub fn breaker(&self) -> Breaker {
        Breaker(self.pen.clone())
    }

    /// Runs a command and gives what it writes to `print`.
    pub fn eval(&self, script: &str, mut print: impl FnMut(&str)) -> Result<Ended, Lost> {
        let id = self.pen.write(Wish::Eval(script.to_string()))?;
        let ended = loop {
            let answer = self.answers.recv().map_err(|_| gone())?;
            if answer.id.is_some_and(|other| other != id) {
                continue;
            }
            match answer.said {
                Said::Printed { printed } => print(&printed),
                Said::Ended { code, result, info } => break Ended { code, result, info },
                Said::Refused { error } if answer.id.is_none() => return Err(Lost(error)),
                Said::Refused { error } => {
                    break Ended {
                        code: 1,
                        result: error,
                        info: None,
                    };
                }
                _ => {}
            }
        };
        self.pen.running.store(0, Ordering::Relaxed);
        Ok(ended)
    }

    /// From which byte on the line could go on with which words; none, if that is not known
    /// at once.
    pub fn complete(&self, text: &str) -> (usize, Vec<String>) {
        let none = (text.len(), Vec::new());
        let Ok(id) = self.pen.write(Wish::Complete(text.to_string())) else {
            return none;
        };
        let until = Instant::now() + WORDS_MAX;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.answers.recv_timeout(left) {
                Ok(Answer {
                    id: Some(of),
                    said: Said::Words { from, words },
                }) if of == id => return (from, words),
                Ok(_) => {}
                Err(_) => return none,
            }
        }
    }

    /// Has the failsh stop what it serves, and end. What is left; nothing: all is released.
    pub fn release(&self) -> Result<Vec<String>, Lost> {
        let id = self.pen.write(Wish::Release(true))?;
        loop {
            let answer = self.answers.recv().map_err(|_| gone())?;
            match answer.said {
                Said::Released { released, left } if answer.id == Some(id) => {
                    let unnamed = || vec!["something is left".to_string()];
                    return Ok(match (released, left.is_empty()) {
                        (true, _) => Vec::new(),
                        (false, true) => unnamed(),
                        (false, false) => left,
                    });
                }
                Said::Refused { error } => return Err(Lost(error)),
                _ => {}
            }
        }
    }
}

fn gone() -> Lost {
    Lost("the failsh has gone".to_string())
}
