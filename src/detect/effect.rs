//! An effect: one metric that is worse in one place since one moment, with its size; how much of
//! other cuts' windows it explains; and whether it is still there.

use std::collections::HashMap;

use crate::domain::segment::{Dim, Scope, Segment};

use super::onset::{self, Onset};
use super::refine::{self, Refined};
use super::stat::{Acc, Shape, evidence, harm, lift};
use super::store::Store;
use super::table::{Leaf, Table, TableKey, project};

#[derive(Clone, PartialEq, Debug)]
pub struct Effect {
    pub table: TableKey,
    /// In the table's own dimensions.
    pub scope: Scope,
    /// Where people mean it (funnel steps carry their template).
    pub place: Scope,
    pub shape: Shape,
    pub sign: f64,
    /// Sums since onset (or since it was worst), and what they say.
    pub acc: Acc,
    pub harm: f64,
    pub nats: f64,
    pub onset: Onset,
    /// Bucket at which it was first seen, and the last one that looked bad.
    pub found: i64,
    pub last_bad: i64,
    /// Nats for "recovered" since `good_since`.
    pub good: f64,
    pub good_since: Option<i64>,
    /// Set when it is over: the last bad bucket.
    pub until: Option<i64>,
}

/// Nats for recovery that count as proof.
const RECOVERED: f64 = 4.0;

impl Effect {
    pub fn from(&self) -> i64 {
        self.onset.bucket
    }

    /// Proven to be over, by the evidence since the last bad bucket.
    pub fn recovered(&self) -> bool {
        self.good >= RECOVERED
    }

    /// A new effect at a refined place.
    pub fn open(store: &Store, table: &Table, place: Scope, r: Refined, found: i64) -> Self {
        let mut effect = Self {
            table: table.key.clone(),
            scope: r.scope,
            place,
            shape: table.shape,
            sign: table.sign,
            acc: r.acc,
            harm: harm(table.shape, table.sign, &r.acc),
            nats: 0.0,
            onset: Onset::default(),
            found,
            last_bad: found,
            good: 0.0,
            good_since: None,
            until: None,
        };
        effect.measure(store, table, found);
        effect
    }

    /// Onset and size again, from all buckets up to the last bad one.
    pub fn measure(&mut self, _store: &Store, table: &Table, now: i64) {
        let upto = if self.good_since.is_some() { self.last_bad } else { now };
        let series = table.series(&self.scope, upto);
        let calib = self.calib(table);
        if let Some(onset) = onset::find(self.shape, self.sign, &series, calib, self.harm) {
            self.onset = onset;
        }
        let mut acc = Acc::default();
        for (bucket, a) in &series {
            if *bucket >= self.onset.bucket {
                acc.add(a);
            }
        }
        let ev = evidence(self.shape, self.sign, &acc, calib);
        if ev.harm > 0.0 {
            (self.acc, self.harm) = (acc, ev.harm);
            self.nats = self.nats.max(ev.nats);
        }
    }

    fn calib(&self, table: &Table) -> super::stat::Calib {
        let fixed = table.key.dims.iter().enumerate();
        let mask = fixed.filter(|(_, d)| self.scope.dims.contains_key(d));
        table.calib(mask.fold(0, |m, (i, _)| m | 1 << i))
    }

    /// Climbs to a better place with all evidence since onset.
    pub fn relocate(&mut self, table: &Table, others: &[Self], store: &Store) {
        if self.good_since.is_some() {
            return;
        }
        let (from, to) = (self.from(), self.last_bad);
        let accs: Vec<Acc> = table
            .leaves
            .iter()
            .map(|leaf| {
                let mut acc = table.acc_over(leaf, from, to);
                for o in others.iter().filter(|o| o.table.family == self.table.family) {
                    acc.a -= o.explains(store, table, leaf, (from, to));
                }
                acc
            })
            .collect();
        let next = refine::refine(table, &accs, &self.scope);
        if next.scope != self.scope && harm(self.shape, self.sign, &next.acc) > 0.0 {
            self.scope = next.scope;
            self.harm = harm(self.shape, self.sign, &next.acc);
        }
    }

