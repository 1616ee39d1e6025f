//! Every limit of the suite's machines, each with its reason. Nothing grows without one.

/// Services in one faild. 10,000 records of some 300 bytes are 3 MB.
pub const SERVICES_MAX: usize = 10_000;

/// Communities in one faild. Each costs one table entry; nobody manages more by hand.
pub const COMMUNITIES_MAX: usize = 1_000;

/// Lines in one community file.
pub const RULES_MAX: usize = 10_000;

/// Changes that wait for the disk at once. Past that the caller is told to try again.
pub const UNSAVED_MAX: usize = 1_000;

/// Refusals that wait for the disk at once, because the record in them proves something. Past
/// that they come at once and prove nothing.
pub const REFUSALS_WAITING_MAX: usize = 1_000;

/// Bytes of a request. A question for the most names that anybody asks about is shorter;
/// what is longer is not worth the time that its signature takes to check.
pub const REQUEST_BYTES_MAX: usize = 8 << 10;

/// Senders whose misdeeds are remembered, so that each is logged at most once a minute.
pub const OFFENDERS_MAX: usize = 256;

/// Connections to one faild at the same time: as many as hosts in the largest policy. What
/// waits for one that does not read is at most 256 kB.
pub const STREAMS_MAX: usize = 1_000;

/// Of those, from one address.
pub const STREAMS_EACH_MAX: usize = 16;

/// Bytes of one answer over a connection. Beyond it there are pages, so that one long answer
/// does not keep others waiting.
pub const STREAM_ANSWER_BYTES_MAX: usize = 32 << 10;

/// Seconds until a message over a connection is whole, from its first byte on, and until the
/// first one is: whoever sends more slowly holds a place and says nothing.
pub const STREAM_WHOLE_S: u64 = 5;

/// Seconds for which a connection may be silent. A failsh that asks less often opens a new one.
pub const STREAM_IDLE_S: u64 = 300;

/// Seconds for which one may take nothing of what waits for it.
pub const STREAM_PATIENCE_S: u64 = 10;

/// Subscriptions of one faild: as many as hosts in the largest policy, and some people.
pub const SUBSCRIPTIONS_MAX: usize = 1_000;

/// Of those, from one address: a failsh or two, and the people who watch from there.
pub const SUBSCRIPTIONS_EACH_MAX: usize = 16;

/// Peers that a flood of others must not come between. Each has a socket of faild: a descriptor,
/// of which there are enough beside those of connections, and a small receive buffer.
pub const KNOWN_PEERS_MAX: usize = 256;

/// Of those, from one address: a failsh and its forerunner, asking two addresses of ours each.
pub const KNOWN_PEERS_EACH_MAX: usize = 4;

/// Peers that asked, and may become known if they go on. Of some 100 bytes each.
pub const OTHER_PEERS_MAX: usize = 1_024;

/// Of those, from one address: the runs of a tool in a script, between two polls of a failsh.
pub const OTHER_PEERS_EACH_MAX: usize = 16;

/// Names in one subscription, and changes that wait for one subscriber; past that he is told
/// that there is more. As many names of five letters fill a datagram.
pub const PUSH_NAMES_MAX: usize = 256;

/// Past changes of one service that a faild remembers: 10,000 services with reasons of usual
/// length take some 16 MB.
pub const HISTORY_MAX: usize = 16;

/// Hosts in one policy.
pub const HOSTS_MAX: usize = 1_000;

/// Services in one policy.
pub const POLICY_SERVICES_MAX: usize = 2_000;

/// Masters or slaves of one service.
pub const PEERS_MAX: usize = 64;

/// Changes of one service by hand, from scripts and consoles of this failsh, that wait for the
/// local faild at once. Nobody types so fast.
pub const SETS_MAX: usize = 16;

/// The longest time between two checks, a day, as for intervals.
pub const CHECK_INTERVAL_MAX_S: u64 = 86_400;

/// The shortest: a script that runs more often than that does nothing else.
pub const CHECK_INTERVAL_MIN_MS: u64 = 10;

/// The most checks in a row that a decision may wait for.
pub const RISE_FALL_MAX: u32 = 1_000;

/// The most that a wait of `retry` may grow by each time, in thousandths.
pub const RETRY_FACTOR_MAX_MILLI: u32 = 1_000_000;

/// The shortest wait of `retry`: a service that fails at once would otherwise do nothing else.
pub const RETRY_MIN_MS: u64 = 100;

/// The longest wait of `retry`, a week: beyond it is a typing error.
pub const RETRY_MAX_S: u64 = 7 * 86_400;

/// Traps in one policy. Each event is held against all of them.
pub const TRAPS_MAX: usize = 256;

/// The shortest interval: below it a host would be busy with asking.
pub const INTERVAL_MIN_MS: u64 = 10;

/// The longest interval, a day: beyond it is a typing error.
pub const INTERVAL_MAX_S: u64 = 86_400;

/// The most times a silent host is asked again.
pub const CONFIRM_MAX: u32 = 100;

