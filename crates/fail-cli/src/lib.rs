//! Every option of every program, default paths and ports, and exit codes.
//!
//! One file per program; its doc comments are the help texts. The man pages are held to
//! what stands here by tests, so a page, `--help` and the parser can not differ. Nothing is
//! opened, asked or decided here, except that [`Community`] reads the file it was given.

#![forbid(unsafe_code)]

pub mod cgi;
mod community;
mod drill;
pub mod exit;
mod failc;
mod faild;
mod faildebug;
mod failmon;
mod failsh;
mod failstat;
mod failure;
mod getnode;
mod hc;
mod hcmon;
mod host;
mod listen;
pub mod ports;
mod program;
mod seconds;
mod size;
mod verb;

pub use community::{COMMUNITY_VARIABLE, Community, DEFAULT_COMMUNITY};
pub use drill::{Drill, Probe, Time};
pub use failc::Failc;
pub use faild::Faild;
pub use faildebug::Faildebug;
pub use failmon::Failmon;
pub use failsh::{DEFAULT_DUMP, DEFAULT_SOCKET, Failsh};
pub use failstat::Failstat;
pub use failure::Failure;
pub use getnode::Getnode;
pub use hc::Hc;
pub use hcmon::Hcmon;
pub use host::{HostList, HostPort};
pub use listen::Listen;
pub use program::{PROGRAMS, Program, parse, parse_or_exit};
pub use seconds::{REFRESH, Seconds};
pub use size::Size;
pub use verb::{Order, STATES, Verb};
