//! The shop as a whole: determinism, heal, counters; and the hand-moved clock other tests use.
//! Only tests and their helpers live here.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::dims::{BizCut, RumCut};
use super::history::{count_minute, draw_bucket};
use super::scenario;
use super::state::{Clocks, Shop, ShopPlan};
use super::tally::Tally;
use super::timeline::{Service, minute_time};
use crate::domain::time::{Span, Timestamp};

/// 2026-11-20T17:30:00Z, a Friday evening in Europe.
pub const START: Timestamp = Timestamp::from_secs(1_795_195_800);

/// A clock that moves when told.
#[derive(Clone)]
pub struct Hand(Arc<AtomicI64>);

impl Hand {
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.millis(), Ordering::SeqCst);
    }

    pub fn forward(&self, span: Span) {
        self.0.fetch_add(span.millis(), Ordering::SeqCst);
    }
}

/// Shop and wall clock in one hand.
pub fn clocks() -> (Clocks, Hand) {
    let hand = Hand(Arc::new(AtomicI64::new(START.millis())));
    let read = hand.clone();
    let clock: super::TimeSource =
        Arc::new(move || Timestamp::from_millis(read.0.load(Ordering::SeqCst)));
    (Clocks { shop: Arc::clone(&clock), wall: clock }, hand)
}

/// A small shop with one day of history.
pub fn shop(scenario: &str, visits_per_day: f64) -> (Shop, Hand) {
    let (clocks, hand) = clocks();
    let plan = ShopPlan {
        scenario: scenario::find(scenario).expect("scenario"),
        seed: 7,
        speed: 1.0,
        visits_per_day,
        history_days: 1,
        start: START,
    };
    (Shop::new(&plan, clocks), hand)
}

#[test]
fn the_fixed_start_is_the_demos() {
    assert_eq!(START.to_string(), "2026-11-20T17:30:00.000Z");
}

#[test]
fn a_seed_gives_the_same_shop_bit_for_bit() {
    let (a, _) = shop("checkout-outage", 100_000.0);
    let (b, _) = shop("checkout-outage", 100_000.0);
    for minute in [a.start - 700, a.start + 2, a.start + 9] {
        let of = |s: &Shop| draw_bucket(&s.world, &s.timeline(), minute, minute + 1);
        assert_eq!(of(&a), of(&b));
    }
}

#[test]
fn an_hour_is_its_minutes_and_cuts_count_the_same_views() {
    let (shop, _) = shop("calm-day", 100_000.0);
    let timeline = shop.timeline();
    let hour = (shop.start - 600).div_euclid(60);
    let mut minutes = Tally::new(timeline.versions.len());
    for minute in hour * 60..hour * 60 + 60 {
        shop.history.minute(&shop.world, &timeline, minute).add_to(&mut minutes);
    }
    let mut whole = Tally::new(timeline.versions.len());
    shop.history.hour(&shop.world, &timeline, hour).add_to(&mut whole);
    assert_eq!(minutes, whole);
    let views: Vec<u32> =
        RumCut::ALL.iter().map(|c| whole.rum[*c as usize].iter().map(|b| b.views).sum()).collect();
    assert_eq!(views[..4], [views[0]; 4]);
    assert_eq!(views[4], 0, "no experiment runs");
    let sessions: Vec<u32> = BizCut::ALL
        .iter()
        .map(|c| whole.business[*c as usize].iter().map(|b| b.sessions).sum())
        .collect();
    assert_eq!(sessions[0], sessions[1]);
    assert!(sessions[0] > 1000, "{sessions:?}");
}

#[test]
fn counters_only_grow_within_a_minute_and_end_as_the_minute() {
    let (shop, hand) = shop("calm-day", 300_000.0);
    let mut last = 0;
    for second in 0..60 {
        hand.set(START.plus(Span::from_secs(second)));
        let views = shop.totals(shop.now()).views();
        assert!(views >= last, "second {second}: {views} < {last}");
        last = views;
    }
    hand.set(START.plus(Span::from_secs(60)));
    let minute = shop.totals(shop.now());
    assert!(minute.views() >= last);
    let mut again = Tally::new(0);
    count_minute(&shop.world, &shop.timeline(), shop.start, 60.0, &mut again);
    assert_eq!(minute, again);
    assert!(minute.views() > 300);
}

