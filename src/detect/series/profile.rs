//! Time of day: what the same moment looked like on up to fourteen past days.
//! A bounded ring of (time, value, short mean), one cursor per day back; no weekday, no calendar.

use std::collections::VecDeque;

use super::pace::DAY;

/// Past days compared.
pub const DAYS: usize = 14;
/// Rows either side of the same moment.
const HALF: u64 = 5;
/// Rows closer than this are thinned, so that a ring holds at most 14 x 1440 rows.
const FINEST: f64 = 60.0;

#[derive(Clone, Copy, Debug)]
struct Row {
    at: f64,
    value: f64,
    mean: f64,
}

/// The ring. Cursors are absolute row numbers; `first` is the number of the oldest row kept.
#[derive(Clone, Debug)]
pub struct Profile {
    rows: VecDeque<Row>,
    first: u64,
    cursors: [u64; DAYS],
}

/// What the same time of day held before.
#[derive(Clone, Copy, Debug, Default)]
pub struct Past {
    /// Lowest and highest short mean near this moment on past days.
    pub range: Option<(f64, f64)>,
    /// The value at this moment yesterday.
    pub yesterday: Option<f64>,
}

impl Past {
    /// How far a short mean lies outside the past range, signed; 0 inside or without a past.
    pub fn outside(&self, mean: f64) -> f64 {
        match self.range {
            Some((_, high)) if mean > high => mean - high,
            Some((low, _)) if mean < low => mean - low,
            _ => 0.0,
        }
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self { rows: VecDeque::new(), first: 0, cursors: [0; DAYS] }
    }
}

impl Profile {
    /// Looks up stream second `at` for rows spaced `step` seconds apart.
    pub fn past(&mut self, at: f64, step: f64) -> Past {
        let step = step.max(FINEST);
        let mut past = Past::default();
        let Some(oldest) = self.rows.front().map(|r| r.at) else { return past };
        for day in 0..DAYS {
            let target = at - DAY * (day + 1) as f64;
            if oldest > target + (HALF as f64 + 0.5) * step {
                break;
            }
            let cursor = self.advance(day, target - 0.5 * step);
            if day == 0 {
                past.yesterday = self.closest(cursor, target, 1.6 * step);
            }
            let reach = (HALF as f64 + 0.6) * step;
            for row in self.around(cursor, HALF).filter(|r| (r.at - target).abs() <= reach) {
                let (low, high) = past.range.unwrap_or((row.mean, row.mean));
                past.range = Some((low.min(row.mean), high.max(row.mean)));
            }
        }
        past
    }

    pub fn push(&mut self, at: f64, value: f64, mean: f64) {
        if self.rows.back().is_some_and(|r| at < r.at + 0.98 * FINEST && at > r.at) {
            return;
        }
        self.rows.push_back(Row { at, value, mean });
        let limit = DAYS * 1440 + 1440;
        let expired = at - DAY * (DAYS as f64 + 0.5);
        while self.rows.len() > limit || self.rows.front().is_some_and(|r| r.at < expired) {
            self.rows.pop_front();
            self.first += 1;
        }
    }

    /// Moves a day's cursor to the first row at or after `target`; time only runs forward.
    fn advance(&mut self, day: usize, target: f64) -> u64 {
        let Some(cursor) = self.cursors.get_mut(day) else { return self.first };
        *cursor = (*cursor).max(self.first);
        while self.rows.get((*cursor - self.first) as usize).is_some_and(|r| r.at < target) {
            *cursor += 1;
        }
        *cursor
    }

    fn around(&self, cursor: u64, half: u64) -> impl Iterator<Item = &Row> {
        let middle = cursor.saturating_sub(self.first);
        let from = (middle.saturating_sub(half) as usize).min(self.rows.len());
        let to = ((middle + half + 1) as usize).min(self.rows.len());
        self.rows.range(from..to)
    }

    fn closest(&self, cursor: u64, target: f64, within: f64) -> Option<f64> {
        self.around(cursor, 1)
            .map(|r| ((r.at - target).abs(), r.value))
            .filter(|(d, _)| *d < within)
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, v)| v)
    }
}
