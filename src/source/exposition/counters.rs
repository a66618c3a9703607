//! Increases of counters between scrapes, spread over the buckets they fell into. A restart of the
//! counter and a new series are handled; the first scrape counts nothing. Pure.

use std::collections::BTreeMap;

use crate::domain::time::{Span, Timestamp};
use crate::source::assemble::Line;
use crate::source::query::Labels;

/// Longest gap between two scrapes whose increase is still believed, in buckets.
const GAP: i64 = 10;

/// The counters of one expression.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Counters {
    last: Option<Timestamp>,
    previous: BTreeMap<Labels, f64>,
    /// Increase by bucket start; `first` is the first bucket seen from its start.
    sums: BTreeMap<Labels, BTreeMap<Timestamp, f64>>,
    first: Option<Timestamp>,
}

impl Counters {
    /// Takes a scrape in and gives the full buckets that ended by now, stamped with their end.
    /// Each bucket comes once.
    pub fn scrape(&mut self, at: Timestamp, bucket: Span, now: BTreeMap<Labels, f64>) -> Vec<Line> {
        let gap = self.last.map(|last| at.since(last));
        match (self.last, gap) {
            (Some(last), Some(gap)) if gap > Span::ZERO && gap <= bucket.times(GAP) => {
                for (labels, value) in &now {
                    // A counter that fell was restarted; one that was not there began at zero.
                    let old = self.previous.get(labels).copied().unwrap_or(0.0);
                    let more = if *value >= old { value - old } else { *value };
                    if more.is_finite() {
                        let sums = self.sums.entry(labels.clone()).or_default();
                        spread(sums, (last, at), bucket, more);
                    }
                }
            }
            (Some(_), Some(gap)) if gap <= Span::ZERO => return Vec::new(),
            _ => {
                self.sums.clear();
                self.first = Some(at.floor(bucket).plus(bucket));
            }
        }
        self.last = Some(at);
        self.previous = now;
        self.finished(at.floor(bucket), bucket)
    }

    fn finished(&mut self, open: Timestamp, bucket: Span) -> Vec<Line> {
        let first = self.first.unwrap_or(open);
        let mut lines = Vec::new();
        for (labels, sums) in &mut self.sums {
            let rest = sums.split_off(&open);
            let done = std::mem::replace(sums, rest);
            let points: Vec<(Timestamp, f64)> = done
                .into_iter()
                .filter(|(start, _)| *start >= first)
                .map(|(start, sum)| (start.plus(bucket), sum))
                .collect();
            if !points.is_empty() {
                lines.push(Line { labels: labels.clone(), points, natives: Vec::new() });
            }
        }
        self.sums.retain(|labels, sums| !sums.is_empty() || self.previous.contains_key(labels));
        lines
    }
}

/// Spreads `more` evenly over the time between two scrapes.
fn spread(
    sums: &mut BTreeMap<Timestamp, f64>,
    (from, to): (Timestamp, Timestamp),
    bucket: Span,
    more: f64,
) {
    let whole = to.since(from).as_secs_f64();
    let mut start = from.floor(bucket);
    while start < to && bucket > Span::ZERO {
        let end = start.plus(bucket);
        let part = end.min(to).since(start.max(from)).as_secs_f64();
        *sums.entry(start).or_insert(0.0) += more * part / whole;
        start = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: Timestamp = Timestamp::from_secs(1_795_207_980);
    const MINUTE: Span = Span::from_mins(1);

    fn scrape(c: &mut Counters, secs: i64, values: &[(&str, f64)]) -> Vec<(String, i64, f64)> {
        let now = values
            .iter()
            .map(|(k, v)| (Labels::from([("k".to_owned(), (*k).to_owned())]), *v))
            .collect();
        c.scrape(T0.plus(Span::from_secs(secs)), MINUTE, now)
            .into_iter()
            .flat_map(|l| {
                let k = l.labels["k"].clone();
                l.points.into_iter().map(move |(t, v)| (k.clone(), t.since(T0).secs(), v))
            })
            .collect()
    }

    #[test]
    fn only_buckets_seen_from_their_start_count() {
        let mut c = Counters::default();
        assert!(scrape(&mut c, 30, &[("a", 1000.0)]).is_empty());
        assert!(scrape(&mut c, 60, &[("a", 1010.0)]).is_empty());
        assert!(scrape(&mut c, 90, &[("a", 1040.0)]).is_empty());
        // The increase of 20 between 90 s and 130 s: three quarters before 120 s.
        let seen = scrape(&mut c, 130, &[("a", 1060.0), ("new", 4.0)]);
        assert_eq!(seen, [("a".into(), 120, 45.0), ("new".into(), 120, 3.0)]);
        // A restart: 1060 -> 8 counts 8.
        let seen = scrape(&mut c, 180, &[("a", 8.0), ("new", 4.0)]);
        assert_eq!(seen, [("a".into(), 180, 13.0), ("new".into(), 180, 1.0)]);
    }

    #[test]
    fn long_gaps_and_clocks_that_step_back_count_nothing() {
        let mut c = Counters::default();
        scrape(&mut c, 0, &[("a", 0.0)]);
        assert!(scrape(&mut c, -5, &[("a", 7.0)]).is_empty());
        assert!(scrape(&mut c, 3600, &[("a", 9000.0)]).is_empty());
        let seen = scrape(&mut c, 3720, &[("a", 9010.0)]);
        assert_eq!(seen, [("a".into(), 3720, 5.0)]);
    }
}
