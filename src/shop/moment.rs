//! Moment: everything a minute's visits need, prepared once: rates, drift, serving, effects.
//! Derived from world and timeline; draws nothing but the minute's tides.

use super::dims::{CELLS, TemplateMask};
use super::effect::{Compiled, HarmKind, ShopStep};
use super::rng::{Purpose, hash, unit};
use super::timeline::{Serving, ShopTimeline};
use super::world::{AXIS_PER_LOG, World};

/// An active effect on page views; neutral numbers where it does nothing.
#[derive(Clone, Debug)]
pub struct ViewEffect<'a> {
    pub cells: &'a [bool],
    pub templates: TemplateMask,
    pub version: Option<u16>,
    pub variant: bool,
    /// Shifts on the bin axis.
    pub lcp: f32,
    pub inp: f32,
    pub error: f32,
    /// Shares of beacons lost and late.
    pub loss: f64,
    pub late: f64,
    /// Share of beacons sent twice.
    pub twice: f64,
}

/// An active effect on a funnel step.
#[derive(Clone, Debug)]
pub struct StepEffect<'a> {
    pub cells: &'a [bool],
    /// The template whose version decides, with `version`.
    pub template: usize,
    pub version: Option<u16>,
    pub step: usize,
    pub factor: f64,
}

/// An active effect on the orders that are made; neutral numbers where it does nothing.
#[derive(Clone, Debug)]
pub struct OrderEffect<'a> {
    pub cells: &'a [bool],
    /// Factor on the value of an order.
    pub value: f64,
    /// Share of orders written twice.
    pub twice: f64,
}

/// One minute of the shop, ready to be drawn.
#[derive(Clone, Debug)]
pub struct Moment<'a> {
    pub world: &'a World,
    pub minute: i64,
    /// Expected visits and bot visits per cell.
    pub rates: Vec<f64>,
    pub bots: Option<Vec<f64>>,
    /// Expected visits of those who come to buy.
    pub buyers: Option<Vec<f64>>,
    pub drift: [f32; 6],
    pub serving: [Vec<Serving>; 6],
    pub views: Vec<ViewEffect<'a>>,
    pub steps: Vec<StepEffect<'a>>,
    pub orders: Vec<OrderEffect<'a>>,
    /// Share of visits in the experiment's variant, while one runs.
    pub variant_share: Option<f64>,
    /// How late late beacons are, in minutes.
    pub delay: Option<i64>,
}

impl<'a> Moment<'a> {
    pub fn new(world: &'a World, timeline: &'a ShopTimeline, minute: i64) -> Self {
        let mut moment = Self {
            world,
            minute,
            rates: rates(world, minute),
            bots: None,
            buyers: None,
            drift: world.page_drift(minute),
            serving: timeline.serving(minute),
            views: Vec::new(),
            steps: Vec::new(),
            orders: Vec::new(),
            variant_share: timeline
                .announcements
                .iter()
                .find(|a| {
                    a.kind == "experiment" && a.from <= minute && a.until.is_none_or(|u| minute < u)
                })
                .map(|a| a.share),
            delay: delay_at(timeline, minute),
        };
        for compiled in &timeline.effects {
            let strength = compiled.effect.strength(minute);
            if strength > 0.0 {
                moment.apply(compiled, strength);
            }
        }
        moment
    }

    fn apply(&mut self, compiled: &'a Compiled, strength: f64) {
        let blend = |factor: f64| 1.0 + (factor - 1.0) * strength;
        let shift = |factor: f64| (factor.max(1e-3).ln() * AXIS_PER_LOG * strength) as f32;
        let mut view = ViewEffect {
            cells: &compiled.cells,
            templates: compiled.templates,
            version: compiled.version,
            variant: compiled.variant,
            lcp: 0.0,
            inp: 0.0,
            error: 0.0,
            loss: 0.0,
            late: 0.0,
            twice: 0.0,
        };
        match compiled.effect.kind {
            HarmKind::LcpFactor(f) => view.lcp = shift(f),
            HarmKind::InpFactor(f) => view.inp = shift(f),
            HarmKind::ErrorAdd(add) => view.error = (add * strength) as f32,
            HarmKind::BeaconLoss(share) => view.loss = share * strength,
            HarmKind::Delay { share, .. } => view.late = share * strength,
            HarmKind::BeaconRepeat(share) => view.twice = share * strength,
            HarmKind::StepFactor(step, factor) => {
                self.steps.push(step_effect(compiled, step, blend(factor)));
                return;
            }
            HarmKind::VisitFactor(factor) => {
                scale(&mut self.rates, &compiled.cells, blend(factor));
                return;
            }
            HarmKind::Bots(multiple) => {
                self.bots = Some(crowd(&self.rates, &compiled.cells, multiple * strength));
                return;
            }
            HarmKind::Buyers(multiple) => {
                self.buyers = Some(crowd(&self.rates, &compiled.cells, multiple * strength));
                return;
            }
            HarmKind::OrderValue(factor) => {
                let value = blend(factor);
                self.orders.push(OrderEffect { cells: &compiled.cells, value, twice: 0.0 });
                return;
            }
            HarmKind::OrderRepeat(share) => {
                let twice = share * strength;
                self.orders.push(OrderEffect { cells: &compiled.cells, value: 1.0, twice });
                return;
            }
            HarmKind::CheckFail { .. }
            | HarmKind::CheckSlow(_)
            | HarmKind::Orphans(_)
            | HarmKind::AdCost(_) => {
                return;
            }
        }
        self.views.push(view);
    }

