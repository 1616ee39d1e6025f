//! The thread that does what is ordered about addresses.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::{fs, io};

use fail_core::address::{AddressError, AddressOn, AddressOrder, Announce};
use fail_core::limits::ADDRESS_PROBES_MAX;
use fail_core::time::{Mono, Span};
use mio::Interest;

use super::asking::{Asking, Found};
use super::frame::announcement;
use super::kernel::{Held, Kernel, Link};
use super::netlink::Refused;
use super::rounds::Rounds;
use super::sys::Packet;
use super::{Answer, refusal};
use crate::clock::{self, earliest};
use crate::poller::{Desk, Poller, Waker};

/// The answer to an order, or nothing: it comes later.
type Done = Result<Option<String>, AddressError>;

/// Everything the thread has.
pub(super) struct Work {
    poller: Poller,
    desk: Desk,
    orders: Receiver<(u64, AddressOrder)>,
    answers: Sender<Answer>,
    /// Of the loop that reads the answers.
    waker: Waker,
    /// Nothing before it is needed, and after an error.
    kernel: Option<Kernel>,
    /// Questions to the neighbours, by the number of their socket, and the orders they are for.
    asking: BTreeMap<usize, (u64, AddressOrder, Asking)>,
    /// Orders whose questions find no room.
    waiting: VecDeque<(u64, AddressOrder)>,
    rounds: Rounds,
    next: usize,
}

impl Work {
    pub(super) fn new(
        mut poller: Poller,
        orders: Receiver<(u64, AddressOrder)>,
        answers: Sender<Answer>,
        waker: Waker,
    ) -> io::Result<Work> {
        let desk = poller.desk()?;
        Ok(Work {
            poller,
            desk,
            orders,
            answers,
            waker,
            kernel: None,
            asking: BTreeMap::new(),
            waiting: VecDeque::new(),
            rounds: Rounds::default(),
            next: 0,
        })
    }

    /// Until nobody orders any more.
    pub(super) fn run(mut self) {
        loop {
            let asking = self.asking.values().map(|(.., asking)| asking.deadline());
            let deadline = earliest([asking.min(), self.rounds.deadline()]);
            let ready: Vec<usize> = match self.poller.wait(deadline) {
                Ok(events) => {
                    let tokens: Vec<_> = events.map(mio::event::Event::token).collect();
                    let numbers = tokens.into_iter().filter_map(|t| self.desk.number(t));
                    numbers.collect()
                }
                // Whoever orders something is told that nobody is here.
                Err(_) => return,
            };
            for number in ready {
                self.on_frames(number);
            }
            self.expire(clock::now().mono);
            loop {
                match self.orders.try_recv() {
                    Ok((no, order)) => self.on_order(no, order),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return,
                }
            }
        }
    }

    fn answer(&self, no: u64, done: Done) {
        if let Some(result) = done.transpose() {
            // The thread ends when it looks for orders the next time.
            let _ = self.answers.send((no, result));
            self.waker.wake();
        }
    }

    fn on_order(&mut self, no: u64, order: AddressOrder) {
        let done = match order {
            AddressOrder::Add { .. } => self.add(no, order),
            AddressOrder::Probe { .. } => self.probe(no, order),
            AddressOrder::Del { at } => self.del(&at),
            AddressOrder::Announce { at, announce } => self.announce(&at, announce),
            AddressOrder::Has { ip, device } => self.has(ip, device.as_deref()),
            AddressOrder::List { device } => self.list(device.as_deref()),
            AddressOrder::Link { device } => {
                let link = self.link(&device);
                link.map(|link| Some(link.state().to_string()))
            }
        };
        self.answer(no, done);
    }

    // --- what is ordered ---