/// Output of one child that is kept; the rest is read and thrown away.
pub const OUTPUT_BYTES_MAX: usize = 1 << 20;

/// Orders about addresses whose answers nobody has read yet: one for each service of the
/// largest policy, and as many from other scripts.
pub const ADDRESS_ORDERS_MAX: usize = 2 * POLICY_SERVICES_MAX;

/// Monitors of one failsh at the same time. Each costs a few descriptors and kilobytes, and the
/// time to tell it of each change.
pub const MONITOR_CLIENTS_MAX: usize = 32;

/// Events that wait for one monitor that reads slowly; the oldest are lost and counted.
pub const MONITOR_EVENTS_MAX: usize = 256;

/// Consoles of one failsh at the same time: people, and their scripts.
pub const CONSOLES_MAX: usize = 32;

/// Commands that one console may have running.
pub const CONSOLE_COMMANDS_MAX: usize = 16;

/// Output that waits for one console that reads slowly, in bytes; what a command prints past
/// that is lost and counted. Its result is never lost, but cut to this.
pub const CONSOLE_OUTPUT_MAX: usize = 1 << 20;

/// Answers that wait for one console, in bytes; if it asks on past that it is sent away. Room
/// for a few long results, and for more short answers than anybody leaves unread.
pub const CONSOLE_UNREAD_MAX: usize = 8 * CONSOLE_OUTPUT_MAX;

/// Entries in the journal of one service: what happened lately, not a log.
pub const JOURNAL_MAX: usize = 32;

/// Bytes of one entry, and of what an event says in one field. A decision that names more
/// hosts than that is cut; the list of hosts stands beside it.
pub const NOTE_BYTES_MAX: usize = 400;

/// Traps that run at once. Each is a coroutine, and may have programs running.
pub const TRAPS_RUNNING_MAX: usize = 32;

/// Traps that wait for those: what has waited longer is no news any more.
pub const TRAPS_WAITING_MAX: usize = 100;

/// The same trap, for the same event of the same service or host, runs so often in
/// [`RATE_WINDOW_S`] seconds, and a monitor is told of it so often.
pub const RATE_MAX: u32 = 10;

/// See [`RATE_MAX`].
pub const RATE_WINDOW_S: u64 = 10;

/// Kinds of events whose pace is remembered. Those that are silent are forgotten first.
pub const RATES_MAX: usize = 4_096;

/// Deadlines whose lateness is remembered: a tenth of one in a thousand is seen.
pub const LATENESS_MAX: usize = 1_000;

/// Hosts in one report of whom a host hears. With names of ten bytes they fill a datagram.
pub const HEARS_MAX: usize = 64;

/// Pauses of a failsh that are remembered.
pub const PAUSES_MAX: usize = 16;

/// Datagrams that a debug port looks at in one second. Nobody lists levels faster by hand, and
/// a flood costs no more than that.
pub const DEBUG_PER_SECOND_MAX: u32 = 200;

/// Targets in one hc: five times what was measured to be checked each ten seconds on one core.
pub const TARGETS_MAX: usize = 10_000;

/// Checks of one target, and lines of actions: nobody reads more.
pub const TARGET_LINES_MAX: usize = 64;

/// Dependencies of one target. A group of all targets is none that anybody looks at.
pub const DEPENDS_MAX: usize = 1_000;

/// Bytes of the reason that a check gives: some lines of a terminal. Longer ones are of
/// machines for machines, and stand in their logs.
pub const FINDING_BYTES_MAX: usize = 512;

/// Figures of one check; a plugin that measures more is measured by other means.
pub const FIGURES_MAX: usize = 64;

/// Bytes of a figure's name, of its unit and of each of its ranges: paths of file systems are
/// the longest names that plugins have.
pub const FIGURE_BYTES_MAX: usize = 128;

/// Changes of a target that are remembered: a day of one that changes each quarter of an hour, in
/// some 20 kB.
pub const CHANGES_MAX: usize = 100;

/// Checks under way at the same time. Each costs a descriptor or two.
pub const CHECKS_MAX: usize = 2_000;

/// Webhooks under way at the same time, and as many mails: a descriptor each, for as long as
/// nobody answers. Who finds no place waits, so that they leave room for checks.
pub const POSTS_MAX: usize = 128;

/// Wishes for services under way at the same time. They are what is most urgent.
pub const WISHES_MAX: usize = 256;

/// Lines for syslog under way at the same time: it takes each at once, or does not listen.
pub const LINES_MAX: usize = 32;

/// Reports that wait behind one that is under way, for each line of a target. Who is told of eight
/// at once wants to know no more than how many there were.
pub const ACTS_WAITING_MAX: usize = 8;

/// Reports of a line of actions, and changes of a target, whose times are remembered for
/// `limit` and `flap`: nobody counts further.
pub const COUNTED_MAX: u32 = 1_000;

/// Targets that are named as the reason why another is not asked: as many as one reads. The rest
/// is counted.
pub const BLOCKED_MAX: usize = 16;
