//! What a guardrail that is not in breach says: that all is as usual, what was noticed, or why it
//! cannot be judged. Opens nothing and looks at no case.

use super::answer::{RowAnswer, USUAL};
use super::{check_coverage, check_times, doubts, guardrail_notes};
use crate::detect::cases::state::EngineState;
use crate::detect::cube::cuboid::Cuboid;
use crate::detect::cube::key::CuboidRole;
use crate::detect::detectors::traffic_loss;
use crate::detect::evidence::stat::{Likelihood, evidence};
use crate::detect::scan::sweep;
use crate::domain::metric::Metric;
use crate::domain::segment::Segment;
use crate::policy::guardrail::{Condition, GuardClass, Guardrail};
use crate::verdict::{Cell, Judged, Verdict};

/// Share of beacons beyond the visits from which collection is doubted.
const SURPLUS: f64 = 0.25;

/// The answer of a row that no case breaks.
pub fn calm(state: &EngineState, row: &Guardrail, cells: &[Cell], bucket: i64) -> RowAnswer {
    if state.judged_until().is_none() {
        return (Judged::Learning, Verdict::Unsure, "not judged yet".to_owned());
    }
    if let Some((verdict, text)) = state.quality.calm(&row.condition) {
        if state.is_dark() {
            return (Judged::Blind, Verdict::Blind, "its sources tell nothing".to_owned());
        }
        let judged = if verdict == Verdict::Ok { Judged::Yes } else { Judged::Unmeasured };
        return (judged, verdict, text);
    }
    if row.metric.contains(&Metric::CheckDuration) {
        return check_times::calm(state, state.cube.end_of(bucket));
    }
    let cuboids = cuboids(state, row);
    let doubted = doubts::row(state, cuboids.iter().copied());
    let (lost, partly) = match doubted {
        Some((verdict, why, all)) if all => (Some((verdict, why)), None),
        Some((verdict, why, _)) => (None, Some((verdict, why))),
        None => (None, None),
    };
    if let Some(answer) = unheard(state, row, (&cuboids, lost), bucket) {
        return answer;
    }
    match (heard(state, row, cells, bucket), partly) {
        ((Judged::Yes, Verdict::Ok, text), Some((verdict, why))) => {
            let said = if text == USUAL { why } else { text };
            (Judged::Unseen, verdict, said)
        }
        (answer, _) => answer,
    }
}

fn cuboids<'a>(state: &'a EngineState, row: &Guardrail) -> Vec<&'a Cuboid> {
    let all = state.cube.cuboids.values();
    all.filter(|t| row.metric.contains(&t.key.family.0)).collect()
}

/// Why nothing is known of what the row watches; none while something is. `lost`: none of its
/// cuboids can be believed.
fn unheard(
    state: &EngineState,
    row: &Guardrail,
    (cuboids, lost): (&[&Cuboid], Option<(Verdict, String)>),
    bucket: i64,
) -> Option<RowAnswer> {
    let probed = row.metric.contains(&Metric::CheckSuccess);
    let checks = probed && !state.checks.runs.is_empty();
    let unsure = |judged, text: &str| Some((judged, Verdict::Unsure, text.to_owned()));
    let blind = |t: &&Cuboid| state.blind.contains_key(&t.key.source);
    if !cuboids.is_empty() && cuboids.iter().all(blind) {
        let why = lost.map_or_else(|| "its source tells nothing".to_owned(), |l| l.1);
        return Some((Judged::Blind, Verdict::Blind, why));
    }
    let unseen = probed.then(|| check_coverage::unseen(state, state.cube.end_of(bucket))).flatten();
    if let Some((verdict, text)) = lost.or(unseen) {
        let judged = if verdict == Verdict::Blind { Judged::Blind } else { Judged::Unseen };
        return Some((judged, verdict, text));
    }
    if !checks && cuboids.is_empty() {
        return unsure(Judged::Unmeasured, "nothing measures it");
    }
    if !checks && cuboids.iter().all(|t| t.latest == i64::MIN) {
        return unsure(Judged::Learning, "no live number yet");
    }
    if !checks && learning(state, row, cuboids) {
        return unsure(Judged::Learning, "learning what is usual");
    }
    None
}

/// A row that compares with what is usual, while nothing of it has a usual level: of a shop that is
/// new, or of a source whose history is shorter than the others'.
fn learning(state: &EngineState, row: &Guardrail, cuboids: &[&Cuboid]) -> bool {
    let compares = row.condition.min_change().is_some();
    let known = |t: &&Cuboid| t.leaves.iter().any(|l| l.prof.known());
    state.learning() || compares && !cuboids.iter().any(known)
}

/// The answer of a row whose numbers are there.
fn heard(state: &EngineState, row: &Guardrail, cells: &[Cell], bucket: i64) -> RowAnswer {
    let surplus = (row.class == GuardClass::Telemetry).then(|| surplus(state)).flatten();
    if let Some(more) = surplus {
        return (Judged::Undecided, Verdict::Unsure, more);
    }
    if let Some((judged, text)) = traffic_loss::unjudged(&state.scene(), row, bucket) {
        return (judged, Verdict::Unsure, text);
    }
    let probed = row.metric.contains(&Metric::CheckSuccess);
    if let Some(text) =
        probed.then(|| check_coverage::failing_now(state, state.cube.end_of(bucket))).flatten()
    {
        return (Judged::Undecided, Verdict::Unsure, text);
    }
    let calm = || match (&row.condition, probed) {
        (Condition::Target {}, _) => "a target: it opens nothing".to_owned(),
        (_, true) => check_coverage::failing_alone(state, state.cube.end_of(bucket))
            .unwrap_or_else(|| USUAL.to_owned()),
        _ => USUAL.to_owned(),
    };
    let (verdict, text) = guardrail_notes::noticed(state, row, cells, bucket)
        .unwrap_or_else(|| (Verdict::Ok, calm()));
    let judged = if verdict == Verdict::Unsure { Judged::Undecided } else { Judged::Yes };
    (judged, verdict, text)
}

/// More beacons than the visits explain: collected twice, or bots. Noted, never an incident.
fn surplus(state: &EngineState) -> Option<String> {
    let window = state.lengths.len().checked_sub(5)?;
    let line = state.settings.policy.detect.sensitivity.nats();
    let cuboids = state.cube.family((Metric::PageViews, CuboidRole::Beacon));
    let found = cuboids.filter_map(|t| {
        let (acc, _) = sweep::at(t, &Segment::all(), window)?;
        let more = evidence(Likelihood::Poisson, 1.0, &acc, t.dispersion(0));
        (more.nats >= line && more.harm >= SURPLUS).then_some(more.harm)
    });
    let most = found.fold(0.0, f64::max);
    let text = format!("{:.0}% more beacons than visits: collected twice, or bots", most * 100.0);
    (most > 0.0).then_some(text)
}
