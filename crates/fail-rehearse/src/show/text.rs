//! A report for a terminal: what was rehearsed, a chart for each service, the timeline, and
//! at the end, where the eye is then, what came of the expectations.

use super::Look;
use super::acts::{self, Named};
use super::chart::{Chart, Pens};
use super::limits::{NAME_COLUMNS, TIMES, TIMES_FULL, WIDTH_MIN};
use super::outcome::{self, Outcome, Story, Whole};
use super::paper::{Ink, Paper, Piece, UNBROKEN, columns, fit};
use super::time::{moment, stamp};
use crate::report::{Entry, Kind, Report, Verdict};

/// The report as text; no line is wider than the look says, or than 40 columns.
pub fn text(report: &Report, look: &Look) -> String {
    let look = Look {
        width: look.width.max(WIDTH_MIN),
        ..*look
    };
    let mut whole = page(report, look, false);
    let chance = report.chance.as_ref();
    if let Some(story) = chance.and_then(|chance| chance.story.as_ref()) {
        whole += "\n";
        whole += &page(&story.report, look, true);
    }
    whole
}

fn page(report: &Report, look: Look, by_chance: bool) -> String {
    let mut page = Page {
        report,
        look,
        paper: Paper::new(look),
        story: Story::new(report),
        acts: acts::named(report),
        by_chance,
    };
    page.head();
    page.charts();
    page.timeline();
    page.verdicts();
    page.summary();
    page.chance();
    page.paper.finish()
}

struct Page<'a> {
    report: &'a Report,
    look: Look,
    paper: Paper,
    story: Story<'a>,
    acts: Vec<Named<'a>>,
    by_chance: bool,
}

