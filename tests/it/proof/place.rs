//! How much of the true place a named place covers, weighed by page views.
//! The arithmetic of `score_incidents.py` in the shared detection folder, over this shop's cells.

use tillwatch::domain::segment::{Dim, Scope};
use tillwatch::shop::dims::{cell_mask, template_mask};
use tillwatch::shop::human::views_of;
use tillwatch::shop::world::World;

/// Shares of a named place in the true one and the other way round, and their Jaccard index.
#[derive(Clone, Copy, Debug, Default)]
pub struct Overlap {
    pub precision: f64,
    pub recall: f64,
    pub jaccard: f64,
}

/// Release and cohort: the part of the shop that is not a property of visits.
const ARMS: [Dim; 2] = [Dim::Release, Dim::Cohort];

fn armed(scope: &Scope) -> bool {
    ARMS.iter().any(|dim| scope.dims.contains_key(dim))
}

/// Covered by any of `scopes`: for each cell and template, the hit arm and the rest.
fn covered(scopes: &[Scope], truth: &[Scope]) -> Vec<(bool, bool)> {
    let mut out = vec![(false, false); 6 * tillwatch::shop::dims::CELLS];
    for scope in scopes {
        let right = |dim: &Dim| {
            let named = scope.dims.get(dim);
            named.is_none_or(|v| truth.iter().any(|t| t.dims.get(dim).is_some_and(|w| v == w)))
        };
        if !ARMS.iter().all(right) {
            continue;
        }
        let (cells, templates) = (cell_mask(scope), template_mask(scope));
        for (cell, _) in cells.iter().enumerate().filter(|(_, hit)| **hit) {
            for template in (0..6).filter(|t| templates >> t & 1 == 1) {
                let slot = &mut out[cell * 6 + template];
                *slot = (true, slot.1 || !armed(scope));
            }
        }
    }
    out
}

/// `arm` is the share of views that a release or an experiment's arm reached.
pub fn overlap(world: &World, named: &[Scope], truth: &[Scope], arm: f64) -> Overlap {
    let arm = if truth.iter().any(armed) { arm } else { 1.0 };
    let (mine, real) = (covered(named, truth), covered(truth, truth));
    let (mut a, mut b, mut both) = (0.0, 0.0, 0.0);
    for (at, (m, r)) in mine.iter().zip(&real).enumerate() {
        let Some(facts) = world.cells.get(at / 6) else { continue };
        let weight = facts.weight * views_of(facts, at % 6);
        for (share, m, r) in [(arm, m.0, r.0), (1.0 - arm, m.1, r.1)] {
            let w = weight * share;
            a += if m { w } else { 0.0 };
            b += if r { w } else { 0.0 };
            both += if m && r { w } else { 0.0 };
        }
    }
    let part = |x: f64, of: f64| if of > 0.0 { x / of } else { 0.0 };
    Overlap { precision: part(both, a), recall: part(both, b), jaccard: part(both, a + b - both) }
}

#[test]
fn a_wider_place_loses_precision_and_a_narrower_one_recall() {
    let world = World::new(1, 1000.0);
    let pdp = Scope::everything().with(Dim::Template, "pdp");
    let mobile = pdp.clone().with(Dim::Device, "mobile");
    let of = |named: &[Scope], truth: &[Scope]| overlap(&world, named, truth, 1.0);
    let same = of(std::slice::from_ref(&pdp), std::slice::from_ref(&pdp));
    assert!((same.jaccard - 1.0).abs() < 1e-9);
    let wide = of(&[Scope::everything()], std::slice::from_ref(&pdp));
    assert!((wide.recall - 1.0).abs() < 1e-9 && wide.precision < 0.5);
    let narrow = of(&[mobile], std::slice::from_ref(&pdp));
    assert!((narrow.precision - 1.0).abs() < 1e-9 && narrow.recall < 0.8);
    let staged = pdp.clone().with(Dim::Release, "r1");
    let lax = overlap(&world, &[pdp], std::slice::from_ref(&staged), 0.05);
    assert!((lax.precision - 0.05).abs() < 1e-9 && (lax.recall - 1.0).abs() < 1e-9);
}
