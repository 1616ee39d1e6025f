//! The commands of a policy: `failhost`, `failsvc`, `failtrap`, and `exit`, which is none.
//! `fail` is an [ensemble].
//!
//! They are a table; whoever adds one adds a line. A call that fails has changed nothing.

use std::rc::Rc;

use fail_wire::Name;

use super::Site;
use super::codes::Code;
use super::draft::{Draft, Key};
use super::ensemble;
use super::options::{HOST, Opt, SERVICE};
use super::traps::failtrap;
use super::value::{Value, visible};
use crate::tcl::{Interp, Obj, Reply, TclError};

pub(super) type Run = fn(&Site, &Interp, &[Obj]) -> Reply;

const COMMANDS: &[(&str, Run)] = &[
    ("failhost", failhost),
    ("failsvc", failsvc),
    ("failtrap", failtrap),
    ("exit", exit),
];

/// Puts the commands into an interpreter.
pub(crate) fn furnish(interp: &Interp, site: &Rc<Site>) -> Result<(), TclError> {
    for &(name, run) in COMMANDS {
        define(interp, site, name, run);
    }
    ensemble::furnish(interp, site)
}

/// Defines one of the site's commands. Where an error of it is raised is remembered.
pub(super) fn define(interp: &Interp, site: &Rc<Site>, name: &str, run: Run) {
    let site = Rc::clone(site);
    interp.define(name, move |interp, words| {
        run(&site, interp, words).inspect_err(|error| site.blame(interp, &error.message))
    });
}

fn failhost(site: &Site, interp: &Interp, words: &[Obj]) -> Reply {
    let known = |name: &Name| site.read(interp, |draft| draft.host(name));
    let unknown = |name: &Name| {
        let said = "unknown host; give it an option, or name it in masters or slaves";
        Code::Host(name.to_string()).error(format!("failhost {name}: {said}"))
    };
    match Call::read("failhost", HOST, words)? {
        Call::Names => Ok(site.read(interp, |draft| {
            Obj::words(draft.hosts().into_iter().map(Name::as_str))
        })),
        Call::Show { name, option } => {
            let host = known(&name).ok_or_else(|| unknown(&name))?;
            Ok(show(HOST, &host, option))
        }
        Call::Console { name } => {
            known(&name).ok_or_else(|| unknown(&name))?;
            Ok(site.read(interp, |draft| {
                changed_at_console(draft, |key| match key {
                    Key::Host(host, option) if *host == name => Some(option),
                    _ => None,
                })
            }))
        }
        Call::Set { name, pairs } => {
            let about = format!("failhost {name}");
            let place = site.place(interp);
            let mut host = known(&name).unwrap_or_default();
            let options = set(interp, &about, &mut host, &pairs)?;
            let keys = options.iter().map(|word| Key::Host(name.clone(), word));
            site.change(interp, &about, keys.collect(), |draft| {
                draft.put_host(name, host, place)
            })?;
            Ok(Obj::text(""))
        }
    }
}

fn failsvc(site: &Site, interp: &Interp, words: &[Obj]) -> Reply {
    let known = |name: &Name| site.read(interp, |draft| draft.policy.services.get(name).cloned());
    let unknown = |name: &Name| {
        let said = "unknown service; an option needs a value";
        Code::Service(name.to_string()).error(format!("failsvc {name}: {said}"))
    };
    match Call::read("failsvc", SERVICE, words)? {
        Call::Names => Ok(site.read(interp, |draft| {
            Obj::words(draft.policy.services.keys().map(Name::as_str))
        })),
        Call::Show { name, option } => {
            let service = known(&name).ok_or_else(|| unknown(&name))?;
            Ok(show(SERVICE, &service, option))
        }
        Call::Console { name } => {
            known(&name).ok_or_else(|| unknown(&name))?;
            Ok(site.read(interp, |draft| {
                changed_at_console(draft, |key| match key {
                    Key::Service(service, option) if *service == name => Some(option),
                    _ => None,
                })
            }))
        }
        Call::Set { name, pairs } => {
            let about = format!("failsvc {name}");
            let place = site.place(interp);
            let mut service = known(&name).unwrap_or_default();
            let options = set(interp, &about, &mut service, &pairs)?;
            let keys = options.iter().map(|word| Key::Service(name.clone(), word));
            site.change(interp, &about, keys.collect(), |draft| {
                draft.put_service(name, service, &options, place)
            })?;
            Ok(Obj::text(""))
        }
    }
}

/// Options and until when they are so; empty: until the policy is read again.
fn changed_at_console<'a>(
    draft: &'a Draft,
    option: impl Fn(&'a Key) -> Option<&'a &'static str>,
) -> Obj {
    let pairs = draft.console.iter().filter_map(|(key, until)| {
        let until = until.map(|until| until.0.to_string()).unwrap_or_default();
        Some([option(key)?.to_string(), until])
    });
    Obj::words(pairs.flatten())
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
    /// What was changed at a console.
    Console { name: Name },
    /// To set these.
    Set {
        name: Name,
        pairs: Vec<(&'static Opt<T>, &'a Obj)>,
    },
}

impl<'a, T> Call<'a, T> {
    fn read(
        command: &'static str,
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
        let name = Name::new(&name).map_err(|e| {
            let said = format!("{command}: bad name \"{}\": {e}", visible(&name));
            Code::Name(name).error(said)
        })?;
        let find = |word: &Obj| {
            let word = word.to_text();
            let found = options.iter().find(|o| o.word == word);
            found.ok_or_else(|| {
                let choices: Vec<&str> = options.iter().map(|o| o.word).collect();
                let TclError { message, .. } = TclError::bad("option", &visible(&word), &choices);
                Code::Option { command, word }.error(format!("{command} {name}: {message}"))
            })
        };
        match rest {
            [] => Ok(Call::Show { name, option: None }),
            [word] if word.to_text() == "console" => Ok(Call::Console { name }),
            [option] => {
                let option = Some(find(option)?);
                Ok(Call::Show { name, option })
            }
            _ => {
                let mut pairs = Vec::with_capacity(rest.len() / 2);
                for pair in rest.chunks(2) {
                    let option = find(&pair[0])?;
                    let value = pair.get(1).ok_or_else(|| {
                        let word = option.word.to_string();
                        let said = format!("{command} {name}: value for \"{word}\" missing");
                        Code::Option { command, word }.error(said)
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
    about: &str,
    of: &mut T,
    pairs: &[(&'static Opt<T>, &Obj)],
) -> Result<Vec<&'static str>, TclError> {
    for (option, obj) in pairs {
        (option.set)(of, &Value { interp, obj }).map_err(|fault| {
            let option = option.word.to_string();
            fault.error(&format!("{about}: {option}"), || {
                let value = obj.to_text();
                Code::Value { option, value }
            })
        })?;
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

fn exit(_: &Site, _: &Interp, _: &[Obj]) -> Reply {
    Err(TclError::new(
        "exit: a policy can not end failsh; return a state or raise an error instead",
    ))
}
