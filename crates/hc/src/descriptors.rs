//! How many descriptors an Hcfile can need, held against how many hc may have. With fewer,
//! everything works until much is under way; then checks wait for one another.

use fail_conf::hcfile::Hcfile;
use fail_conf::hcfile::action::Action;
use fail_conf::hcfile::check::Check;
use fail_core::limits::{CHECKS_MAX, LINES_MAX, POSTS_MAX, WISHES_MAX};

use nix::sys::resource::{Resource, getrlimit};

use crate::programs::{ACTIONS_AT_ONCE, CHECKS_AT_ONCE};

/// What hc has itself: its loops, ports, files, those who watch, and some that are opened for a
/// moment.
const OWN: usize = 96;

/// Of a check over the network: names and passwords have one beside its connection.
const OF_CHECK: usize = 2;

/// Of a program: what it says and complains, and what tells of its end.
const OF_PROGRAM: usize = 3;

/// That there may be too few of them, if it is so.
pub fn warning(hcfile: &Hcfile) -> Option<String> {
    let (limit, _) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    too_few(limit, needs(hcfile))
}

fn too_few(limit: u64, needs: usize) -> Option<String> {
    let few = u64::try_from(needs).is_ok_and(|needs| limit < needs);
    few.then(|| {
        format!(
            "the limit of open files is {limit}, and this Hcfile can need {needs}: checks may wait \
             for one another"
        )
    })
}

/// With everything under way that may be.
fn needs(hcfile: &Hcfile) -> usize {
    let bodies = || hcfile.bodies.values();
    let checks = || bodies().flat_map(|body| &body.checks);
    let programs = checks().filter(|line| is_program(&line.check)).count();
    let asked = checks().count() - programs;
    let actions = |kind: fn(&Action) -> bool| {
        let all = bodies().flat_map(|body| &body.actions);
        all.filter(|action| kind(action)).count()
    };
    let run = actions(|action| matches!(action, Action::Exec(_) | Action::Tcl { .. }));
    let mails = actions(|action| matches!(action, Action::Mail { .. }));
    let posts = actions(|action| matches!(action, Action::Webhook(_)));
    let lines = actions(|action| matches!(action, Action::Syslog { .. }));
    let wishes = actions(|action| matches!(action, Action::Failc { .. }));
    OWN + OF_CHECK * asked.min(CHECKS_MAX)
        + OF_PROGRAM * (programs.min(CHECKS_AT_ONCE) + run.min(ACTIONS_AT_ONCE))
        + mails.min(POSTS_MAX)
        + posts.min(POSTS_MAX)
        + lines.min(LINES_MAX)
        + wishes.min(WISHES_MAX)
}

fn is_program(check: &Check) -> bool {
    matches!(check, Check::Exec(_) | Check::Nagios(_) | Check::Tcl { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_descriptors_are_told() {
        assert_eq!(too_few(1024, 1024), None);
        let told = "the limit of open files is 1024, and this Hcfile can need 1025: checks may wait \
            for one another";
        assert_eq!(too_few(1024, 1025).as_deref(), Some(told));
        assert_eq!(needs(&Hcfile::default()), OWN);
    }
}
