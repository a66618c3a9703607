//! Effects: what a fault does to visits, pages, funnel, beacons and checks, where and how long.
//! An effect knows nothing of its name or guilt; scenarios compose it, `moment` applies it.

use crate::domain::segment::{Dim, Scope};

use super::dims::{TemplateMask, cell_mask, template_mask};

/// A funnel step, as a share of the step before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ShopStep {
    AddToCart,
    CheckoutStart,
    PaymentTry,
    Order,
}

/// What an effect does at full strength.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum HarmKind {
    LcpFactor(f64),
    InpFactor(f64),
    /// Added to the share of views with a script error.
    ErrorAdd(f64),
    StepFactor(ShopStep, f64),
    /// Share of beacons that vanish; shoppers and orders do not.
    BeaconLoss(f64),
    /// Share of beacons that are sent twice.
    BeaconRepeat(f64),
    /// Added to the share of requests whose trace has no page view.
    Orphans(f64),
    VisitFactor(f64),
    /// Factor on what a paid visit costs; shoppers notice nothing.
    AdCost(f64),
    /// Visits without purchases, as a multiple of the usual ones.
    Bots(f64),
    /// Visits that come to buy and mostly do, as a multiple of the usual ones.
    Buyers(f64),
    /// Factor on the value of an order; as many are made.
    OrderValue(f64),
    /// Share of orders that are written twice.
    OrderRepeat(f64),
    /// Share of beacons that arrive so many minutes late.
    Delay {
        share: f64,
        minutes: i64,
    },
    /// Share of failing runs of the journeys (templates) from the locations (regions) in scope.
    CheckFail {
        share: f64,
        status: u16,
    },
    CheckSlow(f64),
}

/// Course over time, from the onset on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HarmShape {
    Step,
    /// Grows linearly over so many minutes.
    Ramp(i64),
    /// On and off for so many minutes in turn.
    Flap(i64, i64),
}

/// One effect. Times are minutes since the epoch.
#[derive(Clone, PartialEq, Debug)]
pub struct ShopHarm {
    pub scope: Scope,
    pub kind: HarmKind,
    pub shape: HarmShape,
    pub from: i64,
    pub until: Option<i64>,
    /// The release that causes it: taking the release back ends the effect.
    pub cause: Option<String>,
    /// Only what the causing release served is hit.
    pub only_release: bool,
}

impl ShopHarm {
    /// 0..=1 at a minute.
    pub fn strength(&self, minute: i64) -> f64 {
        if minute < self.from || self.until.is_some_and(|u| minute >= u) {
            return 0.0;
        }
        let age = minute - self.from;
        match self.shape {
            HarmShape::Step => 1.0,
            HarmShape::Ramp(length) => ((age + 1) as f64 / length.max(1) as f64).min(1.0),
            HarmShape::Flap(on, off) => f64::from(u8::from(age % (on + off).max(1) < on)),
        }
    }
}

/// An effect with its scope turned into masks.
#[derive(Clone, PartialEq, Debug)]
pub struct Compiled {
    pub effect: ShopHarm,
    pub cells: Vec<bool>,
    pub templates: TemplateMask,
    /// Index of the only version hit.
    pub version: Option<u16>,
    /// Only the experiment's variant arm is hit.
    pub variant: bool,
}

impl Compiled {
    pub fn new(effect: ShopHarm, versions: &[String]) -> Self {
        let version = effect
            .cause
            .as_ref()
            .filter(|_| effect.only_release)
            .and_then(|v| versions.iter().position(|known| known == v))
            .and_then(|i| u16::try_from(i).ok());
        Self {
            cells: cell_mask(&effect.scope),
            templates: template_mask(&effect.scope),
            version,
            variant: effect.scope.dims.contains_key(&Dim::Cohort),
            effect,
        }
    }

    /// True when checks of a journey (template) from a location (region) are in scope.
    pub fn hits_check(&self, template: usize, location: &str) -> bool {
        self.templates >> template & 1 == 1
            && self.effect.scope.dims.get(&Dim::Region).is_none_or(|r| r.contains(location))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        let mut effect = ShopHarm {
            scope: Scope::everything(),
            kind: HarmKind::LcpFactor(1.5),
            shape: HarmShape::Flap(10, 20),
            from: 100,
            until: Some(200),
            cause: None,
            only_release: false,
        };
        assert_eq!(
            [99, 100, 109, 110, 130, 200].map(|m| effect.strength(m)),
            [0.0, 1.0, 1.0, 0.0, 1.0, 0.0]
        );
        effect.shape = HarmShape::Ramp(50);
        assert_eq!([100, 124, 149, 180].map(|m| effect.strength(m)), [0.02, 0.5, 1.0, 1.0]);
    }
}
