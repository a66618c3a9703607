//! How far a release or an arm reaches, as its change declares it: what names one and is hurt on
//! pages that this never touched is hurt there by chance, unless these pages say so themselves.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::change::{Change, ChangeKind};
use crate::domain::segment::{Dim, Scope};
use crate::domain::time::Timestamp;

/// Pages that releases and arms declare; nothing where one of them declares none.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reach {
    arms: Option<BTreeSet<String>>,
    releases: BTreeMap<String, BTreeSet<String>>,
}

impl Reach {
    /// Of all changes that shoppers may meet at `now`.
    pub fn of<'a>(changes: impl Iterator<Item = &'a Change>, now: Timestamp) -> Self {
        let mut reach = Self::default();
        let mut open = false;
        for c in changes {
            if c.kind == ChangeKind::Experiment && c.share_at(now) > 0.0 {
                open |= c.templates.is_empty();
                reach.arms.get_or_insert_default().extend(c.templates.iter().cloned());
            } else if c.is_release() && !c.templates.is_empty() && c.effective_at() <= now {
                for name in [c.id.as_str(), &c.version].into_iter().filter(|n| !n.is_empty()) {
                    let pages = reach.releases.entry(name.to_owned()).or_default();
                    pages.extend(c.templates.iter().cloned());
                }
            }
        }
        reach.arms = reach.arms.filter(|_| !open);
        reach
    }

    /// The pages that all releases and arms of a place declare together.
    pub fn pages(&self, scope: &Scope) -> Option<BTreeSet<String>> {
        let mut pages = BTreeSet::new();
        if scope.dims.contains_key(&Dim::Cohort) {
            pages.extend(self.arms.as_ref()?.iter().cloned());
        }
        for name in scope.dims.get(&Dim::Release).into_iter().flatten() {
            pages.extend(self.releases.get(name)?.iter().cloned());
        }
        Some(pages)
    }
}
