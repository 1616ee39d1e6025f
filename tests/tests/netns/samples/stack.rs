//! `samples/stack`: a mount, nginx with its content there, and an address, as one service. What
//! is mounted is a folder of the host; the mount is real, in the mount namespace of its failsh.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use super::super::host::Host;
use super::super::lab::{BOUND, Lab, SERVICE};
use super::super::process::{Process, command, output, run, wait};
use super::sample;

fn furnish(host: &mut Host) {
    let [disk, www] = ["disk", "www"].map(|name| host.folder.file(name));
    for folder in [&disk, &www] {
        fs::create_dir(folder).unwrap();
    }
    fs::write(
        Path::new(&disk).join("index.html"),
        format!("{}\n", host.name),
    )
    .unwrap();
    // A log on the disk: as long as nginx runs, the disk is busy.
    host.nginx_conf("nginx", 80, &format!("root {www}; access_log {www}/log;"));
    let changes = [
        ("/dev/disk/by-label/www", disk.as_str()),
        ("/srv/www", &www),
        ("|| mount ", "|| mount --bind "),
        ("-c /etc/nginx/nginx.conf", &host.nginx_options("nginx")),
        ("/run/nginx.pid", &host.folder.file("nginx.pid")),
    ];
    sample(host, "stack", &changes);
}

fn stack(test: &str) -> Option<Lab> {
    let lab = Lab::furnished(test, &["hosta", "hostb"], |host, _| furnish(host))?;
    lab.settles_on("hosta", Instant::now());
    for (host, parts) in lab.hosts.iter().zip([3, 0]) {
        runs(host, parts);
    }
    Some(lab)
}

/// A command in the mount namespace of a host.
fn inside(host: &Host, words: &[&str]) -> Command {
    let mut nsenter = command(&["nsenter", "--mount", "--target"]);
    nsenter
        .arg(host.log().pid().to_string())
        .arg("--")
        .args(words);
    nsenter
}

/// Waits until the first so many parts of the service are there, and no other.
fn runs(host: &Host, parts: usize) {
    wait(&format!("{parts} parts on {}", host.name), BOUND, || {
        let www = host.folder.file("www");
        let mut mountpoint = inside(host, &["mountpoint", "-q", &www]);
        let mounted = output(&mut mountpoint).status.success();
        let number = fs::read_to_string(host.folder.file("nginx.pid")).unwrap_or_default();
        let nginx = !number.is_empty() && Path::new("/proc").join(number.trim()).exists();
        let seen = [mounted, nginx, host.owns(SERVICE)];
        let wanted: Vec<bool> = (0..3).map(|part| part < parts).collect();
        match seen[..] == wanted {
            true => Ok(()),
            false => Err(format!("disk, server, address: {seen:?}")),
        }
    });
}

/// Waits until a host is FAIL with these words as the reason.
fn fails(host: &Host, words: &str) {
    host.says(&format!("to be FAIL: {words}"), |record| {
        let reason = record["reason"].as_str().unwrap_or_default();
        record["state"] == "FAIL" && reason.contains(words)
    });
}

#[test]
fn all_parts_move_together_and_a_host_without_its_disk_is_no_candidate() {
    let Some(mut lab) = stack("stack") else {
        return;
    };
    let then = Instant::now();
    lab.host("hosta").failc(&["away", "web", "a new disk"]);
    let served = lab.settles_on("hostb", then);
    println!("stack: away, hostb serves after {:.0?}", served - then);
    runs(lab.host("hosta"), 0);
    runs(lab.host("hostb"), 3);

    // The new disk is not there, which hosta finds out when it is to serve.
    let disk = lab.host("hosta").folder.file("disk");
    let elsewhere = lab.host("hosta").folder.file("elsewhere");
    fs::rename(&disk, &elsewhere).unwrap();
    let then = Instant::now();
    lab.host("hosta").failc(&["back", "web"]);
    fails(lab.host("hosta"), "disk: sh: mount: ");
    runs(lab.host("hosta"), 0);
    let served = lab.settles_on("hostb", then);
    println!(
        "stack: no disk, hostb serves again after {:.0?}",
        served - then
    );

    // It is tried again, but not as long as there is no disk: nobody notices anything.
    let tried = Instant::now();
    let failed = lab.client.goes_on(150, BOUND);
    assert_eq!(failed, 0);
    assert_eq!(lab.host("hosta").log().count(tried, "running start"), 0);
    assert_eq!(lab.host("hosta").record().unwrap()["state"], "FAIL");

    fs::rename(&elsewhere, &disk).unwrap();
    let then = Instant::now();
    let served = lab.settles_on("hosta", then);
    println!(
        "stack: the disk is there, hosta serves after {:.0?}",
        served - then
    );
    runs(lab.host("hosta"), 3);
    runs(lab.host("hostb"), 0);
}

#[test]
fn what_was_started_before_a_part_that_fails_is_stopped_again() {
    let Some(mut lab) = stack("rollback") else {
        return;
    };
    lab.host("hosta").failc(&["away", "web"]);
    lab.settles_on("hostb", Instant::now());
    let conf = lab.host("hosta").folder.file("nginx.conf");
    let good = fs::read(&conf).unwrap();
    fs::write(&conf, "nonsense;\n").unwrap();
    let then = Instant::now();
    lab.host("hosta").failc(&["back", "web"]);
    let line = lab.host("hosta").log().line(then, "RECOVER -> FAIL", BOUND);
    assert!(
        line.text.contains("server: start-stop-daemon: nginx: "),
        "{}",
        line.text
    );
    // Before it is tried again.
    fs::write(&conf, good).unwrap();
    runs(lab.host("hosta"), 0);
    lab.settles_on("hosta", then);
    runs(lab.host("hosta"), 3);
}

#[test]
fn a_disk_that_is_busy_keeps_a_host_from_serving_but_not_the_other_one() {
    let Some(mut lab) = stack("busy") else {
        return;
    };
    let hosta = lab.host("hosta");
    let page = hosta.folder.file("www/index.html");
    let then = Instant::now();
    let mut reader = Process::start("reader", inside(hosta, &["tail", "-f", &page]));
    reader.line(then, "hosta", BOUND);
    // Two checks find that nginx is dead; it is stopped, and can not be stopped altogether.
    let then = Instant::now();
    hosta.kill_nginx("nginx");
    hosta.log().line(then, "target is busy", BOUND);
    runs(hosta, 1);
    fails(hosta, "disk: sh: umount: ");
    let served = lab.settles_on("hostb", then);
    println!(
        "stack: nginx dead, disk busy, hostb serves after {:.0?}",
        served - then
    );
    // A file system that is still mounted is no candidate either.
    assert_eq!(lab.client.goes_on(150, BOUND), 0);
    fails(lab.host("hosta"), "disk");

    reader.kill();
    let www = lab.host("hosta").folder.file("www");
    run(&mut inside(lab.host("hosta"), &["umount", &www]));
    lab.settles_on("hosta", Instant::now());
    runs(lab.host("hosta"), 3);
}
