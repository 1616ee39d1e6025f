//! A reader of HTML as strict as none that browsers have: every element is closed, every
//! attribute quoted, and each `<`, `>` and `&` in a text is escaped.

/// What a page is made of, in order.
pub enum Part {
    /// The beginning of an element.
    Open {
        /// Its name.
        name: String,
        /// Its attributes.
        attributes: Vec<(String, String)>,
    },
    /// What stands between elements, without its escapes.
    Text(String),
}

/// A page that was read.
pub struct Page {
    /// Its parts.
    pub parts: Vec<Part>,
}

/// Elements without an end.
const VOID: [&str; 2] = ["meta", "input"];

impl Page {
    /// Reads a page, or says what is wrong with it.
    pub fn read(text: &str) -> Result<Page, String> {
        let mut rest = text
            .strip_prefix("<!DOCTYPE html>")
            .ok_or("no doctype at the beginning")?;
        let (mut parts, mut open) = (Vec::new(), Vec::new());
        while !rest.is_empty() {
            let Some(tag) = rest.strip_prefix('<') else {
                let end = rest.find('<').unwrap_or(rest.len());
                let raw = &rest[..end];
                let is_style = open.last().is_some_and(|name| name == "style");
                let text = if is_style {
                    Ok(raw.to_string())
                } else {
                    plain(raw)
                };
                parts.push(Part::Text(text?));
                rest = &rest[end..];
                continue;
            };
            let (tag, after) = split(tag)?;
            rest = after;
            if let Some(name) = tag.strip_prefix('/') {
                let last: Option<String> = open.pop();
                if last.as_deref() != Some(name) {
                    return Err(format!("</{name}> ends {last:?}"));
                }
                continue;
            }
            let (name, list) = tag.split_once(' ').unwrap_or((tag, ""));
            let attributes = attributes(list)?;
            let name = name.to_string();
            if !VOID.contains(&name.as_str()) {
                open.push(name.clone());
            }
            parts.push(Part::Open { name, attributes });
        }
        if open.is_empty() {
            Ok(Page { parts })
        } else {
            Err(format!("not closed: {open:?}"))
        }
    }

    /// All text.
    pub fn text(&self) -> String {
        let texts = self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            Part::Open { .. } => None,
        });
        texts.collect()
    }

    /// The values of an attribute, wherever it stands.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let lists = self.parts.iter().filter_map(|part| match part {
            Part::Open { attributes, .. } => Some(attributes),
            Part::Text(_) => None,
        });
        let named = lists.flatten().filter(move |(known, _)| known == name);
        named.map(|(_, value)| value.as_str())
    }
}

/// A tag up to its `>`, which no value of an attribute holds, and what comes after it.
fn split(text: &str) -> Result<(&str, &str), String> {
    let end = text.find('>').ok_or("a tag does not end")?;
    let tag = &text[..end];
    if tag.contains('<') {
        return Err(format!("a < in the tag {tag}"));
    }
    Ok((tag, &text[end + 1..]))
}

fn attributes(mut list: &str) -> Result<Vec<(String, String)>, String> {
    let mut found = Vec::new();
    while !list.is_empty() {
        let end = list.find(['=', ' ']).unwrap_or(list.len());
        let (name, after) = list.split_at(end);
        let letters = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if name.is_empty() || !name.chars().all(letters) {
            return Err(format!("an attribute {name:?}"));
        }
        let (value, after) = match after.strip_prefix("=\"") {
            Some(quoted) => quoted.split_once('"').ok_or("a value does not end")?,
            None if after.starts_with('=') => return Err(format!("{name} has no quotes")),
            None => ("", after),
        };
        found.push((name.to_string(), plain(value)?));
        if !after.is_empty() && !after.starts_with(' ') {
            return Err(format!("after {name}: {after}"));
        }
        list = after.trim_start_matches(' ');
    }
    Ok(found)
}

/// A text without its escapes.
fn plain(raw: &str) -> Result<String, String> {
    let mut parts = raw.split('&');
    let mut plain = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let (name, rest) = part.split_once(';').unwrap_or((part, ""));
        plain.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            _ => return Err(format!("&{part} is no escape")),
        });
        plain += rest;
    }
    if raw.contains('>') {
        return Err(format!("a > in the text {raw}"));
    }
    Ok(plain)
}
