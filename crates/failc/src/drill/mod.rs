//! `failc drill`: a planned switch-over of a live service and back, measured.
//!
//! In this order: who is asked (`hosts`), is it healthy (`scene`, `health`), may it be changed
//! (`wish`), is it meant; then the `course`, and what was measured: `track` has what every faild
//! said, `way` what follows of it, `objectives` and `report` what is told. What it wishes it takes
//! back, however it ends. It decides nothing that failsh decides.

mod course;
mod ears;
mod health;
mod hosts;
mod objectives;
mod probe;
mod report;
mod scene;
mod told;
mod track;
mod way;
mod wish;

use std::io::{self, BufRead, IsTerminal, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use fail_cli::{Failc, exit};
use fail_client::{Failure, addresses};
use fail_wire::Name;

use crate::limits::PROBE_EVERY;
use crate::{Failed, client_of, community, failed, name, print};
use course::{Course, Done};
use hosts::Known;
use objectives::Verdict;
use probe::Probe;
use report::{Measured, Now, Outcome, Probed, Report};
use scene::Scene;
use told::Told;
use wish::Wish;

/// After the last way a probe may still have to find out; nobody waits longer for that.
const PROBE_ENDS: Duration = Duration::from_secs(3);

/// Why a drill is not begun: the exit code, and all reasons.
type Refusal = (u8, Vec<String>);

/// Does it, prints what it came to, and gives the exit code.
pub fn run(options: &Failc, service: &str, words: &[String]) -> Result<u8, Failed> {
    let service = name(service)?;
    let known = hosts::find(options, &service, words)?;
    let target = probe_addresses(options)?;
    let community = community(options)?;
    let mut scene = Scene::open(options, &community, &service, &known.hosts)?;
    let ready = prepare(options, &community, &known, &scene, &service);
    let ready = ready.and_then(|ready| match target.as_deref().map(probe::once) {
        Some(Err(why)) => {
            let sentence = format!("the probe fails before anything was done: {why}");
            Err((exit::REFUSED, vec![sentence]))
        }
        _ => Ok(ready),
    });
    let (home, mut wish) = match ready {
        Ok(ready) => ready,
        Err(refusal) => return refuse(options, &service, &scene, refusal),
    };
    if options.drill.check {
        tell(options, &report(&service, &scene, Outcome::Allowed))?;
        return Ok(exit::OK);
    }
    confirm(options, &service, &scene, home)?;
    let told = Told::listen().map_err(|e| (exit::OSERR, format!("can not catch signals: {e}")))?;
    // It may have taken a while.
    scene.hear_all();
    match serves(options, &known, &scene) {
        Ok(still) if still == home => {}
        Ok(_) => {
            let moved = "it was moved meanwhile".to_string();
            return refuse(options, &service, &scene, (exit::REFUSED, vec![moved]));
        }
        Err(refusal) => return refuse(options, &service, &scene, refusal),
    }
    let probe = target.map(Probe::start);
    let done = Course {
        scene: &mut scene,
        wish: &mut wish,
        service: &service,
        told: &told,
        home,
        within: options.drill.within.0,
        stay: options.drill.stay.0,
        no_back: options.drill.no_back,
        say: &|text| note(options, text),
    }
    .run()
    .map_err(failed)?;
    let mut report = report(&service, &scene, Outcome::Met);
    let measured = measure(options, &scene, &done, home, probe.as_ref());
    let is_met = measured.verdicts.iter().all(Verdict::is_met);
    report.measured = Some(measured);
    if let Some(end) = &done.end {
        report.problems.push(end.to_string());
    }
    if let Some(error) = &done.left {
        report.problems.push(format!(
            "{error}; {}",
            by_hand(options, &service, &scene.seats[home].faild)
        ));
    } else if done.end.is_none() && !options.drill.no_back {
        let now = health::judge(&scene.answers());
        report.problems.extend(now.err().unwrap_or_default());
    }
    report.outcome = match (report.problems.is_empty(), is_met) {
        (false, _) => Outcome::Unfinished,
        (true, false) => Outcome::Missed,
        (true, true) => Outcome::Met,
    };
    tell(options, &report)?;
    if done.left.is_some() {
        return Err((exit::UNAVAILABLE, sentence(&report)));
    }
    match report.outcome {
        Outcome::Unfinished => Err((exit::BROKEN, sentence(&report))),
        Outcome::Missed => Ok(exit::BROKEN),
        _ => Ok(exit::OK),
    }
}

/// Everything that is asked before anything is changed: who serves, and whether it may be wished
/// away there.
fn prepare(
    options: &Failc,
    community: &str,
    known: &Known,
    scene: &Scene,
    service: &Name,
) -> Result<(usize, Wish), Refusal> {
    let home = serves(options, known, scene)?;
    let host = &known.hosts[home];
    let refused = |code, why: &str| {
        let sentence = format!("on {} it may not be wished away: {why}", host.name);
        (code, vec![sentence])
    };
    let client = client_of(options, community, &host.faild);
    let client = client.map_err(|(code, why)| refused(code, &why))?;
    let mut wish = Wish::new(client, service);
    match wish.may() {
        Ok(()) => Ok((home, wish)),
        Err(error) if error.failure() == Failure::NotAllowed => {
            Err(refused(exit::NOPERM, &error.to_string()))
        }
        Err(error) => Err(refused(exit::REFUSED, &error.to_string())),
    }
}

/// Who serves, if the service is healthy.
fn serves(options: &Failc, known: &Known, scene: &Scene) -> Result<usize, Refusal> {
    let mut problems = known.problems.clone();
    let home = health::judge(&scene.answers());
    match &home {
        Ok(home) if known.is_ranked && (known.keeps || *home > 0) && !options.drill.no_back => {
            problems.push(format!(
                "{} would not get it back by itself (failback no, or it is not the highest in \
                 rank): with --no-back only the way there is done",
                scene.seats[*home].name
            ));
        }
        Ok(_) => {}
        Err(more) => problems.extend(more.clone()),
    }
    let is_refused = scene.seats.iter().any(|seat| seat.is_refused);
    match home {
        Ok(home) if problems.is_empty() => Ok(home),
        _ if is_refused => Err((exit::NOPERM, problems)),
        _ => Err((exit::REFUSED, problems)),
    }
}

fn refuse(
    options: &Failc,
    service: &Name,
    scene: &Scene,
    (code, problems): Refusal,
) -> Result<u8, Failed> {
    let mut report = report(service, scene, Outcome::Refused);
    report.problems = problems;
    if options.json {
        tell(options, &report)?;
    }
    Err((code, sentence(&report)))
}

/// `a drill of web is refused: hostb is RECOVER held (new disk)`
fn sentence(report: &Report) -> String {
    let is = match report.outcome {
        Outcome::Refused => "refused, and nothing was changed",
        _ => "unfinished",
    };
    let problems = report.problems.join("; ");
    format!("the drill of {} is {is}: {problems}", report.service)
}

/// Asks on a terminal whether it is meant.
fn confirm(options: &Failc, service: &Name, scene: &Scene, home: usize) -> Result<(), Failed> {
    if options.drill.yes {
        return Ok(());
    }
    let home = &scene.seats[home].name;
    let no = |why: &str| {
        let sentence = format!("the drill of {service} is refused, and nothing was changed: {why}");
        Err((exit::REFUSED, sentence))
    };
    if !io::stdin().is_terminal() {
        return no("there is no terminal to ask whether it is meant; --yes says so");
    }
    let ways = match options.drill.no_back {
        true => "interrupts it",
        false => "interrupts it twice",
    };
    eprint!("{service} is UP on {home}. A drill {ways}. Go on? [y/N] ");
    drop(io::stderr().flush());
    let mut answer = String::new();
    // No answer is one.
    drop(io::stdin().lock().read_line(&mut answer));
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => no("it is not meant"),
    }
}

