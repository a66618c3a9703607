//! Sums of a cuboid's live buckets against what is usual: one leaf, a scope, a series.
//! No evidence is weighed here.

use super::{Cuboid, Leaf};
use crate::detect::evidence::stat::{CERTAIN, Likelihood, Tally};
use crate::domain::segment::Scope;

impl Cuboid {
    /// Bucket `bucket` of a leaf against what is usual. Nothing when it did not arrive.
    pub fn acc(&self, leaf: &Leaf, bucket: i64) -> Tally {
        let Some(raw) = self.raw(leaf, bucket).filter(|_| !self.is_muted(leaf, bucket)) else {
            return Tally::default();
        };
        let of_day = self.middle(bucket).rem_euclid(86_400) as f64;
        if !leaf.prof.known() {
            return Tally::default();
        }
        let mu = self.usual(leaf, bucket);
        let hours = self.bucket_ms as f64 / 3_600_000.0;
        let n = if self.timed() { hours } else { f64::from(raw.count) };
        let unit = match self.likelihood {
            Likelihood::LogNormal | Likelihood::Gauge => f64::from(leaf.prof.s2),
            Likelihood::Conversion if mu >= CERTAIN => mu,
            Likelihood::Rare | Likelihood::Conversion => (mu * (1.0 - mu)).max(1e-6),
            Likelihood::Poisson => mu.max(1e-9),
        };
        // An hour's worth of what is judged, against what the mean was learnt from.
        let doubt = n / hours / leaf.prof.weight_at(of_day).max(1.0);
        let widen = 1.0 + if n > 0.0 { doubt.min(20.0) } else { 0.0 };
        Tally {
            units: n,
            observed: f64::from(raw.sum),
            expected: n * mu,
            variance: n * unit * widen,
            explained: 0.0,
        }
    }

    /// What is usual for a leaf at a bucket, per unit; of counts an hour's events.
    pub fn usual(&self, leaf: &Leaf, bucket: i64) -> f64 {
        let secs = self.middle(bucket);
        let mu = leaf.prof.mean_at(secs.rem_euclid(86_400) as f64);
        if !self.timed() {
            return mu;
        }
        let day = secs.div_euclid(86_400).rem_euclid(7) as usize;
        mu * self.week.get(day).copied().unwrap_or(1.0)
    }

    /// The second in the middle of a bucket.
    const fn middle(&self, bucket: i64) -> i64 {
        bucket.saturating_mul(self.bucket_ms).div_euclid(1000) + self.bucket_ms / 2000
    }

    /// Adds to a sum over so many buckets what its two ends leave open: who came before the end and
    /// goes on after it.
    pub fn open_ends(&self, acc: &mut Tally, buckets: i64) {
        if self.edge > 0.0 && acc.units > 0.0 {
            acc.variance +=
                self.edge * acc.expected * acc.expected / (acc.units * buckets.max(1) as f64);
        }
    }

    pub fn is_muted(&self, leaf: &Leaf, bucket: i64) -> bool {
        self.muted.iter().any(|m| {
            (m.from..=m.to).contains(&bucket)
                && m.only.as_ref().is_none_or(|leaves| leaves.contains(&leaf.seg))
        })
    }

    /// A sum that stands already, because `from..=to` is one of the windows rolled on.
    pub fn standing(&self, leaf: &Leaf, from: i64, to: i64) -> Option<Tally> {
        if to != self.rolled || self.touched {
            return None;
        }
        let window = self.lengths.iter().position(|l| *l == to - from + 1)?;
        leaf.sums.get(window).copied()
    }

    /// Sum of a leaf's buckets `from..=to`.
    pub fn acc_over(&self, leaf: &Leaf, from: i64, to: i64) -> Tally {
        if let Some(sum) = self.standing(leaf, from, to) {
            return sum;
        }
        let mut sum = Tally::default();
        for bucket in from.max(self.oldest())..=to.min(self.latest) {
            sum.add(&self.acc(leaf, bucket));
        }
        sum
    }

    /// One bucket of a scope.
    pub fn scope_acc(&self, scope: &Scope, bucket: i64) -> Tally {
        let mut sum = Tally::default();
        for leaf in self.leaves.iter().filter(|l| scope.contains(&l.seg)) {
            sum.add(&self.acc(leaf, bucket));
        }
        sum
    }

    /// Every kept bucket of a scope up to `upto`, oldest first, empty ones left out.
    pub fn series(&self, scope: &Scope, upto: i64) -> Vec<(i64, Tally)> {
        let leaves: Vec<&Leaf> = self.leaves.iter().filter(|l| scope.contains(&l.seg)).collect();
        (self.oldest()..=upto.min(self.latest))
            .filter_map(|bucket| {
                let mut sum = Tally::default();
                for leaf in &leaves {
                    sum.add(&self.acc(leaf, bucket));
                }
                (sum.units > 0.0).then_some((bucket, sum))
            })
            .collect()
    }
}
