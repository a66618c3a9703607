//! What is noticed and is no incident: bots, a shift of the mix, too few samples. Words for a
//! guardrail that is not in breach; nothing here opens, holds or ends a case.

use super::cells::enough;
use crate::detect::cases::state::EngineState;
use crate::detect::cube::cuboid::{Cuboid, Slice};
use crate::detect::cube::key::CuboidRole;
use crate::detect::evidence::stat::{Likelihood, Tally, likelihood_of};
use crate::detect::learning::exclusions;
use crate::detect::scan::bots;
use crate::detect::scan::power::{Named, Power};
use crate::domain::change::{Change, ChangeKind};
use crate::domain::metric::{Kind, Metric};
use crate::domain::segment::{Dim, Segment};
use crate::domain::time::Span;
use crate::policy::guardrail::Guardrail;
use crate::verdict::{Cell, Verdict};

/// Relative move of an average, by the mix alone, that is worth a word.
const MOVED: f64 = 0.05;
/// Share of segments without enough samples that is worth a word.
const THIN: f64 = 0.25;

/// What there is to say about a row that is not in breach.
pub fn noticed(
    state: &EngineState,
    row: &Guardrail,
    cells: &[Cell],
    bucket: i64,
) -> Option<(Verdict, String)> {
    let rates = [Metric::AddToCartRate, Metric::ConversionRate];
    let counted = rates.iter().any(|m| row.metric.contains(m));
    let crowd = counted.then(|| crowd(state, bucket)).flatten();
    let said = crowd
        .map(|text| (Verdict::Unsure, text))
        .or_else(|| mix(state, row, bucket).map(|text| (Verdict::Ok, text)))
        .or_else(|| thin(state, row, cells, bucket))
        .or_else(|| announced(state, row, bucket));
    let Some(folded) = folded(state, row) else { return said };
    let (verdict, text) = said.unwrap_or((Verdict::Ok, "within its usual band".to_owned()));
    Some((verdict, format!("{text}; {folded}")))
}

/// Counts and the rates made of them move on an announced day: nobody learns from it.
fn announced(state: &EngineState, row: &Guardrail, bucket: i64) -> Option<(Verdict, String)> {
    let counted =
        |m: &Metric| m.kind() == Kind::Count || likelihood_of(*m).0 == Likelihood::Conversion;
    row.metric.iter().find(|m| counted(m))?;
    let name = exclusions::announced(&state.settings, state.cube.start_of(bucket))?;
    Some((Verdict::Ok, format!("within its usual band; {name} is on, nothing is learnt from it")))
}

/// A cut of the row with more segments than are told apart.
fn folded(state: &EngineState, row: &Guardrail) -> Option<String> {
    let mine = state.cube.cuboids.values().filter(|t| row.metric.contains(&t.key.family.0));
    let full = mine.filter_map(|t| Some((t.folded()?, t)));
    let ((folded, all), cuboid) = full.max_by_key(|(n, _)| *n)?;
    let dims: Vec<&str> = cuboid.key.dims.iter().map(|d| d.name()).collect();
    let (folded, all, dims) = (thousands(folded), thousands(all), dims.join(" x "));
    Some(format!("{folded} of {all} segments by {dims} in (other)"))
}

fn thousands(n: usize) -> String {
    let text = n.to_string();
    let split = text.len().saturating_sub(3);
    match text.split_at_checked(split) {
        Some((high, low)) if !high.is_empty() => format!("{high},{low}"),
        _ => text,
    }
}

fn buckets(state: &EngineState, span: Span) -> i64 {
    (span.millis() / state.cube.bucket.millis().max(1)).max(1)
}

fn sum(cuboid: &Cuboid, slice: &Slice, span: (i64, i64)) -> Tally {
    let mut sum = Tally::default();
    for leaf in slice.leaves.iter().filter_map(|i| cuboid.leaves.get(*i as usize)) {
        sum.add(&cuboid.acc_over(leaf, span.0, span.1));
    }
    sum
}

/// The place with the clearest crowd of visits that buy no more than its usual visitors.
fn crowd(state: &EngineState, bucket: i64) -> Option<String> {
    let span = (bucket - buckets(state, Span::from_mins(20)) + 1, bucket);
    let line = state.settings.policy.detect.sensitivity.nats();
    let crowds = bots::crowds(&state.cube, span, line);
    let clearest = crowds.into_iter().max_by(|a, b| a.nats.total_cmp(&b.nats))?;
    Some(format!(
        "bots: {} has {:.1} times its usual visits and they buy no more; \
         its rates are not believed",
        clearest.seg, clearest.times
    ))
}

/// An average that moved because other shoppers came, while every segment is as usual (Simpson).
fn mix(state: &EngineState, row: &Guardrail, bucket: i64) -> Option<String> {
    let span = (bucket - buckets(state, Span::from_mins(30)) + 1, bucket);
    let mine = |t: &&Cuboid| {
        let judged = matches!(t.likelihood, Likelihood::LogNormal | Likelihood::Rare);
        judged && t.key.family.1 == CuboidRole::Plain && row.metric.contains(&t.key.family.0)
    };
    let moved = state.cube.cuboids.values().filter(mine).filter_map(|t| moved(state, t, span));
    let (by, place) = moved.max_by(|a, b| a.0.total_cmp(&b.0))?;
    let percent = by * 100.0;
    let text = format!("mix shift: the average moved {percent:.0}% the bad way, no segment did");
    let campaign = prefixed(", ", campaign(state, bucket));
    Some(place.map_or_else(|| text.clone(), |place| format!("{text}; {place}{campaign}")))
}

