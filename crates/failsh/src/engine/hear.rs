//! What is said to the engine: by the Tcl threads, by those who are served, by the workers that
//! look names up and put addresses on devices. What the machine has to know goes into `inputs`.

use fail_core::address::AddressError;
use fail_core::plan::In;
use fail_core::time::Span;
use fail_rt::clock;
use fail_tcl::{Ask, AskError, FromTcl, ToTcl};

use super::{Engine, life};
use crate::minds::Generation;
use crate::post::CONTROL_PER_TURN;
use crate::serves::{EngineRequest, Reply};

/// How long a program may run that a script starts while failsh ends.
const LAST_PROGRAM: Span = Span::from_secs(1);

impl Engine {
    /// What other threads and those who are served said meanwhile.
    pub(super) fn listen(&mut self) {
        let now = clock::now().mono;
        for n in 1.. {
            let Some((generation, message)) = self.post.control() else {
                break;
            };
            self.on_tcl(generation, message);
            if n == CONTROL_PER_TURN {
                self.post.read_on();
                break;
            }
        }
        for line in self.post.lines(now) {
            self.log.write(&line);
        }
        while let Some((no, answer)) = self.resolver.poll() {
            self.inputs.push_back(In::Resolved {
                no,
                answer: answer.map_err(|e| e.to_string()),
            });
        }
        while let Some((no, done)) = self.addresses.poll() {
            let done = done.map_err(|AddressError { message, code }| AskError { message, code });
            self.minds.answered(no, done);
        }
        self.on_reload();
        self.on_dry_run();
        self.serves.expire(now);
        while let Some(request) = self.serves.request() {
            self.on_request(request);
        }
        self.children.expire(now);
    }

    fn on_tcl(&mut self, from: Generation, message: FromTcl) {
        match message {
            FromTcl::Began { job } => self.inputs.push_back(In::Began { job }),
            FromTcl::Done { job, outcome } => {
                self.minds.ended(from, job);
                self.inputs.push_back(In::Done { job, outcome });
            }
            FromTcl::Trapped { job, error } => {
                self.minds.ended(from, job);
                self.inputs.push_back(In::Trapped { job, error });
            }
            FromTcl::Exec { exec, pipeline, .. } => {
                let no = self.minds.exec(from, exec);
                // What stands behind `finally` may run a program, but it must not outlive us.
                let until = self.leaving.map(|_| clock::now().mono + LAST_PROGRAM);
                self.children.spawn(no, pipeline, until);
            }
            FromTcl::Kill { exec } => {
                if let Some(no) = self.minds.running(from, exec) {
                    self.children.kill(no, clock::now().mono);
                }
            }
            FromTcl::Ask { ask, what } => self.on_ask(from, ask, what),
            FromTcl::Evaluated {
                job,
                code,
                result,
                info,
            } => {
                self.minds.ended(from, job);
                self.serves.reply(Reply::Evaluated {
                    job,
                    code,
                    result,
                    info,
                });
            }
            FromTcl::Printed { job, text } => self.serves.reply(Reply::Printed { job, text }),
            FromTcl::Completions {
                no,
                from: byte,
                words,
            } => {
                let from = byte;
                self.serves.reply(Reply::Completions { no, from, words });
            }
            FromTcl::Policy(policy) => self.on_policy(from, policy),
            FromTcl::Pong => self.on_pong(from),
            // These come by a way of their own.
            FromTcl::Log { .. } => {}
        }
    }

    fn on_ask(&mut self, from: Generation, ask: u64, what: Ask) {
        let no = self.minds.ask(from, ask);
        match what {
            Ask::Set {
                service,
                change,
                reason,
            } => self.inputs.push_back(In::Set {
                no,
                service,
                change,
                reason,
            }),
            Ask::Address(order) => self.addresses.ask(no, order),
        }
    }

    fn on_request(&mut self, request: EngineRequest) {
        if self.leaving.is_some() {
            return;
        }
        match request {
            EngineRequest::Eval { job, script } => self.minds.eval(job, script),
            EngineRequest::Complete { no, line } => {
                self.minds.send(ToTcl::Complete { no, line });
            }
            EngineRequest::Cancel { job } => self.minds.cancel(job, "interrupted".to_string()),
            EngineRequest::Reload { no, dry_run } => self.reload(no, dry_run),
            EngineRequest::Release => self.release(),
            EngineRequest::End => self.leave(life::STAY),
        }
    }
}

/// What a script gets that asked for something which is refused.
pub(super) fn refused(message: String) -> AskError {
    let code = ["FAIL", "REFUSED"].map(str::to_string).to_vec();
    AskError { message, code }
}
