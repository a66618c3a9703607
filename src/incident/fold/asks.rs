//! How often an incident asked for somebody, and how often nobody came in time. Counts only: what
//! is made of them is `incident::paging`.

use super::Incident;

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
