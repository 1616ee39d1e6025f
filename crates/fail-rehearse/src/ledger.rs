//! Writes down what happens, while it happens, and makes the report's tracks of it.

use std::collections::BTreeMap;

use crate::limits::ENTRIES_MAX;
use crate::report::{Done, Entry, Kind, Shown, StateSpan, ThingTrack, Track, Work};

/// What was written down.
#[derive(Debug, Default)]
pub struct Ledger {
    hosts: Vec<String>,
    tracks: BTreeMap<(String, usize), Track>,
    things: BTreeMap<(String, usize), ThingTrack>,
    open_things: BTreeMap<(String, usize), u64>,
    acts: Vec<Done>,
    entries: Vec<Entry>,
    /// Commands that hosts ran: when, where, which.
    commands: Vec<(u64, usize, String)>,
    /// Scripts that ended with an error which the scenario has not caused.
    errors: Vec<(u64, String)>,
    /// Only what is judged is wanted.
    brief: bool,
    /// From when on lines were left out.
    cut: Option<u64>,
}

/// What is judged and is not in the report.
#[derive(Debug, Default)]
pub struct Aside {
    /// Commands that hosts ran: when, where, which.
    pub commands: Vec<(u64, usize, String)>,
    /// Scripts that ended with an error which the scenario has not caused.
    pub errors: Vec<(u64, String)>,
    /// From when on lines of the timeline were left out.
    pub cut: Option<u64>,
}

impl Ledger {
    /// A clean sheet. `brief`: without the lines of the timeline.
    pub fn new(hosts: Vec<String>, brief: bool) -> Ledger {
        Ledger {
            hosts,
            brief,
            ..Ledger::default()
        }
    }

    /// One line.
    pub fn say(
        &mut self,
        at: u64,
        host: Option<usize>,
        service: Option<&str>,
        kind: Kind,
        text: String,
        why: String,
    ) {
        if self.brief {
            return;
        }
        if self.entries.len() >= ENTRIES_MAX {
            self.cut.get_or_insert(at);
            return;
        }
        self.entries.push(Entry {
            at,
            host: host.map(|host| self.hosts[host].clone()),
            service: service.map(str::to_string),
            kind,
            text,
            why,
        });
    }

    fn track(&mut self, service: &str, host: usize) -> &mut Track {
        let name = &self.hosts[host];
        self.tracks
            .entry((service.to_string(), host))
            .or_insert_with(|| Track {
                service: service.to_string(),
                host: name.clone(),
                spans: Vec::new(),
                work: Vec::new(),
            })
    }

    /// What a service is on a host now.
    pub fn state(&mut self, at: u64, host: usize, service: &str, state: Shown, why: &str) {
        let track = self.track(service, host);
        let before = match track.spans.last_mut() {
            Some(last) if last.state == state => return,
            Some(last) => {
                last.to = at;
                Some(last.state)
            }
            None => None,
        };
        track.spans.push(StateSpan {
            from: at,
            to: at,
            state,
            why: why.to_string(),
        });
        if before.is_none() && state == Shown::Unknown {
            return;
        }
        let text = match before {
            Some(before) => format!("{} -> {}", before.word(), state.word()),
            None => state.word().to_string(),
        };
        self.say(
            at,
            Some(host),
            Some(service),
            Kind::State,
            text,
            why.to_string(),
        );
    }

    /// Every service of a host is this now.
    pub fn all_states(&mut self, at: u64, host: usize, state: Shown, why: &str) {
        let known = self.tracks.keys().filter(|(_, on)| *on == host);
        let services: Vec<String> = known.map(|(service, _)| service.clone()).collect();
        for service in services {
            self.state(at, host, &service, state, why);
        }
    }

    /// A script begins. Gives its number.
    pub fn begins(&mut self, at: u64, host: usize, service: &str, task: &str, why: &str) -> usize {
        let track = self.track(service, host);
        track.work.push(Work {
            from: at,
            to: None,
            task: task.to_string(),
            why: why.to_string(),
            outcome: String::new(),
            failed: false,
        });
        let no = track.work.len() - 1;
        if task != "check" {
            let text = format!("{task} begins");
            self.say(
                at,
                Some(host),
                Some(service),
                Kind::Script,
                text,
                why.to_string(),
            );
        }
        no
    }

