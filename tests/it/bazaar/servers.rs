//! What the bazaar's services and checks tell of a played day: calls by route, status and time
//! taken, pods with their gauges, probes. A service fails with those it calls. No shopper is here.

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64;
use statrs::function::erf::erf;

use super::fault::What;
use super::ledger::{self, CHECKS, GAUGES, VANTAGES};
use super::mill::{Day, STEP, normal, poisson};
use super::story::Story;
use super::world::{COUNTRIES, HTTP_ERRORS, HTTP_LE, PAGES, PODS, ROUTES, Route, SERVICES, UAS};

/// Spread of the time a call takes: natural logarithms.
const SPREAD: f64 = 0.5;
/// A check runs every 30 s and tells the same until then.
const RUN: i64 = 30;

/// `a` calls `b`, directly or through another.
pub fn calls(a: &str, b: &str) -> bool {
    match a {
        "gateway" => b != "gateway",
        "bff" => !["gateway", "bff"].contains(&b),
        "checkout" => ["payment", "inventory", "notification"].contains(&b),
        _ => false,
    }
}

/// Share of a lognormal below `bound`.
pub fn below(bound: f64, median: f64, spread: f64) -> f64 {
    if bound.is_infinite() {
        return 1.0;
    }
    0.5 * (1.0 + erf((bound / median).ln() / spread / std::f64::consts::SQRT_2))
}

/// Shares of the buckets of a lognormal.
pub fn shares(bounds: &[f64], median: f64, spread: f64) -> Vec<f64> {
    let mut last = 0.0;
    let each = |b: &f64| {
        let upto = below(*b, median, spread);
        upto - std::mem::replace(&mut last, upto)
    };
    bounds.iter().map(each).collect()
}

/// Calls of a healthy route: shares of its buckets.
pub fn usual(route: &Route) -> Vec<f64> {
    shares(&HTTP_LE, route.took, SPREAD)
}

/// Error share and median seconds of a route in a slot.
fn state(day: &Day, slot: usize, route: &Route) -> (f64, f64) {
    let (mut errors, mut took) = (HTTP_ERRORS, route.took);
    let felt = day.felt.get(slot).map_or(&[][..], Vec::as_slice);
    for (effect, grown) in felt {
        let here = effect.at.page.is_none_or(|p| p == PAGES[route.page].ours);
        match effect.what {
            What::Http(service) if here && service == route.service => {
                errors += effect.size * grown;
            }
            What::Http(service) if here && calls(route.service, service) => {
                errors += 0.92 * effect.size * grown;
            }
            What::Slow(service) if here => {
                let factor = (effect.size - 1.0) * grown;
                let of = |r: &&Route| r.service == service && r.page == route.page;
                let waits = ROUTES.iter().filter(of).map(|r| r.took).fold(0.0, f64::max);
                if service == route.service {
                    took *= 1.0 + factor;
                } else if calls(route.service, service) {
                    took += waits * factor;
                }
            }
            _ => {}
        }
    }
    (errors.min(1.0), took)
}

pub fn answer(day: &mut Day, story: &Story) {
    let mut rng = Pcg64::seed_from_u64(story.seed ^ 0xca11);
    for slot in 0..day.slots {
        routes(day, slot, &mut rng);
        gauges(day, slot, &mut rng);
    }
    checks(day, &mut rng);
}

fn views(day: &Day, page: usize, slot: usize) -> f64 {
    let of = |c| day.hits[(page * COUNTRIES.len() + c) * day.slots + slot];
    (0..COUNTRIES.len()).map(|c| f64::from(of(c))).sum()
}

fn routes(day: &mut Day, slot: usize, rng: &mut Pcg64) {
    for (n, route) in ROUTES.iter().enumerate() {
        let mean = views(day, route.page, slot) * route.calls / PODS as f64;
        let (errors, took) = state(day, slot, route);
        let buckets = shares(&HTTP_LE, took, SPREAD);
        for pod in 0..PODS {
            for (failed, share) in [(false, 1.0 - errors), (true, errors)] {
                let first = ledger::http(n, pod, failed);
                for (b, part) in buckets.iter().enumerate() {
                    let calls = poisson(rng, mean * share * part);
                    day.add(first + b, slot, calls);
                }
            }
        }
    }
}

fn gauges(day: &mut Day, slot: usize, rng: &mut Pcg64) {
    for (s, service) in SERVICES.iter().enumerate() {
        let own = || ROUTES.iter().filter(|r| r.service == *service);
        let calls: f64 = own().map(|r| views(day, r.page, slot) * r.calls).sum();
        let busy: f64 =
            own().map(|r| views(day, r.page, slot) * r.calls * state(day, slot, r).1).sum::<f64>()
                / STEP as f64;
        let felt = day.felt.get(slot).map_or(&[][..], Vec::as_slice);
        let kept: f64 = felt
            .iter()
            .filter(|(e, _)| e.what == What::Memory(service))
            .map(|(e, grown)| (e.size - 1.0) * grown)
            .sum();
        for pod in 0..PODS {
            let cpu = 0.12 + calls / STEP as f64 / 900.0 + kept * 0.15 + 0.01 * normal(rng);
            let memory = 4.2e8 * (1.0 + kept) + 6.0e6 * normal(rng);
            let pool = 4.0 + busy * 0.6 + 0.8 * normal(rng);
            let queue = f64::from(poisson(rng, 3.0 + busy * 0.1));
            let all = [cpu.clamp(0.01, 1.0), memory, pool.max(0.0).round(), queue];
            let first = ledger::POD + (s * PODS + pod) * GAUGES;
            for (g, value) in all.into_iter().enumerate() {
                day.numbers[(first + g) * day.slots + slot] = value as f32;
            }
        }
    }
    for u in 0..UAS.len() {
        let delay = 1.4 + 0.1 * u as f64 + 0.06 * normal(rng);
        day.numbers[(ledger::LAG + u) * day.slots + slot] = delay as f32;
    }
}

fn checks(day: &mut Day, rng: &mut Pcg64) {
    for (c, (_, page)) in CHECKS.iter().enumerate() {
        for vantage in 0..VANTAGES.len() {
            let series = (ledger::CHECK + c * VANTAGES.len() + vantage) * day.slots;
            let mut last = 1.0;
            for slot in 0..day.slots {
                if (slot as i64 * STEP + vantage as i64 * 15) % RUN == 0 {
                    let felt = day.felt.get(slot).map_or(&[][..], Vec::as_slice);
                    let hits = felt
                        .iter()
                        .filter(|(e, _)| e.what == What::Check && e.at.page == Some(page));
                    let fails: f64 = hits.map(|(e, grown)| e.size * grown).sum();
                    last = if rng.random_bool(fails.min(1.0)) { 0.0 } else { 1.0 };
                }
                day.numbers[series + slot] = last;
            }
        }
    }
}
