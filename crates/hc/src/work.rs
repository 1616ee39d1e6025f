//! Checks and actions under way, by their numbers: those over the network in threads of their
//! own, programs as children. Each is answered once, at its deadline at the latest, unless it is
//! dropped before.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fail_conf::hcfile::action::Action;
use fail_conf::hcfile::check::{Check, Line, Terms};
use fail_core::exec::{Errors, ExecResult, Given, Input, Output, Pipeline, Stage};
use fail_core::limits::CHECKS_MAX;
use fail_core::log::Level;
use fail_core::time::{Mono, Now, Span};
use fail_core::watch::{Acted, Event, Finding, In, Report, Verdict};
use fail_probe::{Prober, Stall, bad, plugin, unknown};
use fail_rt::children::Children;
use fail_rt::clock;
use fail_rt::log::Log;
use fail_rt::poller::{Poller, Token};
use fail_rt::queue::{self, Receiver};
use fail_wire::Name;

use crate::actions::failc::{Order, Wanted};
use crate::actions::mail::Mail;
use crate::actions::{self, Errand, Errands};
use crate::programs::{Ended, Kind, Programs, is_ours};

/// Answers that wait for the loop. Of as many checks as may be under way, of some that were
/// dropped meanwhile, and of actions.
const ANSWERS_MAX: usize = 8 * CHECKS_MAX;

/// Why an action is not done that is not done in time.
const LATE: &str = "it was not done by its deadline";

/// What came of one.
#[derive(Debug)]
pub enum Done {
    /// Of a check.
    Found(u64, Finding),
    /// Of an action.
    Acted(u64, Acted),
}

/// How what a program says is read.
#[derive(Debug, Clone, Copy)]
enum Reading {
    /// 0 is good.
    Code,
    /// As that of a plugin of Nagios.
    Plugin,
}

/// One that is under way.
enum Open {
    Probe,
    Program {
        reading: Reading,
        terms: Terms,
        began: Mono,
        limit: Span,
    },
    /// A webhook, which is a probe that posts something.
    Post,
    Errand,
    Action,
}

/// What there is to do for an action.
enum Deed {
    /// A program, with this in its environment.
    Program(Vec<String>, Vec<(String, String)>),
    /// A webhook.
    Post(Line),
    Errand(Errand),
}

/// All of them.
pub struct Work {
    programs: Programs,
    prober: Prober,
    errands: Errands,
    answers: Receiver<Done>,
    open: BTreeMap<u64, Open>,
    /// What this host had none of for a program.
    lacked: Option<String>,
    /// This program, for what is written in Tcl.
    exe: PathBuf,
    host: String,
}

impl Work {
    /// Nothing to do yet.
    ///
    /// # Errors
    /// There is no event loop or no thread to be had.
    pub fn new(poller: &mut Poller, log: &Log) -> io::Result<Work> {
        let children = Children::new(poller.desk()?, log.facility("probe"));
        let (tell, answers) = queue::bounded(&poller.waker(), ANSWERS_MAX);
        let tell_acted = tell.clone();
        // What finds no place is missed by who waits for it, by its deadline.
        let prober = Prober::start(move |number, finding| {
            let _ = tell.send(Done::Found(number, finding));
        })?;
        let host = clock::host_name();
        let errands = Errands::start(host.clone(), move |number, acted| {
            let _ = tell_acted.send(Done::Acted(number, acted));
        })?;
        Ok(Work {
            programs: Programs::new(children),
            prober,
            errands,
            answers,
            open: BTreeMap::new(),
            lacked: None,
            exe: std::env::current_exe()?,
            host,
        })
    }

    /// Begins a check that may take so long.
    pub fn check(&mut self, now: Mono, number: u64, target: &Name, line: &Line, limit: Span) {
        let (reading, argv) = match &line.check {
            Check::Exec(argv) => (Reading::Code, argv.clone()),
            Check::Nagios(argv) => (Reading::Plugin, argv.clone()),
            Check::Tcl { file, words } => (Reading::Plugin, self.tcl(file, words)),
            _ => {
                self.open.insert(number, Open::Probe);
                let limit = Duration::from_nanos(limit.0);
                return self.prober.check(number, line.clone(), limit);
            }
        };
        let open = Open::Program {
            reading,
            terms: line.terms.clone(),
            began: now,
            limit,
        };
        self.open.insert(number, open);
        let env = vec![("HC_TARGET".to_string(), target.to_string())];
        let pipeline = pipeline(argv, env);
        self.programs
            .run(Kind::Check, number, pipeline, now + limit);
    }