/// The hosts as they are now.
fn report(service: &Name, scene: &Scene, outcome: Outcome) -> Report {
    let hosts = scene.seats.iter().enumerate().map(|(no, seat)| Now {
        host: seat.name.clone(),
        faild: seat.faild.clone(),
        is: scene.record(no).map(|record| (record.state, record.marks)),
    });
    Report {
        service: service.to_string(),
        outcome,
        problems: Vec::new(),
        hosts: hosts.collect(),
        measured: None,
    }
}

fn measure(
    options: &Failc,
    scene: &Scene,
    done: &Done,
    home: usize,
    probe: Option<&Probe>,
) -> Measured {
    let ways = done.ways(scene, home);
    let probed = probe.map(|probe| {
        let until = Instant::now() + PROBE_ENDS;
        let ended = Instant::now();
        while !probe.has_succeeded_since(ended) && Instant::now() < until {
            std::thread::park_timeout(PROBE_EVERY);
        }
        let outages = ways.each_ref().map(|way| {
            let way = way.as_ref()?;
            let outage = probe.outage(scene.instant(way.begun), scene.instant(way.done));
            i64::try_from(outage.as_micros()).ok()
        });
        Probed {
            at: options
                .drill
                .probe
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            attempts: probe.count(),
            outages,
        }
    });
    let outages = probed.as_ref().map_or([None; 2], |probed| probed.outages);
    Measured {
        from: home,
        total: objectives::total(&options.drill, &ways),
        verdicts: objectives::judge(&options.drill, &ways, &outages),
        finest: scene.finest(),
        probe: probed,
        ways,
    }
}

fn tell(options: &Failc, report: &Report) -> Result<(), Failed> {
    if options.quiet {
        return Ok(());
    }
    // If nobody reads it any more, it was done all the same.
    print(&match options.json {
        true => format!("{}\n", report.json()),
        false => report.text(),
    })?;
    Ok(())
}

/// How far it is, for somebody who waits.
fn note(options: &Failc, text: &str) {
    if !options.quiet && !options.json {
        eprintln!("failc: {text}");
    }
}

/// What has to be done where nothing could be.
fn by_hand(options: &Failc, service: &Name, faild: &str) -> String {
    let way = if options.tcp { " -T" } else { "" };
    format!("THE WISH IS STILL THERE: say failc{way} -s {faild} back {service}")
}

/// Where the probe connects.
fn probe_addresses(options: &Failc) -> Result<Option<Vec<SocketAddr>>, Failed> {
    let found = options.drill.probe.as_ref();
    let found = found.map(|probe| addresses(&probe.host, probe.port));
    found.transpose().map_err(|e| (exit::NOHOST, e))
}
