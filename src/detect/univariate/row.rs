//! One row of a series in the frame of its recent past. What is new about it is told by others;
//! nothing is remembered here.

use super::recent::RecentFrame;
use crate::domain::metric::Bad;

/// One row in its frame.
#[derive(Clone, Copy, Debug)]
pub struct SeriesSample {
    pub at: f64,
    pub number: u64,
    pub x: f64,
    pub step: f64,
    pub bad: Bad,
    pub frame: RecentFrame,
}

impl SeriesSample {
    /// A deviation's size if it goes the bad way, else 0.
    pub fn toward_bad(&self, deviation: f64) -> f64 {
        match self.bad {
            Bad::Both => deviation.abs(),
            Bad::Up => deviation.max(0.0),
            Bad::Down => (-deviation).max(0.0),
        }
    }
}
