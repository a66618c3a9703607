//! One alarm per incident: opens at the line, stays open through the trouble, re-arms after quiet.
//! Works on evidence as a multiple of the line; the line, and how it rises with alarms, is policy.

use super::pace::DAY;

/// Evidence at or above this share of the line keeps an incident open.
const KEEP: f64 = 0.5;
/// Quiet for this long, or this many rows, closes it; and so does its age.
const QUIET: f64 = 3600.0;
const QUIET_ROWS: u64 = 20;
const LONGEST: f64 = 72.0 * 3600.0;
/// An alarm counts half in the tally of recent ones after this time.
const HALF_LIFE: f64 = 7.0 * DAY;

/// An open incident: when it began, when it was last fed.
#[derive(Clone, Copy, Debug)]
struct LatchOpen {
    since: f64,
    fed: f64,
    fed_row: u64,
}

/// What a row did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LatchState {
    Quiet,
    Opened,
    Ongoing,
}

#[derive(Clone, Debug, Default)]
pub struct Latch {
    open: Option<LatchOpen>,
    /// Recent alarms, fading, and when the last was given.
    alarms: f64,
    alarmed: f64,
}

impl Latch {
    /// Whether an incident may still be open: it closes with the next row fed.
    pub const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// How many alarms were given lately, each fading by half in a week.
    pub fn recent(&self, at: f64) -> f64 {
        self.alarms * (-(at - self.alarmed) / HALF_LIFE).exp2()
    }

    /// Feeds evidence in multiples of the line.
    pub fn step(&mut self, at: f64, row: u64, evidence: f64) -> LatchState {
        if let Some(open) = &mut self.open {
            if evidence >= KEEP {
                open.fed = at;
                open.fed_row = row;
            }
            let quiet = at - open.fed >= QUIET || row.saturating_sub(open.fed_row) >= QUIET_ROWS;
            if !quiet && at - open.since < LONGEST {
                return LatchState::Ongoing;
            }
            self.open = None;
        }
        if evidence < 1.0 {
            return LatchState::Quiet;
        }
        self.open = Some(LatchOpen { since: at, fed: at, fed_row: row });
        self.alarms = 1.0 + self.recent(at);
        self.alarmed = at;
        LatchState::Opened
    }
}
