//! Places and sizes of shifts by themselves: which values belong to a place, which shifts tell of
//! one place, how large a harm is at least. Whole cases are in the parent file.

use super::made_up::{NOON, at, change, policy};
use crate::detect::cases::lie::{Lie, lie};
use crate::detect::cases::lifecycle::{known, may_leave, prune, rest};
use crate::detect::cases::open_case::OpenCase;
use crate::detect::cases::severity::{chained, mild};
use crate::detect::cube::cuboid::Cuboid;
use crate::detect::cube::key::{CuboidKey, CuboidRole};
use crate::detect::cube::reach::Reach;
use crate::detect::cube::settings::Settings;
use crate::detect::cube::store::Cube;
use crate::detect::engine::Engine;
use crate::detect::evidence::stat::Tally;
use crate::detect::scan::localise::{Localised, localise, stay};
use crate::detect::scan::shift::Shift;
use crate::domain::change::ChangeKind;
use crate::domain::id::SourceId;
use crate::domain::metric::Metric;
use crate::domain::segment::{Dim, DimValue, Scope, Segment};
use crate::domain::time::Span;

fn cuboid(metric: Metric, dim: Dim, values: &[&str]) -> Cuboid {
    let key = CuboidKey {
        family: (metric, CuboidRole::Plain),
        source: SourceId::new("rum"),
        dims: vec![dim],
    };
    let mut cuboid = Cuboid::new(key, 60_000, 96);
    for value in values {
        cuboid.leaf_index(&Segment::all().with(dim, DimValue::Value((*value).into())));
    }
    cuboid.settle();
    cuboid
}

fn scope(dim: Dim, values: &[&str]) -> Scope {
    values.iter().fold(Scope::everything(), |s, v| s.with(dim, v))
}

fn shift(metric: Metric, templates: &[&str], found: i64) -> Shift {
    let place = scope(Dim::Template, templates);
    let acc =
        Tally { units: 1000.0, observed: 100.0, expected: 0.0, variance: 300.0, explained: 0.0 };
    let at = Localised { scope: place.clone(), acc, score: 20.0 };
    Shift::open(&cuboid(metric, Dim::Template, templates), place, at, found)
}

#[test]
fn a_small_value_that_swings_by_chance_stays_out_of_the_place() {
    let cuboid = cuboid(Metric::JsErrorRate, Dim::Browser, &["chrome", "opera", "safari"]);
    let acc = |n: f64, a: f64| Tally {
        units: n,
        observed: a,
        expected: 0.01 * n,
        variance: 0.0099 * n,
        explained: 0.0,
    };
    let accs = [acc(500.0, 40.0), acc(10.0, 1.0), acc(500.0, 5.0)];
    let place =
        |accs: &[Tally]| localise(&cuboid, accs, &scope(Dim::Browser, &["chrome"]), |_| true).scope;
    assert_eq!(place(&accs), scope(Dim::Browser, &["chrome"]));
    let plain = [acc(500.0, 40.0), acc(100.0, 9.0), acc(500.0, 5.0)];
    assert_eq!(place(&plain), scope(Dim::Browser, &["chrome", "opera"]));
}

#[test]
fn a_place_does_not_grow_over_many_who_hardly_feel_it() {
    let cuboid = cuboid(Metric::Inp, Dim::Template, &["cart", "home", "pdp"]);
    let acc = |n: f64, slower: f64| Tally {
        units: n,
        observed: slower * n,
        expected: 0.0,
        variance: 0.3 * n,
        explained: 0.0,
    };
    let accs = [acc(100.0, 0.4), acc(20_000.0, 0.03), acc(20_000.0, 0.03)];
    let cart = scope(Dim::Template, &["cart"]);
    let felt = |acc: &Tally| acc.observed / acc.units > 0.06;
    assert_eq!(localise(&cuboid, &accs, &cart, |_| true).scope, Scope::everything());
    assert_eq!(localise(&cuboid, &accs, &cart, felt).scope, cart);
    let hurt = Shift { harm: 0.4, ..shift(Metric::Inp, &["cart"], 10) };
    assert!(hurt.felt(&acc(300.0, 0.2)) && !hurt.felt(&accs[1]));
}

