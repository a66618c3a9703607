//! `backtest series`: one CSV of values in, one CSV of scores out. Pure: text to text.
//! The judging is `detect::univariate`; reading and writing directories is the command's affair.

mod csv;
#[cfg(test)]
mod tests;
mod walk;

use std::fmt::Write;

use crate::detect::univariate::detector::{Detector, Score};
use crate::domain::metric::Bad;
use crate::domain::time::Timestamp;
use crate::policy::sensitivity::Sensitivity;

pub use walk::{directions, relative_name};

/// Header of the output.
pub const HEADER: &str = "timestamp,value,anomaly_score,expected,reason";

/// Scores a CSV text. The first line is the header (columns `timestamp` and `value` by name, else
/// the first two); every later record gives one output row with both fields exactly as read.
/// A value that is no finite number is a gap; a timestamp that cannot be read takes the time of
/// the row before. Nothing fails.
pub fn run_file(text: &str, sensitivity: Sensitivity, bad: Bad) -> String {
    let mut records = csv::Records::new(text.strip_prefix('\u{feff}').unwrap_or(text));
    let columns = records.next().map(|r| Columns::of(&r)).unwrap_or_default();
    let mut detector = Detector::new(sensitivity, bad);
    let mut out = String::with_capacity(text.len() * 2 + HEADER.len());
    out.push_str(HEADER);
    out.push('\n');
    let mut last = Timestamp::EPOCH;
    for record in records {
        let stamp = record.get(columns.timestamp).copied().unwrap_or_default();
        let value = record.get(columns.value).copied().unwrap_or_default();
        last = csv::timestamp(csv::bare(stamp)).unwrap_or(last);
        let number = csv::bare(value).parse().ok().filter(|v: &f64| v.is_finite());
        let score = detector.step(last, number);
        write_row(&mut out, stamp, value, &score);
    }
    out
}

fn write_row(out: &mut String, stamp: &str, value: &str, score: &Score) {
    // writing to a String cannot fail
    let _ = write!(out, "{stamp},{value},{:.6},", score.score);
    if let Some(expected) = score.expected {
        let _ = write!(out, "{expected}");
    }
    let _ = writeln!(out, ",{}", score.reason);
}

/// Where the two columns are.
struct Columns {
    timestamp: usize,
    value: usize,
}

impl Default for Columns {
    fn default() -> Self {
        Self { timestamp: 0, value: 1 }
    }
}

impl Columns {
    fn of(header: &[&str]) -> Self {
        let find = |name| header.iter().position(|h| csv::bare(h).eq_ignore_ascii_case(name));
        let plain = Self::default();
        Self {
            timestamp: find("timestamp").unwrap_or(plain.timestamp),
            value: find("value").unwrap_or(plain.value),
        }
    }
}
