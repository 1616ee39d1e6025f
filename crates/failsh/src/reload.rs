//! Reading the policy again while everything goes on.
//!
//! The files are read in a new Tcl thread, and a thread of its own waits for that and looks up
//! the hosts: neither a policy that takes long nor a silent name server is felt by the engine.
//! What comes of it is either good as a whole or it is an error and changes nothing. Who asks
//! while one is being read gets one more after it, however often he asks.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread;

use fail_core::plan::Plan;
use fail_core::policy::{Policy, Service};
use fail_rt::log::Log;
use fail_rt::poller::Waker;
use fail_rt::queue::{self, Receiver, Refused, Sender};
use fail_tcl::{Board, FromTcl, Loaded, TclHandle, ToTcl};
use fail_wire::Name;

use crate::minds::Generation;
use crate::post::Outbox;
use crate::setup::look_up_hosts;

/// One thread answers once, and there is one thread.
const ANSWERS_MAX: usize = 1;

/// Where a policy comes from, and who is told what its scripts say.
#[derive(Clone)]
pub struct Source {
    /// The files of `-f`, by their full paths.
    pub files: Vec<PathBuf>,
    /// By which name this program was called.
    pub program: String,
    /// What scripts read from.
    pub board: Board,
    /// What they say goes here.
    pub outbox: Outbox,
    /// Where the hosts that were looked up are named.
    pub log: Log,
}

/// A policy that can be used.
pub struct Fresh {
    /// Its Tcl thread.
    pub tcl: TclHandle,
    /// Which reading it was.
    pub generation: Generation,
    /// The settings, and where they stand.
    pub loaded: Loaded,
    /// The hosts that could be looked up.
    pub known: Vec<(Name, SocketAddr)>,
}

/// Reads again on demand.
pub struct Reload {
    source: Source,
    answers: Receiver<Result<Fresh, String>>,
    to_answers: Sender<Result<Fresh, String>>,
    last: Generation,
    reading: bool,
    again: bool,
}

/// What became of a wish to read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wished {
    /// It is being read.
    Begun,
    /// It will be, after the one that is being read.
    Later,
    /// There are no files.
    NoFiles,
}

impl Reload {
    /// The policy of the start has been read from there.
    pub fn new(source: Source, waker: &Waker) -> Reload {
        let (to_answers, answers) = queue::bounded(waker, ANSWERS_MAX);
        Reload {
            source,
            answers,
            to_answers,
            last: Generation(1),
            reading: false,
            again: false,
        }
    }

    /// Somebody wants the policy read again.
    ///
    /// # Errors
    /// There is no thread for it.
    pub fn wish(&mut self) -> io::Result<Wished> {
        if self.source.files.is_empty() {
            return Ok(Wished::NoFiles);
        }
        if self.reading {
            self.again = true;
            return Ok(Wished::Later);
        }
        self.begin()?;
        Ok(Wished::Begun)
    }

    fn begin(&mut self) -> io::Result<()> {
        let (source, answers) = (self.source.clone(), self.to_answers.clone());
        let generation = Generation(self.last.0 + 1);
        let read = move || {
            let answer = answers.send(read(&source, generation));
            // The engine has ended meanwhile.
            if let Err(Refused::Gone(Ok(fresh)) | Refused::Full(Ok(fresh))) = answer {
                fresh.tcl.send(ToTcl::Quit);
            }
        };
        thread::Builder::new().name("reload".into()).spawn(read)?;
        self.last = generation;
        self.reading = true;
        Ok(())
    }

    /// What came of it; nothing: not yet. When somebody has asked meanwhile, the next one
    /// [begins](Reload::wish) with the next call of `wish`, which says so.
    pub fn poll(&mut self) -> Option<Result<Fresh, String>> {
        let answer = self.answers.poll()?;
        self.reading = false;
        Some(answer)
    }

    /// Whether it is to be read once more. Says so once.
    pub fn is_wanted_again(&mut self) -> bool {
        !self.reading && std::mem::take(&mut self.again)
    }

    /// What a policy is read from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Where the policy is read from.
    pub fn files(&self) -> Vec<String> {
        let files = self.source.files.iter();
        files.map(|file| file.display().to_string()).collect()
    }

    /// Whether it is being read.
    pub fn is_reading(&self) -> bool {
        self.reading
    }
}

fn read(source: &Source, generation: Generation) -> Result<Fresh, String> {
    let outbox = source.outbox.of(generation);
    read_to(
        source,
        generation,
        Box::new(move |message| outbox.send(message)),
    )
}

