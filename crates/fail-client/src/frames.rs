//! Messages out of a connection: each is its length, a u16, and then so many bytes.
//!
//! No socket is known here: who has one puts in what came, however it was cut, and takes out
//! whole messages. At most one message and what came with its end is kept.

/// What has come and was not taken out yet.
#[derive(Debug, Default)]
pub struct Frames {
    input: Vec<u8>,
}

impl Frames {
    /// Some bytes came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// The next whole message, if there is one.
    pub fn take(&mut self) -> Option<Vec<u8>> {
        let (length, rest) = self.input.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        let message = rest.get(..length)?.to_vec();
        self.input.drain(..2 + length);
        Some(message)
    }

    /// The connection is another one: what came by the last one counts no more.
    pub fn clear(&mut self) {
        self.input.clear();
    }
}
