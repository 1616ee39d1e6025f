//! A policy that is rehearsed: its interpreter on the caller's thread, on invented time.
//!
//! The room and the jobs are those of [`crate::start`]; the caller posts the same [`ToTcl`] and
//! gets the same [`FromTcl`], but nothing happens outside of [`Still::turn`], and `after` and
//! `clock` know only the time that is said there. What would change something outside (`exec`
//! while the policy is read, files that are written, sockets) is answered by a function that
//! the caller gives, and not done.
//!
//! Two rehearsals of the same policy that are told the same say the same.

mod timers;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fail_core::exec::{Errors, ExecResult, Given, Input, Output, Pipeline, Stage};

use self::timers::Timers;
use crate::board::Board;
use crate::job::{self, Room};
use crate::limits::{STILL_MOVES_MAX, STILL_TURN_MAX};
use crate::mail::{FromTcl, Mail, Mailbox, ToTcl};
use crate::policy::{self, Loaded, PolicyError, Read, Site};
use crate::tcl::{Interp, Obj, Reply, TclError, serve_ready_events};
use crate::thread::Out;

/// Answers what would be done outside: the words, and what came of them.
pub type Answering = Box<dyn FnMut(&Pipeline) -> ExecResult>;

/// What a rehearsed policy is told of its surroundings.
pub struct Scene<'a> {
    /// What `info hostname` says.
    pub host: &'a str,
    /// The path by which this program was called.
    pub program: &'a str,
    /// What its scripts read from.
    pub board: &'a Board,
    /// Microseconds since 1970 UTC.
    pub now: i64,
    /// From what `rand()` is drawn.
    pub seed: u32,
    /// Who answers what would be done outside, where nobody can wait.
    pub answering: Answering,
}

/// A rehearsed policy.
pub struct Still {
    room: Rc<Room>,
    mailbox: Arc<Mailbox>,
    said: Rc<RefCell<VecDeque<FromTcl>>>,
    inside: Rc<Inside>,
    moves: Cell<u64>,
}

/// What its commands share.
struct Inside {
    /// Microseconds since 1970 UTC.
    now: Cell<i64>,
    timers: RefCell<Timers>,
    answering: RefCell<Answering>,
    host: String,
}

impl Still {
    /// Reads a policy.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn load(read: &[Read], scene: Scene<'_>) -> Result<(Loaded, Still), PolicyError> {
        Still::load_within(STILL_TURN_MAX, read, scene)
    }

    /// The same with another limit on the time that reading takes.
    ///
    /// # Errors
    /// As [`Still::load`].
    pub fn load_within(
        limit: Duration,
        read: &[Read],
        scene: Scene<'_>,
    ) -> Result<(Loaded, Still), PolicyError> {
        let wrong = |error: TclError| PolicyError::without_file(error.message);
        let interp = Interp::new(scene.program).map_err(wrong)?;
        let said: Rc<RefCell<VecDeque<FromTcl>>> = Rc::default();
        let heard = Rc::clone(&said);
        let out: Out = Rc::new(move |message| heard.borrow_mut().push_back(message));
        let site = Rc::new(Site::new(Rc::clone(&out), scene.board.clone()));
        let mailbox = Arc::new(Mailbox::default());
        let room = Room::new(interp, Rc::clone(&site), out, Arc::clone(&mailbox));
        let room = Rc::new(room.with_turn_max(STILL_TURN_MAX));
        let inside = Rc::new(Inside {
            now: Cell::new(scene.now),
            timers: RefCell::default(),
            answering: RefCell::new(scene.answering),
            host: scene.host.to_string(),
        });
        let still = Still {
            room,
            mailbox,
            said,
            inside,
            moves: Cell::new(0),
        };
        Room::furnish(&still.room)?;
        still.furnish(scene.seed).map_err(wrong)?;
        still.room.interp().limit(limit);
        let loaded = policy::load(still.room.interp(), &site, read);
        still.room.interp().unlimited();
        match loaded {
            Ok(loaded) => Ok((loaded, still)),
            Err(error) if error.sentence.starts_with("time limit exceeded") => Err(PolicyError {
                sentence: format!(
                    "reading the policy takes longer than {} seconds: does it go in a circle?",
                    limit.as_secs_f64()
                ),
                ..error
            }),
            Err(error) => Err(error),
        }
    }

    fn furnish(&self, seed: u32) -> Result<(), TclError> {
        let interp = self.room.interp();
        // Tcl's own, compiled, would read the real clock.
        for name in ["clicks", "microseconds", "milliseconds", "seconds"] {
            interp.command(["rename", &format!("::tcl::clock::{name}"), ""])?;
        }
        interp.eval(include_str!("still.tcl"))?;
        let clock = |name: &str, part: i64| {
            let inside = Rc::clone(&self.inside);
            interp.define(name, move |_, _| {
                let now = inside.now.get().div_euclid(part);
                Ok(Obj::text(&now.to_string()))
            });
        };
        clock("::tcl::clock::seconds", 1_000_000);
        clock("::tcl::clock::milliseconds", 1_000);
        clock("::tcl::clock::microseconds", 1);
        let inside = Rc::clone(&self.inside);
        interp.define("::tcl::clock::clicks", move |_, words| {
            let part = match words.first().map(Obj::to_text).as_deref() {
                Some("-milliseconds") => 1_000,
                _ => 1,
            };
            Ok(Obj::text(&inside.now.get().div_euclid(part).to_string()))
        });
        let inside = Rc::clone(&self.inside);
        interp.define("::fail::still::hostname", move |_, _| {
            Ok(Obj::text(&inside.host))
        });
        let inside = Rc::clone(&self.inside);
        interp.define("::fail::tcl::after", move |interp, words| {
            inside.after(interp, words)
        });
        let inside = Rc::clone(&self.inside);
        interp.define("::fail::rehearsed", move |_, words| inside.rehearsed(words));
        let (inside, room) = (Rc::clone(&self.inside), Rc::downgrade(&self.room));
        interp.define("::fail::tcl::exec", move |_, words| {
            let room = room.upgrade();
            let room = room.ok_or_else(|| TclError::new("the rehearsal is over"))?;
            let words: Vec<String> = words.iter().map(Obj::to_text).collect();
            job::exec_at_once(&room, &words, |pipeline| inside.answer(pipeline))
        });
        interp.eval(include_str!("packages.tcl"))?;
        interp.eval(&format!("expr {{srand({seed})}}"))?;
        Ok(())
    }

    /// Posts a message; it is read in the next turn.
    pub fn send(&self, message: ToTcl) {
        self.mailbox.post(Mail::Engine(message));
    }

    /// It is now `now`, in microseconds since 1970 UTC: whatever can go on goes on, until
    /// nothing moves any more, or until it has gone on for so long that the caller should look
    /// whether it ever ends: the rest is left for the next turn. What was said meanwhile, in
    /// order.
    pub fn turn(&self, now: i64) -> Vec<FromTcl> {
        self.inside.now.set(now);
        let began = Instant::now();
        for _ in 0..STILL_MOVES_MAX {
            self.moves.set(self.moves.get() + 1);
            self.room.turn();
            serve_ready_events();
            let due = self.inside.timers.borrow_mut().due(now);
            match due {
                Some(script) => self.fire(&script),
                None if self.mailbox.is_empty() => break,
                None => {}
            }
            if began.elapsed() > STILL_TURN_MAX {
                break;
            }
        }
        self.said.borrow_mut().drain(..).collect()
    }

    /// How often anything has gone on in it.
    pub fn moves(&self) -> u64 {
        self.moves.get()
    }

    /// When the next `after` is due, in microseconds since 1970 UTC.
    pub fn deadline(&self) -> Option<i64> {
        self.inside.timers.borrow().next()
    }

    fn fire(&self, script: &Obj) {
        let interp = self.room.interp();
        interp.limit(STILL_TURN_MAX);
        let words = ["uplevel".into(), "#0".into(), script.clone()];
        if let Err(error) = interp.call(&words) {
            let options = Obj::words(["-errorinfo", &error.info()]);
            let told = [
                "::fail::background".into(),
                Obj::text(&error.message),
                options,
            ];
            // It takes any words.
            let _ = interp.call(&told);
        }
        interp.unlimited();
    }
}

