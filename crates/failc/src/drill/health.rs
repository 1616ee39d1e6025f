//! Whether a service is so healthy that it may be switched over on purpose. Every reason why not
//! is a sentence: who reads only the first would have to come again for the next.

use fail_wire::{Marks, Record, State};

/// What is known of the service on one host: its record, or why there is none.
pub type Answer = Result<Record, String>;

/// The host that serves, by its place; or all that is in the way.
pub fn judge(hosts: &[(&str, &Answer)]) -> Result<usize, Vec<String>> {
    let mut problems: Vec<String> = hosts
        .iter()
        .filter_map(|(name, is)| ill(name, is))
        .collect();
    let is_up = |(_, is): &(&str, &Answer)| matches!(is, Ok(record) if record.state == State::Up);
    let mut up = (0..hosts.len()).filter(|no| is_up(&hosts[*no]));
    match (up.next(), up.next()) {
        (Some(one), None) if problems.is_empty() => return Ok(one),
        (Some(_), None) => {}
        (None, _) => problems.push("it is UP nowhere".to_string()),
        (Some(_), Some(_)) => {
            let up = hosts.iter().filter(|host| is_up(host));
            let names: Vec<&str> = up.map(|(name, _)| *name).collect();
            problems.push(format!("it is UP on {}", names.join(" and ")));
        }
    }
    Err(problems)
}

/// What is wrong with it on this host.
fn ill(name: &str, is: &Answer) -> Option<String> {
    let record = match is {
        Ok(record) => record,
        Err(why) => return Some(format!("{name}: {why}")),
    };
    if record.marks.has(Marks::UNREADABLE) {
        return Some(format!("{name}: this community may not read it"));
    }
    if record.is_unknown() {
        return Some(format!("{name} has never heard of it"));
    }
    let marks: Vec<&str> = record.marks.words().collect();
    if record.state == State::Fail || !marks.is_empty() {
        let is = [&[record.state.word()], marks.as_slice()]
            .concat()
            .join(" ");
        return Some(format!("{name} is {is} ({})", record.reason));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use fail_wire::{Name, Reason};

    fn is(state: State, marks: Marks) -> Answer {
        Ok(Record {
            name: Name::new("web").unwrap(),
            state,
            marks,
            version: 3,
            age_ms: 10,
            last_change: 1,
            reason: Reason::new("so it is"),
        })
    }

    fn says(hosts: &[&Answer]) -> Result<usize, Vec<String>> {
        let names = ["hosta", "hostb", "hostc"].into_iter();
        judge(&names.zip(hosts.iter().copied()).collect::<Vec<_>>())
    }

    #[test]
    fn one_serves_and_all_others_could() {
        let (up, ready) = (is(State::Up, Marks(0)), is(State::Recover, Marks(0)));
        assert_eq!(says(&[&up, &ready]), Ok(0));
        assert_eq!(says(&[&ready, &ready, &up]), Ok(2));
        let nowhere = says(&[&ready, &ready]).unwrap_err();
        assert_eq!(nowhere, ["it is UP nowhere"]);
        let twice = says(&[&up, &ready, &up]).unwrap_err();
        assert_eq!(twice, ["it is UP on hosta and hostc"]);
    }

    #[test]
    fn no_mark_and_no_failure_is_passed_over() {
        let up = is(State::Up, Marks(0));
        for (mark, word) in Marks::NAMES {
            let odd = is(State::Recover, mark);
            let why = says(&[&up, &odd]).unwrap_err().concat();
            assert!(why.starts_with("hostb"), "{why}");
            assert!(why.contains(word) || mark == Marks::UNREADABLE, "{why}");
            assert!(says(&[&is(State::Up, mark), &is(State::Recover, Marks(0))]).is_err());
        }
        let fail = is(State::Fail, Marks(0));
        let gone = Err("no answer".to_string());
        let why = says(&[&gone, &fail, &fail]).unwrap_err();
        let expected = [
            "hosta: no answer",
            "hostb is FAIL (so it is)",
            "hostc is FAIL (so it is)",
            "it is UP nowhere",
        ];
        assert_eq!(why, expected);
    }
}
