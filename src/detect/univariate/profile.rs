//! Time of day and of week: what the same moment looked like on past days and weeks.
//! A bounded ring of (time, short mean) with a cursor for each day looked back to; no calendar.

use std::collections::VecDeque;

use super::pace::DAY;
use crate::detect::maths::order::median;

/// Days looked back to: two weeks day by day, two more by the same weekday.
const BACK: [f64; 16] =
    [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 21.0, 28.0];
/// The last that counts as a day; multiples of seven count as weeks.
const LAST_DAY: f64 = 14.0;
/// Days, or weeks, that must be known before they are believed.
const ENOUGH: usize = 2;
/// Days among which the most extreme may have been a fault.
const MANY: usize = 6;
/// Rows either side of the same moment, near; and within an hour, for those who come early or late
/// (or whose clocks are put forward).
const NEAR: u64 = 5;
const HOUR: f64 = 3600.0;
/// Rows closer than this (seconds) are thinned, which bounds the ring.
const FINEST: f64 = 300.0;
const MOST: usize = 29 * 288;

#[derive(Clone, Copy, Debug)]
struct HourRow {
    at: f64,
    mean: f64,
}

/// The ring. Cursors are absolute row numbers; `first` is the number of the oldest row kept.
#[derive(Clone, Debug, Default)]
pub struct DayProfile {
    rows: VecDeque<HourRow>,
    first: u64,
    cursors: [u64; BACK.len()],
}

/// What the same moment held before, in short means.
#[derive(Clone, Copy, Debug, Default)]
pub struct UsualPast {
    /// Lowest and highest near this moment on past days, and on the same weekday of past weeks.
    pub days: ValueRange,
    pub weeks: ValueRange,
    /// The same of the hour around it; of days without the most extreme, once enough are known.
    pub hour_days: ValueRange,
    pub hour_weeks: ValueRange,
    /// Medians of this moment on past days and weeks, once enough are known.
    pub day: Option<f64>,
    pub week: Option<f64>,
    pub yesterday: Option<f64>,
}

/// An interval that grows.
#[derive(Clone, Copy, Debug, Default)]
pub struct ValueRange(Option<(f64, f64)>);

impl ValueRange {
    fn take(&mut self, x: f64) {
        let (low, high) = self.0.unwrap_or((x, x));
        self.0 = Some((low.min(x), high.max(x)));
    }

    fn join(&mut self, other: Self) {
        if let Some((low, high)) = other.0 {
            self.take(low);
            self.take(high);
        }
    }

    /// How far `x` lies outside, signed; 0 inside or while empty.
    pub fn outside(&self, x: f64) -> f64 {
        match self.0 {
            Some((_, high)) if x > high => x - high,
            Some((low, _)) if x < low => x - low,
            _ => 0.0,
        }
    }
}

/// Values of one moment on several days.
#[derive(Default)]
struct Spread {
    values: [f64; BACK.len()],
    count: usize,
}

impl Spread {
    fn take(&mut self, x: f64) {
        if let Some(slot) = self.values.get_mut(self.count) {
            *slot = x;
            self.count += 1;
        }
    }

    fn sorted(&mut self) -> &[f64] {
        let values = self.values.get_mut(..self.count).unwrap_or_default();
        values.sort_by(f64::total_cmp);
        values
    }

    fn median(&mut self) -> Option<f64> {
        let values = self.sorted();
        if values.len() < ENOUGH { None } else { median(values) }
    }
}

/// Ranges of one hour on several days.
#[derive(Default)]
struct Hours {
    lows: Spread,
    highs: Spread,
}

impl Hours {
    fn take(&mut self, range: ValueRange) {
        if let Some((low, high)) = range.0 {
            self.lows.take(low);
            self.highs.take(high);
        }
    }

    /// The range over all days; of many, without the lowest low and the highest high.
    fn range(&mut self) -> ValueRange {
        let skip = usize::from(self.lows.count >= MANY);
        let low = self.lows.sorted().get(skip).copied();
        let high = self.highs.sorted().iter().rev().nth(skip).copied();
        ValueRange(low.zip(high))
    }
}

