//! The table for people: a row for each service of each host.

use fail_cli::HostPort;
use fail_client::{Answer, Record, age};
use fail_wire::State;

use crate::Asked;
use fail_client::grid::{Cell, Grid, Ink};

const HEAD: [&str; 6] = ["HOST", "SERVICE", "STATE", "SINCE", "MARKS", "REASON"];

/// The whole table.
pub fn grid(asked: &[(&HostPort, Asked<Answer>)]) -> Grid {
    let mut grid = Grid::default();
    grid.row(HEAD.map(Cell::from));
    for (host, asked) in asked {
        match asked {
            Ok(answer) if answer.records.is_empty() => {
                grid.row(note(host, "(no services)", Ink::Plain));
            }
            Ok(answer) => {
                let rows = answer.records.iter().map(|record| row(host, record));
                rows.for_each(|cells| grid.row(cells));
            }
            Err((_, sentence)) => grid.row(note(host, &format!("({sentence})"), Ink::Bad)),
        }
    }
    grid
}

/// How a state is written.
pub fn ink(state: State) -> Ink {
    match state {
        State::Up => Ink::Good,
        State::Recover => Ink::Faint,
        State::Fail => Ink::Bad,
    }
}

fn row(host: &HostPort, record: &Record) -> [Cell; 6] {
    let marks: Vec<&str> = record.marks.words().collect();
    let marks = if marks.is_empty() {
        "-".to_string()
    } else {
        marks.join(",")
    };
    [
        host.to_string().into(),
        record.name.as_str().into(),
        Cell::new(record.state.word(), ink(record.state)),
        age(record.age_ms).into(),
        marks.into(),
        record.reason.as_str().into(),
    ]
}

fn note(host: &HostPort, text: &str, ink: Ink) -> [Cell; 6] {
    let dash = || Cell::from("-");
    let host = host.to_string().into();
    [host, dash(), dash(), dash(), dash(), Cell::new(text, ink)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use fail_client::grid::Screen;
    use fail_wire::{Marks, Name, Reason};

    #[test]
    fn columns_line_up_and_a_silent_host_has_a_row() {
        let host: HostPort = "hosta".parse().unwrap();
        let other: HostPort = "10.0.0.2:1900".parse().unwrap();
        let record = Record {
            name: Name::new("web").unwrap(),
            state: State::Up,
            marks: Marks::HELD.with(Marks::UNSUPERVISED),
            version: 3,
            age_ms: 61_000,
            last_change: 0,
            reason: Reason::new("start: no master can serve"),
        };
        let answer = Answer {
            nonce: 1,
            more: false,
            records: vec![record],
        };
        let asked = [
            (&host, Ok(answer)),
            (&other, Err((69, "no answer".to_string()))),
        ];
        let text = "\
HOST           SERVICE  STATE  SINCE  MARKS              REASON
hosta          web      UP     1m1s   held,unsupervised  start: no master can serve
10.0.0.2:1900  -        -      -      -                  (no answer)
";
        assert_eq!(grid(&asked).print(Screen::default()), text);
    }
}
