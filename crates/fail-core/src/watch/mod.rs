//! What hc decides: which target is checked when, what its findings mean, what is said about
//! it, and to whom.
//!
//! Sans-IO, by the contract of [`crate::machine`]. A *target* has checks and may depend on
//! other targets. Checks are asked for by number ([`Out::Check`]) and answered
//! ([`In::Found`]); what is to be done about a change is asked for by number ([`Out::Act`])
//! and answered ([`In::Acted`]). Who asks, runs and sends is not known here.

mod settings;
mod words;

pub use settings::{Backoff, Bad, Flap, Limit, Line, Pace, Target, Targets};
pub use words::{Acted, Event, Figure, Finding, In, Kept, Out, Report, State, Verdict};
