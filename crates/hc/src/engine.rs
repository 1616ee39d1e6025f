//! The loop: what checks found, how actions ended and deadlines go into the machine; checks,
//! actions and log lines come out.
//!
//! What has come goes in before the deadlines are looked at: an answer that is there must not
//! count as missed because this thread was late.
//!
//! One turn is `act` (what the machine wants), `wait`, `decide` (the machine's turn) and `show`
//! (what has changed, to whoever watches).

mod life;
mod reload;
#[cfg(test)]
mod tests;
mod wishes;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;

use fail_conf::hcfile::Hcfile;
use fail_core::time::{Mono, Now, Span};
use fail_core::watch::{Acted, Event, In, Kept, Out, Report, Watch};
use fail_probe::unknown;
use fail_rt::clock::{self, earliest};
use fail_rt::daemon::PidFile;
use fail_rt::debug::Debug;
use fail_rt::driver::Driver;
use fail_rt::log::Log;
use fail_rt::poller::{Poller, Token};
use fail_rt::signals::Signals;
use fail_wire::Name;
use fail_wire::health::{HealthView, TargetView};

use crate::actions;
use crate::monitor::{Board, Monitor};
use crate::setup::Parts;
use crate::source::Loaded;
use crate::store::Store;
use crate::windows::Windows;
use crate::work::{Done, Work};
use life::Life;
use reload::Reload;
use wishes::{Left, Wishes};

/// So much later than it was wanted a check may begin without having less time. Much less than
/// the machine waits beyond its deadline.
const LATE: Span = Span::from_millis(200);

/// So often it is said that this host holds checks up.
const LACK_EVERY: Span = Span::from_secs(60);

/// Everything that the loop works with.
struct Engine {
    driver: Driver<Watch>,
    poller: Poller,
    signals: Signals,
    work: Work,
    store: Store,
    monitor: Monitor,
    debug: Debug,
    windows: Windows,
    wishes: Wishes,
    reload: Reload,
    life: Life,
    log: Log,
    /// What is checked by.
    hcfile: Hcfile,
    /// How long checks may take of which nothing else is said, for each target.
    timeouts: BTreeMap<Name, Span>,
    /// Lines of wishes, by target and number, that are told of changes they are not about.
    only_told: BTreeSet<(Name, usize)>,
    /// Why the one that was read last does not hold, for everybody.
    broken: Option<String>,
    /// Whose checks are under way, for the log.
    asked: BTreeMap<u64, Name>,
    /// Which actions are under way, for the log.
    begun: BTreeMap<u64, String>,
    /// What has come and the machine has not been told yet.
    inputs: VecDeque<In>,
    /// What the machine wants and has not been done yet.
    outputs: Vec<Out>,
    /// What the poller said, kept to use its memory again.
    tokens: Vec<Token>,
    /// What is no longer as it is shown.
    shown: BTreeSet<Name>,
    /// When it was said last that this host holds checks up.
    lack_told: Option<Mono>,
    /// When this process has gone at the latest, once it has been told to.
    leaving: Option<Mono>,
    /// Removed when hc ends.
    _pid_file: Option<PidFile>,
}

/// Runs until SIGTERM or SIGINT, and then until no program is left and the state is on disk.
pub fn run(parts: Parts) -> io::Result<()> {
    Engine::new(parts).run()
}

