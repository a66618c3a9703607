//! A second shop, unlike the embedded one: other labels, services, lags between steps, faults that
//! follow each other within 20 to 90 s, behind a real Prometheus scraped every five seconds. The
//! product's own watcher is stepped through it and held against the truth, beside a team's rules:
//!     cargo test --profile quick --test it bazaar:: -- --ignored --nocapture
//! `TILLWATCH_SEEDS` and `TILLWATCH_FAULTS` (comma lists) run a part of it.

#![expect(
    clippy::cast_possible_wrap,
    clippy::format_push_string,
    clippy::needless_range_loop,
    clippy::struct_field_names,
    reason = "a made-up world: small numbers, and indices that are drawn as often as they index"
)]

mod config;
mod fault;
mod front;
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
        let story = Story::told((seed, start(seed)), names.as_deref(), story::WHOLE);
        let Some(played) = play(story, play::WHOLE) else { return };
        let marks = score(&played);
        println!("{}", table::report(&played, &marks));
        days.push((played, marks));
    }
    println!("\n{}", table::table(&days));
}

/// What holds today of two faults, the second one right after the first has ended.
#[test]
fn a_fault_of_the_bazaar_is_told_with_its_place_and_its_release() {
    let names = ["pay-500".to_owned(), "item-lcp".to_owned()];
    let story = Story::told((1, start(1)), Some(&names), story::SHORT);
    let Some(played) = play(story, play::SHORT) else { return };
    let marks = score(&played);
    let told = table::report(&played, &marks);
    assert!(played.series >= 10_000.0, "{} series", played.series);
    assert!(marks.wrong.is_empty() && marks.twice.is_empty(), "{told}");
    let first = marks.marks.first().expect("a fault");
    assert!(first.opened.is_some_and(|s| (0..=120).contains(&s)), "{told}");
    assert_eq!(first.place.word(), "exact", "{told}");
    assert_eq!(first.blame, Some(score::Blame::Guilty), "{told}");
    assert_eq!(first.severity.map(|s| s.1), Some(1), "{told}");
}
