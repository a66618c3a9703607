//! Cumulative `le` series and native histograms become counts per bucket on one shared set of
//! bounds. Gaps and float noise are tolerated; bounds only ever grow.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::histogram::Histogram;
use crate::domain::observation::{Missing, Value};
use crate::domain::segment::Segment;
use crate::domain::time::Timestamp;
use crate::source::harvest::Harvest;
use crate::source::units::scaled;

use super::{Answered, QueryFrame, SegmentTable, SeriesLine};

/// Most buckets kept for one query.
const MOST: usize = 400;

/// The bounds a query has shown so far, in the metric's unit, the last one infinite. Kept over
/// polls, so that histograms of different windows add up.
#[derive(Clone, PartialEq, Debug)]
pub struct Bounds(Arc<[f64]>);

impl Default for Bounds {
    fn default() -> Self {
        Self(Arc::from([f64::INFINITY]))
    }
}

impl Bounds {
    /// Takes new bounds in; those beyond 400 are ignored and false comes back.
    fn grow(&mut self, seen: impl Iterator<Item = f64>) -> bool {
        let known: BTreeSet<OrderedBound> = self.0.iter().copied().map(OrderedBound).collect();
        let mut all = known.clone();
        for bound in seen.filter(|b| !b.is_nan()) {
            if all.len() >= MOST {
                break;
            }
            all.insert(OrderedBound(bound));
        }
        if all.len() != known.len() {
            self.0 = all.iter().map(|o| o.0).collect();
        }
        all.len() < MOST
    }

    fn index(&self, bound: f64) -> Option<usize> {
        self.0.binary_search_by(|b| b.total_cmp(&bound)).ok()
    }
}

#[derive(Clone, Copy)]
struct OrderedBound(f64);

impl PartialEq for OrderedBound {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for OrderedBound {}

impl PartialOrd for OrderedBound {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for OrderedBound {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Series that differ in `le` alone: they make one cumulative histogram an instant.
type Families<'a> = BTreeMap<(Segment, String), Vec<(f64, &'a SeriesLine)>>;

impl QueryFrame<'_> {
    pub fn histogram(&self, answer: &Answered, bounds: &mut Bounds, out: &mut Harvest) {
        let factor = self.factor();
        let (families, unread) = self.families(answer, factor);
        let edges =
            families.values().flatten().map(|(le, _)| *le).chain(native_edges(answer, factor));
        let complete = bounds.grow(edges);
        if unread > 0 || !complete {
            let title = self.query.title();
            out.note(format!("{title}: {unread} series without a usable le, or too many buckets"));
        }
        let mut table: SegmentTable<Counts> = BTreeMap::new();
        let (mut endless, mut shrinking) = (0, 0);
        for ((segment, _), lines) in &families {
            let own = unstacked(lines, bounds);
            endless += usize::from(own.values().any(|c| c.odd == Some(Odd::Endless)));
            shrinking += usize::from(own.values().any(|c| c.odd == Some(Odd::Shrinks)));
            merge(table.entry(segment.clone()).or_default(), own);
        }
        self.tell_odd((endless, shrinking, families.len()), out);
        for line in &answer.lines {
            if !line.natives.is_empty() {
                let row = table.entry(self.query.segment_of(&line.labels)).or_default();
                merge(row, spread(line, bounds, factor));
            }
        }
        let values = table.into_iter().map(|(segment, row)| {
            let row = row.into_iter().map(|(at, counts)| (at, counts.value(bounds)));
            (segment, row.collect())
        });
        self.observe(values.collect(), answer.quality(), out);
    }

    fn tell_odd(&self, (endless, shrinking, of): (usize, usize, usize), out: &mut Harvest) {
        let title = self.query.title();
        if endless > 0 {
            out.note(format!(
                "{title}: {endless} of {of} histograms have no le=\"+Inf\" bucket, so it is not \
                 known how many were slower than the last one: not judged; ask for every bucket"
            ));
        }
        if shrinking > 0 {
            out.note(format!(
                "{title}: {shrinking} of {of} histograms hold fewer up to a higher bound than up \
                 to a lower one: not judged; their buckets come from different instants or senders"
            ));
        }
    }

    fn families<'a>(&self, answer: &'a Answered, factor: f64) -> (Families<'a>, usize) {
        let mut families: Families<'a> = BTreeMap::new();
        let mut unread = 0;
        for line in answer.lines.iter().filter(|l| l.natives.is_empty()) {
            let le = line.labels.get("le").and_then(|le| le.parse::<f64>().ok());
            let Some(le) = le.filter(|le| !le.is_nan()) else {
                unread += 1;
                continue;
            };
            let rest: Vec<&str> = line
                .labels
                .iter()
                .filter(|(name, _)| !matches!(name.as_str(), "le" | "__name__"))
                .flat_map(|(name, value)| [name.as_str(), value.as_str()])
                .collect();
            let key = (self.query.segment_of(&line.labels), rest.join("\u{1f}"));
            families.entry(key).or_default().push((scaled(le, factor), line));
        }
        (families, unread)
    }
}

