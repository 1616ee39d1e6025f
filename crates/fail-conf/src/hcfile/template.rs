//! Texts of actions with holes for what is reported: `%HC_TARGET% is %HC_STATE%`.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::place::{Problem, meant, shown};

/// What is reported: the environment of programs that are actions has these, and a text has holes
/// of these names.
pub const REPORTED: [&str; 10] = [
    "HC_TARGET",
    "HC_EVENT",
    "HC_STATE",
    "HC_FROM",
    "HC_WHY",
    "HC_LASTED",
    "HC_HIDES",
    "HC_LEFT_OUT",
    "HC_HOST",
    "HC_TEXT",
];

/// The header that says what a text is.
pub const CONTENT_TYPE: &str = "Content-Type";

/// Those that are numbers.
const NUMBERS: [&str; 3] = ["HC_LASTED", "HC_HIDES", "HC_LEFT_OUT"];

/// What the text around a hole is: nothing that is reported may end it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// JSON: holes of words stand in strings.
    Json,
    /// `application/x-www-form-urlencoded`.
    Query,
    /// Anything else: lines, in which `\n` is the end of one.
    Plain,
}

impl Form {
    /// By a media type.
    pub fn of(media: &str) -> Form {
        let essence = media.split(';').next().unwrap_or_default().trim();
        match essence.to_ascii_lowercase().as_str() {
            "application/x-www-form-urlencoded" => Form::Query,
            json if json == "application/json" || json.ends_with("+json") => Form::Json,
            _ => Form::Plain,
        }
    }

    /// What is reported, fit for a hole.
    fn fit(self, value: &str) -> String {
        match self {
            Form::Json => {
                let quoted = Value::from(value).to_string();
                quoted[1..quoted.len() - 1].to_string()
            }
            Form::Query => utf8_percent_encode(value, NON_ALPHANUMERIC).to_string(),
            Form::Plain => value.to_string(),
        }
    }
}

/// A text with holes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    form: Form,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Hole(&'static str),
}

impl Template {
    /// Reads one.
    pub(crate) fn read(text: &str, form: Form) -> Result<Template, Problem> {
        let text = super::args::some(text)?;
        let text = match form {
            Form::Plain => text.replace("\\n", "\n"),
            Form::Json | Form::Query => text,
        };
        let (mut parts, mut rest) = (Vec::new(), text.as_str());
        while let Some(at) = rest.find("%HC_") {
            let name = rest[at + 1..].split('%').next().unwrap_or_default();
            let is_end = rest[at + 1 + name.len()..].starts_with('%');
            let Some(known) = REPORTED.into_iter().find(|known| is_end && *known == name) else {
                let word = |c: char| c.is_ascii_uppercase() || c == '_';
                let end = name.find(|c| !word(c)).unwrap_or(name.len());
                let (name, near) = (&name[..end], meant(&name[..end], REPORTED));
                return Err(match REPORTED.contains(&name) {
                    true => format!("there is no % behind %{name}"),
                    false => format!("nothing is reported as {}{near}", shown(name)),
                });
            };
            parts.push(Part::Text(rest[..at].to_string()));
            parts.push(Part::Hole(known));
            rest = &rest[at + known.len() + 2..];
        }
        parts.push(Part::Text(rest.to_string()));
        let template = Template { form, parts };
        if form == Form::Json {
            let value = |name: &str| if NUMBERS.contains(&name) { "0" } else { "x" }.to_string();
            let tried: Result<Value, _> = serde_json::from_str(&template.fill(value));
            // What is wrong is not shown: it may be a key.
            tried.map_err(|_| "it is no JSON; another Content-Type is a header".to_string())?;
        }
        Ok(template)
    }

    /// It with what is reported: `value` gives what stands for each of [`REPORTED`].
    pub fn fill(&self, value: impl Fn(&str) -> String) -> String {
        let parts = self.parts.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Hole(name) => self.form.fit(&value(name)),
        });
        parts.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str, form: Form) -> Result<String, Problem> {
        let value = |name: &str| match name {
            "HC_HIDES" => "3".to_string(),
            "HC_WHY" => "\"a\" & \\b\nc".to_string(),
            name => name.to_ascii_lowercase(),
        };
        Ok(Template::read(text, form)?.fill(value))
    }

    #[test]
    fn what_is_reported_can_not_end_the_text_around_it() {
        for (text, form, is) in [
            (
                r#"{"text":"%HC_TARGET%: %HC_WHY%","n":%HC_HIDES%}"#,
                Form::Json,
                r#"{"text":"hc_target: \"a\" & \\b\nc","n":3}"#,
            ),
            (
                r#""100% %HC_TARGET%\n""#,
                Form::Json,
                r#""100% hc_target\n""#,
            ),
            (
                "m=%HC_WHY%&n=%20%HC_HIDES%",
                Form::Query,
                "m=%22a%22%20%26%20%5Cb%0Ac&n=%203",
            ),
            ("50%\\n%HC_HOST%%HC_HIDES%%", Form::Plain, "50%\nhc_host3%"),
        ] {
            assert_eq!(filled(text, form).as_deref(), Ok(is), "{text}");
        }
    }

    #[test]
    fn a_hole_that_nothing_fills_is_an_error() {
        for (text, form, problem) in [
            (
                "%HC_WAY%",
                Form::Plain,
                "nothing is reported as \"HC_WAY\"; did you mean HC_WHY?",
            ),
            ("%HC_WHY and", Form::Plain, "there is no % behind %HC_WHY"),
            ("", Form::Plain, "there is nothing behind the ="),
            (
                "{\"a\":%HC_WHY%}",
                Form::Json,
                "it is no JSON; another Content-Type is a header",
            ),
        ] {
            assert_eq!(filled(text, form).unwrap_err(), problem);
        }
    }

    #[test]
    fn a_media_type_is_known_by_its_name() {
        for (media, form) in [
            ("application/json; charset=utf-8", Form::Json),
            ("application/vnd.api+JSON", Form::Json),
            ("Application/X-www-form-urlencoded", Form::Query),
            ("text/plain", Form::Plain),
            ("", Form::Plain),
        ] {
            assert_eq!(Form::of(media), form, "{media}");
        }
    }
}
