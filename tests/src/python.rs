//! Programs in Python that use the client of `samples/python`, which is the second
//! implementation of the protocol: written from its page, not from our code.

use std::process::Command;

use crate::program::{self, Outcome};
use crate::tree;

/// Whether there is a Python. Without one nothing can be shown here, and that is said; the
/// rest of the tests needs none.
pub fn is_there() -> bool {
    let have = Command::new("python3").arg("--version").output();
    let have = have.is_ok_and(|output| output.status.success());
    if !have {
        crate::skipped("there is no python3");
    }
    have
}

/// A command that runs a script of the project.
pub fn command(script: &str) -> Command {
    let mut command = Command::new("python3");
    command
        // Leaves nothing behind in the tree.
        .arg("-B")
        .arg(tree::path(script))
        .env("PYTHONPATH", tree::path("samples/python"))
        .env_remove("FAIL_COMMUNITY");
    command
}

/// Runs a script of the project to its end.
pub fn run(script: &str, arguments: &[&str]) -> Outcome {
    let mut command = command(script);
    command.args(arguments);
    program::run(command)
}