#[test]
fn an_arm_is_hurt_on_the_pages_of_its_experiment() {
    let dims = vec![Dim::Template, Dim::Cohort];
    let family = (Metric::Inp, CuboidRole::Plain);
    let mut cuboid =
        Cuboid::new(CuboidKey { family, source: SourceId::new("rum"), dims }, 60_000, 96);
    for page in ["cart", "collection"] {
        for arm in ["control", "variant"] {
            let page = Segment::all().with(Dim::Template, DimValue::Value(page.into()));
            cuboid.leaf_index(&page.with(Dim::Cohort, DimValue::Value(arm.into())));
        }
    }
    cuboid.settle();
    let slower = |n: f64, by: f64| Tally {
        units: n,
        observed: by * n,
        expected: 0.0,
        variance: 0.3 * n,
        explained: 0.0,
    };
    let accs = |cart: f64| -> Vec<Tally> {
        let of = |l: &crate::detect::cube::cuboid::Leaf| {
            let (arm, page) = (l.seg.get(Dim::Cohort), l.seg.get(Dim::Template));
            match (arm.as_str(), page.as_str()) {
                ("variant", "cart") => slower(30.0, cart),
                ("variant", _) => slower(200.0, 0.4),
                _ => slower(300.0, 0.0),
            }
        };
        cuboid.leaves.iter().map(of).collect()
    };
    let experiment = |pages: &[&str]| {
        let mut x = change("x1", at(NOON));
        x.kind = ChangeKind::Experiment;
        x.templates = pages.iter().map(|p| (*p).to_owned()).collect();
        Reach::of([x].iter(), at(NOON + 600))
    };
    let place = |cart: f64, pages: &[&str]| {
        let accs = accs(cart);
        let found = stay(&cuboid, &accs, &scope(Dim::Cohort, &["variant"]));
        let limited =
            crate::detect::scan::localise::reached(&experiment(pages), &cuboid, &accs, found);
        limited.scope.dims.get(&Dim::Template).map(|t| t.iter().cloned().collect::<Vec<_>>())
    };
    assert_eq!(place(0.3, &["collection"]), Some(vec!["collection".to_owned()]));
    assert_eq!(place(0.8, &["collection"]), None, "the cart says so by itself");
    assert_eq!(place(0.3, &[]), None, "nobody tells its pages");
}

#[test]
fn a_surplus_around_it_does_not_tell_what_is_missing() {
    let mut lost = shift(Metric::PageViews, &["pdp"], 10);
    lost.sign = -1.0;
    let mut twice = shift(Metric::PageViews, &["cart", "pdp"], 12);
    twice.sign = 1.0;
    let mut live = OpenCase::new("telemetry".to_owned(), 10);
    live.shifts = vec![lost, twice];
    prune(&mut live);
    assert_eq!(live.shifts.len(), 2);
}

#[test]
fn the_whole_funnel_leaves_no_case_for_one_of_its_own() {
    let first = shift(Metric::PaymentRate, &["checkout"], 10);
    let errors = shift(Metric::JsErrorRate, &["checkout"], 12);
    let funnel = shift(Metric::ConversionRate, &["checkout"], 12);
    let mut live = OpenCase::new("conversion:checkout".to_owned(), 10);
    live.shifts = vec![first, errors, funnel];
    let leaves: Vec<bool> = live.shifts.iter().map(|e| may_leave(&live, e, 14)).collect();
    assert_eq!(leaves, [false, true, false]);
}

#[test]
fn a_part_of_a_surge_that_surges_more_is_no_case_of_its_own() {
    let mut engine = Engine::new(Settings::new(Span::from_mins(1), policy()));
    let begun = |metric: Metric, place: Scope, bucket: i64| {
        let mut e = Shift { place: place.clone(), scope: place, ..shift(metric, &[], bucket) };
        (e.onset.bucket, e.onset.low, e.onset.high) = (bucket, bucket, bucket);
        e
    };
    let safari = scope(Dim::Browser, &["safari"]);
    for (metric, one) in [(Metric::OrdersPerVisit, true), (Metric::Lcp, false)] {
        let mut live = OpenCase::new("case".to_owned(), 10);
        live.shifts = vec![begun(metric, Scope::everything(), 10)];
        engine.state.lives = vec![live];
        assert_eq!(known(&engine.state, &begun(metric, safari.clone(), 90)), one, "{metric:?}");
    }
}

