//! Targets below what they depend on.

use fail_client::grid::{Cell, Grid, Ink};
use fail_client::health::Forest;
use fail_client::health::words::{group, mood, state, why_and_failed};
use fail_client::{age, named};

use crate::Picture;

/// Steps to the right that are made; deeper ones say how deep they are. A chain of 10,000 would
/// be 100 MB of blanks.
const STEPS_MAX: usize = 24;

/// The tree of each host, below its name if there are several.
pub fn draw(picture: &Picture, grid: &mut Grid) {
    for (asked, shown) in picture.told() {
        let targets = picture.chosen(shown);
        if picture.has_hosts() {
            grid.line(format!("{}:", asked.host), Ink::Plain);
        }
        if targets.is_empty() && picture.patterns.is_empty() {
            grid.line("(no targets)", Ink::Plain);
        }
        for place in Forest::of(targets).0 {
            let target = place.target;
            let name = format!("{}{}", step(place.depth), named(&target.name));
            let state = Cell::new(state(target), mood(target).ink());
            let since = age(shown.ago(target.since, picture.now));
            if place.again {
                grid.row([name.into(), state, since.into(), "(see above)".into()]);
                continue;
            }
            let parts = group(target).into_iter().map(|what| format!("({what})"));
            let why = why_and_failed(target);
            let parts: Vec<String> = parts.chain((!why.is_empty()).then_some(why)).collect();
            grid.row([name.into(), state, since.into(), parts.join(" ").into()]);
        }
    }
}

fn step(depth: usize) -> String {
    let steps = "  ".repeat(depth.min(STEPS_MAX));
    match depth {
        0..=STEPS_MAX => steps,
        _ => format!("{steps}({depth}) "),
    }
}
