//! What a console and a failsh say to each other: `failover-control(7)`, one JSON object per
//! line both ways.

use serde::{Deserialize, Serialize};

/// What a console wants. The number is its own, and comes back with every answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Its number.
    pub id: u64,
    /// What.
    #[serde(flatten)]
    pub wish: Wish,
}

/// What a console may want.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wish {
    /// Run this.
    Eval(String),
    /// How could this line go on?
    Complete(String),
    /// End the command with this number.
    Cancel(u64),
    /// Stop what is served here, and end.
    Release(bool),
    /// Read the policy again.
    Reload(How),
}

/// How a policy is to be read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum How {
    /// As SIGHUP does.
    #[serde(rename = "now")]
    Now,
    /// Only to see what it would have decided.
    #[serde(rename = "dry-run")]
    DryRun,
}

/// What a failsh says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// To which request; nothing: to none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// What.
    #[serde(flatten)]
    pub said: Said,
}

/// What a failsh may say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Said {
    /// The first line.
    Hello {
        /// Who speaks.
        hello: Hello,
    },
    /// A command writes something.
    Printed {
        /// What.
        printed: String,
    },
    /// A command has ended.
    Ended {
        /// Tcl's return code; 0 is well, and -1 is `exit` with the result as the exit code.
        code: i32,
        /// Its result, or its error message.
        result: String,
        /// `errorInfo` after an error.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        info: Option<String>,
    },
    /// How a line could go on.
    Words {
        /// From which byte of the line on it would be replaced.
        from: usize,
        /// By what.
        words: Vec<String>,
    },
    /// Whether there was such a command to be ended.
    Cancelled {
        /// It is being ended.
        cancelled: bool,
    },
    /// Everything that can be stopped is stopped, and this failsh ends.
    Released {
        /// Nothing is left.
        released: bool,
        /// What is left, one sentence for each service.
        left: Vec<String>,
    },
    /// A policy is in force.
    Reloaded {
        /// What it changes, in one line.
        reloaded: String,
    },
    /// A policy can not be used, and the old one stays.
    Stays {
        /// What is wrong with it.
        stays: String,
    },
    /// What a policy would have decided.
    Compared {
        /// The same, all the time.
        same: bool,
        /// For people.
        text: String,
        /// For programs.
        report: serde_json::Value,
    },
    /// It was not done.
    Refused {
        /// Why, in one sentence.
        error: String,
    },
}

/// Who speaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The program, `failsh`.
    pub program: String,
    /// The version of the suite.
    pub version: String,
    /// The name of the host it runs on.
    pub host: String,
    /// Its process id.
    pub pid: u32,
}

/// As a line.
pub fn line(words: &impl Serialize) -> String {
    // Nothing in these types can not be written as JSON; should that change, the line is one
    // that the other side refuses.
    serde_json::to_string(words).unwrap_or_else(|_| "{}".to_string()) + "\n"
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that can not go on fails")]
mod tests {
    use super::*;

    #[test]
    fn lines_are_what_the_page_says() {
        for text in [
            r#"{"id":1,"eval":"fail why web"}"#,
            r#"{"id":2,"complete":"failsvc we"}"#,
            r#"{"id":3,"cancel":1}"#,
            r#"{"id":4,"release":true}"#,
            r#"{"id":5,"reload":"now"}"#,
            r#"{"id":6,"reload":"dry-run"}"#,
        ] {
            let request: Request = serde_json::from_str(text).unwrap();
            assert_eq!(line(&request), format!("{text}\n"));
        }
        for text in [
            r#"{"hello":{"program":"failsh","version":"1.0.0","host":"hosta","pid":42}}"#,
            r#"{"id":1,"printed":"one\n"}"#,
            r#"{"id":1,"code":0,"result":"two"}"#,
            r#"{"id":1,"code":1,"result":"bad","info":"bad\n    while executing\n\"error bad\""}"#,
            r#"{"id":2,"from":8,"words":["web"]}"#,
            r#"{"id":3,"cancelled":true}"#,
            r#"{"id":4,"released":false,"left":["web: its stop script failed"]}"#,
            r#"{"id":5,"error":"this is no request"}"#,
            r#"{"id":5,"reloaded":"policy read again: 0 services new, 1 changed, 0 gone, 1 as before"}"#,
            r#"{"id":5,"stays":"/etc/failover/policy.d/web.tcl:3: failsvc web: no start script"}"#,
            r#"{"id":6,"same":false,"text":"...","report":{"same":false}}"#,
        ] {
            let answer: Answer = serde_json::from_str(text).unwrap();
            assert_eq!(line(&answer), format!("{text}\n"));
        }
    }
}
