//! Why a row scored as it did, in numbers first and words on demand.
//! No thresholds here: the parts are what the detector summed.

use std::fmt;

use super::latch::LatchState;
use super::parts::{NoveltyPart, PartSizes};

/// The evidence line of a row.
#[derive(Clone, PartialEq, Debug)]
pub enum Reason {
    /// No value in this row.
    Gap,
    /// Too few rows to judge.
    Learning,
    /// Nothing unusual enough to talk about.
    Usual,
    /// Part of an incident already told.
    Ongoing,
    /// Unusual: robust deviations from the recent median, and the novelties, each as a multiple
    /// of its own worst memories as it entered the sum.
    Unusual { far: f64, parts: PartSizes },
}

impl Reason {
    pub fn new(state: LatchState, far: f64, parts: PartSizes) -> Self {
        match state {
            LatchState::Ongoing => Self::Ongoing,
            LatchState::Quiet if far < 2.0 => Self::Usual,
            LatchState::Quiet | LatchState::Opened => Self::Unusual { far, parts },
        }
    }

    /// The strongest novelty, if any part is above nothing.
    pub fn leading(&self) -> Option<NoveltyPart> {
        let Self::Unusual { parts, .. } = self else { return None };
        let best = parts.iter().zip(NoveltyPart::ALL).max_by(|a, b| a.0.total_cmp(b.0))?;
        (*best.0 > 0.0).then_some(best.1)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gap => f.write_str("gap"),
            Self::Learning => f.write_str("learning"),
            Self::Usual => f.write_str("usual"),
            Self::Ongoing => f.write_str("ongoing"),
            Self::Unusual { far, parts } => {
                write!(f, "{far:.1} deviations off")?;
                for (part, size) in
                    NoveltyPart::ALL.iter().zip(parts).filter(|(_, size)| **size >= 0.5)
                {
                    write!(f, "; {} x{size:.1}", part.name())?;
                }
                Ok(())
            }
        }
    }
}
