//! What failds have counted, or what their limits are: a row for each figure, a column for
//! each host.
//!
//! The figures are the daemons' own, in their own words and order: one of another version may
//! have others, which are shown as well.

use fail_cli::HostPort;
use fail_client::{Figure, What};
use serde_json::{Map, Value, json};

use crate::Asked;
use crate::matrix::{failed, silent};
use fail_client::grid::{Cell, Grid, Ink};

/// The table.
pub fn grid(what: What, asked: &[(&HostPort, Asked<Vec<Figure>>)]) -> Grid {
    let mut grid = Grid::default();
    silent(asked, &mut grid);
    let head = match what {
        What::Counters => "COUNTER",
        What::Limits => "LIMIT",
    };
    let hosts = asked.iter().map(|(host, _)| right(host.to_string().into()));
    grid.row(std::iter::once(head.into()).chain(hosts));
    for name in names(asked) {
        let cells = asked.iter().map(|(_, asked)| match asked {
            Ok(figures) => value(figures, name).map_or("-".into(), |n| n.to_string().into()),
            Err(failure) => failed(failure),
        });
        grid.row(std::iter::once(Cell::new(name, Ink::Plain)).chain(cells.map(right)));
    }
    grid
}

/// `{"host": ..., "counters": {...}}` for each host.
pub fn json(what: What, figures: &[Figure]) -> (&'static str, Value) {
    let key = match what {
        What::Counters => "counters",
        What::Limits => "limits",
    };
    let figures = figures.iter().map(|f| (f.name.to_string(), json!(f.value)));
    (key, Value::Object(figures.collect::<Map<_, _>>()))
}

fn right(cell: Cell) -> Cell {
    Cell {
        right: true,
        ..cell
    }
}

fn value(figures: &[Figure], name: &str) -> Option<u64> {
    let mut figures = figures.iter();
    let figure = figures.find(|figure| figure.name.as_str() == name)?;
    Some(figure.value)
}

/// All names: those of the first host, then what others have beside.
fn names<'a>(asked: &'a [(&HostPort, Asked<Vec<Figure>>)]) -> Vec<&'a str> {
    let mut names = Vec::new();
    for figure in asked.iter().flat_map(|(_, asked)| asked).flatten() {
        let name = figure.name.as_str();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use fail_cli::exit;
    use fail_client::grid::Screen;
    use fail_wire::Reason;

    #[test]
    fn figures_that_only_one_host_has_are_shown_too() {
        let hosts = ["hosta", "hostb", "hostc"].map(|host| host.parse::<HostPort>().unwrap());
        let figures = |list: &[(&str, u64)]| {
            let figure = |(name, value): &(&str, u64)| Figure {
                name: Reason::new(name),
                value: *value,
            };
            list.iter().map(figure).collect::<Vec<_>>()
        };
        let asked = [
            (&hosts[0], Ok(figures(&[("services", 4), ("bytes", 17)]))),
            (
                &hosts[1],
                Ok(figures(&[("flags", 1), ("services", 10_000)])),
            ),
            (&hosts[2], Err((exit::NOPERM, "it refuses".to_string()))),
        ];
        let text = "\
hostc: it refuses
LIMIT     hosta  hostb    hostc
services      4  10000  refused
bytes        17      -  refused
flags         -      1  refused
";
        assert_eq!(grid(What::Limits, &asked).print(Screen::default()), text);
    }
}
