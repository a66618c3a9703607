//! A small made-up shop for the engine's tests: minutes of facts from a fixed generator, so that
//! every run is the same. It asserts nothing.

use std::sync::Arc;

use crate::detect::cube::settings::Settings;
use crate::detect::engine::Engine;
use crate::domain::change::{Change, ChangeKind, ChangeStatus};
use crate::domain::check::{Check, CheckOutcome};
use crate::domain::histogram::Histogram;
use crate::domain::id::{JourneyId, ReleaseId, SourceId};
use crate::domain::metric::Metric;
use crate::domain::observation::{Observation, Quality, Value, Window};
use crate::domain::segment::{Dim, DimValue, Segment};
use crate::domain::time::{Span, Timestamp};
use crate::policy::judging::Policy;
use crate::verdict::{Case, Judgement};

pub const TEMPLATES: [&str; 3] = ["pdp", "cart", "checkout"];
pub const DEVICES: [&str; 2] = ["mobile", "desktop"];
/// 2025-03-10 12:00 UTC.
pub const NOON: i64 = 1_741_608_000;

/// What is wrong in a minute of the made-up shop.
#[derive(Clone, Copy, Default)]
pub struct Wrong {
    pub mobile_pdp_slower: f64,
    pub orders_fail: bool,
    pub beacons_lost: bool,
    pub visits: f64,
    /// Share of page views that fail on top of the usual.
    pub errors: f64,
    pub quality: Quality,
}

#[derive(Clone, Debug)]
pub struct Dice(pub u64);

impl Dice {
    /// Dice of their own for every seed and part: near seeds must not begin alike.
    pub fn seeded(seed: u64, part: u64) -> Self {
        let mut x = (seed ^ part.rotate_left(32)).wrapping_add(0x9e37_79b9_7f4a_7c15);
        for odd in [0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb_u64] {
            x = (x ^ (x >> 30)).wrapping_mul(odd);
        }
        Self(x ^ (x >> 31) | 1)
    }

    pub fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as f64) / f64::from(u32::MAX >> 1)
    }

    /// How many of `n` succeed.
    pub fn of(&mut self, n: f64, share: f64) -> f64 {
        (0..n as usize).map(|_| f64::from(u8::from(self.next() < share))).sum()
    }

    /// About `mean` events, spread like a Poisson count.
    pub fn count(&mut self, mean: f64) -> f64 {
        let sum: f64 = (0..12).map(|_| self.next()).sum::<f64>() - 6.0;
        (mean + sum * mean.max(0.0).sqrt()).round().max(0.0)
    }
}

pub fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}

pub fn seg(dims: &[(Dim, &str)]) -> Segment {
    dims.iter().fold(Segment::all(), |s, (d, v)| s.with(*d, DimValue::Value((*v).into())))
}

pub fn fact(
    source: &str,
    metric: Metric,
    segment: Segment,
    window: Window,
    value: Value,
) -> Observation {
    Observation {
        source: SourceId::new(source),
        metric,
        segment,
        window,
        value,
        quality: Quality::GOOD,
    }
}

/// A log-normal-like histogram of `n` samples around `median` in coarse buckets.
pub fn dist(dice: &mut Dice, n: f64, median: f64) -> Value {
    let bounds: Arc<[f64]> =
        [50.0, 100.0, 150.0, 200.0, 300.0, 500.0, 1000.0, f64::INFINITY].into_iter().collect();
    let mut counts = vec![0.0; bounds.len()];
    for _ in 0..n as usize {
        let z = (0..6).map(|_| dice.next()).sum::<f64>() - 3.0;
        let x = median * (z * 0.9).exp();
        let i = bounds.iter().position(|b| x <= *b).unwrap_or(0);
        if let Some(c) = counts.get_mut(i) {
            *c += 1.0;
        }
    }
    Value::Dist(Histogram::new(bounds, counts))
}

