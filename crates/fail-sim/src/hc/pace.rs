//! **Pace**: a target is asked at most once in `retry`, or half its interval, or the first wait of
//! `backoff`, whichever is least, and once or twice more for each thing that makes hc ask out of turn: somebody wants it, what
//! depends on it is bad, hc stood still, began, or read a file, the window closed, it is no
//! longer hidden.
//!
//! **Its mirror** (polled): who is not hidden is asked again within [`bounds::turn`].

use super::bounds;
use super::look::{Look, Property};
use super::setup::name;
use super::world::Scene;

impl Look {
    /// From now on it is counted by the pace of another file.
    pub(super) fn count_anew(&mut self, scene: &Scene, n: usize) {
        let each = &mut self.each[n];
        (each.counted, each.rounds) = (scene.at, 0);
    }

    pub(super) fn pace_round(&mut self, scene: &Scene, n: usize) {
        let each = &mut self.each[n];
        each.rounds += 1;
        each.asked = scene.at;
        let Some(target) = scene.setup.target(scene.other, n) else {
            return;
        };
        let pace = &target.pace;
        let backoff = pace.backoff.map_or(pace.retry, |backoff| backoff.initial);
        let least = pace.retry.min(pace.interval.part(2)).min(backoff).0;
        let most = (scene.at - each.counted) / least.max(1) + 4 + each.extras;
        if each.rounds > most {
            let text = format!("t-{n} is asked {} times, at most {most}", each.rounds);
            self.violated(Property::Pace, scene.at, text);
        }
    }

    pub(super) fn look_pace(&mut self, scene: &Scene) {
        let Some(watch) = &scene.watch else { return };
        let hidden: Vec<usize> = self.checks.values().map(|check| check.target).collect();
        for n in hidden {
            if self.each[n].hidden {
                let text = format!("t-{n} is asked, and nobody should");
                self.violated(Property::Hidden, scene.at, text);
            }
        }
        for n in 0..self.each.len() {
            let Some(target) = scene.setup.target(scene.other, n) else {
                continue;
            };
            let each = &self.each[n];
            let since = each.asked.max(each.visible).max(scene.disturbed);
            if target.checks == 0 || each.hidden || scene.at <= since + bounds::turn(target) {
                continue;
            }
            // Of what is worked on it is not seen whether it is hidden.
            let view = watch.view(&name(n));
            let worked_on = view.is_some_and(|view| view.state == "maintenance");
            if !worked_on || target.depends.is_empty() {
                let ago = (scene.at - since) / 1_000_000;
                let text = format!("t-{n} was not asked for {ago} ms");
                self.violated(Property::Polled, scene.at, text);
            }
        }
    }

    /// What is shown of these has changed.
    pub fn shown(&mut self, scene: &Scene, shown: &[usize]) {
        let Some(watch) = &scene.watch else { return };
        for n in shown {
            let Some(view) = watch.view(&name(*n)) else {
                continue;
            };
            let each = &mut self.each[*n];
            let hidden = view.state == "dependency";
            if each.hidden && !hidden {
                each.extras += 1;
                each.visible = scene.at;
            }
            each.hidden = hidden;
            if hidden {
                each.warned.forget(scene.at);
            }
            self.look_flips(scene, *n, &view.state);
        }
    }
}
