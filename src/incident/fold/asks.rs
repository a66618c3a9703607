//! How often an incident asked for somebody, and how often nobody came in time. Counts only: what
//! is made of them is `incident::paging`.

use super::Incident;

/// Counts over the whole life of an incident.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Asks {
    /// Acknowledgements asked for, the first at the opening.
    pub acks: u32,
    /// Decision deadlines that passed.
    pub missed: u32,
}

impl Asks {
    pub(super) fn again(&mut self) {
        self.acks = self.acks.saturating_add(1);
    }
}

impl Incident {
    /// The decision deadline passed; false when that was known.
    pub(super) fn decision_missed(&mut self) -> bool {
        let news = self.undecided() && !self.decision_expired;
        if news {
            self.decision_expired = true;
            self.asks.missed = self.asks.missed.saturating_add(1);
        }
        news
    }
}
