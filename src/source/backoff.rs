//! How long to wait after a failed poll: doubling with full jitter up to one and a half intervals
//! of the source, so that its recovery is seen within two; the server's wish first.
//! A pure state machine; the random number and the clock belong to the caller.

use crate::domain::time::Span;

/// Longest own wait, and the least that the cap may be.
const CAP_MS: i64 = 60_000;
const LEAST_CAP_MS: i64 = 1000;
/// Shortest own wait, so that jitter never makes a tight loop.
const FLOOR_MS: i64 = 250;
/// Good polls in a row that make the past forgotten.
const GOOD: u32 = 3;

/// Failures so far. Three good polls in a row reset it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Backoff {
    failures: u32,
    good: u32,
}

impl Backoff {
    /// Notes a failure of a source that is asked each `every` of wall time. The wait is uniform in
    /// 0.25 s ..= min(60 s, 1.5 intervals, 2^(n-1) s) for the n-th failure by `random`; `after`
    /// (the server's Retry-After) wins when given.
    pub fn failed(&mut self, every: Span, random: u64, after: Option<Span>) -> Span {
        let exponent = self.failures.min(6);
        self.failures = self.failures.saturating_add(1);
        self.good = 0;
        if let Some(wish) = after {
            return wish.clamp(Span::ZERO, Span::from_hours(1));
        }
        let cap = (every.millis().saturating_mul(3) / 2).clamp(LEAST_CAP_MS, CAP_MS);
        let ceiling = 1000_i64.saturating_mul(1 << exponent).min(cap);
        let room = u64::try_from(ceiling - FLOOR_MS).unwrap_or(0) + 1;
        Span::from_millis(FLOOR_MS + i64::try_from(random % room).unwrap_or(0))
    }

    /// Notes a good poll.
    pub fn succeeded(&mut self) {
        self.good = self.good.saturating_add(1);
        if self.good >= GOOD {
            *self = Self::default();
        }
    }

    /// True once several failures came in a row: shown as an open circuit.
    pub fn is_open(&self) -> bool {
        self.failures >= GOOD && self.good == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Span = Span::from_hours(1);

    #[test]
    fn however_long_the_trouble_lasts_the_next_try_is_within_two_intervals() {
        for every in [1, 5, 15, 30] {
            let (every, mut b) = (Span::from_secs(every), Backoff::default());
            for n in 0..200_u64 {
                let wait = b.failed(every, n.wrapping_mul(0x9E37_79B9_7F4A_7C15), None);
                assert!(wait <= every.times(2), "{wait} after {n} failures, every {every}");
            }
            assert_eq!(b.failed(every, 0, Some(Span::from_secs(120))), Span::from_secs(120));
        }
    }

    #[test]
    fn waits_double_to_a_minute_within_full_jitter() {
        let mut b = Backoff::default();
        let ceilings = [1, 2, 4, 8, 16, 32, 60, 60];
        for secs in ceilings {
            let mut copy = b;
            assert_eq!(copy.failed(HOUR, 0, None), Span::from_millis(250));
            let room = u64::try_from(secs * 1000 - 250).expect("positive");
            assert_eq!(b.failed(HOUR, room, None), Span::from_secs(secs));
        }
        assert!(b.is_open());
    }

    #[test]
    fn three_good_polls_forget_and_the_server_wish_wins() {
        let mut b = Backoff::default();
        b.failed(HOUR, 1, None);
        b.failed(HOUR, 1, None);
        b.succeeded();
        b.succeeded();
        assert_ne!(b, Backoff::default());
        b.succeeded();
        assert_eq!(b, Backoff::default());
        assert_eq!(b.failed(HOUR, 7, Some(Span::from_secs(30))), Span::from_secs(30));
        assert_eq!(b.failed(HOUR, 7, Some(Span::from_secs(-5))), Span::ZERO);
    }
}
