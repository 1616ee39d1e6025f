//! The samples as they are: each host of a lab gets the files of one, with nothing changed
//! but what a site would change, and the real programs run with them.

use failover_tests::tree;

use super::host::{Host, SHARED};
use super::lab::SERVICE;

mod chain;
mod stack;
mod symmetric;
mod web_pair;
mod wild;

/// Gives a host the policy of a sample. In its files are replaced: the hosts' addresses, the
/// service address, the community, the name of the host itself, and what else is said.
fn sample(host: &mut Host, name: &str, changes: &[(&str, &str)]) {
    let mut places = vec![
        ("192.0.2.10".to_string(), SERVICE.to_string()),
        ("8hGq2vXw".to_string(), SHARED.to_string()),
        (
            "set me hosta\n".to_string(),
            format!("set me {}\n", host.name),
        ),
    ];
    for no in 1..=4 {
        places.push((format!("192.0.2.1{no}"), format!("10.77.0.{no}")));
    }
    // Not those of its rehearsals, which are no policies.
    let mut files = tree::list(&tree::path("samples").join(name));
    files.retain(|file| file.extension().is_some_and(|is| is == "tcl"));
    let mut texts: Vec<String> = files.iter().map(|file| tree::read(file)).collect();
    for (old, new) in changes {
        let found: usize = texts.iter().map(|text| text.matches(old).count()).sum();
        assert!(found > 0, "nothing in samples/{name} is {old}");
        texts
            .iter_mut()
            .for_each(|text| *text = text.replace(old, new));
    }
    for (old, new) in &places {
        texts
            .iter_mut()
            .for_each(|text| *text = text.replace(old, new));
    }
    let files = files.iter().zip(&texts);
    let written = files.map(|(file, text)| host.folder.write(&tree::name(file), text));
    host.policy = written.collect();
}

/// A PATH on which the programs of `tests/stand-in` come first.
fn stand_ins() -> (&'static str, String) {
    let path = std::env::var("PATH").unwrap_or_default();
    (
        "PATH",
        format!("{}:{path}", tree::path("tests/stand-in").display()),
    )
}