    /// It ends; `excused`: an error is the scenario's doing.
    pub fn ends(
        &mut self,
        at: u64,
        host: usize,
        service: &str,
        no: usize,
        outcome: Result<&str, &str>,
        excused: bool,
    ) {
        let track = self.track(service, host);
        let Some(work) = track.work.get_mut(no) else {
            return;
        };
        work.to = Some(at);
        work.failed = outcome.is_err();
        work.outcome = outcome.unwrap_or_else(|error| error).to_string();
        let task = work.task.clone();
        let text = match outcome {
            Ok(state) => format!("{task} returns {state}"),
            Err(error) => format!("{task} fails: {error}"),
        };
        if let Err(error) = outcome {
            // A check that finds something wrong does its work, and whoever is told to end ends.
            if !excused && task != "check" && !error.starts_with("cancelled: ") {
                let text = format!("{}: {task} of {service}: {error}", self.hosts[host]);
                self.errors.push((at, text));
            }
        }
        if task != "check" || outcome.is_err() {
            self.say(
                at,
                Some(host),
                Some(service),
                Kind::Script,
                text,
                String::new(),
            );
        }
    }

    /// A command was run for a script, and this is how it will be answered.
    pub fn command(&mut self, at: u64, host: usize, service: Option<&str>, line: &str, told: &str) {
        self.commands.push((at, host, line.to_string()));
        let line = line.replace('\n', " ");
        self.say(
            at,
            Some(host),
            service,
            Kind::Command,
            line,
            told.to_string(),
        );
    }

    /// A host has a thing now, or has it no more.
    pub fn thing(&mut self, at: u64, host: usize, thing: &str, has: bool, why: &str) {
        let key = (thing.to_string(), host);
        let name = self.hosts[host].clone();
        let track = self
            .things
            .entry(key.clone())
            .or_insert_with(|| ThingTrack {
                thing: thing.to_string(),
                host: name,
                spans: Vec::new(),
            });
        if has {
            self.open_things.entry(key).or_insert(at);
        } else if let Some(from) = self.open_things.remove(&key) {
            track.spans.push((from, at));
        }
        let text = match has {
            true => format!("has {thing}"),
            false => format!("has no more {thing}"),
        };
        self.say(at, Some(host), None, Kind::Thing, text, why.to_string());
    }

    /// Something is done to the hosts. Gives its number.
    pub fn act(&mut self, at: u64, text: &str, hosts: &[usize]) -> usize {
        let names = hosts.iter().map(|host| self.hosts[*host].clone());
        self.acts.push(Done {
            from: at,
            to: Some(at),
            text: text.to_string(),
            hosts: names.collect(),
        });
        self.say(at, None, None, Kind::Act, text.to_string(), String::new());
        self.acts.len() - 1
    }

    /// It lasts, until [`Ledger::over`].
    pub fn lasts(&mut self, no: usize) {
        self.acts[no].to = None;
    }

    /// It is over, if it was not yet.
    pub fn over(&mut self, at: u64, no: usize) {
        if self.acts[no].to.is_none() {
            self.acts[no].to = Some(at);
            let text = format!("over: {}", self.acts[no].text);
            self.say(at, None, None, Kind::Act, text, String::new());
        }
    }

    /// The end: tracks, things, acts, lines, and what is judged beside.
    pub fn finish(
        mut self,
        at: u64,
    ) -> (Vec<Track>, Vec<ThingTrack>, Vec<Done>, Vec<Entry>, Aside) {
        for track in self.tracks.values_mut() {
            if let Some(last) = track.spans.last_mut() {
                last.to = at;
            }
        }
        for ((thing, host), from) in &self.open_things {
            if let Some(track) = self.things.get_mut(&(thing.clone(), *host)) {
                track.spans.push((*from, at));
            }
        }
        let aside = Aside {
            commands: self.commands,
            errors: self.errors,
            cut: self.cut,
        };
        (
            self.tracks.into_values().collect(),
            self.things.into_values().collect(),
            self.acts,
            self.entries,
            aside,
        )
    }
}