impl Engine {
    /// It has its targets, and has done nothing yet.
    fn new(parts: Parts) -> Engine {
        let now = clock::now();
        let log = parts.log;
        // One rule for the machine and for the wishes.
        let mut kept = parts.kept;
        kept.retain(|kept| kept.is_believed(now));
        wishes::doubt(&mut kept);
        let mut engine = Engine {
            driver: Driver::new(Watch::new(), log.clone()),
            reload: Reload::new(parts.origin, &parts.poller.waker()),
            poller: parts.poller,
            signals: parts.signals,
            work: parts.work,
            store: parts.store,
            monitor: parts.monitor,
            debug: parts.debug,
            windows: Windows::default(),
            wishes: Wishes::restored(&parts.loaded.hcfile, &kept),
            life: Life::new(parts.notify, now.mono),
            log,
            hcfile: Hcfile::default(),
            timeouts: BTreeMap::new(),
            only_told: BTreeSet::new(),
            broken: None,
            asked: BTreeMap::new(),
            begun: BTreeMap::new(),
            inputs: VecDeque::new(),
            outputs: Vec::new(),
            tokens: Vec::new(),
            shown: BTreeSet::new(),
            lack_told: None,
            leaving: None,
            _pid_file: parts._pid_file,
        };
        engine.tell_left(&parts.loaded.hcfile, &kept);
        engine.tell(now, In::Restore(kept));
        engine.govern(now, parts.loaded);
        engine
    }

    fn run(&mut self) -> io::Result<()> {
        loop {
            self.act();
            if self.is_over() {
                return Ok(());
            }
            self.wait()?;
            self.decide();
            self.show();
        }
    }

    /// Tells the machine.
    fn tell(&mut self, now: Now, input: In) {
        self.driver.handle(now, input, |out| self.outputs.push(out));
    }

    /// Says what stays away because of targets and lines that are not in this Hcfile and were
    /// there when this was kept.
    fn tell_left(&mut self, hcfile: &Hcfile, kept: &[Kept]) {
        let left = wishes::left(hcfile, kept);
        for Left {
            target,
            service: (service, ..),
            line,
            has_heirs,
        } in &left
        {
            let next = match has_heirs {
                true => "the next target that judges it and changes goes on with it",
                false => "it stays away until somebody says failc back",
            };
            self.log.warn(format_args!(
                "target {target} does not judge service {service} any more ({}); if that is away \
                 because of it, {next}",
                fail_client::clean(line)
            ));
        }
        self.wishes.leave(left);
    }

    /// From now on this Hcfile holds. What was wanted by the old one is done by the old one.
    fn govern(&mut self, now: Now, loaded: Loaded) {
        self.act();
        let Loaded {
            hcfile, targets, ..
        } = loaded;
        self.windows.set(hcfile.windows.clone());
        // A target that goes from an open window to another one is worked on all the time.
        let (opened, closed): (Vec<_>, Vec<_>) = self
            .windows
            .look(now)
            .into_iter()
            .partition(|(_, open)| *open);
        for (window, open) in opened {
            self.on_window(now, window, open);
        }
        let timeouts = hcfile.targets.iter();
        let timeouts = timeouts.map(|target| (target.name.clone(), target.pace.timeout));
        self.timeouts = timeouts.collect();
        self.only_told = wishes::only_told(&hcfile);
        let gone = self.hcfile.targets.iter().map(|target| &target.name);
        let gone = gone.filter(|name| !hcfile.bodies.contains_key(*name));
        self.shown.extend(gone.cloned());
        self.shown.extend(hcfile.bodies.keys().cloned());
        self.hcfile = hcfile;
        self.tell(now, In::Targets(targets));
        for (window, open) in closed {
            self.on_window(now, window, open);
        }
    }

    fn on_window(&mut self, now: Now, window: String, open: bool) {
        let word = if open { "opens" } else { "closes" };
        let log = self.log.facility("file");
        log.debug(format_args!("maintenance {window} {word}"));
        self.tell(now, In::Window { window, open });
    }

    /// Does what the machine wants.
    fn act(&mut self) {
        while !self.outputs.is_empty() {
            let mut outputs = std::mem::take(&mut self.outputs);
            let now = clock::now();
            for out in outputs.drain(..) {
                self.on_out(now, out);
            }
        }
    }