/// How long after its start a campaign is still the news that explains who comes.
const NEWS: Span = Span::from_hours(12);

/// The newest campaign that is on.
fn campaign(state: &EngineState, bucket: i64) -> Option<String> {
    let now = state.cube.end_of(bucket);
    let on = |c: &&Change| {
        let since = c.effective_at();
        let over = c.finished_at.is_some_and(|end| end < now);
        c.kind == ChangeKind::Campaign && since <= now && now.since(since) <= NEWS && !over
    };
    let newest = state.changes.values().filter(on).max_by_key(|c| c.effective_at())?;
    let since = newest.effective_at().utc().format("%H:%M UTC").to_string();
    Some(format!("campaign {} since {since}", newest.id))
}

/// How far the present mix alone moves a cuboid's average the bad way, and who came.
fn moved(state: &EngineState, cuboid: &Cuboid, span: (i64, i64)) -> Option<(f64, Option<String>)> {
    let all = cuboid.slice_at(&Segment::all())?;
    let now = sum(cuboid, all, span);
    let start = state.cube.start_of(span.1).secs();
    let of_day = start.rem_euclid(86_400) as f64;
    let usual = |slice: &Slice| {
        let leaves = slice.leaves.iter().filter_map(|i| cuboid.leaves.get(*i as usize));
        leaves.filter(|l| l.prof.known()).fold((0.0, 0.0), |(weight, mean), leaf| {
            let w = leaf.prof.weight_at(of_day);
            (weight + w, mean + w * leaf.prof.mean_at(of_day))
        })
    };
    let (weight, weighted) = usual(all);
    if now.units < enough(cuboid.likelihood) || weight <= 0.0 || weighted == 0.0 {
        return None;
    }
    let (now_mean, usual_mean) = (now.expected / now.units, weighted / weight);
    let by = match cuboid.likelihood {
        Likelihood::LogNormal => (now_mean - usual_mean).exp_m1(),
        Likelihood::Rare | Likelihood::Conversion | Likelihood::Poisson | Likelihood::Gauge => {
            now_mean / usual_mean - 1.0
        }
    } * cuboid.sign;
    if by < MOVED {
        return None;
    }
    // who came is told by who they are, not by the release that they are given
    let given = |c: &&Slice| c.seg.dims().any(|(d, _)| matches!(d, Dim::Release | Dim::Cohort));
    let ones = cuboid.slice.iter().filter(|c| c.mask.is_power_of_two() && !given(c));
    let grown = ones.filter_map(|c| {
        let (share, before) = (sum(cuboid, c, span).units / now.units, usual(c).0 / weight);
        (before > 0.0 && share - before >= MOVED).then(|| (share / before, c.seg.to_string()))
    });
    let most = grown.max_by(|a, b| a.0.total_cmp(&b.0));
    Some((by, most.map(|(times, seg)| format!("{seg} is {times:.1} times its usual share"))))
}

/// Too few samples to judge the row, or many of its segments.
fn thin(
    state: &EngineState,
    row: &Guardrail,
    cells: &[Cell],
    bucket: i64,
) -> Option<(Verdict, String)> {
    let mine = || cells.iter().filter(|c| row.metric.contains(&c.metric));
    let whole = mine().find(|c| c.segment == Segment::all())?;
    let few = |c: &&Cell| c.quality.low_sample && c.verdict == Verdict::Unsure;
    if few(&whole) {
        let n = whole.n;
        let seen = outlook(state, whole, bucket);
        let text = format!("not enough data: {n:.0} in the last hour{}", prefixed("; ", seen));
        return Some((Verdict::Unsure, text));
    }
    let (all, thin) = (mine().count(), mine().filter(few).count());
    let next = mine().filter(few).max_by(|a, b| a.n.total_cmp(&b.n))?;
    if (thin as f64) < THIN * all as f64 {
        return None;
    }
    let seen = prefixed(": ", outlook(state, next, bucket));
    let text = format!(
        "within its usual band; not enough data in {thin} of {all} segments ({}{seen})",
        next.segment,
    );
    Some((Verdict::Ok, text))
}

/// When it can be judged, or what could be seen; nothing when nobody came or nothing is known.
fn outlook(state: &EngineState, cell: &Cell, bucket: i64) -> Option<String> {
    let cuboids = state.cube.cuboids.values().filter(|t| {
        let beacons = t.key.family.1 == CuboidRole::Beacon;
        !beacons && t.key.family.0 == cell.metric
    });
    let powers = cuboids.filter_map(|t| {
        let named = Named::of(&state.settings.policy, t.key.family);
        Power::of(t, t.slice_at(&cell.segment)?, bucket, named)
    });
    Some(powers.max_by(|a, b| a.samples_seen().total_cmp(&b.samples_seen()))?.words())
}

fn prefixed(by: &str, text: Option<String>) -> String {
    text.map(|text| format!("{by}{text}")).unwrap_or_default()
}
