//! `failsh --release`: stop what is served here, withdraw the records, end.
//!
//! The machine does it and says when it is done; here it is only remembered who is not to be
//! counted, and told what could not be released. Who asks while it goes on waits with the others.

use std::collections::BTreeSet;

use fail_core::plan::In;
use fail_wire::monitor::ServiceView;

use super::Engine;
use crate::serves::Reply;

/// A release that goes on.
pub(super) struct Release {
    /// What was `FAIL` before it: nothing was served, and nothing has to be withdrawn.
    failed: BTreeSet<String>,
}

impl Engine {
    /// Somebody wants this host released.
    pub(super) fn release(&mut self) {
        if self.release.is_some() || self.leaving.is_some() {
            return;
        }
        self.log.info("release: stopping what is served here");
        self.notify
            .status("releasing: stopping what is served here");
        self.show();
        let services = self.board.services();
        let failed = services.iter().filter(|view| is(view, "FAIL"));
        let failed = failed.map(|view| view.name.clone()).collect();
        self.release = Some(Release { failed });
        self.inputs.push_back(In::Release);
    }

    /// The machine is done with it.
    pub(super) fn on_released(&mut self) {
        let Some(release) = self.release.take() else {
            return;
        };
        self.show();
        let services = self.board.services();
        let left = services.iter().filter_map(|view| release.left(view));
        let left: Vec<_> = left.collect();
        for sentence in &left {
            self.log.warn(format_args!("release: {sentence}"));
        }
        self.serves.reply(Reply::Released { left });
        self.leave("everything that could be is released");
    }
}

impl Release {
    /// Why this one is not released; nothing: it is, or it was never to be.
    fn left(&self, view: &ServiceView) -> Option<String> {
        let marked = |mark: &str| view.marks.iter().any(|known| known == mark);
        let name = &view.name;
        if marked("held") {
            return is(view, "UP").then(|| format!("service {name} is held and stays as it is"));
        }
        if is(view, "FAIL") && (marked("unpublished") || self.failed.contains(name)) {
            return None;
        }
        let state = view.state.as_deref();
        let reason = &view.reason;
        let state = state.unwrap_or("in an unknown state");
        Some(format!("service {name} is {state}: {reason}"))
    }
}

fn is(view: &ServiceView, state: &str) -> bool {
    view.state.as_deref() == Some(state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_named_with_its_reason() {
        let view = |state: &str, marks: &[&str]| ServiceView {
            name: "web".to_string(),
            state: Some(state.to_string()),
            marks: marks.iter().map(ToString::to_string).collect(),
            reason: "why".to_string(),
            ..ServiceView::default()
        };
        let release = |failed: &[&str]| Release {
            failed: failed.iter().map(ToString::to_string).collect(),
        };
        for (state, marks, before, left) in [
            ("FAIL", &["unpublished"][..], &[][..], None),
            ("FAIL", &[], &["web"], None),
            ("FAIL", &[], &[], Some("service web is FAIL: why")),
            ("UP", &[], &[], Some("service web is UP: why")),
            ("RECOVER", &["held"], &[], None),
            (
                "UP",
                &["held"],
                &[],
                Some("service web is held and stays as it is"),
            ),
        ] {
            let seen = release(before).left(&view(state, marks));
            assert_eq!(seen.as_deref(), left, "{state} {marks:?}");
        }
    }
}
