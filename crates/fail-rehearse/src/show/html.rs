//! A report as one page for a browser: nothing is fetched, nothing needs a script, and it can
//! be read on a telephone, on paper, in the dark and by those who do not see it.
//!
//! First what did not hold, then the pictures, then the timeline. Whatever comes from a
//! scenario or a policy is escaped by `maud`, and letters that steer or turn a line are shown
//! as their codes.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::acts::{self, Named};
use super::limits::TIMES_FULL;
use super::outcome::{self, Outcome, Story, Whole};
use super::paper;
use super::picture;
use super::time::{moment, stamp};
use crate::report::{Entry, Kind, Report, Track, Verdict};

/// Kinds of lines, their names in the page, and whether they are shown at first.
const KINDS: [(Kind, &str, &str, bool); 8] = [
    (Kind::Violation, "violation", "what did not hold", true),
    (Kind::Act, "act", "acts", true),
    (Kind::State, "state", "states", true),
    (Kind::Script, "script", "scripts that did well", false),
    (Kind::Command, "command", "commands", false),
    (Kind::Thing, "thing", "things", false),
    (Kind::Event, "event", "events", false),
    (Kind::Log, "log", "logs", false),
];

/// The report as a page of HTML.
pub fn html(report: &Report) -> String {
    let page = Page {
        report,
        story: Story::new(report),
        acts: acts::named(report),
        own: "",
    };
    paper::steady(&page.whole().into_string())
}

struct Page<'a> {
    report: &'a Report,
    story: Story<'a>,
    acts: Vec<Named<'a>>,
    /// In front of what is named in it, where one page has two reports.
    own: &'a str,
}

