//! What one failsh has shown so far: the monitor stream, put together.
//!
//! A [`Snapshot`] takes one update after the other and is the whole picture at each moment; all
//! that shows a failsh is drawn from one. It outlives a connection: when the stream begins
//! again, what was known stays until the new one has told everything once, so that nobody looks
//! at an empty screen meanwhile. Whoever is at the other end may be hostile: everything has a
//! limit, and what is beyond it is an error.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use fail_wire::monitor::{EventView, HealthView, Hello, HostView, ServiceView, Update};
use serde::Serialize;

/// Services of one failsh. A policy has 2,000 at most; a later version may take more.
pub const SERVICES_MAX: usize = 10_000;

/// Hosts of one failsh: as many as a policy may have.
pub const HOSTS_MAX: usize = 1_000;

/// Other hosts of one service, and notes in its journal. A policy has 128, a failsh keeps 32.
pub const PARTS_MAX: usize = 256;

/// Bytes of all its services and hosts. With the longest reasons, settings and journals that
/// anybody has, a thousand services are a fifth of it.
pub const BYTES_MAX: usize = 128 << 20;

/// Bytes of one event. A reason has 200.
pub const EVENT_BYTES_MAX: usize = 64 << 10;

/// Events that are remembered: as many as a failsh keeps for a reader.
pub const EVENTS_MAX: usize = 256;

/// Figures of a trail: two minutes, since they come once a second at most.
pub const TRAIL_MAX: usize = 120;

/// How a figure was lately, the oldest first.
pub type Trail = VecDeque<u64>;

/// Everything that a failsh has shown.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Snapshot {
    /// Who speaks; nothing: nobody has yet.
    pub hello: Option<Hello>,
    /// By their names.
    pub services: BTreeMap<String, ServiceView>,
    /// The other hosts of its policy, by their names.
    pub hosts: BTreeMap<String, HostView>,
    /// How well it does its own work.
    pub health: Option<HealthView>,
    /// What has happened since we look, the oldest first.
    pub events: VecDeque<EventView>,
    /// Everything was told once.
    pub ready: bool,
    /// The round trips of each host, in microseconds.
    #[serde(skip)]
    pub trips: BTreeMap<String, Trail>,
    /// By how many microseconds it was late, 99 of 100 times.
    #[serde(skip)]
    pub lateness: Trail,
    /// So many milliseconds is its clock before ours.
    pub ahead_ms: i64,
    /// How many bytes each service and each host has.
    #[serde(skip)]
    weights: BTreeMap<(bool, String), usize>,
    /// And all of them.
    #[serde(skip)]
    bytes: usize,
    /// What has been told since the stream began, until it is ready.
    #[serde(skip)]
    told: Option<BTreeSet<(bool, String)>>,
}

impl Snapshot {
    /// Takes an update that came at this moment, in milliseconds since 1970 on our own clock.
    ///
    /// # Errors
    /// It shows more than anything can be.
    pub fn apply(&mut self, update: Update, now_ms: i64) -> Result<(), String> {
        match update {
            Update::Hello(hello) => {
                self.ahead_ms = hello.now.saturating_sub(now_ms);
                self.hello = Some(hello);
                self.ready = false;
                self.told = Some(BTreeSet::new());
            }
            Update::Service(view) => {
                let parts = view.peers.len().max(view.journal.len());
                fits("hosts or notes of one service", parts, PARTS_MAX)?;
                if !self.services.contains_key(&view.name) {
                    fits("services", self.services.len() + 1, SERVICES_MAX)?;
                }
                self.weigh((true, view.name.clone()), of_service(&view))?;
                self.is_told(true, &view.name);
                self.services.insert(view.name.clone(), *view);
            }
            Update::Host(view) => {
                if !self.hosts.contains_key(&view.name) {
                    fits("hosts", self.hosts.len() + 1, HOSTS_MAX)?;
                }
                self.weigh((false, view.name.clone()), of_host(&view))?;
                self.is_told(false, &view.name);
                if let Some(us) = view.trip_us.filter(|_| view.reachable == Some(true)) {
                    let trail = self.trips.entry(view.name.clone()).or_default();
                    walk(trail, us);
                }
                self.hosts.insert(view.name.clone(), view);
            }
            Update::Health(view) => {
                walk(&mut self.lateness, view.late_p99_us);
                self.health = Some(view);
            }
            Update::Event(event) => {
                let data = event.data.iter().map(|(key, text)| key.len() + text.len());
                let bytes = event.subject.len() + event.event.len() + data.sum::<usize>();
                fits("bytes in one event", bytes, EVENT_BYTES_MAX)?;
                if self.events.len() >= EVENTS_MAX {
                    self.events.pop_front();
                }
                self.events.push_back(event);
            }
            Update::Gone { what, name } => match what.as_str() {
                "service" => {
                    self.is_gone(true, &name);
                    self.services.remove(&name);
                    self.bytes -= self.weights.remove(&(true, name)).unwrap_or(0);
                }
                "host" => {
                    self.is_gone(false, &name);
                    self.hosts.remove(&name);
                    self.trips.remove(&name);
                    self.bytes -= self.weights.remove(&(false, name)).unwrap_or(0);
                }
                _ => {}
            },
            Update::Ready => {
                if let Some(told) = self.told.take() {
                    self.weights.retain(|place, _| told.contains(place));
                    self.bytes = self.weights.values().sum();
                    self.services
                        .retain(|name, _| told.contains(&(true, name.clone())));
                    self.hosts
                        .retain(|name, _| told.contains(&(false, name.clone())));
                    let hosts = &self.hosts;
                    self.trips.retain(|name, _| hosts.contains_key(name));
                }
                self.ready = true;
            }
            Update::Refused { .. } | Update::Unknown => {}
        }
        Ok(())
    }

