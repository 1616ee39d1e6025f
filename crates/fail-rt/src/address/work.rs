//! The thread that does what is ordered about addresses.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::{fs, io};

use fail_core::address::{AddressError, AddressNet, AddressOn, AddressOrder, Announce};
use fail_core::time::{Mono, Span};

use super::asking::{Asking, Found};
use super::frame::{announcement, protocol, question};
use super::kernel::{Held, Kernel, Link};
use super::netlink::Refused;
use super::rounds::Rounds;
use super::wire::{Said, Wire};
use super::{Answer, refusal};
use crate::clock::{self, earliest};
use crate::poller::{Poller, Waker};

/// The answer to an order, or nothing: it comes later.
type Done = Result<Option<String>, AddressError>;

/// Everything the thread has.
pub(super) struct Work {
    poller: Poller,
    wire: Wire,
    orders: Receiver<(u64, AddressOrder)>,
    answers: Sender<Answer>,
    /// Of the loop that reads the answers.
    waker: Waker,
    /// Nothing before it is needed, and after an error.
    kernel: Option<Kernel>,
    /// Questions to the neighbours.
    asking: Vec<Asking>,
    rounds: Rounds,
}

impl Work {
    pub(super) fn new(
        mut poller: Poller,
        orders: Receiver<(u64, AddressOrder)>,
        answers: Sender<Answer>,
        waker: Waker,
    ) -> io::Result<Work> {
        let wire = Wire::new(poller.desk()?);
        Ok(Work {
            poller,
            wire,
            orders,
            answers,
            waker,
            kernel: None,
            asking: Vec::new(),
            rounds: Rounds::default(),
        })
    }

