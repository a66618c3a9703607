//! The toll of an incident over all who watched it: sums only grow, also when another process
//! begins to count anew. How a watcher counts is `detect::toll`; nothing is estimated here.

use crate::domain::money::Range;
use crate::domain::time::{Span, Timestamp};
use crate::verdict::Case;

/// A count that begins no later than this after the one before covers the same time again.
const SAME: Span = Span::from_mins(2);

/// Money and sessions so far, and how much of them an earlier count brought.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct IncidentToll {
    /// Major units of the shop's currency.
    pub lost: Option<Range>,
    /// Affected sessions.
    pub affected: Option<Range>,
    /// From counts that ended before the present one began.
    before: (Option<Range>, Option<Range>),
    /// The bad time that the present count covers.
    span: Option<(Timestamp, Timestamp)>,
}

impl IncidentToll {
    /// The toll once `case` is told: its count goes on, counts the same time again, or comes after
    /// what was counted before.
    #[must_use]
    pub fn with(&self, case: &Case) -> Self {
        let mut next = *self;
        if let (Some(mine), Some(new)) = (self.span, case.counted)
            && new.0 > mine.0.plus(SAME)
        {
            // of what both cover the later count speaks
            let whole = mine.1.since(mine.0).as_secs_f64().max(1.0);
            let share = (new.0.since(mine.0).as_secs_f64() / whole).min(1.0);
            let part = |r: Option<Range>| r.map(|r| r.times(share));
            next.before = (part(self.lost), part(self.affected));
        }
        next.span = case.counted.or(self.span);
        next.lost = most(self.lost, sum(next.before.0, case.lost));
        next.affected = most(self.affected, sum(next.before.1, case.affected));
        next
    }

    /// What a board showed already, which is newer than what the journal was told last.
    pub fn shown(&mut self, lost: Option<Range>, affected: Option<Range>) {
        self.lost = most(self.lost, lost);
        self.affected = most(self.affected, affected);
    }
}

fn sum(a: Option<Range>, b: Option<Range>) -> Option<Range> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.plus(b)),
        (one, None) | (None, one) => one,
    }
}

/// Neither end ever falls.
fn most(a: Option<Range>, b: Option<Range>) -> Option<Range> {
    match (a, b) {
        (Some(a), Some(b)) => Some(Range { low: a.low.max(b.low), high: a.high.max(b.high) }),
        (one, None) | (None, one) => one,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::severity::Severity;
    use crate::incident::tests::kit::case;

    fn told(lost: (f64, f64), span: (i64, i64)) -> Case {
        let at = |m: i64| Timestamp::from_secs(m * 60);
        Case {
            lost: Some(Range::new(lost.0, lost.1)),
            counted: Some((at(span.0), at(span.1))),
            ..case(Severity::Sev1)
        }
    }

    fn lost(toll: IncidentToll) -> (f64, f64) {
        let lost = toll.lost.expect("counted");
        (lost.low, lost.high)
    }

    #[test]
    fn a_count_that_goes_on_or_begins_again_never_makes_the_loss_smaller() {
        let first = IncidentToll::default().with(&told((3_965.0, 5_836.0), (0, 30)));
        // another watcher counts the same minutes by another estimate
        let again = first.with(&told((726.0, 3_752.0), (1, 31)));
        assert_eq!(lost(again), (3_965.0, 5_836.0));
        let on = again.with(&told((4_100.0, 6_000.0), (1, 33)));
        assert_eq!(lost(on), (4_100.0, 6_000.0));
    }

    #[test]
    fn a_count_that_begins_later_is_added_and_what_both_cover_counts_once() {
        let first = IncidentToll::default().with(&told((1_000.0, 2_000.0), (0, 20)));
        let later = first.with(&told((11.0, 57.0), (25, 26)));
        assert_eq!(lost(later), (1_011.0, 2_057.0));
        let on = later.with(&told((43.0, 224.0), (25, 30)));
        assert_eq!(lost(on), (1_043.0, 2_224.0));
        let overlap = first.with(&told((600.0, 900.0), (10, 25)));
        assert_eq!(lost(overlap), (1_100.0, 2_000.0));
    }

    #[test]
    fn what_a_board_showed_is_not_taken_back_by_who_watches_next() {
        let mut toll = IncidentToll::default().with(&told((1_000.0, 2_000.0), (0, 20)));
        toll.shown(Some(Range::new(1_090.0, 2_150.0)), None);
        let next = toll.with(&told((1_020.0, 2_100.0), (0, 21)));
        assert_eq!(lost(next), (1_090.0, 2_150.0));
    }

    #[test]
    fn what_nobody_could_count_takes_nothing_away() {
        let first = IncidentToll::default().with(&told((10.0, 20.0), (0, 5)));
        let none = Case { lost: None, counted: None, ..case(Severity::Sev1) };
        assert_eq!(lost(first.with(&none)), (10.0, 20.0));
    }
}
