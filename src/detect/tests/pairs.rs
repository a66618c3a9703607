//! How many cases are there? Pairs of faults, close together or minutes apart, are two; one fault
//! that six metrics see is one, and so is one that comes and goes.

use super::faults::{Fault, Harm, World};
use super::made_up::{Dice, NOON, at};
use crate::detect::cases::simultaneity::began;
use crate::domain::id::ReleaseId;

/// How a pair is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Gap {
    /// 20 to 90 s between the onsets.
    Close,
    /// 3 to 30 min between the onsets.
    Wide,
    /// 20 to 90 s after the first ended.
    After,
}

fn pick<T: Copy>(dice: &mut Dice, of: &[T]) -> T {
    let i = (dice.next() * of.len() as f64) as usize;
    of[i.min(of.len() - 1)]
}

/// What can be wrong on a page.
fn harm(dice: &mut Dice, template: &str, large: bool) -> Harm {
    let x = if large { 1.0 } else { 0.4 };
    let pages = [Harm::SlowChecks(1.0 + 1.2 * x), Harm::Scripts(30.0 * x), Harm::Calls(25.0 * x)];
    let step = match template {
        "pdp" => Some(Harm::Step(0, 0.6 * x)),
        "cart" => Some(Harm::Step(1, 0.6 * x)),
        "checkout" => Some(Harm::Step(pick(dice, &[2, 3]), 0.7 * x)),
        _ => None,
    };
    match step {
        Some(step) => pick(dice, &[pages[0], pages[1], pages[2], step]),
        None => pick(dice, &pages),
    }
}

fn fault(dice: &mut Dice, template: &'static str, large: bool, span: (f64, f64)) -> Fault {
    let mut f = Fault::new(harm(dice, template, large), template, span.0, span.1);
    match (dice.next() * 4.0) as u32 {
        0 if !matches!(f.parts[0].harm, Harm::Calls(_)) => {
            f.device = Some(pick(dice, &super::faults::DEVICES));
        }
        1 if matches!(f.parts[0].harm, Harm::Calls(_) | Harm::Step(..)) => {
            f.region = Some(pick(dice, &super::faults::REGIONS));
        }
        _ => {}
    }
    f
}

/// The two hit one page, each another device or another region.
fn part(dice: &mut Dice, a: &mut Fault, b: &mut Fault) {
    let calls = |f: &Fault| matches!(f.parts[0].harm, Harm::Calls(_));
    if calls(a) != calls(b) {
        b.parts[0].harm = a.parts[0].harm;
    }
    (a.device, b.device, a.region, b.region) = (None, None, None, None);
    let swap = dice.next() < 0.5;
    if calls(a) {
        (a.region, b.region) = (Some("north"), Some("south"));
    } else {
        (a.device, b.device) = (Some("mobile"), Some("desktop"));
    }
    if swap {
        std::mem::swap(&mut a.region, &mut b.region);
        std::mem::swap(&mut a.device, &mut b.device);
    }
}

/// Two faults on different pages, or on one page with different shoppers.
struct CountPair {
    world: World,
    faults: [Fault; 2],
    /// When the first one's release is taken back.
    back: Option<f64>,
    words: String,
}

fn pair(seed: u64, gap: Gap) -> CountPair {
    let mut dice = Dice(seed.wrapping_mul(77_777).wrapping_add(13));
    for _ in 0..7 {
        dice.next();
    }
    let first = pick(&mut dice, &super::faults::TEMPLATES);
    let others: Vec<&'static str> =
        super::faults::TEMPLATES.into_iter().filter(|t| *t != first).collect();
    let beside = dice.next() < 0.35;
    let second = if beside { first } else { pick(&mut dice, &others) };
    let large = dice.next() < 0.5;
    let start = 600.0 + 60.0 * dice.next();
    let lasts = 600.0 + 900.0 * dice.next();
    let end = start + lasts;
    let apart = match gap {
        Gap::Close | Gap::After => 20.0 + 70.0 * dice.next(),
        Gap::Wide => 180.0 + 1620.0 * dice.next(),
    };
    let begin = if gap == Gap::After { end + apart } else { start + apart };
    let open = dice.next() < 0.4 && gap != Gap::After;
    let mut a = fault(&mut dice, first, large, (start, if open { 1e9 } else { end }));
    let mut b = fault(&mut dice, second, !large, (begin, begin + 1500.0));
    if beside {
        part(&mut dice, &mut a, &mut b);
    }
    let mut world = World::new(seed);
    let released = dice.next() < 0.6;
    if released {
        world.release("one", "front", start - 30.0, &[]);
        if dice.next() < 0.6 {
            world.release("two", "back", begin - 20.0, &[]);
        }
    }
    let words = format!("{gap:?} {a:?} {b:?} released {released}");
    world.faults = vec![a.clone(), b.clone()];
    let back = (released && !open && dice.next() < 0.6).then_some(end - 30.0);
    CountPair { world, faults: [a, b], back, words }
}

