//! What is known of the distance between samples: told, measured or usual, and what a range must
//! span for it. How it is measured is `pace`.

use crate::domain::time::{Span, Timestamp};

/// Taken where it is neither told nor measured.
pub(super) const USUAL: Span = Span::from_secs(15);

/// Samples that a range should hold, one of which may be missed.
const HELD: i64 = 3;

pub(super) const STEP: Span = Span::from_secs(5);

/// How often it is measured again: rarely, and soon where there was nothing to measure.
const AGAIN: Span = Span::from_hours(1);

const SOON: Span = Span::from_mins(1);

/// What is known of one question.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SamplePace {
    pub(super) found: Option<Span>,
    pub(super) looked: Option<Timestamp>,
    /// No series is there that the question could be about.
    pub(super) nothing: bool,
}

impl SamplePace {
    /// Time between two samples: what is told, or longer where it was measured to be.
    pub fn scrape(self, told: Option<Span>) -> Span {
        let least = told.or(self.found).unwrap_or(USUAL);
        self.found.map_or(least, |found| found.max(least))
    }

    /// What was measured is more than what is told or usual: the past may have been told coarser
    /// than the present, so it is soon looked at again.
    pub(super) fn is_slow(self, told: Option<Span>) -> bool {
        self.found.is_some_and(|found| found > told.unwrap_or(USUAL) && found > STEP)
    }

    pub(super) fn is_due(self, now: Timestamp, told: Option<Span>) -> bool {
        let settled = self.found.is_some() && !self.is_slow(told);
        let wait = if settled { AGAIN } else { SOON };
        self.looked.is_none_or(|at| now.since(at) >= wait || now < at)
    }
}

/// How far a question looks back for a window: over all of it, and over enough samples.
pub fn reach(window: Span, scrape: Span) -> Span {
    let need = scrape.times(HELD).millis();
    let whole = window.millis().max(1);
    if need <= whole { window } else { window.times((need + whole - 1) / whole) }
}
