//! Finds libtcl with pkg-config and tells the source whether it is Tcl 9.
//!
//! With the feature `tcl-crate` the crate `clib` finds and links it instead.

use std::process::ExitCode;

/// What the library's description is called, by the system's default choice first.
const NAMES: [&str; 3] = ["tcl", "tcl9.0", "tcl8.6"];

fn main() -> ExitCode {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-check-cfg=cfg(tcl9)");
    if std::env::var_os("CARGO_FEATURE_TCL_CRATE").is_some() {
        return ExitCode::SUCCESS;
    }
    for name in NAMES {
        let Ok(library) = pkg_config::Config::new().atleast_version("8.6").probe(name) else {
            continue;
        };
        if library.version.starts_with("9.") {
            println!("cargo:rustc-cfg=tcl9");
        }
        return ExitCode::SUCCESS;
    }
    eprintln!(
        "libtcl 8.6 or newer was not found by pkg-config: \
         install the Debian packages tcl-dev and pkg-config (apt-get install tcl-dev pkg-config)"
    );
    ExitCode::FAILURE
}
