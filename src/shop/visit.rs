//! Visits: draws the shoppers of one minute and counts them straight into a tally.
//! One code path for history and live. No allocation per visit.

use rand::RngCore;
use rand_pcg::Pcg64Mcg;

use super::dims::BINS;
use super::moment::{Moment, ViewEffect};
use super::rng::{Purpose, exponential, mix, stream, uniform, unit};
use super::tally::{Business, Tally, View};
use super::world::{
    AXIS_PER_LOG, BASKET_EUR, BASKET_SD, BROWSE, CellFacts, FUNNEL, INP_SD, INTERACT, LCP_SD,
    STEP_MAX,
};

const LCP_SPREAD: f32 = (LCP_SD * AXIS_PER_LOG) as f32;
const INP_SPREAD: f32 = (INP_SD * AXIS_PER_LOG) as f32;

/// What of a minute is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VisitPart {
    /// Visits, orders and the beacons that arrive in time.
    OnTime,
    /// Only the beacons that arrive late.
    Late,
}

/// Draws the minute and counts the visits of its first `until` seconds (60: all). The draws do not
/// depend on `until`, so a longer prefix always holds the shorter one.
pub fn draw(moment: &Moment<'_>, part: VisitPart, until: f64, tally: &mut Tally) {
    let mut pen = VisitPen { moment, part, until: until / 60.0, tally };
    pen.walk(&moment.rates, Purpose::Visits, VisitorCrowd::Shoppers);
    if let Some(bots) = &moment.bots {
        pen.walk(bots, Purpose::Bots, VisitorCrowd::Bots);
    }
    if let Some(buyers) = &moment.buyers {
        pen.walk(buyers, Purpose::Buyers, VisitorCrowd::Buyers);
    }
}

/// Who comes: they differ in what they buy.
#[derive(Clone, Copy, PartialEq, Eq)]
enum VisitorCrowd {
    Shoppers,
    /// Buy nothing.
    Bots,
    /// Came for one thing and mostly get it.
    Buyers,
}

/// Chance that one who came to buy takes each of the four steps.
const DETERMINED: f64 = 0.93;

struct VisitPen<'a> {
    moment: &'a Moment<'a>,
    part: VisitPart,
    /// Share of the minute that is counted.
    until: f64,
    tally: &'a mut Tally,
}

/// What all views of one visit share.
#[derive(Clone, Copy)]
struct Visit<'a> {
    facts: &'a CellFacts,
    cell: usize,
    lot: u32,
    variant: Option<bool>,
    counted: bool,
}

