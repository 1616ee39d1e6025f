//! The real faild, failc and failstat together, on 127.0.0.1.

mod client;
mod daemon;
mod damage;
mod disk;
mod durability;
mod each_refusal;
mod examples;
mod manager;
mod order;
mod pictures;
mod refusals;
mod sandbox;
mod streams;
mod tools;
mod transport;
mod verbs;