impl Drop for Still {
    fn drop(&mut self) {
        self.room.close();
    }
}

impl Inside {
    fn answer(&self, pipeline: &Pipeline) -> ExecResult {
        (self.answering.borrow_mut())(pipeline)
    }

    /// `rehearsed word ...`: would be done outside, by nobody's program.
    fn rehearsed(&self, words: &[Obj]) -> Reply {
        let argv = words.iter().map(Obj::to_text).collect();
        let pipeline = Pipeline {
            stages: vec![Stage {
                argv,
                stderr: Errors::Collect,
            }],
            stdin: Input::Null,
            stdout: Output::Collect,
            background: false,
            given: Given::default(),
        };
        job::answered_at_once(&self.answer(&pipeline))
    }

    /// Tcl's `after`, with what the prelude has not taken for itself.
    fn after(&self, interp: &Interp, words: &[Obj]) -> Reply {
        let (first, rest) = words
            .split_first()
            .ok_or_else(|| TclError::usage("after option ?arg ...?"))?;
        let word = first.to_text();
        let script = || match rest {
            [one] => Ok(one.clone()),
            _ => {
                let mut command = vec![Obj::text("concat")];
                command.extend(rest.iter().cloned());
                interp.call(&command)
            }
        };
        let mut timers = self.timers.borrow_mut();
        if let Ok(ms) = word.parse::<i64>() {
            if rest.is_empty() {
                // Nobody can wait here, and time does not pass.
                return Ok(Obj::text(""));
            }
            let at = self
                .now
                .get()
                .saturating_add(ms.max(0).saturating_mul(1_000));
            return Ok(Obj::text(&timers.add(at, script()?)));
        }
        match word.as_str() {
            "idle" => Ok(Obj::text(&timers.add(self.now.get(), script()?))),
            "cancel" => {
                timers.cancel(&script()?.to_text());
                Ok(Obj::text(""))
            }
            "info" => match rest {
                [] => Ok(Obj::words(timers.ids())),
                [id] => {
                    let id = id.to_text();
                    let known = timers.script(&id);
                    let script = known
                        .ok_or_else(|| TclError::new(format!("event \"{id}\" doesn't exist")))?;
                    Ok(Obj::list(&[script, Obj::text("timer")]))
                }
                _ => Err(TclError::usage("after info ?id?")),
            },
            _ => Err(TclError::bad(
                "argument",
                &word,
                &["cancel", "idle", "info", "an integer"],
            )),
        }
    }
}
