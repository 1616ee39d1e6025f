//! The commands of a policy: `failhost`, `failsvc`, `fail`, and `exit`, which is none.
//!
//! They are a table; whoever adds one adds a line. A call that fails has changed nothing.

use std::rc::Rc;

use fail_core::policy::Service;
use fail_wire::Name;

use super::Site;
use super::options::{HOST, Opt, SERVICE, Value};
use super::place::here;
use crate::limits::{DETAIL_BYTES_MAX, cut};
use crate::mail::FromTcl;
use crate::tcl::{Interp, Obj, Reply, TclError};
use fail_core::log::Level;

type Run = fn(&Site, &Interp, &[Obj]) -> Reply;

const COMMANDS: &[(&str, Run)] = &[
    ("failhost", failhost),
    ("failsvc", failsvc),
    ("fail", fail),
    ("exit", exit),
];

const FAIL: &[(&str, Run)] = &[
    ("hosts", fail_hosts),
    ("log", fail_log),
    ("names", fail_names),
    ("version", fail_version),
];

/// Puts the commands into an interpreter.
pub(crate) fn furnish(interp: &Interp, site: &Rc<Site>) {
    for &(name, run) in COMMANDS {
        let site = Rc::clone(site);
        interp.define(name, move |interp, words| {
            run(&site, interp, words).inspect_err(|error| site.blame(interp, &error.message))
        });
    }
}

fn failhost(site: &Site, interp: &Interp, words: &[Obj]) -> Reply {
    let known = |name: &Name| site.draft.borrow().host(name);
    match Call::read("failhost", HOST, words)? {
        Call::Names => fail_hosts(site, interp, &[]),
        Call::Show { name, option } => {
            let host = known(&name)
                .ok_or_else(|| TclError::new(format!("failhost {name}: unknown host; give it an option, or name it in masters or slaves")))?;
            Ok(show(HOST, &host, option))
        }
        Call::Set { name, pairs } => {
            site.open("failhost", &name)?;
            let place = here(interp);
            let mut host = known(&name).unwrap_or_default();
            let result = set(interp, &mut host, &pairs)
                .and_then(|_| site.draft.borrow_mut().put_host(name.clone(), host, place));
            done(result, "failhost", &name)
        }
    }
}

fn failsvc(site: &Site, interp: &Interp, words: &[Obj]) -> Reply {
    let known = |name: &Name| site.with_service(name, Service::clone);
    match Call::read("failsvc", SERVICE, words)? {
        Call::Names => fail_names(site, interp, &[]),
        Call::Show { name, option } => {
            let service = known(&name).ok_or_else(|| {
                TclError::new(format!(
                    "failsvc {name}: unknown service; an option needs a value"
                ))
            })?;
            Ok(show(SERVICE, &service, option))
        }
        Call::Set { name, pairs } => {
            site.open("failsvc", &name)?;
            let place = here(interp);
            let mut service = known(&name).unwrap_or_default();
            let result = set(interp, &mut service, &pairs).and_then(|options| {
                let mut draft = site.draft.borrow_mut();
                draft.put_service(name.clone(), service, &options, place)
            });
            done(result, "failsvc", &name)
        }
    }
}

impl Site {
    /// Refuses to set anything once the policy has been read.
    fn open(&self, command: &str, name: &Name) -> Result<(), TclError> {
        if !self.closed.get() {
            return Ok(());
        }
        Err(TclError::new(format!(
            "{command} {name}: settings can only be made while the policy is read, not by a script"
        )))
    }
}

/// What a call of `failhost` or `failsvc` asks for.
enum Call<'a, T: 'static> {
    /// All names.
    Names,
    /// All settings, or one.
    Show {
        name: Name,
        option: Option<&'static Opt<T>>,
    },
    /// To set these.
    Set {
        name: Name,
        pairs: Vec<(&'static Opt<T>, &'a Obj)>,
    },
}

