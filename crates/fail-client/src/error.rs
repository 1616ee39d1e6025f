//! What can go wrong between a tool and a faild, each as one sentence.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use fail_wire::{BadCommunity, Code, Name, Refusal};

use crate::text::words;

/// Why there is no answer, or not the one that was wanted. Whether something was changed is
/// said where it can be known: only [`Error::Silent`] leaves it open.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The community can not be used at all; nothing was sent.
    #[error("{0}")]
    Community(BadCommunity),
    /// No socket; nothing was sent.
    #[error("can not open a socket: {}", words(.0))]
    Socket(io::Error),
    /// Nobody listens there, or there is no way.
    #[error("no faild answers at {faild}: {}", words(.source))]
    Unreachable {
        /// Who was asked.
        faild: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// No answer; a change may have been done or not.
    #[error("no answer from {faild} after {tries} tries of {timeout:?} each{}", if *.open { "; it may have been done: look with failc" } else { "" })]
    Silent {
        /// Who was asked.
        faild: SocketAddr,
        /// How often.
        tries: u32,
        /// How long each time.
        timeout: Duration,
        /// Whether a change was asked for.
        open: bool,
    },
    /// The faild says no; nothing was changed, unless it says so.
    #[error("{faild} refuses: {refusal}{}", if *.proven { "" } else { " (an answer without proof of who sent it)" })]
    Refused {
        /// Who was asked.
        faild: SocketAddr,
        /// Why not.
        refusal: Box<Refusal>,
        /// Whether it was made with our community.
        proven: bool,
    },
    /// The community may not read the service.
    #[error("{faild} does not let this community read service {name}")]
    Unreadable {
        /// Who was asked.
        faild: SocketAddr,
        /// For what.
        name: Name,
    },
    /// Others changed it at the same time, again and again; nothing was changed.
    #[error("others change it at the same time: try again")]
    Raced,
    /// An answer that makes no sense.
    #[error("{faild} does not keep to the protocol: {problem}")]
    Protocol {
        /// Who was asked.
        faild: SocketAddr,
        /// In what way.
        problem: &'static str,
    },
}

impl Error {
    pub(crate) fn refused(faild: SocketAddr, refusal: Refusal, proven: bool) -> Error {
        Error::Refused {
            faild,
            refusal: Box::new(refusal),
            proven,
        }
    }

    /// The same after so many tries.
    pub(crate) fn after(mut self, all: u32) -> Error {
        if let Error::Silent { tries, .. } = &mut self {
            *tries = all;
        }
        self
    }

    /// What kind of failure it is, for an exit code.
    pub fn failure(&self) -> Failure {
        match self {
            Error::Community(_) => Failure::Community,
            Error::Socket(_) => Failure::System,
            Error::Unreachable { .. } | Error::Silent { .. } => Failure::NoAnswer,
            Error::Unreadable { .. } => Failure::NotAllowed,
            Error::Protocol { .. } => Failure::Protocol,
            Error::Raced => Failure::TryAgain,
            Error::Refused { refusal, .. } => match refusal.code {
                Ok(Code::Community | Code::Mac | Code::ReadOnly) => Failure::NotAllowed,
                Ok(Code::Nonce | Code::Stale | Code::Limit | Code::Published) => Failure::TryAgain,
                Ok(Code::Unsaved) => Failure::NotStored,
                Ok(Code::Facility) => Failure::NotThere,
                Ok(Code::Version | Code::Type | Code::Malformed | Code::Cramped | Code::Marks)
                | Err(_) => Failure::Protocol,
            },
        }
    }

    /// The code of the refusal, if it is one that this program knows.
    pub fn code(&self) -> Option<Code> {
        match self {
            Error::Refused { refusal, .. } => refusal.code.ok(),
            _ => None,
        }
    }
}

/// The kinds of failure that a tool tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The community can not be used.
    Community,
    /// The operating system refuses.
    System,
    /// Nobody answers.
    NoAnswer,
    /// The community does not allow it.
    NotAllowed,
    /// The record changed meanwhile, or a limit is reached.
    TryAgain,
    /// In force, but not on disk.
    NotStored,
    /// There is no such thing to change.
    NotThere,
    /// The other side can not be understood, or does not understand.
    Protocol,
}
