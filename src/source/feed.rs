//! What the order of a feed of releases tells: which version was live before, which one is a
//! rollback and what it took back. Pure; works on the changes of one source.

use crate::domain::change::{Change, ChangeKind, ChangeStatus};

/// Fills `previous`, `kind` and `rolled_back_at` of releases from their order per service and
/// environment. `changes` are sorted by creation, the oldest first. What the source said itself
/// about `previous` stays.
pub fn link(changes: &mut [Change]) {
    for index in 0..changes.len() {
        let (earlier, rest) = changes.split_at_mut(index);
        let Some(change) = rest.first_mut() else { continue };
        if !change.is_release() {
            continue;
        }
        let before: Vec<&mut Change> = earlier
            .iter_mut()
            .filter(|c| c.is_release() && lived(c) && same_line(c, change))
            .collect();
        let live = before.iter().rev().find(|c| c.rolled_back_at.is_none());
        let live = live.map(|c| c.version.clone());
        if change.previous.is_none() {
            change.previous =
                live.clone().filter(|v| *v != change.version).map(|v| v.as_str().into());
        }
        let known = before.iter().any(|c| c.version == change.version);
        if known && live.is_some_and(|v| v != change.version) {
            change.kind = ChangeKind::Rollback;
        }
        if change.kind == ChangeKind::Rollback && lived(change) {
            take_back(before, change);
        }
    }
}

/// Everything after the last time that the target was shipped is taken back.
fn take_back(before: Vec<&mut Change>, rollback: &Change) {
    let at = rollback.effective_at();
    for change in before.into_iter().rev() {
        if change.version == rollback.version {
            return;
        }
        change.rolled_back_at = change.rolled_back_at.or(Some(at));
    }
}

fn same_line(a: &Change, b: &Change) -> bool {
    a.service == b.service && a.environment == b.environment
}

/// True when shoppers met it: it went live, or does so step by step. What waits, is under way, was
/// given up or says nothing known is nothing to go back to, and takes nothing back.
fn lived(change: &Change) -> bool {
    match change.status {
        ChangeStatus::Succeeded | ChangeStatus::Inactive => true,
        ChangeStatus::Running => !change.stages.is_empty(),
        ChangeStatus::Failed
        | ChangeStatus::Cancelled
        | ChangeStatus::Queued
        | ChangeStatus::Unknown => false,
    }
}

/// Where `previous` is a version, the first change that brought it takes its place: it has the name
/// that others know it by.
pub fn name_previous(changes: &mut [Change]) {
    for index in 0..changes.len() {
        let (earlier, rest) = changes.split_at_mut(index);
        let Some(change) = rest.first_mut() else { continue };
        let Some(previous) = change.previous.clone() else { continue };
        let meant = |c: &&Change| same_line(c, change) && c.version == previous.as_str();
        if earlier.iter().any(|c| c.id == previous && same_line(c, change)) {
            continue;
        }
        if let Some(first) = earlier.iter().find(meant) {
            change.previous = Some(first.id.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::time::Timestamp;

    fn deploy(service: &str, version: &str, hour: i64, status: ChangeStatus) -> Change {
        let at = Timestamp::from_secs(1_795_200_000 + hour * 3600);
        Change {
            source: "s".into(),
            id: format!("{version}@{hour}").as_str().into(),
            kind: ChangeKind::Deploy,
            service: service.to_owned(),
            environment: "production".to_owned(),
            version: version.to_owned(),
            previous: None,
            status,
            created_at: at,
            started_at: None,
            finished_at: None,
            stages: Vec::new(),
            templates: BTreeSet::new(),
            rolled_back_at: None,
            ran_before: false,
            author: String::new(),
            url: String::new(),
        }
    }

    #[test]
    fn the_order_shows_previous_versions_and_rollbacks() {
        use ChangeStatus::{Failed, Inactive, Succeeded};
        let mut all = [
            deploy("shop", "v1", 0, Inactive),
            deploy("api", "a1", 1, Succeeded),
            deploy("shop", "v2", 2, Inactive),
            deploy("shop", "v3", 3, Failed),
            deploy("shop", "v1", 4, Succeeded),
            deploy("shop", "v4", 5, Succeeded),
        ];
        link(&mut all);
        let previous: Vec<_> =
            all.iter().map(|c| c.previous.as_ref().map(|p| p.as_str().to_owned())).collect();
        let want = [None, None, Some("v1"), Some("v2"), Some("v2"), Some("v1")];
        assert_eq!(previous, want.map(|w| w.map(str::to_owned)));
        assert_eq!(all[4].kind, ChangeKind::Rollback);
        assert_eq!(all[2].rolled_back_at, Some(all[4].created_at));
        assert_eq!(all[0].rolled_back_at, None);
        assert_eq!(all[5].kind, ChangeKind::Deploy);
    }

    #[test]
    fn shipping_the_live_version_again_is_no_rollback() {
        let mut all = [
            deploy("shop", "v1", 0, ChangeStatus::Succeeded),
            deploy("shop", "v1", 1, ChangeStatus::Succeeded),
        ];
        link(&mut all);
        assert_eq!((all[1].kind, all[1].previous.clone()), (ChangeKind::Deploy, None));
    }
}
