//! Many orders at the same time: who waits for his neighbours holds up nobody.

use std::time::{Duration, Instant};

use fail_core::limits::ADDRESS_ORDERS_MAX;

use super::super::lab::plugged;
use super::{Hands, code, ms};

fn address(no: usize) -> String {
    format!("10.78.{}.{}/16", no / 200, no % 200 + 1)
}

#[test]
fn many_addresses_are_asked_for_at_the_same_time() {
    let Some((_switch, parts)) = plugged("many", &["hosta"]) else {
        return;
    };
    let mut hands = Hands::of(&parts[0]);
    let many = 300;
    let then = Instant::now();
    for no in 0..many {
        hands.order(&format!(
            "add {} eth0 -probe 400ms -announce 1",
            address(no)
        ));
    }
    let quick = hands.order("add 10.79.0.1/24 eth0 -probe no");
    let (first, result) = hands.answer();
    assert_eq!((first, result), (quick, Ok(String::new())));
    let quick = ms(then);
    for _ in 0..many {
        hands.answer().1.unwrap();
    }
    let all = ms(then);
    println!(
        "{many} additions that ask for 400 ms: {all:?}; one that does not, behind them: {quick:?}"
    );
    assert!(
        all < Duration::from_secs(3),
        "{all:?}: they wait for each other"
    );
}

#[test]
fn orders_beyond_the_limit_are_refused_at_once() {
    let Some((_switch, parts)) = plugged("flood", &["hosta"]) else {
        return;
    };
    let mut hands = Hands::of(&parts[0]);
    for _ in 0..ADDRESS_ORDERS_MAX + 10 {
        hands.order("probe 10.78.0.1 eth0 -wait 1s");
    }
    let (mut done, mut refused) = (0, 0);
    // The engine reads its answers all the time, so some of the last ones find room.
    while done < 50 {
        match hands.answer().1 {
            Ok(_) => done += 1,
            error => {
                assert_eq!(code(&error), "BUSY");
                refused += 1;
            }
        }
    }
    assert!((1..=10).contains(&refused), "{refused} were refused");
}
