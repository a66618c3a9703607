//! Calm days with three seeds: nobody is paged, and of three weeks together at most one opens
//! anything (the goal is one in four weeks of a shop). Always a Sunday and a Monday of each; the
//! whole weeks with `./measure embedded`.
//! Sources are asked every five minutes; they answer in minutes, so each is judged.

use std::thread;

use tillwatch::domain::severity::Severity;
use tillwatch::domain::time::Span;

use crate::stepped::{Seen, Stepped};

/// Every incident of so many calm days from a Sunday on, in words.
fn calm_days(seed: u64, days: i64) -> Vec<String> {
    let mut stepped = Stepped::calm(seed, "2026-11-08T00:00:00Z");
    for _ in 0..days * 24 * 12 {
        stepped.step(Span::from_mins(5));
    }
    let told =
        |s: &Seen| format!("{} {} {} {}", s.worst, s.opened_at, s.last.headline, s.last.rule);
    let all: Vec<String> = stepped.seen.values().map(told).collect();
    println!("{days} calm days of seed {seed}: {} incidents {}", all.len(), all.join("; "));
    let loud = stepped.seen.values().filter(|s| s.worst <= Severity::Sev2).count();
    assert_eq!(loud, 0, "pages on calm days:\n{}", all.join("\n"));
    all
}

/// The incidents of three seeds, side by side.
fn three_seeds(days: i64) -> Vec<String> {
    let all = [1, 2, 3].map(|seed| thread::spawn(move || calm_days(seed, days)));
    all.into_iter().flat_map(|days| days.join().expect("calm days")).collect()
}

#[test]
fn a_sunday_and_a_monday_open_nothing() {
    let all = three_seeds(2);
    assert!(all.is_empty(), "{} incidents on six calm days:\n{}", all.len(), all.join("\n"));
}

#[test]
#[ignore = "some minutes: ./measure embedded"]
fn three_calm_weeks_open_one_incident_at_most() {
    let all = three_seeds(7);
    assert!(all.len() <= 1, "{} incidents in three calm weeks:\n{}", all.len(), all.join("\n"));
}
