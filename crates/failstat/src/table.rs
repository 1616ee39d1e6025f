//! The table for people: a row for each service of each host, columns as wide as needed.

use fail_cli::HostPort;
use fail_client::{Record, age};

use crate::Asked;

const HEAD: [&str; 6] = ["HOST", "SERVICE", "STATE", "SINCE", "MARKS", "REASON"];

/// The whole table. The last column is not filled up, so that no line ends in blanks.
pub fn print(asked: &[(&HostPort, Asked)]) -> String {
    let mut rows = vec![HEAD.map(String::from)];
    for (host, asked) in asked {
        match asked {
            Ok(answer) if answer.records.is_empty() => rows.push(note(host, "(no services)")),
            Ok(answer) => rows.extend(answer.records.iter().map(|record| row(host, record))),
            Err((_, sentence)) => rows.push(note(host, &format!("({sentence})"))),
        }
    }
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    let line = |row: &[String; 6]| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"));
        let cells: Vec<String> = cells.collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

fn row(host: &HostPort, record: &Record) -> [String; 6] {
    let marks: Vec<&str> = record.marks.words().collect();
    let marks = if marks.is_empty() {
        "-".to_string()
    } else {
        marks.join(",")
    };
    [
        host.to_string(),
        record.name.to_string(),
        record.state.to_string(),
        age(record.age_ms),
        marks,
        record.reason.to_string(),
    ]
}

fn note(host: &HostPort, text: &str) -> [String; 6] {
    let dash = || "-".to_string();
    [
        host.to_string(),
        dash(),
        dash(),
        dash(),
        dash(),
        text.to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use fail_client::Answer;
    use fail_wire::{Marks, Name, Reason, State};

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
        assert_eq!(print(&asked), text);
    }
}
