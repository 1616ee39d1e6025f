//! The words after failc's options, as one order.
//!
//! One word is a service, so a service may have the name of a verb; only `watch` alone is none,
//! but watches everything. Whether names are legal is not judged here.

/// The states that can be set.
pub const STATES: [&str; 3] = ["UP", "RECOVER", "FAIL"];

/// A wish that failc can make or take back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// failsh shall observe and change nothing.
    Hold,
    /// No longer so.
    Release,
    /// The service shall be served elsewhere.
    Away,
    /// No longer so.
    Back,
}

/// What failc is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Say what state the service is in.
    Read {
        /// The service.
        service: String,
    },
    /// Say that it is in another state now.
    Set {
        /// The service.
        service: String,
        /// One of [`STATES`].
        state: String,
        /// Why; may be empty.
        reason: String,
    },
    /// Wish something, or no longer.
    Wish {
        /// What.
        verb: Verb,
        /// For which service.
        service: String,
        /// Why; may be empty.
        reason: String,
    },
    /// Ask the failsh of that host why it is or is not served there.
    Why {
        /// The service.
        service: String,
    },
    /// Have it forgotten.
    Forget {
        /// The service.
        service: String,
    },
    /// Say what happened to it lately.
    History {
        /// The service.
        service: String,
    },
    /// Say what they are, and then each change.
    Watch {
        /// The services; none: all.
        services: Vec<String>,
    },
    /// Switch it over and back, and measure that.
    Drill {
        /// The service.
        service: String,
        /// The hosts that serve it; none: those that its failsh knows.
        hosts: Vec<String>,
    },
}

/// The verb of [`Order::Why`].
const WHY: &str = "why";

/// The verb of [`Order::Forget`].
const FORGET: &str = "forget";

/// The verb of [`Order::History`].
const HISTORY: &str = "history";

/// The verb of [`Order::Drill`].
const DRILL: &str = "drill";

/// The verb of [`Order::Watch`].
const WATCH: &str = "watch";

impl Verb {
    /// All verbs.
    pub const ALL: [Verb; 4] = [Verb::Hold, Verb::Release, Verb::Away, Verb::Back];

