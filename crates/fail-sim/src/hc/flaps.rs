//! **Flap quiet**: once it was said that a target flaps, nothing more is said of it before it
//! was at rest for as long as its setting says.
//!
//! **Its mirror** (flap said): that is said when it has changed so often, and only then; and at
//! rest what it came to.

use fail_core::watch::{Event, Report};

use super::look::{Each, Look, Property};
use super::world::Scene;

impl Each {
    /// What was counted does not count any more: hc is another one, or it is worked on.
    pub(super) fn forget_flaps(&mut self) {
        self.flips.clear();
        self.known = None;
        self.flapping = false;
        // hc may know a state of which nothing was seen.
        self.unsure = true;
    }
}

impl Look {
    pub(super) fn look_flips(&mut self, scene: &Scene, n: usize, state: &str) {
        let target = scene.setup.target(scene.other, n);
        let each = &mut self.each[n];
        let up = match state {
            "up" => true,
            "down" => false,
            _ => return,
        };
        let was = each.known.replace(up);
        let Some(flap) = target.and_then(|target| target.pace.flap) else {
            return;
        };
        if was.is_none_or(|was| was == up) {
            return;
        }
        if each.flapping && scene.at - each.flipped >= flap.within.0 {
            // It was at rest, and it was said what it came to, or is not known.
            each.flapping = false;
            each.flips.clear();
        }
        each.flips.push_back(scene.at);
        each.flipped = scene.at;
        while each
            .flips
            .front()
            .is_some_and(|at| scene.at - *at > flap.within.0)
        {
            each.flips.pop_front();
        }
        if each.flips.len() >= flap.changes as usize && !each.flapping {
            let text = format!("t-{n} flaps, and nobody says so: {:?}", each.flips);
            self.violated(Property::FlapSaid, scene.at, text);
        }
    }

    /// Something is said of it; what is shown comes after.
    pub(super) fn look_quiet(&mut self, scene: &Scene, n: usize, report: &Report) {
        let target = scene.setup.target(scene.other, n);
        let Some(flap) = target.and_then(|target| target.pace.flap) else {
            return;
        };
        let each = &mut self.each[n];
        let (at, within) = (scene.at, flap.within.0);
        if report.event == Event::Flapping {
            let recent = each
                .flips
                .iter()
                .filter(|flip| at - **flip <= within)
                .count();
            // This change, and perhaps one of which nothing was seen.
            let seen = recent + 1 + usize::from(each.unsure);
            let again = std::mem::replace(&mut each.flapping, true);
            each.flipped = at;
            if again || seen < flap.changes as usize {
                let text = format!("t-{n} is said to flap, and does not: {:?}", each.flips);
                self.violated(Property::FlapSaid, at, text);
            }
        } else if each.flapping {
            let rest = at - each.flipped;
            each.flapping = false;
            each.flips.clear();
            if rest < within {
                let text = format!("t-{n} flaps, and {:?} is said of it", report.event);
                self.violated(Property::FlapQuiet, at, text);
            }
        }
    }
}
