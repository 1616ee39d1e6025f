//! How commands are answered, and the things that they are about.

use super::{Set, commands, first, policy};

#[test]
fn a_command_fails_once_and_the_reason_is_the_message() {
    let set = Set::new(
        "command \"ip address replace *\" on hosta fails \"RTNETLINK answers: busy\" once\nrun for 60s\n\
         expect web UP on hostb within 5s after start\n",
    );
    let value = set.holds();
    let ran = commands(&value, "hosta");
    assert_eq!(ran[0].1, "exits with 1: RTNETLINK answers: busy");
    let fail = first(&value, "web", "hosta", "FAIL", 0.0);
    assert!(fail.is_some_and(|at| at < 5.0), "{fail:?}");
}

#[test]
fn a_command_takes_as_long_as_it_is_said_and_hangs_until_the_timeout() {
    let set = Set::new(
        "command \"ip address replace *\" takes 2s\nexpect web UP on hosta within 6s after start\n",
    );
    let up = first(&set.holds(), "web", "hosta", "UP", 0.0).unwrap();
    assert!(up > 2.0, "{up}");
    set.scenario("command \"ip address replace *\" on hosta hangs\nrun for 40s\n");
    let value = set.holds();
    let fail = first(&value, "web", "hosta", "FAIL", 0.0).unwrap();
    assert!((5.0..7.0).contains(&fail), "{fail}");
    set.scenario("command \"ip *\" on hosta missing\nrun for 40s\n");
    let (value, _) = set.json();
    let ran = commands(&value, "hosta");
    assert_eq!(ran[0].1, "there is no such program");
}

#[test]
fn output_reaches_the_script_and_exit_codes_too() {
    let set = Set::new(
        "command hostname prints \"hosta.example.org\\n\"\ncommand code exits 7 \"no\"\nrun for 10s\n",
    );
    let asks = policy("hostb", "slaves").replace(
        "    exec ip address replace",
        "    if {[exec hostname] ne {hosta.example.org}} {error [exec hostname]}
    if {![catch {exec code} said options]} {error \"no error\"}
    if {[lindex [dict get $options -errorcode] 2] != 7} {error $options}
    exec ip address replace",
    );
    set.0.write("a.tcl", asks);
    assert!(first(&set.holds(), "web", "hosta", "UP", 0.0).is_some());
}

#[test]
fn a_named_thing_is_shown_only_where_it_is() {
    let set = Set::new(
        "thing www begins {start-www*} ends {stop-www*} shown {is-www*} else 3\n\
         at 20s crash hosta\nat 40s return hosta\nat 60s lose www on hosta\n\
         expect thing www on exactly 1 host after 10s\n\
         never thing www on 2 hosts\nrun for 59s\n",
    );
    let scripts = |text: String| {
        text.replace(
            "exec ip address replace 192.0.2.10/24 dev eth0",
            "exec start-www",
        )
        .replace(
            "exec ip address flush dev eth0 to 192.0.2.10/32",
            "exec stop-www",
        ) + "failsvc web check {expr {[catch {exec is-www}] ? {RECOVER} : {UP}}} checkinterval 1s\n"
    };
    set.0.write("a.tcl", scripts(policy("hostb", "slaves")));
    set.0.write("b.tcl", scripts(policy("hosta", "masters")));
    set.holds();
    // It dies by itself, and the check finds that.
    let file = set.0.path().join("scenario.tcl");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text.replace(
        "run for 59s",
        "run for 70s\nexpect web UP on hostb within 6s after {lose www on hosta}",
    );
    let text = text.replace("expect thing www on exactly 1 host after 10s\n", "");
    std::fs::write(&file, text).unwrap();
    set.holds();
}

#[test]
fn the_packages_are_rehearsed_too() {
    let set = Set::new("");
    let text = |me: &str, rank: &str, other: &str, ip: u8| {
        format!(
            "package require failover::all
package require failover::ip
package require failover::lsb
package require failover::ocf
package require failover::systemd
package require failover::notify
failhost {other} address 192.0.2.{ip}
all::service web {{
    systemd::part unit nginx
    lsb::part old apache2
    ocf::part agent ocf:heartbeat:Dummy
    ip::part address 192.0.2.10/24 eth0
}} {rank} {other} interval 500ms checkinterval 2s
notify::on web takeover {{mail -to ops@example.org}}
notify::on web takeover {{webhook http://127.0.0.1:1/{me}}}
"
        )
    };
    set.0.write("a.tcl", text("a", "slaves", "hostb", 12));
    set.0.write("b.tcl", text("b", "masters", "hosta", 11));
    set.scenario(
        "at 30s crash hosta\nexpect web UP on hosta within 10s after start\n\
         expect web UP on hostb within 6s after {crash hosta}\n\
         expect command {mail *ops@example.org*} on hostb within 10s after {crash hosta}\n\
         expect command {webhook http://127.0.0.1:1/b*} on hostb within 10s after {crash hosta}\n\
         never thing {unit nginx.service} on 2 hosts for more than 3s\n",
    );
    set.holds();
}
