//! What a faild has counted, and what its limits are.

use fail_wire::{AskFigures, Body, DATAGRAM_BYTES_MAX, Figure, Reason, What};

use crate::{Client, Error};

impl Client {
    /// All figures of this kind, with all pages, in the faild's own order. Their names are in
    /// plain words, and those of another version may be others.
    ///
    /// ```no_run
    /// # use fail_client::{Client, Options, What};
    /// # let mut client = Client::new("127.0.0.1:1847".parse().unwrap(), "public", Options::default())?;
    /// for figure in client.figures(What::Counters)? {
    ///     println!("{}: {}", figure.name, figure.value);
    /// }
    /// # Ok::<(), fail_client::Error>(())
    /// ```
    ///
    /// # Errors
    /// No answer, or a refusal; an older faild does not know the question.
    pub fn figures(&mut self, what: What) -> Result<Vec<Figure>, Error> {
        let mut all: Vec<Figure> = Vec::new();
        loop {
            let after = all.last().map(|figure| figure.name.clone());
            let after = after.unwrap_or_else(|| Reason::new(""));
            let ask = Body::AskFigures(AskFigures { what, after });
            let page = match self.ask(&ask, DATAGRAM_BYTES_MAX)? {
                Body::Figures(page) => page,
                other => return Err(self.odd(other)),
            };
            // Each page brings a name that was not there, or they would never end.
            let is_new = |figure: &Figure| all.iter().all(|known| known.name != figure.name);
            if page.more && !page.figures.last().is_some_and(is_new) {
                return Err(self.endless());
            }
            all.extend(page.figures);
            if !page.more {
                return Ok(all);
            }
        }
    }
}
