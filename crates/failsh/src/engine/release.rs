//! `failsh --release`: stop what is served here, withdraw the records, end.
//!
//! The machine does it, says when it is done and what could not be done. Who asks while it
//! goes on waits with the others.

use fail_core::plan::In;
use fail_wire::Name;

use super::Engine;
use crate::serves::Reply;

impl Engine {
    /// Somebody wants this host released.
    pub(super) fn release(&mut self) {
        if self.releasing || self.leaving.is_some() {
            return;
        }
        self.releasing = true;
        self.log.info("release: stopping what is served here");
        self.notify
            .status("releasing: stopping what is served here");
        self.inputs.push_back(In::Release);
    }

    /// The machine is done with it, but for these.
    pub(super) fn on_released(&mut self, left: Vec<(Name, String)>) {
        self.show();
        let sentence = |(name, why): (Name, String)| format!("service {name}: {why}");
        let left: Vec<String> = left.into_iter().map(sentence).collect();
        for sentence in &left {
            self.log.warn(format_args!("release: {sentence}"));
        }
        self.serves.reply(Reply::Released { left });
        self.leave("everything that could be is released");
    }
}