/// Whether each fault has a case that is about it alone, and how many cases there were.
fn judged(pair: &mut CountPair) -> (bool, bool, usize) {
    let until = pair.faults[1].from + 1080.0;
    let mut seen: Vec<(String, f64, Vec<crate::domain::segment::Scope>)> = Vec::new();
    while ((pair.world.now - NOON) as f64) < until {
        pair.world.run(1);
        if pair.back.is_some_and(|t| t <= (pair.world.now - NOON) as f64)
            && let Some(t) = pair.back.take()
        {
            pair.world.back("one", t);
        }
        for case in pair.world.firing() {
            let onset = case.onset_at.since(at(NOON)).secs() as f64;
            seen.retain(|s| s.0 != case.key);
            seen.push((case.key.clone(), onset, case.segments.clone()));
        }
    }
    let own = |f: &Fault, other: &Fault| {
        seen.iter().any(|(_, onset, places)| {
            let here = places.iter().any(|p| p.overlaps(&f.place()));
            let there = places.iter().any(|p| !p.dims.is_empty() && p.overlaps(&other.place()));
            here && !there && (onset - f.from).abs() <= 240.0
        })
    };
    let [a, b] = &pair.faults;
    (own(a, b), own(b, a), seen.len())
}

fn measure(seeds: std::ops::Range<u64>, gap: Gap, tell: bool) -> (f64, f64, f64) {
    let (mut both, mut more, mut all) = (0.0, 0.0, 0.0);
    for seed in seeds {
        let mut p = pair(seed, gap);
        let (a, b, cases) = judged(&mut p);
        all += 1.0;
        both += f64::from(u8::from(a && b));
        more += cases.saturating_sub(2) as f64;
        if tell && !(a && b && cases == 2) {
            println!("seed {seed}: first {a} second {b} cases {cases}: {}", p.words);
            for c in pair_cases(&p.world) {
                println!("    {c}");
            }
        }
    }
    (both / all, more / all, all)
}

fn pair_cases(world: &World) -> Vec<String> {
    let words = |c: &crate::verdict::Case| {
        let places: Vec<String> = c.segments.iter().map(ToString::to_string).collect();
        let onset = c.onset_at.since(at(NOON)).secs();
        format!("{} at {onset} s in {}: {:?}", c.key, places.join(", "), c.evidence_for)
    };
    world.firing().into_iter().map(words).collect()
}

/// One fault with its signs, by name, told in buckets of so many minutes.
fn single(kind: usize, seed: u64, minutes: i64) -> World {
    let mut dice = Dice(seed * 991 + 5);
    for _ in 0..5 {
        dice.next();
    }
    let from = 600.0 + 60.0 * dice.next();
    let lag = |dice: &mut Dice, most: f64| most * dice.next();
    let mut w = World::polled(seed + 4000, minutes);
    let f = match kind {
        0 => Fault::new(Harm::Calls(40.0), "checkout", from, 1e9)
            .and(Harm::Step(3, 0.8), lag(&mut dice, 120.0))
            .and(Harm::Step(2, 0.5), lag(&mut dice, 120.0))
            .and(Harm::Checks, lag(&mut dice, 180.0))
            .and(Harm::Scripts(12.0), lag(&mut dice, 60.0))
            .and(Harm::SlowChecks(1.6), lag(&mut dice, 60.0)),
        1 => Fault::new(Harm::SlowChecks(2.2), "pdp", from, 1e9)
            .and(Harm::Scripts(6.0), lag(&mut dice, 90.0))
            .and(Harm::Step(0, 0.25), lag(&mut dice, 400.0)),
        2 => Fault::new(Harm::Scripts(35.0), "cart", from, 1e9)
            .and(Harm::Step(1, 0.5), lag(&mut dice, 300.0))
            .and(Harm::SlowChecks(1.3), lag(&mut dice, 60.0)),
        3 => Fault::new(Harm::Calls(15.0), "search", from, 1e9)
            .and(Harm::Step(0, 0.2), lag(&mut dice, 600.0)),
        _ => {
            let f = Fault::new(Harm::Step(3, 0.9), "checkout", from, 1e9)
                .and(Harm::Checks, lag(&mut dice, 240.0))
                .and(Harm::Visits(0.6), lag(&mut dice, 120.0))
                .and(Harm::Calls(8.0), lag(&mut dice, 120.0));
            if dice.next() < 0.5 { f.and(Harm::Step(2, 0.4), 60.0) } else { f }
        }
    };
    w.faults = vec![f];
    if dice.next() < 0.5 {
        w.release("one", "front", from - 40.0, &[]);
    }
    w
}

