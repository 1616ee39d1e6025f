//! Acts that change nothing, as the return of a host that never was away: who wrote them meant
//! something else, and is told.

use super::World;
use crate::scenario::{Act, At, Link, Program};

impl World<'_> {
    /// Notes an act of the scenario that changes nothing now.
    pub(super) fn note_idle(&mut self, at: &At) {
        if at.line == 0 {
            return;
        }
        if let Some(why) = self.idle(&at.act) {
            let when = crate::judge::seconds(self.at);
            let text = format!("\"{}\" at {when} changes nothing: {why}", at.text);
            self.note(at.line, text);
        }
    }

    /// Why it changes nothing, if so.
    fn idle(&self, act: &Act) -> Option<String> {
        let name = |host: usize| self.hosts[host].name.as_str();
        let up = |host: usize| self.hosts[host].up;
        let runs = |program: Program, host: usize| match program {
            Program::Faild => self.hosts[host].node.is_some(),
            Program::Failsh => self.hosts[host].failsh.is_some(),
        };
        let dead = |program: Program, host: usize| {
            let none = !runs(program, host);
            none.then(|| format!("{} of {} does not run", program.word(), name(host)))
        };
        let down = |host: usize| (!up(host)).then(|| format!("{} is down", name(host)));
        match act {
            Act::Crash(host) | Act::Halt(host) => down(*host),
            Act::Return(host) => up(*host).then(|| format!("{} is up", name(*host))),
            Act::Release(host) | Act::Reload(host, _) => dead(Program::Failsh, *host),
            Act::Kill(program, host) => dead(*program, *host),
            Act::Start(program, host) => down(*host).or_else(|| {
                let runs = runs(*program, *host);
                runs.then(|| format!("{} of {} runs", program.word(), name(*host)))
            }),
            Act::Freeze(host, _) => down(*host).or_else(|| {
                let frozen = self.hosts[*host].frozen;
                frozen.then(|| format!("{} is frozen", name(*host)))
            }),
            Act::Thaw(host) => {
                let moves = !self.hosts[*host].frozen;
                moves.then(|| format!("{} is not frozen", name(*host)))
            }
            Act::Heal => {
                let mut ways = self.lasting.keys();
                let whole = !ways.any(|about| about.starts_with("way "));
                whole.then(|| "the network is whole".to_string())
            }
            Act::Say(_, _, host) => dead(Program::Faild, *host),
            Act::Device(device, host, Link::Up, _) => {
                let up = !self.hosts[*host].devices.contains_key(device);
                up.then(|| format!("{device} of {} is up", name(*host)))
            }
            Act::Lose(thing, host) => {
                let has = self.hosts[*host].things.contains(thing);
                let things: Vec<&str> = self.hosts[*host]
                    .things
                    .iter()
                    .map(String::as_str)
                    .collect();
                (!has).then(|| match things.as_slice() {
                    [] => format!("{} has no thing", name(*host)),
                    things => format!("{} has {}", name(*host), things.join(", ")),
                })
            }
            Act::Cut(..) | Act::Loss(..) | Act::Delay(..) | Act::Device(..) | Act::Command(_) => {
                None
            }
        }
    }
}
