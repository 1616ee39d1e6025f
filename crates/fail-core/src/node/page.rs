//! One page of an answer: records, or whatever it has of one kind, until the room of the
//! request is used up.

/// What is in it so far.
#[derive(Debug)]
pub(super) struct Page<T> {
    /// Bytes of an answer with nothing in it.
    empty: usize,
    /// Bytes that one of them takes.
    bytes: fn(&T) -> usize,
    /// What is left; nothing: there is no room even for an empty answer.
    room: Option<usize>,
    held: Vec<T>,
    /// The bytes of the one that found no room.
    next: Option<usize>,
}

impl<T> Page<T> {
    /// An empty page in an answer of so many bytes.
    pub fn new(room: usize, empty: usize, bytes: fn(&T) -> usize) -> Page<T> {
        Page {
            empty,
            bytes,
            room: room.checked_sub(empty),
            held: Vec::new(),
            next: None,
        }
    }

    /// Takes them as long as there is room, and looks at no more than one beyond that.
    pub fn fill(&mut self, all: impl Iterator<Item = T>) {
        let mut left = self.room.unwrap_or(0);
        for one in all {
            let bytes = (self.bytes)(&one);
            if bytes > left {
                self.next = Some(bytes);
                break;
            }
            left -= bytes;
            self.held.push(one);
        }
        self.room = self.room.map(|_| left);
    }

    /// How long the answer would have to be at least, if it is too short for anything.
    pub fn wants(&self) -> Option<usize> {
        let first = self.next.filter(|_| self.held.is_empty());
        match self.room {
            None => Some(self.empty),
            Some(_) => first.map(|bytes| self.empty + bytes),
        }
    }

    /// What it holds, and whether there is more.
    pub fn done(self) -> (Vec<T>, bool) {
        (self.held, self.next.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::entry;
    use fail_wire::{Name, Record};

    #[test]
    fn a_page_looks_at_one_record_more_than_it_holds() {
        let record = entry::unknown(&Name::new("web").unwrap(), 0);
        let mut looked_at = 0;
        let records = (0..10_000).map(|_| {
            looked_at += 1;
            record.clone()
        });
        let mut page = Page::new(record.wire_bytes() * 20 + 1, 0, Record::wire_bytes);
        page.fill(records);
        let (held, more) = page.done();
        assert_eq!((held.len(), more), (20, true));
        assert_eq!(looked_at, 21);
    }
}