    fn add(&mut self, no: u64, order: AddressOrder) -> Done {
        let AddressOrder::Add {
            at,
            prefix,
            probe,
            force,
            announce,
            ..
        } = &order
        else {
            return Ok(None);
        };
        let link = self.link(&at.device)?;
        if !force && link.state() != "up" {
            return Err(refusal::useless(&link.name, link.state()));
        }
        let held = self.held()?;
        let there = held.iter().find(|h| h.index == link.index && h.ip == at.ip);
        match there {
            Some(held) if held.prefix != *prefix => {
                return Err(refusal::other_prefix(at.ip, &link.name, held.prefix));
            }
            Some(held) if held.usable() => {
                let announce = *announce;
                return self
                    .tell(&link, at.ip, announce)
                    .map(|()| Some(String::new()));
            }
            // The kernel is looking for duplicates, or has found one: we ask by ourselves.
            Some(_) => self.remove(link.index, at)?,
            None => {}
        }
        match probe {
            Some(wait) if link.neighbourly().is_some() => self.ask(no, *wait, link, order),
            _ => self.put(&order, &link),
        }
    }

    fn probe(&mut self, no: u64, order: AddressOrder) -> Done {
        let AddressOrder::Probe { at, wait } = &order else {
            return Ok(None);
        };
        let link = self.link(&at.device)?;
        if link.neighbourly().is_none() {
            return Ok(Some(String::new()));
        }
        if link.state() != "up" {
            return Err(refusal::useless(&link.name, link.state()));
        }
        self.ask(no, *wait, link, order)
    }

    fn del(&mut self, at: &AddressOn) -> Done {
        self.cancel(at);
        let links = self.kernel("list the devices", "", Kernel::links)?;
        if let Some(link) = links.iter().find(|link| link.name == at.device) {
            self.rounds.forget(link.index, at.ip);
            match self.remove(link.index, at) {
                Err(e) if e.code.get(2).is_some_and(|code| code == "NODEV") => {}
                other => other?,
            }
        }
        Ok(Some(String::new()))
    }

    fn announce(&mut self, at: &AddressOn, announce: Announce) -> Done {
        let link = self.link(&at.device)?;
        let held = self.held()?;
        let here = |h: &Held| h.index == link.index && h.ip == at.ip && h.usable();
        if !held.iter().any(here) {
            return Err(refusal::not_there(at.ip, &link.name));
        }
        if link.state() != "up" {
            return Err(refusal::useless(&link.name, link.state()));
        }
        self.tell(&link, at.ip, announce)?;
        Ok(Some(String::new()))
    }

    fn has(&mut self, ip: IpAddr, device: Option<&str>) -> Done {
        let indices = self.indices()?;
        let on =
            |held: &Held| device.is_none_or(|d| indices.get(&held.index).is_some_and(|n| n == d));
        let held = self.held()?;
        let has = held.iter().any(|h| h.ip == ip && h.usable() && on(h));
        Ok(Some(if has { "1" } else { "0" }.to_string()))
    }

    fn list(&mut self, device: Option<&str>) -> Done {
        if let Some(device) = device {
            self.link(device)?;
        }
        let indices = self.indices()?;
        let mut text = String::new();
        for held in self.held()? {
            let Some(name) = indices.get(&held.index) else {
                continue;
            };
            if device.is_none_or(|device| device == name) {
                let (ip, prefix) = (held.ip, held.prefix);
                let (label, flags) = (field(&held.label), held.flag_words());
                text += &format!("{ip}/{prefix}\t{}\t{label}\t{flags}\n", field(name));
            }
        }
        Ok(Some(text))
    }

    // --- asking the neighbours ---

    fn ask(&mut self, no: u64, wait: Span, link: Link, order: AddressOrder) -> Done {
        if self.asking.len() >= ADDRESS_PROBES_MAX {
            self.waiting.push_back((no, order));
            return Ok(None);
        }
        let (Some(at), Some(mac)) = (subject(&order), link.neighbourly()) else {
            return Ok(None);
        };
        let links = self.kernel("list the devices", "", Kernel::links)?;
        let ours = links.iter().filter_map(|link| link.mac).collect();
        let failed = |e: io::Error| refusal::packet("ask the neighbours", &at.device, &e);
        let now = clock::now().mono;
        let asking = Asking::begin((at.ip, mac), link, ours, wait, now).map_err(failed)?;
        let number = self.next;
        self.next += 1;
        let watched = self.desk.watch(&asking, number, Interest::READABLE);
        watched.map_err(failed)?;
        self.asking.insert(number, (no, order, asking));
        Ok(None)
    }