    /// Until nobody orders any more.
    pub(super) fn run(mut self) {
        loop {
            let asking = self.asking.iter().map(Asking::deadline);
            let deadline = earliest([asking.min(), self.rounds.deadline()]);
            let ready: Vec<usize> = match self.poller.wait(deadline) {
                Ok(events) => {
                    let numbers = events.filter_map(|event| self.wire.number(event.token()));
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
            AddressOrder::Has { ips, device } => self.has(&ips, device.as_deref()),
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
            nets,
            device,
            probe,
            force,
            announce,
            ..
        } = &order
        else {
            return Ok(None);
        };
        let link = self.link(device)?;
        if !force && link.state() != "up" {
            return Err(refusal::useless(&link.name, link.state()));
        }
        let held = self.held()?;
        let (mut here, mut wanted) = (Vec::new(), Vec::new());
        for net in nets {
            let there = held
                .iter()
                .find(|h| h.index == link.index && h.ip == net.ip);
            match there {
                Some(held) if held.prefix != net.prefix => {
                    return Err(refusal::other_prefix(net.ip, &link.name, held.prefix));
                }
                Some(held) if held.usable() => here.push(net.ip),
                // The kernel looks for duplicates, or has found one: we ask by ourselves.
                Some(_) => {
                    self.remove(&link, net.ip)?;
                    wanted.push(net.ip);
                }
                None => wanted.push(net.ip),
            }
        }
        self.tell(&link, &here, *announce)?;
        match probe {
            _ if wanted.is_empty() => Ok(Some(String::new())),
            Some(wait) if link.neighbourly().is_some() => self.ask(no, *wait, wanted, link, order),
            _ => self.put(&order, &wanted, &link),
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
        let ips = at.ips.clone();
        self.ask(no, *wait, ips, link, order)
    }

    fn del(&mut self, at: &AddressOn) -> Done {
        self.cancel(at);
        let links = self.kernel("list the devices", "", Kernel::links)?;
        let mut done = Ok(());
        if let Some(link) = links.iter().find(|link| link.name == at.device) {
            // As many as possible go, whatever happens to one.
            for ip in &at.ips {
                done = done.and(self.remove(link, *ip));
            }
        }
        done.map(|()| Some(String::new()))
    }

    fn announce(&mut self, at: &AddressOn, announce: Announce) -> Done {
        let link = self.link(&at.device)?;
        let held = self.held()?;
        let here = |ip: &IpAddr| {
            let mut held = held.iter();
            held.any(|h| h.index == link.index && h.ip == *ip && h.usable())
        };
        if let Some(ip) = at.ips.iter().find(|ip| !here(ip)) {
            return Err(refusal::not_there(*ip, &link.name));
        }
        if link.state() != "up" {
            return Err(refusal::useless(&link.name, link.state()));
        }
        self.tell(&link, &at.ips, announce)?;
        Ok(Some(String::new()))
    }

    fn has(&mut self, ips: &[IpAddr], device: Option<&str>) -> Done {
        let indices = self.indices()?;
        let named = |index: u32, name: &str| indices.get(&index).is_some_and(|n| n == name);
        let held = self.held()?;
        let here = |ip: &IpAddr| {
            let mut here = held.iter().filter(|h| h.ip == *ip && h.usable());
            here.any(|h| device.is_none_or(|name| named(h.index, name)))
        };
        let has = ips.iter().all(here);
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

    fn ask(
        &mut self,
        no: u64,
        wait: Span,
        ips: Vec<IpAddr>,
        link: Link,
        order: AddressOrder,
    ) -> Done {
        let Some(mac) = link.neighbourly() else {
            return Ok(None);
        };
        let links = self.kernel("list the devices", "", Kernel::links)?;
        let ours = links.iter().filter_map(|link| link.mac).collect();
        let index = link.index;
        let mut asked = ips.iter().map(|ip| {
            let heard = self.wire.listen(index, *ip);
            heard.and_then(|()| self.wire.say(index, *ip, &[question(mac, *ip)]))
        });
        if let Err(e) = asked.try_for_each(|asked| asked) {
            self.close_ears();
            return Err(refusal::packet("ask the neighbours", &link.name, &e));
        }
        let now = clock::now().mono;
        let asking = Asking::new((no, order), (ips, link, mac), ours, wait, now);
        self.asking.push(asking);
        Ok(None)
    }

    /// Neighbours have said something.
    fn on_frames(&mut self, number: usize) {
        let mut said = Vec::new();
        let failed = self.wire.hear(number, &mut said).err();
        self.end_those(|asking| {
            let found = |(index, ip, heard): &Said| asking.hear(*index, *ip, *heard);
            let found = said.iter().find_map(found).map(Ok);
            let deaf = failed
                .as_ref()
                .filter(|(index, _)| *index == asking.link.index);
            found.or_else(|| deaf.map(|(_, e)| Err(again(e))))
        });
    }

    fn expire(&mut self, now: Mono) {
        let mut again = Vec::new();
        self.end_those(|asking| {
            if asking.deadline() > now {
                return None;
            }
            let found = asking.expire(now);
            if found.is_none() {
                let each = |ip: &IpAddr| (asking.link.index, *ip, asking.mac);
                again.extend(asking.ips.iter().map(each));
            }
            found.map(Ok)
        });
        for (index, ip, mac) in again {
            // Should the device be gone, those who listen hear of it.
            let _ = self.wire.say(index, ip, &[question(mac, ip)]);
        }
        self.tell_again(now);
    }

    /// Ends the questions about which there is something to say.
    fn end_those(&mut self, mut verdict: impl FnMut(&mut Asking) -> Option<io::Result<Found>>) {
        let mut ended = Vec::new();
        for mut asking in std::mem::take(&mut self.asking) {
            match verdict(&mut asking) {
                Some(found) => ended.push((asking, found)),
                None => self.asking.push(asking),
            }
        }
        if ended.is_empty() {
            return;
        }
        for (asking, found) in ended {
            let done = self.asked(&asking, found);
            self.answer(asking.no, done);
        }
        self.close_ears();
    }

    /// A question has come to its end.
    fn asked(&mut self, asking: &Asking, found: io::Result<Found>) -> Done {
        let name = &asking.link.name;
        let adds = matches!(asking.order, AddressOrder::Add { .. });
        match found {
            Err(e) => Err(refusal::packet("ask the neighbours", name, &e)),
            Ok(Found::Nobody) if adds => self.put(&asking.order, &asking.ips, &asking.link),
            Ok(Found::Owner(ip, by)) if adds => Err(refusal::taken(ip, name, by)),
            Ok(Found::Asker(ip, by)) if adds => Err(refusal::about_to_be_taken(ip, name, by)),
            Ok(Found::Nobody) => Ok(Some(String::new())),
            Ok(Found::Owner(_, by) | Found::Asker(_, by)) => Ok(Some(by.to_string())),
        }
    }

    /// Ends what would add one of these addresses later.
    fn cancel(&mut self, at: &AddressOn) {
        let adds = |asking: &Asking| {
            let ours = asking.ips.iter().any(|ip| at.ips.contains(ip));
            let adds = matches!(asking.order, AddressOrder::Add { .. });
            ours && adds && asking.link.name == at.device
        };
        let (ended, rest) = std::mem::take(&mut self.asking).into_iter().partition(adds);
        self.asking = rest;
        let ended: Vec<Asking> = ended;
        for asking in ended {
            self.answer(asking.no, Err(refusal::cancelled(&at.device)));
        }
        self.close_ears();
    }

    /// Last of all, because it takes the kernel some milliseconds.
    fn close_ears(&mut self) {
        let asking = &self.asking;
        self.wire.keep(|index, kind| {
            let speaks = |ip: &IpAddr| protocol(*ip) == kind;
            let needs = |a: &Asking| a.link.index == index && a.ips.iter().any(speaks);
            asking.iter().any(needs)
        });
    }

    // --- adding and telling ---

    /// Adds these of an order's addresses, and tells the neighbours. If one can not be added,
    /// those before it are taken away again.
    fn put(&mut self, order: &AddressOrder, wanted: &[IpAddr], link: &Link) -> Done {
        let AddressOrder::Add {
            nets,
            device,
            label,
            announce,
            ..
        } = order
        else {
            return Ok(None);
        };
        let nets = nets.iter().filter(|net| wanted.contains(&net.ip));
        let label = label.as_deref();
        let mut done = Ok(());
        for AddressNet { ip, prefix } in nets {
            let doing = format!("add {ip}/{prefix} to {device}");
            done = self.kernel(&doing, device, |k| k.add(link, *ip, *prefix, label));
            if done.is_err() {
                break;
            }
        }
        // On a device that is down, which only -force gets as far as this, nobody listens.
        if link.state() == "up" {
            done = done.and_then(|()| self.tell(link, wanted, *announce));
        }
        if done.is_err() {
            for ip in wanted {
                // The first error is the one to be told.
                let _ = self.remove(link, *ip);
            }
        }
        done.map(|()| Some(String::new()))
    }

    /// Tells the neighbours for the first time, and sees to the other times.
    fn tell(
        &mut self,
        link: &Link,
        ips: &[IpAddr],
        announce: Announce,
    ) -> Result<(), AddressError> {
        if announce.times == 0 || link.neighbourly().is_none() {
            return Ok(());
        }
        for ip in ips {
            let failed = |e: io::Error| refusal::packet("tell the neighbours", &link.name, &e);
            self.say(link, *ip).map_err(failed)?;
            let now = clock::now().mono;
            self.rounds.put(link.index, *ip, announce, now);
        }
        Ok(())
    }

    /// Announces an address once.
    fn say(&mut self, link: &Link, ip: IpAddr) -> io::Result<()> {
        let Some(mac) = link.neighbourly() else {
            return Ok(());
        };
        let router = ip.is_ipv6() && forwards(&link.name);
        self.wire
            .say(link.index, ip, &announcement(mac, ip, router))
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
                Some(link) => drop(self.say(link, round.ip)),
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

    /// Takes an address away. That the device has gone as well is no error.
    fn remove(&mut self, link: &Link, ip: IpAddr) -> Result<(), AddressError> {
        self.rounds.forget(link.index, ip);
        let doing = format!("remove {ip} from {}", link.name);
        match self.kernel(&doing, &link.name, |k| k.del(link.index, ip)) {
            Err(e) if e.code.get(2).is_some_and(|code| code == "NODEV") => Ok(()),
            other => other,
        }
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

/// Whether this host is a router there. If it did not say so in an advertisement, its
/// neighbours would no longer use it as one.
fn forwards(device: &str) -> bool {
    let path = format!("/proc/sys/net/ipv6/conf/{device}/forwarding");
    fs::read_to_string(path).is_ok_and(|text| text.trim() != "0")
}

/// The same error once more, for everybody who has to be told.
fn again(error: &io::Error) -> io::Error {
    let number = error.raw_os_error().unwrap_or(libc::EIO);
    io::Error::from_raw_os_error(number)
}

/// A field of a line: without what separates fields and lines.
fn field(text: &str) -> String {
    text.replace(char::is_control, "?")
}
