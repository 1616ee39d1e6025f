//! Calls that block: names that are looked up, failds, files. Each has a thread of the one pool
//! that the runtime has, and nobody can end it there.
//!
//! So each kind has its own number of places, and waits for one before it takes a thread: a name
//! server that is silent holds up names, but no files and nothing that is asked by address. Who
//! waits for a place is a future, which is dropped with its check.

use tokio::sync::Semaphore;

/// Threads of the pool.
pub(crate) const THREADS: usize = 512;

/// Names that are looked up at once: a silent name server has each for some ten seconds.
const NAMES_MAX: usize = 192;

/// Failds that are asked at once: a silent one has its place for up to 24 seconds.
const FAILDS_MAX: usize = 192;

/// Files that are read at once: more would be needed only where a disk hangs.
const FILES_MAX: usize = 64;

// And what the system trusts, which is loaded by one for all.
const _: () = assert!(NAMES_MAX + FAILDS_MAX + FILES_MAX < THREADS);

/// Places for names: of checks, and of mail servers that are handed something.
pub(crate) static NAMES: Semaphore = Semaphore::const_new(NAMES_MAX);

/// Places for failds.
pub(crate) static FAILDS: Semaphore = Semaphore::const_new(FAILDS_MAX);

/// The place for the certificates that the system trusts.
pub(crate) static ROOTS: Semaphore = Semaphore::const_new(1);

/// Places for files.
pub(crate) static FILES: Semaphore = Semaphore::const_new(FILES_MAX);

/// Runs a call as soon as there is a place for it. The place is taken until the call has ended,
/// also when nobody waits for it any more.
///
/// # Errors
/// It ended in a panic.
pub(crate) async fn call<T: Send + 'static>(
    places: &'static Semaphore,
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    let place = places.acquire().await.map_err(|e| e.to_string())?;
    let called = tokio::task::spawn_blocking(move || {
        let _place = place;
        call()
    });
    called.await.map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use fail_conf::hcfile::check::{Family, Host};
    use tokio::time::timeout;

    use super::*;
    use crate::{file, net};

    /// Long enough to see that something waits.
    const MOMENT: Duration = Duration::from_millis(100);

    fn host(name: &str) -> Host {
        let name = name.to_string();
        Host { name, port: 80 }
    }

    #[tokio::test]
    async fn names_that_hang_hold_up_neither_addresses_nor_files() {
        // As many calls as there are places, of which nobody waits for the answer any more.
        let (end, ended) = channel::<()>();
        let ended = std::sync::Arc::new(std::sync::Mutex::new(ended));
        for _ in 0..NAMES_MAX {
            let ended = std::sync::Arc::clone(&ended);
            let hangs = call(&NAMES, move || {
                ended.lock().map(|ended| ended.recv()).is_ok()
            });
            assert!(timeout(Duration::from_millis(1), hangs).await.is_err());
        }
        assert_eq!(NAMES.available_permits(), 0);
        let (local, number) = (host("localhost"), host("127.0.0.1"));
        let name = timeout(MOMENT, net::addresses(&local, Family::Any)).await;
        assert!(name.is_err(), "it has no place: {name:?}");
        assert!(net::addresses(&number, Family::Any).await.is_ok());
        let own = Path::new(env!("CARGO_MANIFEST_PATH"));
        assert!(file::read(own, 1 << 20).await.is_ok());
        // They end: there are places again.
        drop(end);
        assert!(net::addresses(&local, Family::Any).await.is_ok());
    }
}