    fn on_out(&mut self, now: Now, out: Out) {
        match out {
            Out::Check {
                number,
                target,
                check,
                deadline,
            } => {
                let body = self.hcfile.bodies.get(&target);
                let Some(line) = body.and_then(|body| body.checks.get(check)) else {
                    let finding = unknown("there is no such check");
                    return self.inputs.push_back(In::Found { number, finding });
                };
                let log = self.log.facility("probe");
                log.debug(format_args!("target {target}: {}", line.public));
                let timeout = line
                    .terms
                    .timeout
                    .or_else(|| self.timeouts.get(&target).copied());
                let limit = limit(deadline - now.mono, timeout);
                self.work.check(now.mono, number, &target, line, limit);
                self.asked.insert(number, target);
            }
            Out::Act {
                number,
                line,
                report,
                deadline,
            } => self.on_act(now, number, line, report, deadline),
            Out::Drop(number) | Out::Forget(number) => {
                let log = self.log.facility("probe");
                if let Some(target) = self.asked.remove(&number) {
                    log.debug(format_args!("target {target}: a check is dropped"));
                }
                if let Some(action) = self.begun.remove(&number) {
                    let log = self.log.facility("action");
                    log.debug(format_args!("{action} is dropped"));
                }
                self.work.forget(now.mono, number);
            }
            Out::Log(line) => self.log.info(line),
            Out::Shown(names) => self.shown.extend(names),
            Out::Keep => self.store.want(),
        }
    }

    fn on_act(&mut self, now: Now, number: u64, line: usize, report: Report, deadline: Mono) {
        let body = self.hcfile.bodies.get(&report.target);
        let Some(action) = body.and_then(|body| body.actions.get(line)) else {
            let acted = Acted::Failed("there is no such action".to_string());
            return self.inputs.push_back(In::Acted { number, acted });
        };
        if report.event == Event::Change && self.only_told.contains(&(report.target.clone(), line))
        {
            self.wishes.clear_good(action, &report);
            let acted = Acted::Done;
            return self.inputs.push_back(In::Acted { number, acted });
        }
        let shown = body.and_then(|body| body.public.get(line));
        let shown = shown.map_or("", String::as_str);
        // As the machine calls it.
        let (target, event) = (&report.target, report.event.word());
        let name = format!("target {target}: action {} ({event})", line + 1);
        let log = self.log.facility("action");
        let sentence = actions::sentence(&report);
        log.debug(format_args!("{name} begins: {shown}: {sentence}"));
        self.begun.insert(number, name);
        let wanted = self.wishes.update(action, &report);
        self.work.act(now, number, action, report, wanted, deadline);
    }

    fn wait(&mut self) -> io::Result<()> {
        // When leaving, nothing is decided any more.
        let next = match self.leaving {
            Some(until) => Some(until),
            None => earliest([
                self.driver.deadline(),
                self.windows.deadline(),
                self.store.deadline(),
                self.life.deadline(),
                (!self.inputs.is_empty()).then_some(Mono(0)),
            ]),
        };
        let deadline = earliest([next, self.work.deadline(), self.monitor.deadline()]);
        let mut tokens = std::mem::take(&mut self.tokens);
        tokens.extend(self.poller.wait(deadline)?.map(|event| event.token()));
        for token in tokens.drain(..) {
            self.on_token(token);
        }
        self.tokens = tokens;
        Ok(())
    }

    fn on_token(&mut self, token: Token) {
        let now = clock::now().mono;
        if self.work.owns(token) {
            self.work.on_event(token);
        } else if self.monitor.owns(token) {
            self.monitor.on_event(token, now);
        } else if self.debug.owns(token) {
            self.debug.on_event(token, now);
        } else if self.signals.owns(token) {
            for signal in self.signals.pending() {
                self.on_signal(signal);
            }
        }
    }

    /// The machine's turn.
    fn decide(&mut self) {
        let now = clock::now();
        self.work.expire(now.mono);
        while let Some(done) = self.work.poll() {
            self.on_done(done);
        }
        if let Some(stalled) = self.work.stalled() {
            self.inputs.push_front(stalled);
        }
        if let Some(why) = self.work.lacked() {
            self.on_lack(now.mono, &why);
        }
        let watch = self.driver.machine();
        self.store.turn(now.mono, || watch.kept());
        if self.leaving.is_some() {
            self.inputs.clear();
            return;
        }
        for (window, open) in self.windows.look(now) {
            self.on_window(now, window, open);
        }
        while let Some(input) = self.inputs.pop_front() {
            self.tell(now, input);
        }
        self.on_reload(now);
        self.driver.expire(now, |out| self.outputs.push(out));
    }

