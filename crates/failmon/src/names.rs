//! Which host is which: a failsh has the name of its system, its peers have names of their own
//! for it, and on the command line it may have a third.
//!
//! Two targets are one host if the same failsh answers at both. A name that a failsh has for
//! another host means a target if that is called so, by itself or on the command line, with its
//! domain or without; or if the faild of that name has the address at which the target answers.
//! A target that has not answered yet is no host of its own if another one bears its name. What
//! stays unclear is a column more, never an alarm: see `matrix`.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use crate::cluster::{Cluster, View};
use crate::matrix::Column;

/// Columns of a matrix: as many as a policy may have hosts. Further names are left out.
pub const COLUMNS_MAX: usize = 1_000;

/// The columns, and whose they are.
#[derive(Debug)]
pub struct Names {
    /// The targets in the order of the command line, then whoever else is told of.
    pub columns: Vec<Column>,
    /// Of each target its column.
    pub own: Vec<usize>,
    /// Of each target, what it calls others.
    theirs: Vec<BTreeMap<String, Option<usize>>>,
}

impl Names {
    /// The names of a cluster.
    pub fn of(cluster: &Cluster) -> Names {
        let views = &cluster.views;
        let (mut columns, own) = targets(views);
        let mut others: BTreeMap<String, Option<usize>> = BTreeMap::new();
        let mut theirs = Vec::new();
        for (number, view) in views.iter().enumerate() {
            let mut known: BTreeMap<String, Option<usize>> = BTreeMap::new();
            let peers = view.shown.services.values().flat_map(|view| &view.peers);
            let names = peers.map(|peer| &peer.host).chain(view.shown.hosts.keys());
            for name in names {
                if known.contains_key(name) {
                    continue;
                }
                let target = meant(views, number, &own, name);
                let at = target.or_else(|| {
                    *others.entry(name.clone()).or_insert_with(|| {
                        let fits = columns.len() < COLUMNS_MAX;
                        fits.then(|| {
                            columns.push(Column {
                                host: name.clone(),
                                target: None,
                            });
                            columns.len() - 1
                        })
                    })
                });
                known.insert(name.clone(), at);
            }
            theirs.push(known);
        }
        Names {
            columns,
            own,
            theirs,
        }
    }

    /// The column of what this target calls so.
    pub fn place(&self, number: usize, name: &str) -> Option<usize> {
        *self.theirs.get(number)?.get(name)?
    }
}

/// The columns of the targets, and the column of each.
fn targets(views: &[View]) -> (Vec<Column>, Vec<usize>) {
    let mut columns: Vec<Column> = Vec::new();
    let mut own: Vec<usize> = Vec::new();
    for (number, view) in views.iter().enumerate() {
        let twin = (0..number).find(|other| is_same(view, &views[*other]));
        own.push(twin.map_or_else(
            || {
                columns.push(Column {
                    host: view.host().to_string(),
                    target: Some(number),
                });
                columns.len() - 1
            },
            |twin| own[twin],
        ));
    }
    // Of several targets of one host it is the one that speaks.
    for (at, column) in columns.iter_mut().enumerate() {
        let mut mine = (0..views.len()).filter(|number| own[*number] == at);
        let speaks = mine.find(|number| views[*number].shown.hello.is_some());
        if let Some(number) = speaks {
            column.target = Some(number);
            column.host = views[number].host().to_string();
        }
    }
    // Two that call themselves the same are told apart by how they were named.
    let names: Vec<String> = columns.iter().map(|column| column.host.clone()).collect();
    for (at, column) in columns.iter_mut().enumerate() {
        let alone = names.iter().filter(|name| **name == names[at]).count() == 1;
        if let Some(number) = column.target.filter(|_| !alone) {
            column.host = format!("{} ({})", names[at], views[number].target);
        }
    }
    (columns, own)
}

/// Whether two targets are one host.
fn is_same(one: &View, other: &View) -> bool {
    match (&one.shown.hello, &other.shown.hello) {
        (Some(a), Some(b)) => (&a.host, a.pid, a.started) == (&b.host, b.pid, b.started),
        (None, Some(hello)) => is_name(&hello.host, one.name()),
        (Some(hello), None) => is_name(&hello.host, other.name()),
        (None, None) => one.target == other.target,
    }
}

/// Which target another one means by this name; never itself.
fn meant(views: &[View], by: usize, own: &[usize], name: &str) -> Option<usize> {
    let others = || (0..views.len()).filter(|number| own[*number] != own[by]);
    let called = |number: &usize| {
        let view = &views[*number];
        is_name(view.host(), name) || is_name(view.name(), name)
    };
    let address = views[by].shown.hosts.get(name).and_then(|host| {
        let at: Option<SocketAddr> = host.address.as_deref()?.parse().ok();
        at.map(|at| at.ip())
    });
    let there = |number: &usize| {
        let at = views[*number].at.map(|at| at.ip());
        at.is_some() && at == address && !at.as_ref().is_some_and(IpAddr::is_loopback)
    };
    let found = others().find(called).or_else(|| others().find(there));
    found.map(|number| own[number])
}

/// Whether two names are one: with a domain or without, in large letters or in small ones.
fn is_name(one: &str, other: &str) -> bool {
    if one.parse::<IpAddr>().is_ok() || other.parse::<IpAddr>().is_ok() {
        return one == other;
    }
    let short = |name: &str| !name.contains('.');
    let first = |name: &str| name.split('.').next().unwrap_or_default().to_lowercase();
    match short(one) || short(other) {
        true => first(one) == first(other),
        false => one.eq_ignore_ascii_case(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_itself_with_a_domain_and_without() {
        for (one, other, same) in [
            ("hosta", "hosta", true),
            ("hosta", "HOSTA.example.org", true),
            ("hosta.example.org", "hosta.example.net", false),
            ("hosta", "hostb", false),
            ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.1", "192", false),
        ] {
            assert_eq!(is_name(one, other), same, "{one} {other}");
        }
    }
}
