//! The community file: read at the start and with each SIGHUP, and looked at as a keeper of
//! keys. Whoever may read it has the keys, and whoever may write it makes them; so each of
//! those who should not is warned about. What the rules mean is in `fail_core::access`.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use fail_cli::{Failure, exit};
use fail_conf::community;
use fail_core::access::Access;
use fail_rt::log::Log;
use fail_rt::{daemon, files, reason};

/// Others may read it.
const OTHERS_READ: u32 = 0o004;

/// Others may write it.
const OTHERS_WRITE: u32 = 0o002;

/// Its group may write it.
const GROUP_WRITES: u32 = 0o020;

/// Bytes of such a file. One with all communities and rules that there can be has a tenth.
const BYTES_MAX: usize = 16 << 20;

/// Where it is.
pub struct CommunityFile {
    path: PathBuf,
    /// Only in its directory may be read.
    bound: bool,
}

impl CommunityFile {
    /// This file, which the sandbox lets us read in its directory only, if there is one.
    pub fn new(path: PathBuf, bound: bool) -> CommunityFile {
        CommunityFile { path, bound }
    }

    /// Reads who may do what.
    pub fn read(&self, log: &Log) -> Result<Access, Failure> {
        let file = self.path.display();
        let (bytes, data) = files::read_with_metadata(&self.path, BYTES_MAX).map_err(|e| {
            let (why, hint) = (reason::words(&e), self.hint(&e));
            let sentence = format!("can not read community file {file}: {why}{hint}");
            Failure::new(exit::IOERR, sentence)
        })?;
        let text = String::from_utf8(bytes).map_err(|e| {
            let good = &e.as_bytes()[..e.utf8_error().valid_up_to()];
            let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
            Failure::new(exit::DATA, format!("{file}:{line}: it is not UTF-8 text"))
        })?;
        if text.starts_with('\u{feff}') {
            let sentence = format!("{file}:1: it begins with a byte order mark; remove it");
            return Err(Failure::new(exit::DATA, sentence));
        }
        for warning in warnings(&data, daemon::user_id()) {
            log.facility("access")
                .warn(format_args!("{file}: {warning}"));
        }
        community::parse(&text).map_err(|bad| {
            Failure::new(exit::DATA, format!("{file}:{}: {}", bad.line, bad.problem))
        })
    }

    /// How this file is called.
    pub fn shown(&self) -> impl std::fmt::Display {
        self.path.display()
    }

    fn hint(&self, error: &io::Error) -> &'static str {
        match self.bound && error.kind() == io::ErrorKind::PermissionDenied {
            true => {
                " (since its start faild may only read in the directory in which the file was \
                 then, see --no-sandbox)"
            }
            false => "",
        }
    }
}

/// What is wrong with who may read and write such a file, for a faild that runs as `user`.
fn warnings(data: &Metadata, user: u32) -> Vec<String> {
    let (mode, owner) = (data.mode(), data.uid());
    let mut warnings = Vec::new();
    if mode & OTHERS_READ != 0 {
        warnings.push("every user of this host may read it; chmod o-r it".to_owned());
    }
    if mode & OTHERS_WRITE != 0 {
        warnings.push("every user of this host may write it; chmod o-w it".to_owned());
    }
    if mode & GROUP_WRITES != 0 {
        warnings.push("its group may write it; chmod g-w it".to_owned());
    }
    if owner != 0 && owner != user {
        let text = format!(
            "it belongs to user {owner}, who is neither root nor the user of faild ({user}); \
             chown it"
        );
        warnings.push(text);
    }
    warnings
}
