//! One alarm per incident: opens at the line, stays open through the trouble, re-arms after quiet.
//! Works on evidence as a multiple of the line; the line itself is policy.

/// Evidence at or above this share of the line keeps an incident open.
const KEEP: f64 = 0.6;
/// Quiet for this long, or this many rows, closes it; and so does its age.
const QUIET: f64 = 3600.0;
const QUIET_ROWS: u64 = 20;
const LONGEST: f64 = 72.0 * 3600.0;

/// An open incident: when it began, when it was last fed.
#[derive(Clone, Copy, Debug)]
struct Open {
    since: f64,
    fed: f64,
    fed_row: u64,
}

/// What a row did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    Quiet,
    Opened,
    Ongoing,
}

#[derive(Clone, Debug, Default)]
pub struct Latch(Option<Open>);

impl Latch {
    /// Feeds evidence in multiples of the line.
    pub fn step(&mut self, at: f64, row: u64, evidence: f64) -> State {
        if let Some(open) = &mut self.0 {
            if evidence >= KEEP {
                open.fed = at;
                open.fed_row = row;
            }
            let quiet = at - open.fed >= QUIET || row.saturating_sub(open.fed_row) >= QUIET_ROWS;
            if !quiet && at - open.since < LONGEST {
                return State::Ongoing;
            }
            self.0 = None;
        }
        if evidence < 1.0 {
            return State::Quiet;
        }
        self.0 = Some(Open { since: at, fed: at, fed_row: row });
        State::Opened
    }
}
