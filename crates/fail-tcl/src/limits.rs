//! The limits of this room, each with its reason. What is limited by the policy itself
//! (hosts, services, peers, intervals) stands in `fail_core::limits`.
//!
//! The mailbox of the Tcl thread has none of its own: the engine runs at most one job per
//! service and answers each `exec` once, so it holds a few messages per service at most.

use std::time::Duration;

/// How long reading a policy may take. What it asks of programs while it is read (of resource
/// agents, say, how they work) is answered within seconds; one that never ends must not keep
/// the next one from being read.
pub const POLICY_MAX: Duration = Duration::from_secs(120);

/// A cancel does not break into a turn that is shorter than this: it waits until the script
/// waits or ends. So a `finally` clause that waits for nothing is never torn, not even by a
/// cancel that comes while the script is ending by itself; and a script that is busy for longer
/// holds up whoever is to run next by no more than this.
pub const CANCEL_PATIENCE_MS: u64 = 50;

/// What a cancelled job may still run in one go, in its `finally` clauses say, before it is
/// stopped past every `catch`. While it runs, other scripts wait.
pub const CANCEL_GRACE_MS: u64 = 1_000;

/// The times a cancelled job may wait for something again, for programs that clean up say,
/// before it is ended where it waits.
pub const CANCEL_TURNS_MAX: u32 = 100;

/// Scripts of `fail after` that wait. Nobody needs more, and each is kept until it is run.
pub const TIMERS_MAX: usize = 1_000;

/// Callbacks of `after` that wait for something at the same time, and things that callbacks
/// have asked of the engine and that are not done yet. Each of them may run programs.
pub const CALLBACKS_MAX: usize = 100;

/// The longest that a callback of `after` may take: nobody else would end it.
pub const CALLBACK_MS: u64 = 30_000;

/// Statements of a scenario: more than anybody writes, and a loop that does not end has an end.
pub const STATEMENTS_MAX: usize = 100_000;

/// Ways in which a line could go on: more than fit on a screen.
pub const COMPLETIONS_MAX: usize = 500;

/// Bytes of an `errorInfo` or a log message that are kept. A megabyte of errors from a child
/// stands in both, and nobody reads the end of it.
pub const DETAIL_BYTES_MAX: usize = 16 * 1024;

/// How long a script may run without waiting in a rehearsal, in real time, and how long reading
/// a policy or a scenario may take there: whoever goes in a circle must not hold it up for ever.
pub const STILL_TURN_MAX: Duration = Duration::from_secs(5);

/// Moves of a rehearsed policy in one turn: a script that wakes itself again and again at the
/// same moment is left for the next turn, and the rehearsal sees that it does not come to rest.
pub const STILL_MOVES_MAX: u32 = 10_000;

/// The stack of the Tcl thread. Tcl allows 1,000 nested evaluations, and those that go
/// through C (`lsort -command`) take a few kilobytes each.
pub const STACK_BYTES: usize = 8 << 20;

/// Cuts a text at a limit, between two characters, and shows that it was cut.
pub(crate) fn cut(mut text: String, max: usize) -> String {
    if text.len() > max {
        const MARK: &str = "…";
        let mut end = max.saturating_sub(MARK.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str(MARK);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn a_cut_text_keeps_whole_characters_within_the_limit() {
        assert_eq!(cut("short".to_string(), 5), "short");
        assert_eq!(cut("shorter".to_string(), 6), "sho…");
        assert_eq!(cut("ééé".to_string(), 5), "é…");
    }
}
