//! `failc why`: asks the failsh of a host, by its monitor stream, why a service is or is not
//! served there.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fail_cli::{Failc, exit, ports};
use fail_client::addresses;
use fail_client::monitor::{Monitor, MonitorError, Update};
use fail_wire::State;
use fail_wire::monitor::{Note, ServiceView};

use crate::{Failed, name, print, state_code};

/// Lines of the journal that are shown to people.
const NOTES: usize = 5;

/// Asks, prints, and gives the exit code.
pub fn ask(options: &Failc, service: &str) -> Result<u8, Failed> {
    let name = name(service)?;
    let at = &options.monitor;
    let failsh = addresses(&at.host, at.port_or(ports::MONITOR)).map_err(|e| (exit::NOHOST, e))?;
    let patience = options.timeout.0.saturating_mul(options.tries);
    let view = view(&failsh, name.as_str(), patience).map_err(failed)?;
    let Some(view) = view else {
        let sentence = format!("the failsh at {at} has no service \"{name}\"");
        return Err((exit::USAGE, sentence));
    };
    if options.quiet {
        // A state that is not known yet is no state to rely on.
        let state = view.state.as_deref().and_then(State::from_word);
        return Ok(state_code(state.unwrap_or(State::Fail)));
    }
    let text = match options.json {
        true => serde_json::to_string(&view).map(|text| text + "\n"),
        false => Ok(lines(&view, now_ms())),
    };
    print(&text.map_err(|e| (exit::SOFTWARE, e.to_string()))?)?;
    Ok(exit::OK)
}

/// The service as it is now; nothing: it is not in the policy.
fn view(
    failsh: &[std::net::SocketAddr],
    name: &str,
    patience: Duration,
) -> Result<Option<ServiceView>, MonitorError> {
    let mut monitor = Monitor::connect(failsh, patience)?;
    let until = Instant::now() + patience;
    loop {
        match monitor.next(until)? {
            Update::Service(view) if view.name == name => return Ok(Some(*view)),
            Update::Ready => return Ok(None),
            _ => {}
        }
    }
}

/// A code and a sentence.
pub fn failed(error: MonitorError) -> Failed {
    let code = match &error {
        MonitorError::Unreachable { .. }
        | MonitorError::Late { .. }
        | MonitorError::Gone { .. } => exit::UNAVAILABLE,
        MonitorError::Refused { .. } => exit::TEMPFAIL,
        MonitorError::Odd { .. } => exit::PROTOCOL,
    };
    (code, error.to_string())
}

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| i64::try_from(now.as_millis()).unwrap_or(i64::MAX))
}

/// ```text
/// web UP for 12s: start: no master can serve
/// waiting for hostb to give way, at most 3s more
/// 12s ago: RECOVER -> UP
/// ```
fn lines(view: &ServiceView, now: i64) -> String {
    let mut text = String::new();
    let state = view
        .state
        .as_deref()
        .unwrap_or("in a state that is not known yet");
    let marks: String = view.marks.iter().map(|mark| format!(" {mark}")).collect();
    let since = ago(now, view.since);
    text += &format!("{} {state}{marks} for {since}: {}\n", view.name, view.why);
    if let Some(waiting) = &view.waiting {
        let until = view.until.map(|until| match until - now {
            left if left > 0 => format!(", at most {} more", ago(until, now)),
            _ => String::new(),
        });
        text += &format!("waiting for {waiting}{}\n", until.unwrap_or_default());
    }
    if !view.console.is_empty() {
        let names: Vec<&str> = view.console.keys().map(String::as_str).collect();
        text += &format!("changed at the console: {}\n", names.join(", "));
    }
    let skipped = view.journal.len().saturating_sub(NOTES);
    for Note { at, text: note, .. } in view.journal.iter().skip(skipped) {
        text += &format!("{} ago: {note}\n", ago(now, *at));
    }
    text
}

/// How long before `now`; two hosts' clocks may differ.
fn ago(now: i64, then: i64) -> String {
    fail_client::age(u64::try_from(now - then).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_the_sentence_what_is_waited_for_and_the_last_notes() {
        let note = |n: i64| Note {
            at: 100_000 + n * 1_000,
            kind: "state".to_string(),
            text: format!("note {n}"),
        };
        let mut view = ServiceView {
            name: "web".to_string(),
            state: Some("RECOVER".to_string()),
            since: 100_000,
            marks: vec!["held".to_string()],
            why: "hosta can serve".to_string(),
            journal: (0..7).map(note).collect(),
            ..ServiceView::default()
        };
        let told = "web RECOVER held for 10s: hosta can serve\n8s ago: note 2\n7s ago: note 3\n\
                    6s ago: note 4\n5s ago: note 5\n4s ago: note 6\n";
        assert_eq!(lines(&view, 110_000), told);
        view.journal.clear();
        view.state = None;
        view.marks.clear();
        view.waiting = Some("the answer of hosta".to_string());
        view.until = Some(113_000);
        view.console.insert("interval".to_string(), None);
        let told = "web in a state that is not known yet for 10s: hosta can serve\n\
                    waiting for the answer of hosta, at most 3s more\n\
                    changed at the console: interval\n";
        assert_eq!(lines(&view, 110_000), told);
        view.until = Some(1);
        assert!(lines(&view, 110_000).contains("waiting for the answer of hosta\n"));
    }
}
