//! What a live page shows, part by part, each with the number of the drawing in which it became
//! so: a reader who has seen one drawing is sent what differs now, whatever was in between.
//!
//! Nothing waits for a slow reader, and nothing is kept for him.

use crate::web::parts::Section;

/// A section, as it was drawn.
#[derive(Debug)]
struct Drawn {
    section: Section,
    /// Since which drawing its frame and the order of its parts are so.
    framed: u64,
    /// Since which drawing each part is so.
    parts: Vec<u64>,
}

/// All sections.
#[derive(Debug, Default)]
pub struct Draft {
    number: u64,
    drawn: Vec<Drawn>,
}

impl Draft {
    /// The number of the last drawing in which something changed; 0: there was none.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Takes a new drawing. Says whether something changed.
    pub fn take(&mut self, sections: Vec<Section>) -> bool {
        let number = self.number + 1;
        let mut old = std::mem::take(&mut self.drawn).into_iter();
        let mut changed = false;
        for section in sections {
            // The sections are always the same ones, in the same order.
            let before = old.next().filter(|old| old.framed_as(&section));
            let drawn = match before {
                None => Drawn {
                    parts: vec![number; section.parts.len()],
                    framed: number,
                    section,
                },
                Some(before) => before.renewed(section, number),
            };
            changed |= drawn.is_of(number);
            self.drawn.push(drawn);
        }
        if changed {
            self.number = number;
        }
        changed
    }

    /// What differs from that drawing: elements, each with its `id`. A number that is not ours
    /// is that of another life: then everything does.
    pub fn since(&self, number: u64) -> Vec<(&str, String)> {
        let number = if number > self.number { 0 } else { number };
        let mut news = Vec::new();
        for drawn in &self.drawn {
            if drawn.framed > number {
                news.push((drawn.section.id, drawn.section.whole()));
                continue;
            }
            let parts = drawn.section.parts.iter().zip(&drawn.parts);
            let newer = parts.filter(|(_, since)| **since > number);
            news.extend(newer.map(|(part, _)| (part.id.as_str(), part.html.clone())));
        }
        news
    }
}

impl Drawn {
    fn framed_as(&self, new: &Section) -> bool {
        let old = &self.section;
        let parts = old.parts.iter().zip(&new.parts);
        (old.id, &old.head, &old.tail) == (new.id, &new.head, &new.tail)
            && old.parts.len() == new.parts.len()
            && parts.into_iter().all(|(old, new)| old.id == new.id)
    }

    fn renewed(self, section: Section, number: u64) -> Drawn {
        let old = self.section.parts.iter().zip(self.parts);
        let parts = old.zip(&section.parts);
        let since = parts.map(|((old, since), new)| if old == new { since } else { number });
        Drawn {
            parts: since.collect(),
            framed: self.framed,
            section,
        }
    }

    fn is_of(&self, number: u64) -> bool {
        self.framed == number || self.parts.contains(&number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::parts::Part;

    fn section(head: &str, parts: &[(&str, &str)]) -> Section {
        let part = |(id, html): &(&str, &str)| Part {
            id: (*id).to_string(),
            html: (*html).to_string(),
        };
        Section {
            id: "s",
            head: head.to_string(),
            parts: parts.iter().map(part).collect(),
            tail: ".".to_string(),
        }
    }

    fn news(draft: &Draft, number: u64) -> Vec<String> {
        draft
            .since(number)
            .into_iter()
            .map(|(_, html)| html)
            .collect()
    }

    #[test]
    fn a_reader_is_told_what_differs_from_what_he_saw() {
        let mut draft = Draft::default();
        assert!(draft.take(vec![section("h", &[("a", "1"), ("b", "1")])]));
        assert_eq!(news(&draft, 0), ["h11."]);
        assert_eq!(news(&draft, 1), [""; 0]);
        assert!(!draft.take(vec![section("h", &[("a", "1"), ("b", "1")])]));
        assert_eq!(draft.number(), 1);
        assert!(draft.take(vec![section("h", &[("a", "2"), ("b", "1")])]));
        assert!(draft.take(vec![section("h", &[("a", "3"), ("b", "2")])]));
        assert_eq!(news(&draft, 1), ["3", "2"]);
        assert_eq!(news(&draft, 2), ["3", "2"]);
        assert!(draft.take(vec![section("h", &[("a", "3"), ("b", "4")])]));
        assert_eq!(news(&draft, 3), ["4"]);
        // Another order or another frame is told as a whole.
        assert!(draft.take(vec![section("h", &[("b", "4"), ("a", "3")])]));
        assert_eq!(news(&draft, 4), ["h43."]);
        assert!(draft.take(vec![section("k", &[("b", "4"), ("a", "3")])]));
        assert_eq!(news(&draft, 5), ["k43."]);
        assert_eq!(news(&draft, 99), ["k43."]);
    }
}