    fn on_frames(&mut self, number: usize) {
        let Some((.., asking)) = self.asking.get_mut(&number) else {
            return;
        };
        match asking.hear() {
            Ok((None, true)) => {}
            Ok((None, false)) => self.desk.rearm(&*asking, number, Interest::READABLE),
            Ok((Some(found), _)) => self.asked(number, Ok(found)),
            Err(e) => self.asked(number, Err(e)),
        }
    }

    fn expire(&mut self, now: Mono) {
        let due = self
            .asking
            .iter_mut()
            .filter(|(_, (.., a))| a.deadline() <= now);
        let due: Vec<_> = due
            .filter_map(|(number, (.., asking))| Some((*number, asking.expire(now).transpose()?)))
            .collect();
        for (number, found) in due {
            self.asked(number, found);
        }
        self.tell_again(now);
    }

    /// A question has come to its end.
    fn asked(&mut self, number: usize, found: io::Result<Found>) {
        let Some((no, order, asking)) = self.asking.remove(&number) else {
            return;
        };
        self.desk.forget(&asking);
        let (ip, name) = (asking.ip, &asking.link.name);
        let done = match (found, &order) {
            (Err(e), _) => Err(refusal::packet("ask the neighbours", name, &e)),
            (Ok(Found::Nobody), AddressOrder::Add { .. }) => self.put(&order, &asking.link),
            (Ok(Found::Owner(by)), AddressOrder::Add { .. }) => Err(refusal::taken(ip, name, by)),
            (Ok(Found::Asker(by)), AddressOrder::Add { .. }) => {
                Err(refusal::about_to_be_taken(ip, name, by))
            }
            (Ok(Found::Nobody), _) => Ok(Some(String::new())),
            (Ok(Found::Owner(by) | Found::Asker(by)), _) => Ok(Some(by.to_string())),
        };
        self.answer(no, done);
        if let Some((no, order)) = self.waiting.pop_front() {
            self.on_order(no, order);
        }
    }

    /// Ends what would add this address later.
    fn cancel(&mut self, at: &AddressOn) {
        let adds =
            |order: &AddressOrder| matches!(order, AddressOrder::Add { at: a, .. } if a == at);
        let mut ended = Vec::new();
        self.waiting.retain(|(no, order)| {
            let ends = adds(order);
            ended.extend(ends.then_some(*no));
            !ends
        });
        self.asking.retain(|_, (no, order, asking)| {
            let ends = adds(order);
            if ends {
                self.desk.forget(&*asking);
                ended.push(*no);
            }
            !ends
        });
        for no in ended {
            self.answer(no, Err(refusal::cancelled(at.ip, &at.device)));
        }
    }

    // --- adding and telling ---

    /// Adds the address of an order, and tells the neighbours.
    fn put(&mut self, order: &AddressOrder, link: &Link) -> Done {
        let AddressOrder::Add {
            at,
            prefix,
            label,
            announce,
            ..
        } = order
        else {
            return Ok(None);
        };
        let doing = format!("add {}/{prefix} to {}", at.ip, at.device);
        let add = |k: &mut Kernel| k.add(link, at.ip, *prefix, label.as_deref());
        self.kernel(&doing, &at.device, add)?;
        // On a device that is down, which only -force gets as far as this, nobody listens.
        if link.state() == "up" {
            if let Err(e) = self.tell(link, at.ip, *announce) {
                // What the neighbours do not know of is of no use. If it can not be taken away
                // either, the first error is the one to be told.
                let _ = self.remove(link.index, at);
                return Err(e);
            }
        }
        Ok(Some(String::new()))
    }