    /// How this program is called for a procedure in Tcl.
    fn tcl(&self, file: &Path, words: &[String]) -> Vec<String> {
        let own = [&self.exe, &PathBuf::from("--tcl"), &file.to_path_buf()];
        let own = own.map(|word| word.to_string_lossy().into_owned());
        own.into_iter().chain(words.iter().cloned()).collect()
    }

    /// Begins an action. For `failc`, who wants the service away is known to the caller.
    pub fn act(
        &mut self,
        now: Now,
        number: u64,
        action: &Action,
        report: Report,
        wanted: Wanted,
        deadline: Mono,
    ) {
        let limit = Duration::from_nanos((deadline - now.mono).0);
        match self.deed(now, action, report, wanted) {
            Deed::Program(argv, env) => {
                self.open.insert(number, Open::Action);
                let pipeline = pipeline(argv, env);
                self.programs.run(Kind::Action, number, pipeline, deadline);
            }
            Deed::Post(line) => {
                self.open.insert(number, Open::Post);
                self.prober.post(number, line, limit);
            }
            Deed::Errand(errand) => {
                self.open.insert(number, Open::Errand);
                self.errands.run(number, errand, limit);
            }
        }
    }

    /// What there is to do for an action.
    fn deed(&self, now: Now, action: &Action, report: Report, wanted: Wanted) -> Deed {
        match action {
            Action::Exec(argv) => {
                Deed::Program(argv.clone(), actions::variables(&report, &self.host))
            }
            Action::Tcl { file, words } => {
                let argv = self.tcl(file, words);
                Deed::Program(argv, actions::variables(&report, &self.host))
            }
            Action::Webhook(webhook) => {
                Deed::Post(actions::webhook(webhook, &report, &self.host, now.wall))
            }
            Action::Mail {
                to,
                smtp,
                from,
                subject,
                body,
            } => Deed::Errand(Errand::Mail {
                smtp: smtp.clone(),
                mail: Box::new(Mail {
                    to: to.clone(),
                    from: from.clone().unwrap_or_else(|| format!("hc@{}", self.host)),
                    subject: subject.clone(),
                    body: body.clone(),
                    report,
                }),
            }),
            Action::Syslog { level } => {
                let quiet = match report.good && report.event != Event::Warning {
                    true => Level::Info,
                    false => Level::Warn,
                };
                let level = level.unwrap_or(quiet);
                Deed::Errand(Errand::Syslog { level, report })
            }
            Action::Failc {
                service,
                host,
                community,
            } => Deed::Errand(Errand::Failc(Order {
                service: service.clone(),
                host: host.clone(),
                community: community.clone(),
                is_news: report.from != report.to,
                target: report.target,
                wanted,
            })),
        }
    }

    /// Nobody waits for this one any more.
    pub fn forget(&mut self, now: Mono, number: u64) {
        match self.open.remove(&number) {
            Some(Open::Probe | Open::Post) => self.prober.drop_check(number),
            Some(Open::Program { .. } | Open::Action) => self.programs.forget(number, now),
            Some(Open::Errand) => self.errands.forget(number),
            None => {}
        }
    }

    /// Ends everything.
    pub fn end_all(&mut self, now: Mono) {
        let numbers: Vec<u64> = self.open.keys().copied().collect();
        numbers
            .into_iter()
            .for_each(|number| self.forget(now, number));
        self.programs.end_all(now);
    }

    /// Whether no program is left.
    pub fn is_over(&self) -> bool {
        self.programs.is_empty()
    }

    /// Whether this event is for [`Work::on_event`].
    pub fn owns(&self, token: Token) -> bool {
        self.programs.owns(token)
    }

    /// A pipe can be read or written.
    pub fn on_event(&mut self, token: Token) {
        self.programs.on_event(token);
    }