impl DayProfile {
    /// Looks up stream second `at` for rows spaced `step` seconds apart.
    pub fn past(&mut self, at: f64, step: f64) -> UsualPast {
        let step = step.max(FINEST);
        let half = ((HOUR / step).round() as u64).max(NEAR);
        let mut past = UsualPast::default();
        let (mut days, mut weeks) = (Spread::default(), Spread::default());
        let mut hours = Hours::default();
        let Some(oldest) = self.rows.front().map(|r| r.at) else { return past };
        for (number, back) in BACK.into_iter().enumerate() {
            let target = at - DAY * back;
            if oldest > target + (half as f64 + 0.6) * step {
                break;
            }
            let cursor = self.advance(number, target - 0.5 * step);
            let [near, hour] = self.ranges(cursor, target, [NEAR, half], step);
            let closest = self.closest(cursor, target);
            let mean =
                closest.filter(|(distance, _)| *distance <= 0.6 * step).map(|(_, mean)| mean);
            if back <= LAST_DAY {
                past.days.join(near);
                hours.take(hour);
                mean.inspect(|x| days.take(*x));
            }
            if back % 7.0 == 0.0 {
                past.weeks.join(near);
                past.hour_weeks.join(hour);
                mean.inspect(|x| weeks.take(*x));
            }
            if number == 0 {
                past.yesterday = closest.filter(|(d, _)| *d < 1.6 * step).map(|(_, mean)| mean);
            }
        }
        past.hour_days = hours.range();
        past.day = days.median();
        past.week = weeks.median();
        past
    }

    /// Ranges of the rows near a moment and of the hour around it.
    fn ranges(&self, cursor: u64, target: f64, halves: [u64; 2], step: f64) -> [ValueRange; 2] {
        let [near, far] = halves.map(|rows| (rows as f64 + 0.6) * step);
        let mut out = [ValueRange::default(); 2];
        let [inner, outer] = &mut out;
        for row in self.around(cursor, halves[1]) {
            let distance = (row.at - target).abs();
            if distance <= far {
                outer.take(row.mean);
            }
            if distance <= near {
                inner.take(row.mean);
            }
        }
        out
    }

    pub fn push(&mut self, at: f64, mean: f64) {
        if self.rows.back().is_some_and(|r| at < r.at + 0.98 * FINEST) {
            return;
        }
        self.rows.push_back(HourRow { at, mean });
        let expired = at - DAY * (BACK.last().copied().unwrap_or(LAST_DAY) + 0.5);
        while self.rows.len() > MOST || self.rows.front().is_some_and(|r| r.at < expired) {
            self.rows.pop_front();
            self.first += 1;
        }
    }

    /// Moves a cursor to the first row at or after `target`; time only runs forward.
    fn advance(&mut self, number: usize, target: f64) -> u64 {
        let Some(cursor) = self.cursors.get_mut(number) else { return self.first };
        *cursor = (*cursor).max(self.first);
        while self.rows.get((*cursor - self.first) as usize).is_some_and(|r| r.at < target) {
            *cursor += 1;
        }
        *cursor
    }

    fn around(&self, cursor: u64, half: u64) -> impl Iterator<Item = &HourRow> {
        let middle = cursor.saturating_sub(self.first);
        let from = (middle.saturating_sub(half) as usize).min(self.rows.len());
        let to = ((middle + half + 1) as usize).min(self.rows.len());
        self.rows.range(from..to)
    }

    /// The row closest to `target`: its distance in seconds and its mean.
    fn closest(&self, cursor: u64, target: f64) -> Option<(f64, f64)> {
        let rows = self.around(cursor, 1).map(|r| ((r.at - target).abs(), r.mean));
        rows.min_by(|a, b| a.0.total_cmp(&b.0))
    }
}
