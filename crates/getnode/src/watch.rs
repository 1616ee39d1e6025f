//! `--watch`: a line for each change, as it comes.
//!
//! What a hc says when it is connected is what was so before, and no news; when it was lost and
//! comes back, it is news where it differs from what was known.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use fail_cli::{Failure, Getnode, exit};
use fail_client::follow::{Seen, Then, follow};
use fail_client::grid::{Cell, Grid, Ink};
use fail_client::health::words::{counted, mood, state, why};
use fail_client::health::{Budget, Share, Snapshot, TargetView, Update, can_be, fits};
use fail_client::screen::Terminal;
use fail_client::{clean, clean_json, named, utc};
use serde_json::{Value, json};

use crate::{is_wanted, now_ms, say};

/// What comes in while nobody takes it; then the hc waits. Each is a line of 4 MB at most, and
/// not much more when it is read ([`can_be`]).
const QUEUE: usize = 16;

/// Something to print.
#[derive(Debug, PartialEq)]
enum News {
    /// A target is no longer as it was; nothing: it was not there, or is not there any more.
    Changed(Option<Box<TargetView>>, Option<Box<TargetView>>),
    /// A hc has told everything.
    Connected(BTreeMap<String, usize>),
    /// It knows no target of this name, or none that fits.
    Unknown(String),
    /// A hc can not be read.
    Lost(String),
}

/// One hc.
#[derive(Debug)]
struct Watched {
    shown: Snapshot,
    /// Of what all of them may show together.
    share: Share,
    /// It has told everything once.
    known: bool,
    /// It has said what can not be: nothing more of it counts until it is connected anew.
    barred: bool,
    /// Whoever reads it is to hang up because of that.
    hang_up: Arc<AtomicBool>,
    /// It is lost, which was said, for this reason.
    lost: Option<String>,
}

/// Until interrupted.
///
/// # Errors
/// There are no threads, or nothing can be written.
pub fn watch(options: &Getnode) -> Result<u8, Failure> {
    let (send, receive) = queue();
    let budget = Budget::default();
    let all = options.hosts.0.iter();
    let mut watched: Vec<Watched> = all.map(|_| Watched::new(budget.share())).collect();
    for (number, host) in options.hosts.0.iter().enumerate() {
        let (send, hang_up) = (send.clone(), watched[number].hang_up.clone());
        let see = move |number, seen| {
            let (seen, odd) = possible(seen);
            match send.send((number, seen)) {
                Err(_) => Then::End,
                Ok(()) if hang_up.swap(false, Ordering::Relaxed) || odd => Then::HangUp,
                Ok(()) => Then::GoOn,
            }
        };
        follow(number, host.host.clone(), host.port_or(options.port), see)
            .map_err(|e| Failure::new(exit::OSERR, format!("no thread: {e}")))?;
    }
    drop(send);
    let terminal = Terminal::find();
    let hosts: Vec<String> = options.hosts.0.iter().map(ToString::to_string).collect();
    while let Ok((number, seen)) = receive.recv() {
        for news in watched[number].take(seen, &options.targets, now_ms()) {
            let host = hosts[number].as_str();
            if let News::Unknown(name) = &news {
                // What is printed stays what has happened.
                eprintln!(
                    "getnode: {}",
                    clean(&format!("no target \"{name}\" at {host}"))
                );
                continue;
            }
            let text = match options.json {
                true => clean_json(format!("{}\n", json(host, &news))),
                false => {
                    let host =
                        (hosts.len() > 1 || !matches!(news, News::Changed(..))).then_some(host);
                    terminal.show(&line(host, &news), false)
                }
            };
            if !say(&text)? {
                return Ok(exit::OK);
            }
        }
    }
    Ok(exit::OK)
}

/// From those who read to the one who prints.
fn queue() -> (SyncSender<Item>, Receiver<Item>) {
    sync_channel(QUEUE)
}

/// A hc, by its number, and what was seen of it.
type Item = (usize, Seen<Update>);

/// What was seen, if it can be; and whether it can not, so that it is not even kept.
fn possible(seen: Seen<Update>) -> (Seen<Update>, bool) {
    match &seen {
        Seen::Update(update) => match can_be(update) {
            Ok(()) => (seen, false),
            Err(sentence) => (Seen::Lost(sentence), true),
        },
        _ => (seen, false),
    }
}

