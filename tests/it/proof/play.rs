//! Plays one scenario with one seed to its end and keeps what an observer would have seen.
//! Judges nothing; the truth is read here, after the product is done.

use tillwatch::domain::time::Timestamp;
use tillwatch::shop::truth::{Incident as Real, Truth};
use tillwatch::shop::world::World;

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
}

/// Starts on weekdays and weekends, mornings to evenings: one for each seed.
const STARTS: [&str; 5] = [
    "2026-11-19T12:00:00Z",
    "2026-11-16T09:00:00Z",
    "2026-11-21T18:00:00Z",
    "2026-11-17T15:30:00Z",
    "2026-11-22T20:00:00Z",
];

/// Long enough to see the end of what ends, and a day of what is quiet.
fn hours(scenario: &str) -> i64 {
    match scenario {
        "calm-day" | "low-traffic" => 24,
        "holiday" => 14,
        "campaign-mix-shift" => 10,
        "slow-drift" => 8,
        "cdn-region-slow" | "two-at-once" => 7,
        "bot-traffic" | "flapping" => 5,
        _ => 3,
    }
}

pub fn play(scenario: &'static str, seed: u64) -> Run {
    let start = STARTS[seed.saturating_sub(1) as usize % STARTS.len()];
    let hours = hours(scenario);
    let mut stepped = Stepped::start(scenario, seed, start, true);
    let start = stepped.now();
    stepped.minutes(hours * 60);
    let shop = stepped.shop();
    let truth = shop.truth();
    let called = truth.incidents.iter().map(|real| Called {
        human: shop.human_call(real),
        arm: arm(&shop.timeline(), real),
        real: real.clone(),
    });
    let mut seen: Vec<Seen> = stepped.seen.values().cloned().collect();
    seen.sort_by_key(|s| (s.opened_at, s.last.id.clone()));
    Run {
        scenario,
        seed,
        hours: hours as f64,
        start,
        end: stepped.now(),
        world: shop.world.clone(),
        called: called.collect(),
        truth,
        seen,
        notices: stepped.board.notices.clone(),
    }
}

fn arm(timeline: &tillwatch::shop::timeline::Timeline, real: &Real) -> f64 {
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
