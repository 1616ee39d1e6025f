//! Bytes as choices: each question takes a few bytes off the front.
//!
//! When there are no more, every answer is the first one (0, no, nothing), so that any bytes
//! are good for any number of questions and a longer input only says more. A byte means the
//! same wherever the questions before it were the same: that is what a fuzzer learns from.

/// What is left of the bytes.
#[derive(Debug, Clone)]
pub struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    /// All of them.
    pub fn new(data: &'a [u8]) -> Choices<'a> {
        Choices(data)
    }

    /// Whether everything that comes is 0.
    pub fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    /// What nobody has asked for.
    pub fn rest(self) -> &'a [u8] {
        self.0
    }

    /// So many bytes, or as many as there are.
    pub fn bytes(&mut self, len: usize) -> &'a [u8] {
        let (head, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        head
    }

    /// One byte.
    pub fn byte(&mut self) -> u8 {
        self.bytes(1).first().copied().unwrap_or(0)
    }

    /// Yes or no.
    pub fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// True about once in so many times.
    pub fn once_in(&mut self, times: u8) -> bool {
        let byte = self.byte();
        byte != 0 && byte % times.max(1) == 0
    }

    /// A number below `n`, which is 1 at least and 65,536 at most.
    pub fn below(&mut self, n: usize) -> usize {
        let (high, low) = match n {
            0..=256 => (0, self.byte()),
            _ => (self.byte(), self.byte()),
        };
        usize::from(u16::from_be_bytes([high, low])) % n.max(1)
    }

    /// One of these. There is one at least.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// A number: mostly a small one, else one near a border, else any.
    pub fn number(&mut self) -> u64 {
        match self.byte() {
            small @ 0..=199 => u64::from(small),
            200..=219 => u64::from(self.byte()) << 8 | u64::from(self.byte()),
            220..=229 => u64::MAX - u64::from(self.byte()),
            230..=234 => u64::from(u32::MAX) + u64::from(self.byte()),
            235..=239 => i64::MAX as u64 - 1 + u64::from(self.byte()),
            _ => self.bytes(8).iter().fold(0, |n, b| n << 8 | u64::from(*b)),
        }
    }

    /// The lower half of a number.
    pub fn half(&mut self) -> u32 {
        (self.number() & u64::from(u32::MAX)) as u32
    }

    /// A text of at most so many bytes; what is no UTF-8 becomes question marks.
    pub fn text(&mut self, longest: usize) -> String {
        let len = self.below(longest + 1);
        String::from_utf8_lossy(self.bytes(len)).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_question_takes_its_bytes_and_the_end_is_all_zeros() {
        let mut choices = Choices::new(&[7, 1, 2, 0, 3, b'a', b'b', b'c', 9]);
        assert_eq!(choices.number(), 7);
        assert_eq!(choices.pick(&["x", "y", "z"]), "y");
        assert_eq!(choices.below(1000), 512);
        assert_eq!(choices.text(10), "abc");
        assert_eq!(choices.clone().rest(), [9]);
        assert!(choices.flag() && choices.is_over());
        assert_eq!(
            (choices.byte(), choices.number(), choices.text(9)),
            (0, 0, String::new())
        );
    }
}
