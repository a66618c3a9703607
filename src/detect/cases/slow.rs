//! Checks of a journey that take longer than usual, as they were at their worst and are now. When
//! they are is judged elsewhere.

use crate::domain::id::JourneyId;
use crate::domain::time::Timestamp;

/// The checks of one journey that are slow, or lately were.
#[derive(Clone, PartialEq, Debug)]
pub struct SlowChecks {
    pub journey: JourneyId,
    pub since: Timestamp,
    pub until: Option<Timestamp>,
    /// Locations with their response time at its worst and what was usual, ms.
    pub worst: Vec<(String, f64, f64)>,
    /// Medians over the slow locations now and usually, ms.
    pub now: f64,
    pub usual: f64,
    pub runs: f64,
    pub days: f64,
    /// It has been told as a case of its own: its end is told too.
    pub own: bool,
    /// The case of the journey that it is a sign of.
    pub sign_of: Option<String>,
}

impl SlowChecks {
    pub fn goes_on(&mut self, new: Self) {
        let worse = new.worst.len() > self.worst.len() || new.now > self.peak();
        (self.now, self.runs) = (new.now, new.runs);
        self.since = self.since.min(new.since);
        if worse {
            (self.worst, self.usual) = (new.worst, new.usual);
        }
    }

    /// Median of the slow locations at its worst, ms.
    pub fn peak(&self) -> f64 {
        middle(self.worst.iter().map(|w| w.1).collect())
    }

    /// How many times as long as usual.
    pub fn times(&self) -> f64 {
        self.peak() / self.usual.max(1.0)
    }
}

pub fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
