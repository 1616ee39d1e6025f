//! State files that can not be believed, or only in part: damaged ones, and one from before
//! a reboot.

use std::fs;

use failover_tests::faild::Faild;
use failover_tests::folder::Folder;

/// The state file of a faild in which web is UP and held, and dns is RECOVER.
fn good() -> Vec<u8> {
    let folder = Folder::new();
    let state = folder.file("state");
    let mut faild = Faild::start(&["-s", &state]);
    faild.failc(&["web", "UP"]).done();
    faild.failc(&["hold", "web"]).done();
    faild.failc(&["dns", "RECOVER"]).done();
    assert_eq!(faild.end(), Some(0));
    fs::read(&state).unwrap()
}

#[test]
fn a_damaged_state_file_is_set_aside_and_both_names_are_told() {
    let good = good();
    let mut turned = good.clone();
    turned[good.len() / 2] ^= 1;
    for (how, bytes, why) in [
        ("cut", &good[..good.len() - 20], "its end is missing"),
        ("cut at a line", &good[..good.len() / 2], ""),
        ("empty", b"", "its end is missing"),
        ("lost blocks", &[0; 512], ""),
        (
            "garbage",
            b"{\"failover_state\":\x00\xffgarbage\n\x01",
            "it is not text",
        ),
        ("a turned bit", &turned, ""),
        (
            "another format",
            b"{\"failover_state\":9,\"boot\":\"\"}\n{}\n",
            "format 9",
        ),
    ] {
        let folder = Folder::new();
        let state = folder.write("state", bytes);
        let faild = Faild::start(&["-s", &state]);
        let line = faild.log.wait_for("is damaged");
        assert!(line.contains(why), "{how}: {line}");
        let names = folder.names();
        assert_eq!(names.len(), 3, "{how}: {names:?}");
        let aside = names.iter().find(|name| name.starts_with("state.damaged-"));
        let aside = folder.file(aside.unwrap_or_else(|| panic!("{names:?}")));
        for name in [&state, &aside] {
            assert!(line.contains(name.as_str()), "{how}: {line}");
        }
        assert_eq!(fs::read(&aside).unwrap(), bytes, "{how}");
        let out = faild.failc(&["web"]).done();
        assert_eq!(out, "web FAIL unpublished (unknown)\n", "{how}");
        faild.failc(&["web", "UP"]).done();
        assert!(fs::read_to_string(&state).unwrap().contains("web"));
    }
}

#[test]
fn a_state_file_that_can_not_be_read_stops_the_start_and_is_left_alone() {
    let folder = Folder::new();
    let mut command = failover_tests::program::command("faild");
    let path = folder.path().to_string_lossy().into_owned();
    command.args(["-F", "-p", "0", "-a", "127.0.0.1", "-s", &path]);
    let sentence = failover_tests::program::run(command).failed(74);
    assert!(sentence.contains(&path), "{sentence}");
}

#[test]
fn in_the_same_boot_everything_comes_back() {
    let folder = Folder::new();
    let state = folder.write("state", good());
    let faild = Faild::start(&["-s", &state]);
    let web = faild.failc(&["web"]).done();
    assert!(web.starts_with("web UP held for "), "{web}");
    let dns = faild.failc(&["dns"]).done();
    assert!(dns.starts_with("dns RECOVER for "), "{dns}");
}

#[test]
fn after_a_reboot_nothing_serves_and_wishes_are_kept() {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let text = String::from_utf8(good()).unwrap();
    assert!(text.contains(boot.trim()), "{text}");
    // As the last boot would have left it, with the checksum of its own.
    let earlier = text.replace(boot.trim(), "00000000-0000-4000-8000-000000000000");
    let image = fail_conf::state::parse(text.as_bytes()).unwrap();
    let image = fail_core::node::Image {
        boot: "00000000-0000-4000-8000-000000000000".to_string(),
        ..image
    };
    let bytes = fail_conf::state::print(&image);
    let body = |text: &str| text.rsplit_once("{\"records\"").unwrap().0.to_string();
    assert_eq!(body(&String::from_utf8_lossy(&bytes)), body(&earlier));

    let folder = Folder::new();
    let state = folder.write("state", bytes);
    let mut faild = Faild::start(&["-s", &state]);
    let check = |faild: &Faild| {
        let web = faild.failc(&["web"]).done();
        assert!(web.starts_with("web FAIL held unpublished for "), "{web}");
        assert!(web.ends_with("(rebooted)\n"), "{web}");
        let dns = faild.failc(&["dns"]).done();
        assert!(dns.starts_with("dns FAIL unpublished for "), "{dns}");
    };
    check(&faild);
    assert_eq!(faild.end(), Some(0));
    let mut faild = Faild::start(&["-s", &state]);
    check(&faild);
    // Published again, in this boot: the wish is still there.
    faild.failc(&["web", "RECOVER"]).done();
    faild.kill();
    let faild = Faild::start(&["-s", &state]);
    let web = faild.failc(&["web"]).done();
    assert!(web.starts_with("web RECOVER held for "), "{web}");
}

