//! A cluster in a box of the kernel: hosts and a client, each in a network namespace of its
//! own, on a bridge in one more. Nothing of it touches the network outside. All of it is
//! removed when the test ends, however it ends; what a killed run has left behind is removed
//! by the next one.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use failover_tests::folder::Folder;
pub use failover_tests::netns::{Namespace, plugged};

use super::client::Client;
use super::host::{Host, Ranks};
use super::process::wait;

/// Within so much time everything has to be as it should be: interval, confirming burst,
/// asking again and script are about two seconds, the rest is for a busy machine.
pub const BOUND: Duration = Duration::from_secs(10);

/// The service address.
pub const SERVICE: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 100);

/// Hosts, client, bridge.
pub struct Lab {
    pub client: Client,
    pub hosts: Vec<Host>,
    switch: Namespace,
    /// Where the client is.
    pub outside: Namespace,
}

impl Lab {
    /// These hosts with the policy of `samples/web-pair`: the first outranks the second and so
    /// on. Everything runs, and the first serves. Nothing if this can not be had here; then
    /// the reason is printed.
    pub fn new(test: &str, names: &[&str]) -> Option<Lab> {
        let lab = Lab::furnished(test, names, Host::web_pair)?;
        lab.settles_on(names[0], Instant::now());
        Some(lab)
    }

    /// These hosts, each with the policy that it is given. Everything has been started.
    pub fn furnished(
        test: &str,
        names: &[&str],
        furnish: impl Fn(&mut Host, &Ranks),
    ) -> Option<Lab> {
        let parts = [names, &["client"]].concat();
        let (switch, mut parts) = plugged(test, &parts)?;
        let client = parts.pop()?;
        client.ip("address add 10.77.0.200/24 dev eth0");
        let mut hosts = Vec::new();
        for ((no, host), namespace) in (1..).zip(names).zip(parts) {
            let address = Ipv4Addr::new(10, 77, 0, no);
            hosts.push(Host::new(host, address, namespace, Folder::new()));
        }
        let all: Vec<(String, Ipv4Addr)> = hosts
            .iter()
            .map(|host| (host.name.clone(), host.address))
            .collect();
        for host in &mut hosts {
            host.furnish();
            host.connect();
            furnish(host, &all);
            host.start_all();
        }
        let asking = Client::start(&client.0, SocketAddr::from((SERVICE, 80)));
        Some(Lab {
            client: asking,
            hosts,
            switch,
            outside: client,
        })
    }

    /// The host with this name.
    pub fn host(&mut self, name: &str) -> &mut Host {
        let found = self.hosts.iter_mut().find(|host| host.name == name);
        found.unwrap_or_else(|| panic!("no host {name}"))
    }

    /// Who has the service address on his interface.
    pub fn owners(&self) -> Vec<&str> {
        self.owners_of(SERVICE)
    }

    fn owners_of(&self, address: Ipv4Addr) -> Vec<&str> {
        let owners = self.hosts.iter().filter(|host| host.owns(address));
        owners.map(|host| host.name.as_str()).collect()
    }

    /// Waits until just these hosts have the service address.
    pub fn owned_by(&self, names: &[&str]) -> Instant {
        self.address_owned_by(SERVICE, names)
    }

    fn address_owned_by(&self, address: Ipv4Addr, names: &[&str]) -> Instant {
        wait(&format!("{address} to be at {names:?}"), BOUND, || {
            let owners = self.owners_of(address);
            match owners == names {
                true => Ok(Instant::now()),
                false => Err(format!("it is at {owners:?}")),
            }
        })
    }

    /// Waits until this host alone has the service address, it alone says UP, and the client
    /// is served by it. Gives when the first of the requests began that it answered.
    pub fn settles_on(&self, name: &str, then: Instant) -> Instant {
        self.service_settles_on(("web", SERVICE), &self.client, name, then)
    }

    /// The same for a service with this name and address, and somebody who uses it.
    pub fn service_settles_on(
        &self,
        (service, address): (&str, Ipv4Addr),
        client: &Client,
        name: &str,
        then: Instant,
    ) -> Instant {
        self.address_owned_by(address, &[name]);
        let served = client.served_by(name, then, BOUND);
        for host in &self.hosts {
            let serves = host.name == name;
            let what = if serves { "to be UP" } else { "not to be UP" };
            if host.runs() {
                host.says_of(service, what, |record| (record["state"] == "UP") == serves);
            }
        }
        // What was true one after the other is true together.
        self.address_owned_by(address, &[name]);
        served
    }

    /// Pulls the cable of a host, or plugs it in.
    pub fn cable(&self, host: &str, state: &str) {
        self.switch.ip(&format!("link set {host} {state}"));
    }

    /// Cuts the connection between all hosts, which the client keeps to each, or heals it.
    pub fn cut(&self, on_off: &str) {
        for host in &self.hosts {
            let name = &host.name;
            self.switch.ip(&format!(
                "link set dev {name} type bridge_slave isolated {on_off}"
            ));
        }
    }
}
