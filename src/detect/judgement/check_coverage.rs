//! What the synthetic checks can see now: fresh, stale, blind or absent, and whether they visit the
//! way the shoppers do who are hit. Green is never told by checks that see nothing.
//! Opens and closes nothing; failures are counted in `checks` and `failing_checks`.

use std::collections::BTreeSet;

use crate::detect::cases::open_case;
use crate::detect::cases::open_case::OpenCase;
use crate::detect::cases::state::EngineState;
use crate::detect::cube::cuboid::Cuboid;
use crate::detect::cube::key::CuboidRole;
use crate::detect::detectors::check_cadence::is_fresh;
use crate::detect::detectors::check_votes::told;
use crate::detect::evidence::units::hour;
use crate::domain::id::{JourneyId, SourceId};
use crate::domain::metric::Metric;
use crate::domain::segment::{Dim, Scope};
use crate::domain::time::Timestamp;
use crate::policy::journey::Journey;
use crate::verdict::Verdict;

/// Share of a journey's views that its checks must be like.
const ALIKE: f64 = 0.5;

/// What can be seen through one check.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Eye {
    Fresh,
    /// Its newest run is too old.
    Stale(Timestamp),
    /// Its source tells nothing since.
    Blind(SourceId, Timestamp),
    /// Its source tells nothing of now, for this reason.
    Doubted(SourceId, String),
}

/// `None` for a check that never ran.
pub fn eye(state: &EngineState, check: &JourneyId, now: Timestamp) -> Option<Eye> {
    let runs = state.checks.runs.get(check)?.values();
    let newest = runs.filter_map(|r| r.iter().rev().find(|r| r.at <= now)).map(|r| r.at).max()?;
    let source = state.checks.sources.get(check);
    if let Some((name, since)) = source.and_then(|s| state.blind.get_key_value(s)) {
        return Some(Eye::Blind(name.clone(), *since));
    }
    let doubt = source.and_then(|s| state.doubts.get_key_value(s));
    if let Some((name, doubt)) = doubt.filter(|(_, doubt)| doubt.on_checks(check)) {
        return Some(Eye::Doubted(name.clone(), doubt.why.clone()));
    }
    let fresh = is_fresh((&state.settings.policy, &state.checks), check, newest, now);
    Some(if fresh { Eye::Fresh } else { Eye::Stale(newest) })
}

/// Every location that still runs it fails.
fn fails(state: &EngineState, check: &JourneyId, now: Timestamp) -> bool {
    let runs = state.checks.runs.get(check).into_iter().flat_map(|places| places.values());
    let newest = runs.filter_map(|r| r.iter().rev().find(|r| r.at <= now));
    let mut fresh = newest
        .filter(|r| is_fresh((&state.settings.policy, &state.checks), check, r.at, now))
        .peekable();
    fresh.peek().is_some() && fresh.all(|r| !r.ok)
}

/// Journeys whose newest runs fail, from every location that still runs them: what is not told yet,
/// for a failure must be seen again first.
pub fn failing_now(state: &EngineState, now: Timestamp) -> Option<String> {
    let all = state.checks.runs.len();
    let failing: Vec<&JourneyId> =
        state.checks.runs.keys().filter(|c| fails(state, c, now)).collect();
    let first = failing.first()?;
    if let Some(work) = state.settings.maintenance.iter().find(|m| m.start <= now && now < m.end) {
        let what = if work.name.is_empty() { "announced work" } else { &work.name };
        let others = if failing.len() > 1 { " and more" } else { "" };
        return Some(format!("{first}{others}: checks fail while {what} goes on"));
    }
    Some(match failing.len() {
        1 => format!("{first}: the newest checks fail; one more round tells"),
        n => format!("the newest checks of {n} of {all} journeys fail; one more round tells"),
    })
}

/// A location that fails while the others of its journey pass: told, and no incident.
pub fn failing_alone(state: &EngineState, now: Timestamp) -> Option<String> {
    let mut all = state.checks.runs.keys();
    let alone = |check: &&JourneyId| {
        let failing = failing(state, check, now);
        !failing.is_empty() && !fails(state, check, now)
    };
    let check = all.find(alone)?;
    let places = failing(state, check, now).join(", ");
    Some(format!("{check} fails from a part of its locations ({places}), which opens nothing"))
}

fn eyes(state: &EngineState, now: Timestamp) -> Vec<(&JourneyId, Eye)> {
    let all = state.checks.runs.keys();
    all.filter_map(|check| Some((check, eye(state, check, now)?))).collect()
}

/// Why nothing is seen, in words.
fn why(eye: &Eye, now: Timestamp) -> String {
    match eye {
        Eye::Fresh => "checks run".to_owned(),
        Eye::Stale(at) => format!("last check {:.0} min ago", now.since(*at).as_mins_f64()),
        Eye::Blind(source, since) => format!("{source} is blind since {}", hour(*since)),
        Eye::Doubted(source, why) => format!("{source}: {why}"),
    }
}

/// The answer of a row on checks while some of them see nothing; `None` when all are fresh, or
/// none was ever seen.
pub fn unseen(state: &EngineState, now: Timestamp) -> Option<(Verdict, String)> {
    let eyes = eyes(state, now);
    let lost = || eyes.iter().filter(|(_, eye)| *eye != Eye::Fresh);
    let (check, first) = lost().next()?;
    let word = why(first, now);
    if eyes.iter().all(|(_, eye)| matches!(eye, Eye::Blind(..) | Eye::Doubted(..))) {
        return Some((Verdict::Blind, word));
    }
    let all = lost().count() == eyes.len();
    let text = if all { word } else { format!("{check}: {word}") };
    Some((Verdict::Unsure, text))
}