/// Reads a policy whose scripts say what they say to `tell`.
pub fn read_to(
    source: &Source,
    generation: Generation,
    tell: Box<dyn Fn(FromTcl) + Send>,
) -> Result<Fresh, String> {
    let started = fail_tcl::start(&source.files, &source.program, &source.board, tell);
    let (loaded, tcl) = started.map_err(|e| e.to_string())?;
    let usable = Plan::admits(&loaded.policy)
        .and_then(|()| look_up_hosts(&loaded, &source.log).map_err(|e| e.to_string()));
    match usable {
        Ok(known) => Ok(Fresh {
            tcl,
            generation,
            loaded,
            known,
        }),
        Err(why) => {
            tcl.quit();
            Err(why)
        }
    }
}

/// What a new policy changes, by the names of services.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes<'a> {
    /// Not in the old one.
    pub new: Vec<&'a Name>,
    /// With other settings.
    pub changed: Vec<&'a Name>,
    /// Not in the new one.
    pub gone: Vec<&'a Name>,
    /// Those whose settings are the same.
    pub same: usize,
    /// Hosts that are new, gone or reached in another way.
    pub hosts: BTreeSet<&'a Name>,
}

impl<'a> Changes<'a> {
    /// From one policy to the next.
    pub fn between(old: &'a Policy, new: &'a Policy) -> Changes<'a> {
        let mut changes = Changes::default();
        for (name, service) in &new.services {
            match old.services.get(name) {
                None => changes.new.push(name),
                Some(before) if !is_same(before, service) => changes.changed.push(name),
                Some(_) => changes.same += 1,
            }
        }
        let gone = |name: &&Name| !new.services.contains_key(*name);
        changes.gone = old.services.keys().filter(gone).collect();
        let hosts = old.hosts.keys().chain(new.hosts.keys());
        let other = |name: &&Name| old.hosts.get(*name) != new.hosts.get(*name);
        changes.hosts = hosts.filter(other).collect();
        changes
    }

    /// For the log.
    pub fn summary(&self) -> String {
        let new = self.new.len();
        format!(
            "policy read again: {new} service{} new, {} changed, {} gone, {} as before",
            if new == 1 { "" } else { "s" },
            self.changed.len(),
            self.gone.len(),
            self.same
        )
    }

    /// Who they are; nothing when nothing is other than before.
    pub fn names(&self) -> Option<String> {
        let hosts: Vec<_> = self.hosts.iter().copied().collect();
        let groups = [
            ("new", &self.new),
            ("changed", &self.changed),
            ("gone", &self.gone),
            ("hosts", &hosts),
        ];
        let groups = groups.iter().filter(|(_, names)| !names.is_empty());
        let words = groups.map(|(title, names)| {
            let names: Vec<_> = names.iter().map(|name| name.as_str()).collect();
            format!("{title}: {}", names.join(" "))
        });
        let words: Vec<_> = words.collect();
        (!words.is_empty()).then(|| words.join("; "))
    }
}

/// What was changed at the console and comes to the same is no change.
fn is_same(before: &Service, after: &Service) -> bool {
    let plain = |service: &Service| Service {
        console: Default::default(),
        ..service.clone()
    };
    before == after || plain(before) == plain(after)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that can not go on fails")]
mod tests {
    use super::*;

    fn policy(services: &[(&str, u64)]) -> Policy {
        let mut policy = Policy::default();
        for (name, seconds) in services {
            let service = Service {
                timeout: fail_core::time::Span::from_secs(*seconds),
                ..Service::default()
            };
            policy.services.insert(Name::new(name).unwrap(), service);
        }
        policy
    }

    #[test]
    fn changes_are_counted_and_named() {
        let old = policy(&[("a", 1), ("b", 1), ("c", 1)]);
        let mut new = policy(&[("b", 1), ("c", 2), ("d", 1)]);
        new.hosts
            .insert(Name::new("h").unwrap(), Default::default());
        let b = new.services.get_mut(&Name::new("b").unwrap()).unwrap();
        b.console.insert("interval".to_string(), None);
        let changes = Changes::between(&old, &new);
        assert_eq!(
            changes.summary(),
            "policy read again: 1 service new, 1 changed, 1 gone, 1 as before"
        );
        let names = changes.names().unwrap();
        assert_eq!(names, "new: d; changed: c; gone: a; hosts: h");
        let none = Changes::between(&new, &new);
        assert_eq!((none.names(), none.same), (None, 3));
    }
}
