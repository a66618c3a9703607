//! Severity as a verdict: the facts of a case, the first policy row that holds, and what would
//! raise it. The rows are data (`policy::severity_rule`); no rank is decided here.

use std::collections::BTreeSet;

use super::kinds::{is_measuring, is_visit_loss};
use super::open_case::OpenCase;
use super::{kinds, surge};
use crate::detect::cube::key::{Family, Role};
use crate::detect::cube::store::Cube;
use crate::detect::detectors::traffic_loss;
use crate::detect::evidence::stat::{Dispersion, Likelihood, Tally};
use crate::detect::maths::interval::interval;
use crate::detect::scan::served;
use crate::detect::scan::shift::Shift;
use crate::domain::metric::Metric;
use crate::domain::segment::{Dim, Scope};
use crate::domain::severity::Severity;
use crate::domain::time::Span;
use crate::policy::judging::Policy;
use crate::policy::severity_rule::{Fact, SeverityRule};

/// Orders that must have been expected before their absence is judged.
const LEAST_ORDERS: f64 = 4.0;

/// Slower by so much (log units) is a drift, whatever its onset looks like; by up to so much when
/// it took [`mild`] long to be seen.
const MILD: f64 = 0.085;
const SMALL: f64 = 0.14;

/// The rank, the rule that gave it and what would raise it.
#[derive(Clone, PartialEq, Debug)]
pub struct Ranked {
    pub level: Severity,
    pub rule: String,
    pub raise: String,
}

/// Facts of a case, for the rules.
pub fn facts(policy: &Policy, store: &Cube, live: &OpenCase, segments: &[Scope]) -> BTreeSet<Fact> {
    let mut out = BTreeSet::new();
    let mut set = |fact, on: bool| {
        if on {
            out.insert(fact);
        }
    };
    let present = live.present();
    let checkout = |j: &str| j == "checkout";
    set(Fact::CheckFail, !live.troubles.is_empty());
    set(Fact::CheckoutCheckFail, live.troubles.iter().any(|t| checkout(t.journey.as_str())));
    let missing = || present.iter().filter(|e| is_visit_loss(e));
    let gone = missing().map(|e| traffic_loss::shop_wide(store, e)).fold(0.0, f64::max);
    let lost = Lost::of(store, live, gone);
    set(Fact::VisitLoss, missing().next().is_some());
    let failing = failing_checkouts(policy, store, live) > policy.detect.collapse;
    set(Fact::OrderCollapse, failing || lost.collapsed(policy.detect.collapse));
    set(Fact::CheckoutUnusable, lost.unusable(policy.detect.unusable));
    let given = present.iter().map(|e| surge::given_away(store, e)).fold(0.0, f64::max);
    set(Fact::Surge, present.iter().any(|e| kinds::is_surge(e)));
    set(Fact::Giveaway, given > policy.detect.unusable);
    set(Fact::FunnelLoss, present.iter().any(|e| e.shape == Likelihood::Conversion));
    set(Fact::Speed, present.iter().any(|e| e.shape == Likelihood::LogNormal || is_gauge(e)));
    set(Fact::Errors, present.iter().any(|e| is_error(e)));
    let major = |e: &Shift| is_error(e) && e.harm >= policy.detect.major_errors;
    set(Fact::MajorErrors, present.iter().any(|e| major(e)));
    set(Fact::Telemetry, live.is_telemetry());
    set(Fact::WeakEvidence, weak(store, live));
    set(Fact::CheckoutBlind, live.blind.as_ref().is_some_and(|b| b.checkout));
    set(Fact::Efficiency, present.iter().any(|e| e.table.family.0 == Metric::CacPayback));
    set(Fact::HighValue, segments.iter().any(|s| high_value(policy, s)));
    set(Fact::SmallCohort, segments.iter().all(|s| small(policy, store, live, s)));
    let slow = |e: &Shift| e.onset.ramp || e.shape == Likelihood::LogNormal && mild(store, e);
    set(Fact::Drift, !present.is_empty() && present.iter().all(|e| slow(e)));
    out
}