fn native_edges(answer: &Answered, factor: f64) -> impl Iterator<Item = f64> {
    answer
        .lines
        .iter()
        .flat_map(|line| &line.natives)
        .flat_map(|(_, native)| &native.buckets)
        .flat_map(move |(left, right, _)| [scaled(*left, factor), scaled(*right, factor)])
        .filter(|edge| *edge > 0.0)
}

/// Counts per bucket, or a mark that a part was no number.
#[derive(Default)]
struct Counts {
    bins: Vec<f64>,
    bad: Option<Missing>,
    odd: Option<Odd>,
}

/// What keeps cumulative counts from being a distribution.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Odd {
    /// No count of all of them: those beyond the last bound are not known.
    Endless,
    /// More up to a lower bound than up to a higher one, beyond the noise of rates.
    Shrinks,
}

/// What a cumulative count may lack to the one below it: a share of all, and events.
const NOISE: (f64, f64) = (0.05, 1.0);

impl Counts {
    fn value(self, bounds: &Bounds) -> Value {
        match self.bad {
            Some(reason) => Value::Missing(reason),
            None => Value::Dist(Histogram::new(Arc::clone(&bounds.0), self.bins)),
        }
    }
}

fn merge(row: &mut BTreeMap<Timestamp, Counts>, more: BTreeMap<Timestamp, Counts>) {
    for (at, new) in more {
        let old = row.entry(at).or_default();
        old.bad = old.bad.or(new.bad);
        old.odd = old.odd.or(new.odd);
        old.bins.resize(old.bins.len().max(new.bins.len()), 0.0);
        for (mine, theirs) in old.bins.iter_mut().zip(&new.bins) {
            *mine += theirs;
        }
    }
}

/// Cumulative to single counts. A bucket that is absent holds nothing of its own; a cumulative
/// count below its neighbour (float noise of rates) is lifted to it.
fn unstacked(lines: &[(f64, &SeriesLine)], bounds: &Bounds) -> BTreeMap<Timestamp, Counts> {
    let mut stacked: BTreeMap<Timestamp, Vec<Option<f64>>> = BTreeMap::new();
    for (le, line) in lines {
        let Some(index) = bounds.index(*le) else { continue };
        for (at, number) in &line.points {
            let row = stacked.entry(*at).or_insert_with(|| vec![None; bounds.0.len()]);
            if let Some(slot) = row.get_mut(index) {
                *slot = Some(*number);
            }
        }
    }
    stacked
        .into_iter()
        .map(|(at, row)| {
            let odd = odd(&row);
            let bad = row.iter().flatten().find_map(|n| super::missing(*n));
            let bad = bad.or(odd.map(|_| Missing::Error));
            let mut below = 0.0_f64;
            let counts = row.into_iter().map(|slot| {
                let upto = slot.filter(|n| n.is_finite()).map_or(below, |n| n.max(below));
                upto - std::mem::replace(&mut below, upto)
            });
            (at, Counts { bins: counts.collect(), bad, odd })
        })
        .collect()
}

fn odd(row: &[Option<f64>]) -> Option<Odd> {
    if row.last().is_none_or(Option::is_none) {
        return Some(Odd::Endless);
    }
    let numbers = || row.iter().flatten().filter(|n| n.is_finite());
    let most = numbers().fold(0.0_f64, |most, n| most.max(*n));
    let lack =
        numbers().fold((0.0_f64, 0.0_f64), |(top, lack), n| (top.max(*n), lack.max(top - n)));
    (lack.1 > NOISE.1 + NOISE.0 * most).then_some(Odd::Shrinks)
}

fn spread(line: &SeriesLine, bounds: &Bounds, factor: f64) -> BTreeMap<Timestamp, Counts> {
    let row = |native: &super::Native| {
        let mut counts = vec![0.0; bounds.0.len()];
        let mut bad = None;
        for (_, right, count) in &native.buckets {
            bad = bad.or(super::missing(*count));
            let right = scaled(*right, factor);
            let index = bounds.0.iter().position(|b| *b >= right).unwrap_or(bounds.0.len() - 1);
            if let Some(slot) = counts.get_mut(index) {
                *slot += count;
            }
        }
        Counts { bins: counts, bad, odd: None }
    };
    line.natives.iter().map(|(at, native)| (*at, row(native))).collect()
}

#[cfg(test)]
mod tests;
