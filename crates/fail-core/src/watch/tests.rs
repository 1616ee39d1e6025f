//! Story tests of the health checker: a real watch, checks that answer what the story says,
//! and time that jumps from event to event.

mod acts;
mod asking;
mod depends;
mod flapping;
mod groups;
mod kept;
mod knowing;
mod maintenance;
mod reload;
mod stalls;
mod story;
mod views;
mod warnings;
