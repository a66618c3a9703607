//! The bazaar's healthy weeks before a played day, as numbers expected of its tables and drawn by
//! chance: an hour is one number, and so are five minutes of the same weekday a week ago.

use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::ledger::{self, COUNTERS, HTTP_EACH};
use super::mill::{normal, poisson, swing};
use super::servers::{shares, usual};
use super::world::{
    self, BAG, BASKET, CHANNELS, COUNTRIES, HTTP_ERRORS, INP_LE, LATER, LCP_LE, LOAD_FAILURES,
    METHODS, PAGES, PODS, ROUTES, SCRIPT_ERRORS, SHOPPERS, SPREAD, STEPS, TILL, UAS, Visitor,
};

const HOUR: i64 = 3600;
const WEEK: i64 = 7 * 86_400;
const FINE: i64 = 300;

/// What was counted by each of `times`, series by series.
pub struct Past {
    pub times: Vec<i64>,
    pub counts: Vec<f64>,
}

/// What one visit to a country leaves in a series, on average.
struct Leaves {
    country: usize,
    each: f64,
}

impl Past {
    /// Whole hours of `days` up to `from`; five minutes where a week ago is looked at.
    pub fn drawn(seed: u64, days: i64, from: i64, end: i64) -> Self {
        let mut times: Vec<i64> = Vec::new();
        let mut at = (from - days * 86_400).div_euclid(HOUR) * HOUR;
        while at < from {
            times.push(at);
            let fine = from - WEEK - 2 * HOUR <= at && at < end - WEEK + HOUR;
            // back on the hour where the fine part ends
            at = if fine { at + FINE } else { (at.div_euclid(HOUR) + 1) * HOUR };
        }
        times.push(from);
        let visits = visits(&times);
        let mut rng = Pcg64::seed_from_u64(seed ^ 0x9a57);
        let mut counts = vec![0.0; COUNTERS * times.len()];
        for (series, parts) in expected().into_iter().enumerate() {
            let value = (ledger::VALUE..ledger::PAID).contains(&series);
            let row = &mut counts[series * times.len()..][..times.len()];
            let mut sum = 0.0;
            for n in 1..times.len() {
                let mean: f64 = parts.iter().map(|p| p.each * visits[p.country][n]).sum();
                let events = f64::from(poisson(&mut rng, mean));
                sum += if value { cents(&mut rng, events) } else { events };
                row[n] = sum;
            }
        }
        Self { times, counts }
    }

    pub fn last(&self, series: usize) -> f64 {
        self.counts[(series + 1) * self.times.len() - 1]
    }
}

fn cents(rng: &mut Pcg64, orders: f64) -> f64 {
    // the mean of a lognormal of spread 0.6 and median exp(-0.18) is one; its deviation is 0.66
    (orders * BASKET + orders.sqrt() * 0.66 * BASKET * normal(rng)).max(0.0).round()
}

/// Visits of each country up to each time since the one before.
fn visits(times: &[i64]) -> Vec<Vec<f64>> {
    let between = |country: usize, from: i64, to: i64| {
        let step = 300.0_f64;
        let (mut at, mut sum) = (from as f64, 0.0);
        while at < to as f64 {
            let long = step.min(to as f64 - at);
            sum += world::visits(country, at + long / 2.0, swing(country, at + long / 2.0)) * long;
            at += long;
        }
        sum
    };
    let row = |country| {
        let pairs = times.windows(2).map(|w| between(country, w[0], w[1]));
        [0.0].into_iter().chain(pairs).collect()
    };
    (0..COUNTRIES.len()).map(row).collect()
}

fn one(country: usize, each: f64) -> Vec<Leaves> {
    vec![Leaves { country, each }]
}

/// Shares of visits by channel and shopper who reach each stage, for one browser.
fn stages(ua: usize, channel: usize, shopper: usize) -> [f64; 5] {
    let v = Visitor { ua, country: 0, channel, shopper, method: 0 };
    let mut at = UAS[ua].share * CHANNELS[channel].2 * SHOPPERS[shopper].1;
    let mut all = [at; 5];
    for n in 0..STEPS.len() {
        at *= world::step(n, v);
        all[n + 1] = at;
    }
    all
}

