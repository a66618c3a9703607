//! What is really wrong in the embedded shop at a moment, in the words of the screen: which rows
//! of which page must not be called ok. Read from the timeline; the product never sees it.

use std::collections::{BTreeMap, BTreeSet};

use tillwatch::domain::metric::Metric;
use tillwatch::domain::segment::{Dim, DimValue};
use tillwatch::domain::time::{Span, Timestamp};
use tillwatch::shop::Shop;
use tillwatch::shop::dims::TEMPLATES;
use tillwatch::shop::effect::{Compiled, HarmKind, ShopStep};
use tillwatch::shop::human;
use tillwatch::shop::truth::TrueIncident;

/// Minutes of a whole outage after which two rounds of checks have failed: the checkout is probed
/// each minute, the rest each third, and an answer takes its own minute.
const ROUNDS: i64 = 8;
/// Minutes after which the window of a cell holds bad minutes only, or nearly.
const WINDOW: i64 = 25;

/// A fault is plain after twice what a careful person needs, and this at least.
const AT_LEAST: Span = Span::from_mins(10);

/// When a careful person would have called each fault, found out once.
pub type Calls = BTreeMap<String, Option<Timestamp>>;

/// The shop at one minute.
pub struct Truth<'a> {
    shop: &'a Shop,
    now: Timestamp,
    minute: i64,
    effects: Vec<Compiled>,
}

/// A row of a page that the truth forbids to be called ok, and why.
#[derive(Clone, Debug)]
pub struct Wrong {
    pub row: String,
    pub why: String,
}

impl<'a> Truth<'a> {
    pub fn at(shop: &'a Shop, now: Timestamp) -> Self {
        let effects = shop.timeline().effects.clone();
        Self { shop, now, minute: now.secs().div_euclid(60), effects }
    }

    /// Faults that last now and began so long ago that anybody would have called them.
    pub fn plain(&self, calls: &mut Calls) -> Vec<TrueIncident> {
        let mut called = |i: &TrueIncident| {
            let call = calls
                .entry(i.id.clone())
                .or_insert_with(|| human::call_by(&self.shop.world, &self.shop.timeline(), i));
            call.is_some_and(|call| self.now >= twice(i.onset, call))
        };
        let steady = self.lasting().into_iter().filter(|i| i.scenario != "flapping");
        steady.filter(|i| called(i)).collect()
    }

    /// Faults that hurt in this very minute.
    pub fn lasting(&self) -> Vec<TrueIncident> {
        let all = self.shop.truth().incidents.into_iter();
        all.filter(|i| i.onset <= self.now && !self.over(i)).collect()
    }

    /// Healed, ended, or its effects were taken out.
    fn over(&self, i: &TrueIncident) -> bool {
        let ended = |at: Option<Timestamp>| at.is_some_and(|at| at <= self.now);
        let lasting = self.effects.iter().any(|c| c.effect.strength(self.minute) > 0.0);
        ended(i.end) || ended(i.healed_at) || (!lasting && !leaks(i))
    }

    /// In full force for the last `minutes`.
    fn strong(&self, minutes: i64) -> impl Iterator<Item = &Compiled> {
        let whole = move |c: &&Compiled| {
            (self.minute - minutes..self.minute).all(|m| c.effect.strength(m) >= 0.99)
        };
        self.effects.iter().filter(whole)
    }

    /// Reaches everyone who meets it: no release or experiment serves only a part.
    fn everyone(c: &Compiled) -> bool {
        let dims: Vec<Dim> = c.effect.scope.dims.keys().copied().collect();
        dims.is_empty() || dims == [Dim::Template]
    }

    fn served(&self, c: &Compiled) -> bool {
        let timeline = self.shop.timeline();
        c.version.is_none_or(|v| {
            let mine = |d: &&tillwatch::shop::timeline::ShopDeployment| d.version == usize::from(v);
            timeline.deployments.iter().rev().find(mine).is_some_and(|d| d.share(self.minute) > 0.9)
        })
    }

