//! Moments on a page: for people as an age, exact in UTC for those who ask, and for the script.
//!
//! What is served live is drawn without ages, so that it differs only when something has
//! happened; the script puts them in and lets them grow.

use maud::{Markup, html};

use crate::cluster::View;

/// How moments are written.
#[derive(Debug, Clone, Copy)]
pub enum Ages {
    /// As ages: this is now, in milliseconds since 1970.
    At(i64),
    /// As moments, which do not change.
    None,
}

impl Ages {
    /// How long ago that was, or in how long it will be.
    pub fn ago(self, at: i64) -> Markup {
        let utc = fail_client::utc(at);
        let text = match self {
            Ages::At(now) => ago(now.saturating_sub(at)),
            Ages::None => utc.clone(),
        };
        html! { time datetime=(utc) title=(utc) data-ago=(at) { (text) } }
    }

    /// The same for a moment by the clock of a failsh.
    pub fn there(self, view: &View, at: i64) -> Markup {
        self.ago(at.saturating_sub(view.shown.ahead_ms))
    }
}

/// When it was, by the clock.
pub fn moment(at: i64) -> Markup {
    let utc = fail_client::utc(at);
    let text = utc.replace('T', " ");
    html! { time datetime=(utc) { (text) } }
}

fn ago(ms: i64) -> String {
    let age = fail_client::age(ms.unsigned_abs() / 1_000 * 1_000);
    match ms {
        ..-999 => format!("in {age}"),
        -999..1_000 => "now".to_string(),
        _ => format!("{age} ago"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_those_of_whole_seconds() {
        for (ms, text) in [
            (0, "now"),
            (-200, "now"),
            (1_999, "1s ago"),
            (-61_000, "in 1m1s"),
            (7_200_000, "2h0m ago"),
        ] {
            assert_eq!(ago(ms), text);
        }
        let page = Ages::At(10_000).ago(8_000).into_string();
        assert!(page.contains(">2s ago</time>") && page.contains("data-ago=\"8000\""));
        assert_eq!(
            Ages::None.ago(0).into_string(),
            "<time datetime=\"1970-01-01T00:00:00Z\" title=\"1970-01-01T00:00:00Z\" data-ago=\"0\">1970-01-01T00:00:00Z</time>"
        );
        // Whatever a failsh says.
        for at in [i64::MIN, i64::MAX] {
            Ages::At(0).ago(at);
        }
    }
}
