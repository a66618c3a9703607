//! An shift: one metric that is worse in one place since one moment, with its size; how much of
//! other cuts' windows it explains; and whether it is still there.

use std::collections::{BTreeMap, HashMap};

use super::localise::Localised;
use super::onset::Onset;
use super::share::Served;
use super::{bots, localise, onset};
use crate::detect::cube::cuboid::{Cuboid, Leaf, project};
use crate::detect::cube::key::CuboidKey;
use crate::detect::cube::store::Cube;
use crate::detect::evidence::stat::{Explained, Likelihood, Tally, evidence, harm, lift};
use crate::domain::id::GuardrailId;
use crate::domain::segment::{Scope, Segment};

#[derive(Clone, PartialEq, Debug)]
pub struct Shift {
    pub cuboid: CuboidKey,
    /// In the cuboid's own dimensions.
    pub scope: Scope,
    /// Where people mean it (funnel steps carry their template).
    pub place: Scope,
    pub likelihood: Likelihood,
    pub sign: f64,
    /// Sums since onset (or since it was worst), and what they say.
    pub acc: Tally,
    pub harm: f64,
    pub nats: f64,
    pub onset: Onset,
    /// Bucket at which it was first seen, and the last one that looked bad.
    pub found: i64,
    pub last_bad: i64,
    /// Nats for "recovered" since `good_since`.
    pub good: f64,
    pub good_since: Option<i64>,
    /// Nats for "still bad" since the case as a whole was last bad (see `recover`).
    pub lean: f64,
    /// The last bucket in which its place had a usual share of samples.
    pub last_seen: i64,
    /// The percentile that people read, 0..=1, for distributions.
    pub quantile: f64,
    /// Set when a fixed line found it: the guardrail's name and the test in words.
    pub line: Option<(GuardrailId, String)>,
    /// Set when it is over: the last bad bucket.
    pub until: Option<i64>,
    /// How much of its place the release or arm it names serves; all when it names none.
    pub served: Served,
}

/// Nats for recovery that count as proof.
const RECOVERED: f64 = 4.0;
/// Nats for recovery from which its minutes are said to look well.
const LOOKS_WELL: f64 = 1.0;
/// Standard deviations by which the harm may have been taken too large when it was found: its end
/// is told against the least harm that is likely, and that is at least this share of it.
const DOUBT: f64 = 2.0;
const LEAST: f64 = 0.3;
/// Of a slow ramp so much of the time up to now tells the place: at first it was hardly there.
const TELLING: f64 = 0.5;
/// Nats by which a new place must be better than the present one: in the same cut, in another one.
const BETTER: f64 = 1.0;
const ELSEWHERE: f64 = 1.5;
/// Share of its harm that a wider place must have: it was found at its worst, by chance too.
const FELT: f64 = 0.25;
/// Nats by which "it is over" must be likelier for harm of before the first judged bucket.
const OVER: f64 = 1.0;
/// Share of the usual samples from which a place counts as still served.
pub(in crate::detect) const SEEN: f64 = 0.1;

impl Shift {
    pub fn from(&self) -> i64 {
        self.onset.bucket
    }

    /// Proven to be over, by the evidence since the last bad bucket.
    pub fn recovered(&self) -> bool {
        self.good >= RECOVERED
    }

    /// Its last minutes look well; that it is over is not proven by that.
    pub fn looks_well(&self) -> bool {
        self.good > LOOKS_WELL && self.good_since.is_some()
    }

    /// A new shift at a refined place.
    pub fn open(cuboid: &Cuboid, place: Scope, r: Localised, found: i64) -> Self {
        let mut shift = Self {
            cuboid: cuboid.key.clone(),
            scope: r.scope,
            place,
            likelihood: cuboid.likelihood,
            sign: cuboid.sign,
            acc: r.acc,
            harm: harm(cuboid.likelihood, cuboid.sign, &r.acc),
            nats: 0.0,
            onset: Onset::default(),
            found,
            last_bad: found,
            good: 0.0,
            good_since: None,
            lean: 0.0,
            last_seen: found,
            quantile: 0.75,
            line: None,
            until: None,
            served: Served::ALL,
        };
        shift.measure(cuboid, found);
        shift.replay(cuboid);
        shift
    }

