//! Releases read from an info series: a version that appears beside or after another one is a
//! change. Only sightings count; who caused it and how it was rolled out is not known here.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::change::{Change, ChangeKind, ChangeStatus};
use crate::domain::time::Timestamp;
use crate::source::error::cut;
use crate::source::harvest::Harvest;
use crate::source::query::LABEL;

use super::{Answered, QueryFrame, SeriesLine};

/// What is known of each service's versions.
pub type LiveVersions = BTreeMap<String, Versions>;

/// The versions of one service.
#[derive(Clone, Debug, Default)]
pub struct Versions {
    /// Those that run now, with the instant they were first seen.
    running: BTreeMap<String, Timestamp>,
    /// Those that ran, with the last instant they were seen: answers overlap, and what is told of
    /// that time again is no return.
    ended: BTreeMap<String, Timestamp>,
    /// Those that ran at the first sight and were not told yet: what a change goes back to.
    start: BTreeMap<String, Timestamp>,
}

struct Sighting {
    first: Timestamp,
    last: Timestamp,
    service: String,
    version: String,
}

impl QueryFrame<'_> {
    /// A change for each version that appears while or after another one runs. What runs at the
    /// first sight of a service is the start (there may be several side by side): it is told with
    /// the change that replaces it, as live from when it was first seen. A version that
    /// vanished and comes back is a change.
    pub fn builds(&self, answer: &Answered, live: &mut LiveVersions, out: &mut Harvest) {
        let mut seen: Vec<Sighting> =
            answer.lines.iter().filter_map(|line| self.sighting(line)).collect();
        seen.sort_by_key(|s| s.first);
        let newest = seen.iter().map(|s| s.last).max();
        let mut begun: BTreeMap<String, Timestamp> = BTreeMap::new();
        for s in &seen {
            let known = live.entry(s.service.clone()).or_default();
            if known.running.is_empty() && known.ended.is_empty() {
                begun.insert(s.service.clone(), s.first);
            }
            let told = known.ended.get(&s.version).is_some_and(|end| s.last <= *end);
            if told || known.running.contains_key(&s.version) {
                continue;
            }
            known.ended.remove(&s.version);
            if begun.get(&s.service) == Some(&s.first) {
                known.running.insert(s.version.clone(), s.first);
                known.start.insert(s.version.clone(), s.first);
                continue;
            }
            let newest = known.running.iter().max_by_key(|(_, since)| **since);
            let before = newest.map(|(v, _)| v.clone());
            known.running.insert(s.version.clone(), s.first);
            let Some(before) = before else { continue };
            if let Some(first) = known.start.remove(&before) {
                let start = self.build((&s.service, &before), first, None);
                out.changes.push(Change { ran_before: true, ..start });
            }
            out.changes.push(self.build((&s.service, &s.version), s.first, Some(&before)));
        }
        for s in seen.iter().filter(|s| newest.is_some_and(|n| s.last < n)) {
            if let Some(known) = live.get_mut(&s.service)
                && known.running.len() > 1
                && known.running.remove(&s.version).is_some()
            {
                known.ended.insert(s.version.clone(), s.last);
            }
        }
    }

    fn sighting(&self, line: &SeriesLine) -> Option<Sighting> {
        let query = self.query;
        let label = |name: &Option<String>| {
            let value = name.as_ref().and_then(|l| line.labels.get(l));
            value.filter(|v| !v.is_empty()).map(|v| cut(v, LABEL).to_owned())
        };
        Some(Sighting {
            first: line.points.first()?.0,
            last: line.points.last()?.0,
            version: label(&query.version_label)?,
            service: label(&query.service_label)
                .or_else(|| query.service.clone())
                .unwrap_or_else(|| "shop".to_owned()),
        })
    }

    fn build(
        &self,
        (service, version): (&str, &str),
        first: Timestamp,
        before: Option<&str>,
    ) -> Change {
        let at = first.minus(self.window);
        Change {
            source: self.source.clone(),
            id: version.into(),
            kind: ChangeKind::Deploy,
            service: service.to_owned(),
            environment: "production".to_owned(),
            version: version.to_owned(),
            previous: before.map(Into::into),
            status: ChangeStatus::Succeeded,
            created_at: at,
            started_at: Some(at),
            finished_at: None,
            stages: Vec::new(),
            templates: BTreeSet::new(),
            rolled_back_at: None,
            ran_before: false,
            author: String::new(),
            url: String::new(),
        }
    }
}
