//! The order in which back-history is asked: newest first, in chunks that shrink when an answer is
//! too large and end where a question has no older data. Pure; each source does its own asking.

use std::collections::VecDeque;

use crate::domain::time::{Span, Timestamp};

use super::error::SourceError;
use super::harvest::Harvest;

/// Smallest chunk worth halving, in steps.
const LEAST: i64 = 4;
/// Tries of one chunk.
const TRIES: u8 = 30;

/// A part of history for one question: windows of `step` inside `[start, end)`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Chunk {
    /// Which query or record.
    pub index: usize,
    pub start: Timestamp,
    pub end: Timestamp,
    tries: u8,
}

/// What is left to ask.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Plan {
    pub step: Span,
    todo: VecDeque<Chunk>,
}

impl Plan {
    /// `days` back from the last full `step` before `now`, in chunks of at most `chunk`, the newest
    /// first and within a chunk all of `indexes`.
    pub fn new(now: Timestamp, days: u32, (step, chunk): (Span, Span), indexes: &[usize]) -> Self {
        let mut todo = VecDeque::new();
        let mut end = now.floor(step);
        let oldest = end.minus(Span::from_days(i64::from(days.min(400))));
        while end > oldest && step > Span::ZERO && chunk >= step {
            let start = end.minus(chunk).max(oldest);
            todo.extend(indexes.iter().map(|&index| Chunk { index, start, end, tries: 0 }));
            end = start;
        }
        Self { step, todo }
    }

    pub fn next_chunk(&mut self) -> Option<Chunk> {
        self.todo.pop_front()
    }

    /// Learns from the result of `chunk`: empty ends this question's history, too large halves the
    /// chunk, a passing failure is tried again, any other ends this question's history.
    ///
    /// # Errors
    /// The failure, unless a smaller chunk will be asked instead.
    pub fn settle(
        &mut self,
        chunk: Chunk,
        result: Result<Harvest, SourceError>,
    ) -> Result<Harvest, SourceError> {
        match result {
            Ok(mut harvest) => {
                harvest.notes.retain(|note| !note.ends_with("no data"));
                if harvest.is_empty() {
                    self.drop_question(chunk.index);
                }
                Ok(harvest)
            }
            Err(e) if e.is_too_large() && self.halve(chunk) => Ok(Harvest::default()),
            Err(e @ (SourceError::Retry { .. } | SourceError::Starting { .. })) => {
                if chunk.tries + 1 < TRIES {
                    self.todo.push_front(Chunk { tries: chunk.tries + 1, ..chunk });
                }
                Err(e)
            }
            Err(e) => {
                self.drop_question(chunk.index);
                Err(e)
            }
        }
    }

    fn drop_question(&mut self, index: usize) {
        self.todo.retain(|c| c.index != index);
    }

    fn halve(&mut self, chunk: Chunk) -> bool {
        let length = chunk.end.since(chunk.start);
        if length < self.step.times(LEAST) {
            return false;
        }
        let middle = chunk.start.plus(Span::from_millis(length.millis() / 2)).floor(self.step);
        self.todo.push_front(Chunk { end: middle, ..chunk });
        self.todo.push_front(Chunk { start: middle, ..chunk });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn harvest() -> Harvest {
        let mut h = Harvest::default();
        h.checks.push(crate::domain::check::Check {
            source: "s".into(),
            journey: "j".into(),
            location: String::new(),
            at: Timestamp::EPOCH,
            outcome: crate::domain::check::CheckOutcome::Pass,
            duration_ms: None,
            message: String::new(),
        });
        h
    }

    #[test]
    fn newest_first_halved_when_too_large_and_ended_by_emptiness() {
        let now = Timestamp::from_secs(1_795_207_980);
        let steps = (Span::from_hours(1), Span::from_days(7));
        let mut plan = Plan::new(now, 16, steps, &[0, 1]);
        let first = plan.next_chunk().expect("chunk");
        assert_eq!((first.index, first.end), (0, now.floor(Span::from_hours(1))));
        assert_eq!(first.end.since(first.start), Span::from_days(7));
        let large = Err(SourceError::malformed("answer too large (over 9 bytes)"));
        assert_eq!(plan.settle(first, large), Ok(Harvest::default()));
        let half = plan.next_chunk().expect("half");
        assert_eq!((half.end, half.end.since(half.start)), (first.end, Span::from_hours(84)));
        assert!(plan.settle(half, Ok(harvest())).is_ok());
        let older = plan.next_chunk().expect("older half");
        assert_eq!((older.index, older.start, older.end), (0, first.start, half.start));
        assert!(plan.settle(older, Ok(Harvest::default())).is_ok());
        let rest: Vec<_> = std::iter::from_fn(|| plan.next_chunk()).map(|c| c.index).collect();
        assert_eq!(rest, [1, 1, 1]);
    }

    #[test]
    fn passing_failures_are_tried_again_but_not_for_ever() {
        let now = Timestamp::from_secs(1_795_207_980);
        let mut plan = Plan::new(now, 1, (Span::from_hours(1), Span::from_days(7)), &[0]);
        for _ in 0..30 {
            let chunk = plan.next_chunk().expect("again");
            assert!(plan.settle(chunk, Err(SourceError::retry("reset"))).is_err());
        }
        assert_eq!(plan.next_chunk(), None);
    }
}
