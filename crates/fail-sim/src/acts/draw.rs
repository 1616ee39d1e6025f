//! The acts of a seed: what happens when, by weight.

use fail_wire::{Name, State};

use super::{Act, Daemon, Edit, Happening};
use crate::client::Verb;
use crate::rng::Rng;
use crate::setup::{MS, SECOND, Setup, Theme};
use crate::skew::Skew;

/// What is drawn: an act without its parameters.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Cut,
    CutOneWay,
    Isolate,
    Slow,
    Kill(Daemon),
    LoseState,
    KillHost,
    Stop(Daemon),
    Freeze,
    StepWall,
    Update(Daemon),
    Type(Verb),
    Repair,
    Crash,
    Appear,
    Reload,
    Edit,
    ReleaseAll,
}

/// Weight, in which themes besides `All`, what.
const KINDS: [(u64, Theme, Kind); 31] = [
    (8, Theme::Network, Kind::Cut),
    (6, Theme::Network, Kind::CutOneWay),
    (6, Theme::Network, Kind::Isolate),
    (5, Theme::Network, Kind::Slow),
    (6, Theme::Processes, Kind::Kill(Daemon::Faild)),
    (8, Theme::Processes, Kind::Kill(Daemon::Failsh)),
    (1, Theme::Processes, Kind::LoseState),
    (8, Theme::Processes, Kind::KillHost),
    (4, Theme::Processes, Kind::Stop(Daemon::Faild)),
    (6, Theme::Processes, Kind::Stop(Daemon::Failsh)),
    (6, Theme::Processes, Kind::Freeze),
    (2, Theme::Processes, Kind::StepWall),
    (3, Theme::Updates, Kind::Update(Daemon::Faild)),
    (2, Theme::Updates, Kind::Update(Daemon::Failsh)),
    (6, Theme::Wishes, Kind::Type(Verb::Away)),
    (9, Theme::Wishes, Kind::Type(Verb::Back)),
    (2, Theme::Wishes, Kind::Type(Verb::Hold)),
    (6, Theme::Wishes, Kind::Type(Verb::Release)),
    (2, Theme::People, Kind::Type(Verb::Set(State::Fail))),
    (2, Theme::People, Kind::Type(Verb::Set(State::Recover))),
    (1, Theme::People, Kind::Type(Verb::Set(State::Up))),
    (2, Theme::People, Kind::Type(Verb::Forget)),
    (2, Theme::People, Kind::Type(Verb::History)),
    (2, Theme::People, Kind::Type(Verb::Figures)),
    (1, Theme::People, Kind::Type(Verb::List)),
    (6, Theme::People, Kind::Repair),
    (8, Theme::Services, Kind::Crash),
    (2, Theme::Services, Kind::Appear),
    (3, Theme::Admins, Kind::Reload),
    (6, Theme::Admins, Kind::Edit),
    (5, Theme::Admins, Kind::ReleaseAll),
];

/// Whether an act belongs to a theme: people with facts also have wishes, and while versions
/// are exchanged somebody moves services out of the way.
fn belongs(of: Theme, theme: Theme) -> bool {
    let also = of == Theme::Wishes && matches!(theme, Theme::People | Theme::Updates);
    theme == Theme::All || of == theme || also
}

/// Everything that happens to a run in so many nanoseconds.
pub fn acts(rng: &mut Rng, setup: &Setup, storm: u64) -> Vec<Happening> {
    let table = KINDS.iter();
    let table = table.filter(|(_, of, _)| belongs(*of, setup.theme));
    let mut table: Vec<(u64, Kind)> = table.map(|(weight, _, kind)| (*weight, *kind)).collect();
    if setup.wild || setup.theme == Theme::Services {
        // Where scripts fail, somebody has to repair them, whatever the theme.
        table.push((8, Kind::Repair));
    }
    let mut acts = Vec::new();
    let mut at = rng.between(2 * SECOND, 6 * SECOND);
    while at < storm {
        let kind = rng.weighted(&table);
        let act = act(rng, setup, kind);
        acts.push(Happening { at, act });
        // Whole milliseconds are shorter to write and just as good.
        at += rng.between(20, setup.pause_max / MS) * MS;
    }
    acts
}

fn act(rng: &mut Rng, setup: &Setup, kind: Kind) -> Act {
    let hosts = setup.hosts as u64;
    let host = rng.between(0, hosts - 1) as usize;
    let other = (host + rng.between(1, hosts - 1) as usize) % setup.hosts;
    let long = match rng.per_mille(700) {
        true => rng.between(10, 3000) * MS,
        false => rng.between(1000, 10_000) * MS,
    };
    let service = service(rng, setup);
    match kind {
        Kind::Cut => Act::Cut(host, other, long),
        Kind::CutOneWay => Act::CutOneWay(host, other, long),
        Kind::Isolate => Act::Isolate(host, long),
        Kind::Slow => Act::Slow {
            from: host,
            to: other,
            by: rng.pick(&[10, 50, 200, 800]) * MS,
            lose: rng.pick(&[0, 0, 100, 500]),
            long,
        },
        Kind::Kill(daemon) => Act::Kill(daemon, host, long),
        Kind::LoseState => Act::LoseState(host, long),
        Kind::KillHost => Act::KillHost(host, long),
        Kind::Stop(daemon) => Act::Stop(daemon, host, long),
        Kind::Freeze => Act::Freeze {
            host,
            clocks: rng.per_mille(400),
            long,
        },
        Kind::StepWall => Act::StepWall(host, rng.between(0, 7_200_000) as i64 - 3_600_000),
        Kind::Update(daemon) => {
            let others = [Skew::Past, Skew::Past, Skew::Future, Skew::Future];
            let to = match daemon {
                Daemon::Faild => rng.pick(&[others[0], others[2], Skew::Next]),
                Daemon::Failsh => rng.pick(&others),
            };
            Act::Update(daemon, host, to, long)
        }
        Kind::Type(verb) => Act::Type {
            host,
            service,
            verb,
            within: verb.is_order() && rng.per_mille(400),
        },
        Kind::Repair => Act::Repair(service),
        Kind::Crash => Act::Crash(service, host),
        Kind::Appear => Act::Appear(service, host),
        Kind::Reload => Act::Reload(host),
        Kind::Edit => Act::Edit(
            host,
            match rng.between(0, 9) {
                0..=4 => Edit::Settings(service),
                5..=6 => Edit::Drops(service),
                7..=8 => Edit::Community,
                _ => Edit::Traps,
            },
        ),
        Kind::ReleaseAll => Act::ReleaseAll(host),
    }
}

fn service(rng: &mut Rng, setup: &Setup) -> Name {
    let n = rng.between(0, setup.services.len() as u64 - 1) as usize;
    setup.services[n].name.clone()
}
