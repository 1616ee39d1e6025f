//! What a job is for: what its script sees in `::fail::...`, and who is told how it ended.
//!
//! One table in disguise: a service's script has a state to report, a trap only an error, a
//! console everything, and nobody waits for a callback.

use fail_core::job::{Fired, JobNo, Order};

use super::outcome::{self, Ending};
use crate::limits::{DETAIL_BYTES_MAX, cut};
use crate::mail::FromTcl;
use fail_core::log::Level;

/// What a job is for.
pub(super) enum Role {
    /// A service's script. The engine waits for the new state.
    Script(Order),
    /// Something has happened.
    Trap(Fired),
    /// Somebody at a console waits for the result.
    Console,
    /// `after` calls a script. Its errors go to the log.
    Callback,
}

/// How a job ended.
pub(super) enum End {
    /// Its script came to its end.
    Returned(Ending),
    /// It was stopped: why, and `errorInfo`.
    Stopped { why: String, info: String },
    /// `exit` at a console.
    Left { code: String },
}

/// The variables that a script sees.
#[derive(Default)]
pub(super) struct Scope {
    pub(super) service: String,
    pub(super) reason: String,
    pub(super) from: String,
    pub(super) event: String,
    /// Keys and values.
    pub(super) data: Vec<String>,
}

impl Role {
    /// In the reasons of errors.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Role::Script(order) => order.task.word(),
            Role::Trap(_) => "trap",
            Role::Console => "console",
            Role::Callback => "callback",
        }
    }

    /// In the log.
    pub(super) fn name(&self) -> String {
        match self {
            Role::Script(order) => format!("{} {}", order.service, order.task),
            Role::Trap(fired) => format!("trap {} {}", fired.event.subject, fired.event.kind),
            Role::Console | Role::Callback => self.word().to_string(),
        }
    }

    /// What its script sees; `is_service` knows the services.
    pub(super) fn scope(&self, is_service: impl Fn(&fail_wire::Name) -> bool) -> Scope {
        match self {
            Role::Script(order) => Scope {
                service: order.service.to_string(),
                reason: order.reason.clone(),
                from: order.from.word().to_string(),
                ..Scope::default()
            },
            Role::Trap(Fired { event, .. }) => {
                let field = |key| {
                    let found = event.data.iter().find(|(known, _)| *known == key);
                    found.map(|(_, value)| value.clone()).unwrap_or_default()
                };
                let subject = Some(&event.subject).filter(|name| is_service(name));
                let pairs = event.data.iter();
                Scope {
                    service: subject.map(ToString::to_string).unwrap_or_default(),
                    reason: field("reason"),
                    from: field("from"),
                    event: event.kind.word().to_string(),
                    data: pairs
                        .flat_map(|(key, value)| [(*key).to_string(), value.clone()])
                        .collect(),
                }
            }
            Role::Console | Role::Callback => Scope::default(),
        }
    }

    /// Who is told how it ended, and what; nothing: nobody wants to know.
    pub(super) fn report(&self, job: JobNo, end: End) -> Option<FromTcl> {
        let word = self.word();
        Some(match self {
            Role::Script(_) => FromTcl::Done {
                job,
                outcome: match end {
                    End::Returned(ending) => outcome::of(word, ending),
                    End::Stopped { why, info } => Err(outcome::failed(why, info)),
                    End::Left { .. } => Err(outcome::failed(String::new(), String::new())),
                },
            },
            Role::Trap(_) => FromTcl::Trapped {
                job,
                error: match end {
                    End::Returned(ending) => outcome::error(word, ending),
                    End::Stopped { why, info } => Some(outcome::failed(why, info)),
                    End::Left { .. } => None,
                },
            },
            Role::Console => {
                let (code, result, info) = match end {
                    End::Returned(Ending { code, result, info }) => (code, result, info),
                    End::Stopped { why, info } => (1, why, Some(info)),
                    End::Left { code } => (LEFT, code, None),
                };
                // Without an error it only says where the last one was.
                let info = info.filter(|_| code == 1);
                FromTcl::Evaluated {
                    job,
                    code,
                    result,
                    info,
                }
            }
            Role::Callback => {
                let error = match end {
                    End::Returned(ending) => outcome::error(word, ending)?,
                    End::Stopped { why, info } => outcome::failed(why, info),
                    End::Left { .. } => return None,
                };
                background(&error.detail)
            }
        })
    }
}

/// Tcl's return codes are 0 and more: this one says that a console is to end.
const LEFT: i32 = -1;

/// An error that nobody waited for.
pub(super) fn background(text: &str) -> FromTcl {
    FromTcl::Log {
        level: Level::Error,
        text: cut(format!("error in the background: {text}"), DETAIL_BYTES_MAX),
    }
}
