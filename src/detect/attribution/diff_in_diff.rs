//! Difference in differences: views that met a change beside views that did not, in one place at
//! one time. One more likelihood for `blame`, which decides.

use std::collections::BTreeMap;

use super::inquiry::Inquiry;
use crate::detect::cube::cuboid::{Cuboid, Leaf, project};
use crate::detect::cube::histograms::percentile;
use crate::detect::cube::store::Cube;
use crate::detect::evidence::stat::{Likelihood, Tally};
use crate::detect::evidence::{level, units};
use crate::detect::scan::shift::Shift;
use crate::domain::change::Change;
use crate::domain::histogram::Histogram;
use crate::domain::segment::{Dim, Segment};

/// Views that met a change and views that did not, in the same place since the onset.
pub struct DiffInDiff<'a> {
    cube: &'a Cube,
    cuboid: &'a Cuboid,
    new: Side<'a>,
    old: Side<'a>,
    /// Since the onset, up to the last bad bucket.
    span: (i64, i64),
}

#[derive(Default)]
struct Side<'a> {
    acc: Tally,
    leaves: Vec<&'a Leaf>,
}

impl Side<'_> {
    fn join(&mut self, other: Self) {
        self.acc.add(&other.acc);
        self.leaves.extend(other.leaves);
    }
}

impl<'a> DiffInDiff<'a> {
    /// `None` while one of the two is too small to say anything. Where only one of them is served
    /// nothing is compared: other pages have levels and days of their own.
    pub fn of(scene: &Inquiry<'a>, main: &Shift, c: &Change) -> Option<Self> {
        let mut cuboids = scene.cube.family(main.cuboid.family);
        let cuboid = cuboids.find(|t| t.key.dims.contains(&Dim::Release))?;
        let span = (main.from(), main.last_bad);
        let rest: Vec<Dim> =
            cuboid.key.dims.iter().copied().filter(|d| *d != Dim::Release).collect();
        let mask = cuboid.mask_for(&rest);
        let mut served: BTreeMap<Segment, (Side<'a>, Side<'a>)> = BTreeMap::new();
        for leaf in &cuboid.leaves {
            let place = main.scope.dims.iter();
            let mut place =
                place.filter(|(d, _)| **d != Dim::Release && cuboid.key.dims.contains(d));
            if place.all(|(d, v)| v.contains(leaf.seg.get(*d).as_str())) {
                let acc = cuboid.acc_over(leaf, span.0, span.1);
                let version = leaf.seg.get(Dim::Release).as_str();
                let met = version == c.id.as_str() || version == c.version;
                let here = served.entry(project(&leaf.seg, &cuboid.key.dims, mask)).or_default();
                let arm = if met { &mut here.0 } else { &mut here.1 };
                arm.acc.add(&acc);
                arm.leaves.push(leaf);
            }
        }
        let (mut new, mut old) = (Side::default(), Side::default());
        for (met, not) in
            served.into_values().filter(|(met, not)| met.acc.units > 0.0 && not.acc.units > 0.0)
        {
            new.join(met);
            old.join(not);
        }
        let least = 30.0_f64.max(0.02 * (new.acc.units + old.acc.units));
        let enough = new.acc.units >= least && old.acc.units >= least;
        enough.then_some(Self { cube: scene.cube, cuboid, new, old, span })
    }

    /// `new 3.1% against 1.0% (n 1200), old 1.0% against 1.0% (n 8000)`: the p75 or rate of each
    /// arm, what is usual for it, and its samples.
    pub fn words(&self) -> String {
        let metric = self.cuboid.key.family.0;
        let arm = |arm: &Side<'_>| {
            let (now, usual) = self.values(arm);
            let acc = &arm.acc;
            let (now, usual) = (units::amount(metric, now), units::amount(metric, usual));
            format!("{now} against {usual} (n {:.0})", acc.units)
        };
        format!("new {}, old {}", arm(&self.new), arm(&self.old))
    }

    /// Value and usual value of an arm: for times the percentile of its histograms, as cells show.
    fn values(&self, arm: &Side<'_>) -> (f64, f64) {
        let acc = &arm.acc;
        let cut = self.cube.histograms.cuts.get(&self.cuboid.key);
        let read =
            cut.filter(|_| self.cuboid.likelihood == Likelihood::LogNormal).and_then(|cut| {
                let mut counts = Vec::new();
                for leaf in &arm.leaves {
                    cut.add(&leaf.seg, self.span.0, self.span.1, &mut counts);
                }
                let h = Histogram::new(cut.bounds.clone(), counts);
                percentile(&h, 0.75, self.cuboid.dispersion(0).overdispersion)
            });
        match read {
            Some((now, _)) if acc.units > 0.0 => {
                (now, now / ((acc.observed - acc.expected) / acc.units).exp())
            }
            Some(_) | None => level::level(self.cuboid.likelihood, self.cuboid.inverted, 0.75, acc),
        }
    }
}

/// Difference in differences between views of the new release and the others, while both are live.
pub fn weigh(scene: &Inquiry<'_>, main: &Shift, c: &Change) -> (f64, Option<String>) {
    // A place that names releases compares them by itself.
    if main.scope.dims.contains_key(&Dim::Release) {
        return (0.0, None);
    }
    let Some(both) = DiffInDiff::of(scene, main, c) else { return (0.0, None) };
    let (cuboid, new, old) = (both.cuboid, both.new.acc, both.old.acc);
    let dispersion = main.dispersion(cuboid);
    let gain = |harm: f64, acc: &Tally| {
        crate::detect::scan::onset::gain(main.likelihood, main.sign, acc, dispersion, harm)
    };
    let harm = |acc: &Tally| crate::detect::evidence::stat::harm(main.likelihood, main.sign, acc);
    let sum = {
        let mut a = new;
        a.add(&old);
        a
    };
    let guilty = gain(harm(&new).max(0.0), &new);
    let equal = gain(harm(&sum), &new) + gain(harm(&sum), &old);
    let log = (guilty - equal).clamp(-12.0, 12.0);
    let word = if log < 0.0 {
        "old and new version suffer alike"
    } else {
        "the new version suffers, the old one does not"
    };
    (log, (log.abs() > 1.0).then(|| format!("{word}: {}", both.words())))
}
