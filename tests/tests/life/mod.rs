//! The life of failsh: the policy read again, the dump, what the service manager hears, and what
//! becomes of services when failsh ends, dies or is started again.

mod asks;
mod dump;
mod examples;
mod manager;
mod release;
mod reload;
mod restart;
