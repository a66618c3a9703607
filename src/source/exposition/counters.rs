//! Increases of counters between scrapes, spread over the buckets they fell into. Restarts, new
//! series, series that stay away for a while and samples with a time of their own are handled; the
//! first scrape counts nothing. Pure.

use std::collections::BTreeMap;

use crate::domain::time::{Span, Timestamp};
use crate::source::assemble::SeriesLine;
use crate::source::query::Labels;

/// Longest gap between two scrapes whose increase is still believed, in buckets.
const GAP: i64 = 10;
/// Scrapes that a series may stay away before the others no longer wait for it.
const AWAY: i64 = 3;
/// How long a series that is gone is remembered: one that comes back later is no newborn.
const MEMORY: Span = Span::from_hours(6);
/// What a counter that begins may have counted at its first sight, whatever its neighbours do.
const BEGUN: f64 = 100.0;
/// Of what it, or its neighbours, grew otherwise, how many times as much is believed of a new one.
const LEAP: f64 = 10.0;

/// What a page says of one counter, with the sender's own time where it has one.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CounterReading {
    pub value: f64,
    pub at: Option<Timestamp>,
}

/// The counters of one expression.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Counters {
    last: Option<Timestamp>,
    gap: Span,
    known: BTreeMap<Labels, Counter>,
    /// The first bucket seen from its start.
    first: Option<Timestamp>,
    /// Buckets that began before this one were given.
    done: Option<Timestamp>,
}

#[derive(Clone, PartialEq, Debug)]
struct Counter {
    value: f64,
    at: Timestamp,
    /// The scrape that last said something new of it.
    heard: Timestamp,
    /// Its last increase a second.
    pace: f64,
    sums: BTreeMap<Timestamp, f64>,
}

impl Counters {
    /// Takes a scrape in; gives what all of them grew. `around` is what others grew meanwhile that
    /// these are a part of.
    pub fn take(
        &mut self,
        at: Timestamp,
        bucket: Span,
        now: &BTreeMap<Labels, CounterReading>,
        around: f64,
    ) -> f64 {
        let before = self.last;
        let gap = before.map(|last| at.since(last));
        if gap.is_some_and(|gap| gap <= Span::ZERO) {
            return 0.0;
        }
        let most = bucket.times(GAP);
        let whole = gap.is_some_and(|gap| gap <= most);
        if !whole {
            self.known.values_mut().for_each(|c| c.sums.clear());
            self.first = Some(at.floor(bucket).plus(bucket));
        }
        let room = Room { bucket, most, done: self.done, whole };
        let mut grown = 0.0;
        for (labels, reading) in now {
            if let Some(counter) = self.known.get_mut(labels) {
                grown += counter.read(*reading, at, &room);
            }
        }
        for (labels, reading) in now.iter().filter(|(_, r)| r.value.is_finite()) {
            if self.known.contains_key(labels) {
                continue;
            }
            let own = reading.at.map_or(at, |own| own.min(at));
            let mut counter = Counter::begun(reading.value, own, at);
            let most = BEGUN.max(LEAP * (grown + around));
            // One that was not there began at zero, unless it is too large for that.
            if let Some(before) = before.filter(|_| whole && reading.value <= most) {
                counter.count((before, at), reading.value, &room);
            }
            self.known.insert(labels.clone(), counter);
        }
        self.gap = gap.unwrap_or_default();
        self.last = Some(at);
        self.known.retain(|_, c| at.since(c.heard) <= MEMORY || !c.sums.is_empty());
        grown
    }

    /// The buckets before this are whole: nobody is waited for that may still add to them.
    pub fn ready(&self, bucket: Span) -> Timestamp {
        let Some(at) = self.last else { return Timestamp::EPOCH };
        let away = self.gap.times(AWAY);
        let awaited = self.known.values().filter(|c| at.since(c.heard) <= away);
        awaited.map(|c| c.at).min().unwrap_or(at).min(at).floor(bucket)
    }

    /// The buckets that ended by `ready`, stamped with their end. Each comes once.
    pub fn finish(&mut self, ready: Timestamp, bucket: Span) -> Vec<SeriesLine> {
        let first = self.first.unwrap_or(ready);
        let mut lines = Vec::new();
        for (labels, counter) in &mut self.known {
            let rest = counter.sums.split_off(&ready);
            let done = std::mem::replace(&mut counter.sums, rest);
            let points: Vec<(Timestamp, f64)> = done
                .into_iter()
                .filter(|(start, _)| *start >= first)
                .map(|(start, sum)| (start.plus(bucket), sum))
                .collect();
            if !points.is_empty() {
                lines.push(SeriesLine { labels: labels.clone(), points, natives: Vec::new() });
            }
        }
        self.done = self.done.max(Some(ready));
        lines
    }

    /// Takes a scrape in and gives the buckets that it made whole.
    pub fn scrape(
        &mut self,
        at: Timestamp,
        bucket: Span,
        now: &BTreeMap<Labels, CounterReading>,
    ) -> Vec<SeriesLine> {
        self.take(at, bucket, now, 0.0);
        let ready = self.ready(bucket);
        self.finish(ready, bucket)
    }
}

struct Room {
    bucket: Span,
    most: Span,
    done: Option<Timestamp>,
    /// The scrape before is near enough to count from.
    whole: bool,
}

impl Counter {
    fn begun(value: f64, at: Timestamp, heard: Timestamp) -> Self {
        Self { value, at, heard, pace: 0.0, sums: BTreeMap::new() }
    }

