//! A line `on …` to an action, and when and how often it is done.

use std::collections::BTreeSet;

use fail_core::log::Level;
use fail_core::time::Span;
use fail_core::watch::{self, Event};

use super::action::{Action, Webhook};
use super::args::{Args, Paths};
use super::check::Host;
use super::checks::{encryption, faild, header, path, read, tcl};
use super::lex::{Word, printed};
use super::limits::{DAY, MESSAGES_MAX, SECOND, SHORT, WEEK};
use super::modules::{ACTION_KEYS, actions};
use super::place::{Problem, Wrong, meant, shown};
use super::template::{CONTENT_TYPE, Form, Template};
use super::values::{host, mail, name, number, time, url, word};

/// How long an action may take when nothing is said: a mail server that is asked for the first
/// time may look twice.
pub(crate) const TIMEOUT: Span = Span::from_secs(30);

/// What a line comes to.
#[derive(Debug, Clone)]
pub(crate) struct On {
    pub line: watch::Line,
    pub action: Action,
    pub shown: String,
    pub public: String,
}

/// Reads a line whose first word is `on`.
pub(crate) fn on(words: &[Word], paths: Paths) -> Result<On, Wrong> {
    let usage = "on EVENT[,EVENT...] ACTION";
    let [on, events, head, words @ ..] = words else {
        let last = words.last().map(|word| word.at).unwrap_or_default();
        return Err((last, format!("too few words: {usage}")));
    };
    let known = Event::ALL.map(|event| (event.word(), event));
    let mut set = BTreeSet::new();
    for event in events.text.split(',') {
        let event = word(event, &known).map_err(|problem| events.wrong(problem))?;
        if !set.insert(event) {
            return Err(events.wrong(format!("{} is said twice", event.word())));
        }
    }
    let Some(module) = actions().iter().find(|action| action.name == head.text) else {
        let near = meant(&head.text, actions().iter().map(|action| action.name));
        return Err(head.wrong(format!("there is no action {}{near}", head.shown())));
    };
    let args = Args::new(module, ACTION_KEYS, head, words, paths)?;
    let newest = module.name == "failc";
    if newest {
        let problem = "has no meaning with failc: of wishes only the newest counts";
        args.refuse(&["every", "limit"], problem)?;
        let good = set
            .iter()
            .find(|on| matches!(on, Event::Warning | Event::Clear));
        if let Some(event) = good {
            let problem = "has no meaning with failc: what warns is good, and wants nothing";
            return Err(events.wrong(format!("{} {problem}", event.word())));
        }
    }
    let head = format!("{} {}", on.text, printed(&events.text));
    let shown = format!("{head} {}", args.shown);
    let public = format!("{head} {}", args.public);
    let line = watch::Line {
        what: shown.clone(),
        shown: public.clone(),
        on: set,
        every: args.read("every", |text| time(text, SECOND, WEEK))?,
        limit: args.read("limit", limit)?,
        newest,
        timeout: args
            .read("timeout", |text| time(text, SHORT, DAY))?
            .unwrap_or(TIMEOUT),
    };
    let action = match module.name {
        "exec" => Action::Exec(args.command()?),
        "mail" => Action::Mail {
            to: { args.all(1)?.iter() }
                .map(|word| read(word, mail))
                .collect::<Result<_, _>>()?,
            smtp: args
                .read("smtp", |text| host(text, Some(25)))?
                .unwrap_or_else(|| Host {
                    name: "127.0.0.1".to_string(),
                    port: 25,
                }),
            from: args.read("from", mail)?,
            subject: args.read("subject", |text| Template::read(text, Form::Plain))?,
            body: args.read("body", |text| Template::read(text, Form::Plain))?,
        },
        "webhook" => {
            let word = args.only()?;
            if read(word, |text| url(text, &["http", "https"]))? == "http" {
                let keys = super::checks::TLS_KEYS;
                args.refuse(&keys, "has a meaning only with https")?;
            }
            let headers = args.read_all("header", header)?;
            let media =
                { headers.iter() }.find(|(name, _)| name.eq_ignore_ascii_case(CONTENT_TYPE));
            let form = media.map_or(Form::Json, |(_, media)| Form::of(media));
            Action::Webhook(Webhook {
                url: word.text.clone(),
                auth: path(&args, "auth")?,
                headers,
                body: args.read("body", |text| Template::read(text, form))?,
                tls: encryption(&args)?,
                hidden: args.hidden,
            })
        }
        "syslog" => {
            args.none()?;
            let levels = Level::WORDS.map(|(level, word)| (word, level));
            let level = args.read("level", |text| word(text, &levels))?;
            Action::Syslog { level }
        }
        "failc" => Action::Failc {
            service: read(args.only()?, name)?,
            host: faild(&args)?,
            community: path(&args, "community")?,
        },
        _ => {
            let (file, words) = tcl(&args)?;
            Action::Tcl { file, words }
        }
    };
    Ok(On {
        line,
        action,
        shown,
        public,
    })
}

/// `N/TIME`
fn limit(text: &str) -> Result<watch::Limit, Problem> {
    let Some((count, within)) = text.split_once('/') else {
        return Err(format!("{} is no N/TIME, such as 10/1h", shown(text)));
    };
    Ok(watch::Limit {
        count: number(count, 1, MESSAGES_MAX)?,
        within: time(within, SECOND, WEEK)?,
    })
}
