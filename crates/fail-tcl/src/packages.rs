//! The ready-made packages: `package require failover::exec` and the like.
//!
//! Their text is part of the program, so that there is nothing to install and nothing to find.
//! Each interpreter is told of all of them before it reads a policy; one is only evaluated when
//! the policy requires it. Their version is that of the suite, major and minor.
//!
//! Packages are Tcl and know nothing that a policy could not know. An error in one names its
//! procedure; an error in how it was called names the line of the policy.

use crate::tcl::{Interp, TclError};

/// What a policy may require, in the order in which the normal form names them.
const PACKAGES: &[(&str, &str)] = &[
    ("failover::all", include_str!("../packages/all.tcl")),
    ("failover::exec", include_str!("../packages/exec.tcl")),
    ("failover::ip", include_str!("../packages/ip.tcl")),
    ("failover::lsb", include_str!("../packages/lsb.tcl")),
    ("failover::notify", include_str!("../packages/notify.tcl")),
    ("failover::ocf", include_str!("../packages/ocf.tcl")),
    ("failover::systemd", include_str!("../packages/systemd.tcl")),
];

/// What they are made of. Nobody else requires these.
const INSIDE: &[(&str, &str)] = &[
    ("failover::mail", include_str!("../packages/mail.tcl")),
    ("failover::part", include_str!("../packages/part.tcl")),
    ("failover::talk", include_str!("../packages/talk.tcl")),
    ("failover::webhook", include_str!("../packages/webhook.tcl")),
];

/// Major and minor of the suite.
fn version() -> String {
    let numbers = env!("CARGO_PKG_VERSION").split('.').take(2);
    numbers.collect::<Vec<_>>().join(".")
}

/// Tells an interpreter where the packages are.
pub(crate) fn furnish(interp: &Interp) -> Result<(), TclError> {
    let version = version();
    for (name, text) in PACKAGES.iter().chain(INSIDE) {
        // On the first line, so that the lines of errors are those of the file.
        let script = format!("package provide {name} {version}; {text}");
        interp.command(["package", "ifneeded", name, &version, &script])?;
    }
    Ok(())
}

/// Those that the policy has required, for its normal form.
pub(crate) fn required(interp: &Interp) -> Vec<&'static str> {
    let provided = |name: &str| {
        let version = interp.command(["package", "provide", name]);
        version.is_ok_and(|version| !version.to_text().is_empty())
    };
    let names = PACKAGES.iter().map(|(name, _)| *name);
    names.filter(|name| provided(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_package_can_be_required_alone_and_has_the_version_of_the_suite() {
        for (name, _) in PACKAGES {
            let interp = Interp::new("test").unwrap();
            furnish(&interp).unwrap();
            assert!(required(&interp).is_empty());
            let there = interp.command(["package", "require", name]);
            let there = there.unwrap_or_else(|error| panic!("{name}: {}", error.info()));
            assert_eq!(there.to_text(), version(), "{name}");
            assert!(required(&interp).contains(name));
            let words = interp.command(["info", "procs", "::*"]).unwrap();
            let ours: Vec<String> = words
                .elements()
                .unwrap()
                .iter()
                .map(|w| w.to_text())
                .collect();
            assert!(
                ours.iter().all(|proc| !proc.contains("fail")),
                "{name} has procs outside of its namespace: {ours:?}"
            );
        }
    }
}
