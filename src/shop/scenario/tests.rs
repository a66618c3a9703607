//! Every scenario does what its truth says, seen through the published aggregates.
//! Only tests and their helpers live here.

use crate::domain::segment::{Dim, Scope};
use crate::shop::checks;
use crate::shop::dims::{BizCut, RumCut};
use crate::shop::history::count_minute;
use crate::shop::scenario::{find, table};
use crate::shop::state::Shop;
use crate::shop::tally::{Business, Tally, TallyBlock};
use crate::shop::tests::shop;
use crate::shop::timeline::minute_time;

const VISITS: f64 = 600_000.0;

/// A faulty shop beside the same shop on a calm day.
struct Pair {
    calm: Shop,
    sick: Shop,
    from: i64,
    to: i64,
}

fn tally(shop: &Shop, from: i64, to: i64) -> Tally {
    let timeline = shop.timeline();
    let mut tally = Tally::new(timeline.versions.len());
    for minute in from..to {
        count_minute(&shop.world, &timeline, shop.start + minute, 60.0, &mut tally);
    }
    tally
}

/// The minutes `[from, to)` after the start.
fn pair(name: &str, from: i64, to: i64) -> Pair {
    Pair { calm: shop("calm-day", VISITS).0, sick: shop(name, VISITS).0, from, to }
}

impl Pair {
    /// Ratio sick to calm of something read from the tallies.
    fn ratio(&self, read: impl Fn(&Shop, &Tally) -> f64) -> f64 {
        let of = |shop: &Shop| read(shop, &tally(shop, self.from, self.to));
        of(&self.sick) / of(&self.calm)
    }

    /// Factor on the (geometric) mean of a vital within a slice of a cut.
    fn slower(&self, cut: RumCut, slice: &[&str], bins: fn(&TallyBlock) -> &[u32]) -> f64 {
        let mean = |shop: &Shop| {
            let block = slice_of(shop, &tally(shop, self.from, self.to), cut, slice);
            mean_bin(bins(&block))
        };
        ((mean(&self.sick) - mean(&self.calm)) / 4.0).exp2()
    }
}

fn lcp(block: &TallyBlock) -> &[u32] {
    &block.lcp
}

fn inp(block: &TallyBlock) -> &[u32] {
    &block.inp
}

fn mean_bin(bins: &[u32]) -> f64 {
    let total: f64 = bins.iter().map(|n| f64::from(*n)).sum();
    bins.iter().enumerate().map(|(i, n)| i as f64 * f64::from(*n)).sum::<f64>() / total
}

/// Everything of a cut whose labels hold all the given values.
fn slice_of(shop: &Shop, tally: &Tally, cut: RumCut, slice: &[&str]) -> TallyBlock {
    let versions = &shop.timeline().versions;
    let mut sum = TallyBlock::EMPTY;
    for (key, block) in tally.rum[cut as usize].iter().enumerate() {
        let labels = cut.labels(key, versions);
        if slice.iter().all(|v| labels.iter().any(|l| l == v)) {
            sum.add(block);
        }
    }
    sum
}

fn biz(
    cut: BizCut,
    slice: &'static [&'static str],
    read: fn(&Business) -> u32,
) -> impl Fn(&Shop, &Tally) -> f64 {
    move |_, tally| {
        let rows = tally.business[cut as usize].iter().enumerate();
        rows.filter(|(key, _)| slice.iter().all(|v| cut.labels(*key).contains(v)))
            .map(|(_, b)| f64::from(read(b)))
            .sum()
    }
}

fn views(cut: RumCut, slice: &'static [&'static str]) -> impl Fn(&Shop, &Tally) -> f64 {
    move |shop, tally| f64::from(slice_of(shop, tally, cut, slice).views)
}

fn errors(cut: RumCut, slice: &'static [&'static str]) -> impl Fn(&Shop, &Tally) -> f64 {
    move |shop, tally| {
        let block = slice_of(shop, tally, cut, slice);
        f64::from(block.errors) / f64::from(block.views)
    }
}

fn pays(b: &Business) -> u32 {
    b.payment_try
}

fn orders(b: &Business) -> u32 {
    b.orders
}

#[track_caller]
fn near(value: f64, wanted: f64, tolerance: f64) {
    assert!((value / wanted - 1.0).abs() < tolerance, "{value} is not near {wanted}");
}

