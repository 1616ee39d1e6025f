//! Story tests of the health checker: a real watch, checks that answer what the story says,
//! and time that jumps from event to event.

mod knowing;
mod story;
