//! The first line of a recording: what it is, whose, since when, and with what the machine
//! began.

use fail_core::time::{Mono, Now, Wall};
use serde::{Deserialize, Serialize};

use crate::node::NodeText;
use crate::plan::PlanText;

/// What `failover` says in the first line.
pub const MARK: &str = "recording";

/// The version of the format that is written, and the only one that is read.
pub const VERSION: u32 = 1;

/// How every recording begins.
pub const BEGINNING: &[u8] = b"{\"failover\":\"recording\"";

/// The first line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Header {
    /// [`MARK`].
    pub failover: String,
    /// [`VERSION`].
    pub version: u32,
    /// `faild` or `failsh`.
    pub program: String,
    /// The host's name.
    pub host: String,
    /// The kernel's boot id: times of recordings with the same one are on the same clock.
    pub boot: String,
    /// The version of the program.
    pub release: String,
    /// When the machine was made, in nanoseconds since the boot.
    pub mono: Mono,
    /// And in milliseconds since 1970 UTC.
    pub wall: Wall,
    /// What its dice were made of, in hex.
    pub seed: String,
    /// With what failsh's machine began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanText>,
    /// With what faild's machine began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeText>,
}

/// So much of a first line of any version.
#[derive(Debug, Deserialize)]
pub(crate) struct Mark {
    pub failover: String,
    pub version: u32,
}

/// Where a recording is made.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The host's name.
    pub host: String,
    /// The kernel's boot id.
    pub boot: String,
    /// The version of the program.
    pub release: String,
    /// Random: hides the cookies of other failds.
    pub secret: [u8; 32],
}

impl Header {
    pub(crate) fn new(origin: &Origin, program: &str, now: Now, seed: &[u8; 32]) -> Header {
        Header {
            failover: MARK.to_string(),
            version: VERSION,
            program: program.to_string(),
            host: origin.host.clone(),
            boot: origin.boot.clone(),
            release: origin.release.clone(),
            mono: now.mono,
            wall: now.wall,
            seed: seed.iter().map(|byte| format!("{byte:02x}")).collect(),
            plan: None,
            node: None,
        }
    }

    /// When it begins.
    pub fn now(&self) -> Now {
        Now {
            mono: self.mono,
            wall: self.wall,
        }
    }

    pub(crate) fn seed(&self) -> Result<[u8; 32], String> {
        let bad = || "its seed is not 64 digits of hex".to_string();
        let mut seed = [0; 32];
        if self.seed.len() != 64 || !self.seed.is_ascii() {
            return Err(bad());
        }
        for (n, byte) in seed.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&self.seed[2 * n..2 * n + 2], 16).map_err(|_| bad())?;
        }
        Ok(seed)
    }
}
