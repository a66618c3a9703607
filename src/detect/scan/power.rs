//! What could be seen at all: the samples from which a named change passes the line of judging, and
//! the smallest change that the traffic of the longest window can show. Nothing is judged here.

use super::sweep::scarcity_credit;
use crate::detect::cube::cuboid::{Cuboid, Slice};
use crate::detect::cube::key::Family;
use crate::detect::evidence::stat::{Likelihood, Tally};
use crate::detect::maths::divergence::kl;
use crate::domain::segment::Scope;
use crate::policy::guardrail::band_for;
use crate::policy::judging::Policy;

/// The change a green cell promises to have seen, where its row does not ask for more.
const BY_HALF: f64 = 0.5;
/// Failures: so many more of all, or half as many again as usual when that is more.
const POINTS: f64 = 0.05;
/// A promise of minutes must hold when a few shoppers less come than now.
const MARGIN: f64 = 1.1;

/// The line and the change that a family's cells are held to.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Named {
    line: f64,
    change: f64,
}

impl Named {
    pub fn of(policy: &Policy, family: Family) -> Self {
        let row = band_for(&policy.guardrail, family.0, &Scope::everything());
        let min = row.and_then(|r| r.condition.min_change()).unwrap_or(0.0);
        Self { line: policy.detect.sensitivity.nats(), change: min.max(BY_HALF) }
    }
}

/// What a place has had in the longest window, and what that is enough for.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Power {
    likelihood: Likelihood,
    line: f64,
    change: f64,
    /// Variance beyond independent samples.
    spread: f64,
    acc: Tally,
    /// Samples from which the named change passes the line.
    need: f64,
    /// Minutes of the longest window, and those of them that arrived.
    longest: f64,
    arrived: f64,
}

impl Power {
    /// Nothing where no usual value is known, and for counts and readings.
    pub fn of(cuboid: &Cuboid, slice: &Slice, bucket: i64, named: Named) -> Option<Self> {
        let length = cuboid.lengths.last().copied()?;
        let mut acc = Tally::default();
        for leaf in slice.leaves.iter().filter_map(|i| cuboid.leaves.get(*i as usize)) {
            acc.add(&cuboid.acc_over(leaf, bucket - length + 1, bucket));
        }
        let p = usual(cuboid.likelihood, &acc)?;
        let unit = acc.variance / acc.units;
        let pure = if cuboid.likelihood == Likelihood::LogNormal { unit } else { p * (1.0 - p) };
        let spread = cuboid.dispersion(slice.mask).overdispersion * (unit / pure).clamp(1.0, 10.0);
        let line = named.line - scarcity_credit(cuboid.group(slice.mask).len());
        let minute = cuboid.bucket_ms as f64 / 60_000.0;
        let mut out = Self {
            likelihood: cuboid.likelihood,
            line,
            change: named.change,
            spread,
            acc,
            need: 0.0,
            longest: length as f64 * minute,
            arrived: 0.0,
        };
        out.need = out.samples(named.change);
        if !out.enough() {
            let kept = (0..length).filter(|back| cuboid.delivered(bucket - back)).count();
            out.arrived = kept as f64 * minute;
        }
        Some(out)
    }

    pub fn samples_seen(&self) -> f64 {
        self.acc.units
    }

    pub fn enough(&self) -> bool {
        self.acc.units >= self.need
    }

    /// Samples from which this change passes the line.
    fn samples(&self, change: f64) -> f64 {
        let p = self.acc.expected / self.acc.units;
        let nats = match self.likelihood {
            Likelihood::LogNormal => {
                change.ln_1p().powi(2) * self.acc.units / (2.0 * self.acc.variance)
            }
            Likelihood::Conversion => kl(p * (1.0 - change).max(0.0), p),
            Likelihood::Rare => kl((p + points(p, change)).min(1.0), p),
            Likelihood::Poisson | Likelihood::Gauge => 0.0,
        };
        let least =
            if self.likelihood == Likelihood::Conversion { 4.0 / (p * change) } else { 5.0 };
        (self.line * self.spread / nats).max(least)
    }

    /// Minutes until the named change could be seen; nothing when the longest window never holds
    /// enough of this traffic.
    fn minutes(&self) -> Option<f64> {
        let rate = self.acc.units / self.arrived.max(1.0);
        let left = (self.need - self.acc.units).max(0.0) / rate * MARGIN;
        let room = self.longest - self.arrived;
        (rate > 0.0 && left + 1.0 <= room).then(|| left.ceil() + 1.0)
    }

    /// The smallest change that this traffic, over the longest window, can show.
    fn visible(&self) -> Option<f64> {
        let most = self.acc.units / self.arrived.max(1.0) * self.longest;
        let (mut low, mut high) =
            (self.change, if self.likelihood == Likelihood::Conversion { 1.0 } else { 20.0 });
        if self.samples(high) > most {
            return None;
        }
        for _ in 0..40 {
            let mid = f64::midpoint(low, high);
            if self.samples(mid) > most { low = mid } else { high = mid }
        }
        Some(high)
    }

    /// `to see a fall of 50% it needs 38 more minutes`, or what this traffic can show.
    pub fn words(&self) -> String {
        if let Some(minutes) = self.minutes() {
            return format!(
                "to see {} it needs {minutes:.0} more minutes",
                self.named(self.change)
            );
        }
        match (self.visible(), self.likelihood) {
            (Some(change), _) => {
                format!("only {} could be seen at this traffic", self.named(change))
            }
            (None, Likelihood::Conversion) => {
                "not even a full stop could be seen at this traffic".to_owned()
            }
            (None, _) => "nothing could be seen at this traffic".to_owned(),
        }
    }

    fn named(&self, change: f64) -> String {
        let percent = change * 100.0;
        match self.likelihood {
            Likelihood::Conversion => format!("a fall of {:.0}%", percent.ceil()),
            Likelihood::Rare => {
                let p = self.acc.expected / self.acc.units;
                format!("a rise by {:.0} points", (points(p, change) * 100.0).ceil())
            }
            Likelihood::LogNormal | Likelihood::Poisson | Likelihood::Gauge => {
                format!("a rise of {:.0}%", percent.ceil())
            }
        }
    }
}

/// Failures more, of all, that a change of `change` names: five points where half is named.
fn points(usual: f64, change: f64) -> f64 {
    (POINTS * change / BY_HALF).max(usual * change)
}

fn usual(likelihood: Likelihood, acc: &Tally) -> Option<f64> {
    let p = acc.expected / acc.units;
    match likelihood {
        _ if acc.units <= 0.0 || acc.variance <= 0.0 => None,
        Likelihood::LogNormal => Some(p),
        Likelihood::Rare | Likelihood::Conversion => (acc.expected > 0.0 && p < 1.0).then_some(p),
        Likelihood::Poisson | Likelihood::Gauge => None,
    }
}
