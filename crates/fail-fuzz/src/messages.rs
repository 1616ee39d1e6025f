//! Values of the protocol, made of choices: whatever a program could want to say.

use fail_wire::{
    Acknowledge, Answer, AskFigures, AskHistory, Beat, Body, Change, Code, Figure, Figures, Forget,
    Hear, History, Levels, Marks, Name, Notify, Past, Query, Reason, Record, Refusal, Report,
    Reported, SetLevel, State, Subscribe, What,
};

use crate::Choices;

/// Names of services and hosts that meet each other often.
pub const NAMES: [&str; 6] = ["web", "dns", "db", "mail", "été", "hostb"];

/// A name: mostly one of a few, sometimes any that is legal.
pub fn name(from: &mut Choices) -> Name {
    let at = from.below(NAMES.len() + 2);
    let any = |from: &mut Choices| Name::new(&from.text(70)).ok();
    match NAMES.get(at) {
        Some(known) => Name::new(known).ok(),
        None => any(from),
    }
    .unwrap_or_else(plain_name)
}

#[expect(clippy::expect_used, reason = "\"x\" is a name")]
fn plain_name() -> Name {
    Name::new("x").expect("\"x\" is a name")
}

/// A reason: any text, made one.
pub fn reason(from: &mut Choices) -> Reason {
    Reason::new(&from.text(255))
}

/// A state.
pub fn state(from: &mut Choices) -> State {
    from.pick(&State::ALL)
}

fn marks(from: &mut Choices) -> Marks {
    Marks(from.byte())
}

/// So many of something, and few.
fn some<T>(from: &mut Choices, most: usize, one: fn(&mut Choices) -> T) -> Vec<T> {
    let count = from.below(most + 1);
    (0..count).map(|_| one(from)).collect()
}

/// A record.
pub fn record(from: &mut Choices) -> Record {
    Record {
        name: name(from),
        state: state(from),
        marks: marks(from),
        version: from.number(),
        age_ms: from.number(),
        last_change: from.number() as i64,
        reason: reason(from),
    }
}

fn hear(from: &mut Choices) -> Hear {
    Hear {
        name: name(from),
        nonce: from.number(),
        reachable: from.flag(),
    }
}

fn past(from: &mut Choices) -> Past {
    Past {
        version: from.number(),
        state: state(from),
        marks: marks(from),
        age_ms: from.number(),
        at: from.number() as i64,
        reason: reason(from),
        who: reason(from),
    }
}

fn figure(from: &mut Choices) -> Figure {
    Figure {
        name: reason(from),
        value: from.number(),
    }
}

fn level(from: &mut Choices) -> (Reason, u8) {
    (reason(from), from.byte())
}

/// A query as it can be read: a beat has an interval.
pub fn query(from: &mut Choices) -> Query {
    Query {
        beat: from.flag().then(|| Beat {
            nonce: from.number(),
            count: from.number(),
            interval_ms: from.half().max(1),
        }),
        after: from.flag().then(|| name(from)),
        names: some(from, 6, name),
    }
}

/// A change.
pub fn change(from: &mut Choices) -> Change {
    Change {
        nonce: from.number(),
        version: from.number(),
        name: name(from),
        state: from.flag().then(|| state(from)),
        set: marks(from),
        clear: marks(from),
        reason: reason(from),
        interval_ms: from.half(),
    }
}

/// A refusal.
pub fn refusal(from: &mut Choices) -> Refusal {
    let number = from.byte();
    let known = Code::ALL.into_iter().find(|code| *code as u8 == number);
    Refusal {
        code: known.ok_or(number),
        detail: from.half(),
        text: reason(from),
        record: from.flag().then(|| record(from)),
    }
}

fn what(from: &mut Choices) -> What {
    from.pick(&[What::Counters, What::Limits])
}

/// Any message that the protocol knows, of whatever kind.
pub fn body(from: &mut Choices) -> Body {
    match from.below(17) {
        0 => Body::Query(query(from)),
        1 => Body::Change(change(from)),
        2 => Body::SetLevel(SetLevel {
            stamp: from.number(),
            set: from.flag().then(|| level(from)),
        }),
        3 => Body::Answer(Answer {
            nonce: from.number(),
            more: from.flag(),
            records: some(from, 6, record),
        }),
        4 => Body::Levels(Levels {
            stamp: from.number(),
            program: reason(from),
            levels: some(from, 6, level),
        }),
        5 => Body::Refusal(refusal(from)),
        6 => Body::Report(Report {
            hears: some(from, 6, hear),
        }),
        7 => Body::AskReport,
        8 => Body::Reported(Reported {
            age_ms: from.flag().then(|| from.number()),
            hears: some(from, 6, hear),
        }),
        9 => Body::Subscribe(Subscribe {
            cookie: from.number(),
            for_ms: from.half(),
            names: some(from, 6, name),
        }),
        10 => Body::Notify(Notify {
            nonce: from.number(),
            cookie: from.number(),
            left_ms: from.half(),
            number: from.number(),
            more: from.flag(),
            records: some(from, 6, record),
        }),
        11 => Body::Acknowledge(Acknowledge {
            nonce: from.number(),
            number: from.number(),
        }),
        12 => Body::Forget(Forget {
            nonce: from.number(),
            version: from.number(),
            name: name(from),
        }),
        13 => Body::AskHistory(AskHistory {
            name: name(from),
            before: from.number(),
        }),
        14 => Body::History(History {
            nonce: from.number(),
            more: from.flag(),
            entries: some(from, 6, past),
        }),
        15 => Body::AskFigures(AskFigures {
            what: what(from),
            after: reason(from),
        }),
        _ => Body::Figures(Figures {
            what: what(from),
            more: from.flag(),
            figures: some(from, 6, figure),
        }),
    }
}