/// What the checks say of a case that none of them fails for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CheckWord {
    pub support: Option<String>,
    pub against: Option<String>,
}

/// Counter-evidence only where a fresh check that is like the shoppers passes.
pub fn word(state: &EngineState, live: &OpenCase, segments: &[Scope], now: Timestamp) -> CheckWord {
    let mut out = CheckWord::default();
    if live.is_telemetry() || !live.failing_checks.is_empty() {
        return out;
    }
    let policy = &state.settings.policy;
    let journey = open_case::journey_of(policy, live, segments);
    let row = journey.as_ref().and_then(|j| policy.journey.iter().find(|row| row.name == *j));
    let mine = |check: &JourneyId| row.is_none_or(|row| row.has_check(check.as_str()));
    let eyes: Vec<_> = eyes(state, now).into_iter().filter(|(check, _)| mine(check)).collect();
    if let Some(text) = row.and_then(|row| unlike_case(state, row, segments)) {
        out.support = Some(text);
        return out;
    }
    let fresh = |e: &&(&JourneyId, Eye)| e.1 == Eye::Fresh;
    if eyes.iter().any(|e| e.1 == Eye::Fresh)
        && eyes.iter().filter(fresh).all(|(check, _)| fails(state, check, now))
    {
        let seen = eyes.iter().filter(fresh).flat_map(|(check, _)| failing(state, check, now));
        let seen: Vec<String> = seen.collect();
        out.support = Some(format!("the newest checks fail too: {}", seen.join(", ")));
        return out;
    }
    out.against = Some(match (eyes.iter().find(fresh), eyes.first()) {
        (Some(_), _) => {
            let seen = eyes.iter().filter(fresh).flat_map(|(check, _)| failing(state, check, now));
            let failing: Vec<String> = seen.collect();
            if failing.is_empty() {
                "synthetic checks see nothing".to_owned()
            } else {
                format!("synthetic checks pass but for {}", failing.join(", "))
            }
        }
        (None, Some((_, eye))) => format!("no check can see it: {}", why(eye, now)),
        (None, None) => match &journey {
            Some(j) => format!("no check can see it: {j} has none"),
            None => "no check can see it: there is none".to_owned(),
        },
    });
    out
}

/// Locations whose newest run fails.
fn failing(state: &EngineState, check: &JourneyId, now: Timestamp) -> Vec<String> {
    let runs = state.checks.runs.get(check).into_iter().flatten();
    let newest = runs.filter_map(|(l, r)| Some((l, r.iter().rev().find(|r| r.at <= now)?)));
    newest.filter(|(_, run)| !run.ok).map(|(l, run)| told(l, &run.word)).collect()
}

fn emulated(row: &Journey) -> [(Dim, &[String]); 2] {
    [(Dim::Device, &row.device), (Dim::Network, &row.network)]
}

/// Every place that is hit lies outside of what the journey's checks emulate.
fn unlike_case(state: &EngineState, row: &Journey, segments: &[Scope]) -> Option<String> {
    let has_checks = state.checks.runs.keys().any(|c| row.has_check(c.as_str()));
    let (dim, like) =
        emulated(row).into_iter().filter(|(_, like)| !like.is_empty()).find(|(dim, like)| {
            let outside = |s: &Scope| {
                s.dims.get(dim).is_some_and(|hit| like.iter().all(|v| !hit.contains(v)))
            };
            has_checks && !segments.is_empty() && segments.iter().all(outside)
        })?;
    let hit: BTreeSet<String> =
        segments.iter().filter_map(|s| s.dims.get(&dim)).flatten().cloned().collect();
    let share = share_of(state, row, dim, |v| hit.contains(v));
    let hit: Vec<String> = hit.into_iter().collect();
    let views = share.map_or_else(
        || format!("{} is hit", hit.join(", ")),
        |s| format!("{:.0} % of {} views are {}", s * 100.0, row.name, hit.join(", ")),
    );
    Some(format!("checks run as {}, {views}: they cannot see this", like.join(", ")))
}

/// What most of a journey's shoppers are and its checks are not; `None` when they are alike or
/// nobody said what the checks emulate.
pub fn unlike(state: &EngineState, row: &Journey) -> Option<String> {
    let lines =
        emulated(row).into_iter().filter(|(_, like)| !like.is_empty()).filter_map(|(dim, like)| {
            let other = share_of(state, row, dim, |v| like.iter().all(|l| l != v))?;
            (other > 1.0 - ALIKE).then(|| {
                let percent = other * 100.0;
                format!("checks run as {}, {percent:.0} % of the views do not", like.join(", "))
            })
        });
    lines.reduce(|a, b| format!("{a}; {b}"))
}

/// Share of a journey's page views of the last hours whose value of a dimension is `wanted`.
fn share_of(
    state: &EngineState,
    row: &Journey,
    dim: Dim,
    wanted: impl Fn(&str) -> bool,
) -> Option<f64> {
    let cuboids = state.cube.family((Metric::PageViews, CuboidRole::Plain));
    let placed = |t: &&Cuboid| t.key.dims.contains(&Dim::Template);
    let knows = |t: &&Cuboid| t.key.dims.contains(&dim);
    let known: Vec<&Cuboid> = cuboids.filter(knows).collect();
    let cuboid = known.iter().copied().find(placed).or(known.first().copied())?;
    let (mut inside, mut all) = (0.0, 0.0);
    for leaf in &cuboid.leaves {
        if !placed(&cuboid) || row.has_template(leaf.seg.get(Dim::Template).as_str()) {
            let views = leaf.sums.last().map_or(0.0, |a| a.observed.max(0.0));
            all += views;
            inside += if wanted(leaf.seg.get(dim).as_str()) { views } else { 0.0 };
        }
    }
    (all > 0.0).then(|| inside / all)
}