    /// The word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Verb::Hold => "hold",
            Verb::Release => "release",
            Verb::Away => "away",
            Verb::Back => "back",
        }
    }

    /// All words that are verbs or states: what can stand on a command line beside the names
    /// of services and a reason.
    pub fn words() -> impl Iterator<Item = &'static str> {
        let wishes = Verb::ALL.into_iter().map(Verb::word);
        wishes
            .chain([DRILL, FORGET, HISTORY, WATCH, WHY])
            .chain(STATES)
    }

    /// Reads the words of a command line.
    ///
    /// # Errors
    /// A sentence that names the word at fault.
    pub fn parse(words: &[String]) -> Result<Order, String> {
        let reason = |from: usize| words.get(from..).unwrap_or_default().join(" ");
        let [first, rest @ ..] = words else {
            return Err("a service is missing".to_string());
        };
        if first == WATCH {
            let services = rest.to_vec();
            return Ok(Order::Watch { services });
        }
        let Some(second) = rest.first() else {
            return Ok(Order::Read {
                service: first.clone(),
            });
        };
        let service = second.clone();
        match (first.as_str(), words.len()) {
            (WHY, 2) => return Ok(Order::Why { service }),
            (FORGET, 2) => return Ok(Order::Forget { service }),
            (HISTORY, 2) => return Ok(Order::History { service }),
            (DRILL, _) if rest.len() == 1 || !STATES.contains(&second.as_str()) => {
                let hosts = rest.iter().skip(1).cloned().collect();
                return Ok(Order::Drill { service, hosts });
            }
            _ => {}
        }
        if let Some(verb) = Verb::ALL.into_iter().find(|verb| verb.word() == first) {
            return Ok(Order::Wish {
                verb,
                service: second.clone(),
                reason: reason(2),
            });
        }
        if STATES.contains(&second.as_str()) {
            return Ok(Order::Set {
                service: first.clone(),
                state: second.clone(),
                reason: reason(2),
            });
        }
        if let (WHY | FORGET | HISTORY, Some(third)) = (first.as_str(), words.get(2)) {
            return Err(format!(
                "\"{third}\" after \"{first} {second}\": {first} takes one service and no more"
            ));
        }
        Err(format!(
            "\"{first}\" is not hold, release, away, back, drill, forget, history, watch or why, \
             and \"{second}\" is not UP, RECOVER or FAIL"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Order, String> {
        let words: Vec<String> = line.split_whitespace().map(String::from).collect();
        Verb::parse(&words)
    }

    #[test]
    fn one_word_is_a_service_whatever_it_is() {
        for word in ["web", "hold", "why", "UP"] {
            let service = word.to_string();
            assert_eq!(parse(word), Ok(Order::Read { service }));
        }
    }

    #[test]
    fn a_state_after_a_service_is_set() {
        for (line, reason) in [("web FAIL", ""), ("web FAIL new  disk", "new disk")] {
            let order = Order::Set {
                service: "web".to_string(),
                state: "FAIL".to_string(),
                reason: reason.to_string(),
            };
            assert_eq!(parse(line), Ok(order));
        }
    }

    #[test]
    fn a_verb_before_a_service_is_a_wish() {
        for verb in Verb::ALL {
            let order = Order::Wish {
                verb,
                service: "web".to_string(),
                reason: "new disk".to_string(),
            };
            assert_eq!(parse(&format!("{} web new disk", verb.word())), Ok(order));
        }
    }

    #[test]
    fn why_asks_about_one_service() {
        let service = "web".to_string();
        assert_eq!(parse("why web"), Ok(Order::Why { service }));
        // A service may have that name.
        assert!(matches!(parse("why UP now"), Ok(Order::Set { .. })));
    }

    #[test]
    fn forget_and_history_take_one_service() {
        let service = "web".to_string();
        let forget = Order::Forget {
            service: service.clone(),
        };
        assert_eq!(parse("forget web"), Ok(forget));
        assert_eq!(parse("history web"), Ok(Order::History { service }));
        for word in ["forget", "history"] {
            let service = word.to_string();
            assert_eq!(parse(word), Ok(Order::Read { service }));
            let order = parse(&format!("{word} FAIL so it is"));
            assert!(matches!(order, Ok(Order::Set { .. })), "{order:?}");
        }
    }

    #[test]
    fn watch_takes_any_number_of_services() {
        for line in ["watch", "watch web", "watch web dns UP"] {
            let services = line.split(' ').skip(1).map(String::from).collect();
            assert_eq!(parse(line), Ok(Order::Watch { services }));
        }
    }

    #[test]
    fn drill_takes_a_service_and_the_hosts() {
        for line in ["drill web", "drill web hosta hostb:1847", "drill UP"] {
            let words: Vec<String> = line.split(' ').skip(1).map(String::from).collect();
            let (service, hosts) = (words[0].clone(), words[1..].to_vec());
            assert_eq!(parse(line), Ok(Order::Drill { service, hosts }));
        }
        // A service may have that name.
        assert!(matches!(parse("drill FAIL for now"), Ok(Order::Set { .. })));
    }

    #[test]
    fn every_word_is_an_order_of_its_own() {
        for word in Verb::words().filter(|word| !STATES.contains(word)) {
            let order = parse(&format!("{word} web")).unwrap();
            assert!(!matches!(order, Order::Set { .. }), "{word}: {order:?}");
        }
    }

    #[test]
    fn anything_else_is_named() {
        assert!(parse("").is_err());
        for line in [
            "web up",
            "web DOWN",
            "stop web",
            "why web now",
            "forget web now",
            "history web now",
        ] {
            let sentence = parse(line).unwrap_err();
            assert!(
                line.split(' ').take(2).all(|word| sentence.contains(word)),
                "{sentence}"
            );
        }
    }
}
