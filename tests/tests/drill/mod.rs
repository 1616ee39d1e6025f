//! failc drill against real pairs on loopback, and one among real addresses.

mod among;
mod broken;
mod healthy;
mod refused;
mod ring;
