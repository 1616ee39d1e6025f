//! hc as its users have it: the real program, real servers, real networks.

mod actions;
mod engine;
mod getnode;
mod hcmon;
mod load;
mod modules_page;
mod monitor;
mod once;
mod reload;
mod router;
mod stream;
mod wishes;
