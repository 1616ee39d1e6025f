//! The real faild, failc and failstat together, on 127.0.0.1.

mod daemon;
mod damage;
mod disk;
mod durability;
mod examples;
mod manager;
mod order;
mod refusals;
mod sandbox;
mod tools;
