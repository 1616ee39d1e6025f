//! Moments on a page: for people as an age, exact in UTC for those who ask.

use fail_client::{age, utc};
use maud::{Markup, html};

/// How long before now that was, or in how long it will be.
pub fn ago(at: i64, now: i64) -> Markup {
    let ms = now.saturating_sub(at);
    let length = age(ms.unsigned_abs() / 1_000 * 1_000);
    let text = match ms {
        ..-999 => format!("in {length}"),
        -999..1_000 => "now".to_string(),
        _ => format!("{length} ago"),
    };
    html! { time datetime=(utc(at)) title=(utc(at)) { (text) } }
}

/// When it was, by the clock.
pub fn moment(at: i64) -> Markup {
    let utc = utc(at);
    html! { time datetime=(utc) { (utc.replace('T', " ")) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_those_of_whole_seconds() {
        for (at, text) in [
            (10_000, ">now<"),
            (8_001, ">1s ago<"),
            (71_000, ">in 1m1s<"),
            (i64::MIN, " ago<"),
            (i64::MAX, ">in "),
        ] {
            let page = ago(at, 10_000).into_string();
            assert!(page.contains(text), "{page}");
        }
    }
}