#[test]
fn a_rollback_really_heals() {
    let (shop, hand) = shop("checkout-outage", 300_000.0);
    let pay_rate = |shop: &Shop, from: i64| {
        let timeline = shop.timeline();
        let mut tally = Tally::new(0);
        for minute in from..from + 20 {
            count_minute(&shop.world, &timeline, minute, 60.0, &mut tally);
        }
        let total = tally.business_total();
        f64::from(total.payment_try) / f64::from(total.checkout_start)
    };
    let before = pay_rate(&shop, shop.start - 30);
    let broken = pay_rate(&shop, shop.start + 5);
    assert!(broken < 0.2 * before, "{broken} against {before}");
    hand.set(START.plus(Span::from_mins(30)));
    let timeline = shop.timeline();
    let live = timeline.live(Service::Theme, shop.start + 30).expect("live");
    let previous = timeline.version_name(live.previous.expect("previous")).to_owned();
    let at = shop.now().plus(Span::from_secs(20));
    assert!(shop.roll_back(Service::Theme, &previous, at));
    let healed = pay_rate(&shop, shop.start + 31);
    assert!((healed / before - 1.0).abs() < 0.15, "{healed} against {before}");
    assert_eq!(pay_rate(&shop, shop.start + 5), broken, "the past stays as it was");
    let now = shop.timeline();
    let live = now.live(Service::Theme, shop.start + 31).expect("live");
    assert_eq!(now.version_name(live.version), previous);
    assert!(live.rollback);
    let truth = shop.truth();
    assert_eq!(truth.incidents[0].healed_at, Some(minute_time(shop.start + 31)));
}

#[test]
fn injected_faults_start_with_the_next_minutes() {
    let (shop, hand) = shop("calm-day", 300_000.0);
    hand.set(START.plus(Span::from_secs(90)));
    let views = shop.totals(shop.now());
    shop.inject(scenario::find("payment-outage").expect("scenario"), shop.now());
    assert_eq!(shop.totals(shop.now()), views, "nothing already told changes");
    let incident = shop.truth().incidents.pop().expect("incident");
    assert_eq!(incident.onset, START.plus(Span::from_mins(3)));
}

#[test]
fn a_scaled_clock_runs_faster_and_a_clock_set_back_stops_the_counters() {
    let (wall, hand) = clocks();
    let fast = Clocks::scaled(wall.wall, Timestamp::from_secs(1_000_000), 60.0);
    hand.forward(Span::from_secs(2));
    assert_eq!((fast.shop)(), Timestamp::from_secs(1_000_120));
    let (shop, hand) = shop("calm-day", 50_000.0);
    hand.set(START.plus(Span::from_secs(150)));
    let views = shop.totals(shop.now()).views();
    hand.set(START.plus(Span::from_secs(30)));
    assert!(shop.totals(shop.now()).views() <= views);
    hand.set(START.plus(Span::from_secs(150)));
    assert_eq!(shop.totals(shop.now()).views(), views);
}

#[test]
fn no_injection_and_no_rollback_changes_what_was_told() {
    for scenario in scenario::table() {
        let (shop, hand) = shop("calm-day", 60_000.0);
        hand.set(START.plus(Span::from_secs(50 * 60 + 30)));
        let told = |shop: &Shop| {
            let mut tally = Tally::new(30);
            for minute in [shop.start - 1, shop.start + 20, shop.start + 50] {
                count_minute(&shop.world, &shop.timeline(), minute, 60.0, &mut tally);
            }
            tally
        };
        let before = told(&shop);
        shop.inject(scenario, shop.now());
        assert_eq!(told(&shop), before, "{} injected", scenario.name);
        let timeline = shop.timeline();
        for service in Service::ALL {
            let oldest = timeline.deployments.iter().find(|d| d.service == service);
            let target = timeline.version_name(oldest.expect("a release").version);
            assert!(shop.roll_back(service, target, shop.now().plus(Span::from_secs(20))));
        }
        assert_eq!(told(&shop), before, "{} taken back", scenario.name);
    }
}
