//! Reading and writing the primitive fields. Numbers are big-endian; a text is its length
//! in one byte, then its UTF-8.

use crate::name::Name;
use crate::text::Reason;

/// Why bytes are not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Bad {
    /// It ends before a field does.
    #[error("it ends too early")]
    Short,
    /// It does not begin as a message does.
    #[error("it does not begin with \"FO\"")]
    Magic,
    /// A version this program does not speak.
    #[error("its version is unknown")]
    Version,
    /// A type this program does not know.
    #[error("its type is unknown")]
    Type,
    /// A name that is none.
    #[error("a name in it is not legal")]
    Name,
    /// A reason that is not one line of UTF-8.
    #[error("a text in it is not legal")]
    Text,
    /// A state that is none.
    #[error("a state in it is unknown")]
    State,
    /// A kind of figures that is none.
    #[error("it asks for figures of an unknown kind")]
    Kind,
}

/// Takes fields off the front of some bytes.
pub(crate) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], Bad> {
        let (head, rest) = self.0.split_at_checked(n).ok_or(Bad::Short)?;
        self.0 = rest;
        Ok(head)
    }

    fn number(&mut self, bytes: usize) -> Result<u64, Bad> {
        Ok(self
            .take(bytes)?
            .iter()
            .fold(0, |n, b| n << 8 | u64::from(*b)))
    }

    pub fn u8(&mut self) -> Result<u8, Bad> {
        Ok(self.number(1)? as u8)
    }

    pub fn u16(&mut self) -> Result<u16, Bad> {
        Ok(self.number(2)? as u16)
    }

    pub fn u32(&mut self) -> Result<u32, Bad> {
        Ok(self.number(4)? as u32)
    }

    pub fn u64(&mut self) -> Result<u64, Bad> {
        self.number(8)
    }

    /// A number of things that follow, each of so many bytes at least: one that can not be
    /// true gets no memory.
    pub fn count(&mut self, bytes_each: usize) -> Result<u16, Bad> {
        let count = self.u16()?;
        match usize::from(count) > self.0.len() / bytes_each {
            true => Err(Bad::Short),
            false => Ok(count),
        }
    }

    pub fn text(&mut self) -> Result<&'a str, Bad> {
        let len = self.u8()?;
        std::str::from_utf8(self.take(usize::from(len))?).map_err(|_| Bad::Text)
    }

    pub fn name(&mut self) -> Result<Name, Bad> {
        Name::new(self.text()?).map_err(|_| Bad::Name)
    }

    pub fn reason(&mut self) -> Result<Reason, Bad> {
        Reason::exact(self.text()?).ok_or(Bad::Text)
    }
}

/// Puts fields at the end of some bytes.
pub(crate) struct Writer(pub Vec<u8>);

impl Writer {
    pub fn u8(&mut self, n: u8) {
        self.0.push(n);
    }

    pub fn u16(&mut self, n: u16) {
        self.0.extend(n.to_be_bytes());
    }

    pub fn u32(&mut self, n: u32) {
        self.0.extend(n.to_be_bytes());
    }

    pub fn u64(&mut self, n: u64) {
        self.0.extend(n.to_be_bytes());
    }

    /// Names and reasons are shorter than 256 bytes by their types.
    pub fn text(&mut self, text: &str) {
        self.u8(u8::try_from(text.len()).unwrap_or(u8::MAX));
        self.0.extend(text.bytes().take(usize::from(u8::MAX)));
    }
}
