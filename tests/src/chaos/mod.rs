//! Chaos: some hosts in network namespaces with the real faild and failsh, everything that can
//! happen to them at random from a seed, and a checker that reads their recordings afterwards
//! and holds them to what the simulator holds the machines to.
//!
//! A run is made of rounds: a storm of faults, then everything is mended and has to come to
//! rest. `host` is one host, `fault` what happens, `diary` what has happened and when,
//! `evidence` what the recordings say, `check` the properties, `report` the words.
//! All times are nanoseconds of `CLOCK_BOOTTIME`, which all namespaces share.

pub mod check;
pub mod diary;
pub mod evidence;
pub mod fault;
pub mod host;
pub mod owners;
pub mod report;
pub mod rest;
pub mod settings;
pub mod world;

pub use world::{Options, run};
