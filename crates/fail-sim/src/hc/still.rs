//! **Said truth**: when a target, what it depends on, and hc itself were still for so long as
//! [`bounds::known`] says, what is shown and what was said last is how it is. So one that is
//! down while all that it depends on is up is **told** of in time.

use fail_core::watch::State;

use super::look::{Look, Property};
use super::setup::{name, number};
use super::world::Scene;

impl Look {
    /// How all targets must be shown, windows aside, if all is known.
    pub(super) fn expected(&self, scene: &Scene) -> Vec<Option<State>> {
        let mut all: Vec<Option<State>> = Vec::new();
        for n in 0..scene.setup.targets.len() {
            let Some(target) = scene.setup.target(scene.other, n) else {
                all.push(None);
                continue;
            };
            let states = || target.depends.iter().map(|on| all[number(on)]);
            let count = |state| states().filter(|of| *of == Some(state)).count();
            let (down, hidden) = (count(State::Down), count(State::Dependency));
            // A member that is worked on does not make a group down.
            let of_group = |on: &&fail_wire::Name| {
                let worked_on = scene.open && scene.setup.in_window(scene.other, number(on));
                worked_on && all[number(on)] == Some(State::Down)
            };
            let excused = target.depends.iter().filter(of_group).count();
            let total = target.depends.len();
            let need = target.need.unwrap_or(total);
            let state = if target.checks > 0 {
                match scene.truth.0[n].up {
                    _ if total - down - hidden < need => State::Dependency,
                    true => State::Up,
                    false => State::Down,
                }
            } else if total - (down - excused) < need {
                State::Down
            } else if total - down - hidden < need {
                State::Dependency
            } else {
                State::Up
            };
            all.push(Some(state));
        }
        all
    }

    pub(super) fn look_still(&mut self, scene: &Scene) {
        let Some(watch) = &scene.watch else { return };
        let known = &self.known[usize::from(scene.other)];
        let still = |n: usize| {
            scene
                .at
                .saturating_sub(self.each[n].disturbed.max(scene.disturbed))
        };
        let all = 0..self.each.len();
        let due: Vec<usize> = all
            .filter(|n| !self.each[*n].calm && still(*n) > known[*n])
            .collect();
        if due.is_empty() {
            return;
        }
        let expected = self.expected(scene);
        for n in due {
            let (Some(state), Some(view)) = (expected[n], watch.view(&name(n))) else {
                continue;
            };
            self.each[n].calm = true;
            let worked_on = scene.open && scene.setup.in_window(scene.other, n);
            let shown = if worked_on { State::Maintenance } else { state };
            let said = self.each[n].last;
            let property = match state {
                State::Down => Property::Told,
                _ => Property::SaidTruth,
            };
            if view.state != shown.word() {
                let text = format!("t-{n} is shown {}, and is {}", view.state, shown.word());
                self.violated(property, scene.at, text);
            } else if view.flapping && !worked_on {
                let text = format!("t-{n} is flapping, and is still");
                self.violated(Property::FlapSaid, scene.at, text);
            } else if self.each[n].flapped && !worked_on && state != State::Dependency {
                let text = format!("t-{n} is at rest, and nobody says what it came to");
                self.violated(Property::FlapSaid, scene.at, text);
            } else if !worked_on
                && (state == State::Down && said != Some(false)
                    || state == State::Up && said == Some(false))
            {
                let text = format!("t-{n} is {}, and said was {said:?}", state.word());
                self.violated(property, scene.at, text);
            }
        }
    }
}
