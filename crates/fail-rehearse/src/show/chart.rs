//! A service drawn for a terminal: a column for each slice of time, a row for each host.
//!
//! A column shows the state that took most of its time, but nothing that matters is too short
//! to be seen: a state that came and went within a column shows there, a moment without a
//! server or with two has its digit, and whatever was not as expected has its `!`.

use super::Look;
use super::acts::{self, Named};
use super::limits::{LANES, NAME_COLUMNS};
use super::outcome::is_about;
use super::paper::{Ink, Paper, columns, fit};
use super::time;
use crate::report::{Report, Shown, Track, Work};

/// What a chart is drawn with.
pub struct Pens {
    up: char,
    recover: char,
    unknown: char,
    script: char,
    line: char,
    end: char,
    axis: char,
    tick: char,
}

impl Pens {
    /// Those that the terminal has.
    pub fn of(look: &Look) -> Pens {
        let pens = if look.ascii {
            "#-.+-|-+"
        } else {
            "█░·▄─┤─┴"
        };
        let mut pens = pens.chars();
        let mut next = || pens.next().unwrap_or(' ');
        Pens {
            up: next(),
            recover: next(),
            unknown: next(),
            script: next(),
            line: next(),
            end: next(),
            axis: next(),
            tick: next(),
        }
    }

    fn state(&self, state: Shown) -> (char, Ink) {
        match state {
            Shown::Up => (self.up, Ink::Good),
            Shown::Recover => (self.recover, Ink::Faint),
            Shown::Fail => ('F', Ink::Bad),
            Shown::Unknown => (self.unknown, Ink::Faint),
            Shown::Down => (' ', Ink::Plain),
        }
    }

    fn script(&self, failed: bool) -> (char, Ink) {
        match failed {
            true => ('x', Ink::Bad),
            false => (self.script, Ink::Busy),
        }
    }

    /// What each sign stands for, in its ink.
    pub fn key(&self) -> Vec<((char, Ink), &'static str)> {
        let states = [
            (Shown::Up, "UP"),
            (Shown::Recover, "RECOVER"),
            (Shown::Fail, "FAIL"),
            (Shown::Unknown, "UNKNOWN"),
        ];
        let states = states.map(|(state, word)| (self.state(state), word));
        let scripts = [
            (self.script(false), "a script runs"),
            (self.script(true), "it failed"),
        ];
        states.into_iter().chain(scripts).collect()
    }
}

/// Time in columns.
struct Scale {
    length: u64,
    columns: usize,
}

impl Scale {
    fn column(&self, at: u64) -> usize {
        let at = u128::from(at) * self.columns as u128 / u128::from(self.length.max(1));
        usize::try_from(at).map_or(self.columns - 1, |at| at.min(self.columns - 1))
    }

    /// The first column that a span touches, and the last.
    fn span(&self, from: u64, to: u64) -> (usize, usize) {
        let first = self.column(from);
        (first, self.column(to.saturating_sub(1)).max(first))
    }

    fn begins(&self, column: usize) -> u64 {
        let at = u128::from(self.length) * column as u128;
        u64::try_from(at.div_ceil(self.columns as u128)).unwrap_or(u64::MAX)
    }
}

type Row = Vec<(char, Ink)>;

/// One service.
pub struct Chart<'a> {
    report: &'a Report,
    look: Look,
    pens: Pens,
    names: usize,
    scale: Scale,
}

