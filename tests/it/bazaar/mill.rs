//! Shoppers of a played day, one by one, in steps of five seconds: what they look at, buy and meet,
//! counted into the bazaar's series. A visit's later steps come when they come: seconds to minutes.

use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, Poisson, StandardNormal};
use rand_pcg::Pcg64;

use super::fault::{Effect, What};
use super::ledger::{self, COUNTERS, NUMBERS, PHASES};
use super::story::Story;
use super::world::{
    self, BAG, BASKET, CHANNELS, COUNTRIES, INP_LE, LAGS, LATER, LCP_LE, LOAD_FAILURES, NONE,
    PAGES, Place, SCRIPT_ERRORS, SHOPPERS, SPREAD, TILL, UAS, Visitor,
};

pub const STEP: i64 = 5;
/// Shoppers are followed from so long before the first slot, so that all steps are under way.
const WARM: i64 = 900;

/// What was counted in each slot: series by series.
pub struct Day {
    pub from: i64,
    pub slots: usize,
    pub counts: Vec<u32>,
    pub numbers: Vec<f32>,
    /// Views of each page by country and slot, seen or not: what servers answer.
    pub hits: Vec<u32>,
    /// Effects and their strength in each slot.
    pub felt: Vec<Vec<(Effect, f64)>>,
}

impl Day {
    /// From `from` to the story's end.
    pub fn lived(story: &Story, from: i64) -> Self {
        let slots = ((story.end - from) / STEP) as usize;
        let felt = (0..slots).map(|n| story.felt((from + n as i64 * STEP) as f64 + 2.5)).collect();
        let mut day = Self {
            from,
            slots,
            counts: vec![0; COUNTERS * slots],
            numbers: vec![0.0; NUMBERS * slots],
            hits: vec![0; PAGES.len() * COUNTRIES.len() * slots],
            felt,
        };
        let rng = Pcg64::seed_from_u64(story.seed ^ 0x5eed);
        let mut mill = Mill { day: &mut day, rng };
        for at in (from - WARM..story.end).step_by(STEP as usize) {
            mill.slot(at);
        }
        super::servers::answer(&mut day, story);
        day
    }

    pub fn slot(&self, at: f64, phase: usize) -> Option<usize> {
        let since = at - self.from as f64 - PHASES[phase] as f64 / 1000.0;
        let slot = (since / STEP as f64).floor();
        (slot >= 0.0 && slot < self.slots as f64).then_some(slot as usize)
    }

    pub fn add(&mut self, series: usize, slot: usize, n: u32) {
        if let Some(count) = self.counts.get_mut(series * self.slots + slot) {
            *count += n;
        }
    }

    fn felt_at(&self, at: f64) -> &[(Effect, f64)] {
        let slot = ((at - self.from as f64) / STEP as f64).floor().max(0.0) as usize;
        self.felt.get(slot).map_or(&[], Vec::as_slice)
    }

    /// The product of what multiplies.
    fn factor(&self, what: What, at: f64, page: Option<usize>, v: Visitor) -> f64 {
        let felt = self.felt_at(at).iter().filter(|(e, _)| e.what == what && e.at.holds(page, v));
        felt.map(|(e, grown)| 1.0 + (e.size - 1.0) * grown).product()
    }

    /// The sum of what comes on top.
    fn added(&self, what: What, at: f64, page: Option<usize>, v: Visitor) -> f64 {
        let felt = self.felt_at(at).iter().filter(|(e, _)| e.what == what && e.at.holds(page, v));
        felt.map(|(e, grown)| e.size * grown).sum()
    }
}

/// The slow swing of a country's visits: knots 20 minutes apart, joined smoothly. The same for all.
pub fn swing(country: usize, at: f64) -> f64 {
    let knot = (at / 1200.0).floor();
    let value = |k: f64| {
        let mut x = (k as i64 as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (country as u64 + 77);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x >> 40) as f64 / f64::from(1 << 24) - 0.5
    };
    let part = at / 1200.0 - knot;
    let smooth = part * part * (3.0 - 2.0 * part);
    1.0 + 0.10 * (value(knot) * (1.0 - smooth) + value(knot + 1.0) * smooth)
}

