//! Human: when a careful person who watched just the affected cells would call an incident.
//! The yardstick of tests and drills: 14 nats of information about the
//! true effect, day drift included, plus five minutes to read them. The product never asks.

use std::collections::BTreeSet;

use super::dims::{CART, CHECKOUT, TEMPLATES};
use super::effect::{Compiled, HarmKind, ShopStep};
use super::finance::HOURS;
use super::moment::Moment;
use super::timeline::{ShopTimeline, minute_time};
use super::truth::TrueIncident;
use super::world::{BASKET_SD, CellFacts, DRIFT_SD, INP_SD, INTERACT, LCP_SD, VIEWS, World};
use crate::domain::segment::Dim;
use crate::domain::time::Timestamp;

/// Nats that convince, and minutes it takes to read them.
const ENOUGH: f64 = 14.0;
const READING: i64 = 5;
/// No effect takes longer to show than this, in minutes.
const HORIZON: i64 = 24 * 60;
const USUAL_ERRORS: f64 = 0.007;
const USUAL_ORPHANS: f64 = 0.02;
/// Rise of what a customer costs that counts (policy row of revenue efficiency).
const DEARER: f64 = 0.2;
/// Page views a visit, all templates.
const VIEWS_EACH: f64 = 3.7;
/// Information in one failing check, and in a minute of late beacons.
const CHECK_NATS: f64 = 4.0;
const LATE_NATS: f64 = 0.6;
/// Orders a visit of those who come to buy.
const BUY: f64 = 0.75;
/// Usual spread of page views a visit, share of the mean.
const BEACON_SD: f64 = 0.06;

/// What has been seen so far.
#[derive(Default)]
struct HumanSeen {
    nats: f64,
    /// Samples and summed log shifts of LCP and INP.
    speed: [(f64, f64); 2],
    /// Expected and missing beacons.
    beacons: (f64, f64),
}

/// When it would be called; none when a day is not enough.
pub fn call_by(
    world: &World,
    timeline: &ShopTimeline,
    incident: &TrueIncident,
) -> Option<Timestamp> {
    let starts = |c: &&Compiled| minute_time(c.effect.from) == incident.onset;
    let effects: Vec<&Compiled> = timeline.effects.iter().filter(starts).collect();
    let onset = incident.onset.secs().div_euclid(60);
    let mut seen = HumanSeen::default();
    for minute in onset..onset + HORIZON {
        let moment = Moment::new(world, timeline, minute);
        for effect in &effects {
            let strength = effect.effect.strength(minute);
            if strength > 0.0 {
                seen.take(&moment, timeline, effect, strength);
            }
        }
        if seen.total() >= ENOUGH {
            return Some(minute_time(minute + 1 + READING));
        }
    }
    None
}

impl HumanSeen {
    fn take(&mut self, moment: &Moment<'_>, timeline: &ShopTimeline, c: &Compiled, k: f64) {
        match c.effect.kind {
            HarmKind::LcpFactor(f) => self.slower(0, views(moment, timeline, c), f.ln() * k),
            HarmKind::InpFactor(f) => {
                self.slower(1, views(moment, timeline, c) * INTERACT, f.ln() * k)
            }
            HarmKind::ErrorAdd(add) => {
                self.nats += views(moment, timeline, c) * kl(USUAL_ERRORS + add * k, USUAL_ERRORS);
            }
            HarmKind::StepFactor(step, f) => {
                self.nats += funnel(moment, c, step, 1.0 + (f - 1.0) * k)
            }
            HarmKind::BeaconLoss(share) | HarmKind::BeaconRepeat(share) => {
                let expected = visits(moment, c) * VIEWS_EACH;
                self.beacons.0 += expected;
                self.beacons.1 += expected * share * k;
            }
            HarmKind::Orphans(add) => {
                let requests = views(moment, timeline, c);
                self.nats += requests * kl(USUAL_ORPHANS + add * k, USUAL_ORPHANS);
            }
            HarmKind::Delay { .. } => self.nats += LATE_NATS,
            HarmKind::CheckFail { share, .. } => {
                let regions = c.effect.scope.dims.get(&Dim::Region).map_or(3, BTreeSet::len);
                // the checkout runs each minute, the rest each third
                let runs = (0..TEMPLATES.len()).filter(|t| c.templates >> t & 1 == 1);
                let runs = runs.map(|t| if t == CHECKOUT { 1.0 } else { 1.0 / 3.0 }).sum::<f64>();
                self.nats += CHECK_NATS * share * k * regions as f64 * runs;
            }
            HarmKind::VisitFactor(f) if f < 1.0 => {
                let left = 1.0 + (f - 1.0) * k;
                let usual = visits(moment, c) / left.max(1e-6);
                self.beacons.0 += usual;
                self.beacons.1 += usual * (1.0 - left);
            }
            // told once an hour, and policy asks that it lasts: two tellings convince
            HarmKind::AdCost(f) => self.nats += dearer(moment.minute, c.effect.from, f),
            HarmKind::OrderValue(f) => {
                self.nats += orders(moment, c) * (f.ln() * k / BASKET_SD).powi(2) / 2.0;
            }
            HarmKind::OrderRepeat(share) => self.nats += orders(moment, c) * more(share * k),
            HarmKind::Buyers(multiple) => {
                let usual = orders(moment, c);
                let bought = visits(moment, c) * multiple * k * BUY;
                self.nats += usual * more(bought / usual.max(1e-6));
            }
            HarmKind::VisitFactor(_) | HarmKind::Bots(_) | HarmKind::CheckSlow(_) => {}
        }
    }