    /// This host has no descriptors, memory, ports or time for checks: what they find bad now is
    /// not to count, as when they stand still.
    fn on_lack(&mut self, now: Mono, why: &str) {
        self.inputs.push_front(In::Stalled(None));
        if self.lack_told.is_none_or(|at| now - at >= LACK_EVERY) {
            self.lack_told = Some(now);
            self.log.warn(format_args!(
                "this host holds checks up: {why}; bad findings of those under way do not count"
            ));
        }
    }

    fn on_done(&mut self, done: Done) {
        self.inputs.push_back(match done {
            Done::Found(number, finding) => {
                if let Some(target) = self.asked.remove(&number) {
                    let (word, why) = (finding.verdict.word(), &finding.why);
                    let took = finding.took.as_millis();
                    let log = self.log.facility("watch");
                    log.debug(format_args!("target {target}: {word}: {why} ({took}ms)"));
                }
                In::Found { number, finding }
            }
            Done::Acted(number, acted) => {
                if let Some(action) = self.begun.remove(&number) {
                    let log = self.log.facility("action");
                    match &acted {
                        Acted::Done => log.debug(format_args!("{action} is done")),
                        Acted::Failed(why) | Acted::Undelivered(why) => {
                            log.debug(format_args!("{action} is not done: {why}"));
                        }
                    }
                }
                In::Acted { number, acted }
            }
        });
    }

    /// Tells who watches.
    fn show(&mut self) {
        let now = clock::now().mono;
        self.monitor.changed(&self.shown);
        self.shown.clear();
        let board = Shown::of(&self.driver, &self.hcfile, self.broken.as_deref());
        self.monitor.turn(now, &board);
        if self.leaving.is_none() {
            let broken = self.broken.as_deref();
            self.life.turn(now, self.driver.machine(), broken);
        }
    }
}

/// How long a check may take: as long as was said, unless it is begun late. What it takes to come
/// here is not taken from it, so that what is said of it is what stands in the Hcfile.
fn limit(left: Span, timeout: Option<Span>) -> Span {
    match timeout {
        Some(timeout) if left.0.saturating_add(LATE.0) >= timeout.0 => timeout,
        _ => left,
    }
}

/// What others may see.
struct Shown<'a> {
    watch: &'a Watch,
    hcfile: &'a Hcfile,
    broken: Option<&'a str>,
}

impl<'a> Shown<'a> {
    fn of(driver: &'a Driver<Watch>, hcfile: &'a Hcfile, broken: Option<&'a str>) -> Shown<'a> {
        let watch = driver.machine();
        Shown {
            watch,
            hcfile,
            broken,
        }
    }
}

impl Board for Shown<'_> {
    fn names(&self) -> Vec<Name> {
        self.hcfile.bodies.keys().cloned().collect()
    }

    fn target(&self, name: &Name) -> Option<TargetView> {
        let mut view = self.watch.view(name)?;
        let is_quiet = |name: &str| {
            let body = name
                .parse()
                .ok()
                .and_then(|name: Name| self.hcfile.bodies.get(&name));
            body.is_some_and(|body| body.quiet)
        };
        view.quiet = match view.state.as_str() {
            "down" => is_quiet(&view.name),
            "dependency" => !view.blocked.is_empty() && view.blocked.iter().all(|on| is_quiet(on)),
            _ => false,
        };
        if let Some(body) = self.hcfile.bodies.get(name) {
            for (check, line) in view.checks.iter_mut().zip(&body.checks) {
                check.line.clone_from(&line.public);
            }
            for (action, line) in view.actions.iter_mut().zip(&body.public) {
                action.line.clone_from(line);
            }
        }
        Some(view)
    }

    fn health(&self) -> HealthView {
        HealthView {
            broken: self.broken.map(str::to_string),
            ..self.watch.health()
        }
    }
}
