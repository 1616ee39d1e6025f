//! `failc reload`: the failsh of this host reads its policy again, or only tries it on what
//! happened lately.

use std::time::Duration;

use fail_cli::{Failc, exit};
use fail_client::control::{ControlError, Reloaded, reload};

use crate::{Failed, never_quiet, print};

/// A failsh gives a policy two minutes, and comparing takes some seconds.
const LIMIT: Duration = Duration::from_secs(180);

/// Asks, prints, and gives the exit code.
pub fn ask(options: &Failc) -> Result<u8, Failed> {
    never_quiet(options, "reload")?;
    let reloaded = reload(&options.socket, options.dry_run, LIMIT).map_err(failed)?;
    match reloaded {
        Reloaded::InForce(summary) => {
            let text = match options.json {
                true => serde_json::json!({ "reloaded": summary }).to_string(),
                false => summary,
            };
            print(&(text + "\n"))?;
            Ok(exit::OK)
        }
        Reloaded::Tried { same, text, report } => {
            print(&match options.json {
                true => format!("{report}\n"),
                false => text,
            })?;
            Ok(if same { exit::OK } else { exit::BROKEN })
        }
    }
}

fn failed(error: ControlError) -> Failed {
    let code = match &error {
        ControlError::Unreachable { .. } | ControlError::Lost { .. } => exit::UNAVAILABLE,
        ControlError::NotAllowed { .. } => exit::NOPERM,
        ControlError::BadPolicy { .. } => exit::DATA,
        ControlError::Refused { .. } => exit::TEMPFAIL,
    };
    (code, error.to_string())
}