/// While the checkout's checks fail: lower bound of the share of checkouts whose pages or calls
/// fail. Orders that nobody could place are missing before the count of orders can prove it.
fn failing_checkouts(policy: &Policy, store: &Cube, live: &OpenCase) -> f64 {
    let Some(journey) = policy.journey.iter().find(|j| j.name.as_str() == "checkout") else {
        return 0.0;
    };
    if !live.troubles.iter().any(|t| t.journey == journey.name) {
        return 0.0;
    }
    let page = |t: &String| journey.templates.first() == Some(t);
    let here = |e: &&Shift| {
        let only = e.place.dims.get(&Dim::Template).is_some_and(|t| t.iter().all(page));
        only && is_error(e) && e.until.is_none()
    };
    let share = |e: &Shift| {
        let calib = store.tables.get(&e.table).map_or(Dispersion::prior(e.shape), |t| e.calib(t));
        let low = interval(e.acc.a / calib.phi, e.acc.n / calib.phi, Z95).0 - e.acc.e / e.acc.n;
        low * traffic(store, e) * e.served.now
    };
    live.effects.iter().filter(here).map(share).fold(0.0, f64::max)
}

fn is_error(e: &Shift) -> bool {
    e.shape == Likelihood::Rare && !is_measuring(e)
}

/// Too small to lose anybody at once, or small and so slow to show that it took hours to find.
pub(in crate::detect) fn mild(store: &Cube, e: &Shift) -> bool {
    let sought = store.bucket.times(e.found - e.from());
    e.harm < MILD || e.harm < SMALL && sought >= Span::from_mins(90)
}

fn is_gauge(e: &Shift) -> bool {
    e.shape == Likelihood::Gauge && !is_measuring(e) && e.table.family.0 != Metric::CacPayback
}

/// Standard deviations below the likeliest loss: two-sided 95 %, and one-sided 84 %.
const Z95: f64 = 1.96;
const Z84: f64 = 1.0;

/// The share of all orders that is lost, as far as it is sure (95 %), likely (84 %) and likeliest.
/// The last two only of what is proven by itself: effects, and orders while checks fail.
struct Lost {
    sure: f64,
    likely: f64,
    likeliest: f64,
}

impl Lost {
    /// `gone` is the share of the visits that is surely missing.
    fn of(store: &Cube, live: &OpenCase, gone: f64) -> Self {
        let at = |z| order_loss(store, live, z);
        let sure = at(Z95).max(loss_under_trouble(store, live, Z95)).max(gone);
        let likeliest = at(0.0).max(loss_under_trouble(store, live, 0.0));
        Self { sure, likely: at(Z84), likeliest }
    }

    /// Where the loss is just so large its lower bound stays below the line for hours: half of it
    /// must be sure, and the line be passed by what is likeliest.
    fn collapsed(&self, line: f64) -> bool {
        self.sure > line || self.likeliest > line && self.sure > line / 2.0
    }

    fn unusable(&self, line: f64) -> bool {
        self.sure.max(self.likely) > line
    }
}

/// Bound of the share of all orders that is lost, from the payment and order steps: so many
/// standard deviations below what is likeliest.
fn order_loss(store: &Cube, live: &OpenCase, z: f64) -> f64 {
    live.effects
        .iter()
        .filter(|e| e.until.is_none())
        .filter(|e| {
            let metric = e.table.family.0;
            matches!(
                metric,
                Metric::PaymentRate
                    | Metric::OrderRate
                    | Metric::CheckoutRate
                    | Metric::ConversionRate
            )
        })
        .map(|e| shop_wide(store, e, z))
        .fold(chain(store, live, z), f64::max)
}

/// Steps towards an order that fail one after the other lose more together than any of them alone.
/// All three are multiplied, over the whole shop since the first of them fell.
fn chain(store: &Cube, live: &OpenCase, z: f64) -> f64 {
    let steps = [Metric::CheckoutRate, Metric::PaymentRate, Metric::OrderRate];
    let falls = live.effects.iter().filter(|e| {
        e.until.is_none() && e.shape == Likelihood::Conversion && steps.contains(&e.table.family.0)
    });
    let Some(from) = falls.map(Shift::from).min() else { return 0.0 };
    let sums = steps.iter().filter_map(|m| {
        let table = store.family((*m, Role::Step)).find(|t| !t.leaves.is_empty())?;
        let mut sum = Tally::default();
        for leaf in &table.leaves {
            sum.add(&table.acc_over(leaf, from, i64::MAX));
        }
        Some(sum)
    });
    chained(&sums.collect::<Vec<_>>(), z)
}