    fn templates(c: &Compiled) -> BTreeSet<&'static str> {
        let hit = TEMPLATES.iter().enumerate().filter(|(t, _)| c.templates >> t & 1 == 1);
        hit.map(|(_, name)| *name).collect()
    }

    /// Journeys of which every check fails.
    pub fn journeys(&self) -> Vec<Wrong> {
        let dark = self.strong(ROUNDS).filter(|c| {
            let failing =
                matches!(c.effect.kind, HarmKind::CheckFail { share, .. } if share >= 1.0);
            failing && Self::everyone(c)
        });
        dark.flat_map(Self::templates).map(|row| wrong(row, "every check of it fails")).collect()
    }

    /// Steps of the funnel by the name of their metric.
    pub fn steps(&self) -> Vec<Wrong> {
        let lost = self.strong(WINDOW).filter(|c| Self::everyone(c) && self.served(c));
        lost.filter_map(|c| match c.effect.kind {
            HarmKind::StepFactor(step, f) if f <= 0.5 => {
                let metric = match step {
                    ShopStep::AddToCart => Metric::AddToCartRate,
                    ShopStep::CheckoutStart => Metric::CheckoutRate,
                    ShopStep::PaymentTry => Metric::PaymentRate,
                    ShopStep::Order => Metric::OrderRate,
                };
                Some(wrong(metric.row().label, "half of its shoppers or more are lost"))
            }
            _ => None,
        })
        .collect()
    }

    /// Guardrails by the name of their row; announced work is judged apart.
    pub fn guardrails(&self) -> Vec<Wrong> {
        if !self.shop.truth().benign.is_empty() {
            return vec![];
        }
        let broken = self.strong(WINDOW).filter(|c| Self::everyone(c) && self.served(c));
        broken
            .filter_map(|c| match c.effect.kind {
                HarmKind::CheckFail { share, .. } if share >= 1.0 => Some("availability"),
                HarmKind::ErrorAdd(add) if add >= 0.05 => Some("error-rate"),
                HarmKind::InpFactor(f) if f >= 1.4 => Some("performance-inp"),
                HarmKind::LcpFactor(f) if f >= 1.4 => Some("performance-lcp"),
                HarmKind::StepFactor(_, f) if f <= 0.5 => Some("funnel-progression"),
                HarmKind::BeaconLoss(share) if share >= 0.5 => Some("telemetry"),
                HarmKind::BeaconRepeat(share) if share >= 0.5 => Some("over-collection"),
                HarmKind::Orphans(add) if add >= 0.2 => Some("correlation"),
                _ => None,
            })
            .map(|row| wrong(row, "its metric is broken for everyone"))
            .collect()
    }

    /// Whether a cell of the heatmap holds none but shoppers who are hit.
    pub fn hits(&self, metric: Metric, cell: &[(Dim, DimValue)]) -> bool {
        self.strong(WINDOW).filter(|c| self.served(c)).any(|c| {
            let same = match c.effect.kind {
                HarmKind::LcpFactor(f) => metric == Metric::Lcp && f >= 1.4,
                HarmKind::InpFactor(f) => metric == Metric::Inp && f >= 1.4,
                HarmKind::ErrorAdd(add) => metric == Metric::JsErrorRate && add >= 0.05,
                _ => false,
            };
            let within = |(dim, values): (&Dim, &BTreeSet<String>)| {
                let mine = cell.iter().find(|(d, _)| d == dim);
                mine.is_some_and(|(_, v)| values.contains(v.as_str()))
            };
            same && c.effect.scope.dims.iter().all(within)
        })
    }
}

fn wrong(row: &str, why: &str) -> Wrong {
    Wrong { row: row.to_owned(), why: why.to_owned() }
}

fn leaks(i: &TrueIncident) -> bool {
    i.scenario == "pii-leak"
}

fn twice(onset: Timestamp, call: Timestamp) -> Timestamp {
    let needed = call.since(onset);
    onset.plus(Span::from_millis(needed.millis() * 2).max(AT_LEAST))
}
