//! `failsh --release`: stop what is served here, withdraw the records, end.
//!
//! The machine does it, and says when it is done and what could not be done. Who asks while it
//! goes on waits with the others; nothing else is begun meanwhile.

use fail_core::plan::In;
use fail_wire::Name;

use super::Engine;
use crate::serves::Reply;

impl Engine {
    /// Somebody wants this host released.
    pub(super) fn release(&mut self) {
        if self.leaving.is_some() {
            return;
        }
        if self.releasing {
            return self.log.info("release: somebody else waits for it, too");
        }
        self.releasing = true;
        self.log.info("release: stopping what is served here");
        self.notify
            .status("releasing: stopping what is served here");
        self.inputs.push_back(In::Release);
    }

    /// The machine is done with it.
    pub(super) fn on_released(&mut self, left: Vec<(Name, String)>) {
        let left = left.into_iter();
        let left = left.map(|(name, why)| format!("service {name}: {why}"));
        let left: Vec<_> = left.collect();
        for sentence in &left {
            self.log.warn(format_args!("release: {sentence}"));
        }
        let rest = match left.is_empty() {
            true => "nothing is served here any more",
            false => "what could be is released",
        };
        self.serves.reply(Reply::Released { left });
        self.leave(rest);
    }
}
