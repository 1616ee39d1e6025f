//! Story tests of the failover shell: a real plan and real nodes, joined by a wire that
//! takes a millisecond, on time that jumps from event to event.

mod calls;
mod checks;
mod finding;
mod forged;
mod forgotten;
mod hands;
mod health;
mod hears;
mod journal;
mod news;
mod omens;
mod renewals;
mod retries;
mod scripts;
mod story;
mod traps;
mod views;
mod wishes;