/// Views of a page by a browser, for one visit to the shop by anybody.
fn views(page: usize, ua: usize) -> f64 {
    let looks = UAS[ua].share * (PAGES[page].landing + LATER * PAGES[page].later);
    let mut buys = [0.0; 5];
    for channel in 0..CHANNELS.len() {
        for shopper in 0..SHOPPERS.len() {
            let reached = stages(ua, channel, shopper);
            buys.iter_mut().zip(reached).for_each(|(sum, part)| *sum += part);
        }
    }
    match page {
        BAG => buys[1] + buys[2],
        TILL => buys[2] + buys[3],
        _ => looks,
    }
}

/// All counters in the order of the ledger.
fn expected() -> Vec<Vec<Leaves>> {
    let mut all = Vec::with_capacity(COUNTERS);
    let mut cells = |of: &dyn Fn(usize, usize, usize) -> Vec<f64>| {
        for page in 0..PAGES.len() {
            for ua in 0..UAS.len() {
                for country in 0..COUNTRIES.len() {
                    let each = of(page, ua, country).into_iter();
                    all.extend(each.map(|part| one(country, part * views(page, ua))));
                }
            }
        }
    };
    let good = 1.0 - LOAD_FAILURES;
    let seen = |parts: Vec<f64>| parts.into_iter().map(|s| s * good).collect::<Vec<_>>();
    cells(&|p, u, c| seen(shares(&LCP_LE, world::speed(p, u, c).0, SPREAD.0)));
    cells(&|p, u, c| seen(shares(&INP_LE, world::speed(p, u, c).1, SPREAD.1)));
    cells(&|_, _, _| vec![1.0]);
    cells(&|_, _, _| vec![SCRIPT_ERRORS]);
    cells(&|_, _, _| vec![LOAD_FAILURES]);
    shoppers(&mut all);
    servers(&mut all);
    assert_eq!(all.len(), COUNTERS);
    all
}

fn shoppers(all: &mut Vec<Vec<Leaves>>) {
    for range in [0..5, 4..5] {
        for ua in 0..UAS.len() {
            for country in 0..COUNTRIES.len() {
                for channel in 0..CHANNELS.len() {
                    for shopper in 0..SHOPPERS.len() {
                        let reached = stages(ua, channel, shopper);
                        all.extend(reached[range.clone()].iter().map(|s| one(country, *s)));
                    }
                }
            }
        }
    }
    let whole = (0..UAS.len()).flat_map(|u| {
        let pairs = (0..CHANNELS.len()).flat_map(|c| (0..SHOPPERS.len()).map(move |s| (c, s)));
        pairs.map(move |(c, s)| stages(u, c, s)[3])
    });
    let tries: f64 = whole.sum();
    for method in 0..METHODS.len() {
        for country in 0..COUNTRIES.len() {
            let tries = tries * world::paid_by(country)[method];
            for share in [STEPS[3], 1.0 - STEPS[3], 0.0] {
                all.push(one(country, tries * share));
            }
        }
    }
}

fn servers(all: &mut Vec<Vec<Leaves>>) {
    let seen = |page: usize| (0..UAS.len()).map(|u| views(page, u)).sum::<f64>();
    for page in 0..PAGES.len() {
        for country in 0..COUNTRIES.len() {
            all.extend([0.85, 0.15].map(|part| one(country, seen(page) * part)));
        }
    }
    let everywhere = |each: f64| {
        (0..COUNTRIES.len()).map(|country| Leaves { country, each }).collect::<Vec<_>>()
    };
    for route in &ROUTES {
        let calls = seen(route.page) * route.calls / PODS as f64;
        let parts = usual(route);
        assert_eq!(parts.len(), HTTP_EACH);
        for _ in 0..PODS {
            for share in [1.0 - HTTP_ERRORS, HTTP_ERRORS] {
                all.extend(parts.iter().map(|p| everywhere(calls * share * p)));
            }
        }
    }
}
