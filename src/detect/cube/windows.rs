//! The standing windows: lengths in buckets over which every place is summed, shortest first. A
//! window is named by its span and found here, never by its place in the list.

use crate::domain::time::Span;

/// Spans of the standing windows in minutes: one minute to four hours.
const MINUTES: [i64; 14] = [1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240];
/// Lengths in buckets where a bucket is longer than all of them.
const COARSE: [i64; 3] = [1, 2, 4];
/// Windows of the fewest buckets: where something begins.
const FIRST: usize = 3;

/// Lengths of windows, each once and ascending.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Windows {
    lengths: Vec<i64>,
    bucket: Span,
}

impl Windows {
    /// The windows over buckets of a length.
    pub fn standing(bucket: Span) -> Self {
        let buckets = |m: &i64| Span::from_mins(*m).millis() / bucket.millis().max(1);
        let mut lengths: Vec<i64> = MINUTES.iter().map(buckets).filter(|b| *b > 0).collect();
        lengths.dedup();
        if lengths.is_empty() {
            lengths = COARSE.to_vec();
        }
        Self { lengths, bucket }
    }

    pub fn lengths(&self) -> impl Iterator<Item = i64> {
        self.lengths.iter().copied()
    }

    pub fn count(&self) -> usize {
        self.lengths.len()
    }

    /// The window of so many buckets, if one stands.
    pub fn of_buckets(&self, buckets: i64) -> Option<usize> {
        self.lengths.iter().position(|l| *l == buckets)
    }

    /// The window of a span, if one stands.
    pub fn of(&self, span: Span) -> Option<usize> {
        self.of_buckets(span.millis() / self.bucket.millis().max(1))
    }

    /// Buckets of a window.
    pub fn length(&self, window: usize) -> i64 {
        self.lengths.get(window).copied().unwrap_or(1)
    }

    /// Buckets of the longest window; none before any was rolled on.
    pub fn longest(&self) -> Option<i64> {
        self.lengths.last().copied()
    }

    /// The window in the middle of the list: neither of an instant nor of half a day.
    pub fn middle(&self) -> usize {
        self.lengths.len() / 2
    }

    /// The windows of the fewest buckets.
    pub fn first(&self) -> std::ops::Range<usize> {
        0..self.lengths.len().min(FIRST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_found_by_its_span() {
        for minutes in [1, 5] {
            let windows = Windows::standing(Span::from_mins(minutes));
            let hour = windows.of(Span::from_mins(60)).expect("an hour stands");
            assert_eq!(windows.length(hour), 60 / minutes);
            assert_eq!(windows.longest(), Some(240 / minutes));
            assert!(windows.lengths().is_sorted_by(|a, b| a < b));
        }
        let coarse = Windows::standing(Span::from_hours(24));
        assert_eq!(coarse.lengths().collect::<Vec<_>>(), COARSE);
        assert_eq!((coarse.of(Span::from_mins(60)), coarse.count()), (None, 3));
    }
}