    /// A long window may find what is over already: then the good buckets since count at once.
    fn replay(&mut self, cuboid: &Cuboid) {
        let mut past = self.clone();
        past.last_bad = past.from();
        for bucket in past.from().max(cuboid.oldest())..=self.found {
            past.follow(cuboid, bucket);
        }
        if past.recovered() {
            (self.good, self.good_since) = (past.good, past.good_since);
            self.last_bad = past.last_bad;
        }
    }

    /// Onset and size again, from all buckets up to the last bad one.
    pub fn measure(&mut self, cuboid: &Cuboid, now: i64) {
        self.measure_beside(cuboid, now, &BTreeMap::new());
    }

    /// The same beside what other shifts explain of each bucket: an older fault at the place is no
    /// beginning of this one.
    pub fn measure_beside(&mut self, cuboid: &Cuboid, now: i64, known: &BTreeMap<i64, Explained>) {
        let upto = if self.good_since.is_some() { self.last_bad } else { now };
        let mut series = cuboid.series(&self.scope, upto);
        for (bucket, acc) in &mut series {
            acc.explain(known.get(bucket).copied().unwrap_or_default());
        }
        let dispersion = self.dispersion(cuboid);
        // An onset about to leave the kept buckets stays as it was found.
        let kept =
            self.onset == Onset::default() || self.onset.low > cuboid.oldest().saturating_add(12);
        if let Some(onset) =
            onset::find(self.likelihood, self.sign, &series, dispersion, self.harm).filter(|_| kept)
        {
            self.onset = onset;
        }
        let mut acc = Tally::default();
        for (bucket, a) in &series {
            if *bucket >= self.onset.bucket {
                acc.add(a);
            }
        }
        cuboid.open_ends(&mut acc, upto - self.onset.bucket + 1);
        let ev = evidence(self.likelihood, self.sign, &acc, dispersion);
        if ev.harm > 0.0 {
            (self.acc, self.harm) = (acc, ev.harm);
            self.nats = self.nats.max(ev.nats);
        }
    }

    /// What others explain of each bucket of this place.
    pub fn known(&self, cube: &Cube, cuboid: &Cuboid, others: &[Self]) -> BTreeMap<i64, Explained> {
        let mut known: BTreeMap<i64, Explained> = BTreeMap::new();
        for o in others.iter().filter(|o| o.cuboid.family == self.cuboid.family) {
            let shares = o.shares(cube, cuboid);
            let here = cuboid.leaves.iter().zip(shares);
            for (leaf, share) in here.filter(|(l, s)| *s > 0.0 && self.scope.contains(&l.seg)) {
                let to = o.until.unwrap_or(i64::MAX).min(cuboid.latest);
                for bucket in o.from().max(cuboid.oldest())..=to {
                    let part = o.explains(cuboid, leaf, share, (bucket, bucket));
                    known.entry(bucket).or_default().add(&part);
                }
            }
        }
        known
    }

    pub(in crate::detect) fn dispersion(
        &self,
        cuboid: &Cuboid,
    ) -> crate::detect::evidence::stat::Dispersion {
        let fixed = cuboid.key.dims.iter().enumerate();
        let mask = fixed.filter(|(_, d)| self.scope.dims.contains_key(d));
        cuboid.dispersion(mask.fold(0, |m, (i, _)| m | 1 << i))
    }

    /// Climbs to a better place with all evidence since onset, in its own cut or in a sibling's
    /// that tells it better.
    pub fn relocate(&mut self, cube: &Cube, others: &[Self]) {
        if self.good_since.is_some() {
            return;
        }
        let Some(own) = cube.cuboids.get(&self.cuboid).filter(|t| t.sign == self.sign) else {
            // A surplus is the other side of its cut: places are compared by losses only.
            return;
        };
        let (stay, move_to) = self.best_in(cube, own, others);
        // Noise moves borders to and fro: a new place must be clearly better than the present one.
        let mut best: (CuboidKey, Localised) =
            (self.cuboid.clone(), if move_to.score > stay.score + BETTER { move_to } else { stay });
        if self.last_bad - self.found <= 24 {
            for cuboid in cube.family(self.cuboid.family).filter(|t| t.key != self.cuboid) {
                let (_, next) = self.best_in(cube, cuboid, others);
                if next.score > best.1.score + ELSEWHERE {
                    best = (cuboid.key.clone(), next);
                }
            }
        }
        let (key, next) = best;
        let harm = harm(self.likelihood, self.sign, &next.acc);
        let moved = next.scope != self.scope || key != self.cuboid;
        let span = (self.from(), self.last_bad);
        if harm > 0.0 && moved && !bots::dilute(cube, &key, &next.scope, harm, span) {
            (self.cuboid, self.scope, self.harm) = (key, next.scope, harm);
        }
    }