impl Watched {
    fn new(share: Share) -> Watched {
        Watched {
            shown: Snapshot::default(),
            share,
            known: false,
            barred: false,
            hang_up: Arc::default(),
            lost: None,
        }
    }

    /// It is lost; that is no news if it was for the same reason.
    fn lose(&mut self, why: String) -> Vec<News> {
        let before = self.lost.replace(why.clone());
        let is_news = before.as_ref() != Some(&why);
        is_news.then_some(News::Lost(why)).into_iter().collect()
    }

    /// It is lost by what it says.
    fn bar(&mut self, why: String) -> Vec<News> {
        self.barred = true;
        self.hang_up.store(true, Ordering::Relaxed);
        self.lose(why)
    }

    /// How many of its targets that are wanted are in each state.
    fn connected(&self, patterns: &[String]) -> News {
        let targets = self.shown.targets.values();
        let mut counts = BTreeMap::new();
        for target in targets.filter(|target| is_wanted(patterns, &target.name)) {
            *counts.entry(counted(target).to_string()).or_default() += 1;
        }
        News::Connected(counts)
    }

    fn take(&mut self, seen: Seen<Update>, patterns: &[String], now: i64) -> Vec<News> {
        let update = match seen {
            Seen::Connected(_) => {
                self.barred = false;
                return Vec::new();
            }
            Seen::Update(_) if self.barred => return Vec::new(),
            Seen::Lost(why) => return self.lose(why),
            Seen::Update(update) => update,
        };
        let name = match &update {
            Update::Target(view) => Some(view.name.clone()),
            Update::Gone { name } => Some(name.clone()),
            _ => None,
        };
        let find = |shown: &Snapshot| shown.targets.get(name.as_deref()?).cloned().map(Box::new);
        let before = find(&self.shown);
        // Only then something goes that is not named.
        let all = matches!(update, Update::Ready) && !self.shown.ready;
        let all: Option<Vec<TargetView>> =
            all.then(|| self.shown.targets.values().map(outline).collect());
        if let Err(sentence) = self.shown.apply(update, now) {
            return self.bar(sentence);
        }
        if let Err(sentence) = self.share.is(self.shown.bytes()) {
            // Others need the room.
            self.shown = Snapshot::default();
            self.share.give_back();
            self.known = false;
            return self.bar(sentence);
        }
        let wanted = |name: &str| is_wanted(patterns, name);
        if let Some(all) = all {
            let back = self.lost.take().is_some();
            if !std::mem::replace(&mut self.known, true) {
                let known = self.shown.targets.keys();
                let known = |pattern: &&String| known.clone().any(|name| fits(pattern, name));
                let unknown = patterns.iter().filter(|pattern| !known(pattern)).cloned();
                let connected = [self.connected(patterns)];
                return connected
                    .into_iter()
                    .chain(unknown.map(News::Unknown))
                    .collect();
            }
            let gone = all.into_iter();
            let gone =
                gone.filter(|t| wanted(&t.name) && !self.shown.targets.contains_key(&t.name));
            let gone = gone.map(|t| News::Changed(Some(Box::new(t)), None));
            let back = back.then(|| self.connected(patterns));
            return back.into_iter().chain(gone).collect();
        }
        let after = find(&self.shown);
        let kind = |view: &Option<Box<TargetView>>| view.as_deref().map(state);
        let is_news = self.known && kind(&before) != kind(&after);
        let is_news = is_news && name.as_deref().is_some_and(wanted);
        is_news
            .then_some(News::Changed(before, after))
            .into_iter()
            .collect()
    }
}

/// A target as far as it is said that it is gone.
fn outline(target: &TargetView) -> TargetView {
    TargetView {
        name: target.name.clone(),
        state: target.state.clone(),
        warning: target.warning,
        flapping: target.flapping,
        quiet: target.quiet,
        ..TargetView::default()
    }
}

