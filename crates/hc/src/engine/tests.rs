//! The loop, one step at a time.

use std::net::UdpSocket;
use std::path::{Path, PathBuf};

use fail_cli::{Hc, Listen};
use fail_core::time::Span;

use super::*;
use crate::actions::tests::report;
use crate::setup;

/// A file that is removed at the end.
struct File(PathBuf);

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn options(file: &Path) -> Hc {
    Hc {
        foreground: true,
        file: file.to_path_buf(),
        monitor: false,
        port: 0,
        addresses: Vec::new(),
        state_file: None,
        pid_file: None,
        check: false,
        print: false,
        once: Vec::new(),
        probe: None,
        tcl: Vec::new(),
        debug_port: Some(Listen::None),
        community: fail_cli::Community {
            community: None,
            community_file: None,
        },
        debug: Vec::new(),
    }
}

#[test]
fn who_is_gone_in_the_turn_in_which_it_is_found_bad_wants_nothing() {
    let faild = UdpSocket::bind("127.0.0.1:0").unwrap();
    let one = |name: &str| {
        let at = faild.local_addr().unwrap();
        format!("{name}:\n exec true\n interval 1d\n on change failc web host={at}\n")
    };
    let name = format!("hc-engine-{}", std::process::id());
    let file = File(std::env::temp_dir().join(name));
    let write = |targets: &[&str]| {
        let targets: String = targets.iter().map(|name| one(name)).collect();
        std::fs::write(&file.0, format!("load exec\n{targets}")).unwrap();
    };
    write(&["a", "www"]);
    let mut engine = Engine::new(setup::open(&options(&file.0)).unwrap());
    let now = clock::now();
    // Found in this turn; the new Hcfile is there as well.
    engine.outputs.push(Out::Act {
        number: 1,
        line: 0,
        report: report(Event::Change, false, "gone"),
        deadline: now.mono + Span::from_secs(30),
    });
    write(&["a"]);
    let loaded = setup::load(&options(&file.0)).unwrap();
    engine.renew(now, loaded);
    assert!(engine.begun.contains_key(&1), "the old file has done it");
    assert!(engine.wishes.is_empty(), "{:?}", engine.wishes);
}
