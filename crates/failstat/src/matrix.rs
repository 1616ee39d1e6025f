//! Several hosts side by side: a row for each service, a column for each host, so that one
//! sees at a glance who serves what.
//!
//! First of all comes what must not be: a service that is UP on two hosts at once. One faild
//! that was named twice, by two of its names, is one host.

use std::collections::{BTreeMap, BTreeSet};

use fail_cli::{HostPort, exit};
use fail_client::{Answer, Record, age};
use fail_wire::{Marks, State};

use crate::Asked;
use crate::table::ink;
use fail_client::grid::{Cell, Grid, Ink};

/// A letter for each mark.
const LETTERS: [(Marks, char); 6] = [
    (Marks::HELD, 'h'),
    (Marks::AWAY, 'a'),
    (Marks::UNSUPERVISED, 'u'),
    (Marks::UNPUBLISHED, 'n'),
    (Marks::UNREADABLE, 'r'),
    (Marks::STARTING, 's'),
];

/// The records of one service, by the place of their host.
type Row<'a> = BTreeMap<usize, &'a Record>;

/// The whole picture.
pub fn grid(asked: &[(&HostPort, Asked<Answer>)]) -> Grid {
    let mut grid = Grid::default();
    let rows = rows(asked);
    let (twice, others): (Vec<_>, Vec<_>) = rows.iter().partition(|(_, row)| is_twice(row, asked));
    for (name, row) in &twice {
        let hosts = row.iter().filter(|(_, record)| record.state == State::Up);
        let hosts: Vec<String> = hosts.map(|(at, _)| asked[*at].0.to_string()).collect();
        let line = format!(
            "{name} is UP on {} hosts at once: {}",
            hosts.len(),
            hosts.join(", ")
        );
        grid.line(line, Ink::Loud);
    }
    silent(asked, &mut grid);
    let mut head = vec![Cell::from("SERVICE")];
    head.extend(asked.iter().map(|(host, _)| host.to_string().into()));
    grid.row(head);
    for (list, is_twice) in [(&twice, true), (&others, false)] {
        for (name, row) in list {
            let cells = asked.iter().enumerate().map(|(at, (_, asked))| {
                let record = row.get(&at);
                asked
                    .as_ref()
                    .map_or_else(failed, |_| cell(record.copied(), is_twice))
            });
            grid.row(std::iter::once(Cell::from(**name)).chain(cells));
        }
    }
    if rows.is_empty() {
        let cells = asked
            .iter()
            .map(|(_, asked)| asked.as_ref().map_or_else(failed, |_| "-".into()));
        grid.row(std::iter::once(Cell::from("(none)")).chain(cells));
    }
    let legend = legend(&rows);
    if !legend.is_empty() {
        grid.line(legend, Ink::Plain);
    }
    grid
}

/// A line for each host that gave no answer.
pub fn silent<T>(asked: &[(&HostPort, Asked<T>)], grid: &mut Grid) {
    for (host, asked) in asked {
        if let Err((_, sentence)) = asked {
            grid.line(format!("{host}: {sentence}"), Ink::Bad);
        }
    }
}

/// What stands in each row of a host that gave no answer.
pub fn failed((code, _): &(u8, String)) -> Cell {
    let word = match *code {
        exit::UNAVAILABLE => "no answer",
        exit::NOHOST => "unknown host",
        exit::NOPERM => "refused",
        _ => "error",
    };
    Cell::new(word, Ink::Bad)
}

fn rows<'a>(asked: &'a [(&HostPort, Asked<Answer>)]) -> BTreeMap<&'a str, Row<'a>> {
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    for (at, (_, asked)) in asked.iter().enumerate() {
        for record in asked.iter().flat_map(|answer| &answer.records) {
            rows.entry(record.name.as_str())
                .or_default()
                .insert(at, record);
        }
    }
    rows
}

fn is_twice(row: &Row, asked: &[(&HostPort, Asked<Answer>)]) -> bool {
    let up = row.iter().filter(|(_, record)| record.state == State::Up);
    let failds = up.filter_map(|(at, _)| Some(asked[*at].1.as_ref().ok()?.nonce));
    failds.collect::<BTreeSet<u64>>().len() > 1
}

