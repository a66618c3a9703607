//! What known shifts explain is taken out of every window, and what is left is looked at anew.
//! Which families are looked at is said by the guardrail rows.

use super::state::EngineState;
use crate::detect::cube::key::{Family, Role};
use crate::detect::detectors::over_collection;
use crate::detect::scan::shift::Shift;
use crate::detect::scan::{shift, sweep};
use crate::domain::metric::Kind;
use crate::domain::segment::Segment;

/// Families that a guardrail watches for changes; plain counts are judged in `visits`.
pub fn watched(state: &EngineState) -> Vec<Family> {
    let counts = |f: &Family| f.1 == Role::Plain && f.0.kind() == Kind::Count;
    let all = state.store.families().into_iter();
    all.filter(|f| sweep::min_change(&state.settings.policy, *f, &Segment::all()).is_some())
        .filter(|f| !counts(f))
        .collect()
}

/// Takes what known effects explain out of every window, and looks at what is left.
pub fn explain(state: &mut EngineState, bucket: i64) {
    let effects: Vec<Shift> = state.all_effects().cloned().collect();
    over_collection::weigh(&mut state.store, &effects);
    shift::explain(&mut state.store, &effects, &state.lengths, bucket);
    let watched = watched(state);
    for table in state.store.tables.values_mut().filter(|t| !t.swept) {
        table.swept = true;
        let look = watched.contains(&table.key.family);
        table.loud = if look { sweep::sweep(table) } else { Vec::new() };
    }
}
