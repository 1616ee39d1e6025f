//! One page of an answer: records until the room of the request is used up.

use fail_wire::Record;

/// What is in it so far.
#[derive(Debug)]
pub(super) struct Page {
    room: usize,
    records: Vec<Record>,
    /// The bytes of the record that found no room.
    next: Option<usize>,
}

impl Page {
    /// An empty page of so many bytes.
    pub fn new(room: usize) -> Page {
        Page {
            room,
            records: Vec::new(),
            next: None,
        }
    }

    /// Takes records as long as there is room, and looks at no more than one beyond that.
    pub fn fill(&mut self, records: impl Iterator<Item = Record>) {
        for record in records {
            let bytes = record.wire_bytes();
            if bytes > self.room {
                self.next = Some(bytes);
                return;
            }
            self.room -= bytes;
            self.records.push(record);
        }
    }

    /// The bytes of a first record for which there is no room.
    pub fn too_long_for_the_first(&self) -> Option<usize> {
        self.next.filter(|_| self.records.is_empty())
    }

    /// The records, and whether there are more.
    pub fn done(self) -> (Vec<Record>, bool) {
        (self.records, self.next.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::entry;
    use fail_wire::Name;

    #[test]
    fn a_page_looks_at_one_record_more_than_it_holds() {
        let record = entry::unknown(&Name::new("web").unwrap(), 0);
        let mut looked_at = 0;
        let records = (0..10_000).map(|_| {
            looked_at += 1;
            record.clone()
        });
        let mut page = Page::new(record.wire_bytes() * 20 + 1);
        page.fill(records);
        let (held, more) = page.done();
        assert_eq!((held.len(), more), (20, true));
        assert_eq!(looked_at, 21);
    }
}
