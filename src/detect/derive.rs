//! Tables made of other tables: funnel steps (one count over another) and beacons per visit.
//! A ratio of two live series needs no season (detection.md section 6). Only sums here.

use std::collections::BTreeMap;

use crate::domain::id::SourceId;
use crate::domain::metric::Metric;
use crate::domain::segment::{Dim, Segment};

use super::stat::Raw;
use super::store::Store;
use super::table::{Role, Table, TableKey, project};

/// What is divided by what.
#[derive(Clone, PartialEq, Debug)]
struct Pair {
    key: TableKey,
    hits: TableKey,
    trials: TableKey,
}

/// Server-side counts that beacons are held against, best first.
const VISITS: [Metric; 2] = [Metric::Sessions, Metric::EdgeRequests];

fn steps() -> impl Iterator<Item = (Metric, Metric, Metric)> {
    let conversion = (Metric::ConversionRate, Metric::Orders, Metric::Sessions);
    Metric::STEPS.into_iter().chain([conversion])
}

fn pairs(store: &Store) -> Vec<Pair> {
    let mut out = Vec::new();
    for (metric, hits, trials) in steps() {
        for h in store.family((hits, Role::Plain)) {
            let key = TableKey { family: (trials, Role::Plain), ..h.key.clone() };
            if store.tables.contains_key(&key) {
                let step = TableKey { family: (metric, Role::Step), ..h.key.clone() };
                out.push(Pair { key: step, hits: h.key.clone(), trials: key });
            }
        }
    }
    out.extend(beacons(store));
    out
}

/// Page views over visits, for each set of dimensions that both know.
fn beacons(store: &Store) -> Vec<Pair> {
    let mut out: BTreeMap<TableKey, Pair> = BTreeMap::new();
    for visits in VISITS {
        let source = SourceId::new(format!("per {visits}"));
        for v in store.family((visits, Role::Plain)) {
            for p in store.family((Metric::PageViews, Role::Plain)) {
                if p.key.dims.iter().any(|d| matches!(d, Dim::Release | Dim::Cohort)) {
                    continue;
                }
                let dims: Vec<Dim> =
                    p.key.dims.iter().copied().filter(|d| v.key.dims.contains(d)).collect();
                let family = (Metric::PageViews, Role::Beacon);
                let key = TableKey { family, source: source.clone(), dims };
                let pair = Pair { key: key.clone(), hits: p.key.clone(), trials: v.key.clone() };
                out.entry(key).or_insert(pair);
            }
        }
        if !out.is_empty() {
            break;
        }
    }
    out.into_values().collect()
}

/// Makes the derived buckets `from..=to`.
pub fn live(store: &mut Store, from: i64, to: i64) {
    for pair in pairs(store) {
        let (Some(hits), Some(trials)) =
            (store.tables.get(&pair.hits), store.tables.get(&pair.trials))
        else {
            continue;
        };
        let mut rows = Vec::new();
        for bucket in from..=to {
            if hits.delivered(bucket) && trials.delivered(bucket) {
                let h = grouped(hits, &pair.key.dims, |t, l| t.raw(l, bucket).map(|r| r.s));
                let n = grouped(trials, &pair.key.dims, |t, l| t.raw(l, bucket).map(|r| r.s));
                rows.extend(joined(&n, &h).map(|(seg, raw)| (seg, bucket, raw)));
            }
        }
        let table = store.table(pair.key);
        for (seg, bucket, raw) in rows {
            table.put(&seg, bucket, raw);
        }
    }
}

/// Makes the derived history again from the counts' history.
pub fn history(store: &mut Store) {
    for pair in pairs(store) {
        let (Some(hits), Some(trials)) =
            (store.tables.get(&pair.hits), store.tables.get(&pair.trials))
        else {
            continue;
        };
        if !hits.history_dirty && !trials.history_dirty {
            continue;
        }
        let h = by_hour(hits, &pair.key.dims);
        let n = by_hour(trials, &pair.key.dims);
        let minutes = trials.hours.clone();
        let table = store.table(pair.key);
        table.forget_history();
        for ((hour, seg), trials) in n {
            let hits = h.get(&(hour, seg.clone())).copied().unwrap_or(0.0);
            let covered = minutes.get(&hour).copied().unwrap_or(0);
            table.put_hour(&seg, hour, covered, Raw { n: trials, s: hits, q: 0.0 });
        }
    }
}

fn mask(table: &Table, dims: &[Dim]) -> u16 {
    let fixed = table.key.dims.iter().enumerate().filter(|(_, d)| dims.contains(d));
    fixed.fold(0, |m, (i, _)| m | 1 << i)
}

fn grouped(
    table: &Table,
    dims: &[Dim],
    value: impl Fn(&Table, &super::table::Leaf) -> Option<f32>,
) -> BTreeMap<Segment, f32> {
    let mask = mask(table, dims);
    let mut out = BTreeMap::new();
    for leaf in &table.leaves {
        if let Some(x) = value(table, leaf) {
            *out.entry(project(&leaf.seg, &table.key.dims, mask)).or_default() += x;
        }
    }
    out
}

fn joined<'a>(
    trials: &'a BTreeMap<Segment, f32>,
    hits: &'a BTreeMap<Segment, f32>,
) -> impl Iterator<Item = (Segment, Raw)> + 'a {
    trials.iter().map(|(seg, n)| {
        let s = hits.get(seg).copied().unwrap_or(0.0);
        (seg.clone(), Raw { n: *n, s, q: 0.0 })
    })
}

fn by_hour(table: &Table, dims: &[Dim]) -> BTreeMap<(i32, Segment), f32> {
    let mask = mask(table, dims);
    let mut out = BTreeMap::new();
    for leaf in &table.leaves {
        let seg = project(&leaf.seg, &table.key.dims, mask);
        for h in &leaf.hist {
            *out.entry((h.hour, seg.clone())).or_default() += h.raw.s;
        }
    }
    out
}