    fn slower(&mut self, which: usize, samples: f64, shift: f64) {
        if let Some(speed) = self.speed.get_mut(which) {
            speed.0 += samples;
            speed.1 += samples * shift;
        }
    }

    fn total(&self) -> f64 {
        let speed = self.speed.iter().zip([LCP_SD, INP_SD]).filter(|((n, _), _)| *n > 0.0);
        // pages differ from day to day: that is no evidence
        let drift = (1.2 * DRIFT_SD).powi(2);
        let speed = speed.map(|((n, sum), sd)| (sum / n).powi(2) / (2.0 * (sd * sd / n + drift)));
        let (n, missing) = self.beacons;
        let beacons = missing.powi(2) / (4.0 * (n + (BEACON_SD * n).powi(2)).max(1.0));
        self.nats + speed.sum::<f64>() + beacons
    }
}

/// Nats in each expected event where a share more of them came than usual.
fn more(share: f64) -> f64 {
    (1.0 + share) * share.ln_1p() - share
}

fn kl(p: f64, q: f64) -> f64 {
    let (p, q) = (p.clamp(1e-9, 1.0 - 1e-9), q.clamp(1e-9, 1.0 - 1e-9));
    p * (p / q).ln() + (1.0 - p) * ((1.0 - p) / (1.0 - q)).ln()
}

/// Nats in the figure of this full hour, which covers the hours before: half of what convinces,
/// once it is a fifth above what is usual.
fn dearer(minute: i64, from: i64, factor: f64) -> f64 {
    let share = (minute - from) as f64 / (HOURS * 60) as f64;
    let told = minute % 60 == 0 && share.min(1.0) * (factor - 1.0) >= DEARER;
    if told { ENOUGH / 2.0 } else { 0.0 }
}

/// Cells that are hit, with the visits expected in them.
fn hit<'a>(
    moment: &'a Moment<'_>,
    c: &'a Compiled,
) -> impl Iterator<Item = (&'a CellFacts, f64)> + 'a {
    let rates = moment.rates.iter().zip(&moment.world.cells).zip(&c.cells);
    rates.filter(|(_, hit)| **hit).map(|((rate, facts), _)| (facts, *rate))
}

fn visits(moment: &Moment<'_>, c: &Compiled) -> f64 {
    hit(moment, c).map(|(_, rate)| rate).sum()
}

/// Orders expected in the cells that are hit, on a usual minute.
fn orders(moment: &Moment<'_>, c: &Compiled) -> f64 {
    hit(moment, c).map(|(facts, rate)| rate * facts.steps.iter().product::<f64>()).sum()
}

/// Page views a visit of this cell has of a template.
pub fn views_of(facts: &CellFacts, template: usize) -> f64 {
    let own = VIEWS.get(template).copied().unwrap_or(0.0);
    let [cart, checkout, ..] = facts.steps;
    match template {
        CART => cart * (1.0 + own),
        CHECKOUT => cart * checkout * (1.0 + own),
        _ => own,
    }
}

/// Views hit in this minute: templates, the release's share, the experiment's arm.
fn views(moment: &Moment<'_>, timeline: &ShopTimeline, c: &Compiled) -> f64 {
    let arm = if c.variant { moment.variant_share.unwrap_or(0.0) } else { 1.0 };
    let share = |template: usize| match c.version {
        Some(version) => {
            let newest = timeline.deployments.iter().rev();
            let mut by = newest.filter(|d| d.version == usize::from(version));
            by.next()
                .filter(|d| d.templates >> template & 1 == 1)
                .map_or(0.0, |d| d.share(moment.minute))
        }
        None => 1.0,
    };
    let templates: Vec<(usize, f64)> = (0..TEMPLATES.len())
        .filter(|t| c.templates >> t & 1 == 1)
        .map(|t| (t, share(t) * arm))
        .collect();
    let each =
        |facts: &CellFacts| templates.iter().map(|(t, s)| views_of(facts, *t) * s).sum::<f64>();
    hit(moment, c).map(|(facts, rate)| rate * each(facts)).sum()
}

fn funnel(moment: &Moment<'_>, c: &Compiled, step: ShopStep, factor: f64) -> f64 {
    let nats = |facts: &CellFacts| {
        let tries: f64 = facts.steps.iter().take(step as usize).product();
        let usual = facts.steps.get(step as usize).copied().unwrap_or(0.0);
        tries * kl((usual * factor).min(0.999), usual)
    };
    hit(moment, c).map(|(facts, rate)| rate * nats(facts)).sum()
}

#[cfg(test)]
mod tests {
    use crate::domain::time::Span;
    use crate::shop::tests::shop;

    #[test]
    fn larger_harm_and_larger_shops_are_called_sooner() {
        let minutes = |name: &str, visits: f64| {
            let (shop, _) = shop(name, visits);
            let truth = shop.truth();
            let first = truth.incidents.first().expect("a truth");
            let call =
                super::call_by(&shop.world, &shop.timeline(), first).expect("called within a day");
            call.since(first.onset).millis() / Span::from_mins(1).millis()
        };
        assert_eq!(minutes("checkout-outage", 300_000.0), 6, "a minute tells, five to read");
        assert!(minutes("payment-drop", 300_000.0) < minutes("payment-drop", 30_000.0));
        assert!(minutes("slow-drift", 300_000.0) > 30);
    }
}