/// Bound of the share that several steps lose together (delta method on the log).
pub(in crate::detect) fn chained(steps: &[Tally], z: f64) -> f64 {
    let (mut log, mut var) = (0.0, 0.0);
    for a in steps.iter().filter(|a| a.e >= LEAST_ORDERS && a.n >= a.e) {
        let hits = a.a + 0.5;
        log += (hits / (a.e + 0.5)).ln();
        var += (1.0 / hits - 1.0 / (a.n + 1.0)).max(0.0);
    }
    (1.0 - (log + z * var.sqrt()).exp()).max(0.0)
}

/// A step's loss over the whole shop since its onset, so many standard deviations below.
fn shop_wide(store: &Cube, e: &Shift, z: f64) -> f64 {
    let Some(table) = store.tables.get(&e.table) else { return 0.0 };
    let mut sum = crate::detect::evidence::stat::Tally::default();
    for leaf in &table.leaves {
        sum.add(&table.acc_over(leaf, e.from(), e.last_bad));
    }
    if sum.n <= 0.0 || sum.e <= 0.0 {
        return 0.0;
    }
    1.0 - interval(sum.a, sum.n, z).1 / (sum.e / sum.n)
}

/// While the checkout's checks fail, orders are asked just one question: did they collapse since?
/// It needs no scan over segments, so a few missing orders answer it: the loss, so many standard
/// deviations below what is likeliest.
fn loss_under_trouble(store: &Cube, live: &OpenCase, z: f64) -> f64 {
    let since = live.troubles.iter().filter(|t| t.journey.as_str() == "checkout").map(|t| t.since);
    let Some(from) = since.min().map(|t| store.bucket_of(t)) else { return 0.0 };
    let over = |family: Family| {
        let table = store.family(family).find(|t| !t.leaves.is_empty())?;
        let mut sum = Tally::default();
        for leaf in &table.leaves {
            sum.add(&table.acc_over(leaf, from, i64::MAX));
        }
        (sum.e >= LEAST_ORDERS).then(|| (sum, table.calib(0)))
    };
    let steps = [Metric::CheckoutRate, Metric::PaymentRate, Metric::OrderRate].iter();
    let steps = steps.filter_map(|m| over((*m, Role::Step)));
    let steps = steps.map(|(a, _)| 1.0 - interval(a.a, a.n, z).1 / (a.e / a.n));
    // Nobody may get as far as a step: then the orders themselves are missing.
    let orders = over((Metric::Orders, Role::Plain)).map(|(a, calib)| {
        let most = a.a + 2.0 + z.max(Z95) * ((a.a + 1.0) * calib.phi).sqrt();
        1.0 - most / (a.e * (1.0 - 2.0 * calib.tau).max(0.5))
    });
    steps.chain(orders).fold(0.0, f64::max)
}

/// Everything it rests on is partial, truncated, stale or a low sample.
fn weak(store: &Cube, live: &OpenCase) -> bool {
    let doubtful = |e: &&Shift| store.marks.get(&e.table).is_some_and(|m| m.all_weak);
    let present = live.present();
    live.troubles.is_empty()
        && live.blind.is_none()
        && !present.is_empty()
        && present.iter().all(doubtful)
}

/// A page that earns, or a service that such a page calls; pages that suffer with a service speak
/// for themselves.
fn high_value(policy: &Policy, scope: &Scope) -> bool {
    let listed = &policy.shop.high_value_templates;
    if let Some(services) = scope.dims.get(&Dim::Service) {
        let called = |page: &String| {
            let journey = policy.journey_of(page).map(|j| j.name.to_string());
            let mut names = journey.iter().chain([page]);
            names.any(|n| services.iter().any(|s| policy.services.reaches(n, s)))
        };
        return listed.iter().any(called);
    }
    let hit = |t: &String| listed.contains(t) || policy.journey_of(t).is_none();
    listed.is_empty() || scope.dims.get(&Dim::Template).is_none_or(|t| t.iter().any(hit))
}

