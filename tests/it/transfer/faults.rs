//! What goes wrong in a made-up series, and where: each fault changes a stretch and names it.
//! The stretch is the answer key; how a series is otherwise is `worlds`.

use super::noise::Noise;
use super::worlds::{DAY, Draft, HOUR};

/// A fault. Sizes are in levels of the series.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// A few rows far off; the size may be negative.
    Spike(f64),
    /// An hour or some at another level.
    Burst(f64),
    /// Another level from here on, for days.
    Shift(f64),
    /// The highest hours of a day stay at the median.
    NoPeak,
    /// The lowest hours of a day stay at the peak.
    NoTrough,
    /// The last value comes again and again, for half a day.
    Stuck,
    /// The median comes again and again.
    AtMedian,
    /// Noise so many times as wild, for most of a day.
    Wild(f64),
    /// Habitual spikes so many times as often, for most of a day.
    Denser(f64),
    /// A slow slide to this much more over two days, then back.
    Drift(f64),
    /// Nothing at all, for an hour or some.
    Pause,
    /// A working day that looks like the Sunday before.
    DayOff,
}

/// Puts the faults in, one in each equal part of the last 70 % of the series.
pub fn place(faults: &[Fault], draft: &mut Draft, noise: &mut Noise) -> Vec<(usize, usize)> {
    let n = draft.expected.len();
    let first = n * 3 / 10;
    let part = (n - first) / faults.len().max(1);
    let mut spans = Vec::new();
    for (k, fault) in faults.iter().enumerate() {
        let at = first + k * part + (noise.between(0.1, 0.5) * part as f64) as usize;
        if let Some(span) = fault.apply(at, part * 4 / 10, draft, noise) {
            spans.push(span);
        }
    }
    spans
}

impl Fault {
    /// Changes the draft from about row `at`, for at most `most` rows; tells the changed rows.
    fn apply(
        self,
        at: usize,
        most: usize,
        draft: &mut Draft,
        noise: &mut Noise,
    ) -> Option<(usize, usize)> {
        let n = draft.expected.len();
        let rows = |seconds: f64| ((seconds / draft.step).ceil() as usize).clamp(1, most.max(1));
        let length = match self {
            Self::Spike(_) => (noise.between(1.0, 4.0)) as usize,
            Self::Burst(_) | Self::Pause => rows(noise.between(0.7, 3.0) * HOUR).max(2),
            Self::Shift(_) | Self::Drift(_) => rows(noise.between(1.5, 3.0) * DAY).max(12),
            Self::Stuck | Self::AtMedian => rows(noise.between(8.0, 16.0) * HOUR).max(8),
            Self::Wild(_) | Self::Denser(_) => rows(noise.between(12.0, 24.0) * HOUR).max(12),
            Self::NoPeak | Self::NoTrough | Self::DayOff => return self.day(at, draft),
        };
        let to = (at + length).min(n);
        let level = draft.level;
        for i in at..to {
            let along = (i - at) as f64 / length as f64;
            match self {
                Self::Spike(size) | Self::Burst(size) | Self::Shift(size) => {
                    draft.expected[i] += size * level;
                }
                Self::Drift(size) => draft.expected[i] += size * level * along,
                Self::Stuck => draft.fixed[i] = Some(draft.expected[at]),
                Self::AtMedian => draft.fixed[i] = Some(level),
                Self::Wild(times) => draft.wildness[i] *= times,
                Self::Denser(times) => draft.spikes[i] = (draft.spikes[i] * times).min(0.5),
                Self::Pause => draft.fixed[i] = Some(0.0),
                Self::NoPeak | Self::NoTrough | Self::DayOff => {}
            }
        }
        Some((at, to - 1))
    }

    /// Faults of a whole day: the next one from `at`.
    fn day(self, at: usize, draft: &mut Draft) -> Option<(usize, usize)> {
        let day = (DAY / draft.step) as usize;
        let mut from = at.next_multiple_of(day);
        if matches!(self, Self::DayOff) {
            // the Wednesday of that week
            from = at.next_multiple_of(7 * day) + 2 * day;
        }
        let to = from + day;
        if to >= draft.expected.len() || from < 3 * day {
            return None;
        }
        if matches!(self, Self::DayOff) {
            let sunday: Vec<f64> = draft.expected[from - 3 * day..to - 3 * day].to_vec();
            draft.expected[from..to].copy_from_slice(&sunday);
            return Some((from + day / 4, to));
        }
        let mut sorted = draft.expected[from..to].to_vec();
        sorted.sort_by(f64::total_cmp);
        let (low, middle, high) = (sorted[day / 20], sorted[day / 2], sorted[day - 1 - day / 20]);
        let (mut first, mut last) = (None, from);
        for i in from..to {
            let x = draft.expected[i];
            let other = match self {
                Self::NoPeak if low < middle => x.min(middle.min(f64::midpoint(low, high))),
                Self::NoPeak => x.min(low),
                _ => x.max(if middle < high { middle.max(f64::midpoint(low, high)) } else { high }),
            };
            if (other - x).abs() > 0.1 * (high - low) {
                first = first.or(Some(i));
                last = i;
            }
            draft.expected[i] = other;
        }
        first.map(|first| (first, last))
    }
}
