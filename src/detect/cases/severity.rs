//! Severity as a verdict: the facts of a case, the first policy row that holds, and what would
//! raise it. The rows are data (`policy::severity_rule`); no rank is decided here.

use std::collections::BTreeSet;

use super::kinds::{is_measuring, is_visit_loss};
use super::open_case::OpenCase;
use super::{kinds, surge};
use crate::detect::cube::key::{CuboidRole, Family};
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
pub fn facts(policy: &Policy, cube: &Cube, live: &OpenCase, segments: &[Scope]) -> BTreeSet<Fact> {
    let mut out = BTreeSet::new();
    let mut set = |fact, on: bool| {
        if on {
            out.insert(fact);
        }
    };
    let present = live.present();
    let checkout = |j: &str| j == "checkout";
    set(Fact::CheckFail, !live.failing_checks.is_empty());
    set(Fact::CheckoutCheckFail, live.failing_checks.iter().any(|t| checkout(t.journey.as_str())));
    let missing = || present.iter().filter(|e| is_visit_loss(e));
    let gone = missing().map(|e| traffic_loss::shop_wide(cube, e)).fold(0.0, f64::max);
    let lost = OrdersLost::of(cube, live, gone);
    set(Fact::VisitLoss, missing().next().is_some());
    let failing = failing_checkouts(policy, cube, live) > policy.detect.collapse;
    set(Fact::OrderCollapse, failing || lost.collapsed(policy.detect.collapse));
    set(Fact::CheckoutUnusable, lost.unusable(policy.detect.unusable));
    let given = present.iter().map(|e| surge::given_away(cube, e)).fold(0.0, f64::max);
    set(Fact::Surge, present.iter().any(|e| kinds::is_surge(e)));
    set(Fact::Giveaway, given > policy.detect.unusable);
    set(Fact::FunnelLoss, present.iter().any(|e| e.likelihood == Likelihood::Conversion));
    set(Fact::Speed, present.iter().any(|e| e.likelihood == Likelihood::LogNormal || is_gauge(e)));
    set(Fact::Errors, present.iter().any(|e| is_error(e)));
    let major = |e: &Shift| is_error(e) && e.harm >= policy.detect.major_errors;
    set(Fact::MajorErrors, present.iter().any(|e| major(e)));
    set(Fact::Telemetry, live.is_telemetry());
    set(Fact::WeakEvidence, weak(cube, live));
    set(Fact::CheckoutBlind, live.blind.as_ref().is_some_and(|b| b.checkout));
    set(Fact::Efficiency, present.iter().any(|e| e.cuboid.family.0 == Metric::CacPayback));
    set(Fact::HighValue, segments.iter().any(|s| high_value(policy, s)));
    set(Fact::SmallCohort, segments.iter().all(|s| small(policy, cube, live, s)));
    let slow = |e: &Shift| e.onset.ramp || e.likelihood == Likelihood::LogNormal && mild(cube, e);
    set(Fact::Drift, !present.is_empty() && present.iter().all(|e| slow(e)));
    out
}

/// While the checkout's checks fail: lower bound of the share of checkouts whose pages or calls
/// fail. Orders that nobody could place are missing before the count of orders can prove it.
fn failing_checkouts(policy: &Policy, cube: &Cube, live: &OpenCase) -> f64 {
    let Some(journey) = policy.journey.iter().find(|j| j.name.as_str() == "checkout") else {
        return 0.0;
    };
    if !live.failing_checks.iter().any(|t| t.journey == journey.name) {
        return 0.0;
    }
    let page = |t: &String| journey.templates.first() == Some(t);
    let here = |e: &&Shift| {
        let only = e.place.dims.get(&Dim::Template).is_some_and(|t| t.iter().all(page));
        only && is_error(e) && e.until.is_none()
    };
    let share = |e: &Shift| {
        let dispersion = cube
            .cuboids
            .get(&e.cuboid)
            .map_or(Dispersion::prior(e.likelihood), |t| e.dispersion(t));
        let low = interval(
            e.acc.observed / dispersion.overdispersion,
            e.acc.units / dispersion.overdispersion,
            Z95,
        )
        .0 - e.acc.expected / e.acc.units;
        low * traffic(cube, e) * e.served.now
    };
    live.shifts.iter().filter(here).map(share).fold(0.0, f64::max)
}

