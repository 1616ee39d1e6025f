//! The dump on SIGINT: everything that this failsh knows, as text for people.
//!
//! One thing on a line, its name first; a value of several lines goes on below, further to the
//! right. Nothing is left out for being long, and no control character gets through.

use std::fmt::Display;
use std::sync::Arc;

use fail_core::time::Wall;
use fail_rt::clock;
use fail_wire::monitor::{HealthView, HostView, PeerView, ServiceView};

/// What is dumped.
pub struct Snapshot {
    /// When it was taken.
    pub now: i64,
    /// About the program itself: names and values.
    pub about: Vec<(&'static str, String)>,
    /// All services.
    pub services: Vec<Arc<ServiceView>>,
    /// All other hosts.
    pub hosts: Vec<HostView>,
    /// How the program does.
    pub health: HealthView,
}

/// Columns before a value.
const NAMES: usize = 12;

impl Snapshot {
    /// As text.
    pub fn print(&self) -> String {
        let mut page = Page {
            now: self.now,
            text: String::new(),
        };
        page.heading("failsh", &utc(self.now));
        for (name, value) in &self.about {
            page.line(name, value);
        }
        for service in &self.services {
            page.service(service);
        }
        for host in &self.hosts {
            page.host(host);
        }
        page.health(&self.health);
        page.text += "\nend of the dump\n";
        page.text
    }
}

struct Page {
    now: i64,
    text: String,
}

impl Page {
    fn heading(&mut self, what: &str, name: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let line = format!("{what} {}", clean(name, ""));
        self.text += line.trim_end();
        self.text.push('\n');
    }

    fn line(&mut self, name: &str, value: impl Display) {
        let value = value.to_string();
        if !value.is_empty() {
            let below = format!("\n{:width$}", "", width = NAMES + 2);
            let line = format!("  {name:<NAMES$}{}", clean(&value, &below));
            self.text += line.trim_end();
            self.text.push('\n');
        }
    }

    /// `20260131T235959Z` and how long ago or ahead.
    fn time(&self, at: i64) -> String {
        let ms = at.abs_diff(self.now);
        let span = match ms {
            0..10_000 => format!("{}.{:03}s", ms / 1_000, ms % 1_000),
            10_000..600_000 => format!("{}s", ms / 1_000),
            600_000..7_200_000 => format!("{}m", ms / 60_000),
            7_200_000..172_800_000 => format!("{}h", ms / 3_600_000),
            _ => format!("{}d", ms / 86_400_000),
        };
        if at <= self.now {
            format!("{} ({span} ago)", utc(at))
        } else {
            format!("{} (in {span})", utc(at))
        }
    }

    fn service(&mut self, view: &ServiceView) {
        self.heading("service", &view.name);
        self.line("state", known(view.state.as_deref()));
        self.line("since", self.time(view.since));
        self.line("marks", view.marks.join(" "));
        self.line("reason", &view.reason);
        self.line("why", &view.why);
        if let Some(waiting) = &view.waiting {
            let until = view.until.map(|at| self.time(at));
            let until = until.map_or_else(String::new, |at| format!("; until {at}"));
            self.line("waiting", format!("{waiting}{until}"));
        }
        if let Some(script) = &view.script {
            let (since, until) = (self.time(script.since), self.time(script.until));
            let script = format!("{} since {since}, until {until}", script.task);
            self.line("script", script);
        }
        if let Some(check) = &view.check {
            let last = check.last.map(|at| self.time(at));
            let last = last.unwrap_or_else(|| "never".to_string());
            let (good, bad) = (check.good, check.bad);
            self.line("check", format!("{good} good, {bad} bad; last {last}"));
            self.line("  said", &check.said);
        }
        if let Some(retry) = &view.retry {
            let at = self.time(retry.at);
            let failures = retry.failures;
            self.line("retry", format!("{failures} failures; RECOVER at {at}"));
        }
        self.peers(&view.peers);
        for (name, value) in &view.settings {
            self.line("setting", format!("{name:<14}{value}"));
        }
        for (name, until) in &view.console {
            let until = until.map(|at| self.time(at));
            let until = until.unwrap_or_else(|| "the policy is read again".to_string());
            self.line("console", format!("{name:<14}until {until}"));
        }
        for note in &view.journal {
            let at = utc(note.at);
            self.line("journal", format!("{at}  {:<9} {}", note.kind, note.text));
        }
    }

