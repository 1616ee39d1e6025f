//! Whether the services of a scenario are those of its policies: a name that nobody has is a
//! slip, and what is said of it would hold without having been looked at.

use std::collections::BTreeSet;

use fail_tcl::PolicyError;
use fail_wire::Name;

use super::{How, World};
use crate::scenario::{Act, Scenario, What};

/// Reads all policies and looks for names that none of them has. Gives the services that are
/// there from the beginning.
///
/// # Errors
/// A policy that can not be read, or the line and the service that is in no policy.
pub fn check(scenario: &Scenario, how: How<'_>) -> Result<Vec<String>, PolicyError> {
    let mut world = World::new(scenario, how)?;
    let policies = world.meet()?;
    let services = policies.iter().flat_map(|policy| policy.services.keys());
    let first: BTreeSet<Name> = services.cloned().collect();
    let mut known = first.clone();
    for at in &scenario.acts {
        if let Act::Reload(host, read) = &at.act {
            // One that can not be read is told when it is.
            if let Ok((loaded, _)) = world.load(*host, read, &fail_tcl::Board::default()) {
                known.extend(loaded.policy.services.keys().cloned());
            }
        }
    }
    let has = |line: u32, statement: &str, name: &Name| {
        if known.contains(name) {
            return Ok(());
        }
        let names: Vec<&str> = known.iter().map(Name::as_str).collect();
        let names = match names.as_slice() {
            [] => "the policies have none".to_string(),
            names => format!("the policies have {}", names.join(", ")),
        };
        Err(scenario.wrong(
            line,
            &format!("{statement}: there is no service \"{name}\": {names}"),
        ))
    };
    for expect in &scenario.expects {
        if let What::State(name, _) = &expect.what {
            let statement = expect.text.split(' ').next().unwrap_or_default();
            has(expect.line, statement, name)?;
        }
    }
    for at in &scenario.acts {
        if let Act::Say(_, name, _) = &at.act {
            has(at.line, "at", name)?;
        }
    }
    Ok(first.iter().map(Name::to_string).collect())
}
