//! Made-up shops of six to twenty services that call each other, unlike the embedded shop: names,
//! graph, traffic and faults from a seed, and what is true about them. It asserts nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::detect::tests::made_up::{Dice, NOON, at, seg};
use crate::domain::change::{Change, ChangeKind, ChangeStatus};
use crate::domain::histogram::Histogram;
use crate::domain::id::{ReleaseId, SourceId};
use crate::domain::metric::Metric;
use crate::domain::observation::{Observation, Quality, Value, Window};
use crate::domain::segment::{Dim, Scope};
use crate::policy::services::Callees;

const NAMES: [&str; 20] = [
    "edge-router",
    "basket",
    "assortment",
    "pricing",
    "stock-svc",
    "ledger",
    "identity",
    "mailer",
    "voucher",
    "search-index",
    "recommender",
    "images",
    "shipping",
    "tax",
    "reviews",
    "session-db",
    "loyalty",
    "fraud-check",
    "invoices",
    "geo",
];
const PAGES: [&str; 4] = ["start", "listing", "item", "kasse"];
pub const REGIONS: [&str; 4] = ["dach", "nordics", "iberia", "benelux"];
pub const METHODS: [&str; 4] = ["card", "paypal", "invoice", "twint"];

/// What is broken, for a world.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// A service that others call, and its callers with it.
    Leaf,
    /// The service that everything goes through.
    Gateway,
    /// Everything in one region, by nobody's release.
    Region,
    /// One payment method at the paying service, by nobody's release.
    Method,
    /// Nothing.
    Calm,
}

/// Whose release went out when the harm began.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ShopRelease {
    /// Of the broken service itself.
    Own,
    /// Of one that calls it, or (where nobody does) of one that it does not call.
    Caller,
    /// Of one that has nothing to do with it.
    Stranger,
    Nobody,
}

pub struct World {
    pub services: Vec<String>,
    /// Who calls whom, by index.
    pub calls: Vec<Vec<usize>>,
    /// Requests a minute of the first service.
    busy: f64,
    base: f64,
    pub fault: Fault,
    /// The broken service, region or method.
    pub broken: usize,
    size: f64,
    through: f64,
    slow: bool,
    pub dice: Dice,
}

impl World {
    pub fn new(seed: u64, fault: Fault) -> Self {
        let mut dice = Dice::seeded(seed, 0);
        let count = 6 + (dice.next() * 14.9) as usize;
        let shift = (dice.next() * 19.0) as usize;
        let name = |i: usize| if i == 0 { NAMES[0] } else { NAMES[1 + (i + shift) % 19] };
        let services: Vec<String> = (0..count).map(|i| name(i).to_owned()).collect();
        let mut calls = vec![Vec::new(); count];
        // Everybody but the first is called by one that stands before, some by two.
        for i in 1..count {
            let one = (dice.next() * i.min(1 + count / 3) as f64) as usize;
            calls[one].push(i);
            let two = (dice.next() * i as f64) as usize;
            if dice.next() < 0.25 && two != one {
                calls[two].push(i);
            }
        }
        let busy = 600.0 + 2400.0 * dice.next();
        let base = 0.002 + 0.008 * dice.next();
        let (size, through) = (0.06 + 0.3 * dice.next(), 0.3 + 0.6 * dice.next());
        let slow = dice.next() < 0.3;
        let broken = match fault {
            Fault::Gateway | Fault::Calm => 0,
            Fault::Region | Fault::Method => (dice.next() * 4.0) as usize % 4,
            Fault::Leaf => 1 + (dice.next() * (count - 1) as f64) as usize % (count - 1),
        };
        Self { services, calls, busy, base, fault, broken, size, through, slow, dice }
    }

