//! The doubt about a cuboid, and what a row says whose cuboids are doubted. Who doubts, and why, is
//! told to the state by others.

use crate::detect::cases::state::EngineState;
use crate::detect::cube::cuboid::Cuboid;
use crate::detect::cube::doubt::Doubt;
use crate::domain::id::SourceId;
use crate::verdict::Verdict;

/// The doubt about a cuboid, if there is one.
pub fn about<'a>(state: &'a EngineState, cuboid: &Cuboid) -> Option<(&'a SourceId, &'a Doubt)> {
    let (source, doubt) = state.doubts.get_key_value(&cuboid.key.source)?;
    doubt.on_table(&cuboid.key).then_some((source, doubt))
}

/// What a row that watches `cuboids` says; the flag tells whether all of them are doubted.
pub fn row<'a>(
    state: &EngineState,
    cuboids: impl Iterator<Item = &'a Cuboid>,
) -> Option<(Verdict, String, bool)> {
    let (mut all, mut first) = (true, None);
    for cuboid in cuboids {
        match about(state, cuboid) {
            Some((source, doubt)) => {
                let said = (doubt.verdict(), format!("{source}: {}", doubt.why));
                first = first.max(Some(said));
            }
            None => all = false,
        }
    }
    first.map(|(verdict, why)| (if all { verdict } else { Verdict::Unsure }, why, all))
}