fn failing(shop: &Shop, from: i64, to: i64) -> Vec<(&'static str, &'static str)> {
    let at = |m: i64| minute_time(shop.start + m);
    let runs = checks::runs(&shop.world, &shop.timeline(), at(from), at(to));
    runs.iter().filter(|r| !r.ok).map(|r| (r.journey, r.location)).collect()
}

#[test]
fn the_table_is_well_formed() {
    let names = [
        "calm-day",
        "checkout-outage",
        "mobile-pdp-inp",
        "payment-drop",
        "telemetry-drop",
        "campaign-mix-shift",
        "slow-drift",
        "innocent-release",
    ];
    assert_eq!(table().iter().map(|s| s.name).take(8).collect::<Vec<_>>(), names);
    assert!(table().len() >= 25);
    for scenario in table() {
        assert_eq!(find(scenario.name).map(|s| s.doc), Some(scenario.doc));
        let (shop, _) = shop(scenario.name, 1000.0);
        let truth = shop.truth();
        assert!(truth.incidents.is_empty() != truth.benign.is_empty(), "{}", scenario.name);
        let old = shop
            .timeline()
            .deployments
            .iter()
            .filter(|d| d.created_at < minute_time(shop.start))
            .count();
        assert!(old >= 2, "{}", scenario.name);
        for effect in &shop.timeline().effects {
            assert!(effect.effect.from >= shop.start, "{}", scenario.name);
            assert_eq!(effect.effect.only_release, effect.version.is_some());
        }
        for incident in truth.incidents {
            let segments: &Vec<Scope> = &incident.segments;
            assert!(!segments.is_empty() && (1..=4).contains(&incident.severity));
            let age = incident.onset.since(minute_time(shop.start)).as_mins_f64();
            assert!((3.0..=20.0).contains(&age), "{}: {age}", scenario.name);
            if incident.healed_by_rollback {
                let release = incident.release.expect("guilty");
                assert!(shop.timeline().versions.contains(&release));
            }
        }
    }
}

#[test]
fn checkout_outage() {
    let pair = pair("checkout-outage", 5, 35);
    near(pair.ratio(biz(BizCut::Source, &[], pays)), 0.1, 0.25);
    assert!(errors(RumCut::Source, &["checkout"])(&pair.sick, &tally(&pair.sick, 5, 35)) > 0.4);
    assert!(failing(&pair.sick, 5, 10).iter().filter(|f| f.0 == "checkout").count() == 15);
    assert!(failing(&pair.sick, 0, 4).is_empty());
}

#[test]
fn mobile_pdp_inp() {
    let pair = pair("mobile-pdp-inp", 5, 65);
    near(pair.slower(RumCut::Source, &["pdp", "mobile", "paid"], inp), 1.7, 0.05);
    near(pair.slower(RumCut::Source, &["pdp", "mobile", "organic"], inp), 1.0, 0.04);
    near(pair.slower(RumCut::Source, &["pdp", "desktop"], inp), 1.0, 0.04);
    let carts = biz(BizCut::Source, &["mobile", "paid"], |b| b.add_to_cart);
    near(pair.ratio(carts), 0.72, 0.12);
    assert!(failing(&pair.sick, 0, 60).len() <= 2);
}

#[test]
fn payment_drop_and_its_relatives() {
    let drop = pair("payment-drop", 5, 65);
    near(drop.ratio(biz(BizCut::Source, &[], pays)), 0.3, 0.15);
    near(drop.ratio(biz(BizCut::Source, &[], |b| b.checkout_start)), 1.0, 0.1);
    assert!(failing(&drop.sick, 0, 60).len() <= 2);
    let login = pair("returning-login-break", 5, 65);
    near(login.ratio(biz(BizCut::Source, &["returning"], pays)), 0.45, 0.15);
    near(login.ratio(biz(BizCut::Source, &["new"], pays)), 1.0, 0.15);
    let outage = pair("payment-outage", 5, 65);
    near(outage.ratio(biz(BizCut::Source, &[], orders)), 0.15, 0.25);
    let over = pair("payment-outage", 95, 155);
    near(over.ratio(biz(BizCut::Source, &[], orders)), 1.0, 0.12);
    let paid = pair("paid-mobile-conversion", 5, 65);
    assert!(paid.ratio(biz(BizCut::Source, &["mobile", "paid"], orders)) < 0.4);
    near(paid.slower(RumCut::Source, &["pdp", "mobile", "paid"], lcp), 1.0, 0.03);
}

