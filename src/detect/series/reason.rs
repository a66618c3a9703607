//! Why a row scored as it did, in numbers first and words on demand.
//! No thresholds here: the parts are what the detector summed.

use std::fmt;

use super::latch::State;

/// A kind of novelty.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// Far from every value seen before.
    Value,
    /// Outside what past days had at this time.
    Day,
    /// Off the one-step forecast.
    Step,
    /// A stretch unlike any before.
    Shape,
}

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
    /// of its own worst memories (0..=4).
    Unusual { far: f64, parts: [f64; 4] },
}

const PARTS: [Part; 4] = [Part::Value, Part::Day, Part::Step, Part::Shape];

impl Reason {
    pub fn new(state: State, far: f64, parts: [f64; 4]) -> Self {
        match state {
            State::Ongoing => Self::Ongoing,
            State::Quiet if far < 2.0 => Self::Usual,
            State::Quiet | State::Opened => Self::Unusual { far, parts },
        }
    }

    /// The strongest novelty, if any part is above nothing.
    pub fn leading(&self) -> Option<Part> {
        let Self::Unusual { parts, .. } = self else { return None };
        let best = parts.iter().zip(PARTS).max_by(|a, b| a.0.total_cmp(b.0))?;
        (*best.0 > 0.0).then_some(best.1)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Value => "value",
            Self::Day => "time of day",
            Self::Step => "forecast",
            Self::Shape => "shape",
        })
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
                for (part, size) in PARTS.iter().zip(parts).filter(|(_, size)| **size >= 0.5) {
                    write!(f, "; new {part} x{size:.1}")?;
                }
                Ok(())
            }
        }
    }
}
