//! A second shop, unlike the embedded one: other labels, services, lags between steps, faults that
//! follow each other within 20 to 90 s, behind a real Prometheus scraped every five seconds. The
//! product's own watcher is stepped through it and held against the truth, beside a team's rules:
//!     cargo test --profile quick --test it bazaar:: -- --ignored --nocapture
//! `TILLWATCH_SEEDS` and `TILLWATCH_FAULTS` (comma lists) run a part of it.

mod config;
mod fault;
mod hall;
mod ledger;
mod mill;
mod past;
mod place;
mod play;
mod rules;
mod score;
mod servers;
mod story;
mod table;
mod wire;
mod world;

use self::play::play;
use self::score::score;
use self::story::Story;

/// Starts of the played days: weekdays and weekends, morning to evening.
const STARTS: [&str; 5] = [
    "2025-10-14T15:00:00Z",
    "2025-10-17T13:30:00Z",
    "2025-10-18T18:00:00Z",
    "2025-10-20T16:20:00Z",
    "2025-10-26T20:10:00Z",
];
/// Days of past: two weeks and one more.
const PAST: i64 = 15;

fn start(seed: u64) -> i64 {
    let text = STARTS[seed.saturating_sub(1) as usize % STARTS.len()];
    text.parse::<tillwatch::domain::time::Timestamp>().expect("a time").secs()
}

fn list(name: &str) -> Option<Vec<String>> {
    let text = std::env::var(name).ok()?;
    Some(text.split(',').map(|part| part.trim().to_owned()).collect())
}

#[test]
#[ignore = "some minutes a seed; prints the table of docs/detection.md"]
fn the_bazaar() {
    let seeds = list("TILLWATCH_SEEDS").map_or_else(
        || (1..=5).collect::<Vec<u64>>(),
        |all| all.iter().map(|s| s.parse().expect("a seed")).collect(),
    );
    let names = list("TILLWATCH_FAULTS");
    let mut days = Vec::new();
    for seed in seeds {
        let story = Story::told(seed, start(seed), names.as_deref());
        let Some(played) = play(story, PAST, true) else { return };
        let marks = score(&played);
        println!("{}", table::report(&played, &marks));
        days.push((played, marks));
    }
    println!("\n{}", table::table(&days));
}