    /// A child may have ended.
    pub fn reap(&mut self, now: Mono) {
        self.programs.reap(now);
    }

    /// When to call [`Work::expire`].
    pub fn deadline(&self) -> Option<Mono> {
        self.programs.deadline()
    }

    /// Acts on the deadlines that have come.
    pub fn expire(&mut self, now: Mono) {
        self.programs.expire(now);
    }

    /// That checks over the network stand still, or did: to be told before what is done is
    /// believed, or missed.
    pub fn stalled(&self) -> Option<In> {
        let late = match self.prober.stalled()? {
            Stall::Now => None,
            Stall::Over(time) => {
                let ms = u64::try_from(time.as_millis());
                Some(Span::from_millis(ms.unwrap_or(u64::MAX)))
            }
        };
        Some(In::Stalled(late))
    }

    /// What this host had none of for a check: to be told before what is done is believed.
    pub fn lacked(&mut self) -> Option<String> {
        self.lacked.take().or_else(|| self.prober.lacked())
    }

    /// The next one that is done; nothing: that was all for now.
    pub fn poll(&mut self) -> Option<Done> {
        while let Some((number, ended)) = self.programs.poll() {
            if let Some(done) = self.on_ended(number, ended) {
                return Some(done);
            }
        }
        while let Some(answer) = self.answers.poll() {
            let (Done::Found(number, _) | Done::Acted(number, _)) = answer;
            match (self.open.remove(&number), answer) {
                (Some(Open::Probe), found @ Done::Found(..)) => return Some(found),
                (Some(Open::Post), Done::Found(number, finding)) => {
                    return Some(Done::Acted(number, posted(finding)));
                }
                (Some(Open::Errand), acted @ Done::Acted(..)) => return Some(acted),
                // Nobody waits for it any more.
                _ => {}
            }
        }
        None
    }

    fn on_ended(&mut self, number: u64, ended: Ended) -> Option<Done> {
        match self.open.remove(&number)? {
            Open::Program {
                reading,
                terms,
                began,
                limit,
            } => {
                if let Ended::Ran(Err(failed)) = &ended
                    && is_ours(failed)
                {
                    self.lacked = Some(failed.sentence.clone());
                }
                let took = clock::now().mono - began;
                let finding = found(reading, ended, limit, took);
                Some(Done::Found(number, terms.judge(finding)))
            }
            Open::Action => Some(Done::Acted(number, acted(ended))),
            Open::Probe | Open::Post | Open::Errand => None,
        }
    }
}

/// One program, of which nothing is left when it has ended.
fn pipeline(argv: Vec<String>, env: Vec<(String, String)>) -> Pipeline {
    Pipeline {
        stages: vec![Stage {
            argv,
            stderr: Errors::Collect,
        }],
        stdin: Input::Null,
        stdout: Output::Collect,
        background: false,
        given: Given {
            dir: None,
            env,
            timeout: None,
            sweep: true,
        },
    }
}

fn found(reading: Reading, ended: Ended, limit: Span, took: Span) -> Finding {
    let mut finding = match ended {
        Ended::Ran(result) => match reading {
            Reading::Code => plugin::exec(&result),
            Reading::Plugin => plugin::nagios(&result),
        },
        Ended::Late => bad(format!("did not end within {limit}")),
        Ended::NoPlace => unknown(format!(
            "too many programs run as checks: no place within {limit}"
        )),
    };
    // With its start, of which the program itself knows nothing.
    finding.took = took;
    finding
}

/// A program that is an action has done it if it ends with 0.
fn acted(ended: Ended) -> Acted {
    let result: ExecResult = match ended {
        Ended::Ran(result) => result,
        Ended::Late => return Acted::Failed(LATE.to_string()),
        Ended::NoPlace => {
            let why = "too many programs run as actions: no place by its deadline";
            return Acted::Failed(why.to_string());
        }
    };
    plugin::deed(&result).map_or_else(Acted::Failed, |()| Acted::Done)
}

fn posted(finding: Finding) -> Acted {
    match finding.verdict {
        Verdict::Good | Verdict::Warning => Acted::Done,
        // What is wrong with it may be over soon, whatever it is.
        Verdict::Bad | Verdict::Unknown => Acted::Undelivered(finding.why),
    }
}