impl<'a, T> Call<'a, T> {
    fn read(
        command: &str,
        options: &'static [Opt<T>],
        words: &'a [Obj],
    ) -> Result<Call<'a, T>, TclError> {
        let Some((name, rest)) = words.split_first() else {
            return Err(TclError::usage(&format!(
                "{command} name ?option value ...?"
            )));
        };
        let name = name.to_text();
        if name == "names" && rest.is_empty() {
            return Ok(Call::Names);
        }
        let name = Name::new(&name)
            .map_err(|e| TclError::new(format!("{command}: bad name \"{name}\": {e}")))?;
        let find = |word: &Obj| {
            let word = word.to_text();
            options.iter().find(|o| o.word == word).ok_or_else(|| {
                let choices: Vec<&str> = options.iter().map(|o| o.word).collect();
                let TclError { message, .. } = TclError::bad("option", &word, &choices);
                TclError::new(format!("{command} {name}: {message}"))
            })
        };
        match rest {
            [] => Ok(Call::Show { name, option: None }),
            [option] => {
                let option = Some(find(option)?);
                Ok(Call::Show { name, option })
            }
            _ => {
                let mut pairs = Vec::with_capacity(rest.len() / 2);
                for pair in rest.chunks(2) {
                    let option = find(&pair[0])?;
                    let value = pair.get(1).ok_or_else(|| {
                        TclError::new(format!(
                            "{command} {name}: value for \"{}\" missing",
                            option.word
                        ))
                    })?;
                    pairs.push((option, value));
                }
                Ok(Call::Set { name, pairs })
            }
        }
    }
}

/// Sets all pairs and tells which options they were.
fn set<T>(
    interp: &Interp,
    of: &mut T,
    pairs: &[(&'static Opt<T>, &Obj)],
) -> Result<Vec<&'static str>, String> {
    for (option, obj) in pairs {
        (option.set)(of, &Value { interp, obj }).map_err(|e| format!("{}: {e}", option.word))?;
    }
    Ok(pairs.iter().map(|(option, _)| option.word).collect())
}

fn show<T>(options: &[Opt<T>], of: &T, option: Option<&Opt<T>>) -> Obj {
    match option {
        Some(option) => Obj::text(&(option.print)(of)),
        None => Obj::words(
            options
                .iter()
                .flat_map(|o| [o.word.to_string(), (o.print)(of)]),
        ),
    }
}

fn done(result: Result<(), String>, command: &str, name: &Name) -> Reply {
    match result {
        Ok(()) => Ok(Obj::text("")),
        Err(problem) => Err(TclError::new(format!("{command} {name}: {problem}"))),
    }
}

fn fail(site: &Site, interp: &Interp, words: &[Obj]) -> Reply {
    let Some((option, rest)) = words.split_first() else {
        return Err(TclError::usage("fail option ?arg ...?"));
    };
    let option = option.to_text();
    match FAIL.iter().find(|(word, _)| *word == option) {
        Some((_, run)) => run(site, interp, rest),
        None => {
            let choices: Vec<&str> = FAIL.iter().map(|(word, _)| *word).collect();
            Err(TclError::bad("option", &option, &choices))
        }
    }
}

fn fail_hosts(site: &Site, _: &Interp, words: &[Obj]) -> Reply {
    nothing_after("fail hosts", words)?;
    let draft = site.draft.borrow();
    Ok(Obj::words(draft.hosts().into_iter().map(Name::as_str)))
}

fn fail_names(site: &Site, _: &Interp, words: &[Obj]) -> Reply {
    nothing_after("fail names", words)?;
    let draft = site.draft.borrow();
    Ok(Obj::words(draft.policy.services.keys().map(Name::as_str)))
}

fn fail_version(_: &Site, _: &Interp, words: &[Obj]) -> Reply {
    nothing_after("fail version", words)?;
    Ok(Obj::text(env!("CARGO_PKG_VERSION")))
}

fn fail_log(site: &Site, _: &Interp, words: &[Obj]) -> Reply {
    let [level, text] = words else {
        return Err(TclError::usage("fail log level text"));
    };
    let word = level.to_text();
    let level = Level::from_word(&word)
        .ok_or_else(|| TclError::bad("level", &word, &Level::WORDS.map(|(_, word)| word)))?;
    let text = cut(text.to_text(), DETAIL_BYTES_MAX);
    (site.out)(FromTcl::Log { level, text });
    Ok(Obj::text(""))
}

fn exit(_: &Site, _: &Interp, _: &[Obj]) -> Reply {
    Err(TclError::new(
        "exit: a policy can not end failsh; return a state or raise an error instead",
    ))
}

fn nothing_after(usage: &str, words: &[Obj]) -> Result<(), TclError> {
    if words.is_empty() {
        Ok(())
    } else {
        Err(TclError::usage(usage))
    }
}
