//! What a search may read: settings, numbers, changes, silent sources, shifts that are known. A
//! view lent for one bucket; nothing in it can be changed through it.

use std::collections::BTreeMap;

use super::shift::Shift;
use crate::detect::cube::changes::Changes;
use crate::detect::cube::cuboid::Cuboid;
use crate::detect::cube::key::Family;
use crate::detect::cube::settings::Settings;
use crate::detect::cube::store::Cube;
use crate::domain::id::SourceId;
use crate::domain::time::Timestamp;
use crate::policy::judging::Policy;

pub struct SearchScene<'a> {
    pub settings: &'a Settings,
    pub cube: &'a Cube,
    pub changes: &'a Changes,
    /// Sources that tell nothing, and since when.
    pub blind: &'a BTreeMap<SourceId, Timestamp>,
    /// Shifts of open cases, and of those that are gone while they lie inside a window.
    pub known: Vec<&'a Shift>,
    /// Checks of some journey fail by vote.
    pub checks_fail: bool,
}

impl<'a> SearchScene<'a> {
    pub const fn policy(&self) -> &'a Policy {
        &self.settings.policy
    }

    pub fn sees(&self, source: &SourceId) -> bool {
        !self.blind.contains_key(source)
    }

    /// Cuboids of a family whose source tells something.
    pub fn seen(&self, family: Family) -> impl Iterator<Item = &'a Cuboid> {
        self.cube.family(family).filter(|t| self.sees(&t.key.source))
    }
}