    fn peers(&mut self, peers: &[PeerView]) {
        let width = peers.iter().map(|peer| peer.host.len()).max().unwrap_or(0);
        for peer in peers {
            let reachable = match peer.reachable {
                Some(true) => "answers",
                Some(false) => "unreachable",
                None => "not asked yet",
            };
            let since = peer.since.map(|at| format!("since {}", self.time(at)));
            let parts = [
                format!("{:<width$} {:<6}", peer.host, peer.role),
                format!("{:<7} {reachable:<11}", known(peer.state.as_deref())),
                peer.marks.join(" "),
                since.unwrap_or_default(),
                peer.reason.clone(),
            ];
            self.line("peer", join(&parts));
        }
    }

    fn host(&mut self, view: &HostView) {
        self.heading("host", &view.name);
        self.line("address", known(view.address.as_deref()));
        let reachable = match view.reachable {
            Some(true) => "yes",
            Some(false) => "no",
            None => "not asked yet",
        };
        self.line("reachable", reachable);
        self.line("since", self.time(view.since));
        for (name, at) in [("asked", view.last_call), ("answered", view.last_answer)] {
            let at = at.map(|at| self.time(at));
            self.line(name, at.unwrap_or_else(|| "never".to_string()));
        }
        let trip = view.trip_us.map(|us| format!("{us} us"));
        self.line("round trip", trip.unwrap_or_default());
        let lost = view.lost_permille;
        self.line("lost", format!("{}.{}%", lost / 10, lost % 10));
        self.line("hint", view.hint.as_deref().unwrap_or_default());
        if let Some(at) = view.heard {
            let hears = view.hears.iter();
            let hears = hears.map(|hear| match hear.reachable {
                true => hear.host.clone(),
                false => format!("not {}", hear.host),
            });
            let hears: Vec<_> = hears.collect();
            self.line(
                "hears",
                format!("{}; said {}", hears.join(", "), self.time(at)),
            );
        }
    }

