//! Where an Hcfile is read from: files, by names that are meant from the directory in which hc
//! was started.
//!
//! Who may write such a file has programs run by whoever reads it: as root hc does not read one
//! that others may write, and as anybody else it warns.

use std::cell::{Cell, RefCell};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use fail_cli::exit;
use fail_conf::hcfile::limits::BYTES_MAX;
use fail_conf::hcfile::window::Minute;
use fail_conf::hcfile::{self, Hcfile, Source, Use};
use fail_core::time::Wall;
use fail_core::watch::{Bad, Event, Target, Targets};
use fail_rt::{clock, daemon, files, reason};

use crate::windows;

/// In the mode of a file: others may write it.
const OTHERS_WRITE: u32 = 0o002;

/// In the mode of a file: its group may write it.
const GROUP_WRITES: u32 = 0o020;

/// An Hcfile, and where it is read from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// As it was given.
    pub name: String,
    /// Where names are meant from.
    pub base: PathBuf,
}

/// An Hcfile that was read.
pub struct Loaded {
    /// What is in it.
    pub hcfile: Hcfile,
    /// What the machine is to work with.
    pub targets: Targets,
    /// What is worth a look.
    pub warnings: Vec<String>,
    /// How many files that were.
    pub files: usize,
}

/// Why an Hcfile can not be used.
#[derive(Debug, Clone)]
pub struct Broken {
    /// All that is wrong with it, a line each, with words of the file.
    pub all: String,
    /// What everybody may know.
    pub public: String,
    /// With which a program ends that needs it.
    pub code: u8,
}

impl Origin {
    /// Reads it.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn load(&self) -> Result<Loaded, Broken> {
        let files = Files {
            base: &self.base,
            user: daemon::user_id(),
            warnings: RefCell::default(),
            count: RefCell::default(),
            refused: Cell::default(),
            now: clock::now().wall,
        };
        let read = hcfile::parse(&self.name, &files).map_err(|errors| Broken {
            all: errors.to_string(),
            public: errors.public(),
            // One that it will not read stays so until somebody does something about it.
            code: match errors.unread && !files.refused.get() {
                true => exit::IOERR,
                false => exit::DATA,
            },
        });
        let (hcfile, faults) = read?;
        let mut warnings = files.warnings.into_inner();
        warnings.extend(faults.iter().map(ToString::to_string));
        let targets = targets(&hcfile).map_err(|bad| Broken {
            all: bad.to_string(),
            public: "its targets can not be used".to_string(),
            code: exit::DATA,
        })?;
        Ok(Loaded {
            hcfile,
            targets,
            warnings,
            files: files.count.into_inner(),
        })
    }
}

/// What the machine is to work with: a round of checks ends when the last of them has to, and
/// wishes are told every change.
///
/// # Errors
/// They can not be used, which the Hcfile should have been refused for.
fn targets(hcfile: &Hcfile) -> Result<Targets, Bad> {
    let longest = |target: &Target| {
        let body = hcfile.bodies.get(&target.name);
        let lines = body.iter().flat_map(|body| &body.checks);
        let timeouts = lines.map(|line| line.terms.timeout.unwrap_or(target.pace.timeout));
        timeouts.max().unwrap_or(target.pace.timeout)
    };
    let targets = hcfile.targets.iter().map(|target| {
        let mut target = target.clone();
        target.pace.timeout = longest(&target);
        for line in target.lines.iter_mut().filter(|line| line.newest) {
            line.on.insert(Event::Change);
        }
        target
    });
    Targets::new(targets.collect())
}

struct Files<'a> {
    base: &'a Path,
    user: u32,
    warnings: RefCell<Vec<String>>,
    count: RefCell<usize>,
    /// A file is not read because of who may write it.
    refused: Cell<bool>,
    now: Wall,
}

impl Source for Files<'_> {
    fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        let path = self.base.join(name);
        let read = files::read_with_metadata(&path, BYTES_MAX);
        let (bytes, data) = read.map_err(|e| reason::words(&e))?;
        *self.count.borrow_mut() += 1;
        if let Some(why) = untrusted(&data, self.user) {
            if self.user == 0 {
                self.refused.set(true);
                return Err(format!("as root hc does not read it: {why}"));
            }
            self.warnings.borrow_mut().push(format!("{name}: {why}"));
        }
        Ok(bytes)
    }

    fn list(&self, pattern: &str) -> Result<Vec<String>, String> {
        let (folder, last) = hcfile::split(pattern);
        let entries = match std::fs::read_dir(self.base.join(folder)) {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(reason::words(&e)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|e| reason::words(&e))?;
            // A name that is no text can not be written in an Hcfile.
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if hcfile::fits(last, &name) {
                names.push(format!("{folder}{name}"));
            }
        }
        names.sort();
        Ok(names)
    }

    fn path(&self, path: &str) -> String {
        self.base.join(path).to_string_lossy().into_owned()
    }

    fn is_there(&self, path: &str) -> bool {
        // Where hc may not look, the program may be.
        self.base.join(path).try_exists().unwrap_or(true)
    }

    fn finds(&self, program: &str) -> bool {
        let Some(path) = std::env::var_os("PATH") else {
            return true;
        };
        let mut folders = std::env::split_paths(&path);
        folders.any(|folder| folder.join(program).try_exists().unwrap_or(true))
    }

    fn unusable(&self, path: &str, what: Use) -> Option<String> {
        fail_probe::unusable(&self.base.join(path), what)
    }

    fn now(&self, utc: bool) -> Option<Minute> {
        windows::minute(self.now, utc)
    }
}

/// Why somebody else may have changed such a file, for a hc that runs as `user`.
fn untrusted(data: &Metadata, user: u32) -> Option<String> {
    let (mode, owner) = (data.mode(), data.uid());
    if mode & OTHERS_WRITE != 0 {
        return Some("every user of this host may write it; chmod o-w it".to_string());
    }
    if mode & GROUP_WRITES != 0 && data.gid() != 0 {
        return Some("its group may write it; chmod g-w it".to_string());
    }
    if owner != 0 && owner != user {
        return Some(format!(
            "it belongs to user {owner}, who is neither root nor the user of hc ({user}); \
             chown it"
        ));
    }
    None
}
