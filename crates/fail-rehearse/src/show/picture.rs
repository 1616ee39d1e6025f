//! A service as a picture: a lane for each host in which its states are bars, what was done
//! to the hosts as shaded columns, and whatever was not as expected as a red line.
//!
//! Places are per cent of the width, heights are fixed: so the letters stay as large as they
//! are on a telephone. States differ in height and pattern and not by colour only, and each
//! bar tells what it is when it is pointed at; the same facts stand in tables beside it.

use maud::{Markup, html};

use super::acts::{self, Named};
use super::chart::servers;
use super::limits::LANES;
use super::outcome::is_about;
use super::time::{moment, ticks};
use crate::report::{Report, Shown, Track};

/// The most ticks of an axis; a telephone shows every second one.
const TICKS: usize = 9;

/// Heights of the parts, in pixels.
const AXIS: u64 = 18;
const ACT: u64 = 15;
const NAME: u64 = 17;
const BAR: u64 = 22;
const SCRIPT: u64 = 4;
const THIN: u64 = 10;
const GAP: u64 = 5;

/// What a letter takes of the width: in pixels, and at most in thousandths, on a telephone.
const LETTER: u64 = 13;
const LETTER_THOUSANDTHS: usize = 40;

/// Time as per cent of the width, with three digits, in numbers that are the same everywhere.
#[derive(Clone, Copy)]
struct Scale(u64);

impl Scale {
    /// Of 100,000 parts, where it is.
    fn place(self, at: u64) -> u64 {
        let place = u128::from(at) * 100_000 / u128::from(self.0.max(1));
        u64::try_from(place).map_or(100_000, |place| place.min(100_000))
    }

    fn thousandth(self, at: u64) -> usize {
        usize::try_from(self.place(at) / 100).unwrap_or(0)
    }

    fn x(self, at: u64) -> String {
        percent(self.place(at))
    }

    fn width(self, from: u64, to: u64) -> u64 {
        self.place(to).saturating_sub(self.place(from))
    }
}

fn percent(place: u64) -> String {
    format!("{}.{:03}%", place / 1_000, place % 1_000)
}

/// Where and how a bar is drawn.
struct Bar<'a> {
    from: u64,
    to: u64,
    y: u64,
    height: u64,
    class: &'a str,
    title: String,
    word: &'a str,
}

/// A picture that grows downwards.
struct Picture {
    scale: Scale,
    y: u64,
    parts: Vec<Markup>,
}

impl Picture {
    fn bar(&mut self, bar: Bar) {
        let width = self.scale.width(bar.from, bar.to);
        // Shorter than two pixels of a telephone: it gets an edge, so that it is seen.
        let thin = width < 600;
        let class = if thin {
            format!("{} thin", bar.class)
        } else {
            bar.class.to_string()
        };
        let x = self.scale.x(bar.from);
        let needs = 2_500 * (bar.word.len() as u64 + 1);
        self.parts.push(html! {
            rect class=(class) x=(x) y=(bar.y) width=(percent(width.max(100))) height=(bar.height) {
                title { (bar.title) }
            }
            @if !bar.word.is_empty() && width >= needs {
                text class={ "in " (bar.class) } x=(x) dx="5" y=(bar.y + bar.height / 2 + 4) { (bar.word) }
            }
        });
    }

    fn name(&mut self, name: &str) {
        self.y += NAME;
        let y = self.y - 4;
        self.parts
            .push(html! { text class="name" x="0" y=(y) { (name) } });
    }

    fn lane(&mut self, height: u64) {
        let y = self.y;
        self.parts
            .push(html! { rect class="lane" x="0" y=(y) width="100%" height=(height) {} });
    }

    /// The words of the ticks, at the top; their lines come when the height is known.
    fn axis(&mut self) {
        self.y += AXIS;
        for (number, tick) in ticks(self.scale.0, TICKS).into_iter().enumerate() {
            let anchor = match self.scale.place(tick) {
                0..3_000 => "start",
                97_000.. => "end",
                _ => "middle",
            };
            let class = if number % 2 > 0 { "tick minor" } else { "tick" };
            self.parts.push(html! {
                text class=(class) x=(self.scale.x(tick)) y="12" text-anchor=(anchor) { (moment(tick)) }
            });
        }
    }

