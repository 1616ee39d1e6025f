//! A new policy while services run. What did not change is not disturbed: its rounds go on in
//! step, its open questions stay open, its script runs on. A setting that changed counts from
//! now on. A service that came is begun as at start-up, one that went is left as it is, after
//! what it had under way has come to its end.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use fail_wire::{Key, Marks, Name, State};

use super::class::{self, Kind, targets_of};
use super::duty::Duty;
use super::link::{Link, Lookup};
use super::notes::NoteKind;
use super::{Plan, Target};
use crate::log::Level;
use crate::policy::{Host, Policy, Service};
use crate::time::Now;

/// The way to the faild of a host. A name has to be looked up first.
pub(super) fn link_of(now: Now, name: &Name, host: &Host) -> Result<Link, String> {
    let key =
        Key::new(&host.community).map_err(|bad| format!("failhost {name}: community: {bad}"))?;
    let address = host.address.as_deref().unwrap_or(name.as_str());
    let literal = address.parse().ok();
    let literal = literal.map(|ip| SocketAddr::new(ip, host.port));
    let mut link = Link::new(literal, key, host.timeout).by(host.protocol);
    if literal.is_none() {
        let (name, port) = (address.to_string(), host.port);
        link.lookup = Some(Lookup {
            name,
            port,
            no: None,
            next: now.mono,
            failed: false,
        });
    }
    Ok(link)
}

impl Plan {
    /// Whether this policy can be used: what [`super::In::Policy`] needs to be told before.
    ///
    /// # Errors
    /// A community that can not be used.
    pub fn admits(policy: &Policy) -> Result<(), String> {
        for (name, host) in &policy.hosts {
            Key::new(&host.community)
                .map_err(|bad| format!("failhost {name}: community: {bad}"))?;
        }
        for (name, service) in &policy.services {
            if let Some(community) = &service.community {
                Key::new(community).map_err(|bad| format!("failsvc {name}: community: {bad}"))?;
            }
        }
        Ok(())
    }

    pub(super) fn renew(&mut self, now: Now, policy: Policy, known: Vec<(Name, SocketAddr)>) {
        let old = std::mem::replace(&mut self.policy, policy);
        self.renew_hosts(now, &old, &known);
        for (name, service) in &old.services {
            if !self.policy.services.contains_key(name) {
                self.dismiss(now, name, service);
            }
        }
        let names: Vec<Name> = self.policy.services.keys().cloned().collect();
        for name in names {
            let back = self.leaving.remove(&name);
            match (back, old.services.get(&name)) {
                (Some(was), _) => self.change_service(now, &name, &was),
                (None, None) => self.welcome(now, &name),
                (None, Some(was)) if self.policy.services.get(&name) == Some(was) => {}
                (None, Some(was)) => self.change_service(now, &name, was),
            }
        }
        self.log(Level::Info, "plan", "the policy is in force".to_string());
    }

    fn renew_hosts(&mut self, now: Now, old: &Policy, known: &[(Name, SocketAddr)]) {
        for name in old.hosts.keys() {
            if !self.policy.hosts.contains_key(name) {
                self.hosts.remove(name);
                self.met.remove(name);
                self.forget_host(name);
            }
        }
        let hosts: Vec<(Name, Host)> = self
            .policy
            .hosts
            .iter()
            .filter(|(name, host)| old.hosts.get(*name) != Some(*host))
            .map(|(name, host)| (name.clone(), host.clone()))
            .collect();
        for (name, host) in hosts {
            let was = old.hosts.get(&name);
            let timeout_only = was.is_some_and(|was| {
                let timeout = host.timeout;
                host == Host {
                    timeout,
                    ..was.clone()
                }
            });
            // It was admitted before.
            let Ok(link) = link_of(now, &name, &host) else {
                continue;
            };
            match self.hosts.get_mut(&name) {
                Some(link) if timeout_only => link.timeout = host.timeout,
                _ => self.meet(now, &name, link, known),
            }
            self.touch_host(&name);
        }
    }

    /// A host that is new, or is reached in another way than before.
    fn meet(&mut self, now: Now, name: &Name, link: Link, known: &[(Name, SocketAddr)]) {
        self.hosts.insert(name.clone(), link);
        self.news.forget(&Target::Host(name.clone()));
        self.met.insert(name.clone(), now.mono);
        for (_, addr) in known.iter().filter(|(host, _)| host == name) {
            self.know(now, name, *addr);
        }
        self.ask_anew(now, name);
    }

    /// Who is reached in another way than before, or for the first time, is not held for dead
    /// because nobody answered the old way.
    pub(super) fn ask_anew(&mut self, now: Now, host: &Name) {
        let target = Target::Host(host.clone());
        for index in 0..self.classes.len() {
            self.classes[index].lost.remove(&target);
            // Nobody will answer what he was asked in the old way.
            if self.drop_ask(index, &target) {
                self.open_ask(now, index, &target);
            }
        }
    }

