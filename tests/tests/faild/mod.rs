//! The real faild, failc and failstat together, on 127.0.0.1.

mod client;
mod daemon;
mod damage;
mod durability;
mod examples;
mod refusals;
mod tools;
mod verbs;
