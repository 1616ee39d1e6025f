//! The community file: who may read and change which service.
//!
//! ```text
//! # service  community  RO|RW
//! web        s3cret     RW
//! *          public     RO
//! ```

use fail_core::access::{Access, Rights};
use fail_core::limits;
use fail_wire::{Key, Name};

/// A line that can not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct BadLine {
    /// Which, counted from 1.
    pub line: usize,
    /// What is wrong with it, as a sentence that names the word.
    pub problem: String,
}

/// Reads a community file.
///
/// # Errors
/// The first line that can not be used. Words of a community are never shown.
pub fn parse(text: &str) -> Result<Access, BadLine> {
    let mut access = Access::none();
    let mut rules = 0;
    for (at, line) in text.lines().enumerate() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.first().is_none_or(|word| word.starts_with('#')) {
            continue;
        }
        rules += 1;
        let rule = if rules > limits::RULES_MAX {
            Err(format!("more than {} rules", limits::RULES_MAX))
        } else {
            parse_rule(&words)
        };
        let (service, key, rights) = rule.map_err(|problem| BadLine {
            line: at + 1,
            problem,
        })?;
        let added = access.add(service, key, rights);
        added.map_err(|bad| BadLine {
            line: at + 1,
            problem: bad.to_string(),
        })?;
    }
    Ok(access)
}

fn parse_rule(words: &[&str]) -> Result<(Option<Name>, Key, Rights), String> {
    // A comment may stand behind a rule, too.
    let end = words
        .iter()
        .skip(2)
        .position(|word| word.starts_with('#'))
        .map_or(words.len(), |n| n + 2);
    let [service, community, rights] = words[..end] else {
        return Err(format!(
            "{end} words where there should be three: service-or-* community RO|RW"
        ));
    };
    let service = match service {
        "*" => None,
        name => Some(Name::new(name).map_err(|bad| format!("service \"{name}\": {bad}"))?),
    };
    let key = Key::new(community).map_err(|bad| bad.to_string())?;
    let rights = match rights {
        "RO" => Rights::ReadOnly,
        "RW" => Rights::ReadWrite,
        other => return Err(format!("\"{other}\" should be RO or RW")),
    };
    Ok((service, key, rights))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    #[test]
    fn comments_blank_lines_and_rules() {
        let access = parse("# who\n\n web s3cret RW # the web team\n*\tpublic RO\n").unwrap();
        let (web, all) = (Key::new("s3cret").unwrap(), Key::new("public").unwrap());
        assert_eq!(
            access.rights(&web, &name("web"), false),
            Some(Rights::ReadWrite)
        );
        assert_eq!(access.rights(&web, &name("dns"), true), None);
        assert_eq!(
            access.rights(&all, &name("web"), true),
            Some(Rights::ReadOnly)
        );
    }

    #[test]
    fn a_bad_line_is_named_and_its_community_is_not_shown() {
        let sentence = |text| parse(text).unwrap_err().to_string();
        assert!(sentence("* public RO\nweb s3cret\n").starts_with("line 2: 2 words"));
        assert!(sentence("web s3cret rw").contains("\"rw\" should be RO or RW"));
        assert!(sentence("we*b s3cret RW").contains("\"we*b\""));
        let long = "x".repeat(200);
        assert!(!sentence(&format!("web {long} RW")).contains(&long));
    }

    #[test]
    fn an_empty_file_lets_nobody_in() {
        let access = parse("# nobody\n").unwrap();
        assert!(access.key(Key::new("public").unwrap().id()).is_none());
    }
}