impl Page<'_> {
    fn head(&mut self) {
        let report = self.report;
        let length = moment(report.length);
        let seed = report.seed.to_string();
        let (hosts, services) = (report.hosts.join(", "), report.services.join(", "));
        let title = match self.by_chance {
            false => format!("Rehearsal of {}", report.scenario),
            true => format!("The story that breaks {}", report.scenario),
        };
        self.paper.write(&[(&title, Ink::Head)]);
        for (name, value) in [
            ("hosts", &hosts),
            ("services", &services),
            ("length", &length),
            ("seed", &seed),
        ] {
            self.named(name, Ink::Faint, &[(value, Ink::Plain)]);
        }
        for note in &report.notes {
            self.named("note", Ink::Busy, &[(note, Ink::Plain)]);
        }
    }

    fn named(&mut self, name: &str, ink: Ink, value: &[Piece]) {
        let name = fit(name, "services".len() + 2, false);
        self.paper.hang(&[(&name, ink)], value);
    }

    fn title(&mut self, title: &str, ink: Ink) {
        self.paper.gap();
        self.paper.write(&[(title, ink)]);
    }

    fn charts(&mut self) {
        let report = self.report;
        let chart = Chart::new(report, self.look);
        for service in &report.services {
            self.title(service, Ink::Head);
            chart.draw(service, &self.acts, &mut self.paper);
        }
        if report.services.is_empty() {
            return;
        }
        self.paper.gap();
        self.key(chart.slice());
        for act in &self.acts {
            let most = self.times();
            let mut times: Vec<String> = act.times.iter().take(most).map(span).collect();
            if act.times.len() > most {
                times.push(outcome::more(act.times.len() - most));
            }
            let times = times.join(", ");
            let letter = format!("{}  ", act.letter);
            let times = format!(": {times}");
            let line = [(act.text, Ink::Plain), (&times, Ink::Faint)];
            self.paper.hang(&[(&letter, Ink::Head)], &line);
        }
    }

    fn key(&mut self, slice: u64) {
        let key = Pens::of(&self.look).key();
        let signs = key.iter().map(|((sign, ink), word)| {
            let word = word.replace(' ', UNBROKEN);
            (sign.to_string(), *ink, format!("={word}  "))
        });
        let signs: Vec<(String, Ink, String)> = signs.collect();
        let pieces = signs
            .iter()
            .flat_map(|(sign, ink, word)| [(sign.as_str(), *ink), (word.as_str(), Ink::Plain)]);
        let mut pieces: Vec<Piece> = pieces.collect();
        pieces.push(("blank=DOWN", Ink::Plain));
        self.paper.write(&pieces);
        let slice = format!(
            "A column is {}; UP on: on how many hosts, where it is not one.",
            moment(slice.max(1_000_000))
        );
        self.paper.write(&[(&slice, Ink::Faint)]);
    }

    fn times(&self) -> usize {
        if self.look.full { TIMES_FULL } else { TIMES }
    }

    fn timeline(&mut self) {
        let report = self.report;
        self.title("Timeline", Ink::Head);
        let all = report.entries.iter();
        let shown: Vec<&Entry> = all
            .filter(|entry| self.look.full || self.story.has(entry))
            .collect();
        if shown.is_empty() {
            self.paper.write(&[("Nothing happened.", Ink::Faint)]);
        }
        let columns = Columns::new(self, 0);
        for entry in &shown {
            self.entry(entry, &columns);
        }
        let left = report.entries.len() - shown.len();
        if left > 0 {
            let line = format!("({left} lines of commands, events and logs are left out)");
            self.paper.write(&[(&line, Ink::Faint)]);
        }
    }

    fn entry(&mut self, entry: &Entry, columns: &Columns) {
        let ascii = self.look.ascii;
        let stamp = stamp(entry.at, self.report.length);
        let time = format!("{}{stamp:>1$}  ", columns.indent, columns.time);
        let place = |name: &Option<String>, width| match width {
            0 => String::new(),
            width => fit(name.as_deref().unwrap_or_default(), width, ascii) + "  ",
        };
        let host = place(&entry.host, columns.host);
        let service = place(&entry.service, columns.service);
        let is_act = |act: &&Named| entry.kind == Kind::Act && act.text == entry.text;
        let letter = self.acts.iter().find(is_act).map(|act| act.letter);
        let (sign, ink) = match entry.kind {
            Kind::Act => (letter.unwrap_or('*'), Ink::Head),
            Kind::Violation => ('!', Ink::Loud),
            Kind::Script if self.story.is_failure(entry) => ('x', Ink::Bad),
            Kind::State => (' ', Ink::Plain),
            _ => (' ', Ink::Faint),
        };
        let sign = format!("{sign} ");
        let before = [
            (time.as_str(), Ink::Faint),
            (&host, Ink::Plain),
            (&service, Ink::Plain),
            (&sign, ink),
        ];
        let why = match entry.why.as_str() {
            "" => String::new(),
            why => format!(" ({why})"),
        };
        let line = [(entry.text.as_str(), ink), (&why, Ink::Faint)];
        self.paper.hang(&before, &line);
    }

    fn verdicts(&mut self) {
        let report = self.report;
        let held = Outcome::Held.among(report);
        if !held.is_empty() {
            self.title("Held", Ink::Good);
        }
        for verdict in held {
            let more = format!(" ({})", outcome::tested(verdict));
            self.verdict(verdict, &more, Ink::Plain);
        }
        let untested = Outcome::Untested.among(report);
        if !untested.is_empty() {
            self.title("Never tested", Ink::Busy);
        }
        for verdict in untested {
            self.verdict(verdict, "", Ink::Plain);
        }
        let broken = Outcome::Broken.among(report);
        if !broken.is_empty() {
            self.title("Did not hold", Ink::Loud);
        }
        for verdict in broken {
            self.verdict(verdict, "", Ink::Bad);
            self.reasons(verdict);
        }
    }

    /// What came of the rehearsals by chance.
    fn chance(&mut self) {
        let Some(chance) = &self.report.chance else {
            return;
        };
        self.title("By chance", Ink::Head);
        let line = outcome::chance(chance);
        let Some(story) = &chance.story else {
            return self.paper.write(&[(&line, Ink::Good)]);
        };
        self.paper.write(&[(&line, Ink::Loud)]);
        for statement in [format!("seed {}", story.seed)]
            .iter()
            .chain(&story.statements)
        {
            self.paper
                .hang(&[("    ", Ink::Plain)], &[(statement, Ink::Plain)]);
        }
    }

    fn verdict(&mut self, verdict: &Verdict, more: &str, ink: Ink) {
        let line = format!("{:<9} ", outcome::line(verdict));
        let text = [(verdict.text.as_str(), ink), (more, Ink::Faint)];
        self.paper.hang(&[(&line, Ink::Faint)], &text);
    }

    /// When it did not hold, and what happened around it.
    fn reasons(&mut self, verdict: &Verdict) {
        let most = self.times();
        for (at, seen) in verdict.broken.iter().take(most) {
            let moment = format!("    at {}: ", moment(*at));
            let before = [(moment.as_str(), Ink::Loud)];
            self.paper.hang(&before, &[(seen, Ink::Plain)]);
            let columns = Columns::new(self, 4);
            for entry in self.story.around(verdict, *at) {
                self.entry(entry, &columns);
            }
        }
        let more = verdict.broken.len().saturating_sub(most) + verdict.more;
        if more > 0 {
            let line = format!("  and {}", outcome::more(more));
            self.paper.write(&[(&line, Ink::Faint)]);
        }
    }

    fn summary(&mut self) {
        let report = self.report;
        let (word, ink) = match Whole::of(report) {
            Whole::Nothing => ("Nothing was expected", Ink::Busy),
            Whole::Held => ("All held", Ink::Good),
            Whole::Untested => ("Not all was tested", Ink::Loud),
            Whole::Broken => ("Broken", Ink::Loud),
        };
        let line = format!(": {}", outcome::counts(report));
        self.paper.gap();
        self.paper.write(&[(word, ink), (&line, Ink::Plain)]);
    }
}

/// `10s to 40s`.
fn span((from, to): &(u64, Option<u64>)) -> String {
    match to.filter(|to| to != from) {
        Some(to) => format!("{} to {}", moment(*from), moment(to)),
        None => moment(*from),
    }
}

/// How wide the columns of a timeline are.
struct Columns {
    indent: String,
    time: usize,
    host: usize,
    service: usize,
}

impl Columns {
    fn new(page: &Page, indent: usize) -> Columns {
        let report = page.report;
        let widest = |names: &[String]| {
            let widths = names.iter().map(|name| columns(name, page.look.ascii));
            let most = NAME_COLUMNS.min(page.look.width / 8);
            widths.max().unwrap_or(0).min(most)
        };
        Columns {
            indent: " ".repeat(indent),
            time: stamp(report.length, report.length).len(),
            host: widest(&report.hosts),
            service: widest(&report.services),
        }
    }
}
