//! Actions. **One at a time** for each line of a target; what was begun **ends**. What is said
//! is in **order**, was true at some time since the other was said (**never true**), and is
//! **one message**: nobody is called down while enough of what it depends on was down before its
//! first bad finding, nor before it was found so often in a row (**grounds**). **Limits** are
//! kept, and what they leave out **counts**. Of what is worked on nothing is said
//! (**maintenance**).

use fail_core::watch::{ACT_GRACE, Event, Report};

use super::bounds::SLACK;
use super::look::{Look, Property};
use super::setup::{WINDOW, number};
use super::world::Scene;

impl Look {
    /// hc has something done.
    pub fn acts(&mut self, scene: &Scene, no: u64, line: usize, report: &Report, deadline: u64) {
        let n = number(&report.target);
        let mut open = self.acts.values();
        if open.any(|(m, of, ..)| (*m, *of) == (n, line)) {
            let text = format!("t-{n}: line {line} does two things at once");
            self.violated(Property::OneAtATime, scene.at, text);
        }
        self.acts.insert(no, (n, line, report.good, deadline));
        match line {
            0 => self.look_said(scene, n, report),
            2 => self.look_limits(scene, n, report),
            _ => {}
        }
    }

    /// It has ended.
    pub fn acted(&mut self, number: u64, done: bool) {
        if let Some((n, 1, good, _)) = self.acts.remove(&number) {
            self.each[n].wished = done.then_some(good);
        }
    }

    /// hc does not wait for it any more.
    pub fn forgotten(&mut self, number: u64) {
        self.acted(number, false);
    }

    pub(super) fn look_ends(&mut self, scene: &Scene) {
        for (n, line, _, deadline) in self.acts.values() {
            // If hc stood still, it got more time once.
            let last = (*deadline).max(scene.disturbed) + 2 * ACT_GRACE.0 + 2 * SLACK;
            if scene.at > last {
                let text = format!("t-{n}: line {line} neither ends nor is given up");
                return self.violated(Property::Ends, scene.at, text);
            }
        }
    }

    /// Line 0 is told of everything, and ends at once: so it is when it is said.
    fn look_said(&mut self, scene: &Scene, n: usize, report: &Report) {
        let at = scene.at;
        self.each[n].count += 1;
        let target = scene.setup.target(scene.other, n);
        let windows = target
            .map(|target| target.windows.as_slice())
            .unwrap_or_default();
        if scene.open && windows.iter().any(|name| name == WINDOW) {
            let text = format!("t-{n} is worked on, and {:?} is said of it", report.event);
            self.violated(Property::Maintenance, at, text);
        }
        self.look_quiet(scene, n, report);
        if matches!(report.event, Event::Renotify | Event::Flapping) {
            return;
        }
        let up = scene.truth.0[n].up;
        // A check that is under way may have seen how it was before.
        let seeing = self.checks.values().any(|check| check.target == n);
        let each = &mut self.each[n];
        let was = each.last.replace(report.good);
        let repeats = std::mem::take(&mut each.repeats);
        if was == Some(report.good) && !repeats {
            let text = format!("t-{n} is said to be {} twice", report.to.word());
            return self.violated(Property::Order, at, text);
        }
        let checked = target.is_some_and(|target| target.checks > 0);
        let best = each.best[usize::from(report.good)] + std::mem::take(&mut each.doubtful);
        each.best[usize::from(!report.good)] = 0;
        let true_once = if report.good {
            each.was_up
        } else {
            each.was_down
        };
        match report.good {
            true => each.was_down &= !up || seeing,
            false => each.was_up &= up || seeing,
        }
        if checked && !true_once && !repeats {
            let text = format!("t-{n} is said to be {}, and never was", report.to.word());
            return self.violated(Property::NeverTrue, at, text);
        }
        // Another file may have held when it was found.
        let files = [false, true].map(|other| scene.setup.target(other, n));
        let wanted = files.into_iter().flatten().map(|target| match report.good {
            true => target.pace.rise,
            false => target.pace.fall,
        });
        let wanted = wanted.min().unwrap_or(0);
        if checked && best < wanted && !repeats {
            let word = report.to.word();
            let text = format!("t-{n} is said to be {word} after {best} rounds, not {wanted}");
            return self.violated(Property::Grounds, at, text);
        }
        if !report.good && checked {
            self.look_one_message(scene, n);
        }
    }

    fn look_one_message(&mut self, scene: &Scene, n: usize) {
        let target = scene.setup.target(scene.other, n);
        let (Some(target), Some(first)) = (target, self.each[n].first_bad) else {
            return;
        };
        let depends = target.depends.iter().map(number);
        let down = |on: &usize| scene.truth.down_since(&scene.setup, *on, first);
        let down: Vec<usize> = depends.filter(down).collect();
        let total = target.depends.len();
        if total - down.len() < target.need.unwrap_or(total) {
            let text = format!("t-{n} is called down, and {down:?} were down before");
            self.violated(Property::OneMessage, scene.at, text);
        }
    }

    /// Line 2 is told of the same as line 0, within its limits, and ends at once.
    fn look_limits(&mut self, scene: &Scene, n: usize, report: &Report) {
        let at = scene.at;
        let each = &mut self.each[n];
        let left_out = std::mem::take(&mut each.count).saturating_sub(1);
        let limited = each.limited.clone();
        each.limited.push_back(at);
        if left_out != report.left_out {
            let text = format!("t-{n}: {left_out} were left out, not {}", report.left_out);
            self.violated(Property::Counts, at, text);
        }
        let target = scene.setup.target(scene.other, n);
        let Some(line) = target.and_then(|target| target.lines.get(2)) else {
            return;
        };
        let soon = line
            .every
            .zip(limited.back())
            .is_some_and(|(every, last)| at - last < every.0);
        let often = line.limit.is_some_and(|limit| {
            let within = limited.iter().filter(|told| at - **told < limit.within.0);
            within.count() >= limit.count as usize
        });
        if soon || often {
            let text = format!("t-{n}: more is said than its limits allow: {limited:?}, {at}");
            self.violated(Property::Limits, at, text);
        }
    }
}
