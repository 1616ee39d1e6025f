//! Exit codes: documented, stable, the same number for the same thing in every program.
//!
//! From 64 on they are those of `sysexits.h`; 0 to 2 are also the states that `failc -q`
//! tells, 3 and 4 are what a drill came to. A program that is used as a plugin of Nagios has
//! 1 to 3 as those have them ([`PLUGIN`]).

/// Done; with `failc -q`: the service is `UP`.
pub const OK: u8 = 0;
/// With `failc -q`: the service is `RECOVER`.
pub const RECOVER: u8 = 1;
/// With `failc -q`: the service is `FAIL`.
pub const FAIL: u8 = 2;
/// What was expected does not hold: in a rehearsal, a drill, a replay.
pub const BROKEN: u8 = 3;
/// A drill is refused, and nothing was changed.
pub const REFUSED: u8 = 4;
/// As a plugin: one warns.
pub const WARNING: u8 = 1;
/// As a plugin: one is down.
pub const BAD: u8 = 2;
/// As a plugin: it can not be found out.
pub const UNKNOWN: u8 = 3;
/// A bad option or word.
pub const USAGE: u8 = 64;
/// A policy, an Hcfile, a community file or a recording has an error.
pub const DATA: u8 = 65;
/// A host name is unknown.
pub const NOHOST: u8 = 68;
/// A faild, a failsh or a hc does not answer.
pub const UNAVAILABLE: u8 = 69;
/// A fault of the program itself.
pub const SOFTWARE: u8 = 70;
/// The operating system refuses.
pub const OSERR: u8 = 71;
/// A pid file, a socket or a recording can not be made.
pub const CANTCREAT: u8 = 73;
/// A file can not be read or written.
pub const IOERR: u8 = 74;
/// The record changed meanwhile, or a limit is reached: try again.
pub const TEMPFAIL: u8 = 75;
/// An answer can not be understood.
pub const PROTOCOL: u8 = 76;
/// The community does not allow it.
pub const NOPERM: u8 = 77;
/// The set-up of this host does not allow it.
pub const CONFIG: u8 = 78;

/// What each code means, in the words of the man pages.
pub const MEANINGS: [(u8, &str); 17] = [
    (OK, "Done."),
    (RECOVER, "The service is RECOVER."),
    (FAIL, "The service is FAIL."),
    (BROKEN, "What was expected does not hold."),
    (REFUSED, "A drill is refused, and nothing was changed."),
    (USAGE, "A bad option or word."),
    (
        DATA,
        "A policy, an Hcfile, a community file or a recording has an error.",
    ),
    (NOHOST, "A host name is unknown."),
    (UNAVAILABLE, "A faild, a failsh or a hc does not answer."),
    (SOFTWARE, "A fault of the program itself."),
    (OSERR, "The operating system refuses."),
    (
        CANTCREAT,
        "A pid file, a socket or a recording can not be made.",
    ),
    (IOERR, "A file can not be read or written."),
    (
        TEMPFAIL,
        "The record changed meanwhile, or a limit is reached: try again.",
    ),
    (PROTOCOL, "An answer can not be understood."),
    (NOPERM, "The community does not allow it."),
    (CONFIG, "The set-up of this host does not allow it."),
];

/// What the codes of a plugin mean, where they are not those of [`MEANINGS`].
pub const PLUGIN: [(u8, &str); 3] = [
    (WARNING, "Up, and one warns."),
    (BAD, "One is down, or a check is bad."),
    (UNKNOWN, "It can not be found out."),
];