    /// The version that serves a template to a visit with this lot (0..65536).
    pub fn version(&self, template: usize, lot: u32) -> u16 {
        self.serving
            .get(template)
            .and_then(|list| list.iter().find(|s| lot < s.below))
            .map_or(0, |s| s.version)
    }
}

/// Delay of late beacons sent in a minute; `None` while none are late.
pub fn delay_at(timeline: &ShopTimeline, minute: i64) -> Option<i64> {
    timeline
        .effects
        .iter()
        .filter(|c| c.effect.strength(minute) > 0.0)
        .filter_map(|c| match c.effect.kind {
            HarmKind::Delay { minutes, .. } => Some(minutes),
            _ => None,
        })
        .max()
}

/// Requests without a page view's trace at the best of times, and how much that share varies.
const ORPHANS: f64 = 0.02;
const ORPHANS_SPREAD: f64 = 0.15;

/// How many of a template's requests in a minute cannot be joined with a page view. What is less
/// than one counts as often as it is likely, and more requests never have fewer.
pub fn orphans(
    world: &World,
    timeline: &ShopTimeline,
    minute: i64,
    template: usize,
    requests: u64,
) -> u64 {
    let word = |nth: u64| hash(world.seed, Purpose::Orphans, minute, template as u64 + nth);
    let share = orphan_share(timeline, minute, template, unit(word(0)));
    (requests as f64 * share + unit(word(64))) as u64
}

/// Share of them, between the least usual and the most usual at `spread` from 0 to 1.
fn orphan_share(timeline: &ShopTimeline, minute: i64, template: usize, spread: f64) -> f64 {
    let usual = ORPHANS * (1.0 + ORPHANS_SPREAD * (2.0 * spread - 1.0));
    let added = timeline.effects.iter().filter_map(|c| match c.effect.kind {
        HarmKind::Orphans(add) if c.templates >> template & 1 == 1 => {
            Some(add * c.effect.strength(minute))
        }
        _ => None,
    });
    (usual + added.sum::<f64>()).min(1.0)
}

/// Every length of delay the timeline knows.
pub fn delays(timeline: &ShopTimeline) -> Vec<i64> {
    let mut delays: Vec<i64> = timeline
        .effects
        .iter()
        .filter_map(|c| match c.effect.kind {
            HarmKind::Delay { minutes, .. } => Some(minutes),
            _ => None,
        })
        .collect();
    delays.sort_unstable();
    delays.dedup();
    delays
}

fn step_effect(compiled: &Compiled, step: ShopStep, factor: f64) -> StepEffect<'_> {
    StepEffect {
        cells: &compiled.cells,
        template: compiled.templates.trailing_zeros() as usize,
        version: compiled.version,
        step: step as usize,
        factor,
    }
}

fn scale(rates: &mut [f64], cells: &[bool], factor: f64) {
    for (rate, _) in rates.iter_mut().zip(cells).filter(|(_, hit)| **hit) {
        *rate *= factor;
    }
}

/// Visits beside the usual ones, as a multiple of them, in the cells that are hit.
fn crowd(rates: &[f64], cells: &[bool], multiple: f64) -> Vec<f64> {
    let each = rates.iter().zip(cells);
    each.map(|(rate, hit)| if *hit { rate * multiple } else { 0.0 }).collect()
}

fn rates(world: &World, minute: i64) -> Vec<f64> {
    let (regions, sources) = world.tides(minute);
    let mut rates = Vec::with_capacity(CELLS);
    for facts in &world.cells {
        let region = regions.get(facts.cell.region).copied().unwrap_or(0.0);
        let source = sources.get(facts.cell.source).copied().unwrap_or(0.0);
        rates.push(facts.weight * region * source);
    }
    rates
}
