//! What a look into the journal gives: the records that could be read and those that could not.
//! One bad record never hides the ones after it. Which rows are looked at is `sqlite`.

use std::collections::BTreeSet;

use super::terms::Stored;
use crate::domain::id::IncidentId;
use crate::incident::event::Record;
use crate::incident::fold::{self, Incident};
use crate::incident::unread::Unread;

/// Records in journal order, and what was left out.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct JournalReading {
    pub records: Vec<Stored>,
    pub unread: Vec<Unread>,
}

impl JournalReading {
    /// The place of the last row looked at, readable or not; none when there was none.
    pub fn last(&self) -> Option<i64> {
        let read = self.records.last().map(|s| s.seq);
        read.max(self.unread.last().map(|u| u.seq))
    }

    pub const fn is_empty(&self) -> bool {
        self.records.is_empty() && self.unread.is_empty()
    }

    /// Rows looked at.
    pub const fn len(&self) -> usize {
        self.records.len().saturating_add(self.unread.len())
    }

    /// The incidents that these records make. One whose opening cannot be read begins with the
    /// first evidence that can.
    pub fn incidents(&self) -> Vec<Incident> {
        let mut incidents = Vec::new();
        for stored in &self.records {
            fold::absorb(&mut incidents, &stored.record);
        }
        let damaged: BTreeSet<&IncidentId> = self.unread.iter().map(|u| &u.incident).collect();
        for id in damaged {
            if incidents.iter().all(|i| i.id != *id) {
                incidents.extend(self.salvaged(id));
            }
        }
        incidents
    }

    fn salvaged(&self, id: &IncidentId) -> Option<Incident> {
        let all = self.records.iter().map(|s| &s.record);
        let records: Vec<&Record> = all.filter(|r| r.incident == *id).collect();
        fold::salvaged(&records)
    }
}

/// The records alone.
impl IntoIterator for JournalReading {
    type Item = Stored;
    type IntoIter = std::vec::IntoIter<Stored>;

    fn into_iter(self) -> Self::IntoIter {
        self.records.into_iter()
    }
}
