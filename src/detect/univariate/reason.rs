//! Why a row scored as it did, in numbers first and words on demand.
//! No thresholds here: the parts are what the detector summed.

use std::fmt;

use super::latch::State;
use super::parts::{Part, Sizes};

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
    Unusual { far: f64, parts: Sizes },
}

impl Reason {
    pub fn new(state: State, far: f64, parts: Sizes) -> Self {
        match state {
            State::Ongoing => Self::Ongoing,
            State::Quiet if far < 2.0 => Self::Usual,
            State::Quiet | State::Opened => Self::Unusual { far, parts },
        }
    }

    /// The strongest novelty, if any part is above nothing.
    pub fn leading(&self) -> Option<Part> {
        let Self::Unusual { parts, .. } = self else { return None };
        let best = parts.iter().zip(Part::ALL).max_by(|a, b| a.0.total_cmp(b.0))?;
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
                for (part, size) in Part::ALL.iter().zip(parts).filter(|(_, size)| **size >= 0.5) {
                    write!(f, "; {} x{size:.1}", part.name())?;
                }
                Ok(())
            }
        }
    }
}