    /// Bars with letters for what was done.
    fn acts(&mut self, named: &[Named]) {
        let spans = named.iter().flat_map(|act| {
            let times = act.times.iter();
            times.map(move |(from, to)| (*from, *to, act))
        });
        let mut spans: Vec<(u64, Option<u64>, &Named)> = spans.collect();
        spans.sort_by_key(|(from, to, act)| (*from, *to, act.letter));
        let places = spans.iter().map(|(from, to, _)| {
            let first = self.scale.thousandth(*from);
            let last = self.scale.thousandth(to.unwrap_or(*from));
            (first, last.max(first + LETTER_THOUSANDTHS))
        });
        let lanes = acts::lanes(places, LANES);
        let top = self.y;
        let count = lanes.iter().max().map_or(0, |lane| *lane as u64 + 1);
        for ((from, to, act), lane) in spans.into_iter().zip(lanes) {
            let y = top + lane as u64 * ACT;
            let title = told(act.text, from, to);
            if let Some(to) = to {
                self.bar(Bar {
                    from,
                    to,
                    y,
                    height: ACT - 2,
                    class: "act",
                    title: title.clone(),
                    word: "",
                });
            }
            // Near the right edge it stands before its place.
            let back = if self.scale.place(from) > 97_000 {
                LETTER
            } else {
                0
            };
            let shift = format!("translate(-{back})");
            self.parts.push(html! {
                g transform=(shift) {
                    rect class="act" x=(self.scale.x(from)) y=(y) width=(LETTER) height=(ACT - 2) {
                        title { (title) }
                    }
                    text class="act" x=(self.scale.x(from)) dx=(LETTER / 2) y=(y + 10) text-anchor="middle" {
                        (act.letter)
                    }
                }
            });
        }
        self.y += count * ACT + if count > 0 { GAP } else { 0 };
    }

    fn host(&mut self, track: &Track) {
        self.name(&track.host);
        self.lane(BAR);
        let top = self.y;
        for span in &track.spans {
            let (class, height) = match span.state {
                Shown::Up => ("up", BAR),
                Shown::Recover => ("recover", BAR * 6 / 10),
                Shown::Fail => ("fail", BAR),
                Shown::Unknown => ("unknown", BAR * 4 / 10),
                Shown::Down => continue,
            };
            let word = span.state.word();
            let mut title = format!("{}: {word}, {}", track.host, lasted(span.from, span.to));
            if !span.why.is_empty() {
                title += &format!("; {}", span.why);
            }
            let y = top + BAR - height;
            let word = if span.state == Shown::Unknown {
                ""
            } else {
                word
            };
            self.bar(Bar {
                from: span.from,
                to: span.to,
                y,
                height,
                class,
                title,
                word,
            });
        }
        let told = track
            .work
            .iter()
            .filter(|work| work.failed || work.task != "check");
        for work in told {
            let to = work.to.unwrap_or(self.scale.0);
            let class = if work.failed {
                "script failed"
            } else {
                "script"
            };
            let outcome = match work.outcome.as_str() {
                "" => "still runs",
                outcome => outcome,
            };
            let title = format!(
                "{}: {} {}: {outcome}",
                track.host,
                work.task,
                lasted(work.from, to)
            );
            self.bar(Bar {
                from: work.from,
                to,
                y: top,
                height: SCRIPT,
                class,
                title,
                word: "",
            });
        }
        self.y += BAR + GAP;
    }

    /// On how many hosts it is UP.
    fn servers(&mut self, tracks: &[&Track]) {
        self.name("UP on how many hosts");
        for (from, to, count) in servers(tracks, self.scale.0) {
            let (class, height) = match count {
                0 => ("none", THIN),
                1 => ("one", 3),
                _ => ("many", THIN),
            };
            let title = format!("UP on {count} hosts, {}", lasted(from, to));
            let digit = count.to_string();
            let word = if count > 1 { digit.as_str() } else { "" };
            let y = self.y + THIN - height;
            self.bar(Bar {
                from,
                to,
                y,
                height: height + u64::from(count > 1) * 3,
                class,
                title,
                word,
            });
        }
        self.y += THIN + 3 + GAP;
    }

    /// What reaches over all lanes: ticks and faults below them, and what broke above.
    fn finish(
        self,
        named: &[Named],
        broken: &[&(u64, String)],
        title: &str,
        told: &str,
        id: &str,
    ) -> Markup {
        let height = self.y + if broken.is_empty() { 0 } else { 14 };
        let (scale, bottom) = (self.scale, self.y);
        let times = || {
            named
                .iter()
                .flat_map(|act| act.times.iter().map(move |time| (act, time)))
        };
        html! {
            svg class="picture" role="img" aria-labelledby={ (id) "-title " (id) "-desc" } height=(height) xmlns="http://www.w3.org/2000/svg" {
                title id={ (id) "-title" } { (title) }
                desc id={ (id) "-desc" } { (told) }
                @for tick in ticks(scale.0, TICKS) {
                    line class="grid" x1=(scale.x(tick)) x2=(scale.x(tick)) y1=(AXIS - 2) y2=(bottom) {}
                }
                @for (act, (from, to)) in times() {
                    @if let Some(to) = to {
                        rect class="fault" x=(scale.x(*from)) width=(percent(scale.width(*from, *to))) y=(AXIS) height=(bottom - AXIS) pointer-events="none" {}
                    } @else {
                        line class="act" x1=(scale.x(*from)) x2=(scale.x(*from)) y1=(AXIS) y2=(bottom) { title { (act.text) } }
                    }
                }
                @for part in &self.parts { (part) }
                @for (at, seen) in broken {
                    @let anchor = if scale.place(*at) > 98_000 { "end" } else if scale.place(*at) < 2_000 { "start" } else { "middle" };
                    line class="mark" x1=(scale.x(*at)) x2=(scale.x(*at)) y1=(AXIS) y2=(bottom) {
                        title { (moment(*at)) ": " (seen) }
                    }
                    text class="mark" x=(scale.x(*at)) y=(bottom + 12) text-anchor=(anchor) {
                        title { (moment(*at)) ": " (seen) }
                        "!"
                    }
                }
            }
        }
    }
}

