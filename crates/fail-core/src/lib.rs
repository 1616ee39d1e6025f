//! The rules of failover, as machines without clock, socket, thread or file.
//!
//! [`node`] is what faild decides, [`plan`] what failsh decides, [`watch`] what hc decides;
//! all are driven by the contract of [`machine::Machine`], by the programs and by the simulator
//! alike. Time comes in as an argument, datagrams as bytes, and what is to be done goes out as a
//! value.

#![forbid(unsafe_code)]

pub mod access;
pub mod address;
pub mod debug;
pub mod decide;
pub mod event;
pub mod exec;
pub mod glob;
pub mod job;
mod late;
pub mod limits;
pub mod log;
pub mod machine;
pub mod node;
pub mod plan;
pub mod policy;
pub mod time;
pub mod watch;