    pub fn graph(&self) -> BTreeMap<String, Callees> {
        let names = |of: &[usize]| Callees(of.iter().map(|i| self.services[*i].clone()).collect());
        let mut out: BTreeMap<String, Callees> = self
            .calls
            .iter()
            .enumerate()
            .map(|(i, of)| (self.services[i].clone(), names(of)))
            .collect();
        for page in PAGES {
            out.insert(page.to_owned(), Callees(vec![self.services[0].clone()]));
        }
        out
    }

    /// The service that takes the money: the last one.
    pub fn payer(&self) -> usize {
        self.services.len() - 1
    }

    pub fn callers(&self, of: usize) -> Vec<usize> {
        (0..self.services.len()).filter(|i| self.calls[*i].contains(&of)).collect()
    }

    /// Added share of failing requests of each service, of the part (region, method) that is hit.
    fn harm(&self) -> Vec<f64> {
        let mut harm = vec![0.0; self.services.len()];
        match self.fault {
            Fault::Leaf | Fault::Gateway => {
                harm[self.broken] = self.size;
                // Callers stand before what they call.
                for i in (0..self.broken).rev() {
                    let worst =
                        self.calls[i].iter().map(|c| harm[*c]).fold(0.0, f64::max) * self.through;
                    harm[i] = harm[i].max(worst);
                }
            }
            Fault::Region => harm.iter_mut().for_each(|h| *h = self.size),
            Fault::Method => harm[self.payer()] = self.size.max(0.15),
            Fault::Calm => {}
        }
        harm
    }

    /// Services with anything wrong; where a region is hit, all.
    pub fn hurt(&self) -> BTreeSet<String> {
        let harm = self.harm();
        let hit = harm.iter().enumerate().filter(|h| *h.1 > 0.0);
        hit.map(|(i, _)| self.services[i].clone()).collect()
    }

    /// The values of a scope that nothing is wrong with.
    pub fn healthy(&self, scope: &Scope) -> Vec<String> {
        let hurt = self.hurt();
        let bad = |dim: &Dim, value: &String| match (dim, self.fault) {
            (Dim::Service, _) => hurt.contains(value),
            (Dim::Region, Fault::Region) => *value == REGIONS[self.broken],
            (Dim::PaymentMethod, Fault::Method) => *value == METHODS[self.broken],
            (Dim::Template, Fault::Method) => value == "kasse" || value == "checkout",
            _ => true,
        };
        let all = scope.dims.iter().flat_map(|(d, values)| values.iter().map(move |v| (d, v)));
        all.filter(|(d, v)| !bad(d, v)).map(|(_, v)| v.clone()).collect()
    }

    /// All facts of `minutes` from `start`; `on` while the fault is there.
    pub fn facts(&mut self, start: i64, minutes: i64, on: bool) -> Vec<Observation> {
        let window = Window { start: at(start), end: at(start + minutes * 60) };
        let harm = if on { self.harm() } else { vec![0.0; self.services.len()] };
        let mut out = Vec::new();
        let mut put = |metric, dims: &[(Dim, &str)], value| {
            let source = SourceId::new("mesh");
            let segment = seg(dims);
            out.push(Observation {
                source,
                metric,
                segment,
                window,
                value,
                quality: Quality::GOOD,
            });
        };
        for (i, harm) in harm.iter().enumerate() {
            let name = self.services[i].clone();
            let share = if i == 0 { 1.0 } else { 0.15 + 0.5 / i as f64 };
            for (r, region) in REGIONS.iter().enumerate() {
                let here = self.fault != Fault::Region || r == self.broken;
                let part = if self.fault == Fault::Method { 0.25 } else { 1.0 };
                let more = if here { harm * part } else { 0.0 };
                let trials =
                    self.dice.count(self.busy * share * minutes as f64 / (1.0 + r as f64) / 2.0);
                let hits = self.dice.count(trials * (self.base + more)).min(trials);
                let dims = [(Dim::Service, name.as_str()), (Dim::Region, region)];
                put(Metric::ServiceErrorRate, &dims, Value::Ratio { hits, trials });
            }
            let dims = [(Dim::Service, name.as_str())];
            let slower = if self.slow && self.fault != Fault::Region { *harm } else { 0.0 };
            let n = self.busy * share * minutes as f64 / 4.0;
            let latency = spread(&mut self.dice, n, 2.0 + i as f64, 1.0 + 2.0 * slower);
            put(Metric::ServiceLatency, &dims, latency);
            let cpu = 0.4 + 0.05 * self.dice.next() + if *harm > 0.0 { 0.5 } else { 0.0 };
            put(Metric::ServiceCpu, &dims, Value::Gauge(cpu));
        }
        self.pages_of(&harm, minutes, &mut put);
        out
    }