impl VisitPen<'_> {
    /// A unit-rate Poisson process laid along the cells, each as long as its expected visits: every
    /// cell gets its own independent Poisson number, at the price of one exponential per visit.
    fn walk(&mut self, rates: &[f64], purpose: Purpose, crowd: VisitorCrowd) {
        let mut rng = stream(self.moment.world.seed, purpose, self.moment.minute);
        let mut next = exponential(&mut rng);
        let mut end = 0.0;
        for (cell, (rate, facts)) in rates.iter().zip(&self.moment.world.cells).enumerate() {
            end += rate;
            while next < end {
                self.visit(&mut rng, cell, facts, crowd);
                next += exponential(&mut rng);
            }
        }
    }

    fn visit(&mut self, rng: &mut Pcg64Mcg, cell: usize, facts: &CellFacts, crowd: VisitorCrowd) {
        let bits = rng.next_u64();
        let browsing = rng.next_u64();
        let (funnel, depth) = self.funnel(rng, cell, facts, crowd, (bits & 0xffff) as u32);
        let visit = Visit {
            facts,
            cell,
            lot: (bits & 0xffff) as u32,
            variant: self
                .moment
                .variant_share
                .map(|share| (bits >> 16 & 0xffff) as f64 / 65536.0 < share),
            counted: unit(bits & !0xffff_ffff) < self.until,
        };
        if visit.counted && self.part == VisitPart::OnTime {
            self.tally.visit(facts.biz, &funnel);
        }
        for (i, template) in BROWSE.into_iter().enumerate() {
            let count = self.views(i, browsing >> (16 * i) & 0xffff);
            self.page(rng, &visit, template, count);
        }
        for (i, (template, reached)) in FUNNEL.into_iter().enumerate() {
            if depth >= reached {
                let count = 1 + self.views(4 + i, rng.next_u64() & 0xffff);
                self.page(rng, &visit, template, count);
            }
        }
    }

    fn views(&self, table: usize, lot: u64) -> usize {
        let thresholds = self.moment.world.views.get(table).map_or(&[][..], Vec::as_slice);
        thresholds.iter().take_while(|t| lot >= u64::from(**t)).count()
    }

    /// Counts of one visit and how many funnel steps it took. One uniform is enough: the chances
    /// of the steps are nested.
    fn funnel(
        &self,
        rng: &mut Pcg64Mcg,
        cell: usize,
        facts: &CellFacts,
        crowd: VisitorCrowd,
        lot: u32,
    ) -> (Business, usize) {
        let u = uniform(rng);
        let mut counts = Business { sessions: 1, ..Business::default() };
        if crowd == VisitorCrowd::Bots {
            return (counts, 0);
        }
        let mut chance = 1.0;
        let mut depth = 0;
        for (step, (base, max)) in facts.steps.iter().zip(STEP_MAX).enumerate() {
            let hit = self.moment.steps.iter().filter(|e| {
                e.step == step
                    && e.cells.get(cell) == Some(&true)
                    && e.version.is_none_or(|v| self.moment.version(e.template, lot) == v)
            });
            let usual = if crowd == VisitorCrowd::Buyers { DETERMINED } else { *base };
            chance *= hit.fold(usual, |p, e| p * e.factor).min(max);
            if u >= chance {
                break;
            }
            depth += 1;
        }
        counts.add_to_cart = u32::from(depth >= 1);
        counts.checkout_start = u32::from(depth >= 2);
        counts.payment_try = u32::from(depth >= 3);
        if depth == 4 {
            let lot = rng.next_u32();
            let z = f64::from(self.moment.world.gauss.at(lot));
            let median = BASKET_EUR * (-BASKET_SD * BASKET_SD / 2.0).exp();
            let (value, twice) = self.ordering(cell);
            counts.orders = 1 + u32::from(twice > 0.0 && unit(mix(u64::from(lot))) < twice);
            let cents = (100.0 * median * (BASKET_SD * z).exp() * value).round() as u64;
            counts.cents = cents * u64::from(counts.orders);
        }
        (counts, depth)
    }

    /// Factor on the value of an order of this cell, and the share that is written twice.
    fn ordering(&self, cell: usize) -> (f64, f64) {
        let hit = self.moment.orders.iter().filter(|e| e.cells.get(cell) == Some(&true));
        hit.fold((1.0, 0.0), |(value, twice), e| (value * e.value, e.twice.max(twice)))
    }

    fn page(&mut self, rng: &mut Pcg64Mcg, visit: &Visit<'_>, template: usize, count: usize) {
        if count == 0 {
            return;
        }
        let version = self.moment.version(template, visit.lot);
        let (Some(lcp), Some(inp), Some(error), Some(drift)) = (
            visit.facts.lcp.get(template),
            visit.facts.inp.get(template),
            visit.facts.error.get(template),
            self.moment.drift.get(template),
        ) else {
            return;
        };
        let mut odds = Odds {
            lcp: lcp + drift,
            inp: inp + drift,
            error: *error,
            keep: 1.0,
            late: 0.0,
            twice: 0.0,
        };
        for effect in &self.moment.views {
            if hits(effect, visit, template, version) {
                odds.lcp += effect.lcp;
                odds.inp += effect.inp;
                odds.error += effect.error;
                odds.keep *= 1.0 - effect.loss;
                odds.late = effect.late.max(odds.late);
                odds.twice = effect.twice.max(odds.twice);
            }
        }
        let [source, browser, network] = visit.facts.keys;
        let device = visit.facts.cell.device;
        let release = usize::from(version) * 18 + template * 3 + device;
        let keys =
            [template * 12 + source, template * 12 + browser, template * 9 + network, release];
        let cohort = visit.variant.map(|v| (template * 3 + device) * 2 + usize::from(v));
        for _ in 0..count {
            if visit.counted && self.part == VisitPart::OnTime {
                self.tally.request(template);
            }
            if let Some((lcp, inp, error, twice)) = self.beacon(rng, &odds)
                && visit.counted
            {
                let late = self.part == VisitPart::Late;
                for _ in 0..=usize::from(twice) {
                    self.tally.view(&View { keys, cohort, error, lcp, inp, late });
                }
            }
        }
    }

    /// One view's beacon when it belongs to the wanted part, and whether it is sent twice; always
    /// takes the same two draws.
    fn beacon(
        &self,
        rng: &mut Pcg64Mcg,
        odds: &Odds,
    ) -> Option<(usize, Option<usize>, bool, bool)> {
        let (speed, luck) = (rng.next_u64(), rng.next_u64());
        let lot = |shift: u32| (luck >> shift & 0xffff) as f64 / 65536.0;
        let late = odds.late > 0.0 && lot(32) < odds.late;
        if lot(48) >= odds.keep || late != (self.part == VisitPart::Late) {
            return None;
        }
        let gauss = &self.moment.world.gauss;
        let lcp = bin(odds.lcp + LCP_SPREAD * gauss.at((speed >> 32) as u32));
        let inp = (lot(0) < INTERACT)
            .then(|| bin(odds.inp + INP_SPREAD * gauss.at((speed & 0xffff_ffff) as u32)));
        let twice = odds.twice > 0.0 && unit(mix(luck)) < odds.twice;
        Some((lcp, inp, lot(16) < f64::from(odds.error), twice))
    }
}

/// Medians on the bin axis and chances of one visit's views of one template.
struct Odds {
    lcp: f32,
    inp: f32,
    error: f32,
    keep: f64,
    late: f64,
    twice: f64,
}

fn hits(effect: &ViewEffect<'_>, visit: &Visit<'_>, template: usize, version: u16) -> bool {
    effect.templates >> template & 1 == 1
        && effect.cells.get(visit.cell) == Some(&true)
        && effect.version.is_none_or(|v| v == version)
        && (!effect.variant || visit.variant == Some(true))
}

/// Position on the bin axis to a bin; outside values fall into the end bins.
fn bin(axis: f32) -> usize {
    (axis.max(0.0) as usize).min(BINS - 1)
}