    /// The first bucket that tells the place.
    pub(in crate::detect) fn telling(&self) -> i64 {
        let length = (self.last_bad - self.from()) as f64;
        let left_out = if self.onset.ramp { length * (1.0 - TELLING) } else { 0.0 };
        self.last_bad - (length - left_out) as i64
    }

    /// Are all of these hurt nearly as it is? A place does not grow over many who hardly are.
    pub(in crate::detect) fn felt(&self, acc: &Tally) -> bool {
        harm(self.likelihood, self.sign, acc) >= FELT * self.harm
    }

    /// The least harm that is likely: what was searched for was found at its worst.
    pub(in crate::detect) fn least_harm(&self) -> f64 {
        let doubt = DOUBT / (2.0 * self.nats.max(1.0)).sqrt();
        self.harm * (1.0 - doubt).max(LEAST)
    }

    /// What one cut knows of the present place, and the best place it can climb to from there.
    fn best_in(&self, cube: &Cube, cuboid: &Cuboid, others: &[Self]) -> (Localised, Localised) {
        let (from, to) = (self.telling(), self.last_bad);
        let mut accs: Vec<Tally> =
            cuboid.leaves.iter().map(|leaf| cuboid.acc_over(leaf, from, to)).collect();
        for o in others.iter().filter(|o| o.cuboid.family == self.cuboid.family) {
            let shares = o.shares(cube, cuboid);
            for ((acc, leaf), share) in accs.iter_mut().zip(&cuboid.leaves).zip(shares) {
                acc.explain(o.explains(cuboid, leaf, share, (from, to)));
            }
        }
        let mut start = self.scope.clone();
        start.dims.retain(|d, _| cuboid.key.dims.contains(d));
        let stay = localise::honest(cuboid, &accs, localise::stay(cuboid, &accs, &start));
        let best = localise::localise(cuboid, &accs, &start, |acc| self.felt(acc));
        let reached = |at| localise::reached(&cube.reach, cuboid, &accs, at);
        (reached(stay), reached(best))
    }

    /// True when the kept buckets say that it ended at `begun` or before, by all of its harm.
    pub fn over_by(&self, cuboid: &Cuboid, begun: i64) -> bool {
        if self.from() > begun {
            return false;
        }
        let (dispersion, mut good, mut last) = (self.dispersion(cuboid), 0.0_f64, self.from());
        for (bucket, acc) in cuboid.series(&self.scope, self.found) {
            if bucket >= self.from() {
                good -= onset::gain(self.likelihood, self.sign, &acc, dispersion, self.harm);
                (good, last) = if good <= 0.0 { (0.0, bucket) } else { (good, last) };
            }
        }
        last <= begun && good >= OVER
    }

    /// One more bucket: still bad, or good? The nats for "still bad".
    pub fn follow(&mut self, cuboid: &Cuboid, bucket: i64) -> f64 {
        self.follow_beside(cuboid, bucket, Explained::default())
    }

    /// The same beside what other cases explain of the bucket.
    pub fn follow_beside(&mut self, cuboid: &Cuboid, bucket: i64, known: Explained) -> f64 {
        let mut acc = cuboid.scope_acc(&self.scope, bucket);
        acc.explain(known);
        if acc.units <= 0.0 || self.until.is_some() {
            return 0.0;
        }
        let usual = self.acc.units / (self.last_bad - self.from() + 1).max(1) as f64;
        if acc.units >= SEEN * usual {
            self.last_seen = bucket;
        }
        let dispersion = self.dispersion(cuboid);
        let bad = onset::gain(self.likelihood, self.sign, &acc, dispersion, self.least_harm());
        self.good = (self.good - bad).max(0.0);
        if self.good <= 0.0 {
            self.last_bad = bucket;
            self.good_since = None;
        } else if self.good_since.is_none() {
            self.good_since = Some(bucket);
        }
        bad
    }

