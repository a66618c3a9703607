//! Difference in differences: views that met a change beside views that did not, in one place at
//! one time. One more likelihood for `blame`, which decides.

use std::collections::BTreeMap;

use crate::domain::change::Change;
use crate::domain::segment::{Dim, Segment};

use super::blame::Scene;
use super::effect::Effect;
use super::stat::Acc;
use super::table::{Table, project};
use super::words;

/// Views that met a change and views that did not, in the same place since the onset.
pub struct Arms<'a> {
    table: &'a Table,
    new: Acc,
    old: Acc,
}

impl<'a> Arms<'a> {
    /// `None` while one of the two is too small to say anything. Where only one of them is served
    /// nothing is compared: other pages have levels and days of their own.
    pub fn of(scene: &Scene<'a>, main: &Effect, c: &Change) -> Option<Self> {
        let mut tables = scene.store.family(main.table.family);
        let table = tables.find(|t| t.key.dims.contains(&Dim::Release))?;
        let rest: Vec<Dim> =
            table.key.dims.iter().copied().filter(|d| *d != Dim::Release).collect();
        let mask = table.mask_for(&rest);
        let mut served: BTreeMap<Segment, (Acc, Acc)> = BTreeMap::new();
        for leaf in &table.leaves {
            let place = main.scope.dims.iter();
            let mut place =
                place.filter(|(d, _)| **d != Dim::Release && table.key.dims.contains(d));
            if place.all(|(d, v)| v.contains(leaf.seg.get(*d).as_str())) {
                let acc = table.acc_over(leaf, main.from(), main.last_bad);
                let version = leaf.seg.get(Dim::Release).as_str();
                let met = version == c.id.as_str() || version == c.version;
                let here = served.entry(project(&leaf.seg, &table.key.dims, mask)).or_default();
                if met { &mut here.0 } else { &mut here.1 }.add(&acc);
            }
        }
        let (mut new, mut old) = (Acc::default(), Acc::default());
        for (met, not) in served.values().filter(|(met, not)| met.n > 0.0 && not.n > 0.0) {
            new.add(met);
            old.add(not);
        }
        let least = 30.0_f64.max(0.02 * (new.n + old.n));
        (new.n >= least && old.n >= least).then_some(Self { table, new, old })
    }

    /// `new 3.1% against 1.0% (n 1200), old 1.0% against 1.0% (n 8000)`: the p75 or rate of each
    /// arm, what is usual for it, and its samples.
    pub fn words(&self) -> String {
        let metric = self.table.key.family.0;
        let arm = |acc: &Acc| {
            let (now, usual) = words::level(self.table.shape, self.table.inverted, 0.75, acc);
            let (now, usual) = (words::amount(metric, now), words::amount(metric, usual));
            format!("{now} against {usual} (n {:.0})", acc.n)
        };
        format!("new {}, old {}", arm(&self.new), arm(&self.old))
    }
}

/// Difference in differences between views of the new release and the others, while both are live.
pub fn weigh(scene: &Scene<'_>, main: &Effect, c: &Change) -> (f64, Option<String>) {
    // A place that names releases compares them by itself.
    if main.scope.dims.contains_key(&Dim::Release) {
        return (0.0, None);
    }
    let Some(both) = Arms::of(scene, main, c) else { return (0.0, None) };
    let numbers = both.words();
    let Arms { table, new, old } = both;
    let calib = main.calib(table);
    let gain = |harm: f64, acc: &Acc| super::onset::gain(main.shape, main.sign, acc, calib, harm);
    let harm = |acc: &Acc| super::stat::harm(main.shape, main.sign, acc);
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
    (log, (log.abs() > 1.0).then(|| format!("{word}: {numbers}")))
}
