//! `help ?command?` at a console: one line for each command of ours, and where it is told in
//! full. A test holds this table against the commands.

/// One line of help: how it is called, what it does, and in which page it stands.
pub(super) struct Line {
    pub(super) usage: &'static str,
    pub(super) says: &'static str,
    pub(super) page: &'static str,
}

const fn line(usage: &'static str, says: &'static str, page: &'static str) -> Line {
    Line { usage, says, page }
}

const LANGUAGE: &str = "failover(n)";
const SCRIPTS: &str = "failover-scripts(n)";

/// Each command of ours, and each that is not what it is in Tcl; subcommands of `fail` in
/// their order.
pub(super) const LINES: &[Line] = &[
    line(
        "failhost name ?option value ...?",
        "how another host is reached; alone: its settings",
        LANGUAGE,
    ),
    line(
        "failsvc name ?option value ...?",
        "a service and what is done for it; alone: its settings",
        LANGUAGE,
    ),
    line(
        "failtrap ?pattern event ?script??",
        "what is run when something happens",
        LANGUAGE,
    ),
    line("fail after time script", "runs a script later", LANGUAGE),
    line(
        "fail away name ?reason?",
        "the service is to be served elsewhere",
        LANGUAGE,
    ),
    line(
        "fail back name ?reason?",
        "the service may be served here again",
        LANGUAGE,
    ),
    line(
        "fail cancel id",
        "what \"fail after\" promised is not run",
        LANGUAGE,
    ),
    line(
        "fail for time script",
        "settings at a console that go back after that time",
        LANGUAGE,
    ),
    line("fail health", "how well failsh does its own work", LANGUAGE),
    line(
        "fail hold name ?reason?",
        "observe the service and change nothing",
        LANGUAGE,
    ),
    line("fail hosts ?pattern?", "the names of all hosts", LANGUAGE),
    line(
        "fail journal name",
        "the last decisions about a service",
        LANGUAGE,
    ),
    line(
        "fail log level text",
        "writes a line to the log of failsh",
        LANGUAGE,
    ),
    line(
        "fail names ?pattern?",
        "the names of all services",
        LANGUAGE,
    ),
    line(
        "fail peers name",
        "what is known of a service at the other hosts",
        LANGUAGE,
    ),
    line(
        "fail release name ?reason?",
        "takes \"hold\" back",
        LANGUAGE,
    ),
    line(
        "fail run ?option value ...? command ?arg ...?",
        "runs one program and tells all of how it ended",
        SCRIPTS,
    ),
    line(
        "fail set name state ?reason?",
        "says in which state a service is here",
        LANGUAGE,
    ),
    line("fail state name", "the state of a service here", LANGUAGE),
    line("fail version", "the version of the suite", LANGUAGE),
    line(
        "fail why name ?-dict?",
        "why a service is or is not served here",
        LANGUAGE,
    ),
    line(
        "after ms ?script?",
        "alone it suspends this script, not failsh",
        SCRIPTS,
    ),
    line(
        "exec ?option ...? command ?arg ...?",
        "as in Tcl; suspends this script, not failsh",
        SCRIPTS,
    ),
    line("update", "lets others run first", SCRIPTS),
    line(
        "vwait variable",
        "suspends this script until the variable is set",
        SCRIPTS,
    ),
    line("exit ?code?", "leaves the console; failsh goes on", SCRIPTS),
    line(
        "puts ?-nonewline? ?channel? text",
        "writes to this console",
        SCRIPTS,
    ),
    line("help ?command?", "this", SCRIPTS),
];

/// Packages of Tcl commands that come with the suite.
const PACKAGES: &[(&str, &str)] = &[
    ("failover::all", "a service made of several"),
    (
        "failover::exec",
        "commands as lists, with tables of exit codes",
    ),
    ("failover::ip", "service addresses"),
    ("failover::lsb", "an init script as a service"),
    ("failover::notify", "mail, webhook, syslog"),
    ("failover::ocf", "an OCF resource agent as a service"),
    ("failover::systemd", "a unit as a service"),
];

/// The words behind `help` that have an answer.
pub(super) fn topics() -> Vec<String> {
    let commands = LINES.iter().map(|line| first(line.usage).to_string());
    let packages = PACKAGES.iter().map(|(name, _)| (*name).to_string());
    let mut topics: Vec<String> = commands.chain(packages).collect();
    topics.dedup();
    topics
}

fn first(usage: &str) -> &str {
    usage.split(' ').next().unwrap_or(usage)
}

/// What `help` answers, for all, or for a command and perhaps its subcommand; nothing: there
/// is none for that.
pub(super) fn text(about: &[String]) -> Option<String> {
    let about: Vec<&str> = about
        .iter()
        .flat_map(|word| word.split_whitespace())
        .collect();
    if let [name] = about.as_slice() {
        if let Some((name, says)) = PACKAGES.iter().find(|(known, _)| known == name) {
            return Some(format!("package require {name}: {says}; {name}(n)"));
        }
    }
    let fits = |line: &&Line| {
        line.usage
            .split(' ')
            .zip(&about)
            .all(|(word, asked)| word == *asked)
    };
    let lines: Vec<&Line> = LINES.iter().filter(fits).collect();
    let width = lines.iter().map(|line| line.usage.len()).max()?;
    let mut text = String::new();
    for Line { usage, says, page } in &lines {
        text.push_str(&format!("{usage:width$}  {says}"));
        text.push_str(&if about.is_empty() {
            "\n".to_string()
        } else {
            format!("; {page}\n")
        });
    }
    if about.is_empty() {
        let names: Vec<&str> = PACKAGES.iter().map(|(name, _)| *name).collect();
        text.push_str(&format!("Packages: {}\n", names.join(" ")));
        text.push_str("Everything else is Tcl's. The pages are ");
        text.push_str(&format!(
            "{LANGUAGE}, {SCRIPTS}, and one for each package.\n"
        ));
    }
    text.pop();
    Some(text)
}