    fn health(&mut self, view: &HealthView) {
        self.heading("health", "");
        let late = [view.late_p50_us, view.late_p99_us, view.late_max_us];
        let [p50, p99, max] = late;
        self.line("late", format!("p50 {p50} us, p99 {p99} us, max {max} us"));
        self.line("doubts", view.doubts);
        for pause in &view.pauses {
            let at = self.time(pause.at);
            self.line("pause", format!("{} ms, over {at}", pause.ms));
        }
        self.line("sent", view.sent);
        self.line("dropped", view.dropped);
        let (run, now) = (view.scripts_run, view.scripts);
        self.line("scripts", format!("{run} so far, {now} now"));
        let faild = match view.faild {
            Some(true) => "answers",
            Some(false) => "does not answer",
            None => "not asked yet",
        };
        self.line("faild", faild);
    }
}

fn known(word: Option<&str>) -> &str {
    word.unwrap_or("unknown")
}

fn join(parts: &[String]) -> String {
    let parts: Vec<_> = parts.iter().filter(|part| !part.is_empty()).collect();
    let parts: Vec<_> = parts.into_iter().map(String::as_str).collect();
    parts.join("  ")
}

fn utc(ms: i64) -> String {
    clock::utc(Wall(ms))
}

/// Without control characters; the lines after the first begin with `below`.
fn clean(text: &str, below: &str) -> String {
    let text = text.trim_end_matches('\n');
    let mut clean = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' => clean += below,
            '\t' => clean.push(letter),
            odd if odd.is_control() => clean.extend(odd.escape_default()),
            letter => clean.push(letter),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;
    use fail_wire::monitor::{CheckView, HearView, Note, Pause, RetryView, ScriptView};

    fn everything() -> Snapshot {
        let text = |text: &str| text.to_string();
        let service = ServiceView {
            name: text("web"),
            state: Some(text("UP")),
            since: 40_000,
            marks: vec![text("held")],
            reason: text("a reason"),
            why: text("keep: no master can serve"),
            waiting: Some(text("a slave")),
            until: Some(101_000),
            script: Some(ScriptView {
                task: text("check"),
                since: 99_000,
                until: 130_000,
            }),
            peers: vec![PeerView {
                host: text("hostb"),
                role: text("slave"),
                state: Some(text("RECOVER")),
                reachable: Some(true),
                marks: vec![text("starting")],
                reason: text("by\x1b[31m hand"),
                since: Some(0),
            }],
            check: Some(CheckView {
                good: 3,
                bad: 1,
                last: Some(98_000),
                said: text("all well"),
            }),
            retry: Some(RetryView {
                failures: 2,
                at: 160_000,
            }),
            settings: [(text("start"), text("one\ntwo"))].into(),
            console: [(text("interval"), None)].into(),
            journal: vec![Note {
                at: 40_000,
                kind: text("state"),
                text: text("RECOVER -> UP"),
            }],
        };
        let host = HostView {
            name: text("hostb"),
            address: Some(text("192.0.2.2:1847")),
            reachable: Some(false),
            since: 1_000,
            last_call: Some(99_500),
            last_answer: None,
            trip_us: Some(120),
            lost_permille: 15,
            hint: Some(text("wrong community")),
            hears: vec![HearView {
                host: text("hosta"),
                reachable: false,
            }],
            heard: Some(90_000),
        };
        let health = HealthView {
            late_max_us: 77,
            doubts: 4,
            pauses: vec![Pause { at: 50_000, ms: 12 }],
            sent: 1_234,
            dropped: 5,
            scripts: 6,
            scripts_run: 789,
            faild: Some(true),
            ..HealthView::default()
        };
        Snapshot {
            now: 100_000,
            about: vec![("version", text("1.0.0"))],
            services: vec![Arc::new(service)],
            hosts: vec![host],
            health,
        }
    }

    #[test]
    fn a_dump_has_everything_and_reads_well() {
        let expected = "\
failsh 19700101T000140Z
  version     1.0.0

service web
  state       UP
  since       19700101T000040Z (60s ago)
  marks       held
  reason      a reason
  why         keep: no master can serve
  waiting     a slave; until 19700101T000141Z (in 1.000s)
  script      check since 19700101T000139Z (1.000s ago), until 19700101T000210Z (in 30s)
  check       3 good, 1 bad; last 19700101T000138Z (2.000s ago)
    said      all well
  retry       2 failures; RECOVER at 19700101T000240Z (in 60s)
  peer        hostb slave   RECOVER answers      starting  since 19700101T000000Z (100s ago)  by\\u{1b}[31m hand
  setting     start         one
              two
  console     interval      until the policy is read again
  journal     19700101T000040Z  state     RECOVER -> UP

host hostb
  address     192.0.2.2:1847
  reachable   no
  since       19700101T000001Z (99s ago)
  asked       19700101T000139Z (0.500s ago)
  answered    never
  round trip  120 us
  lost        1.5%
  hint        wrong community
  hears       not hosta; said 19700101T000130Z (10s ago)

health
  late        p50 0 us, p99 0 us, max 77 us
  doubts      4
  pause       12 ms, over 19700101T000050Z (50s ago)
  sent        1234
  dropped     5
  scripts     789 so far, 6 now
  faild       answers

end of the dump
";
        assert_eq!(everything().print(), expected);
    }
}