    /// Share of each leaf of a cut that lies inside this shift's place.
    pub fn shares(&self, cube: &Cube, cuboid: &Cuboid) -> Vec<f64> {
        if self.scope.dims.keys().all(|d| cuboid.key.dims.contains(d)) {
            let inside = |l: &Leaf| f64::from(u8::from(self.scope.contains(&l.seg)));
            return cuboid.leaves.iter().map(inside).collect();
        }
        let Some(own) = cube.cuboids.get(&self.cuboid) else {
            return vec![0.0; cuboid.leaves.len()];
        };
        let mut parts: HashMap<&Segment, f64> = HashMap::new();
        for slice in own.group(own.mask_for(&cuboid.key.dims)) {
            let (mut inside, mut all) = (0.0, 0.0);
            for leaf in slice.leaves.iter().filter_map(|i| own.leaves.get(*i as usize)) {
                let mass = leaf.sums.get(leaf.sums.len() / 2).map_or(0.0, |a| a.variance);
                all += mass;
                inside += if self.scope.contains(&leaf.seg) { mass } else { 0.0 };
            }
            parts.insert(&slice.seg, if all > 0.0 { inside / all } else { 0.0 });
        }
        let shared = cuboid.mask_for(&own.key.dims);
        let part = |l: &Leaf| parts.get(&project(&l.seg, &cuboid.key.dims, shared)).copied();
        cuboid.leaves.iter().map(|l| part(l).unwrap_or(0.0)).collect()
    }

    /// What this shift adds to a leaf's observed sum over buckets, given its share of the leaf.
    pub fn explains(
        &self,
        cuboid: &Cuboid,
        leaf: &Leaf,
        share: f64,
        span: (i64, i64),
    ) -> Explained {
        let to = span.1.min(self.until.unwrap_or(i64::MAX));
        let from = span.0.max(self.from());
        if share <= 0.0 || from > to {
            return Explained::default();
        }
        self.part(&cuboid.acc_over(leaf, from, to), share)
    }

    /// What it adds to a sum of which it hits a share.
    fn part(&self, acc: &Tally, share: f64) -> Explained {
        let x = lift(self.likelihood, self.sign, self.harm, acc) * share;
        let mixed = if self.likelihood == Likelihood::LogNormal { 1.0 - share } else { 0.0 };
        Explained { sum: x, variance: x.abs() * self.harm * mixed }
    }
}

/// Writes into every leaf's windows what the shifts explain of them.
pub fn explain(cube: &mut Cube, shifts: &[Shift], lengths: &[i64], bucket: i64) {
    let mut found: HashMap<CuboidKey, Vec<Vec<Explained>>> = HashMap::new();
    for cuboid in cube.cuboids.values() {
        let relevant: Vec<&Shift> =
            shifts.iter().filter(|e| e.cuboid.family == cuboid.key.family).collect();
        if relevant.is_empty() {
            continue;
        }
        found.insert(cuboid.key.clone(), rows(cube, cuboid, &relevant, lengths, bucket));
    }
    for (key, cuboid) in &mut cube.cuboids {
        let rows = found.remove(key);
        if rows.is_some() || cuboid.explained {
            cuboid.explained = rows.is_some();
            for (i, leaf) in cuboid.leaves.iter_mut().enumerate() {
                leaf.expl.clear();
                match rows.as_ref().and_then(|r| r.get(i)) {
                    Some(row) => leaf.expl.extend(row),
                    None => leaf.expl.resize(lengths.len(), Explained::default()),
                }
            }
            cuboid.swept = false;
        }
    }
}

/// Explained part of each leaf and window.
fn rows(
    cube: &Cube,
    cuboid: &Cuboid,
    shifts: &[&Shift],
    lengths: &[i64],
    bucket: i64,
) -> Vec<Vec<Explained>> {
    let mut out = vec![vec![Explained::default(); lengths.len()]; cuboid.leaves.len()];
    for e in shifts {
        let to = bucket.min(e.until.unwrap_or(i64::MAX));
        let shares = e.shares(cube, cuboid);
        for ((row, leaf), share) in out.iter_mut().zip(&cuboid.leaves).zip(shares) {
            if share <= 0.0 {
                continue;
            }
            let (mut sum, mut back) = (Explained::default(), 0);
            for (slot, length) in row.iter_mut().zip(lengths) {
                while back < *length {
                    let b = bucket - back;
                    if b >= e.from() && b <= to {
                        sum.add(&e.part(&cuboid.acc(leaf, b), share));
                    }
                    back += 1;
                }
                slot.add(&sum);
            }
        }
    }
    out
}
