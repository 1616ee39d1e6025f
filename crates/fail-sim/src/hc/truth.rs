//! How it really is: which targets serve, and since when they do or do not. A target that
//! needs another one does not serve while that does not.

use super::setup::{Own, Setup, number};

/// Of one target.
#[derive(Debug, Clone, Copy)]
pub struct Fact {
    /// Its own part.
    pub own: Own,
    /// Whether it serves.
    pub up: bool,
    /// Since when.
    pub since: u64,
}

/// Of all, by their numbers.
#[derive(Debug, Clone)]
pub struct Truth(pub Vec<Fact>);

impl Truth {
    /// At first all serve.
    pub fn new(setup: &Setup) -> Truth {
        let fact = Fact {
            own: Own::Ok,
            up: true,
            since: 0,
        };
        let mut truth = Truth(vec![fact; setup.targets.len()]);
        truth.follow(setup, 0);
        truth
    }

    /// One has changed; gives the numbers of those that serve or do not serve now because of it.
    pub fn set(&mut self, setup: &Setup, at: u64, n: usize, own: Own) -> Vec<usize> {
        self.0[n].own = own;
        self.follow(setup, at)
    }

    fn follow(&mut self, setup: &Setup, at: u64) -> Vec<usize> {
        let mut changed = Vec::new();
        for (n, target) in setup.targets.iter().enumerate() {
            let depends = target.depends.iter().map(number);
            let good = depends.filter(|on| setup.soft.contains(&(n, *on)) || self.0[*on].up);
            let enough = good.count() >= target.need.unwrap_or(target.depends.len());
            let up = self.0[n].own == Own::Ok && enough;
            if self.0[n].up != up {
                (self.0[n].up, self.0[n].since) = (up, at);
                changed.push(n);
            }
        }
        changed
    }

    /// It was down all the time since then: a group only if enough
    /// of those that the file names were.
    pub fn down_since(&self, setup: &Setup, other: bool, n: usize, then: u64) -> bool {
        let Some(target) = setup.target(other, n) else {
            return false;
        };
        if target.checks > 0 {
            return !self.0[n].up && self.0[n].since <= then;
        }
        let depends = target.depends.iter().map(number);
        let down = depends
            .filter(|on| self.down_since(setup, other, *on, then))
            .count();
        target.depends.len() - down < target.need.unwrap_or(target.depends.len())
    }
}
