//! What this moment should hold, by time of day and, once two weeks are known, by time of week,
//! and how far off the present is. The past itself is `profile`; nothing here is self-normalised.

use super::pace::DAY;
use super::profile::UsualPast;
use super::recent::Recent;
use super::row::SeriesSample;

/// The week is believed once its mean error is below this share of the day's ...
const BETTER: f64 = 0.7;
/// ... for at least this long; errors count with this memory.
const TRIAL: f64 = 3.0 * DAY;
const MEMORY: f64 = 7.0 * DAY;
/// Errors are clipped at this many swings before they count in the comparison.
const CLIP: f64 = 4.0;

#[derive(Clone, Debug, Default)]
pub struct Expect {
    /// Mean absolute errors by day and by week, and how long they were compared.
    errors: (f64, f64),
    compared: f64,
    /// Errors of the expectation in use.
    strays: Recent,
}

/// What was expected and how it went.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected {
    pub mean: Option<f64>,
    /// How far the short mean is, toward the bad side, from all that the hour around this moment
    /// had on past days or weeks, in robust deviations from what was expected.
    pub off: f64,
    /// The week says more than the day.
    pub weekly: bool,
}

impl Expect {
    /// Judges the short mean against what past days or weeks had at this moment.
    pub fn step(&mut self, row: &SeriesSample, past: &UsualPast, mean: f64) -> Expected {
        let weekly = self.choose(row, past, mean);
        let Some(expected) = (if weekly { past.week } else { past.day }) else {
            return Expected { weekly, ..Expected::default() };
        };
        let stray = mean - expected;
        let frame = self.strays.frame(row.at);
        self.strays.push(row.at, stray, frame.as_ref());
        let hour = if weekly { past.hour_weeks } else { past.hour_days };
        let off = frame.map_or(0.0, |f| {
            let unit = f.sd.max(row.frame.floor);
            if unit > 0.0 { row.toward_bad(hour.outside(mean)) / unit } else { 0.0 }
        });
        Expected { mean: Some(expected), off, weekly }
    }

    /// Whether the week is the better guide so far; learns from both.
    fn choose(&mut self, row: &SeriesSample, past: &UsualPast, mean: f64) -> bool {
        let (Some(day), Some(week)) = (past.day, past.week) else { return false };
        let weekly = self.compared > TRIAL && self.errors.1 < BETTER * self.errors.0;
        let most = CLIP * row.frame.swing;
        let now = ((mean - day).abs().min(most), (mean - week).abs().min(most));
        let share = if self.compared > 0.0 { (row.step / MEMORY).min(0.1) } else { 1.0 };
        self.errors.0 += share * (now.0 - self.errors.0);
        self.errors.1 += share * (now.1 - self.errors.1);
        self.compared += row.step;
        weekly
    }
}
