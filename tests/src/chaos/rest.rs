//! Whether hosts are at rest, as they say themselves and as their addresses show; and what is
//! not so, in words.

use super::settings::{SERVICES, host_name, rank, service_address};

/// What one host says and has.
#[derive(Debug, Clone, Default)]
pub struct Look {
    /// Its records: service, state, marks. Nothing: its faild does not answer.
    pub records: Option<Vec<(String, String, Vec<String>)>>,
    /// Which of the addresses it has.
    pub owns: [bool; SERVICES.len()],
}

/// What is not as it is at rest: of each service the highest host is UP and has the address,
/// and nobody else.
pub fn unrest(looks: &[Look]) -> Vec<String> {
    let mut found = Vec::new();
    for (no, look) in looks.iter().enumerate() {
        if look.records.is_none() {
            found.push(format!("the faild of {} does not answer", host_name(no)));
        }
    }
    for (place, service) in SERVICES.iter().enumerate() {
        let first = rank(place, looks.len())[0];
        let owners: Vec<usize> = (0..looks.len())
            .filter(|no| looks[*no].owns[place])
            .collect();
        let address = service_address(place);
        if owners != [first] {
            found.push(match owners[..] {
                [] => format!("{service}: {address} is on no host"),
                [one] => format!(
                    "{service}: {address} is on {}, not on {}",
                    host_name(one),
                    host_name(first)
                ),
                _ => format!("{service}: {address} is on {}", names(&owners)),
            });
        }
        for (no, look) in looks.iter().enumerate() {
            let record = look.records.iter().flatten().find(|of| of.0 == *service);
            let state = record.map_or("not known", |record| record.1.as_str());
            if look.records.is_some() && (state == "UP") != (no == first) {
                found.push(format!("{service}: {} says it is {state}", host_name(no)));
            }
        }
    }
    found
}

/// What a host says, and has.
pub fn words(no: usize, look: &Look) -> String {
    let name = host_name(no);
    let said = match &look.records {
        None => "does not answer".to_string(),
        Some(records) => {
            let records = records.iter().map(|(service, state, marks)| {
                let marks: String = marks.iter().map(|mark| format!(" {mark}")).collect();
                format!("{service} {state}{marks}")
            });
            format!("says {}", records.collect::<Vec<_>>().join(", "))
        }
    };
    format!("{name} {said}, and has {}", addresses(&look.owns))
}

/// `10.77.0.100 and 10.77.0.101`.
pub fn addresses(owns: &[bool; SERVICES.len()]) -> String {
    let has = (0..owns.len()).filter(|place| owns[*place]);
    let has: Vec<String> = has
        .map(|place| service_address(place).to_string())
        .collect();
    match has.is_empty() {
        true => "no address".to_string(),
        false => has.join(" and "),
    }
}

fn names(hosts: &[usize]) -> String {
    let names: Vec<String> = hosts.iter().map(|host| host_name(*host)).collect();
    names.join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(states: [&str; 2], owns: [bool; 2]) -> Look {
        let records = SERVICES.iter().zip(states);
        let records = records.map(|(service, state)| {
            let marks = Vec::new();
            (service.to_string(), state.to_string(), marks)
        });
        Look {
            records: Some(records.collect()),
            owns,
        }
    }

    #[test]
    fn what_is_not_at_rest_is_named() {
        let mut looks = vec![
            look(["UP", "RECOVER"], [true, false]),
            look(["RECOVER", "UP"], [false, true]),
        ];
        assert_eq!(unrest(&looks), Vec::<String>::new());
        looks[0].owns = [true, true];
        assert_eq!(unrest(&looks), ["beta: 10.77.0.101 is on h1 and h2"]);
        looks[1] = Look::default();
        assert_eq!(
            unrest(&looks),
            [
                "the faild of h2 does not answer",
                "beta: 10.77.0.101 is on h1, not on h2"
            ]
        );
        looks[1] = look(["RECOVER", "FAIL"], [false, false]);
        looks[0].owns = [false, false];
        assert_eq!(
            unrest(&looks),
            [
                "alpha: 10.77.0.100 is on no host",
                "beta: 10.77.0.101 is on no host",
                "beta: h2 says it is FAIL"
            ]
        );
    }

    #[test]
    fn a_host_is_told_in_words() {
        let mut here = look(["UP", "RECOVER"], [true, true]);
        if let Some(records) = &mut here.records {
            records[1].2.push("held".to_string());
        }
        assert_eq!(
            words(0, &here),
            "h1 says alpha UP, beta RECOVER held, and has 10.77.0.100 and 10.77.0.101"
        );
        let silent = words(1, &Look::default());
        assert_eq!(silent, "h2 does not answer, and has no address");
    }
}