    /// One more bucket: still bad, or good?
    pub fn follow(&mut self, table: &Table, bucket: i64) {
        let acc = table.scope_acc(&self.scope, bucket);
        if acc.n <= 0.0 || self.until.is_some() {
            return;
        }
        let calib = self.calib(table);
        let bad = onset::gain(self.shape, self.sign, &acc, calib, self.harm);
        self.good = (self.good - bad).max(0.0);
        if self.good <= 0.0 {
            self.last_bad = bucket;
            self.good_since = None;
        } else if self.good_since.is_none() {
            self.good_since = Some(bucket);
        }
    }

    /// What this effect adds to a leaf's observed sum over buckets, in any cut of its family.
    pub fn explains(&self, store: &Store, table: &Table, leaf: &Leaf, span: (i64, i64)) -> f64 {
        let share = self.share(store, table, &leaf.seg);
        if share <= 0.0 {
            return 0.0;
        }
        let to = span.1.min(self.until.unwrap_or(i64::MAX));
        let acc = table.acc_over(leaf, span.0.max(self.from()), to);
        lift(self.shape, self.sign, self.harm, &acc) * share
    }

    /// Share of a leaf of another cut that lies inside this effect's place.
    fn share(&self, store: &Store, table: &Table, seg: &Segment) -> f64 {
        if self.scope.dims.keys().all(|d| table.key.dims.contains(d)) {
            return f64::from(u8::from(self.scope.contains(seg)));
        }
        let Some(own) = store.tables.get(&self.table) else { return 0.0 };
        let shared = shared_mask(own, table);
        let want = own.key.dims.iter().fold(Segment::all(), |s, d| s.with(*d, seg.get(*d).clone()));
        let (mut inside, mut all) = (0.0, 0.0);
        for leaf in &own.leaves {
            if project(&leaf.seg, &own.key.dims, shared) == want {
                let mass = leaf.sums.get(leaf.sums.len() / 2).map_or(0.0, |a| a.v);
                all += mass;
                inside += if self.scope.contains(&leaf.seg) { mass } else { 0.0 };
            }
        }
        if all > 0.0 { inside / all } else { 0.0 }
    }
}

fn shared_mask(own: &Table, other: &Table) -> u16 {
    let dims: Vec<Dim> = other.key.dims.clone();
    let fixed = own.key.dims.iter().enumerate().filter(|(_, d)| dims.contains(d));
    fixed.fold(0, |m, (i, _)| m | 1 << i)
}

/// Writes into every leaf's windows what the effects explain of them.
pub fn explain(store: &mut Store, effects: &[Effect], lengths: &[i64], bucket: i64) {
    let mut found: HashMap<TableKey, Vec<Vec<f64>>> = HashMap::new();
    for table in store.tables.values() {
        let relevant: Vec<&Effect> =
            effects.iter().filter(|e| e.table.family == table.key.family).collect();
        if relevant.is_empty() {
            continue;
        }
        let rows = table
            .leaves
            .iter()
            .map(|leaf| explained(store, table, leaf, &relevant, lengths, bucket));
        found.insert(table.key.clone(), rows.collect());
    }
    for (key, table) in &mut store.tables {
        let rows = found.remove(key);
        for (i, leaf) in table.leaves.iter_mut().enumerate() {
            leaf.expl.clear();
            match rows.as_ref().and_then(|r| r.get(i)) {
                Some(row) => leaf.expl.extend(row),
                None => leaf.expl.resize(lengths.len(), 0.0),
            }
        }
    }
}

fn explained(
    store: &Store,
    table: &Table,
    leaf: &Leaf,
    effects: &[&Effect],
    lengths: &[i64],
    bucket: i64,
) -> Vec<f64> {
    let mut out = vec![0.0; lengths.len()];
    for e in effects {
        let share = e.share(store, table, &leaf.seg);
        if share <= 0.0 {
            continue;
        }
        let to = bucket.min(e.until.unwrap_or(i64::MAX));
        let (mut sum, mut back) = (0.0, 0);
        for (slot, length) in out.iter_mut().zip(lengths) {
            while back < *length {
                let b = bucket - back;
                if b >= e.from() && b <= to {
                    sum += lift(e.shape, e.sign, e.harm, &table.acc(leaf, b)) * share;
                }
                back += 1;
            }
            *slot += sum;
        }
    }
    out
}