/// All facts of one window of `minutes` of the shop.
pub fn window(dice: &mut Dice, start: i64, minutes: i64, wrong: Wrong) -> Vec<Observation> {
    let w = Window { start: at(start), end: at(start + minutes * 60) };
    let busy = minutes as f64 * if wrong.visits > 0.0 { wrong.visits } else { 1.0 };
    let mut out = Vec::new();
    for device in DEVICES {
        for template in TEMPLATES {
            let s = seg(&[(Dim::Template, template), (Dim::Device, device)]);
            let lost = wrong.beacons_lost && device == "mobile";
            let views = dice.count(40.0 * busy * if lost { 0.3 } else { 1.0 });
            let hurt = template == "pdp" && device == "mobile" && wrong.mobile_pdp_slower > 0.0;
            let median = 120.0 * if hurt { wrong.mobile_pdp_slower } else { 1.0 };
            let samples = views.min(200.0);
            let hits = dice.count(views * (0.01 + wrong.errors)).min(views);
            out.push(fact("rum", Metric::Inp, s.clone(), w, dist(dice, samples, median)));
            out.push(fact("rum", Metric::PageViews, s.clone(), w, Value::Count(views)));
            out.push(fact("rum", Metric::JsErrorRate, s, w, Value::Ratio { hits, trials: views }));
        }
        let s = seg(&[(Dim::Device, device)]);
        let sessions = dice.count(60.0 * busy);
        let atc = dice.count(sessions * 0.3);
        let checkout = dice.of(atc, 0.5);
        let pay = dice.of(checkout, 0.7);
        let orders = dice.of(pay, if wrong.orders_fail { 0.1 } else { 0.95 });
        let counts = [
            (Metric::Sessions, sessions),
            (Metric::AddToCart, atc),
            (Metric::CheckoutStart, checkout),
            (Metric::PaymentTry, pay),
            (Metric::Orders, orders),
            (Metric::Revenue, orders * 50.0),
        ];
        out.extend(counts.map(|(m, n)| fact("shop", m, s.clone(), w, Value::Count(n))));
    }
    for o in &mut out {
        o.quality = wrong.quality;
    }
    out
}

pub fn policy() -> Policy {
    Policy::builtin().expect("policy")
}

pub struct Shop {
    pub engine: Engine,
    pub dice: Dice,
    pub now: i64,
}

impl Shop {
    /// A shop with three days of history, at noon.
    pub fn warm() -> Self {
        Self::told(|_| {}, 1.0)
    }

    /// The same with settings changed before it starts, and so many times the visits.
    pub fn told(change: impl FnOnce(&mut Settings), visits: f64) -> Self {
        let mut settings = Settings::new(Span::from_mins(1), policy());
        change(&mut settings);
        let mut shop = Self { engine: Engine::new(settings), dice: Dice(7), now: NOON };
        for hour in 1..=72 {
            let batch = window(
                &mut shop.dice,
                NOON - hour * 3600,
                60,
                Wrong { visits, ..Wrong::default() },
            );
            shop.engine.history(&batch);
        }
        shop
    }

    pub fn cold() -> Self {
        let engine = Engine::new(Settings::new(Span::from_mins(1), policy()));
        Self { engine, dice: Dice(7), now: NOON }
    }

    /// Lives through some minutes; the last judgement.
    pub fn run(&mut self, minutes: i64, wrong: Wrong) -> Judgement {
        let mut last = Judgement::default();
        for _ in 0..minutes {
            let batch = window(&mut self.dice, self.now, 1, wrong);
            self.engine.observe(&batch);
            self.check(!wrong.orders_fail, &["eu", "us"]);
            self.now += 60;
            last = self.engine.judge(at(self.now));
        }
        last
    }

    pub fn check(&mut self, ok: bool, locations: &[&str]) {
        let outcome = || if ok { CheckOutcome::Pass } else { CheckOutcome::Fail("status".into()) };
        let runs = locations.iter().map(|l| Check {
            source: SourceId::new("probes"),
            journey: JourneyId::new("checkout"),
            location: (*l).to_owned(),
            at: at(self.now),
            outcome: outcome(),
            duration_ms: None,
            message: String::new(),
        });
        let runs: Vec<Check> = runs.collect();
        self.engine.observe_checks(&runs);
    }

    pub fn release(&mut self, id: &str, when: i64, templates: &[&str]) {
        self.release_at(id, at(when), templates);
    }

    pub fn release_at(&mut self, id: &str, moment: Timestamp, templates: &[&str]) {
        let templates = templates.iter().map(|t| (*t).to_owned()).collect();
        self.engine.observe_changes(&[Change { templates, ..change(id, moment) }]);
    }
}

/// A deploy of the whole shop that reached everybody at once.
pub fn change(id: &str, moment: Timestamp) -> Change {
    Change {
        source: SourceId::new("git"),
        id: ReleaseId::new(id),
        kind: ChangeKind::Deploy,
        service: "shop".into(),
        environment: "production".into(),
        version: id.into(),
        previous: None,
        status: ChangeStatus::Succeeded,
        created_at: moment,
        started_at: Some(moment),
        finished_at: None,
        stages: Vec::new(),
        templates: std::collections::BTreeSet::new(),
        rolled_back_at: None,
        ran_before: false,
        author: String::new(),
        url: String::new(),
    }
}

pub fn firing(j: &Judgement) -> Vec<&Case> {
    j.cases.iter().filter(|c| c.firing).collect()
}
