//! hc as its users have it: the real program, real servers, real networks.

mod load;
mod router;
mod actions;
mod engine;
mod modules_page;
mod monitor;
mod once;
mod reload;
mod actions;
mod engine;
mod getnode;
mod hcmon;
mod load;
mod monitor;
mod once;
mod reload;
mod router;
mod stream;