#[test]
fn telemetry_faults_do_not_touch_orders() {
    for (name, from, slice, left) in [
        ("telemetry-drop", 5, &["chrome"][..], 0.4),
        ("sampling-change", 5, &[][..], 0.25),
        ("clock-skew", 5, &["mobile", "chrome"][..], 0.3),
        ("ingest-lag", 5, &[][..], 0.5),
        ("beacons-twice", 5, &["firefox"][..], 2.0),
    ] {
        let minutes = if name == "ingest-lag" { 12 } else { 30 };
        let pair = pair(name, from, from + minutes);
        let seen = pair.ratio(|shop, t| f64::from(slice_of(shop, t, RumCut::Browser, slice).views));
        near(seen, left, 0.1);
        near(pair.ratio(|_, t| t.edge.iter().sum::<u64>() as f64), 1.0, 0.03);
        near(pair.ratio(biz(BizCut::Source, &[], orders)), 1.0, 0.12);
    }
    let late = pair("clock-skew", 60, 80);
    near(late.ratio(views(RumCut::Browser, &["mobile", "chrome"])), 1.0, 0.1);
}

#[test]
fn crowds_are_more_visits_and_nothing_worse() {
    let campaign = pair("campaign-mix-shift", 30, 60);
    let crowd = biz(BizCut::Source, &["mobile", "paid", "new"], |b| b.sessions);
    near(campaign.ratio(crowd), 4.0, 0.08);
    near(campaign.slower(RumCut::Source, &["pdp", "mobile", "paid"], lcp), 1.0, 0.03);
    let all = campaign.slower(RumCut::Source, &["pdp"], lcp);
    assert!(all > 1.02, "the average worsens: {all}");
    let bots = pair("bot-traffic", 5, 35);
    let crowd = biz(BizCut::Browser, &["desktop", "chrome"], |b| b.sessions);
    assert!(bots.ratio(crowd) > 2.0);
    near(bots.ratio(biz(BizCut::Source, &[], orders)), 1.0, 0.02);
    let holiday = pair("holiday", 200, 230);
    near(holiday.ratio(biz(BizCut::Source, &[], |b| b.sessions)), 1.7, 0.06);
    let (small, _) = shop("low-traffic", VISITS);
    assert!(small.world.visits_per_day < 0.1 * VISITS);
}

#[test]
fn slow_pages() {
    let drift = pair("slow-drift", 370, 400);
    near(drift.slower(RumCut::Source, &["pdp"], lcp), 1.28, 0.03);
    let region = pair("cdn-region-slow", 5, 35);
    near(region.slower(RumCut::Network, &["us"], lcp), 1.7, 0.04);
    near(region.slower(RumCut::Network, &["eu"], lcp), 1.0, 0.03);
    let party = pair("third-party-script", 5, 35);
    near(party.slower(RumCut::Browser, &["landing", "mobile"], inp), 1.4, 0.06);
    near(party.slower(RumCut::Browser, &["cart"], inp), 1.0, 0.1);
    let two = pair("two-at-once", 20, 80);
    near(two.slower(RumCut::Source, &["cart", "mobile"], inp), 1.9, 0.12);
    near(two.slower(RumCut::Network, &["apac"], lcp), 1.7, 0.05);
    let images = pair("slow-network-images", 5, 65);
    near(images.slower(RumCut::Network, &["pdp", "slow"], lcp), 1.7, 0.05);
    near(images.slower(RumCut::Network, &["pdp", "fast"], lcp), 1.0, 0.03);
    let help = pair("rollback-no-help", 5, 65);
    near(help.slower(RumCut::Source, &["checkout"], inp), 1.7, 0.15);
}