/// `UP h 12s`
fn cell(record: Option<&Record>, is_twice: bool) -> Cell {
    let Some(record) = record else {
        return "-".into();
    };
    let letters: String = letters(record.marks).map(|(_, letter)| letter).collect();
    let letters = if letters.is_empty() {
        letters
    } else {
        format!(" {letters}")
    };
    let ink = match record.state {
        State::Up if is_twice => Ink::Loud,
        state => ink(state),
    };
    Cell::new(
        format!("{}{letters} {}", record.state, age(record.age_ms)),
        ink,
    )
}

fn letters(marks: Marks) -> impl Iterator<Item = (Marks, char)> {
    LETTERS
        .into_iter()
        .filter(move |(mark, _)| marks.has(*mark))
}

/// What the letters mean that are to be seen.
fn legend(rows: &BTreeMap<&str, Row>) -> String {
    let records = rows.values().flat_map(BTreeMap::values);
    let all = records.fold(Marks(0), |all, record| all.with(record.marks));
    let words =
        letters(all).map(|(mark, letter)| format!("{letter} {}", mark.words().collect::<String>()));
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use fail_client::grid::Screen;
    use fail_wire::{Name, Reason};

    fn record(name: &str, state: State, marks: Marks) -> Record {
        Record {
            name: Name::new(name).unwrap(),
            state,
            marks,
            version: 3,
            age_ms: 12_000,
            last_change: 0,
            reason: Reason::new("why"),
        }
    }

    fn answer(nonce: u64, records: &[Record]) -> Asked<Answer> {
        Ok(Answer {
            nonce,
            more: false,
            records: records.to_vec(),
        })
    }

    fn print(asked: &[Asked<Answer>]) -> String {
        let hosts = ["hosta", "hostb", "hostc"].map(|host| host.parse::<HostPort>().unwrap());
        let asked: Vec<_> = hosts.iter().zip(asked.iter().cloned()).collect();
        grid(&asked).print(Screen::default())
    }

    #[test]
    fn what_is_up_twice_comes_first_and_a_silent_host_has_a_column() {
        let (up, recover) = (State::Up, State::Recover);
        let a = [
            record("dns", up, Marks(0)),
            record("web", up, Marks::HELD.with(Marks::AWAY)),
        ];
        let b = [
            record("mail", State::Fail, Marks::UNSUPERVISED),
            record("web", up, Marks(0)),
            record("dns", recover, Marks(0)),
        ];
        let silent = Err((exit::UNAVAILABLE, "no answer from 192.0.2.3".to_string()));
        let text = "\
web is UP on 2 hosts at once: hosta, hostb
hostc: no answer from 192.0.2.3
SERVICE  hosta      hostb        hostc
web      UP ha 12s  UP 12s       no answer
dns      UP 12s     RECOVER 12s  no answer
mail     -          FAIL u 12s   no answer
h held, a away, u unsupervised
";
        assert_eq!(print(&[answer(1, &a), answer(2, &b), silent.clone()]), text);
        let text = "\
hosta: no answer from 192.0.2.3
SERVICE  hosta      hostb
(none)   no answer  -
";
        assert_eq!(print(&[silent, answer(2, &[])]), text);
    }

    #[test]
    fn one_faild_under_two_names_is_one_host() {
        let up = [record("web", State::Up, Marks(0))];
        let text = print(&[answer(7, &up), answer(7, &up)]);
        assert!(text.starts_with("SERVICE"), "{text}");
        let text = print(&[answer(7, &up), answer(8, &up)]);
        assert!(text.starts_with("web is UP on 2 hosts"), "{text}");
    }

    #[test]
    fn every_mark_has_a_letter_of_its_own() {
        let marks: Vec<Marks> = LETTERS.iter().map(|(mark, _)| *mark).collect();
        assert_eq!(marks, Marks::NAMES.map(|(mark, _)| mark));
        let letters: BTreeSet<char> = LETTERS.iter().map(|(_, letter)| *letter).collect();
        assert_eq!(letters.len(), LETTERS.len());
    }
}