#[test]
fn two_faults_seconds_apart_are_two_cases() {
    let mut p = pair(2, Gap::Close);
    assert_eq!(judged(&mut p), (true, true, 2), "{} {:?}", p.words, pair_cases(&p.world));
}

#[test]
fn one_metric_in_two_regions_that_began_apart_is_two_cases() {
    let (from, size) = (605.0, 25.0);
    let calls = |from: f64, region: &'static str| {
        let all = Fault::new(Harm::Calls(size), "cart", from, 1e9);
        Fault { region: Some(region), ..all }
    };
    let mut w = World::new(3);
    w.faults = vec![calls(from, "south"), calls(from + 80.0, "north")];
    w.run(22);
    assert_eq!(w.firing().len(), 2, "{:?}", pair_cases(&w));
    let mut w = World::new(3);
    w.faults = vec![calls(from, "south"), calls(from, "north")];
    w.run(22);
    assert_eq!(w.keys.len(), 1, "what began as one is one: {:?}", pair_cases(&w));
}

#[test]
fn a_page_that_leads_to_the_shop_moves_the_first_step_alone() {
    let slow = || Fault::new(Harm::SlowChecks(2.2), "search", 605.0, 1e9);
    let mut w = World::new(4);
    let payment = Fault::new(Harm::Step(3, 0.7), "checkout", 635.0, 1e9);
    w.faults = vec![slow(), payment];
    w.run(22);
    assert_eq!(w.firing().len(), 2, "{:?}", pair_cases(&w));
    let mut w = World::new(4);
    w.faults = vec![slow().and(Harm::Step(0, 0.4), 60.0)];
    w.run(22);
    assert_eq!(w.keys.len(), 1, "{:?}", pair_cases(&w));
}

#[test]
fn one_fault_that_six_metrics_see_is_one_case() {
    let mut w = single(0, 1, 1);
    w.run(25);
    assert_eq!(w.keys.len(), 1, "{:?}", pair_cases(&w));
    let case = w.firing()[0];
    let why = case.evidence_for.iter().filter(|l| l.starts_with("belongs to it: ")).count();
    assert!(why >= 2, "{:?}", case.evidence_for);
}

#[test]
fn what_comes_and_goes_at_one_place_is_one_case() {
    let mut w = World::new(5);
    let on = |from: f64| Fault::new(Harm::Calls(25.0), "search", from, from + 600.0);
    w.faults = vec![on(600.0), on(2400.0)];
    w.run(55);
    assert_eq!(w.keys.len(), 1, "{:?}", w.keys);
}

#[test]
fn a_sign_that_goes_and_comes_back_while_another_stays_is_no_case_of_its_own() {
    let mut w = World::polled(6, 5);
    let on = |from: f64, to: f64| Fault::new(Harm::Step(2, 0.5), "checkout", from, to);
    let stays = Fault::new(Harm::Scripts(12.0), "checkout", 3000.0, 1e9);
    w.faults = vec![stays, on(3000.0, 39_000.0), on(40_500.0, 1e9)];
    w.release("one", "front", 2900.0, &[]);
    w.run(145);
    assert_eq!(w.keys.len(), 1, "{:?} {:?}", w.keys, pair_cases(&w));
    assert_eq!(w.firing()[0].suspect.release, Some(ReleaseId::new("one")));
}

