//! The console: at a real terminal, on a pipe, by the socket of a running failsh, and in the
//! hands of those who mean no good.

mod control;
mod pipe;
mod terminal;
