//! The Hcfile: what hc checks, how, and what is done about it. `Hcfile(5)` tells it in words.
//!
//! [`check`], [`action`] and [`window`] are what its lines come to.

pub mod action;
pub mod check;
pub mod window;

use std::collections::BTreeMap;

use fail_core::watch::Targets;
use fail_wire::Name;

/// What an Hcfile comes to.
#[derive(Debug, Clone, Default)]
pub struct Hcfile {
    /// Who is checked how, and when something is done about it.
    pub targets: Targets,
    /// What that is: for each target.
    pub bodies: BTreeMap<Name, Body>,
    /// All maintenance windows, by the text that [`fail_core::watch::Target::windows`] has.
    pub windows: BTreeMap<String, window::Window>,
}

/// Checks and actions of a target, by the numbers that [`fail_core::watch`] gives them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Body {
    /// What is checked.
    pub checks: Vec<check::Line>,
    /// What is done.
    pub actions: Vec<action::Action>,
}
