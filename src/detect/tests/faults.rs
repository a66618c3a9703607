//! A made-up shop with regions whose faults begin and end at any second, several at a time: worlds
//! for the question of how many cases there are. It asserts nothing.

use std::collections::BTreeSet;

use super::made_up::{Dice, NOON, at, fact, policy, seg};
use crate::detect::cube::settings::Settings;
use crate::detect::engine::Engine;
use crate::domain::change::{Change, ChangeKind, ChangeStatus};
use crate::domain::check::{Check, CheckOutcome};
use crate::domain::histogram::Histogram;
use crate::domain::id::{JourneyId, ReleaseId, SourceId};
use crate::domain::metric::Metric;
use crate::domain::observation::{Observation, Value, Window};
use crate::domain::segment::{Dim, Scope, Segment};
use crate::domain::time::Span;
use crate::verdict::{Case, Judgement};

pub const TEMPLATES: [&str; 5] = ["home", "search", "pdp", "cart", "checkout"];
pub const DEVICES: [&str; 2] = ["mobile", "desktop"];
pub const REGIONS: [&str; 3] = ["north", "south", "isles"];

/// What a fault does to whom it hits.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Harm {
    /// Times are so many times as long.
    SlowChecks(f64),
    /// So many more views of a hundred fail in scripts.
    Scripts(f64),
    /// So many more calls of a hundred fail.
    Calls(f64),
    /// The step loses this share: 0 add to cart, 1 checkout, 2 payment, 3 order.
    Step(usize, f64),
    /// The journey's checks fail.
    Checks,
    /// So few visits come: this share is missing.
    Visits(f64),
}

/// One harm of a fault, with its lag in seconds.
#[derive(Clone, Debug)]
pub struct Part {
    pub harm: Harm,
    pub lag: f64,
}

/// A fault: what, where, and from when to when (seconds after noon).
#[derive(Clone, Debug)]
pub struct Fault {
    pub parts: Vec<Part>,
    pub template: &'static str,
    pub device: Option<&'static str>,
    pub region: Option<&'static str>,
    pub from: f64,
    pub to: f64,
    /// Seconds until it is whole.
    pub rise: f64,
}

impl Fault {
    pub fn new(harm: Harm, template: &'static str, from: f64, to: f64) -> Self {
        let parts = vec![Part { harm, lag: 0.0 }];
        Self { parts, template, device: None, region: None, from, to, rise: 0.0 }
    }

    pub fn and(mut self, harm: Harm, lag: f64) -> Self {
        self.parts.push(Part { harm, lag });
        self
    }

    /// Share of the seconds from `start` on in which a part is on, and the part.
    fn on(&self, (start, secs): (f64, f64)) -> impl Iterator<Item = (Harm, f64)> + '_ {
        self.parts.iter().filter_map(move |p| {
            let (from, to) = (self.from + p.lag, self.to + p.lag);
            let share = (to.min(start + secs) - from.max(start)).clamp(0.0, secs) / secs;
            let grown = ((start + secs / 2.0 - from) / self.rise.max(1.0)).clamp(0.0, 1.0);
            let share = if self.rise > 0.0 { share * grown } else { share };
            (share > 0.0).then_some((p.harm, share))
        })
    }

    fn hits(&self, cell: &Cell) -> f64 {
        let fits = |mine: Option<&str>, of: Option<&str>| match (mine, of) {
            (Some(m), Some(o)) => f64::from(u8::from(m == o)),
            (Some(m), None) => share(m),
            (None, _) => 1.0,
        };
        let page = cell.template.is_none_or(|t| t == self.template);
        f64::from(u8::from(page)) * fits(self.device, cell.device) * fits(self.region, cell.region)
    }

    /// The place people would name.
    pub fn place(&self) -> Scope {
        let dims = [(Dim::Device, self.device), (Dim::Region, self.region)];
        let place = Scope::everything().with(Dim::Template, self.template);
        dims.iter().filter_map(|(d, v)| Some((*d, (*v)?))).fold(place, |p, (d, v)| p.with(d, v))
    }
}

/// Share of the visits with a value that a cut does not tell.
fn share(value: &str) -> f64 {
    match value {
        "mobile" => 0.6,
        "desktop" => 0.4,
        "north" => 0.5,
        "south" => 0.3,
        _ => 0.2,
    }
}

#[derive(Clone, Copy, Default)]
struct Cell {
    template: Option<&'static str>,
    device: Option<&'static str>,
    region: Option<&'static str>,
}

impl Cell {
    fn seg(&self) -> Segment {
        let all = [
            (Dim::Template, self.template),
            (Dim::Device, self.device),
            (Dim::Region, self.region),
        ];
        let told: Vec<(Dim, &str)> = all.iter().filter_map(|(d, v)| Some((*d, (*v)?))).collect();
        seg(&told)
    }

    fn part(&self) -> f64 {
        self.device.map_or(1.0, share) * self.region.map_or(1.0, share)
    }
}