pub fn poisson(rng: &mut Pcg64, mean: f64) -> u32 {
    if mean <= 0.0 {
        return 0;
    }
    Poisson::new(mean).map_or(0, |p| p.sample(rng) as u32)
}

pub fn normal(rng: &mut Pcg64) -> f64 {
    StandardNormal.sample(rng)
}

fn pick(rng: &mut Pcg64, shares: impl Iterator<Item = f64>) -> usize {
    let mut left: f64 = rng.random();
    let mut last = 0;
    for (n, share) in shares.enumerate() {
        if share > 0.0 {
            last = n;
        }
        left -= share;
        if left < 0.0 {
            return n;
        }
    }
    last
}

fn bucket(bounds: &[f64], value: f64) -> usize {
    bounds.partition_point(|b| *b < value)
}

struct Mill<'a> {
    day: &'a mut Day,
    rng: Pcg64,
}

impl Mill<'_> {
    fn slot(&mut self, at: i64) {
        let middle = at as f64 + 2.5;
        for country in 0..COUNTRIES.len() {
            let usual = world::visits(country, middle, swing(country, middle)) * STEP as f64;
            let dark = self.dark(country, middle);
            for _ in 0..poisson(&mut self.rng, usual * dark) {
                let visitor = self.visitor(country);
                self.visit(at, visitor, 1.0);
            }
            let more: Vec<(Place, f64, f64)> = self.extra(middle);
            for (place, size, buys) in more {
                for _ in 0..poisson(&mut self.rng, usual * size) {
                    let visitor = self.visitor(country);
                    if place.holds(None, visitor) {
                        let visitor = if buys > 0.0 { visitor } else { bot(visitor) };
                        self.visit(at, visitor, buys);
                    }
                }
            }
        }
    }

    fn dark(&self, country: usize, at: f64) -> f64 {
        let v = Visitor { ua: 0, country, channel: 0, shopper: 0, method: 0 };
        self.day.factor(What::Visits, at, None, v)
    }

    fn extra(&self, at: f64) -> Vec<(Place, f64, f64)> {
        let felt = self.day.felt_at(at).iter();
        felt.filter_map(|(e, grown)| match e.what {
            What::Extra(buys) => Some((e.at, e.size * grown, buys)),
            _ => None,
        })
        .collect()
    }

    fn visitor(&mut self, country: usize) -> Visitor {
        Visitor {
            ua: pick(&mut self.rng, UAS.iter().map(|u| u.share)),
            country,
            channel: pick(&mut self.rng, CHANNELS.iter().map(|c| c.2)),
            shopper: pick(&mut self.rng, SHOPPERS.iter().map(|s| s.1)),
            method: pick(&mut self.rng, world::paid_by(country).into_iter()),
        }
    }

    fn lag(&mut self, n: usize) -> f64 {
        let (median, spread) = LAGS[n];
        median * (normal(&mut self.rng) * spread).exp()
    }

    fn visit(&mut self, at: i64, v: Visitor, buys: f64) {
        let begun = at as f64 + self.rng.random::<f64>() * STEP as f64;
        self.event(begun, 0, v);
        let page = pick(&mut self.rng, PAGES.iter().map(|p| p.landing));
        self.view(begun, page, v);
        let mut now = begun;
        while self.rng.random_bool(LATER / (1.0 + LATER)) {
            now += 22.0 * (normal(&mut self.rng) * 0.8).exp();
            let page = pick(&mut self.rng, PAGES.iter().map(|p| p.later));
            self.view(now, page, v);
        }
        if buys > 0.0 {
            self.buy(begun, v, buys);
        }
    }

    fn goes_on(&mut self, n: usize, at: f64, v: Visitor, share: f64) -> bool {
        let share = share * self.day.factor(What::Step(n), at, None, v);
        self.rng.random_bool(share.clamp(0.0, 1.0))
    }

    fn buy(&mut self, begun: f64, v: Visitor, buys: f64) {
        let mut at = begun + self.lag(0);
        if !self.goes_on(0, at, v, world::step(0, v) * buys) {
            return;
        }
        self.event(at, 1, v);
        self.view(at, BAG, v);
        at += self.lag(1);
        if !self.goes_on(1, at, v, world::step(1, v)) {
            return;
        }
        self.view(at - 4.0, BAG, v);
        self.event(at, 2, v);
        self.view(at, TILL, v);
        at += self.lag(2);
        if !self.goes_on(2, at, v, world::step(2, v)) {
            return;
        }
        self.event(at, 3, v);
        self.view(at, TILL, v);
        let asked = at;
        at += self.lag(3);
        let paid = self.goes_on(3, asked, v, world::step(3, v));
        let outcome = if paid { ledger::APPROVED } else { ledger::DECLINED };
        self.count(at, 1, ledger::paid(v.method, v.country, outcome), 1);
        if paid {
            self.event(at, 4, v);
            let value = BASKET * self.day.factor(What::Value, asked, None, v);
            let cents = value * (normal(&mut self.rng) * 0.6 - 0.18).exp();
            let who = ledger::who(v.ua, v.country, v.channel, v.shopper);
            self.count(at, 1, ledger::VALUE + who, cents as u32);
        }
    }

    fn event(&mut self, at: f64, stage: usize, v: Visitor) {
        let who = ledger::who(v.ua, v.country, v.channel, v.shopper);
        self.count(at, 1, ledger::event(stage, who), 1);
    }

    fn count(&mut self, at: f64, phase: usize, series: usize, n: u32) {
        if let Some(slot) = self.day.slot(at, phase) {
            self.day.add(series, slot, n);
        }
    }

    fn view(&mut self, at: f64, page: usize, v: Visitor) {
        if let Some(slot) = self.day.slot(at, 2) {
            let at = (page * COUNTRIES.len() + v.country) * self.day.slots + slot;
            self.day.hits[at] += 1;
        }
        let missed = self.rng.random_bool(0.15);
        self.count(at, 3, ledger::edge(page, v.country, missed), 1);
        let day = &*self.day;
        let p = Some(page);
        let kept = day.factor(What::Beacons, at, p, v);
        let fails = LOAD_FAILURES + day.added(What::Load, at, p, v);
        let script = SCRIPT_ERRORS + day.added(What::Script, at, p, v);
        let slower = (day.factor(What::Lcp, at, p, v), day.factor(What::Inp, at, p, v));
        if !self.rng.random_bool(kept.min(1.0)) {
            return;
        }
        let cell = ledger::cell(page, v.ua, v.country);
        self.count(at, 0, ledger::VIEWS + cell, 1);
        if self.rng.random_bool(script.min(1.0)) {
            self.count(at, 0, ledger::SCRIPT + cell, 1);
        }
        if self.rng.random_bool(fails.min(1.0)) {
            self.count(at, 0, ledger::FAILED + cell, 1);
            return;
        }
        let (lcp, inp) = world::speed(page, v.ua, v.country);
        let lcp = lcp * slower.0 * (normal(&mut self.rng) * SPREAD.0).exp();
        let inp = inp * slower.1 * (normal(&mut self.rng) * SPREAD.1).exp();
        let (at_lcp, at_inp) = (bucket(&LCP_LE, lcp), bucket(&INP_LE, inp));
        self.count(at, 0, ledger::LCP + cell * LCP_LE.len() + at_lcp, 1);
        self.count(at, 0, ledger::INP + cell * INP_LE.len() + at_inp, 1);
    }
}

fn bot(v: Visitor) -> Visitor {
    Visitor { channel: NONE, shopper: 0, ..v }
}
