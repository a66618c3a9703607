//! Checks: synthetic runs of the six journeys from three locations, drawn at random access.
//! A journey is named like its template; real shoppers never pass through here.

use serde::Serialize;

use super::dims::{CHECKOUT, REGIONS, TEMPLATES};
use super::effect::HarmKind;
use super::rng::{Purpose, hash, unit};
use super::timeline::{ShopTimeline, minute_time};
use super::world::World;
use crate::domain::time::{Span, Timestamp};

/// A run fails for no reason this often.
const FLAKE: f64 = 0.0005;
const BASE_MS: [f64; 6] = [620.0, 700.0, 760.0, 840.0, 910.0, 1850.0];
const LOCATION: [f64; 3] = [1.0, 1.2, 1.55];
const SPREAD: f64 = 0.14;
/// Minutes between two runs: the checkout is watched more closely.
const fn interval(journey: usize) -> i64 {
    if journey == CHECKOUT { 1 } else { 3 }
}

/// One run of a journey.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ShopCheckRun {
    pub at: Timestamp,
    pub journey: &'static str,
    pub location: &'static str,
    pub ok: bool,
    /// HTTP status; 0 when there was no answer.
    pub status: u16,
    pub duration_ms: f64,
    /// `status`, `timeout` or null.
    pub error: Option<&'static str>,
}

/// Runs that ended in `[from, to)`, oldest first.
pub fn runs(
    world: &World,
    timeline: &ShopTimeline,
    from: Timestamp,
    to: Timestamp,
) -> Vec<ShopCheckRun> {
    let minutes = from.secs().div_euclid(60)..to.secs().div_euclid(60) + 1;
    let mut runs: Vec<ShopCheckRun> = minutes
        .flat_map(|m| (0..TEMPLATES.len() * REGIONS.len()).map(move |i| (m, i / 3, i % 3)))
        .filter(|(m, journey, _)| m.rem_euclid(interval(*journey)) == 0)
        .filter_map(|(m, journey, location)| run(world, timeline, m, (journey, location)))
        .filter(|r| r.at >= from && r.at < to)
        .collect();
    runs.sort_by_key(|r| r.at);
    runs
}

/// The newest run of each journey and location at `now`.
pub fn latest(world: &World, timeline: &ShopTimeline, now: Timestamp) -> Vec<ShopCheckRun> {
    let mut newest: Vec<ShopCheckRun> = Vec::new();
    for run in runs(world, timeline, now.minus(Span::from_mins(4)), now) {
        match newest.iter_mut().find(|r| r.journey == run.journey && r.location == run.location) {
            Some(slot) => *slot = run,
            None => newest.push(run),
        }
    }
    newest.sort_by_key(|r| (r.journey, r.location));
    newest
}

fn run(
    world: &World,
    timeline: &ShopTimeline,
    minute: i64,
    who: (usize, usize),
) -> Option<ShopCheckRun> {
    let (journey, location) = who;
    let (name, place) = (TEMPLATES.get(journey)?, REGIONS.get(location)?);
    let word =
        |k: u64| hash(world.seed, Purpose::Checks, minute, (journey * 8 + location) as u64 * 8 + k);
    let mut fail = FLAKE;
    let mut status = 500;
    let mut slow = 1.0;
    for compiled in timeline.effects.iter().filter(|c| c.hits_check(journey, place)) {
        let strength = compiled.effect.strength(minute);
        match compiled.effect.kind {
            HarmKind::CheckFail { share, status: code } if share * strength > fail => {
                (fail, status) = (share * strength, code);
            }
            HarmKind::CheckSlow(factor) => slow *= 1.0 + (factor - 1.0) * strength,
            _ => {}
        }
    }
    let ok = unit(word(1)) >= fail;
    let z = f64::from(world.gauss.at((word(2) >> 32) as u32));
    let usual = BASE_MS.get(journey)? * LOCATION.get(location)? * slow * (SPREAD * z).exp();
    let timeout = !ok && status == 0;
    let offset = i64::try_from(2000 + 5000 * location + 300 * journey).unwrap_or(0);
    Some(ShopCheckRun {
        at: minute_time(minute).plus(Span::from_millis(offset)),
        journey: name,
        location: place,
        ok,
        status: if ok { 200 } else { status },
        duration_ms: (if timeout {
            30_000.0
        } else if ok {
            usual
        } else {
            usual * 0.3
        })
        .round(),
        error: (!ok).then_some(if timeout { "timeout" } else { "status" }),
    })
}

/// The status a page answers right now, as the middle location sees it.
pub fn page_status(world: &World, timeline: &ShopTimeline, template: usize, now: Timestamp) -> u16 {
    let minute = now.secs().div_euclid(60);
    let failing = timeline
        .effects
        .iter()
        .filter(|c| c.hits_check(template, "eu"))
        .filter_map(|c| match c.effect.kind {
            HarmKind::CheckFail { share, status } => {
                Some((share * c.effect.strength(minute), status))
            }
            _ => None,
        })
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let lot = unit(hash(world.seed, Purpose::Checks, now.secs(), 1 << 20 | template as u64));
    match failing {
        Some((share, status)) if lot < share => {
            if status == 0 {
                504
            } else {
                status
            }
        }
        _ => 200,
    }
}
