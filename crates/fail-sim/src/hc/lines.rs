//! Actions. **One at a time** for each line of a target; what was begun **ends**. What is said
//! is in **order**, was true at some time since the other was said (**never true**), and is
//! **one message**: nobody is called down while enough of what it depends on was down before its
//! first bad finding, nor up while they were before its first good one (**up alone**), and neither
//! before it was found so often in a row (**grounds**). Of what is worked
//! on nothing is said, nor of a group because of it (**maintenance**).

use fail_core::watch::{ACT_GRACE, Event, Report};

use super::bounds::SLACK;
use super::look::{Look, Property};
use super::setup::{Kind, kind, number};
use super::told::{Doing, Word};
use super::world::Scene;

impl Look {
    /// hc has something done.
    pub fn acts(&mut self, scene: &Scene, no: u64, line: usize, report: &Report, deadline: u64) {
        let n = number(&report.target);
        let Some(line) = scene.setup.line(scene.other, n, line) else {
            let text = format!("t-{n}: there is no line {line}");
            return self.violated(Property::Heard, scene.at, text);
        };
        let mut open = self.acts.values();
        if open.any(|doing| doing.target == n && doing.what == line.what) {
            let text = format!("t-{n}: {} does two things at once", line.what);
            self.violated(Property::OneAtATime, scene.at, text);
        }
        let doing = Doing {
            target: n,
            what: line.what.clone(),
            word: Word::of(report),
            deadline,
        };
        self.acts.insert(no, doing);
        self.tell(n, line, report);
        if kind(line) == Kind::See {
            self.look_said(scene, n, report);
        }
    }

    pub(super) fn look_ends(&mut self, scene: &Scene) {
        for doing in self.acts.values() {
            // If hc stood still, it got more time once.
            let last = doing.deadline.max(scene.disturbed) + 2 * ACT_GRACE.0 + 2 * SLACK;
            if scene.at > last {
                let (n, what) = (doing.target, &doing.what);
                let text = format!("t-{n}: {what} neither ends nor is given up");
                return self.violated(Property::Ends, scene.at, text);
            }
        }
    }

    /// One line is told of everything, and ends at once: so it is when it is said.
    fn look_said(&mut self, scene: &Scene, n: usize, report: &Report) {
        let at = scene.at;
        let target = scene.setup.target(scene.other, n);
        if scene.open && scene.setup.in_window(scene.other, n) {
            let text = format!("t-{n} is worked on, and {:?} is said of it", report.event);
            self.violated(Property::Maintenance, at, text);
        }
        self.look_quiet(scene, n, report);
        match report.event {
            Event::Warning | Event::Clear => return self.look_warning(scene, n, report),
            Event::Flapping => return self.each[n].flapped = true,
            Event::Renotify => return,
            Event::Down | Event::Up | Event::Change => {}
        }
        let up = scene.truth.0[n].up;
        // A check that is under way may have seen how it was before.
        let seeing = self.checks.values().any(|check| check.target == n);
        let each = &mut self.each[n];
        let was = each.last.replace(report.good);
        let repeats = std::mem::take(&mut each.repeats);
        let flapped = std::mem::take(&mut each.flapped);
        each.warned.said = false;
        each.warned.forget(at);
        if was == Some(report.good) && !repeats && !flapped {
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
            // A group that became a target is as it was.
            _ if target.checks == 0 => 0,
            true => target.pace.rise,
            false => target.pace.fall,
        });
        let wanted = wanted.min().unwrap_or(0);
        if checked && best < wanted && !repeats {
            let word = report.to.word();
            let text = format!("t-{n} is said to be {word} after {best} rounds, not {wanted}");
            return self.violated(Property::Grounds, at, text);
        }
        match (report.good, checked) {
            (false, true) => self.look_alone(scene, n, self.each[n].first_bad, false),
            (true, true) => self.look_alone(scene, n, self.each[n].first_good, true),
            (false, false) if !repeats => self.look_group(scene, n),
            _ => {}
        }
    }

    /// A group is called down: by members that are not worked on.
    fn look_group(&mut self, scene: &Scene, n: usize) {
        let target = scene.setup.target(scene.other, n);
        let (Some(target), Some(watch)) = (target, &scene.watch) else {
            return;
        };
        let down = |on: &&fail_wire::Name| watch.view(on).is_some_and(|on| on.state == "down");
        let down = target.depends.iter().filter(down).count();
        let total = target.depends.len();
        if total - down >= target.need.unwrap_or(total) {
            let text = format!("t-{n} is called down, and {down} of {total} are");
            self.violated(Property::Maintenance, scene.at, text);
        }
    }

    /// What it depends on was not down since before it was found so.
    fn look_alone(&mut self, scene: &Scene, n: usize, first: Option<u64>, up: bool) {
        let target = scene.setup.target(scene.other, n);
        let (Some(target), Some(first)) = (target, first) else {
            return;
        };
        let depends = target.depends.iter().map(number);
        let down = |on: &usize| {
            scene
                .truth
                .down_since(&scene.setup, scene.other, *on, first)
        };
        let down: Vec<usize> = depends.filter(down).collect();
        let total = target.depends.len();
        if total - down.len() < target.need.unwrap_or(total) {
            let (word, property) = match up {
                true => ("up", Property::UpAlone),
                false => ("down", Property::OneMessage),
            };
            let text = format!("t-{n} is called {word}, and {down:?} were down before");
            self.violated(property, scene.at, text);
        }
    }
}
