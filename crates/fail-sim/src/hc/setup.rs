//! What a world is made of: two Hcfiles, what really depends on what, and what happens.

use std::collections::BTreeSet;

use fail_core::watch::{Event, Line, Target};
use fail_wire::Name;

/// A world.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The Hcfile that holds first. A target's number is its place here; it depends on lower
    /// ones only.
    pub targets: Vec<Target>,
    /// Another Hcfile, edited: some targets are not there and others have moved, and what they
    /// depend on, how they are checked and their lines may be others.
    pub other: Vec<Target>,
    /// Who (first) does not really need what (second) the file says that it depends on.
    pub soft: BTreeSet<(usize, usize)>,
    /// How each target behaves.
    pub styles: Vec<Style>,
    /// What runs the checks stands still again and again, for ever: for a second or so, every
    /// few seconds.
    pub gasps: bool,
    /// What happens, and when.
    pub acts: Vec<(u64, Act)>,
    /// When the last of that has happened.
    pub storm: u64,
}

/// How a target and its actions behave.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// The least and the most that a check takes, in nanoseconds.
    pub takes: (u64, u64),
    /// A check sees how it was when it began; otherwise how it is when it ends.
    pub sees_begin: bool,
    /// So many of a thousand actions hang, fail, and take long.
    pub hangs: u64,
    /// The same: fail.
    pub fails: u64,
}

/// How it really is with a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Own {
    /// It serves.
    Ok,
    /// It says no at once.
    Refuses,
    /// It says nothing: the check ends at its deadline.
    Silent,
    /// The check does not end.
    Lost,
}

/// Something that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// From now on it is so with this target.
    Own(usize, Own),
    /// hc stands still for so long.
    Stall(u64),
    /// What runs the checks stands still for so long, and hc does not.
    Halt(u64),
    /// hc reads the first file, or the other.
    Reload(bool),
    /// hc ends, and is there again after so long.
    Restart(u64),
    /// The window opens, or closes.
    Window(bool),
    /// Somebody wants a target checked.
    Ask(usize),
}

/// The window that targets are in.
pub const WINDOW: &str = "night";

/// What a line does, by the third of its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Each target has one such line, which never changes: it is told of everything, without
    /// limits, and ends at once. So it is known what is said, and when.
    See,
    /// It ends at once.
    Quick,
    /// It ends as the style of its target is; wishes too.
    Slow,
}

/// The words of a line of the kind `See`.
pub const SEE: &str = "on all see";

/// The kind of a line.
pub fn kind(line: &Line) -> Kind {
    // "on down,up quick 3".
    match line.what.split(' ').nth(2) {
        Some("see") => Kind::See,
        Some("quick") => Kind::Quick,
        _ => Kind::Slow,
    }
}

/// A wish that is told both that its target is down and that it is up: it says how it is.
pub fn says_both(line: &Line) -> bool {
    let on = |event| line.on.contains(&event);
    on(Event::Change) || on(Event::Down) && on(Event::Up)
}

/// The name of the target with this number.
#[expect(clippy::expect_used, reason = "a letter, a dash and digits are a name")]
pub fn name(n: usize) -> Name {
    Name::new(&format!("t-{n}")).expect("a name")
}

/// The number of the target with this name.
pub fn number(name: &Name) -> usize {
    let digits = name.as_str().trim_start_matches("t-");
    digits.parse().unwrap_or(0)
}

impl Setup {
    /// The targets of the first file, or of the other.
    pub fn file(&self, other: bool) -> &[Target] {
        match other {
            true => &self.other,
            false => &self.targets,
        }
    }

    /// This line of a target, as a file has it.
    pub fn line(&self, other: bool, n: usize, line: usize) -> Option<&Line> {
        self.target(other, n)?.lines.get(line)
    }

    /// Whether a file has this target in the window.
    pub fn in_window(&self, other: bool, n: usize) -> bool {
        let windows = self.target(other, n).map(|target| &target.windows);
        windows.is_some_and(|windows| windows.iter().any(|window| window == WINDOW))
    }

    /// This target, as a file has it.
    pub fn target(&self, other: bool, n: usize) -> Option<&Target> {
        self.file(other)
            .iter()
            .find(|target| number(&target.name) == n)
    }
}
