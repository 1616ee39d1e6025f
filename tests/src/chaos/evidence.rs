//! What the recordings of one host say: the lives of its failshs, whom they could not hear as
//! seen on the wire, how late they were themselves, and whether each replays the same.
//!
//! A failsh is deaf to a host from the moment when it has sent as many questions as it takes
//! to give somebody up, none of which was answered in time, until one is.

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::path::Path;

use fail_core::decide::decide;
use fail_core::plan::{In, Out, Plan};
use fail_core::time::{Mono, Now, Span};
use fail_replay::{BadRecording, Life, Reader, Watch, replay};
use fail_wire::{Body, Packet};

use super::diary::Stretch;
use super::owners::Changes;
use super::settings::{IN_TIME, QUESTIONS, host_address};
use crate::tree;

/// One host.
#[derive(Debug, Clone, Default)]
pub struct HostEvidence {
    /// Of each failsh, in their order.
    pub lives: Vec<Life>,
    /// By other host.
    pub deaf: BTreeMap<usize, Vec<Stretch>>,
    /// It was itself late.
    pub late: Vec<Stretch>,
    /// Who really had the addresses.
    pub owned: Changes,
    /// What the scripts themselves wrote.
    pub truth: Vec<String>,
    /// Recordings that this build does not replay the same, and other bad news.
    pub bad: Vec<String>,
    /// How many recordings there are.
    pub recordings: usize,
}

#[derive(Default)]
struct Ear {
    /// Questions since the last answer in time.
    open: Vec<(u64, Mono)>,
    since: Option<Mono>,
}

/// Listens to the wire while a recording is replayed.
#[derive(Default)]
struct Ears {
    ears: BTreeMap<(IpAddr, String), Ear>,
    deaf: Vec<(IpAddr, Stretch)>,
    late: Vec<Stretch>,
    last: Mono,
}

impl Watch<Plan> for Ears {
    fn before(&mut self, _machine: &Plan, now: Now, input: Option<&In>) {
        self.last = now.mono;
        let Some(In::Datagram { from, bytes }) = input else {
            return;
        };
        let Ok(packet) = Packet::read(bytes) else {
            return;
        };
        for ((host, _), ear) in self
            .ears
            .iter_mut()
            .filter(|((host, _), _)| *host == from.ip())
        {
            let asked = ear.open.iter().find(|(id, _)| *id == packet.request());
            if asked.is_some_and(|(_, at)| now.mono - *at <= IN_TIME) {
                ear.open.clear();
                self.deaf
                    .extend(ear.since.take().map(|since| (*host, (since, now.mono))));
            }
        }
    }

    fn after(&mut self, _machine: &Plan, now: Now, outs: &[Out]) {
        for out in outs {
            match out {
                Out::Send { to, bytes, .. } => {
                    let body = Packet::read(bytes).map(|packet| (packet.request(), packet.body()));
                    let Ok((id, Ok(Body::Query(query)))) = body else {
                        continue;
                    };
                    let Some(name) = query.names.first() else {
                        continue;
                    };
                    let ear = self.ears.entry((to.ip(), name.to_string())).or_default();
                    ear.open.push((id, now.mono));
                    if ear.open.len() >= QUESTIONS {
                        ear.since.get_or_insert(now.mono);
                        ear.open.remove(0);
                    }
                }
                Out::Log(line) => {
                    let late = line.text.strip_prefix("this failsh was late by ");
                    let ms = late.and_then(|late| late.split(' ').next()?.parse().ok());
                    if let Some(ms) = ms {
                        let from = Mono(now.mono.0.saturating_sub(Span::from_millis(ms).0));
                        self.late.push((from, now.mono));
                    }
                }
                _ => {}
            }
        }
    }
}

impl HostEvidence {
    /// Reads all recordings of a host.
    pub fn read(folder: &Path, hosts: usize, owned: Changes) -> HostEvidence {
        let truth = fs::read_to_string(folder.join("truth")).unwrap_or_default();
        let mut host = HostEvidence {
            owned,
            truth: truth.lines().map(str::to_string).collect(),
            ..HostEvidence::default()
        };
        for path in tree::list(&folder.join("rec")) {
            let name = tree::name(&path);
            if name.ends_with(".log") || fs::metadata(&path).is_ok_and(|file| file.len() == 0) {
                // Killed before it had begun.
                continue;
            }
            host.recordings += 1;
            let read = match name.ends_with(".faild") {
                true => host.memory(&path),
                false => host.mind(&path, hosts),
            };
            if let Err(bad) = read {
                // A kill in the middle of the header leaves nothing to read.
                if !bad.problem.contains("ends in its header") {
                    host.bad.push(bad.to_string());
                }
            }
        }
        host
    }

    fn memory(&mut self, path: &Path) -> Result<(), BadRecording> {
        let replayed = replay::node(&mut Reader::open(path)?, &mut ())?;
        self.same(path, &replayed);
        Ok(())
    }

    fn mind(&mut self, path: &Path, hosts: usize) -> Result<(), BadRecording> {
        let life = Life::read(&mut Reader::open(path)?)?;
        self.same(path, &life.replayed);
        self.lives.push(life);
        let mut ears = Ears::default();
        replay::plan(&mut Reader::open(path)?, decide, &mut ears)?;
        self.late.append(&mut ears.late);
        let last = ears.last;
        let open = ears
            .ears
            .iter()
            .filter_map(|((host, _), ear)| Some((*host, (ear.since?, last))));
        ears.deaf.extend(open.collect::<Vec<_>>());
        for (address, stretch) in ears.deaf {
            let host = (0..hosts).find(|host| IpAddr::V4(host_address(*host)) == address);
            if let Some(host) = host {
                self.deaf.entry(host).or_default().push(stretch);
            }
        }
        Ok(())
    }

    fn same(&mut self, path: &Path, replayed: &fail_replay::Replayed) {
        let name = path.display();
        if let Some(difference) = &replayed.difference {
            self.bad.push(format!(
                "{name}: line {} replays otherwise: {difference:?}",
                difference.line
            ));
        }
        if let Some(said) = &replayed.said {
            self.bad
                .push(format!("{name}: the recording stopped: {said}"));
        }
    }
}
