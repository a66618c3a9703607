//! `[detect.blame]`: what is believed of changes before anything is measured: how many faults they
//! bring, how often a change of each kind does, what a cache can hide. Shares of people's
//! postmortems, never of a measurement of this shop.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::change::ChangeKind;
use crate::domain::time::Span;

/// The shipped odds of "something untold that came with it did it" to "this change did it".
const UNTOLD: f64 = 0.2;

/// The `[detect.blame]` section.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Blame {
    /// Share of faults that a change of the shop's own brings, 0..1.
    pub by_change: f64,
    /// How often something that no feed tells came with a change and did it, beside that change.
    pub untold: f64,
    /// How likely a change of a kind brings one, beside a deploy (1.0). 0 is never weighed.
    pub kinds: BTreeMap<ChangeKind, f64>,
    /// The same for going back to a version that was live for at least a day.
    pub healthy_rollback: f64,
    /// How long caches can hide that a change was taken back.
    pub caches: Span,
}

impl Blame {
    /// How likely a change of this kind brings a fault, beside a deploy.
    pub fn weight(&self, kind: ChangeKind) -> f64 {
        let weight = self.kinds.get(&kind).copied().unwrap_or(1.0);
        if weight.is_finite() { weight.clamp(0.0, 100.0) } else { 1.0 }
    }

    /// Odds of "something untold that came with it did it" to "this change did it".
    pub fn untold(&self) -> f64 {
        if self.untold.is_finite() { self.untold.clamp(1e-6, 10.0) } else { UNTOLD }
    }

    /// Odds of "a change brought it" to "none did".
    pub fn odds(&self) -> f64 {
        let share = if self.by_change.is_finite() { self.by_change.clamp(0.01, 0.99) } else { 0.5 };
        share / (1.0 - share)
    }
}

impl Default for Blame {
    fn default() -> Self {
        let kinds = [
            (ChangeKind::Deploy, 1.0),
            (ChangeKind::Theme, 1.0),
            (ChangeKind::App, 1.0),
            (ChangeKind::Config, 1.0),
            (ChangeKind::Flag, 0.7),
            (ChangeKind::Experiment, 0.4),
            (ChangeKind::Rollback, 0.4),
            (ChangeKind::Campaign, 0.0),
            (ChangeKind::Provider, 0.0),
        ];
        Self {
            by_change: 0.65,
            untold: UNTOLD,
            kinds: kinds.into_iter().collect(),
            healthy_rollback: 0.1,
            caches: Span::from_mins(10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::judging::Policy;

    #[test]
    fn the_shipped_table_is_the_default() {
        let shipped = Policy::builtin().map(|p| p.detect.blame);
        assert_eq!(shipped, Ok(Blame::default()));
    }

    #[test]
    fn what_cannot_be_a_share_is_held_within_bounds() {
        let odd = Blame { by_change: f64::NAN, ..Blame::default() };
        assert!((odd.odds() - 1.0).abs() < 1e-9);
        let sure = Blame { by_change: 7.0, ..Blame::default() };
        assert!(sure.odds() < 100.0);
        let blind = Blame { untold: f64::NAN, ..Blame::default() };
        assert!((blind.untold() - UNTOLD).abs() < 1e-9);
        let never = Blame { kinds: [(ChangeKind::Flag, -3.0)].into(), ..Blame::default() };
        assert!(never.weight(ChangeKind::Flag).abs() < 1e-9);
        assert!((never.weight(ChangeKind::Deploy) - 1.0).abs() < 1e-9);
    }
}