#[test]
fn surges_give_something_away() {
    let value = |b: &Business| (b.cents / 100) as u32;
    let each = |pair: &Pair, slice: &'static [&'static str]| {
        pair.ratio(biz(BizCut::Source, slice, value))
            / pair.ratio(biz(BizCut::Source, slice, orders))
    };
    let zero = pair("price-zero", 5, 65);
    near(each(&zero, &[]), 0.03, 0.2);
    assert!(zero.ratio(biz(BizCut::Source, &[], orders)) > 2.0);
    near(zero.ratio(biz(BizCut::Source, &[], |b| b.sessions)), 1.0, 0.02);
    let coupons = pair("stacking-coupons", 20, 80);
    near(each(&coupons, &[]), 0.4, 0.15);
    let double = pair("double-orders", 5, 65);
    near(double.ratio(biz(BizCut::Source, &[], orders)), 1.9, 0.05);
    near(double.ratio(biz(BizCut::Source, &[], pays)), 1.0, 0.02);
    near(each(&double, &[]), 1.0, 0.1);
    let scalpers = pair("scalpers", 5, 65);
    assert!(scalpers.ratio(biz(BizCut::Source, &["direct", "desktop"], orders)) > 5.0);
    near(scalpers.ratio(biz(BizCut::Source, &["paid"], orders)), 1.0, 0.05);
    let sale = pair("flash-sale", 10, 70);
    near(sale.ratio(biz(BizCut::Source, &[], |b| b.sessions)), 3.0, 0.06);
    near(sale.ratio(biz(BizCut::Source, &[], orders)), 3.9, 0.15);
    near(each(&sale, &[]), 1.0, 0.1);
    let out = pair("stock-out", 5, 65);
    near(out.ratio(biz(BizCut::Source, &[], |b| b.add_to_cart)), 0.55, 0.1);
    near(out.slower(RumCut::Source, &["pdp"], lcp), 1.0, 0.03);
}

/// Mean bins of two versions (or arms) live at once on a template.
fn arms(
    shop: &Shop,
    cut: RumCut,
    template: &str,
    names: [&str; 2],
    bins: fn(&TallyBlock) -> &[u32],
) -> [f64; 2] {
    let seen = tally(shop, 5, 65);
    names.map(|name| mean_bin(bins(&slice_of(shop, &seen, cut, &[template, name]))))
}

#[test]
fn old_and_new_version_side_by_side() {
    let (innocent, _) = shop("innocent-release", VISITS);
    let timeline = innocent.timeline();
    let serving: Vec<&str> = timeline.serving(innocent.start + 10)[3]
        .iter()
        .map(|s| timeline.version_name(usize::from(s.version)))
        .collect();
    let [new, old] = serving[..] else { panic!("two versions serve: {serving:?}") };
    let [a, b] = arms(&innocent, RumCut::Release, "pdp", [new, old], lcp);
    near(((a - b) / 4.0).exp2(), 1.0, 0.03);
    let (staged, _) = shop("staged-5pct", VISITS);
    let truth = staged.truth();
    let guilty = truth.incidents[0].release.as_deref().expect("guilty");
    assert!(truth.incidents[0].segments[0].dims[&Dim::Release].contains(guilty));
    let timeline = staged.timeline();
    let old = timeline.version_name(usize::from(timeline.serving(staged.start + 10)[3][1].version));
    let [a, b] = arms(&staged, RumCut::Release, "pdp", [guilty, old], inp);
    near(((a - b) / 4.0).exp2(), 2.4, 0.15);
    let (experiment, _) = shop("ab-cohort", VISITS);
    let [a, b] = arms(&experiment, RumCut::Cohort, "collection", ["variant", "control"], inp);
    near(((a - b) / 4.0).exp2(), 1.5, 0.06);
}

#[test]
fn errors_and_probes() {
    let search = pair("search-errors", 5, 65);
    assert!(search.ratio(errors(RumCut::Source, &["collection"])) > 5.0);
    let safari = pair("checkout-js-error-browser", 5, 65);
    assert!(safari.ratio(errors(RumCut::Browser, &["checkout", "safari"])) > 5.0);
    assert!(safari.ratio(errors(RumCut::Browser, &["pdp"])) < 1.2);
    let region = pair("region-checkout-down", 5, 65);
    assert!(region.ratio(biz(BizCut::Browser, &["us"], pays)) < 0.3);
    assert!(failing(&region.sick, 5, 20).iter().all(|f| *f == ("checkout", "us")));
    let dark = pair("region-dark", 5, 65);
    assert!(dark.ratio(biz(BizCut::Browser, &["us"], |b| b.sessions)) < 0.05);
    near(dark.ratio(biz(BizCut::Browser, &["eu"], |b| b.sessions)), 1.0, 0.05);
    assert!(failing(&dark.sick, 5, 20).len() <= 1);
    let (flapping, _) = shop("flapping", VISITS);
    assert!(failing(&flapping, 4, 14).len() > 10);
    assert!(failing(&flapping, 14, 34).len() <= 1);
    let (glitch, _) = shop("location-glitch", VISITS);
    assert!(failing(&glitch, 4, 40).iter().all(|f| f.1 == "apac"));
    let work = pair("maintenance", 10, 40);
    assert!(work.ratio(biz(BizCut::Source, &[], |b| b.checkout_start)) < 0.08);
}