/// A rollout or an arm that few meet and that is not about to reach more, or a sliver of the
/// traffic.
fn small(policy: &Policy, store: &Cube, live: &OpenCase, scope: &Scope) -> bool {
    let mine = || live.effects.iter().filter(|e| e.place == *scope);
    let served = mine().map(|e| e.served.soon).fold(0.0, f64::max);
    if served::names(scope) && served < policy.detect.small_rollout {
        return true;
    }
    let share = mine().map(|e| traffic(store, e)).fold(0.0, f64::max);
    share > 0.0 && share < policy.detect.small_cohort && !scope.dims.contains_key(&Dim::Template)
}

/// Share of the shop's traffic inside an effect's place, without its template and its release.
pub fn traffic(store: &Cube, e: &Shift) -> f64 {
    let Some(table) = store.tables.get(&e.table) else { return 0.0 };
    let mut scope = served::rest(&e.scope);
    let template = scope.dims.remove(&Dim::Template);
    let (mut inside, mut all) = (0.0, 0.0);
    for leaf in &table.leaves {
        let at = leaf.seg.get(Dim::Template).as_str();
        if template.as_ref().is_none_or(|t| t.contains(at)) {
            // A count's samples are hours: what is usual tells how much traffic that is.
            let mass = |a: &Tally| if is_visit_loss(e) { a.e } else { a.n };
            let n = leaf.sums.last().map_or(0.0, |a| mass(a).max(0.0));
            all += n;
            inside += if scope.contains(&leaf.seg) { n } else { 0.0 };
        }
    }
    if all > 0.0 { inside / all } else { 0.0 }
}

fn holds(rule: &SeverityRule, facts: &BTreeSet<Fact>) -> bool {
    rule.all.iter().all(|f| facts.contains(f))
        && (rule.any.is_empty() || rule.any.iter().any(|f| facts.contains(f)))
        && !rule.none.iter().any(|f| facts.contains(f))
}

/// The worst of what the case says as a whole and what each of its effects says alone: what joins
/// never makes it less.
pub fn worst(policy: &Policy, store: &Cube, live: &OpenCase, segments: &[Scope]) -> Ranked {
    let rules = &policy.severity_rule;
    let whole = rank(rules, &facts(policy, store, live, segments));
    if live.effects.len() < 2 || live.is_telemetry() {
        return whole;
    }
    let present = live.effects.iter().filter(|e| e.until.is_none());
    let alone = present.map(|e| {
        let mut one = OpenCase::new(live.key.clone(), live.opened);
        one.effects = vec![e.clone()];
        rank(rules, &facts(policy, store, &one, std::slice::from_ref(&e.place)))
    });
    alone.fold(whole, |worst, one| if one.level < worst.level { one } else { worst })
}

/// The first row that holds; worse rows one fact away say what would raise it.
pub fn rank(rules: &[SeverityRule], facts: &BTreeSet<Fact>) -> Ranked {
    let fired = rules.iter().find(|r| holds(r, facts));
    let level = fired.map_or(Severity::Sev4, |r| r.level);
    let raise = rules.iter().filter(|r| r.level < level).find_map(|r| {
        let mut missing = r.all.iter().filter(|f| !facts.contains(f));
        let one = missing.next()?;
        let reachable = !matches!(one, Fact::Telemetry | Fact::CheckoutBlind | Fact::SmallCohort);
        (missing.next().is_none() && reachable && !r.none.iter().any(|f| facts.contains(f)))
            .then(|| format!("{} if {}", r.level, one.words()))
    });
    // Weak evidence alone wakes nobody, whatever the rows say.
    if facts.contains(&Fact::WeakEvidence) && level < Severity::Sev3 {
        let rule = fired.map_or("", |r| r.name.as_str());
        return Ranked {
            level: Severity::Sev3,
            rule: format!("weak evidence only: {rule}"),
            raise: format!("{level} once complete data agree"),
        };
    }
    Ranked {
        level,
        rule: fired.map_or_else(|| "no rule".to_owned(), |r| r.name.clone()),
        raise: raise.unwrap_or_default(),
    }
}
