//! What is known of changes at all: whether any source tells of them, and whether it can be
//! believed now. "None went live" is said only by a feed that sees. Weighs nothing.

use crate::detect::evidence::units::hour;
use crate::detect::scan::scene::SearchScene;
use crate::domain::change::ChangeKind;
use crate::domain::id::SourceId;
use crate::domain::time::Timestamp;

/// The state of the sources that tell of changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ChangeFeed {
    Known,
    /// One of them tells nothing since.
    Blind(SourceId, Timestamp),
    /// No source tells of changes.
    Absent,
}

impl ChangeFeed {
    /// `known` where the feed sees, else why nothing is known.
    pub fn none(&self, known: &str) -> String {
        match self {
            Self::Known => known.to_owned(),
            Self::Blind(source, since) => {
                format!("releases unknown: {source} is blind since {}", hour(*since))
            }
            Self::Absent => "releases unknown: no source tells of changes".to_owned(),
        }
    }
}

/// Sources that were named as tellers of changes, and those that told of one.
pub fn of(scene: &SearchScene<'_>) -> ChangeFeed {
    // A provider's page tells of somebody else's trouble, not of what went live here.
    let ours = scene.changes.values().filter(|c| c.kind != ChangeKind::Provider);
    let mut told: Vec<&SourceId> = ours.map(|c| &c.source).collect();
    told.extend(&scene.settings.change_sources);
    told.sort();
    told.dedup();
    let blind = told.iter().find_map(|s| scene.blind.get_key_value(*s));
    match blind {
        Some((source, since)) => ChangeFeed::Blind(source.clone(), *since),
        None if told.is_empty() => ChangeFeed::Absent,
        None => ChangeFeed::Known,
    }
}
