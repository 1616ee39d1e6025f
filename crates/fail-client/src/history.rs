//! What happened to a service lately.

use fail_wire::{AskHistory, Body, DATAGRAM_BYTES_MAX, Name, Past};

use crate::{Client, Error};

impl Client {
    /// The last changes of a service that its faild remembers, with all pages, the newest
    /// first; none, if it remembers none or the community may not read the service.
    ///
    /// ```no_run
    /// # use fail_client::{Client, Options};
    /// # let mut client = Client::new("127.0.0.1:1847".parse().unwrap(), "public", Options::default())?;
    /// let web = "web".parse().unwrap();
    /// for past in client.history(&web)?.iter().rev() {
    ///     println!("{} since version {}: {}", past.state, past.version, past.reason);
    /// }
    /// # Ok::<(), fail_client::Error>(())
    /// ```
    ///
    /// # Errors
    /// No answer, or a refusal; an older faild does not know the question.
    pub fn history(&mut self, name: &Name) -> Result<Vec<Past>, Error> {
        let mut all: Vec<Past> = Vec::new();
        loop {
            let before = all.last().map_or(0, |past| past.version);
            let name = name.clone();
            let ask = Body::AskHistory(AskHistory { name, before });
            let page = match self.ask(&ask, DATAGRAM_BYTES_MAX)? {
                Body::History(page) => page,
                other => return Err(self.odd(other)),
            };
            // Each page ends before the last one, or they would never end.
            let last = page.entries.last().map(|past| past.version);
            if page.more && last.is_none_or(|last| last == 0 || (before != 0 && last >= before)) {
                return Err(self.endless());
            }
            all.extend(page.entries);
            if !page.more {
                return Ok(all);
            }
        }
    }
}