    /// What browsers and the till tell.
    fn pages_of(
        &mut self,
        harm: &[f64],
        minutes: i64,
        put: &mut impl FnMut(Metric, &[(Dim, &str)], Value),
    ) {
        let busy = self.busy * minutes as f64 / 8.0;
        for page in PAGES {
            for (r, region) in REGIONS.iter().enumerate() {
                let here = self.fault != Fault::Region || r == self.broken;
                let more = if here && self.fault != Fault::Method { harm[0] * 0.5 } else { 0.0 };
                let trials = self.dice.count(busy / (1.0 + r as f64));
                let bad = self.dice.count(trials * (0.004 + more)).min(trials);
                let dims = [(Dim::Template, page), (Dim::Region, region)];
                put(Metric::ApiSuccess, &dims, Value::Ratio { hits: trials - bad, trials });
            }
        }
        for (m, method) in METHODS.iter().enumerate() {
            let hit = self.fault == Fault::Method && m == self.broken;
            let lost = if hit { harm[self.payer()] } else { 0.0 };
            let tries = self.dice.count(busy / (3.0 + 2.0 * m as f64));
            let orders = part(&mut self.dice, tries, 0.9 * (1.0 - lost));
            let dims = [(Dim::PaymentMethod, *method)];
            put(Metric::PaymentTry, &dims, Value::Count(tries));
            put(Metric::Orders, &dims, Value::Count(orders));
        }
    }
}

/// How many of `n` succeed, spread like coins.
fn part(dice: &mut Dice, n: f64, share: f64) -> f64 {
    let noise = (0..12).map(|_| dice.next()).sum::<f64>() - 6.0;
    (n * share + noise * (n * share * (1.0 - share)).sqrt()).round().clamp(0.0, n)
}

/// About `n` samples around `median` times `slower`, in coarse buckets.
fn spread(dice: &mut Dice, n: f64, median: f64, slower: f64) -> Value {
    let bounds: Arc<[f64]> =
        [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, f64::INFINITY].into_iter().collect();
    let logistic = |x: f64| 1.0 / (1.0 + (-x * 2.2).exp());
    let share = |x: f64| logistic((x / (median * slower)).ln());
    let mut low = 0.0;
    let counts = bounds.iter().map(|high| {
        let upto = if high.is_finite() { share(*high) } else { 1.0 };
        let part = upto - if low > 0.0 { share(low) } else { 0.0 };
        low = *high;
        dice.count(n * part)
    });
    let counts = counts.collect();
    Value::Dist(Histogram::new(bounds, counts))
}

/// A release of a service.
pub fn release(id: &str, service: &str, secs: i64) -> Change {
    Change {
        source: SourceId::new("cd"),
        id: ReleaseId::new(id),
        kind: ChangeKind::Deploy,
        service: service.to_owned(),
        environment: "production".to_owned(),
        version: id.to_owned(),
        previous: None,
        status: ChangeStatus::Succeeded,
        created_at: at(secs),
        started_at: Some(at(secs)),
        finished_at: None,
        stages: Vec::new(),
        templates: BTreeSet::new(),
        rolled_back_at: None,
        ran_before: false,
        author: String::new(),
        url: String::new(),
    }
}

/// The first second of the harm.
pub const ONSET: i64 = NOON + 15 * 60;