    /// A service that was not there before, as when failsh is started.
    fn welcome(&mut self, now: Now, name: &Name) {
        let Some(service) = self.policy.services.get(name).cloned() else {
            return;
        };
        let index = class::place(&mut self.classes, name, &service, now.mono);
        let claim_after = now.mono + service.delay;
        let duty = Duty::new(index, now.mono, claim_after);
        self.duties.insert(name.clone(), duty);
        self.note(now, name, NoteKind::Policy, "new in the policy");
        self.touch(name);
    }

    /// A service that was there before, perhaps with other settings.
    fn change_service(&mut self, now: Now, name: &Name, was: &Service) {
        let Some(service) = self.policy.services.get(name).cloned() else {
            return;
        };
        let moves = Kind::of(&service) != Kind::of(was);
        let index = self.duties.get(name).map_or(0, |duty| duty.class);
        if moves {
            self.aim(name, index, &Service::default(), false);
            let index = class::place(&mut self.classes, name, &service, now.mono);
            if let Some(duty) = self.duties.get_mut(name) {
                duty.class = index;
                duty.pending.clear();
            }
            if service.community != was.community {
                self.give_up_post(name);
            }
        } else {
            self.aim(name, index, &service, true);
        }
        let Some(duty) = self.duties.get_mut(name) else {
            return;
        };
        let targets: BTreeSet<Target> = targets_of(&service).collect();
        let stays = |host: &Name| targets.contains(&Target::Host(host.clone()));
        duty.seen.retain(|host, _| stays(host));
        duty.heard.retain(|host, _| stays(host));
        duty.pending.retain(|target| targets.contains(target));
        duty.contested &= !service.slaves.is_empty();
        let next = now.mono + service.check_interval;
        duty.checks.after = duty.checks.after.min(next);
        if service.check != was.check && duty.believed.is_some() {
            duty.checks.begin(duty.checks.after);
        }
        self.note(now, name, NoteKind::Policy, "settings changed");
        self.touch(name);
        self.schedule(now, name);
    }

    /// A service that is no longer in the policy.
    fn dismiss(&mut self, now: Now, name: &Name, service: &Service) {
        let Some(duty) = self.duties.get_mut(name) else {
            return;
        };
        duty.checks.due = None;
        duty.retries.wake = None;
        let state = duty.believed.map_or("not known", State::word);
        let text = format!("no longer in the policy; it is left as it is, {state}");
        let index = duty.class;
        self.log(Level::Warn, "plan", format!("service {name}: {text}"));
        self.note(now, name, NoteKind::Policy, &text);
        self.leaving.insert(name.clone(), service.clone());
        // Only the local faild has still to be told something.
        self.aim(name, index, &Service::default(), true);
        if let Some(duty) = self.duties.get_mut(name) {
            duty.pending.retain(|target| *target == Target::Local);
        }
        self.clear_the_way(now, name, "no longer in the policy");
        self.leave(now, name);
    }

    /// A service that leaves: its script ends first, and what that did is published.
    pub(super) fn leave(&mut self, now: Now, name: &Name) {
        let Some(duty) = self.duties.get(name) else {
            return;
        };
        if duty.job.is_some() || duty.stuck.is_some() || self.posts.contains_key(name) {
            return;
        }
        let silent = self.classes[duty.class].lost.contains(&Target::Local);
        if duty.local.is_none() && duty.believed.is_some() && !silent {
            return;
        }
        let local = duty.local.clone().map(|(record, _)| record);
        let local = local.filter(|record| !record.marks.has(Marks::UNREADABLE));
        if let Some(record) = local.filter(|_| !duty.refused) {
            if self.publish_owed(now, name, &record) {
                return;
            }
            if record.marks.has(Marks::STARTING) {
                return self.post_intent(now, name, false, "no longer in the policy");
            }
        }
        self.part(name);
    }

    /// Nothing is left of it here.
    fn part(&mut self, name: &Name) {
        self.drop_sets(name, "the service is no longer in the policy");
        self.leaving.remove(name);
        if let Some(duty) = self.duties.remove(name) {
            self.aim(name, duty.class, &Service::default(), false);
        }
        self.forget(name);
    }

    /// From now on a service is asked about by its class at these hosts only, or at nobody.
    /// Questions that no service needs any more are dropped.
    fn aim(&mut self, name: &Name, index: usize, service: &Service, stays: bool) {
        let targets = targets_of(service).filter(|_| stays);
        self.classes[index].aim(name, targets);
        let asks = self.asks.keys().filter(|(of, _)| *of == index);
        let targets: Vec<Target> = asks.map(|(_, target)| target.clone()).collect();
        for target in targets {
            if !self.classes[index].targets.contains_key(&target) {
                self.drop_ask(index, &target);
            }
        }
    }
}