/// When, the host if there are several, the target, from what to what, and why.
fn line(host: Option<&str>, news: &News) -> Grid {
    let mut cells = vec![Cell::from(utc(now_ms()))];
    cells.extend(host.map(Cell::from));
    match news {
        News::Lost(why) => cells.push(Cell::new(why, Ink::Bad)),
        News::Connected(counts) => {
            let all: usize = counts.values().sum();
            let parts = counts
                .iter()
                .map(|(state, count)| format!("{count} {state}"));
            let parts: Vec<String> = parts.collect();
            let colon = if parts.is_empty() { "" } else { ": " };
            let plural = if all == 1 { "" } else { "s" };
            let parts = parts.join(", ");
            cells.push(format!("connected, {all} target{plural}{colon}{parts}").into());
        }
        News::Unknown(name) => cells.push(format!("no target \"{name}\"").into()),
        News::Changed(from, to) => {
            let one = to.as_deref().or(from.as_deref());
            let word = |view: &Option<Box<TargetView>>, none: &str| match view.as_deref() {
                None => Cell::from(none),
                Some(view) => Cell::new(state(view), mood(view).ink()),
            };
            cells.push(one.map_or("", |one| named(&one.name)).into());
            cells.extend([word(from, "new"), "->".into(), word(to, "gone")]);
            cells.extend(to.as_deref().map(|to| Cell::from(why(to))));
        }
    }
    let mut grid = Grid::default();
    grid.row(cells);
    grid
}

