//! What is wrong between targets: a dependency on nothing, and circles, told with their places.

use std::collections::{BTreeMap, BTreeSet};

use fail_wire::Name;

use super::limits::SHOWN_MAX;
use super::place::{At, Faults, Kind, meant, shown};

/// Where a target stands, and what it depends on, each with its place.
pub(crate) type Places = BTreeMap<Name, (At, Vec<(Name, At)>)>;

/// Each dependency is a target, or `perhaps` one whose line is wrong.
pub(crate) fn missing(places: &Places, perhaps: &BTreeSet<String>, faults: &mut Faults) {
    if faults.is_full() {
        return;
    }
    let mut told = 0;
    let there = |on: &Name| places.contains_key(on) || perhaps.contains(on.as_str());
    for (name, (_, depends)) in places {
        for (on, at) in depends.iter().filter(|(on, _)| !there(on)) {
            told += 1;
            // Looking for what was meant takes a while.
            let near = match told > SHOWN_MAX {
                true => String::new(),
                false => meant(on.as_str(), places.keys().map(Name::as_str)),
            };
            let (name, on) = (shown(name.as_str()), shown(on.as_str()));
            let problem = format!("{name} depends on {on}, which is no target{near}");
            faults.add(Kind::Dependency, (*at, problem));
        }
    }
}

/// A circle, told from the target on that stands first.
pub(crate) fn circle(names: &[Name], places: &Places, faults: &mut Faults) {
    /// More of a way is not read.
    const NAMES_MAX: usize = 8;
    let at = |name: &Name| places.get(name).map(|(at, _)| *at).unwrap_or_default();
    let first = (0..names.len()).min_by_key(|n| at(&names[*n])).unwrap_or(0);
    let way = || names.iter().cycle().skip(first).take(names.len() + 1);
    let link = way().nth(1).and_then(|next| {
        let (_, depends) = places.get(&names[first])?;
        depends.iter().find(|(on, _)| on == next)
    });
    let told = way().take(NAMES_MAX.min(names.len())).map(|name| {
        let place = faults.place(at(name));
        format!("{} ({}:{})", name, place.file, place.line)
    });
    let mut told: Vec<String> = told.collect();
    if names.len() > NAMES_MAX {
        told.push(format!("{} more", names.len() - NAMES_MAX));
    }
    told.extend(way().last().map(Name::to_string));
    let problem = format!(
        "targets depend on each other in a circle: {}",
        told.join(" -> ")
    );
    let place = link.map_or(at(&names[first]), |(_, at)| *at);
    faults.add(Kind::Dependency, (place, problem));
}