impl<'a> Chart<'a> {
    /// Charts of this rehearsal, all to the same scale.
    pub fn new(report: &'a Report, look: Look) -> Chart<'a> {
        let widths = report.hosts.iter().map(|host| columns(host, look.ascii));
        let names = widths.max().unwrap_or(0).clamp("UP on".len(), NAME_COLUMNS);
        let scale = Scale {
            length: report.length,
            columns: look.width.saturating_sub(names + 2).max(1),
        };
        Chart {
            report,
            look,
            pens: Pens::of(&look),
            names,
            scale,
        }
    }

    /// How much time a column is.
    pub fn slice(&self) -> u64 {
        self.report.length / self.scale.columns as u64
    }

    /// Draws a service.
    pub fn draw(&self, service: &str, named: &[Named], paper: &mut Paper) {
        for row in self.axis() {
            self.put("", &row, paper);
        }
        for (at, row) in self.acts(named).iter().enumerate() {
            self.put(if at == 0 { "acts" } else { "" }, row, paper);
        }
        let tracks = self.report.tracks.iter();
        let tracks: Vec<&Track> = tracks.filter(|track| track.service == service).collect();
        for track in &tracks {
            self.put(&track.host, &self.host(track), paper);
        }
        self.put("UP on", &self.servers(&tracks), paper);
        if let Some(row) = self.broken(service) {
            self.put("!", &row, paper);
        }
    }

    fn put(&self, name: &str, row: &Row, paper: &mut Paper) {
        let name = fit(name, self.names, self.look.ascii) + "  ";
        let ink = if name.starts_with('!') {
            Ink::Loud
        } else {
            Ink::Plain
        };
        let runs = row.chunk_by(|(_, ink), (_, next)| ink == next);
        let runs = runs.map(|run| {
            let text: String = run.iter().map(|(letter, _)| letter).collect();
            (text, run[0].1)
        });
        let runs: Vec<(String, Ink)> = runs.collect();
        let mut pieces = vec![(name.as_str(), ink)];
        pieces.extend(runs.iter().map(|(text, ink)| (text.as_str(), *ink)));
        paper.hang(&pieces, &[]);
    }

    fn blank(&self) -> Row {
        vec![(' ', Ink::Plain); self.scale.columns]
    }

    /// The words of the ticks, and the line under them.
    fn axis(&self) -> [Row; 2] {
        let longest = time::moment(self.report.length).len().max("1m30s".len());
        let most = self.scale.columns / (longest + 3);
        let mut words = self.blank();
        let mut line = vec![(self.pens.axis, Ink::Faint); self.scale.columns];
        let mut free = 0;
        for tick in time::ticks(self.report.length, most) {
            let column = self.scale.column(tick);
            line[column].0 = self.pens.tick;
            let word = time::moment(tick);
            // The last word ends with the line, where there is room for it.
            let first = column.min(self.scale.columns.saturating_sub(word.len()));
            if first < free {
                continue;
            }
            free = first + word.len() + 1;
            for (at, letter) in word.chars().enumerate() {
                if let Some(cell) = words.get_mut(first + at) {
                    cell.0 = letter;
                }
            }
        }
        [words, line]
    }

    fn acts(&self, named: &[Named]) -> Vec<Row> {
        let spans = named.iter().flat_map(|act| {
            let times = act.times.iter();
            times.map(|(from, to)| (*from, to.unwrap_or(*from), act.letter))
        });
        let mut spans: Vec<(u64, u64, char)> = spans.collect();
        spans.sort();
        let columns = spans
            .iter()
            .map(|(from, to, _)| self.scale.span(*from, *to));
        let columns: Vec<(usize, usize)> = columns.collect();
        let lanes = acts::lanes(columns.iter().copied(), LANES);
        let count = lanes.iter().max().map_or(0, |lane| lane + 1);
        let mut rows = vec![self.blank(); count];
        for (((_, _, letter), (first, last)), lane) in spans.iter().zip(columns).zip(lanes) {
            let row = &mut rows[lane];
            row[first..=last].fill((self.pens.line, Ink::Busy));
            row[last].0 = self.pens.end;
            row[first] = (*letter, Ink::Head);
        }
        rows
    }

    fn host(&self, track: &Track) -> Row {
        let mut times = vec![[0; Shown::WORDS.len()]; self.scale.columns];
        let mut inside: Vec<Option<Shown>> = vec![None; self.scale.columns];
        for span in &track.spans {
            let (first, last) = self.scale.span(span.from, span.to);
            for (column, time) in times.iter_mut().enumerate().take(last + 1).skip(first) {
                let from = span.from.max(self.scale.begins(column));
                let to = span.to.min(self.scale.begins(column + 1));
                time[place(span.state)] += to.saturating_sub(from);
            }
            if first == last && span.from > 0 && weight(inside[first]) < weight(Some(span.state)) {
                inside[first] = Some(span.state);
            }
        }
        let columns = times.iter().zip(inside);
        let states = columns.map(|(time, inside)| {
            let most = (0..time.len()).rev().max_by_key(|at| time[*at]);
            let most = most.map_or(Shown::Unknown, |at| Shown::WORDS[at].0);
            let has_failed = time[place(Shown::Fail)] > 0;
            match inside {
                _ if has_failed => Shown::Fail,
                Some(short) => short,
                None => most,
            }
        });
        let states: Vec<Shown> = states.collect();
        let mut row: Row = states.iter().map(|state| self.pens.state(*state)).collect();
        // Checks that say nothing new are left out.
        for work in track.work.iter().filter(|work| work.task != "check") {
            let (first, last) = self.span(work);
            for column in first..=last {
                if !matches!(states[column], Shown::Fail | Shown::Down) {
                    row[column] = self.pens.script(false);
                }
            }
        }
        for work in track.work.iter().filter(|work| work.failed) {
            let (_, last) = self.span(work);
            let goes_on = states.get(last + 1) == Some(&Shown::Fail);
            if states[last] != Shown::Fail || goes_on {
                row[last] = self.pens.script(true);
            }
        }
        row
    }

    fn span(&self, work: &Work) -> (usize, usize) {
        let end = work.to.unwrap_or(self.report.length);
        self.scale.span(work.from, end)
    }

    /// On how many hosts it is UP: a line for one, a digit where it is none or more.
    fn servers(&self, tracks: &[&Track]) -> Row {
        let mut row = vec![(self.pens.line, Ink::Faint); self.scale.columns];
        for (from, to, count) in servers(tracks, self.report.length) {
            let (digit, ink) = match count {
                1 => continue,
                0 => ('0', Ink::Busy),
                2..=9 => (char::from(b'0' + count as u8), Ink::Loud),
                _ => ('+', Ink::Loud),
            };
            let (first, last) = self.scale.span(from, to);
            for cell in &mut row[first..=last] {
                // Two are worse than none.
                if ink == Ink::Loud || cell.1 != Ink::Loud {
                    *cell = (digit, ink);
                }
            }
        }
        row
    }

    /// Where something about the service was not as expected.
    fn broken(&self, service: &str) -> Option<Row> {
        let verdicts = self.report.verdicts.iter();
        let about = verdicts.filter(|verdict| is_about(self.report, verdict, service));
        let mut times = about.flat_map(|verdict| &verdict.broken).peekable();
        times.peek()?;
        let mut row = self.blank();
        for (at, _) in times {
            row[self.scale.column(*at)] = ('!', Ink::Loud);
        }
        Some(row)
    }
}

fn place(state: Shown) -> usize {
    let known = Shown::WORDS.iter().position(|(shown, _)| *shown == state);
    known.unwrap_or(0)
}

/// Which of several short states in a column is to be seen.
fn weight(state: Option<Shown>) -> u8 {
    match state {
        None => 0,
        Some(Shown::Unknown) => 0,
        Some(Shown::Recover) => 1,
        Some(Shown::Up) => 2,
        Some(Shown::Down) => 3,
        Some(Shown::Fail) => 4,
    }
}

/// From when to when so many hosts were UP, without gaps.
pub fn servers(tracks: &[&Track], length: u64) -> Vec<(u64, u64, usize)> {
    let spans = tracks.iter().flat_map(|track| &track.spans);
    let up = spans.filter(|span| span.state == Shown::Up && span.from < span.to);
    let mut edges: Vec<(u64, bool)> = up
        .flat_map(|span| [(span.from, true), (span.to, false)])
        .collect();
    edges.sort();
    let (mut found, mut since, mut count) = (Vec::new(), 0, 0_usize);
    for (at, begins) in edges {
        if at > since {
            found.push((since, at, count));
            since = at;
        }
        count = if begins { count + 1 } else { count - 1 };
    }
    if since < length {
        found.push((since, length, count));
    }
    found
}
