//! A thread in which tasks run side by side, each a future with a number.
//!
//! What comes from the network can be so odd that a library gives up in a panic, which must not
//! be the end of all others: it is the end of its task.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::AbortHandle;

type Task<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What the thread is told.
enum Ask<T> {
    Run(u64, Task<T>),
    Drop(u64),
    Ended(u64),
}

/// The thread. It ends when this is dropped.
pub struct Tasks<T> {
    ask: mpsc::UnboundedSender<Ask<T>>,
}

impl<T: Send + 'static> Tasks<T> {
    /// Starts the thread, with so many places for calls that block. `tell` is called there, once
    /// for each task that was not dropped, with what came of it; nothing: it broke off in a
    /// panic.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn start(
        name: &str,
        blocking: usize,
        tell: impl Fn(u64, Option<T>) + Send + Sync + 'static,
    ) -> io::Result<Tasks<T>> {
        let (ask, asked) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(blocking)
            .build()?;
        let weak = ask.downgrade();
        let thread = std::thread::Builder::new().name(name.to_string());
        thread.spawn(move || {
            runtime.block_on(serve(asked, weak, Arc::new(tell)));
            // A call that blocks is not waited for.
            runtime.shutdown_background();
        })?;
        Ok(Tasks { ask })
    }

    /// Runs one. It has to see to its deadline itself.
    pub fn run(&self, number: u64, task: impl Future<Output = T> + Send + 'static) {
        // The thread ends only when nobody can ask any more.
        let _ = self.ask.send(Ask::Run(number, Box::pin(task)));
    }

    /// Nobody waits for this one any more: it is dropped, and `tell` not called for it, if it was
    /// not yet.
    pub fn forget(&self, number: u64) {
        let _ = self.ask.send(Ask::Drop(number));
    }
}

impl<T> fmt::Debug for Tasks<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tasks")
    }
}

/// Takes what is asked until nobody can ask any more.
async fn serve<T: Send + 'static>(
    mut asked: mpsc::UnboundedReceiver<Ask<T>>,
    ask: mpsc::WeakUnboundedSender<Ask<T>>,
    tell: Arc<impl Fn(u64, Option<T>) + Send + Sync + 'static>,
) {
    let mut running: BTreeMap<u64, AbortHandle> = BTreeMap::new();
    while let Some(next) = asked.recv().await {
        match next {
            Ask::Drop(number) => {
                running.remove(&number).inspect(AbortHandle::abort);
            }
            Ask::Ended(number) => {
                running.remove(&number);
            }
            Ask::Run(number, task) => {
                let (tell, ask) = (tell.clone(), ask.clone());
                let task = tokio::spawn(task);
                running.insert(number, task.abort_handle());
                tokio::spawn(async move {
                    match task.await {
                        Ok(done) => tell(number, Some(done)),
                        Err(e) if e.is_cancelled() => {}
                        Err(_) => tell(number, None),
                    }
                    ask.upgrade().map(|ask| ask.send(Ask::Ended(number)));
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{RecvTimeoutError, channel};
    use std::time::Duration;

    use super::*;

    /// Only a broken thread takes so long.
    const LIMIT: Duration = Duration::from_secs(30);

    #[test]
    fn a_panic_is_the_end_of_its_task_and_a_dropped_one_is_no_answer() {
        let (tell, told) = channel();
        let tasks = Tasks::start("test", 1, move |number, done| {
            let _ = tell.send((number, done));
        });
        let tasks = tasks.unwrap();
        tasks.run(1, std::future::pending());
        tasks.run(2, async { panic!("this is part of the test") });
        assert_eq!(told.recv_timeout(LIMIT), Ok((2, None)));
        tasks.forget(1);
        tasks.run(3, async { "done" });
        assert_eq!(told.recv_timeout(LIMIT), Ok((3, Some("done"))));
        drop(tasks);
        // The thread has ended, and has told nothing more.
        let ended = Err(RecvTimeoutError::Disconnected);
        assert_eq!(told.recv_timeout(LIMIT), ended);
    }
}