pub struct World {
    pub engine: Engine,
    dice: Dice,
    pub faults: Vec<Fault>,
    pub now: i64,
    /// Minutes of a bucket.
    minutes: i64,
    /// Keys that ever fired, in the order they came.
    pub keys: Vec<String>,
    pub last: Judgement,
}

impl World {
    /// With two days of history, at noon.
    pub fn new(seed: u64) -> Self {
        Self::polled(seed, 1)
    }

    /// The same told in buckets of so many minutes.
    pub fn polled(seed: u64, minutes: i64) -> Self {
        let engine = Engine::new(Settings::new(Span::from_mins(minutes), policy()));
        let mut world = Self {
            engine,
            dice: Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1),
            faults: Vec::new(),
            now: NOON,
            minutes,
            keys: Vec::new(),
            last: Judgement::default(),
        };
        for hour in 1..=48 {
            let batch = world.told(NOON - hour * 3600, 60);
            world.engine.history(&batch);
        }
        world
    }

    /// Lives through some buckets.
    pub fn run(&mut self, buckets: i64) -> &Judgement {
        for _ in 0..buckets {
            self.pass(1);
            self.last = self.engine.judge(at(self.now));
            for case in self.last.cases.iter().filter(|c| c.firing) {
                if !self.keys.contains(&case.key) {
                    self.keys.push(case.key.clone());
                }
            }
        }
        &self.last
    }

    /// Buckets that are told and that nobody judges yet.
    pub fn pass(&mut self, buckets: i64) {
        for _ in 0..buckets {
            let batch = self.told(self.now, self.minutes);
            self.engine.observe(&batch);
            self.checks();
            self.now += 60 * self.minutes;
        }
    }

    pub fn firing(&self) -> Vec<&Case> {
        self.last.cases.iter().filter(|c| c.firing).collect()
    }

    /// A release of a service, `after` seconds from noon.
    pub fn release(&mut self, id: &str, service: &str, after: f64, templates: &[&str]) {
        let moment = at(NOON).plus(Span::from_millis((after * 1000.0) as i64));
        self.engine.observe_changes(&[Change {
            source: SourceId::new("git"),
            id: ReleaseId::new(id),
            kind: ChangeKind::Deploy,
            service: service.into(),
            environment: "production".into(),
            version: id.into(),
            previous: None,
            status: ChangeStatus::Succeeded,
            created_at: moment,
            started_at: Some(moment),
            finished_at: None,
            stages: Vec::new(),
            templates: templates.iter().map(|t| (*t).to_owned()).collect::<BTreeSet<_>>(),
            rolled_back_at: None,
            ran_before: false,
            author: String::new(),
            url: String::new(),
        }]);
    }

    /// The release was taken back, `after` seconds from noon.
    pub fn back(&mut self, id: &str, after: f64) {
        let moment = at(NOON).plus(Span::from_millis((after * 1000.0) as i64));
        let known = self.engine.state.changes.values().find(|c| c.id.as_str() == id).cloned();
        let change = known.map(|c| Change { rolled_back_at: Some(moment), ..c });
        self.engine.observe_changes(&change.into_iter().collect::<Vec<_>>());
    }

    fn checks(&mut self) {
        let span = ((self.now - NOON) as f64, (60 * self.minutes) as f64);
        for template in ["pdp", "checkout"] {
            let down = self.faults.iter().any(|f| {
                f.template == template && f.on(span).any(|p| p.0 == Harm::Checks && p.1 > 0.5)
            });
            let run = |place: &str| Check {
                source: SourceId::new("probes"),
                journey: JourneyId::new(template),
                location: place.to_owned(),
                at: at(self.now),
                outcome: if down {
                    CheckOutcome::Fail("status".into())
                } else {
                    CheckOutcome::Pass
                },
                duration_ms: None,
                message: String::new(),
            };
            let runs = [run("eu"), run("us")];
            self.engine.observe_checks(&runs);
        }
    }

    /// The shares of a cell that meet a kind of harm now, with its size.
    fn harms(&self, cell: &Cell, span: (f64, f64)) -> Vec<(Harm, f64)> {
        let faults = self.faults.iter();
        let hit = faults.flat_map(|f| f.on(span).map(move |(h, on)| (h, on * f.hits(cell))));
        hit.filter(|h| h.1 > 0.0).collect()
    }

    /// Share of a cell's visits that are missing, on whatever page.
    fn gone(&self, cell: &Cell, span: (f64, f64)) -> f64 {
        let part = |f: &Fault| f.hits(&Cell { template: Some(f.template), ..*cell });
        let parts = self.faults.iter().flat_map(|f| f.on(span).map(move |p| (p, part(f))));
        let gone = parts.filter_map(|((harm, on), part)| match harm {
            Harm::Visits(x) => Some(on * x * part),
            _ => None,
        });
        gone.sum()
    }

    fn told(&mut self, start: i64, minutes: i64) -> Vec<Observation> {
        let w = Window { start: at(start), end: at(start + minutes * 60) };
        let second = (start - NOON) as f64;
        let busy = minutes as f64;
        let mut out = Vec::new();
        for template in TEMPLATES {
            for device in DEVICES {
                let cell = Cell { template: Some(template), device: Some(device), region: None };
                self.pages(&cell, (second, busy), w, &mut out);
            }
            for region in REGIONS {
                let cell = Cell { template: Some(template), device: None, region: Some(region) };
                self.calls(&cell, (second, busy), w, &mut out);
            }
        }
        let by_device = DEVICES.map(|d| Cell { device: Some(d), ..Cell::default() });
        let by_region = REGIONS.map(|r| Cell { region: Some(r), ..Cell::default() });
        for cell in by_device.iter().chain(&by_region) {
            self.funnel(cell, (second, busy), w, &mut out);
        }
        out
    }

    fn pages(
        &mut self,
        cell: &Cell,
        (second, busy): (f64, f64),
        w: Window,
        out: &mut Vec<Observation>,
    ) {
        let harms = self.harms(cell, (second, 60.0 * busy));
        let here = 1.0 - self.gone(cell, (second, 60.0 * busy));
        let views = self.dice.count(120.0 * busy * cell.part() * here);
        let (mut share, mut factor, mut bad) = (0.0, 1.0, 0.01);
        for (harm, hit) in harms {
            match harm {
                Harm::SlowChecks(x) => (share, factor) = (hit, x),
                Harm::Scripts(x) => bad += hit * x / 100.0,
                _ => {}
            }
        }
        let dist = self.dist(views.min(150.0), share, factor);
        let hits = self.dice.count(views * bad).min(views);
        let s = cell.seg();
        out.push(fact("rum", Metric::Inp, s.clone(), w, dist));
        out.push(fact("rum", Metric::PageViews, s.clone(), w, Value::Count(views)));
        out.push(fact("rum", Metric::JsErrorRate, s, w, Value::Ratio { hits, trials: views }));
    }

    fn calls(
        &mut self,
        cell: &Cell,
        (second, busy): (f64, f64),
        w: Window,
        out: &mut Vec<Observation>,
    ) {
        let harms = self.harms(cell, (second, 60.0 * busy));
        let here = 1.0 - self.gone(cell, (second, 60.0 * busy));
        let calls = self.dice.count(150.0 * busy * cell.part() * here);
        let bad = harms.iter().filter_map(|(h, hit)| match h {
            Harm::Calls(x) => Some(hit * x / 100.0),
            _ => None,
        });
        let bad = 0.01 + bad.sum::<f64>();
        let hits = (calls - self.dice.count(calls * bad)).max(0.0);
        let value = Value::Ratio { hits, trials: calls };
        out.push(fact("edge", Metric::ApiSuccess, cell.seg(), w, value));
    }

    fn funnel(
        &mut self,
        cell: &Cell,
        (second, busy): (f64, f64),
        w: Window,
        out: &mut Vec<Observation>,
    ) {
        let harms = self.harms(cell, (second, 60.0 * busy));
        let gone = self.gone(cell, (second, 60.0 * busy));
        let mut flow = self.dice.count(300.0 * busy * cell.part() * (1.0 - gone));
        let s = cell.seg();
        out.push(fact("shop", Metric::Sessions, s.clone(), w, Value::Count(flow)));
        let steps = [
            (Metric::AddToCart, 0.4),
            (Metric::CheckoutStart, 0.6),
            (Metric::PaymentTry, 0.8),
            (Metric::Orders, 0.95),
        ];
        for (i, (metric, usual)) in steps.into_iter().enumerate() {
            let kept = harms.iter().filter_map(|(h, hit)| match h {
                Harm::Step(step, x) if *step == i => Some(1.0 - hit * x),
                _ => None,
            });
            let p = usual * kept.product::<f64>();
            // Binomial by its normal shape.
            let sum: f64 = (0..12).map(|_| self.dice.next()).sum::<f64>() - 6.0;
            flow = (flow * p + sum * (flow * p * (1.0 - p)).sqrt()).round().clamp(0.0, flow);
            out.push(fact("shop", metric, s.clone(), w, Value::Count(flow)));
        }
        out.push(fact("shop", Metric::Revenue, s, w, Value::Count(flow * 50.0)));
    }

    /// Times of `n` samples, a share of them `factor` times as long.
    fn dist(&mut self, n: f64, share: f64, factor: f64) -> Value {
        let bounds: std::sync::Arc<[f64]> =
            [50.0, 80.0, 120.0, 180.0, 270.0, 400.0, 600.0, 1000.0, f64::INFINITY]
                .into_iter()
                .collect();
        let mut counts = vec![0.0; bounds.len()];
        for _ in 0..n as usize {
            let z = (0..4).map(|_| self.dice.next()).sum::<f64>() - 2.0;
            let slow = share > 0.0 && self.dice.next() < share;
            let x = 130.0 * f64::exp(z) * if slow { factor } else { 1.0 };
            let i = bounds.iter().position(|b| x <= *b).unwrap_or(0);
            if let Some(c) = counts.get_mut(i) {
                *c += 1.0;
            }
        }
        Value::Dist(Histogram::new(bounds, counts))
    }
}
