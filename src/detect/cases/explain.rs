//! What known shifts explain is taken out of every window, and what is left is looked at anew.
//! Which families are looked at is said by the guardrail rows.

use super::state::EngineState;
use crate::detect::cube::key::{CuboidRole, Family};
use crate::detect::detectors::over_collection;
use crate::detect::scan::shift::Shift;
use crate::detect::scan::{shift, sweep};
use crate::domain::metric::Kind;
use crate::domain::segment::Segment;

/// Families that a guardrail watches for changes; plain counts are judged in `visits`.
pub fn watched(state: &EngineState) -> Vec<Family> {
    let counts = |f: &Family| f.1 == CuboidRole::Plain && f.0.kind() == Kind::Count;
    let all = state.cube.families().into_iter();
    all.filter(|f| sweep::min_change(&state.settings.policy, *f, &Segment::all()).is_some())
        .filter(|f| !counts(f))
        .collect()
}

/// Takes what known shifts explain out of every window, and looks at what is left.
pub fn explain(state: &mut EngineState, bucket: i64) {
    let shifts: Vec<Shift> = state.all_shifts().cloned().collect();
    over_collection::weigh(&mut state.cube, &shifts);
    shift::explain(&mut state.cube, &shifts, &state.lengths, bucket);
    let watched = watched(state);
    for cuboid in state.cube.cuboids.values_mut().filter(|t| !t.swept) {
        cuboid.swept = true;
        let look = watched.contains(&cuboid.key.family);
        cuboid.hits = if look { sweep::sweep(cuboid) } else { Vec::new() };
    }
}