    /// Tells the neighbours for the first time, and sees to the other times.
    fn tell(&mut self, link: &Link, ip: IpAddr, announce: Announce) -> Result<(), AddressError> {
        if announce.times > 0 && link.neighbourly().is_some() {
            let failed = |e: io::Error| refusal::packet("tell the neighbours", &link.name, &e);
            say(link, ip).map_err(failed)?;
            let now = clock::now().mono;
            self.rounds.put(link.index, ip, announce, now);
        }
        Ok(())
    }

    /// The other times. What has gone meanwhile is not announced any more.
    fn tell_again(&mut self, now: Mono) {
        let due = self.rounds.due(now);
        if due.is_empty() {
            return;
        }
        let links = self.kernel("list the devices", "", Kernel::links);
        let (Ok(links), Ok(held)) = (links, self.held()) else {
            return;
        };
        for round in due {
            let link = links.iter().find(|link| link.index == round.index);
            let here = |h: &Held| h.index == round.index && h.ip == round.ip && h.usable();
            match link.filter(|_| held.iter().any(here)) {
                // Nobody waits for the outcome; the next one may fare better.
                Some(link) => drop(say(link, round.ip)),
                None => self.rounds.forget(round.index, round.ip),
            }
        }
    }

    // --- the kernel ---

    fn kernel<T>(
        &mut self,
        doing: &str,
        device: &str,
        work: impl FnOnce(&mut Kernel) -> Result<T, Refused>,
    ) -> Result<T, AddressError> {
        let done = match self.kernel.take().map_or_else(Kernel::open, Ok) {
            Ok(mut kernel) => work(&mut kernel).inspect(|_| self.kernel = Some(kernel)),
            Err(e) => Err(e.into()),
        };
        done.map_err(|refused| refusal::kernel(doing, device, &refused))
    }

    fn remove(&mut self, index: u32, at: &AddressOn) -> Result<(), AddressError> {
        let doing = format!("remove {} from {}", at.ip, at.device);
        self.kernel(&doing, &at.device, |k| k.del(index, at.ip))
    }

    fn held(&mut self) -> Result<Vec<Held>, AddressError> {
        self.kernel("list the addresses", "", Kernel::addresses)
    }

    fn link(&mut self, name: &str) -> Result<Link, AddressError> {
        let links = self.kernel("list the devices", "", Kernel::links)?;
        let link = links.into_iter().find(|link| link.name == name);
        link.ok_or_else(|| refusal::no_device(name))
    }

    /// The names of devices by their numbers.
    fn indices(&mut self) -> Result<BTreeMap<u32, String>, AddressError> {
        let links = self.kernel("list the devices", "", Kernel::links)?;
        Ok(links
            .into_iter()
            .map(|link| (link.index, link.name))
            .collect())
    }
}

/// What an order that asks the neighbours is about.
fn subject(order: &AddressOrder) -> Option<&AddressOn> {
    match order {
        AddressOrder::Add { at, .. } | AddressOrder::Probe { at, .. } => Some(at),
        _ => None,
    }
}

/// Announces an address once.
fn say(link: &Link, ip: IpAddr) -> io::Result<()> {
    let Some(mac) = link.neighbourly() else {
        return Ok(());
    };
    let socket = Packet::open(link.index, ip)?;
    for frame in announcement(mac, ip, ip.is_ipv6() && forwards(&link.name)) {
        socket.send(&frame)?;
    }
    Ok(())
}

/// Whether this host is a router there. If it did not say so in an advertisement, its
/// neighbours would no longer use it as one.
fn forwards(device: &str) -> bool {
    let path = format!("/proc/sys/net/ipv6/conf/{device}/forwarding");
    fs::read_to_string(path).is_ok_and(|text| text.trim() != "0")
}

/// A field of a line: without what separates fields and lines.
fn field(text: &str) -> String {
    text.replace(char::is_control, "?")
}
