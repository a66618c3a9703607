//! Times to acknowledge, decide, mitigate and close, per severity: median, worst, and how many
//! there are of how many. Counted from the opening; no mean, which one bad night would own.

use serde::Serialize;

use crate::domain::severity::Severity;
use crate::domain::time::Timestamp;
use crate::report::life::{Life, LifeTimes};

/// One severity: the worst that an incident ever had.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct BySeverity {
    pub severity: Severity,
    pub opened: usize,
    pub acknowledge: ResponseTimes,
    pub decide: ResponseTimes,
    pub mitigate: ResponseTimes,
    pub close: ResponseTimes,
}

/// Seconds; null where it never happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct ResponseTimes {
    pub n: usize,
    pub median_seconds: Option<i64>,
    pub worst_seconds: Option<i64>,
}

impl ResponseTimes {
    /// Of two in the middle the mean, rounded down.
    pub fn of(mut seconds: Vec<i64>) -> Self {
        seconds.sort_unstable();
        let n = seconds.len();
        let at = |i: usize| seconds.get(i).copied();
        let median_seconds = match n {
            0 => None,
            n if n % 2 == 1 => at(n / 2),
            n => at(n / 2 - 1).zip(at(n / 2)).map(|(a, b)| a.midpoint(b)),
        };
        Self { n, median_seconds, worst_seconds: seconds.last().copied() }
    }
}

/// A row for each severity, also for those that never came.
pub(super) fn by_severity(opened: &[&Life]) -> Vec<BySeverity> {
    let row = |severity: Severity| {
        let lives: Vec<&Life> =
            opened.iter().copied().filter(|l| l.incident.peak == severity).collect();
        let stat = |when: fn(&LifeTimes) -> Option<Timestamp>| {
            let until = |l: &&Life| Some(when(&l.times)?.since(l.incident.opened_at).secs());
            ResponseTimes::of(lives.iter().filter_map(until).collect())
        };
        BySeverity {
            severity,
            opened: lives.len(),
            acknowledge: stat(|t| t.acknowledged),
            decide: stat(|t| t.decided),
            mitigate: stat(|t| t.mitigated),
            close: stat(|t| t.closed),
        }
    };
    Severity::ALL.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle_and_nothing_is_not_zero() {
        assert_eq!(ResponseTimes::of(vec![]), ResponseTimes::default());
        let three = ResponseTimes::of(vec![9, 1, 4]);
        assert_eq!((three.n, three.median_seconds, three.worst_seconds), (3, Some(4), Some(9)));
        assert_eq!(ResponseTimes::of(vec![9, 1, 4, 5]).median_seconds, Some(4));
    }
}
