//! Recordings: what a faild or a failsh was told, written before it is handled, and what came
//! of it; read again, given to the machine of this build, and compared.
//!
//! [`PlanStart::recorded`] and [`NodeStart::recorded`] make a machine that writes as it goes;
//! [`Reader`] reads, `replay` replays, [`Life`] tells what a failsh did. The format is that of
//! failover-recording(5). A recording holds no community: see [`stands`].
//!
//! Not here: where lines are written to, and options. Reads files, writes none.

#![forbid(unsafe_code)]

mod base64;
mod clean;
pub mod header;
pub mod letter;
pub mod life;
pub mod limits;
pub mod node;
pub mod plan;
mod read;
mod recorded;
pub mod replay;
pub mod shadow;
pub mod stands;
pub mod story;
mod told;

pub use clean::clean;
pub use header::{Header, Origin};
pub use life::Life;
pub use node::NodeStart;
pub use plan::PlanStart;
pub use read::{BadRecording, End, Reader, Turn};
pub use recorded::{Put, Recorded, Sink};
pub use replay::{Difference, Replayed, Watch};
pub use story::{Moment, Story};
pub use told::Told;