    /// What its clock says when ours says this.
    pub fn there(&self, now_ms: i64) -> i64 {
        now_ms.saturating_add(self.ahead_ms)
    }

    /// Whether there is room for so many bytes there.
    fn weigh(&mut self, place: (bool, String), bytes: usize) -> Result<(), String> {
        let before = self.weights.get(&place).copied().unwrap_or(0);
        let all = self.bytes - before + bytes;
        fits("bytes", all, BYTES_MAX)?;
        self.bytes = all;
        self.weights.insert(place, bytes);
        Ok(())
    }

    fn is_told(&mut self, service: bool, name: &str) {
        if let Some(told) = &mut self.told {
            told.insert((service, name.to_string()));
        }
    }

    /// What is gone is not remembered, or names without end would fill the memory.
    fn is_gone(&mut self, service: bool, name: &str) {
        if let Some(told) = &mut self.told {
            told.remove(&(service, name.to_string()));
        }
    }
}

/// What a list or a map takes for each thing in it, beside its letters.
pub(crate) const THING: usize = 100;

fn of_service(view: &ServiceView) -> usize {
    let texts = [&view.name, &view.reason, &view.why].map(String::len);
    let texts = texts.iter().sum::<usize>() + view.waiting.as_ref().map_or(0, String::len);
    let marks = view.marks.iter().map(|mark| THING + mark.len());
    let check = view.check.iter().map(|check| check.said.len());
    let settings = view
        .settings
        .iter()
        .map(|(key, text)| THING + key.len() + text.len());
    let console = view.console.keys().map(|key| THING + key.len());
    let notes = view
        .journal
        .iter()
        .map(|note| THING + note.kind.len() + note.text.len());
    let peers = view.peers.iter().map(|peer| {
        let marks = peer.marks.iter().map(|mark| THING + mark.len());
        2 * THING + peer.host.len() + peer.reason.len() + marks.sum::<usize>()
    });
    let parts = marks.chain(check).chain(settings).chain(console);
    texts + parts.chain(notes).chain(peers).sum::<usize>()
}

fn of_host(view: &HostView) -> usize {
    let hears = view.hears.iter().map(|hear| THING + hear.host.len());
    let hint = view.hint.as_ref().map_or(0, String::len);
    let address = view.address.as_ref().map_or(0, String::len);
    2 * THING + view.name.len() + hint + address + hears.sum::<usize>()
}

pub(crate) fn fits(what: &str, count: usize, most: usize) -> Result<(), String> {
    match count > most {
        true => Err(format!("it shows more than {most} {what}")),
        false => Ok(()),
    }
}