fn lasted(from: u64, to: u64) -> String {
    let time = moment(to.saturating_sub(from));
    format!("{} to {} ({time})", moment(from), moment(to))
}

fn told(text: &str, from: u64, to: Option<u64>) -> String {
    match to {
        Some(to) => format!("{text}: {}", lasted(from, to)),
        None => format!("{text}: {}", moment(from)),
    }
}

/// The picture of a service.
pub fn service(report: &Report, service: &str, named: &[Named], id: &str) -> Markup {
    let tracks = report.tracks.iter();
    let tracks: Vec<&Track> = tracks.filter(|track| track.service == service).collect();
    let mut picture = Picture {
        scale: Scale(report.length),
        y: 0,
        parts: Vec::new(),
    };
    picture.axis();
    picture.acts(named);
    for track in &tracks {
        picture.host(track);
    }
    picture.servers(&tracks);
    let verdicts = report.verdicts.iter();
    let about = verdicts.filter(|verdict| is_about(report, verdict, service));
    let broken: Vec<&(u64, String)> = about.flat_map(|verdict| &verdict.broken).collect();
    let hosts = servers(&tracks, report.length);
    let sum = |counts: fn(usize) -> bool| {
        let spans = hosts.iter().filter(|(_, _, count)| counts(*count));
        moment(spans.map(|(from, to, _)| to - from).sum())
    };
    let told = format!(
        "From the beginning to {}: UP on no host for {}, on one for {}, on more at once for {}. \
         The same facts stand in the tables of this section.",
        moment(report.length),
        sum(|count| count == 0),
        sum(|count| count == 1),
        sum(|count| count > 1),
    );
    let title = format!("States of {service} on {}", report.hosts.join(", "));
    picture.finish(named, &broken, &title, &told, id)
}

/// The picture of what the hosts had: a thin lane for each thing and host.
pub fn things(report: &Report, named: &[Named], id: &str) -> Markup {
    let mut picture = Picture {
        scale: Scale(report.length),
        y: 0,
        parts: Vec::new(),
    };
    picture.axis();
    picture.acts(named);
    for track in &report.things {
        picture.name(&format!("{} on {}", track.thing, track.host));
        picture.lane(THIN);
        for &(from, to) in &track.spans {
            let title = format!("{} has {}, {}", track.host, track.thing, lasted(from, to));
            let y = picture.y;
            picture.bar(Bar {
                from,
                to,
                y,
                height: THIN,
                class: "thing",
                title,
                word: "",
            });
        }
        picture.y += THIN + GAP;
    }
    let told = "The same facts stand in the table of this section.";
    picture.finish(named, &[], "What each host had", told, id)
}

/// The patterns that all pictures share.
pub fn patterns() -> Markup {
    html! {
        svg width="0" height="0" aria-hidden="true" style="position:absolute" {
            defs {
                pattern id="dots" width="5" height="5" patternUnits="userSpaceOnUse" {
                    rect class="dot" x="1" y="1" width="2" height="2" {}
                }
                pattern id="gap" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                    rect class="stripe" width="3" height="6" {}
                }
            }
        }
    }
}

/// What the bars mean.
pub fn key() -> Markup {
    let signs = [
        ("up", 4, 14, "UP"),
        ("recover", 9, 9, "RECOVER"),
        ("fail", 4, 14, "FAIL"),
        ("unknown", 11, 7, "UNKNOWN"),
        ("script", 4, 4, "a script runs"),
        ("script failed", 5, 3, "a script failed"),
        ("none", 8, 10, "UP nowhere"),
        ("many", 8, 10, "UP on more than one host"),
        ("fault", 2, 16, "while something is done to the hosts"),
        ("mark", 2, 16, "did not hold"),
    ];
    html! {
        ul class="key" {
            @for (class, y, height, word) in signs {
                li {
                    svg width="22" height="20" aria-hidden="true" {
                        @if class == "mark" {
                            line class="mark" x1="11" x2="11" y1="2" y2="18" {}
                        } @else {
                            rect class=(class) x="1" width="20" y=(y) height=(height) {}
                        }
                    }
                    (word)
                }
            }
            li { "no bar: DOWN" }
        }
    }
}
