//! Shops of many services that call each other: who is hurt, who did it, who is left in peace.
//! Worlds are made in `world`, played in `play` and counted by the dozen in `score`.

mod play;
mod score;
mod world;

use self::play::{changes, live, play, warm};
use self::world::{Fault, METHODS, ONSET, ShopRelease, World, release};
use super::made_up::{NOON, at, fact, firing, seg};
use crate::detect::cube::cuboid::Cuboid;
use crate::detect::cube::key::{CuboidKey, CuboidRole};
use crate::detect::evidence::llr::harm;
use crate::detect::evidence::tally::Tally;
use crate::detect::scan::localise::{Localised, honest};
use crate::domain::change::{Change, ChangeKind};
use crate::domain::id::SourceId;
use crate::domain::metric::Metric;
use crate::domain::observation::{Value, Window};
use crate::domain::segment::{Dim, Scope};
use crate::verdict::Judgement;

#[test]
fn a_broken_leaf_is_told_with_its_release_and_nobody_healthy() {
    let o = play(3, Fault::Leaf, ShopRelease::Own, true);
    assert!(o.found && o.place, "{:#?}", o.words);
    assert_eq!(o.healthy, Vec::<String>::new(), "{:#?}", o.words);
    assert_eq!(o.suspect.as_deref(), Some("near"), "{:#?}", o.words);
}

#[test]
fn a_caller_suffers_with_what_it_calls_and_its_release_is_not_named() {
    let o = play(2, Fault::Leaf, ShopRelease::Caller, true);
    assert_eq!((o.suspect.as_deref(), o.found), (None, true), "{:#?}", o.words);
}

#[test]
fn one_region_is_no_work_of_a_release_that_went_everywhere() {
    let o = play(1, Fault::Region, ShopRelease::Own, true);
    assert!(o.place && o.suspect.is_none(), "{:#?}", o.words);
    let words = o.words.join("\n");
    assert!(words.contains("would clearly have shown it too"), "{words}");
}

/// A payment method fails while a provider's page says so; its words are told, and who says it.
#[test]
fn a_provider_that_says_it_is_in_trouble_keeps_releases_from_being_named() {
    for seed in 1..=4 {
        provider_says(seed);
    }
}

fn provider_says(seed: u64) {
    let mut world = World::new(seed, Fault::Method);
    let mut engine = warm(&mut world, true);
    let (mut told, _) = changes(&mut world, ShopRelease::Own);
    let says = Change {
        kind: ChangeKind::Provider,
        version: "Elevated errors".to_owned(),
        ..release("p-1", METHODS[world.broken], ONSET + 8 * 60)
    };
    told.push(says);
    engine.observe_changes(&told);
    let judgement = live(&mut world, &mut engine, 35);
    let cases = firing(&judgement);
    let suspect = &cases.first().expect("a case").suspect;
    let line = format!("{} says since 12:23 UTC: Elevated errors", METHODS[world.broken]);
    assert_eq!(suspect.release, None, "{seed}: {suspect:#?}");
    assert!(suspect.reasons.contains(&line), "{seed}: {suspect:#?}");
    assert!(suspect.candidates.iter().all(|c| c.release.as_str() != "p-1"), "{suspect:#?}");
}

#[test]
fn gauges_join_the_case_they_bend_with_and_open_none() {
    let mut world = World::new(3, Fault::Leaf);
    let broken = world.services[world.broken].clone();
    let mut engine = warm(&mut world, true);
    let mut opened = 0;
    let mut last = Judgement::default();
    for minute in 0..35 {
        let now = NOON + minute * 60;
        let window = Window { start: at(now), end: at(now + 60) };
        let on = now >= ONSET;
        let swing = (minute % 3) as f64;
        // One bends with the harm, the other's bends alone, minutes before anything is wrong.
        let pool = if on { 190.0 } else { 40.0 };
        let alone = if minute >= 5 { 900.0 } else { 100.0 };
        for (name, x) in [(broken.as_str(), pool), ("mailroom", alone)] {
            let service = seg(&[(Dim::Service, name)]);
            let value = Value::Gauge(x + swing);
            engine.observe(&[fact("mesh", Metric::ServicePool, service, window, value)]);
        }
        let facts = world.facts(now, 1, on);
        engine.observe(&facts);
        last = engine.judge(at(now + 60));
        if !on {
            opened += firing(&last).len();
        }
    }
    assert_eq!(opened, 0, "a gauge alone opens nothing");
    let cases = firing(&last);
    let lines = &cases.first().expect("a case").evidence_for;
    let line = format!("{broken}: pool in use 41 -> 191 since 12:15 UTC");
    assert!(lines.contains(&line), "{lines:#?}");
    assert!(!lines.iter().any(|l| l.contains("mailroom")), "{lines:#?}");
}

#[test]
fn a_set_loses_the_values_that_are_clearly_well_and_keeps_what_cannot_be_told() {
    let names = ["a", "b", "c", "d"];
    let key = CuboidKey {
        family: (Metric::ServiceErrorRate, CuboidRole::Plain),
        source: SourceId::new("mesh"),
        dims: vec![Dim::Service],
    };
    let mut cuboid = Cuboid::new(key, 60_000, 96);
    for name in names {
        cuboid.leaf_index(&seg(&[(Dim::Service, name)]));
    }
    cuboid.arrange();
    let tally = |n: f64, bad: f64| Tally {
        units: n,
        observed: bad,
        expected: 0.01 * n,
        variance: 0.0099 * n,
        explained: 0.0,
    };
    // Broken, half as broken, as usual, and nearly without requests.
    let tallies =
        [tally(4000.0, 1200.0), tally(2000.0, 250.0), tally(3000.0, 31.0), tally(6.0, 0.0)];
    let all = names.iter().fold(Scope::everything(), |s, n| s.with(Dim::Service, n));
    let sum = tallies.iter().fold(Tally::default(), |mut sum, a| {
        sum.add(a);
        sum
    });
    assert!(harm(cuboid.likelihood, cuboid.sign, &sum) > 0.1);
    let place = honest(&cuboid, &tallies, Localised { scope: all, tally: sum, score: 1.0 });
    assert_eq!(place.scope.to_string(), "a,b,d");
    assert!((place.tally.units - 6006.0).abs() < 1e-6, "{:?}", place.tally);
}