fn walk(trail: &mut Trail, figure: u64) {
    if trail.len() >= TRAIL_MAX {
        trail.pop_front();
    }
    trail.push_back(figure);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(now: i64) -> Update {
        Update::Hello(Hello {
            stream: 1,
            program: "failsh".to_string(),
            version: "1.0.0".to_string(),
            host: "hosta".to_string(),
            pid: 1,
            started: 0,
            now,
            policy: 1,
        })
    }

    fn service(name: &str) -> Update {
        Update::Service(Box::new(ServiceView {
            name: name.to_string(),
            ..ServiceView::default()
        }))
    }

    fn host(name: &str, trip_us: u64) -> Update {
        Update::Host(HostView {
            name: name.to_string(),
            reachable: Some(true),
            trip_us: Some(trip_us),
            ..HostView::default()
        })
    }

    fn all(updates: Vec<Update>) -> Snapshot {
        let mut snapshot = Snapshot::default();
        for update in updates {
            snapshot.apply(update, 1_000).unwrap();
        }
        snapshot
    }

    #[test]
    fn a_stream_that_begins_again_loses_only_what_it_does_not_tell_any_more() {
        let mut shown = all(vec![
            hello(1_000),
            service("web"),
            service("dns"),
            host("hostb", 5),
            host("hostc", 6),
            Update::Ready,
        ]);
        assert!(shown.ready);
        let again = [hello(1_500), service("web"), host("hostb", 7)];
        for update in again {
            shown.apply(update, 1_000).unwrap();
            assert!(!shown.ready && shown.services.len() == 2 && shown.hosts.len() == 2);
        }
        shown.apply(Update::Ready, 1_000).unwrap();
        assert_eq!(shown.services.keys().collect::<Vec<_>>(), ["web"]);
        assert_eq!(shown.hosts.keys().collect::<Vec<_>>(), ["hostb"]);
        assert_eq!(shown.trips["hostb"], [5, 7]);
        assert!(!shown.trips.contains_key("hostc"));
        // Its clock is half a second ahead of ours.
        assert_eq!(shown.there(2_000), 2_500);
    }

    #[test]
    fn what_is_gone_is_gone_and_trails_and_events_have_an_end() {
        let mut shown = all(vec![
            hello(0),
            service("web"),
            host("hostb", 5),
            Update::Ready,
        ]);
        for n in 0..1_000 {
            shown.apply(host("hostb", n), 0).unwrap();
            let event = EventView {
                at: 0,
                event: "up".to_string(),
                subject: n.to_string(),
                data: BTreeMap::new(),
            };
            shown.apply(Update::Event(event), 0).unwrap();
        }
        assert_eq!(shown.trips["hostb"].len(), TRAIL_MAX);
        assert_eq!(shown.events.len(), EVENTS_MAX);
        assert_eq!(shown.events.back().unwrap().subject, "999");
        for (what, name) in [("service", "web"), ("host", "hostb"), ("moon", "x")] {
            let gone = Update::Gone {
                what: what.to_string(),
                name: name.to_string(),
            };
            shown.apply(gone, 0).unwrap();
        }
        assert!(shown.services.is_empty() && shown.hosts.is_empty() && shown.trips.is_empty());
    }

    #[test]
    fn who_comes_and_goes_is_not_remembered() {
        let mut shown = all(vec![hello(0)]);
        for (what, update) in [("service", service("x")), ("host", host("x", 1))] {
            shown.apply(update, 0).unwrap();
            let (what, name) = (what.to_string(), "x".to_string());
            shown.apply(Update::Gone { what, name }, 0).unwrap();
        }
        assert_eq!(shown.told, Some(BTreeSet::new()));
    }

    #[test]
    fn nobody_can_fill_the_memory() {
        let mut shown = Snapshot::default();
        let full = (0..=SERVICES_MAX).find_map(|n| {
            let view = service(&format!("service{n}"));
            shown.apply(view, 0).err()
        });
        assert_eq!(full.unwrap(), "it shows more than 10000 services");
        assert_eq!(shown.services.len(), SERVICES_MAX);
        let many = (0..=HOSTS_MAX).find_map(|n| shown.apply(host(&format!("host{n}"), 1), 0).err());
        assert_eq!(many.unwrap(), "it shows more than 1000 hosts");
        assert_eq!(shown.hosts.len(), HOSTS_MAX);
        // What it knows already may still change.
        shown.apply(service("service0"), 0).unwrap();
        let Update::Service(mut wide) = service("service0") else {
            return;
        };
        let note = fail_wire::monitor::Note {
            at: 0,
            kind: String::new(),
            text: String::new(),
        };
        wide.journal = vec![note; PARTS_MAX + 1];
        let wide = shown.apply(Update::Service(wide), 0).unwrap_err();
        assert_eq!(wide, "it shows more than 256 hosts or notes of one service");
        let long = (0..SERVICES_MAX).find_map(|n| {
            let Update::Service(mut view) = service(&format!("service{n}")) else {
                return None;
            };
            view.why = "x".repeat(3 << 20);
            shown.apply(Update::Service(view), 0).err()
        });
        assert_eq!(long.unwrap(), "it shows more than 134217728 bytes");
        let kept: usize = shown.services.values().map(|view| view.why.len()).sum();
        assert!(kept <= BYTES_MAX);
    }
}
