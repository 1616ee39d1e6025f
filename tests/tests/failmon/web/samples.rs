//! `samples/monitoring`: rules that Prometheus takes and that say what they promise, and a unit
//! whose command line failmon takes. lighttpd and Prometheus run with the other samples in
//! their own tests.

use std::collections::BTreeSet;
use std::process::Command;

use failover_tests::folder::Folder;
use failover_tests::{program, skipped, tree};

fn sample(name: &str) -> String {
    let path = tree::path("samples/monitoring").join(name);
    path.to_string_lossy().into_owned()
}

#[test]
fn the_rules_say_what_they_promise() {
    for words in [
        ["check", "rules", &sample("alerts.yml")],
        ["test", "rules", &sample("alerts.test.yml")],
        ["check", "config", &sample("prometheus.yml")],
    ] {
        let Some(mut promtool) = program::unpacked("prometheus", "usr/bin/promtool") else {
            return;
        };
        promtool.args(words);
        let said = program::run(promtool).done();
        assert!(said.contains("SUCCESS"), "{words:?}: {said}");
    }
}

/// The names of metrics of ours in a text.
fn names(text: &str) -> Vec<String> {
    let letter = |c: char| c.is_ascii_lowercase() || c == '_';
    let words = text.split(|c| !letter(c));
    let ours = words.filter(|word| word.starts_with("failover_"));
    ours.map(str::to_string).collect()
}

#[test]
fn the_rules_ask_for_metrics_that_there_are_and_the_page_lists_all() {
    let mut all = BTreeSet::new();
    for (page, source) in [
        ("man/failmon.1", "crates/failmon/src/web/metrics.rs"),
        ("man/getnode.1", "crates/fail-client/src/health/metrics.rs"),
    ] {
        let source = tree::read(&tree::path(source));
        let (source, _) = source.split_once("mod tests").unwrap();
        let quoted = |name: &String| source.contains(&format!("\"{name}\","));
        let real: BTreeSet<String> = names(source).into_iter().filter(quoted).collect();
        let told: BTreeSet<String> = names(&tree::read(&tree::path(page))).into_iter().collect();
        assert_eq!(told, real, "{page} (left) and the code (right)");
        all.extend(real);
    }
    let rules = names(&tree::read(&tree::path("samples/monitoring/alerts.yml")));
    assert!(rules.len() > 12, "{rules:?}");
    for name in rules {
        assert!(all.contains(&name), "there is no {name}");
    }
}

#[test]
fn the_unit_is_one() {
    let text = tree::read(&tree::path("samples/monitoring/failmon.service"));
    let known = fail_cli::PROGRAMS.into_iter().find(|p| p.name == "failmon");
    let known = known.unwrap();
    let lines = text.lines().map(|line| line.trim_start_matches('#'));
    let lines = lines.filter_map(|line| line.strip_prefix("ExecStart=/"));
    let mut seen = 0;
    for line in lines {
        let parsed = (known.command)().try_get_matches_from(line.split_whitespace());
        assert!(parsed.is_ok(), "{line}: {parsed:?}");
        seen += 1;
    }
    assert_eq!(seen, 2);
    let own = Folder::new();
    let here = format!("ExecStart=\"{}\" ", program::path("failmon").display());
    let text = text.replace("ExecStart=/usr/local/bin/failmon ", &here);
    let mut command = Command::new("systemd-analyze");
    command.args(["verify", "--man=no", &own.write("failmon.service", text)]);
    match command.output() {
        Err(e) => skipped(&format!("systemd-analyze: {e}; the unit is not verified")),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && said.is_empty(), "{said}");
        }
    }
}
