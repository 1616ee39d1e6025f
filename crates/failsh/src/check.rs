//! `--check`: reads the policy as failsh would, and prints it in normal form. Nothing is
//! started, asked or changed, but for looking up the names of the hosts.

use std::io::Write;

use fail_cli::{Failsh, Failure, exit};
use fail_core::log::Level;
use fail_tcl::FromTcl;

use crate::setup::{look_up, program, unknown_host};

/// Says what is wrong with the policy, or prints it.
pub fn check(options: &Failsh) -> Result<(), Failure> {
    let loaded = fail_tcl::start(
        &options.policies,
        &program(),
        &fail_tcl::Board::default(),
        // What is good, but perhaps not meant so.
        Box::new(|message| {
            if let FromTcl::Log { level, text } = message {
                if level <= Level::Warn {
                    eprintln!("failsh: {text}");
                }
            }
        }),
    );
    let (loaded, tcl) = loaded.map_err(|e| Failure::new(exit::DATA, e))?;
    for answer in look_up(&loaded.policy) {
        if let Err(why) = &answer.found {
            return Err(unknown_host(&loaded, answer.host, answer.address, why));
        }
    }
    let text = fail_tcl::normal_form(&loaded);
    let printed = std::io::stdout().write_all(text.as_bytes());
    tcl.quit();
    match printed {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::new(exit::IOERR, e)),
        _ => Ok(()),
    }
}