fn json(host: &str, news: &News) -> Value {
    let at = now_ms();
    match news {
        News::Lost(why) => json!({ "at": at, "host": host, "lost": why }),
        News::Connected(counts) => json!({ "at": at, "host": host, "connected": counts }),
        News::Unknown(name) => json!({ "at": at, "host": host, "unknown": name }),
        News::Changed(from, to) => {
            let one = to.as_deref().or(from.as_deref());
            json!({
                "at": at,
                "host": host,
                "target": one.map(|one| &one.name),
                "from": from.as_ref().map(|from| &from.state),
                "to": to.as_ref().map(|to| &to.state),
                "warning": to.as_ref().is_some_and(|to| to.warning),
                "flapping": to.as_ref().is_some_and(|to| to.flapping),
                "why": to.as_ref().map(|to| &to.why),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fail_client::health::BYTES_MAX;
    use fail_client::stream::LINE_BYTES_MAX;

    fn target(name: &str, state: &str) -> Seen<Update> {
        Seen::Update(Update::Target(Box::new(TargetView {
            name: name.to_string(),
            state: state.to_string(),
            ..TargetView::default()
        })))
    }

    fn told(watched: &mut Watched, seen: Seen<Update>) -> String {
        let patterns = ["w%".to_string()];
        let news = watched.take(seen, &patterns, 0).into_iter();
        let kind = |view: &Option<Box<TargetView>>| {
            view.as_ref()
                .map_or("none".to_string(), |view| view.state.clone())
        };
        let texts = news.map(|news| match news {
            News::Lost(why) => why,
            News::Connected(counts) => format!("{counts:?}"),
            News::Unknown(name) => format!("no {name}"),
            News::Changed(from, to) => format!("{}->{}", kind(&from), kind(&to)),
        });
        texts.collect::<Vec<_>>().join(" ")
    }

    fn watched() -> Watched {
        Watched::new(Budget::default().share())
    }

    fn lost(why: &str) -> Seen<Update> {
        Seen::Lost(why.to_string())
    }

    #[test]
    fn news_are_what_differs_from_what_was_known() {
        let hello = || Seen::Update(Update::Hello(Default::default()));
        let mut hc = watched();
        let mut say = |seen| told(&mut hc, seen);
        for name in ["www", "web", "dns"] {
            assert_eq!(say(target(name, "up")), "");
        }
        assert_eq!(say(Seen::Update(Update::Ready)), "{\"up\": 2}");
        assert_eq!(say(target("www", "up")), "");
        assert_eq!(say(target("www", "down")), "up->down");
        assert_eq!(say(target("dns", "down")), "", "nobody wants to know");
        assert_eq!(say(lost("x")), "x");
        // It comes back, and web is not in its Hcfile any more.
        assert_eq!(say(Seen::Connected(([127, 0, 0, 1], 1).into())), "");
        assert_eq!(say(hello()), "");
        assert_eq!(say(target("www", "up")), "down->up");
        assert_eq!(say(target("wob", "up")), "none->up");
        assert_eq!(
            say(Seen::Update(Update::Ready)),
            "{\"up\": 2} up->none",
            "it is back"
        );
        let name = "www".to_string();
        assert_eq!(say(Seen::Update(Update::Gone { name })), "up->none");
    }

    #[test]
    fn a_target_that_nobody_knows_is_said_once() {
        let mut hc = watched();
        told(&mut hc, target("dns", "up"));
        let ready = || Seen::Update(Update::Ready);
        assert_eq!(told(&mut hc, ready()), "{} no w%");
        assert_eq!(told(&mut hc, ready()), "");
    }

    #[test]
    fn of_one_that_says_what_can_not_be_nothing_counts_until_it_is_back() {
        let mut hc = watched();
        told(&mut hc, Seen::Update(Update::Ready));
        let wide = TargetView {
            depends: vec![String::new(); 3_000],
            ..TargetView::default()
        };
        let wide = Seen::Update(Update::Target(Box::new(wide)));
        assert!(told(&mut hc, wide).starts_with("it shows more than"));
        assert!(hc.hang_up.load(Ordering::Relaxed));
        assert_eq!(told(&mut hc, target("www", "up")), "");
        told(&mut hc, Seen::Connected(([127, 0, 0, 1], 1).into()));
        assert_eq!(told(&mut hc, target("www", "up")), "none->up");
    }

    #[test]
    fn that_one_is_lost_is_said_once_for_each_reason_until_it_is_back() {
        let mut hc = watched();
        let mut say = |seen| told(&mut hc, seen);
        let connect = || Seen::Connected(([127, 0, 0, 1], 1).into());
        let ready = || Seen::Update(Update::Ready);
        assert_eq!(say(lost("refused")), "refused");
        assert_eq!(say(lost("refused")), "");
        assert_eq!(say(lost("no route")), "no route");
        // Somebody takes the connection, and that is all.
        for _ in 0..2 {
            assert_eq!(say(connect()), "");
            assert_eq!(say(lost("no route")), "");
        }
        say(connect());
        assert_eq!(say(ready()), "{} no w%");
        assert_eq!(say(lost("no route")), "no route");
        let hello = || Seen::Update(Update::Hello(Default::default()));
        for is in ["{}", ""] {
            say(connect());
            say(hello());
            assert_eq!(say(ready()), is, "it is back, or never was lost");
        }
    }

    #[test]
    fn what_waits_to_be_printed_is_bounded_in_bytes() {
        let (send, _receive) = queue();
        let sent = (0..).take_while(|n| send.try_send((*n, target("www", "up"))).is_ok());
        let bytes = sent.count() * LINE_BYTES_MAX;
        assert!(bytes <= BYTES_MAX / 4, "{bytes}");
        // A short line can be a large update, which does not wait.
        let wide = TargetView {
            depends: vec![String::new(); 1_000_000],
            ..TargetView::default()
        };
        let (seen, odd) = possible(Seen::Update(Update::Target(Box::new(wide))));
        assert!(odd && matches!(seen, Seen::Lost(why) if why.contains("dependencies")));
    }

    #[test]
    fn all_hosts_together_show_no_more_than_one_may() {
        let budget = Budget::of(3_000);
        let mut hcs = [(); 2].map(|()| Watched::new(budget.share()));
        let large = |name: &str| {
            let why = "x".repeat(2_000);
            Seen::Update(Update::Target(Box::new(TargetView {
                name: name.to_string(),
                why,
                ..TargetView::default()
            })))
        };
        assert_eq!(told(&mut hcs[0], large("www")), "");
        let said = told(&mut hcs[1], large("www"));
        assert_eq!(said, "all hosts together show more than 3000 bytes");
        // What it had is gone, so the other one may still say what it has to say.
        assert!(hcs[1].shown.targets.is_empty());
        assert!(hcs[1].hang_up.load(Ordering::Relaxed));
        assert_eq!(told(&mut hcs[0], target("web", "up")), "");
        assert_eq!(hcs[0].shown.targets.len(), 2);
    }
}
