//! Releases read from an info series: a version that appears beside or after another one is a
//! change. Only sightings count; who caused it and how it was rolled out is not known here.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::change::{Change, ChangeKind, ChangeStatus};
use crate::domain::time::Timestamp;
use crate::source::error::cut;
use crate::source::feed;
use crate::source::harvest::Harvest;
use crate::source::query::LABEL;

use super::{Answered, Frame, Line};

/// Changes remembered, to tell what a version took back.
const KEPT: usize = 64;

/// What an info series has told so far.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// Versions that run now, by service, with the instant they were first seen.
    running: BTreeMap<String, BTreeMap<String, Timestamp>>,
    /// Oldest first; what ran at the start is there too, though it was told to nobody.
    known: Vec<Change>,
}

struct Sighting {
    first: Timestamp,
    last: Timestamp,
    service: String,
    version: String,
}

impl Frame<'_> {
    /// A change for each version that appears while or after another one runs, and again for one
    /// that is taken back: an older one comes back for it, or goes on without it. What runs at the
    /// first poll is the start, not a change; a version that vanished and comes back is one.
    pub fn builds(&self, answer: &Answered, live: &mut Live, out: &mut Harvest) {
        let mut seen: Vec<Sighting> =
            answer.lines.iter().filter_map(|line| self.sighting(line)).collect();
        seen.sort_by_key(|s| s.first);
        let newest = seen.iter().map(|s| s.last).max();
        let told = live.known.clone();
        let mut start = BTreeSet::new();
        for s in &seen {
            let running = live.running.entry(s.service.clone()).or_default();
            if running.contains_key(&s.version) {
                continue;
            }
            let before = running.iter().max_by_key(|(_, since)| **since).map(|(v, _)| v.clone());
            running.insert(s.version.clone(), s.first);
            let mut change = self.build(s, before.as_deref());
            if live.known.iter().any(|c| c.id == change.id) {
                change.id = format!("{}@{}", s.version, s.first.secs()).as_str().into();
            }
            if before.is_none() {
                start.insert(change.id.clone());
            }
            live.known.push(change);
        }
        feed::link(&mut live.known);
        for s in seen.iter().filter(|s| newest.is_some_and(|n| s.last < n)) {
            live.gone(s);
        }
        let news = live.known.iter().filter(|c| !told.contains(c) && !start.contains(&c.id));
        out.changes.extend(news.cloned());
        let surplus = live.known.len().saturating_sub(KEPT);
        live.known.drain(..surplus);
    }
}

impl Live {
    /// A version that vanishes while one that is older goes on was taken back; a rollout that is
    /// complete ends the older one.
    fn gone(&mut self, s: &Sighting) {
        let Some(running) = self.running.get_mut(&s.service).filter(|r| r.len() > 1) else {
            return;
        };
        let Some(since) = running.remove(&s.version) else { return };
        if running.values().any(|other| *other < since) {
            let mine = |c: &&mut Change| c.service == s.service && c.version == s.version;
            if let Some(change) = self.known.iter_mut().rev().find(mine) {
                change.rolled_back_at = change.rolled_back_at.or(Some(s.last));
            }
        }
    }
}

impl Frame<'_> {
    fn sighting(&self, line: &Line) -> Option<Sighting> {
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

    fn build(&self, seen: &Sighting, before: Option<&str>) -> Change {
        let at = seen.first.minus(self.window);
        Change {
            source: self.source.clone(),
            id: seen.version.as_str().into(),
            kind: ChangeKind::Deploy,
            service: seen.service.clone(),
            environment: "production".to_owned(),
            version: seen.version.clone(),
            previous: before.map(Into::into),
            status: ChangeStatus::Succeeded,
            created_at: at,
            started_at: Some(at),
            finished_at: None,
            stages: Vec::new(),
            templates: BTreeSet::new(),
            rolled_back_at: None,
            author: String::new(),
            url: String::new(),
        }
    }
}
