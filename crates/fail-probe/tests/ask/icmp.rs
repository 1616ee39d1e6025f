//! `icmp`: echoes of this host.

use fail_conf::hcfile::check::Check;
use fail_core::watch::{Finding, Verdict};

use crate::{LIMIT, check, is, value};

fn echo(host: &str, count: u32, loss: u32) -> Finding {
    let host = host.to_string();
    check(Check::Icmp { host, count, loss }, LIMIT)
}

#[test]
fn this_host_echoes() {
    for name in ["127.0.0.1", "::1"] {
        let found = echo(name, 3, 0);
        if found.verdict == Verdict::Unknown {
            is(&found, Verdict::Unknown, "net.ipv4.ping_group_range");
            crate::server::skipped(&found.why);
            continue;
        }
        is(
            &found,
            Verdict::Good,
            &format!("3 of 3 echoes of {name} in "),
        );
        assert_eq!(value(&found, "loss"), 0.0);
        let (least, average) = (value(&found, "rtt_min"), value(&found, "rtt_avg"));
        let most = value(&found, "rtt_max");
        assert!(
            0.0 < least && least <= average && average <= most,
            "{found:?}"
        );
    }
}

#[test]
fn a_name_that_is_none_is_unknown() {
    is(
        &echo("no-such-host.invalid", 1, 0),
        Verdict::Unknown,
        "no address of",
    );
}
