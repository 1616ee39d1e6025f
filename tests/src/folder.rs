//! A folder of a test's own, gone when the test ends, however it ends.

#![expect(clippy::panic, reason = "a test without its folder has failed")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A temporary folder.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// A new one, empty, that other users may look into.
    pub fn new() -> Folder {
        let no = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("failover-test-{}-{no}", std::process::id());
        let path = std::env::temp_dir().join(name);
        // Left by an earlier process of the same number that was killed.
        let _ = fs::remove_dir_all(&path);
        let made = fs::create_dir(&path)
            .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)));
        made.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        Folder(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A path inside, as text.
    pub fn file(&self, name: &str) -> String {
        self.0.join(name).to_string_lossy().into_owned()
    }

    /// Writes a file that only its owner may read. Gives its path as text.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        let written = fs::write(&path, content)
            .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o600)));
        written.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        self.file(name)
    }

    /// The names of what is inside, in their order.
    pub fn names(&self) -> Vec<String> {
        let paths = crate::tree::list(&self.0);
        paths.iter().map(|path| crate::tree::name(path)).collect()
    }
}

impl Default for Folder {
    fn default() -> Folder {
        Folder::new()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