#[test]
fn what_grows_over_half_a_day_is_not_blamed_on_what_came_hours_later() {
    let mut w = World::polled(8, 5);
    let hour = 3600.0;
    let drift = Fault::new(Harm::SlowChecks(1.6), "pdp", hour, 1e9);
    w.faults = vec![Fault { rise: 16.0 * hour, ..drift }];
    w.release("later", "front", 7.0 * hour, &["pdp", "home"]);
    w.run(12 * 19);
    let named: Vec<_> = w.firing().iter().filter_map(|c| c.suspect.release.clone()).collect();
    assert!(w.firing().len() == 1 && named.is_empty(), "{named:?} {:?}", pair_cases(&w));
}

#[test]
fn seconds_are_not_known_while_the_hour_is_not() {
    let mut w = World::new(3);
    w.faults = vec![Fault::new(Harm::Calls(25.0), "cart", 605.0, 1e9)];
    w.run(16);
    let (cube, live) = (&w.engine.state.cube, &w.engine.state.lives[0]);
    let told = live.shifts[0].clone();
    assert!(began(cube, &told).sd < 20.0, "{:?}", began(cube, &told));
    let mut vague = told;
    vague.onset.low -= 60;
    assert!(began(cube, &vague).sd > 600.0, "{:?}", began(cube, &vague));
}

#[test]
fn what_was_over_before_the_first_look_opens_nothing() {
    for ended in [1, 4] {
        let mut w = World::new(7);
        w.faults = vec![Fault::new(Harm::Calls(25.0), "search", 120.0, 720.0)];
        w.pass(12 + ended);
        w.run(4);
        assert!(w.keys.is_empty(), "ended {ended} min before: {:?}", pair_cases(&w));
    }
    let mut w = World::new(7);
    w.faults = vec![Fault::new(Harm::Calls(25.0), "search", 120.0, 1e9)];
    w.pass(12);
    w.run(1);
    assert_eq!(w.keys.len(), 1, "what goes on opens at the first look");
}

#[test]
fn a_case_ends_by_its_own_harm_whatever_else_burns_there() {
    let mut w = World::new(9);
    let first = Fault::new(Harm::Scripts(30.0), "checkout", 600.0, 1800.0);
    w.faults = vec![first, Fault::new(Harm::Calls(20.0), "checkout", 1320.0, 1e9)];
    w.run(28);
    let both: Vec<String> = w.firing().iter().map(|c| c.key.clone()).collect();
    assert_eq!(both.len(), 2, "{:?}", pair_cases(&w));
    w.run(14);
    let left: Vec<String> = w.firing().iter().map(|c| c.key.clone()).collect();
    let second = both.iter().filter(|k| k.ends_with(":2")).cloned().collect::<Vec<_>>();
    assert_eq!(left, second, "{:?}", pair_cases(&w));
}

#[test]
#[ignore = "a measurement: ./measure cases"]
fn measured() {
    let seeds = |name: &str, usual: std::ops::Range<u64>| {
        let told = std::env::var(name).ok().and_then(|s| {
            let (a, b) = s.split_once("..")?;
            Some(a.parse().ok()?..b.parse().ok()?)
        });
        told.unwrap_or(usual)
    };
    let seeds = seeds("TILLWATCH_SEEDS", 0..20);
    let tell = std::env::var("TILLWATCH_TELL").is_ok();
    for gap in [Gap::Close, Gap::Wide, Gap::After] {
        let (both, more, n) = measure(seeds.clone(), gap, tell);
        println!("| {gap:?} | {n} | {both:.2} | {more:.2} |");
    }
    for (minutes, kind) in [1, 5].into_iter().flat_map(|m| (0..5).map(move |k| (m, k))) {
        let (mut one, mut all) = (0.0, 0.0);
        for seed in seeds.clone() {
            let mut w = single(kind, seed, minutes);
            w.run(40 / minutes.min(2));
            all += 1.0;
            one += f64::from(u8::from(w.keys.len() == 1));
            if tell && w.keys.len() != 1 {
                println!("single {kind} seed {seed}: {:?} {:?}", w.keys, pair_cases(&w));
            }
        }
        println!("| one fault, kind {kind}, {minutes} min | {all} | {:.2} | |", one / all);
    }
}