#[test]
fn a_faild_that_may_not_run_touches_neither_a_good_nor_a_damaged_state_file() {
    let folder = Folder::new();
    let state = folder.file("state");
    let mut first = Faild::start(&["-s", &state]);
    first.failc(&["web", "UP"]).done();
    let link = folder.file("link");
    std::os::unix::fs::symlink(&state, &link).unwrap();
    for bytes in [None, Some("{\"failover_state\":garbage")] {
        if let Some(bytes) = bytes {
            fs::write(&state, bytes).unwrap();
        }
        let before = fs::read(&state).unwrap();
        for name in [&state, &link] {
            let mut command = failover_tests::program::command("faild");
            command.args(["-F", "-p", "0", "-a", "127.0.0.1", "-s", name]);
            let sentence = failover_tests::program::run(command).failed(73);
            let holder = format!("{state} is in use by process {}", first.pid());
            assert!(sentence.contains(&holder), "{sentence}");
        }
        assert_eq!(folder.names(), ["link", "state", "state.lock"]);
        assert_eq!(fs::read(&state).unwrap(), before);
    }
    // Its lock goes with it, also when it is killed.
    first.kill();
    let mut second = Faild::start(&["-s", &state]);
    second.log.wait_for("is damaged");
    assert_eq!(second.end(), Some(0));
    assert!(!folder.names().contains(&"state.lock".to_string()));
}

#[test]
fn what_is_no_regular_file_stops_the_start_and_a_link_stays_one() {
    let folder = Folder::new();
    let fifo = folder.file("fifo");
    nix::unistd::mkfifo(fifo.as_str(), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let mut command = failover_tests::program::command("faild");
    command.args(["-F", "-p", "0", "-a", "127.0.0.1", "-s", &fifo]);
    let sentence = failover_tests::program::run(command).failed(74);
    assert!(sentence.contains("it is not a regular file"), "{sentence}");

    let (real, link) = (folder.write("real", good()), folder.file("link"));
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let faild = Faild::start(&["-s", &link]);
    faild.failc(&["new", "UP"]).done();
    assert!(fs::read_to_string(&real).unwrap().contains("\"new\""));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
}

#[test]
fn a_state_file_that_can_not_be_written_stops_the_start() {
    let folder = Folder::new();
    let nowhere = folder.file("missing/state");
    let mut command = failover_tests::program::command("faild");
    command.args(["-F", "-p", "0", "-a", "127.0.0.1", "-s", &nowhere]);
    let sentence = failover_tests::program::run(command).failed(74);
    assert!(sentence.contains(&nowhere), "{sentence}");
}

#[test]
fn what_is_no_state_file_stops_the_start_and_is_left_alone() {
    let folder = Folder::new();
    let refused = |name: &str, why: &str| {
        let mut command = failover_tests::program::command("faild");
        command.args(["-F", "-p", "0", "-a", "127.0.0.1", "-s", name]);
        let sentence = failover_tests::program::run(command).failed(73);
        assert!(sentence.contains(why), "{sentence}");
    };
    let other = folder.write("other", "load icmp\n");
    refused(&other, "is not a state file, so it is left as it is");
    assert_eq!(fs::read_to_string(&other).unwrap(), "load icmp\n");
    let passwords = folder.file("passwords");
    std::os::unix::fs::symlink("/etc/passwd", &passwords).unwrap();
    refused(&passwords, "/etc/passwd");
    assert_eq!(folder.names(), ["other", "passwords"]);
    let Some(nobody) = failover_tests::faild::nobody() else {
        return;
    };
    let his = folder.write("his", good());
    nix::unistd::chown(his.as_str(), Some(nobody.uid), None).unwrap();
    let link = folder.file("link");
    std::os::unix::fs::symlink(&his, &link).unwrap();
    refused(&link, "which belongs to user");
    let (mine, link) = (folder.write("mine", good()), folder.file("his link"));
    std::os::unix::fs::symlink(&mine, &link).unwrap();
    let flags = nix::fcntl::AtFlags::AT_SYMLINK_NOFOLLOW;
    let here = nix::fcntl::AT_FDCWD;
    nix::unistd::fchownat(here, link.as_str(), Some(nobody.uid), None, flags).unwrap();
    refused(&link, "it is a symbolic link of user");
}
