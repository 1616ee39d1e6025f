//! What the scenario does to the hosts, and how it ends.

use fail_core::plan;
use fail_sim::client::Verb as Say;

use super::{Event, World};
use crate::limits::BUFFER_MAX;
use crate::report::{Kind, Shown};
use crate::scenario::{Act, At, Link, Program, Verb};

impl World<'_> {
    /// The host gets power: it boots, and its programs are started.
    pub(super) fn boot(&mut self, host: usize) {
        if self.hosts[host].up {
            return;
        }
        self.hosts[host].up = true;
        self.hosts[host].boots += 1;
        let text = "the host boots".to_string();
        self.say(Some(host), Kind::Act, text);
        let why = "nothing is known yet";
        self.ledger.all_states(self.at, host, Shown::Unknown, why);
        self.start_node(host);
        self.start_failsh(host);
        self.part();
    }

    /// The host loses its power, and everything that it has with it.
    pub(super) fn crash(&mut self, host: usize, why: &str) {
        if !self.hosts[host].up {
            return;
        }
        self.kill_failsh(host);
        self.kill_node(host);
        let h = &mut self.hosts[host];
        (h.up, h.frozen, h.halting) = (false, false, false);
        h.waiting.clear();
        h.running.clear();
        h.labels.clear();
        for thing in std::mem::take(&mut h.things) {
            self.ledger.thing(self.at, host, &thing, false, why);
        }
        self.ledger.all_states(self.at, host, Shown::Down, why);
        self.ends(&format!("frozen {host}"));
        self.part();
    }

    /// Writes down since when hosts that run do not hear each other, or one of them is frozen.
    pub(super) fn part(&mut self) {
        let run = |host: usize| self.hosts[host].up;
        let all = 0..self.hosts.len();
        let mut pairs = all.clone().flat_map(|a| all.clone().map(move |b| (a, b)));
        let deaf = |(a, b): (usize, usize)| a != b && run(a) && run(b) && self.ways.is_dead(a, b);
        let apart = self.hosts.iter().any(|host| host.frozen) || pairs.any(deaf);
        let (spans, since) = &mut self.apart;
        match (apart, *since) {
            (true, None) => *since = Some(self.at),
            (false, Some(from)) => {
                spans.push((from, self.at));
                *since = None;
            }
            _ => {}
        }
    }

    /// A frozen host does this when it goes on. Of datagrams only so many are kept.
    pub(super) fn wait(&mut self, host: usize, event: Event) {
        let waiting = &mut self.hosts[host].waiting;
        let datagram = |event: &&Event| matches!(event, Event::Arrive(_));
        let full = waiting.iter().filter(datagram).count() >= BUFFER_MAX;
        if !(full && datagram(&&event)) {
            waiting.push_back(event);
        }
    }

    fn thaw(&mut self, host: usize) {
        if !std::mem::take(&mut self.hosts[host].frozen) {
            return;
        }
        for event in std::mem::take(&mut self.hosts[host].waiting) {
            let soon = self.lateness();
            self.later(soon, event);
        }
    }

    /// Something that lasts begins: what it is about ends with the next act about the same.
    fn lasts(&mut self, about: String, no: usize) {
        self.ledger.lasts(no);
        if let Some(before) = self.lasting.insert(about, no) {
            self.ledger.over(self.at, before);
        }
    }

    fn ends(&mut self, about: &str) {
        if let Some(no) = self.lasting.remove(about) {
            self.ledger.over(self.at, no);
        }
    }

    /// Does what the scenario says.
    pub(super) fn perform(&mut self, at: &At) {
        self.note_idle(at);
        let no = self.ledger.act(self.at, &at.text, &hosts_of(&at.act));
        match &at.act {
            Act::Crash(host) => {
                self.crash(*host, "the host lost its power");
                self.lasts(format!("down {host}"), no);
            }
            Act::Return(host) => {
                self.ends(&format!("down {host}"));
                for program in ["faild", "failsh"] {
                    self.ends(&format!("{program} {host}"));
                }
                self.boot(*host);
            }
            Act::Halt(host) => {
                self.lasts(format!("down {host}"), no);
                if self.hosts[*host].failsh.is_some() {
                    self.hosts[*host].halting = true;
                    self.turn_plan(*host, Some(plan::In::Release));
                } else {
                    self.crash(*host, "the host was shut down");
                }
            }
            Act::Release(host) => {
                self.lasts(format!("failsh {host}"), no);
                self.turn_plan(*host, Some(plan::In::Release));
            }
            Act::Kill(program, host) => {
                self.lasts(format!("{} {host}", program.word()), no);
                match program {
                    Program::Faild => self.kill_node(*host),
                    Program::Failsh => self.kill_failsh(*host),
                }
                self.look(*host);
            }
            Act::Start(program, host) => {
                self.ends(&format!("{} {host}", program.word()));
                match program {
                    Program::Faild => self.start_node(*host),
                    Program::Failsh => self.start_failsh(*host),
                }
            }
            Act::Freeze(host, time) => {
                self.hosts[*host].frozen = self.hosts[*host].up;
                self.lasts(format!("frozen {host}"), no);
                self.until(no, *time, &at.act);
            }
            Act::Thaw(host) => {
                self.ends(&format!("frozen {host}"));
                self.thaw(*host);
            }
            Act::Cut(ways, time) => {
                self.ways.cut(ways);
                self.lasts(format!("way {no}"), no);
                self.until(no, *time, &at.act);
            }
            Act::Loss(loss, ways, time) => {
                self.ways.lose(*loss, ways);
                self.lasts(format!("way {no}"), no);
                self.until(no, *time, &at.act);
            }
            Act::Delay(delay, ways, time) => {
                self.ways.slow(*delay, ways);
                self.lasts(format!("way {no}"), no);
                self.until(no, *time, &at.act);
            }
            Act::Heal => {
                self.ways.heal();
                let ways: Vec<String> = self.lasting.keys().cloned().collect();
                for about in ways.iter().filter(|about| about.starts_with("way ")) {
                    self.ends(about);
                }
            }
            Act::Say(verb, service, host) => {
                let say = match verb {
                    Verb::Away => Say::Away,
                    Verb::Back => Say::Back,
                    Verb::Hold => Say::Hold,
                    Verb::Unhold => Say::Release,
                    Verb::Set(state) => Say::Set(*state),
                };
                self.later(0, Event::Type(*host, service.clone(), say));
            }
            Act::Reload(host, read) => {
                if let Err(why) = self.reload(*host, read) {
                    let text = format!("\"{}\" changes nothing: {why}", at.text);
                    self.note(at.line, text);
                }
            }
            Act::Device(device, host, link, time) => {
                let about = format!("device {device} {host}");
                match link {
                    Link::Up => {
                        self.hosts[*host].devices.remove(device);
                        self.ends(&about);
                    }
                    _ => {
                        self.hosts[*host].devices.insert(device.clone(), *link);
                        self.lasts(about, no);
                        self.until(no, *time, &at.act);
                    }
                }
            }
            Act::Lose(thing, host) => {
                self.end_thing(*host, thing, "it was lost");
                // Whoever has the address has the label no more.
                self.hosts[*host]
                    .labels
                    .retain(|_, address| address != thing);
            }
            Act::Command(rule) => {
                self.rulings.borrow_mut().add(self.at, rule);
                if let Some(time) = rule.lasts {
                    self.lasts(format!("command {no}"), no);
                    self.until(no, Some(time), &at.act);
                }
            }
        }
        self.part();
    }

    /// What lasts for a time is over then.
    fn until(&mut self, no: usize, time: Option<u64>, act: &Act) {
        if let Some(time) = time {
            self.later(time, Event::Over(no, Box::new(act.clone())));
        }
    }

    /// It is over, unless it has been ended before.
    pub(super) fn undo(&mut self, no: usize, act: &Act) {
        let known = self.lasting.iter().find(|(_, known)| **known == no);
        let Some(about) = known.map(|(about, _)| about.clone()) else {
            return;
        };
        self.ends(&about);
        match act {
            Act::Freeze(host, _) => self.thaw(*host),
            Act::Cut(ways, _) => self.ways.mend(ways),
            Act::Loss(loss, ways, _) => self.ways.keep(*loss, ways),
            Act::Delay(delay, ways, _) => self.ways.hurry(*delay, ways),
            Act::Device(device, host, ..) => {
                self.hosts[*host].devices.remove(device);
            }
            _ => {}
        }
        self.part();
    }
}

impl Program {
    pub(super) fn word(self) -> &'static str {
        match self {
            Program::Faild => "faild",
            Program::Failsh => "failsh",
        }
    }
}

/// The hosts that an act is about; none: all of them.
fn hosts_of(act: &Act) -> Vec<usize> {
    let of = |ways: &[(usize, usize)]| {
        let mut hosts: Vec<usize> = ways.iter().flat_map(|(a, b)| [*a, *b]).collect();
        hosts.sort_unstable();
        hosts.dedup();
        hosts
    };
    match act {
        Act::Crash(host)
        | Act::Return(host)
        | Act::Halt(host)
        | Act::Release(host)
        | Act::Kill(_, host)
        | Act::Start(_, host)
        | Act::Freeze(host, _)
        | Act::Thaw(host)
        | Act::Say(_, _, host)
        | Act::Reload(host, _)
        | Act::Device(_, host, ..)
        | Act::Lose(_, host) => vec![*host],
        Act::Cut(ways, _) | Act::Loss(_, ways, _) | Act::Delay(_, ways, _) => of(ways),
        Act::Heal => Vec::new(),
        Act::Command(rule) => rule.hosts.clone(),
    }
}
