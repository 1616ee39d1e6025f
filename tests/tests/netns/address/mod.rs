//! The addresses of hosts in namespaces on one bridge: what `fail_rt::address` does there as
//! its neighbours see it, and `failover::ip` in real policies.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use fail_core::address::{AddressError, AddressOrder};
use fail_rt::address::{Answer, Worker};
use fail_rt::poller::Poller;
use serde_json::Value;

use super::client::enter;
use super::lab::{BOUND, Namespace};
use super::process::{Process, wait};

mod conflict;
mod devices;
mod many;
mod service;
mod wire;

/// What came of an order: its result, or its error.
type Result = std::result::Result<String, AddressError>;

/// A worker in a namespace, with a thread that plays the engine.
struct Hands {
    orders: Sender<(u64, AddressOrder)>,
    answers: Receiver<Answer>,
    no: u64,
}

impl Hands {
    fn of(namespace: &Namespace) -> Hands {
        let (orders, ordered) = channel::<(u64, AddressOrder)>();
        let (told, answers) = channel();
        let namespace = namespace.0.clone();
        thread::spawn(move || {
            enter(&namespace);
            let mut poller = Poller::new().unwrap();
            let mut worker = Worker::new(poller.waker()).unwrap();
            let waker = poller.waker();
            let (to_engine, inbox) = channel();
            thread::spawn(move || {
                for order in ordered {
                    to_engine.send(order).unwrap();
                    waker.wake();
                }
            });
            loop {
                while let Ok((no, order)) = inbox.try_recv() {
                    worker.ask(no, order);
                }
                while let Some(answer) = worker.poll() {
                    if told.send(answer).is_err() {
                        return;
                    }
                }
                assert_eq!(poller.wait(None).unwrap().count(), 0);
            }
        });
        Hands {
            orders,
            answers,
            no: 0,
        }
    }

    /// Orders something, in the words of a script, and does not wait.
    fn order(&mut self, words: &str) -> u64 {
        let words: Vec<&str> = words.split(' ').collect();
        self.no += 1;
        let order = AddressOrder::parse(&words).unwrap();
        self.orders.send((self.no, order)).unwrap();
        self.no
    }

    /// The next answer, with its number.
    fn answer(&self) -> Answer {
        self.answers.recv_timeout(BOUND).unwrap()
    }

    /// Orders something and waits for what comes of it.
    fn ask(&mut self, words: &str) -> Result {
        let no = self.order(words);
        let (answered, result) = self.answer();
        assert_eq!(answered, no, "{words}");
        result
    }

    /// Orders something that must succeed.
    fn done(&mut self, words: &str) -> String {
        self.ask(words)
            .unwrap_or_else(|e| panic!("{words}: {}", e.message))
    }

    /// Orders something that must fail; gives the words after `FAIL ADDRESS`.
    fn fails(&mut self, words: &str) -> String {
        code(&self.ask(words))
    }
}

/// The code of an error, without what is the same in all of them.
fn code(result: &Result) -> String {
    let error = result.as_ref().expect_err("an error");
    println!("{}", error.message);
    assert_eq!(error.code[..2], ["FAIL", "ADDRESS"]);
    error.code[2..].join(" ")
}

/// Somebody who sees every frame that arrives at a device of a namespace.
struct Capture(Process);

impl Capture {
    fn on(namespace: &Namespace, device: &str) -> Capture {
        let mut command = namespace.command("python3");
        command.args(["-c", include_str!("capture.py"), device]);
        let then = Instant::now();
        let process = Process::start("capture", command);
        process.line(then, "ready", BOUND);
        Capture(process)
    }

    /// The frames so far in which these bytes are, in hex, with their milliseconds.
    fn frames(&self, bytes: &str) -> Vec<(u64, String)> {
        let lines = self.0.lines().into_iter().filter_map(|line| {
            let (at, frame) = line.text.split_once(' ')?;
            Some((at.parse().ok()?, frame.to_string()))
        });
        lines.filter(|(_, frame)| frame.contains(bytes)).collect()
    }

    /// Waits for so many of them.
    fn wait(&self, bytes: &str, count: usize) -> Vec<(u64, String)> {
        wait(&format!("{count} frames with {bytes}"), BOUND, || {
            let frames = self.frames(bytes);
            match frames.len() >= count {
                true => Ok(frames),
                false => Err(format!("{frames:?}")),
            }
        })
    }
}

/// The hardware address of a device.
fn mac(namespace: &Namespace, device: &str) -> String {
    let links: Value =
        serde_json::from_str(&namespace.ip(&format!("-j link show {device}"))).unwrap();
    links[0]["address"].as_str().unwrap().to_string()
}

/// What `ip` says of an address; nothing if it is not there.
fn shown(namespace: &Namespace, device: &str, ip: &str) -> Option<Value> {
    let text = namespace.ip(&format!("-j address show dev {device}"));
    let links: Value = serde_json::from_str(&text).unwrap();
    let addresses = links[0]["addr_info"].as_array().unwrap();
    addresses.iter().find(|a| a["local"] == ip).cloned()
}

/// Waits until a device may use IPv6: not while the kernel looks for duplicates of its own
/// address.
fn settled(namespace: &Namespace) {
    wait("IPv6 to be ready", BOUND, || {
        let text = namespace.ip("address show dev eth0");
        match text.contains("inet6 fe80") && !text.contains("tentative") {
            true => Ok(()),
            false => Err(text),
        }
    });
}

/// Time that has gone by.
fn ms(since: Instant) -> Duration {
    Duration::from_millis(u64::try_from(since.elapsed().as_millis()).unwrap())
}

impl Hands {
    /// Orders something that is answered at once, while `other` still waits.
    fn done_beside(&mut self, words: &str, other: u64) {
        let no = self.order(words);
        let (answered, result) = self.answer();
        assert_eq!(answered, no, "{other} did not wait: {result:?}");
    }
}
