//! Places: from a cut's own dimensions to the place people mean. A funnel step without a template
//! belongs to the templates of the journey that owns the step (policy rows). No statistics.

use std::collections::BTreeSet;

use super::cuboid::{Cuboid, Leaf};
use super::key::{CuboidRole, Family};
use crate::domain::segment::{Dim, DimValue, Scope, Segment};
use crate::policy::judging::Policy;

/// The place of a scope in a family's own dimensions.
pub fn of_scope(policy: &Policy, family: Family, scope: &Scope) -> Scope {
    if family.1 != CuboidRole::Step || scope.dims.contains_key(&Dim::Template) {
        return scope.clone();
    }
    let owner = policy.journey.iter().find(|j| j.steps.contains(&family.0));
    owner.map_or_else(
        || scope.clone(),
        |j| {
            let known = |t: &&String| j.templates.first() == Some(t);
            j.templates.iter().filter(known).fold(scope.clone(), |s, t| s.with(Dim::Template, t))
        },
    )
}

/// The place of a scope of one cut: a cut that tells one page only is about that page.
pub fn in_cut(policy: &Policy, cuboid: &Cuboid, scope: &Scope) -> Scope {
    let place = of_scope(policy, cuboid.key.family, scope);
    if place.dims.contains_key(&Dim::Template) || !cuboid.key.dims.contains(&Dim::Template) {
        return place;
    }
    let page = |l: &Leaf| l.seg.get(Dim::Template).clone();
    match cuboid.leaves.first().map(page) {
        Some(DimValue::Value(one)) if cuboid.leaves.iter().all(|l| page(l).as_str() == &*one) => {
            place.with(Dim::Template, &one)
        }
        _ => place,
    }
}

pub fn of_segment(policy: &Policy, family: Family, seg: &Segment) -> Scope {
    of_scope(policy, family, &Scope::of(seg))
}

/// True when every shopper of `inner` is in `outer`.
pub fn within(inner: &Scope, outer: &Scope) -> bool {
    outer
        .dims
        .iter()
        .all(|(dim, allowed)| inner.dims.get(dim).is_some_and(|values| values.is_subset(allowed)))
}

/// The two differ in the values of exactly one dimension that both fix: parts of one place.
pub fn siblings(a: &Scope, b: &Scope) -> bool {
    let same_dims = a.dims.keys().eq(b.dims.keys());
    same_dims && a.dims.iter().filter(|(d, v)| b.dims.get(d) != Some(v)).count() == 1
}

/// The two fix the same dimensions and share most of the values in each: one place told twice.
pub fn alike(a: &Scope, b: &Scope) -> bool {
    let most = |(x, y): (&BTreeSet<String>, &BTreeSet<String>)| {
        2 * x.intersection(y).count() > x.len().min(y.len())
    };
    a.dims.keys().eq(b.dims.keys()) && a.dims.values().zip(b.dims.values()).all(most)
}

/// Drops scopes that lie within another one of the list, and sorts. Which service is hurt is
/// another answer than which shoppers are: all pages do not hold the service that breaks them.
pub fn widest(mut scopes: Vec<Scope>) -> Vec<Scope> {
    scopes.sort();
    scopes.dedup();
    let names = |s: &Scope| s.dims.contains_key(&Dim::Service);
    let inside = |s: &Scope, all: &[Scope]| {
        all.iter().any(|o| o != s && names(o) == names(s) && within(s, o))
    };
    let all = scopes.clone();
    scopes.retain(|s| !inside(s, &all));
    scopes
}

/// Templates of a place, when it names any.
pub fn templates(scope: &Scope) -> Option<impl Iterator<Item = &str>> {
    scope.dims.get(&Dim::Template).map(|t| t.iter().map(String::as_str))
}