impl Page<'_> {
    /// A name that stands only once.
    fn id(&self, name: &str) -> String {
        format!("{}{name}", self.own)
    }

    fn whole(&self) -> Markup {
        let report = self.report;
        let (class, word) = match Whole::of(report) {
            Whole::Nothing => ("untested", "nothing was expected"),
            Whole::Held => ("held", "all held"),
            Whole::Untested => ("broken", "not all tested"),
            Whole::Broken => ("broken", "did not hold"),
        };
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { "Rehearsal of " (report.scenario) ": " (word) }
                    style { (PreEscaped(include_str!("page.css"))) }
                }
                body {
                    (picture::patterns())
                    header {
                        h1 { "Rehearsal of " code { (report.scenario) } }
                        span class={ "badge " (class) } { (word) }
                        (self.facts())
                    }
                    main {
                        (self.verdicts())
                        (self.chance())
                        (self.told())
                    }
                }
            }
        }
    }

    /// What was done and what came of it.
    fn told(&self) -> Markup {
        html! {
            (self.done())
            @for (number, service) in self.report.services.iter().enumerate() {
                (self.service(number, service))
            }
            (self.things())
            (self.timeline())
        }
    }

    fn facts(&self) -> Markup {
        let report = self.report;
        html! {
            dl class="facts" {
                dt { "Hosts" } dd { (report.hosts.join(", ")) }
                dt { "Services" } dd { (report.services.join(", ")) }
                dt { "Length" } dd { (moment(report.length)) }
                dt { "Seed" } dd { (report.seed) }
                dt { "In all" } dd { (outcome::counts(report)) }
            }
            @for note in &report.notes {
                p class="note" { strong { "Note: " } (note) }
            }
        }
    }

    fn chance(&self) -> Markup {
        let Some(chance) = &self.report.chance else {
            return html! {};
        };
        html! {
            section aria-labelledby="chance" {
                h2 id="chance" { "By chance" }
                p { (outcome::chance(chance)) }
                @if let Some(story) = &chance.story {
                    pre {
                        "seed " (story.seed) "\n"
                        @for statement in &story.statements { (statement) "\n" }
                    }
                    @let page = Page {
                        report: &story.report,
                        story: Story::new(&story.report),
                        acts: acts::named(&story.report),
                        own: "story-",
                    };
                    p { "What came of it: " (outcome::counts(&story.report)) "." }
                    @for verdict in Outcome::Broken.among(&story.report) { (page.broken(verdict)) }
                    details open {
                        summary { "What happened in it" }
                        (page.told())
                    }
                }
            }
            @if chance.story.is_some() {
                h2 { "The scenario itself" }
            }
        }
    }

    fn verdicts(&self) -> Markup {
        let report = self.report;
        let rest = [
            (Outcome::Untested, "untested", "never tested"),
            (Outcome::Held, "held", "held"),
        ];
        let rest = rest.into_iter().flat_map(|(outcome, class, word)| {
            let among = outcome.among(report).into_iter();
            among.map(move |verdict| (class, word, verdict))
        });
        let rest: Vec<(&str, &str, &Verdict)> = rest.collect();
        html! {
            section aria-labelledby="expected" {
                h2 id="expected" { "What was expected" }
                @if report.verdicts.is_empty() { p class="faint" { "Nothing." } }
                @for verdict in Outcome::Broken.among(report) { (self.broken(verdict)) }
                @if !rest.is_empty() {
                    table {
                        thead { tr {
                            th scope="col" { "Result" }
                            th scope="col" { "Line" }
                            th scope="col" { "Expectation" }
                            th scope="col" { "Tested" }
                        } }
                        tbody {
                            @for (class, word, verdict) in rest {
                                tr {
                                    td class="short" { span class={ "badge " (class) } { (word) } }
                                    td class="short" { (outcome::line(verdict)) }
                                    td { code { (verdict.text) } }
                                    td { @if verdict.tested > 0 { (outcome::tested(verdict)) } @else { "never" } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn broken(&self, verdict: &Verdict) -> Markup {
        let more = verdict.broken.len().saturating_sub(TIMES_FULL) + verdict.more;
        html! {
            article class="broken-card" {
                h3 { code { (verdict.text) } }
                p class="faint" {
                    "did not hold; " (outcome::line(verdict)) ", tested " (outcome::tested(verdict))
                }
                @for (at, seen) in verdict.broken.iter().take(TIMES_FULL) {
                    h4 { "At " (moment(*at)) ": " (seen) }
                    @let around = self.story.around(verdict, *at);
                    @if !around.is_empty() {
                        (self.lines("What happened around that moment", "around", &around))
                    }
                }
                @if more > 0 { p { "And " (outcome::more(more)) "." } }
            }
        }
    }

    /// The letters of the pictures, as a table.
    fn done(&self) -> Markup {
        html! {
            @if !self.acts.is_empty() {
                section aria-labelledby=(self.id("acts")) {
                    h2 id=(self.id("acts")) { "What was done to the hosts" }
                    table class="acts" {
                        thead { tr { th scope="col" { "Act" } th scope="col" { "When" } } }
                        tbody {
                            @for act in &self.acts {
                                tr {
                                    td { span class="letter" { (act.letter) } code { (act.text) } }
                                    td { (when(act)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn service(&self, number: usize, service: &str) -> Markup {
        let id = self.id(&format!("service-{number}"));
        let tracks = self.report.tracks.iter();
        let tracks: Vec<&Track> = tracks.filter(|track| track.service == service).collect();
        html! {
            section aria-labelledby=(id) {
                h2 id=(id) { "Service " (service) }
                figure {
                    (picture::service(self.report, service, &self.acts, &self.id(&format!("picture-{number}"))))
                    figcaption { (picture::key()) }
                }
                details {
                    summary { "The states of " (service) " as a table" }
                    (states(&tracks))
                }
                @if tracks.iter().any(|track| !track.work.is_empty()) {
                    details {
                        summary { "The scripts of " (service) " as a table" }
                        (scripts(&tracks))
                    }
                }
            }
        }
    }

    fn things(&self) -> Markup {
        let things = &self.report.things;
        html! {
            @if !things.is_empty() {
                section aria-labelledby=(self.id("things")) {
                    h2 id=(self.id("things")) { "What the hosts had" }
                    figure { (picture::things(self.report, &self.acts, &self.id("picture-things"))) }
                    details {
                        summary { "What the hosts had as a table" }
                        table {
                            thead { tr {
                                th scope="col" { "Thing" } th scope="col" { "Host" }
                                th scope="col" class="time" { "From" } th scope="col" class="time" { "To" }
                            } }
                            tbody {
                                @for track in things { @for (from, to) in &track.spans {
                                    tr {
                                        td { (track.thing) } td { (track.host) }
                                        td class="time" { (moment(*from)) } td class="time" { (moment(*to)) }
                                    }
                                } }
                            }
                        }
                    }
                }
            }
        }
    }

    fn timeline(&self) -> Markup {
        let entries = &self.report.entries;
        let count = |kind| {
            entries
                .iter()
                .filter(|entry| entry.kind == kind && !self.story.is_failure(entry))
                .count()
        };
        let kinds = KINDS.map(|(kind, class, word, shown)| (class, word, shown, count(kind)));
        // The boxes choose for the first one; the other one is as it is at first.
        let boxes = self.own.is_empty();
        let shown = |entry: &&Entry| boxes || self.story.has(entry);
        let all: Vec<&Entry> = entries.iter().filter(shown).collect();
        html! {
            section aria-labelledby=(self.id("timeline")) {
                h2 id=(self.id("timeline")) { "Timeline" }
                @if all.is_empty() { p class="faint" { "Nothing happened." } }
                @else {
                    @if boxes { fieldset {
                        legend { "Show" }
                        @for (class, word, shown, count) in kinds {
                            @if count > 0 {
                                label {
                                    input type="checkbox" id={ "show-" (class) } checked[shown] autocomplete="off";
                                    " " (word) " (" (count) ")"
                                }
                            }
                        }
                    } }
                    @let caption = if boxes { "Everything that happened, in order of time" } else { "In order of time" };
                    (self.lines(caption, if boxes { "timeline" } else { "around" }, &all))
                }
            }
        }
    }

    fn lines(&self, caption: &str, class: &str, entries: &[&Entry]) -> Markup {
        html! {
            table class=(class) {
                caption { (caption) }
                thead { tr {
                    th scope="col" class="time" { "Time" }
                    th scope="col" { "Where" }
                    th scope="col" { "What and why" }
                } }
                tbody { @for entry in entries { (self.line(entry)) } }
            }
        }
    }

    fn line(&self, entry: &Entry) -> Markup {
        let known = KINDS.iter().find(|(kind, ..)| *kind == entry.kind);
        let mut class = known.map_or("", |(_, class, ..)| class).to_string();
        if self.story.is_failure(entry) {
            class += " failed";
        }
        let is_act = |act: &&Named| entry.kind == Kind::Act && act.text == entry.text;
        let letter = self.acts.iter().find(is_act).map(|act| act.letter);
        html! {
            tr class=(class) {
                td class="time" { (stamp(entry.at, self.report.length)) }
                td class="where" {
                    @if let Some(host) = &entry.host { span class="host" { (host) } }
                    @if let Some(service) = &entry.service { span class="service" { (service) } }
                }
                td class="what" {
                    @if let Some(letter) = letter { span class="letter" { (letter) } }
                    (entry.text)
                    @if !entry.why.is_empty() { " " span class="why" { "(" (entry.why) ")" } }
                }
            }
        }
    }
}

/// All times of an act, up to a limit: the rest is in the timeline.
fn when(act: &Named) -> String {
    let times =
        act.times
            .iter()
            .take(TIMES_FULL)
            .map(|(from, to)| match to.filter(|to| to != from) {
                Some(to) => format!("{} to {}", moment(*from), moment(to)),
                None => moment(*from),
            });
    let mut times: Vec<String> = times.collect();
    let more = act.times.len() - times.len();
    if more > 0 {
        times.push(outcome::more(more));
    }
    times.join(", ")
}

fn states(tracks: &[&Track]) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" { "Host" } th scope="col" class="time" { "From" }
                th scope="col" class="time" { "To" } th scope="col" { "State" } th scope="col" { "Why" }
            } }
            tbody {
                @for track in tracks { @for span in &track.spans {
                    tr {
                        td { (track.host) } td class="time" { (moment(span.from)) }
                        td class="time" { (moment(span.to)) } td { (span.state.word()) } td { (span.why) }
                    }
                } }
            }
        }
    }
}

fn scripts(tracks: &[&Track]) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" { "Host" } th scope="col" class="time" { "From" }
                th scope="col" class="time" { "To" } th scope="col" { "Script" }
                th scope="col" { "Outcome" } th scope="col" class="wide" { "Why" }
            } }
            tbody {
                @for track in tracks { @for work in &track.work {
                    tr class=(if work.failed { "failed" } else { "" }) {
                        td { (track.host) } td class="time" { (moment(work.from)) }
                        td class="time" { @if let Some(to) = work.to { (moment(to)) } @else { "still runs" } }
                        td { (work.task) } td class="what" { (work.outcome) } td class="wide" { (work.why) }
                    }
                } }
            }
        }
    }
}
