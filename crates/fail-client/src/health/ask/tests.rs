//! hcs that are as they should be, and many that are not.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

use super::*;

/// Long enough for whatever is there.
const LIMIT: Duration = Duration::from_secs(20);

const HELLO: &str =
    "{\"type\":\"hello\",\"stream\":1,\"program\":\"hc\",\"host\":\"h\",\"now\":1}\n";

/// A hc that does this with whoever connects.
fn hc(serve: impl Fn(TcpStream) + Send + 'static) -> Place {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        serve(stream);
    });
    let host = "127.0.0.1".to_string();
    Place { host, port }
}

/// One that says this, and then nothing.
fn says(text: impl Into<String>) -> Place {
    let text = text.into();
    hc(move |mut stream| {
        let _ = stream.write_all(text.as_bytes());
        // Until the other side has enough.
        let _ = BufReader::new(stream).lines().count();
    })
}

fn read(place: Place, timeout: Duration) -> Result<Snapshot, Unread> {
    ask_all(vec![place], &[], timeout).remove(0)
}

#[test]
fn several_are_read_side_by_side_and_one_that_is_silent_costs_the_others_nothing() {
    let good = |name: &str| {
        says(format!(
            "{HELLO}{{\"type\":\"target\",\"name\":\"{name}\",\"state\":\"up\"}}\n{{\"type\":\"ready\"}}\n"
        ))
    };
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = nobody.local_addr().unwrap().port();
    drop(nobody);
    let closed = Place {
        host: "127.0.0.1".to_string(),
        port,
    };
    let unknown = Place {
        host: "no such.host.invalid".to_string(),
        port: 1,
    };
    let places = vec![good("a"), says(""), closed, good("b"), unknown];
    let told = ask_all(places, &[], Duration::from_secs(2));
    let names = |n: usize| {
        let names = told[n].as_ref().unwrap().targets.keys();
        names.cloned().collect::<String>()
    };
    assert_eq!((names(0), names(3)), ("a".to_string(), "b".to_string()));
    for (n, said) in [(1, "says nothing within 2s"), (2, "no hc answers at")] {
        let Err(Unread::NoAnswer(sentence)) = &told[n] else {
            panic!("{:?}", told[n]);
        };
        assert!(sentence.contains(said), "{sentence}");
    }
    assert!(
        matches!(&told[4], Err(Unread::NoHost(_) | Unread::NoAnswer(_))),
        "{:?}",
        told[4]
    );
}

#[test]
fn names_are_asked_for_in_one_line() {
    let place = hc(|mut stream| {
        let mut line = String::new();
        BufReader::new(stream.try_clone().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line, "{\"targets\":[\"www\",\"a\\\"b\"]}\n");
        let text =
            format!("{HELLO}{{\"type\":\"target\",\"name\":\"www\"}}\n{{\"type\":\"ready\"}}\n");
        stream.write_all(text.as_bytes()).unwrap();
    });
    let names = ["www".to_string(), "a\"b".to_string()];
    let told = ask_all(vec![place], &names, LIMIT).remove(0).unwrap();
    assert_eq!(told.targets.len(), 1);
    // More than one line has room for: all are told.
    assert_eq!(question(&vec!["x".repeat(100); 100]), None);
}

#[test]
fn whoever_is_hostile_is_an_error_with_a_sentence() {
    let many: fn(TcpStream) = |mut stream| {
        let _ = stream.write_all(HELLO.as_bytes());
        for n in 0..1_000_000 {
            let line = format!("{{\"type\":\"target\",\"name\":\"t{n}\"}}\n");
            if stream.write_all(line.as_bytes()).is_err() {
                return;
            }
        }
    };
    let endless: fn(TcpStream) = |mut stream| {
        while stream.write_all(&[b'x'; 1 << 16]).is_ok() {}
    };
    let refuses = "{\"type\":\"refused\",\"reason\":\"too many (MAX)\"}\n".to_string();
    let cases: Vec<(Place, bool, &str)> = vec![
        (hc(many), true, "it shows more than 20000 targets"),
        (hc(endless), true, "a line of more than"),
        (says(refuses), false, "refuses: too many (MAX)"),
        (
            says("SSH-2.0-OpenSSH_9.2p1\r\n"),
            true,
            "is no monitor stream",
        ),
        (
            says("{\"type\":\"ready\"}\n"),
            true,
            "does not begin with a hello",
        ),
        (
            says(HELLO.replace("\"hc\"", "\"failsh\"")),
            true,
            "not that of a hc",
        ),
        (
            says(format!("{HELLO}{}1", "[".repeat(100_000)) + "\n"),
            true,
            "no monitor stream",
        ),
        (hc(drop), false, "has hung up"),
    ];
    for (place, is_odd, said) in cases {
        let error = read(place, LIMIT).unwrap_err();
        assert_eq!(matches!(error, Unread::Odd(_)), is_odd, "{error:?}");
        assert!(error.to_string().contains(said), "{said}: {error}");
    }
}

#[test]
fn one_that_never_comes_to_an_end_is_not_waited_for() {
    let again: fn(TcpStream) = |mut stream| {
        let _ = stream.write_all(HELLO.as_bytes());
        // The same target, again and again: it fills nothing.
        let line = "{\"type\":\"target\",\"name\":\"www\"}\n".repeat(1_000);
        while stream.write_all(line.as_bytes()).is_ok() {}
    };
    let error = read(hc(again), Duration::from_millis(300)).unwrap_err();
    let said = "has not told everything within 300ms, but 1 targets";
    assert!(error.to_string().contains(said), "{error}");
}

#[test]
fn what_is_no_number_costs_nothing_else() {
    let line = "{\"type\":\"target\",\"name\":\"www\",\"checks\":[{\"line\":\"tcp x\",\"took\":null,\
        \"verdict\":\"good\",\"figures\":[{\"name\":\"f\",\"value\":null},{\"name\":\"g\",\"value\":1}]}]}\n";
    let place = says(format!("{HELLO}{line}{{\"type\":\"ready\"}}\n"));
    let told = read(place, LIMIT).unwrap();
    let check = &told.targets["www"].checks[0];
    assert!(check.took.is_nan() && check.figures[0].value.is_nan());
    assert_eq!(check.figures[1].value, 1.0);
    // It can be written and read again.
    let text = serde_json::to_string(&told).unwrap();
    assert!(text.contains("\"took\":null"), "{text}");
}

#[test]
fn what_several_say_is_weighed_together() {
    let big = |name: &str| {
        let why = "x".repeat(4_000);
        says(format!(
            "{HELLO}{{\"type\":\"target\",\"name\":\"{name}\",\"why\":\"{why}\"}}\n{{\"type\":\"ready\"}}\n"
        ))
    };
    let read = |most: usize| {
        let told = ask_within(vec![big("a"), big("b")], &[], LIMIT, most);
        let whole = told.iter().filter(|told| told.is_ok()).count();
        (whole, told.into_iter().find_map(Result::err))
    };
    assert!(matches!(read(10_000), (2, None)));
    let (whole, error) = read(6_000);
    assert!(whole <= 1, "{whole}");
    let Some(Unread::Odd(sentence)) = error else {
        panic!("{error:?}");
    };
    assert!(
        sentence.ends_with(": all hosts together show more than 6000 bytes"),
        "{sentence}"
    );
}