fn is_error(e: &Shift) -> bool {
    e.likelihood == Likelihood::Rare && !is_measuring(e)
}

/// Too small to lose anybody at once, or small and so slow to show that it took hours to find.
pub(in crate::detect) fn mild(cube: &Cube, e: &Shift) -> bool {
    let sought = cube.bucket.times(e.found - e.from());
    e.harm < MILD || e.harm < SMALL && sought >= Span::from_mins(90)
}

fn is_gauge(e: &Shift) -> bool {
    e.likelihood == Likelihood::Gauge && !is_measuring(e) && e.cuboid.family.0 != Metric::CacPayback
}

/// Standard deviations below the likeliest loss: two-sided 95 %, and one-sided 84 %.
const Z95: f64 = 1.96;
const Z84: f64 = 1.0;

/// The share of all orders that is lost, as far as it is sure (95 %), likely (84 %) and likeliest.
/// The last two only of what is proven by itself: shifts, and orders while checks fail.
struct OrdersLost {
    sure: f64,
    likely: f64,
    likeliest: f64,
}

impl OrdersLost {
    /// `gone` is the share of the visits that is surely missing.
    fn of(cube: &Cube, live: &OpenCase, gone: f64) -> Self {
        let at = |z| order_loss(cube, live, z);
        let sure = at(Z95).max(loss_under_trouble(cube, live, Z95)).max(gone);
        let likeliest = at(0.0).max(loss_under_trouble(cube, live, 0.0));
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
fn order_loss(cube: &Cube, live: &OpenCase, z: f64) -> f64 {
    live.shifts
        .iter()
        .filter(|e| e.until.is_none())
        .filter(|e| {
            let metric = e.cuboid.family.0;
            matches!(
                metric,
                Metric::PaymentRate
                    | Metric::OrderRate
                    | Metric::CheckoutRate
                    | Metric::ConversionRate
            )
        })
        .map(|e| shop_wide(cube, e, z))
        .fold(chain(cube, live, z), f64::max)
}

/// Steps towards an order that fail one after the other lose more together than any of them alone.
/// All three are multiplied, over the whole shop since the first of them fell.
fn chain(cube: &Cube, live: &OpenCase, z: f64) -> f64 {
    let steps = [Metric::CheckoutRate, Metric::PaymentRate, Metric::OrderRate];
    let falls = live.shifts.iter().filter(|e| {
        e.until.is_none()
            && e.likelihood == Likelihood::Conversion
            && steps.contains(&e.cuboid.family.0)
    });
    let Some(from) = falls.map(Shift::from).min() else { return 0.0 };
    let sums = steps.iter().filter_map(|m| {
        let cuboid = cube.family((*m, CuboidRole::Step)).find(|t| !t.leaves.is_empty())?;
        let mut sum = Tally::default();
        for leaf in &cuboid.leaves {
            sum.add(&cuboid.acc_over(leaf, from, i64::MAX));
        }
        Some(sum)
    });
    chained(&sums.collect::<Vec<_>>(), z)
}

/// Bound of the share that several steps lose together (delta method on the log).
pub(in crate::detect) fn chained(steps: &[Tally], z: f64) -> f64 {
    let (mut log, mut var) = (0.0, 0.0);
    for a in steps.iter().filter(|a| a.expected >= LEAST_ORDERS && a.units >= a.expected) {
        let hits = a.observed + 0.5;
        log += (hits / (a.expected + 0.5)).ln();
        var += (1.0 / hits - 1.0 / (a.units + 1.0)).max(0.0);
    }
    (1.0 - (log + z * var.sqrt()).exp()).max(0.0)
}

/// A step's loss over the whole shop since its onset, so many standard deviations below.
fn shop_wide(cube: &Cube, e: &Shift, z: f64) -> f64 {
    let Some(cuboid) = cube.cuboids.get(&e.cuboid) else { return 0.0 };
    let mut sum = crate::detect::evidence::stat::Tally::default();
    for leaf in &cuboid.leaves {
        sum.add(&cuboid.acc_over(leaf, e.from(), e.last_bad));
    }
    if sum.units <= 0.0 || sum.expected <= 0.0 {
        return 0.0;
    }
    1.0 - interval(sum.observed, sum.units, z).1 / (sum.expected / sum.units)
}

/// While the checkout's checks fail, orders are asked just one question: did they collapse since?
/// It needs no scan over segments, so a few missing orders answer it: the loss, so many standard
/// deviations below what is likeliest.
fn loss_under_trouble(cube: &Cube, live: &OpenCase, z: f64) -> f64 {
    let since =
        live.failing_checks.iter().filter(|t| t.journey.as_str() == "checkout").map(|t| t.since);
    let Some(from) = since.min().map(|t| cube.bucket_of(t)) else { return 0.0 };
    let over = |family: Family| {
        let cuboid = cube.family(family).find(|t| !t.leaves.is_empty())?;
        let mut sum = Tally::default();
        for leaf in &cuboid.leaves {
            sum.add(&cuboid.acc_over(leaf, from, i64::MAX));
        }
        (sum.expected >= LEAST_ORDERS).then(|| (sum, cuboid.dispersion(0)))
    };
    let steps = [Metric::CheckoutRate, Metric::PaymentRate, Metric::OrderRate].iter();
    let steps = steps.filter_map(|m| over((*m, CuboidRole::Step)));
    let steps =
        steps.map(|(a, _)| 1.0 - interval(a.observed, a.units, z).1 / (a.expected / a.units));
    // Nobody may get as far as a step: then the orders themselves are missing.
    let orders = over((Metric::Orders, CuboidRole::Plain)).map(|(a, dispersion)| {
        let most =
            a.observed + 2.0 + z.max(Z95) * ((a.observed + 1.0) * dispersion.overdispersion).sqrt();
        1.0 - most / (a.expected * (1.0 - 2.0 * dispersion.day_drift).max(0.5))
    });
    steps.chain(orders).fold(0.0, f64::max)
}

/// Everything it rests on is partial, truncated, stale or a low sample.
fn weak(cube: &Cube, live: &OpenCase) -> bool {
    let doubtful = |e: &&Shift| cube.marks.get(&e.cuboid).is_some_and(|m| m.all_weak);
    let present = live.present();
    live.failing_checks.is_empty()
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
fn small(policy: &Policy, cube: &Cube, live: &OpenCase, scope: &Scope) -> bool {
    let mine = || live.shifts.iter().filter(|e| e.place == *scope);
    let served = mine().map(|e| e.served.soon).fold(0.0, f64::max);
    if served::names(scope) && served < policy.detect.small_rollout {
        return true;
    }
    let share = mine().map(|e| traffic(cube, e)).fold(0.0, f64::max);
    share > 0.0 && share < policy.detect.small_cohort && !scope.dims.contains_key(&Dim::Template)
}

/// Share of the shop's traffic inside an shift's place, without its template and its release.
pub fn traffic(cube: &Cube, e: &Shift) -> f64 {
    let Some(cuboid) = cube.cuboids.get(&e.cuboid) else { return 0.0 };
    let mut scope = served::rest(&e.scope);
    let template = scope.dims.remove(&Dim::Template);
    let (mut inside, mut all) = (0.0, 0.0);
    for leaf in &cuboid.leaves {
        let at = leaf.seg.get(Dim::Template).as_str();
        if template.as_ref().is_none_or(|t| t.contains(at)) {
            // A count's samples are hours: what is usual tells how much traffic that is.
            let mass = |a: &Tally| if is_visit_loss(e) { a.expected } else { a.units };
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

/// The worst of what the case says as a whole and what each of its shifts says alone: what joins
/// never makes it less.
pub fn worst(policy: &Policy, cube: &Cube, live: &OpenCase, segments: &[Scope]) -> Ranked {
    let rules = &policy.severity_rule;
    let whole = rank(rules, &facts(policy, cube, live, segments));
    if live.shifts.len() < 2 || live.is_telemetry() {
        return whole;
    }
    let present = live.shifts.iter().filter(|e| e.until.is_none());
    let alone = present.map(|e| {
        let mut one = OpenCase::new(live.key.clone(), live.opened);
        one.shifts = vec![e.clone()];
        rank(rules, &facts(policy, cube, &one, std::slice::from_ref(&e.place)))
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
