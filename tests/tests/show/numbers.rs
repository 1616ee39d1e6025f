//! What was measured, in a few numbers.

use std::fs;
use std::time::{Duration, Instant};

/// Milliseconds, many of them.
#[derive(Debug, Clone, Default)]
pub struct Numbers(pub Vec<f64>);

impl Numbers {
    /// So many of a hundred are not above this.
    pub fn percentile(&self, percent: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
    }

    /// One row of a table.
    pub fn row(&self, what: &str) -> String {
        format!(
            "{what:<34} {:>7} {:>9.2} {:>9.2} {:>9.2}",
            self.0.len(),
            self.percentile(50.0),
            self.percentile(99.0),
            self.percentile(100.0)
        )
    }
}

/// The head of such a table.
pub fn head(title: &str) -> String {
    format!(
        "{title:<34} {:>7} {:>9} {:>9} {:>9}",
        "number", "p50 ms", "p99 ms", "max ms"
    )
}

/// How much of one processor a process takes.
#[derive(Debug, Clone, Copy)]
pub struct Cpu {
    pid: u32,
    began: Instant,
    ticks: u64,
}

impl Cpu {
    pub fn of(pid: u32) -> Cpu {
        let (began, ticks) = (Instant::now(), ticks(pid));
        Cpu { pid, began, ticks }
    }

    /// Percent since then.
    pub fn percent(&self) -> f64 {
        let used = Duration::from_millis(10 * (ticks(self.pid) - self.ticks));
        100.0 * used.as_secs_f64() / self.began.elapsed().as_secs_f64()
    }
}

/// Hundredths of a second of user and system time.
fn ticks(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // The name of the program, in parentheses, may hold anything.
    let (_, rest) = stat.rsplit_once(')').unwrap();
    let words = rest.split_whitespace().skip(11).take(2);
    words.map(|word| word.parse::<u64>().unwrap()).sum()
}

#[test]
fn percentiles_are_of_what_there_is() {
    let numbers = Numbers((1..=200).map(f64::from).collect());
    assert_eq!(numbers.percentile(50.0), 100.0);
    assert_eq!(numbers.percentile(99.0), 198.0);
    assert_eq!(numbers.percentile(100.0), 200.0);
    assert_eq!(Numbers::default().percentile(50.0), 0.0);
}
