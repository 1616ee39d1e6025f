//! Targets below what they depend on, line by line: first those that depend on nothing, below
//! each those that depend on it, and so on.
//!
//! A target below several others stands in full below the first of them, and is only referred
//! to below the rest. Each target stands there once in full, also one of a circle, which no hc
//! has and a hostile one can say; nothing here is done by calling itself, so that no chain is
//! too long.

use std::collections::BTreeMap;

use fail_wire::health::TargetView;

/// A line of the forest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place<'a> {
    /// How many stand above it.
    pub depth: usize,
    /// The target.
    pub target: &'a TargetView,
    /// It was shown above, in full: this only says that it stands here, too.
    pub again: bool,
}

/// All lines, from the top to the bottom.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Forest<'a>(pub Vec<Place<'a>>);

impl<'a> Forest<'a> {
    /// These targets, those on one level in this order. What one depends on and is not among
    /// them counts as nothing.
    pub fn of(targets: impl IntoIterator<Item = &'a TargetView>) -> Forest<'a> {
        let all: Vec<&TargetView> = targets.into_iter().collect();
        let numbers = all.iter().enumerate();
        let numbers: BTreeMap<&str, usize> = numbers.map(|(n, t)| (t.name.as_str(), n)).collect();
        let mut below: Vec<Vec<usize>> = vec![Vec::new(); all.len()];
        let mut is_root = vec![true; all.len()];
        for (number, target) in all.iter().enumerate() {
            for name in &target.depends {
                let Some(on) = numbers.get(name.as_str()).copied() else {
                    continue;
                };
                // A name that stands there twice is one line.
                if on != number && below[on].last() != Some(&number) {
                    below[on].push(number);
                    is_root[number] = false;
                }
            }
        }
        let mut places = Vec::new();
        let mut seen = vec![false; all.len()];
        let roots = (0..all.len()).filter(|number| is_root[*number]);
        // Whoever is not below any of them is in a circle, or below one.
        for root in roots.chain(0..all.len()) {
            if seen[root] {
                continue;
            }
            let mut open = vec![(0, root)];
            while let Some((depth, number)) = open.pop() {
                let again = std::mem::replace(&mut seen[number], true);
                places.push(Place {
                    depth,
                    target: all[number],
                    again,
                });
                if !again {
                    let lower = below[number].iter().rev();
                    open.extend(lower.map(|lower| (depth + 1, *lower)));
                }
            }
        }
        Forest(places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(list: &[(&str, &[&str])]) -> Vec<TargetView> {
        let target = |(name, depends): &(&str, &[&str])| TargetView {
            name: (*name).to_string(),
            depends: depends.iter().map(|name| (*name).to_string()).collect(),
            ..TargetView::default()
        };
        list.iter().map(target).collect()
    }

    fn drawn(list: &[(&str, &[&str])]) -> String {
        let targets = targets(list);
        let lines = Forest::of(&targets).0.into_iter().map(|place| {
            let sign = if place.again { " again" } else { "" };
            format!("{}{}{sign}\n", " ".repeat(place.depth), place.target.name)
        });
        lines.collect()
    }

    #[test]
    fn each_stands_in_full_below_the_first_that_it_depends_on() {
        let text = drawn(&[
            ("dns", &["router"]),
            ("group", &["web-1", "web-2"]),
            ("lone", &["elsewhere"]),
            ("router", &[]),
            ("web-1", &["router", "dns", "router"]),
            ("web-2", &["router"]),
        ]);
        let is = "\
lone
router
 dns
  web-1
   group
 web-1 again
 web-2
  group again
";
        assert_eq!(text, is);
    }

    #[test]
    fn a_circle_is_drawn_once_round() {
        let text = drawn(&[
            ("a", &["c"]),
            ("b", &["a"]),
            ("c", &["b"]),
            ("d", &["c"]),
            ("self", &["self"]),
        ]);
        assert_eq!(text, "self\na\n b\n  c\n   a again\n   d\n");
    }

    #[test]
    fn no_chain_is_too_long_and_no_web_too_wide() {
        let names: Vec<String> = (0..10_000).map(|n| format!("t{n:05}")).collect();
        let mut all = Vec::new();
        for (n, name) in names.iter().enumerate() {
            let before = n.checked_sub(1).map(|n| names[n].clone());
            all.push(TargetView {
                name: name.clone(),
                depends: before.into_iter().collect(),
                ..TargetView::default()
            });
        }
        let forest = Forest::of(&all);
        assert_eq!(forest.0.len(), 10_000);
        assert_eq!(forest.0[9_999].depth, 9_999);
        // Each on all before it: as many lines as dependencies, not as ways.
        for (n, target) in all.iter_mut().take(300).enumerate() {
            target.depends = names[..n].to_vec();
        }
        assert_eq!(Forest::of(&all[..300]).0.len(), 1 + 300 * 299 / 2);
    }
}
