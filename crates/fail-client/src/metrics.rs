//! Figures in the text format of Prometheus, by its conventions: base units, counters end in
//! `_total`, each metric has its help and its type.

use std::fmt::{Display, Write};

use crate::clean;

/// The media type of what [`put`] writes.
pub const TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A metric with its samples.
#[derive(Debug)]
pub struct Metric {
    head: String,
    name: &'static str,
    samples: String,
}

impl Metric {
    /// What goes up and down.
    pub fn gauge(name: &'static str, help: &str) -> Metric {
        Metric::new(name, "gauge", help)
    }

    /// What only grows until its program ends; the name ends in `_total`.
    pub fn counter(name: &'static str, help: &str) -> Metric {
        Metric::new(name, "counter", help)
    }

    /// What has a label `quantile`.
    pub fn summary(name: &'static str, help: &str) -> Metric {
        Metric::new(name, "summary", help)
    }

    fn new(name: &'static str, kind: &str, help: &str) -> Metric {
        Metric {
            head: format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"),
            name,
            samples: String::new(),
        }
    }

    /// One more sample. No value of a label can end it, whatever is in it.
    pub fn add(&mut self, labels: &[(&str, &str)], value: impl Display) {
        let text = &mut self.samples;
        text.push_str(self.name);
        for (n, (label, value)) in labels.iter().enumerate() {
            text.push(if n == 0 { '{' } else { ',' });
            text.push_str(label);
            text.push_str("=\"");
            for letter in clean(value).chars() {
                if matches!(letter, '\\' | '"') {
                    text.push('\\');
                }
                text.push(letter);
            }
            text.push('"');
        }
        if !labels.is_empty() {
            text.push('}');
        }
        // To a string nothing can fail.
        let _ = writeln!(text, " {value}");
    }
}

/// All of them that have a sample.
pub fn put(metrics: Vec<Metric>) -> String {
    let told = metrics.into_iter().filter(|m| !m.samples.is_empty());
    told.map(|metric| metric.head + &metric.samples).collect()
}

/// So many milliseconds, in seconds. Exact: a float has not enough digits for times of today.
pub fn seconds(ms: i64) -> String {
    let (whole, rest) = (ms.unsigned_abs() / 1_000, ms.unsigned_abs() % 1_000);
    let sign = if ms < 0 { "-" } else { "" };
    format!("{sign}{whole}.{rest:03}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_can_not_end_its_label() {
        let mut metric = Metric::gauge("x", "What.");
        metric.add(&[("a", "b\"} 1\nx{\\"), ("c", "")], 2);
        let unused = Metric::counter("y_total", "Nothing.");
        // The line feed is told by its code, and its backslash is one of a label.
        let is = "# HELP x What.\n# TYPE x gauge\nx{a=\"b\\\"} 1\\\\nx{\\\\\",c=\"\"} 2\n";
        assert_eq!(put(vec![metric, unused]), is);
    }

    #[test]
    fn seconds_are_exact() {
        for (ms, text) in [(-5, "-0.005"), (1_001, "1.001"), (0, "0.000")] {
            assert_eq!(seconds(ms), text);
        }
    }
}
