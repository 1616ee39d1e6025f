//! Files that are replaced, set aside and locked.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use fail_rt::daemon::{PidFile, PidFileError};
use fail_rt::files::{OWN_BYTES_MAX, read, read_with_metadata, replace, set_aside};
use nix::fcntl::{Flock, FlockArg};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("fail-rt-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Folder(path)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0)
            .unwrap()
            .map(|e| e.unwrap().file_name());
        let mut names: Vec<_> = entries.map(|n| n.into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn own_number() -> String {
    std::process::id().to_string()
}

#[test]
fn a_file_is_replaced_whole_and_only_its_owner_may_read_it() {
    let dir = Folder::new("replace");
    let path = dir.0.join("state");
    replace(&path, b"one").unwrap();
    replace(&path, b"two").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"two");
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(dir.names(), ["state"]);
}

#[test]
fn a_symbolic_link_in_the_way_is_replaced_and_not_followed() {
    let dir = Folder::new("link");
    let (path, victim) = (dir.0.join("state"), dir.0.join("victim"));
    fs::write(&victim, "mine").unwrap();
    symlink(&victim, &path).unwrap();
    // A temporary file of a killed process with our number, and a hostile one at that.
    symlink(&victim, dir.0.join(format!("state.new-{}", own_number()))).unwrap();
    replace(&path, b"new").unwrap();
    assert_eq!(fs::read(&victim).unwrap(), b"mine");
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(dir.names(), ["state", "victim"]);
}

#[test]
fn a_failure_says_what_failed_and_leaves_everything_as_it_was() {
    let dir = Folder::new("failure");
    let path = dir.0.join("state");
    fs::create_dir(&path).unwrap();
    let failed = replace(&path, b"new").unwrap_err();
    let shown = path.display();
    assert_eq!(
        failed.to_string(),
        format!(
            "can not put the new content in place of {shown}: is a directory; \
             the old file is unchanged"
        )
    );
    assert_eq!(dir.names(), ["state"], "no temporary file is left");

    let failed = replace(Path::new("/no/such/state"), b"new").unwrap_err();
    assert_eq!(failed.kind(), std::io::ErrorKind::NotFound);
    let text = failed.to_string();
    assert!(
        text.starts_with("can not create /no/such/state.new-"),
        "{text}"
    );
    assert!(
        text.ends_with(": no such file or directory; the old file is unchanged"),
        "{text}"
    );
    let failed = replace(Path::new("/"), b"new").unwrap_err().to_string();
    assert_eq!(failed, "can not write /: it names no file");
}

#[test]
fn damaged_files_are_kept_under_names_of_their_own() {
    let dir = Folder::new("aside");
    let path = dir.0.join("state");
    let mut new = Vec::new();
    for n in 0..3 {
        fs::write(&path, format!("damaged {n}")).unwrap();
        new.push(set_aside(&path).unwrap());
        assert!(!path.exists());
    }
    for (n, name) in new.iter().enumerate() {
        assert_eq!(fs::read_to_string(name).unwrap(), format!("damaged {n}"));
        let text = name.file_name().unwrap().to_str().unwrap();
        assert!(
            text.starts_with("state.damaged-20") && text.contains("Z-"),
            "{text}"
        );
    }
    let failed = set_aside(&path).unwrap_err().to_string();
    assert!(
        failed.ends_with("state: no such file or directory; it is where it was"),
        "{failed}"
    );
}

#[test]
fn a_second_daemon_is_told_who_holds_the_pid_file() {
    let dir = Folder::new("pid");
    let path = dir.0.join("faild.pid");
    let first = PidFile::create(&path).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), own_number() + "\n");
    let refused = PidFile::create(&path).unwrap_err();
    assert!(matches!(refused, PidFileError::Held { .. }));
    assert_eq!(
        refused.to_string(),
        format!(
            "{} is held by process {}: it is running already",
            path.display(),
            own_number()
        )
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), own_number() + "\n");
    drop(first);
    assert!(!path.exists());
    drop(PidFile::create(&path).unwrap());
}

#[test]
fn who_may_only_read_the_pid_file_can_not_keep_its_daemon_out() {
    let dir = Folder::new("flock");
    let path = dir.0.join("pid");
    fs::write(&path, "").unwrap();
    let file = fs::File::open(&path).unwrap();
    let lock = Flock::lock(file, FlockArg::LockExclusiveNonblock).unwrap();
    drop(PidFile::create(&path).unwrap());
    drop(lock);
}

#[test]
fn only_regular_files_are_read() {
    let dir = Folder::new("read");
    let (file, fifo) = (dir.0.join("file"), dir.0.join("fifo"));
    fs::write(&file, "content").unwrap();
    assert_eq!(read(&file).unwrap(), b"content");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    for path in [&fifo, &dir.0] {
        let refused = read(path).unwrap_err();
        assert_eq!(refused.to_string(), "it is not a regular file");
    }
}

#[test]
fn the_number_of_a_dead_daemon_holds_nobody_up() {
    let dir = Folder::new("stale");
    let path = dir.0.join("pid");
    fs::write(&path, "4194304000\n").unwrap();
    let file = PidFile::create(&path).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), own_number() + "\n");
    drop(file);
}

#[test]
fn what_is_no_pid_file_is_left_alone() {
    let dir = Folder::new("foreign");
    let (file, link, folder) = (dir.0.join("file"), dir.0.join("link"), dir.0.join("folder"));
    fs::write(&file, "important").unwrap();
    fs::create_dir(&folder).unwrap();
    symlink(&file, &link).unwrap();
    for (path, why) in [
        (&file, "it holds something other than a number"),
        (&link, "it is a symbolic link"),
        (&folder, "it is a directory"),
        (&PathBuf::from("/dev/null"), "it is not a regular file"),
    ] {
        let refused = PidFile::create(path).unwrap_err();
        assert!(matches!(refused, PidFileError::Foreign { .. }), "{refused}");
        assert!(refused.to_string().ends_with(why), "{refused}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "important");
    let refused = PidFile::create(Path::new("/no/such/pid"))
        .unwrap_err()
        .to_string();
    assert_eq!(
        refused,
        "can not write pid file /no/such/pid: no such file or directory"
    );
}

#[test]
fn a_pid_file_that_is_not_ours_any_more_stays() {
    let dir = Folder::new("replaced");
    let path = dir.0.join("pid");
    let file = PidFile::create(&path).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, "1\n").unwrap();
    drop(file);
    assert_eq!(fs::read_to_string(&path).unwrap(), "1\n");
}

#[test]
fn a_file_that_is_too_long_is_not_read() {
    let folder = Folder::new("long");
    let path = folder.0.join("file");
    fs::write(&path, "0123456789").unwrap();
    assert_eq!(read_with_metadata(&path, 10).unwrap().0, b"0123456789");
    let error = read_with_metadata(&path, 9).unwrap_err();
    assert_eq!(error.to_string(), "it has more than 9 bytes");
    // Of a file system that does not tell how long it is.
    let endless = read_with_metadata(Path::new("/proc/self/status"), 9).unwrap_err();
    assert_eq!(endless.to_string(), "it has more than 9 bytes");
    // It takes no room, and as much memory as it has bytes.
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_len(OWN_BYTES_MAX as u64 + 1).unwrap();
    assert!(read(&path).is_err());
}