    /// Takes a reading; gives the increase. The same sample once more says nothing.
    fn read(&mut self, reading: CounterReading, scraped: Timestamp, room: &Room) -> f64 {
        let own = reading.at.map_or(scraped, |own| own.min(scraped));
        if own <= self.at || !reading.value.is_finite() {
            return 0.0;
        }
        let (from, old) = (self.at, self.value);
        (self.at, self.value, self.heard) = (own, reading.value, scraped);
        let away = own.since(from);
        if !room.whole || away > room.most {
            return 0.0;
        }
        let secs = away.as_secs_f64();
        // A counter that fell was restarted, unless it holds too much for that.
        let fell = reading.value < old;
        let more = if fell { reading.value } else { reading.value - old };
        if fell && more > BEGUN.max(LEAP * self.pace * secs) {
            return 0.0;
        }
        self.pace = more / secs.max(1e-3);
        self.count((from, own), more, room);
        more
    }

    /// Spreads `more` evenly over the time between two readings; what falls into buckets that were
    /// given already is lost.
    fn count(&mut self, (from, to): (Timestamp, Timestamp), more: f64, room: &Room) {
        let (whole, bucket) = (to.since(from).as_secs_f64(), room.bucket);
        let mut start = from.floor(bucket);
        while start < to && bucket > Span::ZERO && whole > 0.0 {
            let end = start.plus(bucket);
            let part = end.min(to).since(start.max(from)).as_secs_f64();
            if room.done.is_none_or(|done| start >= done) {
                *self.sums.entry(start).or_insert(0.0) += more * part / whole;
            }
            start = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: Timestamp = Timestamp::from_secs(1_795_207_980);
    const MINUTE: Span = Span::from_mins(1);

    fn stamped(
        c: &mut Counters,
        secs: i64,
        values: &[(&str, f64, Option<i64>)],
    ) -> Vec<(String, i64, f64)> {
        let at = |own: i64| T0.plus(Span::from_secs(own));
        let reading = |value, own: Option<i64>| CounterReading { value, at: own.map(at) };
        let label = |k: &str| Labels::from([("k".to_owned(), k.to_owned())]);
        let now = values.iter().map(|(k, v, own)| (label(k), reading(*v, *own))).collect();
        c.scrape(at(secs), MINUTE, &now)
            .into_iter()
            .flat_map(|l| {
                let k = l.labels["k"].clone();
                l.points.into_iter().map(move |(t, v)| (k.clone(), t.since(T0).secs(), v))
            })
            .collect()
    }

    fn scrape(c: &mut Counters, secs: i64, values: &[(&str, f64)]) -> Vec<(String, i64, f64)> {
        let values: Vec<_> = values.iter().map(|(k, v)| (*k, *v, None)).collect();
        stamped(c, secs, &values)
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

    #[test]
    fn exposition_02_a_series_absent_from_scrapes_is_bridged_and_is_no_burst_when_it_is_back() {
        for away in [1, 2, 3, 5, 9, 40] {
            let mut c = Counters::default();
            let mut told: BTreeMap<i64, f64> = BTreeMap::new();
            for n in 0..60_i64 {
                let orders = ("orders", 1e6 + 60.0 * n as f64);
                let near = ("near", 5e5 + 30.0 * n as f64);
                let gone = (6..6 + away).contains(&n);
                let page = if gone { vec![near] } else { vec![orders, near] };
                for (k, at, sum) in scrape(&mut c, 30 * n, &page) {
                    assert!(k != "orders" || told.insert(at, sum).is_none(), "{at} told twice");
                }
            }
            assert!(told.values().all(|v| *v <= 120.5), "{away}: {told:?}");
            let whole = told.values().filter(|v| (119.5..=120.5).contains(*v)).count();
            let lost = if away <= 2 { 0 } else { 1 + usize::try_from(away).expect("few") / 2 };
            assert!(whole + 1 + lost >= 29, "{away}: {whole} whole minutes of {told:?}");
        }
    }

    #[test]
    fn exposition_02_a_large_newcomer_and_a_replica_that_answers_in_turn_are_no_bursts() {
        let mut c = Counters::default();
        let mut most = 0.0_f64;
        for n in 0..40_i64 {
            // Two replicas that answer in turn, each with series of its own.
            let replica = if n % 2 == 0 { "even" } else { "odd" };
            let mut page = vec![(replica, 1e6 + 5.0 * n as f64), ("a", 100.0 + n as f64)];
            if n > 4 {
                page.push(("late", 7e6 + 5.0 * n as f64));
            }
            let seen = scrape(&mut c, 30 * n, &page);
            most = seen.iter().fold(most, |m, (_, _, sum)| m.max(*sum));
        }
        assert!(most <= 12.0, "{most}");
    }

    #[test]
    fn exposition_01_a_sample_with_its_own_time_counts_then_and_once() {
        let mut c = Counters::default();
        let mut told = Vec::new();
        for n in 0..20_i64 {
            // Stamped two minutes ago; from the tenth scrape on the sender is stuck.
            let n_told = n.min(10);
            let own = Some(30 * n_told - 120);
            told.extend(stamped(&mut c, 30 * n, &[("a", 100.0 + 5.0 * n_told as f64, own)]));
        }
        assert!(!told.is_empty() && told.iter().all(|(_, _, sum)| *sum == 10.0), "{told:?}");
        assert!(told.iter().all(|(_, at, _)| *at <= 180), "none of a stuck sender: {told:?}");
    }
}
