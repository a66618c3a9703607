//! Where the line is lower and where evidence weighs less: newcomers, fresh changes, copies of
//! samples, parts of a place that a cut cannot tell. Whole cases are in the parent file.

use crate::detect::cube::cuboid::Cuboid;
use crate::detect::cube::key::{CuboidKey, CuboidRole};
use crate::detect::cube::settings::Settings;
use crate::detect::cube::store::Cube;
use crate::detect::detectors::over_collection::weigh;
use crate::detect::engine::Engine;
use crate::detect::evidence::stat::{HarmEvidence, Tally};
use crate::detect::scan::localise::Localised;
use crate::detect::scan::multiplicity::credit;
use crate::detect::scan::shift::Shift;
use crate::domain::id::SourceId;
use crate::domain::metric::Metric;
use crate::domain::segment::{Dim, DimValue, Scope, Segment};
use crate::domain::time::Span;

use super::made_up::{Shop, policy};

const MINUTE: i64 = 60;

fn cuboid(metric: Metric, role: CuboidRole, dim: Dim, values: &[&str]) -> Cuboid {
    let key = CuboidKey { family: (metric, role), source: SourceId::new("rum"), dims: vec![dim] };
    let mut cuboid = Cuboid::new(key, 60_000, 96);
    for value in values {
        cuboid.leaf_index(&Segment::all().with(dim, DimValue::Value((*value).into())));
    }
    cuboid.settle();
    cuboid.rolled = 40_000;
    cuboid
}

fn at(dim: Dim, value: &str) -> Scope {
    Scope::everything().with(dim, value)
}

fn ev(loc: f64) -> HarmEvidence {
    HarmEvidence { harm: 0.3, nats: 14.0, loc }
}

#[test]
fn what_just_came_is_spared_more_unless_it_is_drift() {
    let engine = Engine::new(Settings::new(Span::from_mins(1), policy()));
    let came = cuboid(Metric::Inp, CuboidRole::Plain, Dim::Release, &["r1", "r2"]);
    let old = cuboid(Metric::Inp, CuboidRole::Plain, Dim::Device, &["desktop", "mobile"]);
    let new = |loc| credit(&engine.state.scene(), &came, &at(Dim::Release, "r1"), 5, ev(loc));
    let usual = |loc| credit(&engine.state.scene(), &old, &at(Dim::Device, "mobile"), 5, ev(loc));
    assert!(new(14.0) > usual(14.0) + 1.0);
    assert!((new(200.0) - usual(200.0)).abs() < 1e-9);
}

/// What `pdp` is spared in a window of five minutes that begins `after` minutes after a release
/// which changed `templates`, beyond what it is without one.
fn fresh(after: i64, templates: &[&str]) -> f64 {
    let mut shop = Shop::cold();
    let pages = cuboid(Metric::Inp, CuboidRole::Plain, Dim::Template, &["pdp", "cart"]);
    let pdp = at(Dim::Template, "pdp");
    let without = credit(&shop.engine.state.scene(), &pages, &pdp, 5, ev(14.0));
    let start = (pages.rolled - 4) * MINUTE;
    let moment = crate::domain::time::Timestamp::from_millis((start - after * MINUTE) * 1000);
    shop.release_at("r9", moment, templates);
    credit(&shop.engine.state.scene(), &pages, &pdp, 5, ev(14.0)) - without
}

#[test]
fn a_place_that_a_change_just_reached_is_spared() {
    assert!(fresh(2, &["pdp"]) > 0.5);
    assert!(fresh(2, &["cart"]).abs() < 1e-9, "another page");
    assert!(fresh(90, &["pdp"]).abs() < 1e-9, "long ago");
    assert!(fresh(-3, &["pdp"]).abs() < 1e-9, "the window began before it");
}

fn surplus(dim: Dim, value: &str) -> Shift {
    let beacons = cuboid(Metric::PageViews, CuboidRole::Beacon, dim, &[value, "other"]);
    let acc = Tally {
        units: 1000.0,
        observed: 2000.0,
        expected: 1000.0,
        variance: 1000.0,
        explained: 0.0,
    };
    let place = at(dim, value);
    let found = Localised { scope: place.clone(), acc, score: 99.0 };
    let mut shift = Shift::open(&beacons, place, found, 10);
    (shift.sign, shift.harm) = (1.0, 1.0);
    shift
}

#[test]
fn copies_of_a_sample_tell_nothing_new() {
    let mut cube = Cube::new(Span::from_mins(1));
    for (metric, dim) in [
        (Metric::PageViews, Dim::Device),
        (Metric::Inp, Dim::Device),
        (Metric::Inp, Dim::Network),
        (Metric::Orders, Dim::Device),
    ] {
        let made = cuboid(metric, CuboidRole::Plain, dim, &["mobile", "fast"]);
        cube.cuboids.insert(made.key.clone(), made);
    }
    let phi = |cube: &Cube, metric: Metric, dim: Dim| {
        let of = |t: &&Cuboid| t.key.family.0 == metric && t.key.dims == [dim];
        cube.cuboids.values().find(of).map(|t| t.dispersion(0).overdispersion).unwrap_or_default()
    };
    let before = [
        phi(&cube, Metric::Inp, Dim::Device),
        phi(&cube, Metric::Inp, Dim::Network),
        phi(&cube, Metric::Orders, Dim::Device),
    ];
    weigh(&mut cube, &[surplus(Dim::Device, "mobile")]);
    assert!((phi(&cube, Metric::Inp, Dim::Device) / before[0] - 2.0).abs() < 1e-9, "twice");
    let mixed = phi(&cube, Metric::Inp, Dim::Network) / before[1];
    assert!(mixed > 4.0, "a cut that cannot tell mobile has another mix now: {mixed}");
    assert!((phi(&cube, Metric::Orders, Dim::Device) - before[2]).abs() < 1e-9, "no beacons");
    weigh(&mut cube, &[]);
    assert!((phi(&cube, Metric::Inp, Dim::Device) - before[0]).abs() < 1e-9, "over");
}
