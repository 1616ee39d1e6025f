//! The wish that a drill makes, and takes back whatever happens: even when the drill itself
//! breaks, with the end of this value.

use std::time::Instant;

use fail_client::{Client, Error, Failure, Wanted};
use fail_wire::{Change, Code, Marks, Name, Reason, Record, State};

/// The reason that stands with the wish.
pub const REASON: &str = "away: drill";

/// The reason when it is taken back.
const BACK: &str = "back: drill";

/// A service that may be wished away on one host.
pub struct Wish {
    client: Client,
    service: Name,
    /// It was made, or may have been.
    is_made: bool,
}

impl Wish {
    /// Nothing is wished yet.
    pub fn new(client: Client, service: &Name) -> Wish {
        Wish {
            client,
            service: service.clone(),
            is_made: false,
        }
    }

    /// Whether this community may change the service: tries a change for another run of the
    /// faild, which can not take effect. Rights are looked at first.
    pub fn may(&mut self) -> Result<(), Error> {
        let (record, nonce) = self.client.read_one(&self.service)?;
        let change = Change {
            nonce: !nonce,
            version: record.version,
            name: self.service.clone(),
            state: None,
            set: Marks(0),
            clear: Marks(0),
            reason: Reason::new(REASON),
            interval_ms: 0,
        };
        match self.client.change_exactly(&change) {
            Err(error) if error.code() == Some(Code::Nonce) => Ok(()),
            Err(error) => Err(error),
            Ok(_) => Ok(()),
        }
    }

    /// Makes it. An error may leave it made; then [`Wish::is_made`].
    pub fn make(&mut self) -> Result<Record, Error> {
        self.is_made = true;
        let made = self.client.change(&self.service, |_| Wanted {
            state: None,
            set: Marks::AWAY,
            clear: Marks(0),
            reason: Reason::new(REASON),
        });
        if let Err(Error::Refused { .. } | Error::Unreadable { .. }) = &made {
            let is_in_force = made.as_ref().err().map(Error::failure) == Some(Failure::NotStored);
            self.is_made = is_in_force;
        }
        made
    }

    /// Whether there may be something to take back.
    pub fn is_made(&self) -> bool {
        self.is_made
    }

    /// Takes it back, and says that the service could be brought up again; but not if its stop
    /// script failed. If it is not there any more, or somebody else has made it his own, nothing
    /// is changed. Asks until that moment if the faild does not answer, at least once, and not
    /// again when somebody does not want that.
    pub fn take_back(
        &mut self,
        until: Instant,
        enough: impl Fn() -> bool,
    ) -> Result<Record, Error> {
        loop {
            match self.once() {
                Err(error)
                    if error.failure() == Failure::NoAnswer
                        && Instant::now() < until
                        && !enough() => {}
                done => return done,
            }
        }
    }

    fn once(&mut self) -> Result<Record, Error> {
        let (record, _) = self.client.read_one(&self.service)?;
        if !record.marks.has(Marks::AWAY) || is_theirs(&record) {
            self.is_made = false;
            return Ok(record);
        }
        let done = self.client.change(&self.service, |record| {
            let is_clean = record.state == State::Fail && !stop_failed(record);
            if is_theirs(record) {
                return Wanted {
                    state: None,
                    set: Marks(0),
                    clear: Marks(0),
                    reason: record.reason.clone(),
                };
            }
            Wanted {
                state: is_clean.then_some(State::Recover),
                set: Marks(0),
                clear: Marks::AWAY,
                reason: match stop_failed(record) {
                    true => record.reason.clone(),
                    false => Reason::new(BACK),
                },
            }
        });
        match done {
            // In force, but not on disk; a faild that is started anew has the wish again.
            Err(error) if error.failure() != Failure::NotStored => Err(error),
            done => {
                self.is_made = false;
                done
            }
        }
    }
}

impl Drop for Wish {
    fn drop(&mut self) {
        if self.is_made {
            // Whoever gets here had no way to say anything, and there is none left.
            drop(self.once());
        }
    }
}

/// Whether somebody else wishes it away by now: he has given his own reason.
pub fn is_theirs(record: &Record) -> bool {
    let said = record.reason.as_str();
    record.marks.has(Marks::AWAY) && said.starts_with("away: ") && !said.starts_with(REASON)
}

/// Whether the stop script failed on the way: failsh adds its words to those of the wish.
pub fn stop_failed(record: &Record) -> bool {
    let said = record.reason.as_str().strip_prefix(REASON);
    record.state == State::Fail && said.is_some_and(|more| !more.is_empty())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::net::UdpSocket;
    use std::time::Duration;

    use fail_client::Options;

    use super::*;

    #[test]
    fn a_faild_that_is_silent_is_asked_until_the_moment_has_come_or_somebody_has_enough() {
        // Somebody has the port, so that no ICMP answers in its place; he only never reads.
        let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
        let options = Options {
            timeout: Duration::from_millis(1),
            ..Options::default()
        };
        let client = Client::new(silent.local_addr().unwrap(), "public", options).unwrap();
        let mut wish = Wish::new(client, &Name::new("web").unwrap());
        let asked = Cell::new(0);
        let third = || {
            asked.set(asked.get() + 1);
            asked.get() == 3
        };
        let hour = Instant::now() + Duration::from_secs(3600);
        let error = wish.take_back(hour, third).unwrap_err();
        assert_eq!((error.failure(), asked.get()), (Failure::NoAnswer, 3));
        // The moment is over: once more, and that was it.
        let error = wish.take_back(Instant::now(), third).unwrap_err();
        assert_eq!((error.failure(), asked.get()), (Failure::NoAnswer, 3));
    }

    #[test]
    fn what_became_of_the_wish_is_read_from_its_reason() {
        let record = |state, reason: &str| Record {
            name: Name::new("web").unwrap(),
            state,
            marks: Marks::AWAY,
            version: 4,
            age_ms: 1,
            last_change: 1,
            reason: Reason::new(reason),
        };
        let words = "away: drill; stop: device busy";
        assert!(stop_failed(&record(State::Fail, words)));
        assert!(!stop_failed(&record(State::Recover, words)));
        assert!(is_theirs(&record(State::Fail, "away: new disk")));
        for ours in [REASON, words, "away", "start: no master can serve"] {
            assert!(!is_theirs(&record(State::Fail, ours)), "{ours}");
        }
        for clean in [REASON, "away", "away: new disk"] {
            assert!(!stop_failed(&record(State::Fail, clean)), "{clean}");
        }
    }
}
