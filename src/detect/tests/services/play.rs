//! Plays a world from its past to half an hour after the onset, and holds what the engine says
//! against what is true. Counting only; the cuboid is printed in `score`.

use std::collections::BTreeSet;

use super::world::{Fault, METHODS, ONSET, REGIONS, ShopRelease, World, release};
use crate::detect::cube::settings::Settings;
use crate::detect::engine::Engine;
use crate::detect::tests::made_up::{NOON, at, firing, policy};
use crate::domain::change::Change;
use crate::domain::segment::Dim;
use crate::domain::time::Span;
use crate::verdict::{Case, Confidence, Judgement};

/// What came of a world.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub cases: usize,
    pub found: bool,
    /// The broken service, region or method stands in a segment (and stands there alone in its
    /// dimension where it is a region or a method).
    pub place: bool,
    /// Values in segments that nothing is wrong with.
    pub healthy: Vec<String>,
    pub suspect: Option<String>,
    pub confidence: Confidence,
    pub guilty: Option<String>,
    pub words: Vec<String>,
}

impl Outcome {
    pub fn right(&self) -> bool {
        self.suspect == self.guilty
    }

    pub fn innocent(&self) -> bool {
        self.suspect.is_some() && !self.right()
    }
}

/// The engine with its past, just before noon. `graph`: it is told who calls whom.
pub fn warm(world: &mut World, graph: bool) -> Engine {
    let mut policy = policy();
    if graph {
        policy.services.calls = world.graph();
    }
    let mut engine = Engine::new(Settings::new(Span::from_mins(1), policy));
    for hour in 1..=72 {
        let past = world.facts(NOON - hour * 3600, 60, false);
        engine.history(&past);
    }
    engine
}

/// Lives from noon through so many minutes; the harm begins at its time.
pub fn live(world: &mut World, engine: &mut Engine, minutes: i64) -> Judgement {
    let mut last = Judgement::default();
    for minute in 0..minutes {
        let now = NOON + minute * 60;
        let on = now >= ONSET && world.fault != Fault::Calm;
        let facts = world.facts(now, 1, on);
        engine.observe(&facts);
        last = engine.judge(at(now + 60));
    }
    last
}

/// Releases around the onset: the one in question and decoys before it.
pub fn changes(world: &mut World, who: ShopRelease) -> (Vec<Change>, Option<String>) {
    let broken = match world.fault {
        Fault::Leaf | Fault::Gateway => world.broken,
        Fault::Region | Fault::Method | Fault::Calm => world.payer(),
    };
    let hurt = world.hurt();
    let strangers: Vec<usize> =
        (1..world.services.len()).filter(|i| !hurt.contains(&world.services[*i])).collect();
    let callers = world.callers(broken);
    let pick = |of: &[usize], dice: f64| of.get((dice * of.len() as f64) as usize).copied();
    let dice = [world.dice.next(), world.dice.next(), world.dice.next()];
    let stranger = pick(&strangers, dice[0]);
    let caller = pick(&callers, dice[0]).or(stranger);
    // Between three minutes and no time before.
    let near = ONSET - (dice[1] * 180.0) as i64;
    let one = match who {
        ShopRelease::Own => Some(broken),
        ShopRelease::Caller => caller,
        ShopRelease::Stranger => stranger,
        ShopRelease::Nobody => None,
    };
    let mut out: Vec<Change> =
        one.map(|i| release("near", &world.services[i], near)).into_iter().collect();
    // Somebody releases something every quarter of an hour.
    for (n, before) in [(1_usize, 11), (2, 26), (3, 41)] {
        // Not of the broken one: a late harm of an old release would be no lie.
        let i = (dice[2] * 97.0) as usize * n % world.services.len();
        let i = if i == broken { (i + 1) % world.services.len() } else { i };
        out.push(release(&format!("old-{n}"), &world.services[i], ONSET - before * 60));
    }
    let own = matches!(world.fault, Fault::Leaf | Fault::Gateway) && who == ShopRelease::Own;
    (out, own.then(|| "near".to_owned()))
}

pub fn play(seed: u64, fault: Fault, who: ShopRelease, graph: bool) -> Outcome {
    let mut world = World::new(seed, fault);
    let mut engine = warm(&mut world, graph);
    let (told, guilty) = changes(&mut world, who);
    engine.observe_changes(&told);
    let judgement = live(&mut world, &mut engine, 35);
    outcome(&world, &judgement, guilty)
}

fn outcome(world: &World, judgement: &Judgement, guilty: Option<String>) -> Outcome {
    let cases = firing(judgement);
    let scopes = || cases.iter().flat_map(|c| &c.segments);
    let values = |dim: Dim| {
        let of = scopes().filter_map(move |s| s.dims.get(&dim));
        of.flatten().cloned().collect::<BTreeSet<String>>()
    };
    let (region, method) = (values(Dim::Region), values(Dim::PaymentMethod));
    let alone = |all: &BTreeSet<String>, one: &str| all.len() == 1 && all.contains(one);
    let place = match world.fault {
        Fault::Leaf | Fault::Gateway => {
            values(Dim::Service).contains(&world.services[world.broken]) && region.is_empty()
        }
        Fault::Region => alone(&region, REGIONS[world.broken]),
        Fault::Method => alone(&method, METHODS[world.broken]),
        Fault::Calm => cases.is_empty(),
    };
    let first = cases.iter().min_by_key(|c| (c.severity, c.onset_at));
    let suspects: Vec<_> = cases.iter().filter(|c| c.suspect.release.is_some()).collect();
    let hits = suspects.iter().min_by_key(|c| c.suspect.confidence).or(first.as_ref());
    Outcome {
        cases: cases.len(),
        found: !cases.is_empty(),
        place,
        healthy: scopes().flat_map(|s| world.healthy(s)).collect(),
        suspect: hits.and_then(|c| c.suspect.release.clone()).map(|r| r.to_string()),
        confidence: hits.map_or(Confidence::None, |c| c.suspect.confidence),
        guilty,
        words: cases.iter().flat_map(|c| told(c)).collect(),
    }
}

/// A case and its blame, line by line.
fn told(case: &Case) -> Vec<String> {
    let places: Vec<String> = case.segments.iter().map(ToString::to_string).collect();
    let mut out = vec![format!("{}: {} [{}]", case.key, case.headline, places.join(" | "))];
    out.extend(case.evidence_for.iter().map(|e| format!("    = {e}")));
    out.extend(case.suspect.reasons.iter().map(|r| format!("    + {r}")));
    out.extend(case.suspect.against.iter().map(|r| format!("    - {r}")));
    out.extend(case.suspect.considered.iter().map(|c| format!("    ? {} {}", c.release, c.why)));
    out
}
