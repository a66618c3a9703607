//! Is it over? The end is told from the buckets since the last bad one, for each shift by itself
//! and for the shifts of a case together: one fix ends them all, and the strong ones say when.

use super::kinds::is_whole_funnel;
use super::open_case::OpenCase;
use crate::detect::scan::shift::Shift;
use crate::domain::segment::Dim;
use crate::domain::time::Span;

/// Nats of all shifts together that prove recovery, and what the single shift must add to it:
/// evidence that leans to "recovered" too.
const TOGETHER: f64 = 6.0;
const LEAN: f64 = -0.5;

impl OpenCase {
    /// One more bucket of every open shift, as nats for "still bad" (in the order of `shifts`).
    pub fn weigh(&mut self, bads: &[f64], bucket: i64) {
        let steps = self.shifts.iter().any(|e| e.until.is_none() && !is_whole_funnel(e));
        let counted = self.shifts.iter().zip(bads);
        let counted = counted.filter(|(e, _)| e.until.is_none() && !(steps && is_whole_funnel(e)));
        let bad: f64 = counted.map(|(_, bad)| bad).sum();
        self.good = (self.good - bad).max(0.0);
        if self.good <= 0.0 {
            self.last_bad = bucket;
        }
        for (e, bad) in self.shifts.iter_mut().zip(bads) {
            e.lean = if self.good <= 0.0 { 0.0 } else { e.lean + bad };
        }
    }

    /// Something bad joined: what was summed up for recovery counts no more.
    pub fn bad_again(&mut self, bucket: i64) {
        (self.good, self.last_bad) = (0.0, bucket);
        self.shifts.iter_mut().for_each(|e| e.lean = 0.0);
    }

    /// The last bad bucket of an shift that has been good for `clear`; `None` while it is open.
    pub fn ended(&self, e: &Shift, bucket: i64, length: Span, clear: Span) -> Option<i64> {
        let since = |b: i64| length.times(bucket - b) >= clear;
        if e.recovered() && since(e.last_bad) {
            return Some(e.last_bad);
        }
        let together = self.good >= TOGETHER && e.lean <= LEAN;
        if together && since(self.last_bad) {
            return Some(self.last_bad);
        }
        // Nobody meets the release or the arm any more.
        let passing = [Dim::Release, Dim::Cohort].iter().any(|d| e.scope.dims.contains_key(d));
        (passing && length.times(bucket - e.last_seen) >= clear.times(2)).then_some(e.last_seen)
    }
}
