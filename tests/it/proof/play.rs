//! Plays one scenario with one seed to its end and keeps what an observer would have seen.
//! Judges nothing; the truth is read here, after the product is done.

use std::collections::BTreeSet;

use tillwatch::domain::time::Timestamp;
use tillwatch::shop::human;
use tillwatch::shop::truth::{TrueIncident as Real, Truth};
use tillwatch::shop::world::World;
use tillwatch::verdict::Verdict;

use crate::stepped::{Seen, Stepped};

/// A truth with the instant by which a careful human would have called it.
pub struct Called {
    pub real: Real,
    pub human: Option<Timestamp>,
    /// Share of the affected views that the release or the arm really reached.
    pub arm: f64,
}

/// One scenario with one seed, played.
pub struct Run {
    pub scenario: &'static str,
    pub seed: u64,
    pub hours: f64,
    pub start: Timestamp,
    pub end: Timestamp,
    pub world: World,
    pub truth: Truth,
    pub called: Vec<Called>,
    /// Oldest first.
    pub seen: Vec<Seen>,
    /// Notes of the watcher about itself at the end, and doubts about single numbers.
    pub notices: Vec<String>,
    /// What guardrails said that opened nothing: a mix shift, bots, too few samples.
    pub said: BTreeSet<String>,
}

/// Starts on weekdays and weekends, mornings to evenings: one for each seed.
const STARTS: [&str; 5] = [
    "2026-11-19T12:00:00Z",
    "2026-11-16T09:00:00Z",
    "2026-11-21T18:00:00Z",
    "2026-11-17T15:30:00Z",
    "2026-11-22T20:00:00Z",
];

/// Minutes: long enough to see the end of what ends, and half a day of what is quiet.
fn minutes(scenario: &str) -> i64 {
    match scenario {
        "calm-day" | "low-traffic" => 720,
        "holiday" => 480,
        "slow-drift" | "paid-efficiency" => 420,
        "cdn-region-slow" | "two-at-once" => 390,
        "campaign-mix-shift" => 360,
        "bot-traffic" | "flapping" => 270,
        _ => 120,
    }
}

pub fn play(scenario: &'static str, seed: u64) -> Run {
    let start = STARTS[seed.saturating_sub(1) as usize % STARTS.len()];
    let minutes = minutes(scenario);
    let mut stepped = Stepped::start(scenario, seed, start, true);
    let start = stepped.now();
    let mut said = BTreeSet::new();
    for _ in 0..minutes {
        stepped.minute();
        said.extend(named(&stepped));
    }
    let shop = stepped.shop();
    let truth = shop.truth();
    let called = truth.incidents.iter().map(|real| Called {
        human: human::call_by(&shop.world, &shop.timeline(), real),
        arm: arm(&shop.timeline(), real),
        real: real.clone(),
    });
    let mut seen: Vec<Seen> = stepped.seen.values().cloned().collect();
    seen.sort_by_key(|s| (s.opened_at, s.last.id.clone()));
    Run {
        scenario,
        seed,
        hours: minutes as f64 / 60.0,
        start,
        end: stepped.now(),
        world: shop.world.clone(),
        called: called.collect(),
        truth,
        seen,
        notices: stepped.board.notices.clone(),
        said,
    }
}

/// Words that name a finding, in what guardrails say while they are not in breach.
const NAMES: [&str; 4] = ["mix", "bots", "not enough data", "sampling"];

fn named(stepped: &Stepped) -> Vec<String> {
    let calm = stepped.board.guardrails.iter().filter(|g| g.verdict != Verdict::Breach);
    let word = |detail: &str| NAMES.iter().find(|n| detail.contains(**n)).copied();
    calm.filter_map(|g| Some(format!("{}: {}", g.guardrail, word(&g.detail)?))).collect()
}

fn arm(timeline: &tillwatch::shop::timeline::ShopTimeline, real: &Real) -> f64 {
    let Some(name) = real.release.as_deref() else { return 1.0 };
    let minute = real.onset.secs().div_euclid(60);
    let deployed = timeline
        .deployments
        .iter()
        .filter(|d| timeline.version_name(d.version) == name)
        .map(|d| d.share(minute));
    let announced = timeline.announcements.iter().filter(|a| a.id == name).map(|a| a.share);
    deployed.chain(announced).next().unwrap_or(1.0)
}
