//! What one poll brought home. Only domain records pass this line, nothing vendor-shaped.
//! How it was asked and decoded is the business of each adapter.

use crate::domain::change::Change;
use crate::domain::check::Check;
use crate::domain::flaw::Flaw;
use crate::domain::observation::Observation;
use crate::domain::time::Span;

/// Most notes kept of one poll.
const NOTES: usize = 20;

/// Records of one poll or one chunk of history. Empty is not calm: it is "no data".
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Harvest {
    pub observations: Vec<Observation>,
    pub checks: Vec<Check>,
    pub changes: Vec<Change>,
    /// Short lines for the sources page: no data, doubts about units, dropped rows. Outside text.
    pub notes: Vec<String>,
    /// Server clock minus ours, where both are known and comparable.
    pub skew: Option<Span>,
    /// Something asked for is not in here: a refused query, a cut answer.
    pub partial: bool,
    /// It holds samples whose first window is not over: nothing to tell yet, and no fault.
    pub waiting: bool,
    /// What was noticed about the telling itself; filled when a harvest leaves its source.
    pub flaws: Vec<Flaw>,
}

impl Harvest {
    /// Adds a note once; at most twenty are kept.
    pub fn note(&mut self, text: String) {
        if self.notes.len() < NOTES && !self.notes.contains(&text) {
            self.notes.push(text);
        }
    }

    /// True when no record is in it.
    pub fn is_empty(&self) -> bool {
        self.observations.is_empty() && self.checks.is_empty() && self.changes.is_empty()
    }

    pub fn absorb(&mut self, other: Self) {
        self.observations.extend(other.observations);
        self.checks.extend(other.checks);
        self.changes.extend(other.changes);
        for note in other.notes {
            self.note(note);
        }
        self.skew = other.skew.or(self.skew);
        self.partial |= other.partial;
        self.waiting |= other.waiting;
        self.flaws.extend(other.flaws);
    }
}