#[test]
fn two_metrics_of_nearly_one_place_are_at_one_place() {
    let inp = |templates: &[&str]| shift(Metric::Inp, templates, 10);
    let lcp = |templates: &[&str]| shift(Metric::Lcp, templates, 10);
    let here = inp(&["home", "landing", "pdp"]);
    assert_eq!(lie(&here, &lcp(&["cart", "landing", "pdp"])), Lie::Same);
    assert_eq!(lie(&here, &lcp(&["cart", "checkout", "pdp"])), Lie::Beside);
    assert_eq!(lie(&here, &lcp(&["pdp"])), Lie::Nested);
    assert_eq!(lie(&inp(&["pdp"]), &lcp(&["cart"])), Lie::Beside);
}

#[test]
fn each_narrower_than_the_other_crosses_it() {
    let cut = |dims: &[Dim], scope: Scope| {
        let mut e = shift(Metric::Lcp, &["pdp"], 10);
        e.cuboid.dims = dims.to_vec();
        (e.place, e.scope) = (scope.clone(), scope);
        e
    };
    let (device, browser, source) = (Dim::Device, Dim::Browser, Dim::TrafficSource);
    let safari = cut(&[device, browser], scope(browser, &["safari"]));
    let paid = cut(&[device, source], scope(device, &["mobile"]).with(source, "paid"));
    assert_eq!(lie(&safari, &paid), Lie::Crossed, "one fixes the device, the other the browser");
    let mobile = cut(&[device, source], scope(device, &["mobile"]));
    assert_eq!(lie(&mobile, &paid), Lie::Nested);
    assert_eq!(lie(&paid, &cut(&[browser], scope(browser, &["safari"]))), Lie::Unknown);
}

#[test]
fn what_an_effect_failed_to_explain_does_not_hold_its_place() {
    let first = shift(Metric::Lcp, &["home", "pdp"], 10);
    let later = shift(Metric::Lcp, &["pdp"], 12);
    let case = [first.clone(), later.clone()];
    assert!(rest(&first, &later, &case));
    assert!(!rest(&later, &first, &case), "the earlier one counts for the later one");
    assert!(!rest(&first, &later, &case[..1]), "another case's effect counts");
    assert!(!rest(&first, &shift(Metric::Lcp, &["cart"], 12), &case), "elsewhere");
}

#[test]
fn a_ramp_is_placed_by_its_later_half() {
    let mut slow = shift(Metric::Lcp, &["pdp"], 100);
    assert_eq!(slow.telling(), 0);
    slow.onset.ramp = true;
    assert_eq!(slow.telling(), 50);
}

#[test]
fn a_harm_found_at_its_worst_is_doubted_until_much_proves_it() {
    let mut weak = shift(Metric::Lcp, &["pdp"], 10);
    (weak.harm, weak.nats) = (0.5, 18.0);
    assert!(weak.least_harm() < 0.7 * weak.harm && weak.least_harm() > 0.6 * weak.harm);
    weak.nats = 2000.0;
    assert!(weak.least_harm() > 0.95 * weak.harm);
}

#[test]
fn small_and_long_sought_is_a_drift() {
    let cube = Cube::new(Span::from_mins(1));
    let sized = |harm: f64, found: i64| Shift { harm, ..shift(Metric::Lcp, &["pdp"], found) };
    assert!(mild(&cube, &sized(0.12, 100)));
    assert!(!mild(&cube, &sized(0.12, 30)), "seen at once");
    assert!(!mild(&cube, &sized(0.20, 100)), "large");
}

#[test]
fn steps_lose_more_together_than_alone() {
    let step = |n: f64, p: f64, times: f64| {
        let e = n * p;
        Tally {
            units: n,
            observed: e * times,
            expected: e,
            variance: e * (1.0 - p),
            explained: 0.0,
        }
    };
    let both = [step(250.0, 0.47, 1.0), step(118.0, 0.72, 0.3), step(26.0, 0.96, 0.8)];
    let alone = [step(250.0, 0.47, 1.0), step(118.0, 0.72, 0.3), step(26.0, 0.96, 1.0)];
    assert!(chained(&both, 1.96) > 0.6, "{}", chained(&both, 1.96));
    assert!(chained(&alone, 1.96) < 0.6, "{}", chained(&alone, 1.96));
    assert!(chained(&[step(250.0, 0.47, 1.0)], 1.96) <= 0.0);
}
