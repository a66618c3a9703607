//! The embedded shop, every scenario with five seeds, read over HTTP in stepped time and held
//! against its truth. Prints the table of docs/detection.md, section "The embedded shop":
//!     cargo test --profile quick --test it proof:: -- --ignored --nocapture
//! `TILLWATCH_SCENARIOS` and `TILLWATCH_SEEDS` (comma lists) run a part of it.

mod place;
mod play;
mod score;

use std::collections::BTreeMap;
use std::sync::Mutex;

use tillwatch::shop::scenario;

use self::play::{Run, play};
use self::score::{Marks, mark};

/// As many at once as a small machine has cores.
const LANES: usize = 2;

fn list(name: &str) -> Option<Vec<String>> {
    let text = std::env::var(name).ok()?;
    Some(text.split(',').map(|part| part.trim().to_owned()).collect())
}

fn jobs() -> Vec<(&'static str, u64)> {
    let only = list("TILLWATCH_SCENARIOS");
    let wanted = |name: &str| only.as_ref().is_none_or(|o| o.iter().any(|n| n == name));
    let seeds = list("TILLWATCH_SEEDS").map_or_else(
        || (1..=5).collect::<Vec<u64>>(),
        |all| all.iter().map(|s| s.parse().expect("a seed")).collect(),
    );
    let names = scenario::table().iter().map(|s| s.name).filter(|name| wanted(name));
    names.flat_map(|name| seeds.iter().map(move |seed| (name, *seed))).collect()
}

#[test]
#[ignore = "half an hour; prints the table of docs/detection.md"]
fn the_embedded_shop() {
    let jobs = Mutex::new(jobs().into_iter());
    let marks: Mutex<BTreeMap<&'static str, Marks>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                loop {
                    let Some((name, seed)) = jobs.lock().expect("jobs").next() else { break };
                    let (marks_of, told) = judged(&play(name, seed));
                    println!("{told}");
                    marks.lock().expect("marks").entry(name).or_default().add(&marks_of);
                }
            });
        }
    });
    let marks = marks.into_inner().expect("marks");
    println!("\n{}", score::table(&marks));
}

/// The marks of one run and its lines for people.
fn judged(run: &Run) -> (Marks, String) {
    let (marks, lines) = mark(run);
    (marks, lines.join("\n"))
}
