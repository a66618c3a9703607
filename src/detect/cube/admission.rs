//! Which new segments of a batch get a leaf of their own when not all can: the busiest, whatever
//! the order of arrival; the rest counts in its cut's `(other)`. Only counting here.

use std::collections::BTreeMap;

use super::cuboid::{Cuboid, MAX_LEAVES};
use super::key::CuboidKey;
use super::store::{Cube, key_of};
use crate::domain::observation::{Observation, Value};
use crate::domain::segment::Segment;

impl Cube {
    /// Takes a batch of live records.
    pub fn live_batch(&mut self, batch: &[Observation]) {
        self.admit(batch);
        for o in batch {
            self.live(o);
        }
        self.histograms.pour();
        self.cuboids.values_mut().for_each(Cuboid::pour);
    }

    /// Takes a batch of history. What has no leaf is added up in the order of segments.
    pub fn past_batch(&mut self, batch: &[Observation]) {
        if !self.admit(batch) {
            for o in batch {
                self.history(o);
            }
            return;
        }
        let own =
            |o: &&Observation| self.cuboids.get(&key_of(o)).is_some_and(|t| t.knows(&o.segment));
        let (own, mut rest): (Vec<_>, Vec<_>) = batch.iter().partition(own);
        rest.sort_by(|a, b| (&a.segment, a.window.start).cmp(&(&b.segment, b.window.start)));
        for o in own.into_iter().chain(rest) {
            self.history(o);
        }
    }

    /// Makes leaves for the busiest new segments of cuts that would overflow; true when there are
    /// such cuts.
    fn admit(&mut self, batch: &[Observation]) -> bool {
        let least = self.cuboids.values().map(Cuboid::room).min();
        if batch.len() <= least.unwrap_or(MAX_LEAVES) {
            return false;
        }
        let mut new: BTreeMap<CuboidKey, BTreeMap<&Segment, f64>> = BTreeMap::new();
        for o in batch {
            let Some(raw) = Self::raw_of(o) else { continue };
            let key = key_of(o);
            if self.cuboids.get(&key).is_some_and(|t| t.knows(&o.segment)) {
                continue;
            }
            let busy = if matches!(o.value, Value::Count(_)) { raw.sum } else { raw.count };
            *new.entry(key).or_default().entry(&o.segment).or_default() += f64::from(busy);
        }
        let mut over = false;
        for (key, segments) in new {
            let cuboid = self.cuboid(key);
            if segments.len() <= cuboid.room() {
                continue;
            }
            over = true;
            let mut busiest: Vec<(&Segment, f64)> = segments.into_iter().collect();
            busiest.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
            for (segment, _) in busiest.into_iter().take(cuboid.room()) {
                cuboid.leaf_index(segment);
            }
        }
        over
    }
}
