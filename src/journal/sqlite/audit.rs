//! A look at the whole journal, page by page: every row is read, folded and held against the index,
//! the columns and the file beside it. Writes nothing; what is wrong is said in `journal::audit`.

use std::collections::BTreeMap;

use sqlx::Connection;

use super::connect::one;
use super::reading::{self, Which};
use super::words::unreadable;
use super::{SqliteStore, tables};
use crate::domain::id::IncidentId;
use crate::incident::event::{Event, Record};
use crate::incident::fold::{self, Incident};
use crate::journal::JournalError;
use crate::journal::audit::Audit;
use crate::journal::mark::{self, StoreMark};
use crate::journal::reading::JournalReading;

/// Rows that are held in memory at once.
const PAGE: i64 = 2_000;

/// What a walk over the records keeps.
#[derive(Default)]
struct Walk {
    audit: Audit,
    incidents: BTreeMap<IncidentId, Incident>,
}

impl SqliteStore {
    /// All of it as it is at one instant: others may go on writing.
    pub(in crate::journal) async fn audit(&self) -> Result<Audit, JournalError> {
        let mark = mark::read(&self.path);
        let mut conn = self.reader().await?;
        let mut tx = conn.begin().await.map_err(|e| unreadable(&e))?;
        let mut walk = Walk::default();
        let mut from = i64::MIN;
        loop {
            let page = reading::read(&mut tx, Which::All, from, PAGE).await?;
            let Some(next) = page.last().and_then(|last| last.checked_add(1)) else { break };
            walk.take(page);
            from = next;
        }
        let mut audit = walk.audit;
        audit.incidents = walk.incidents.len() as u64;
        let given = tables::newest(&mut tx).await;
        let newest = audit.last.unwrap_or(0);
        if given > newest && given != i64::MAX {
            audit.missing.push((newest.saturating_add(1), given));
        }
        let rows: Result<Vec<(String,)>, _> =
            sqlx::query_as("PRAGMA integrity_check(20)").fetch_all(&mut *tx).await;
        let rows = rows.map_err(|e| unreadable(&e))?;
        audit.damage.extend(rows.into_iter().map(|row| row.0).filter(|text| text != "ok"));
        audit.mislabelled = mislabelled(&mut tx).await?;
        audit.index = index(&mut tx, &walk.incidents).await?;
        audit.witness = self.witnessed(mark, tables::store(&mut tx).await, given);
        Ok(audit)
    }

    /// What the file beside the journal says against it.
    fn witnessed(&self, mark: StoreMark, store: Option<i64>, newest: i64) -> Option<String> {
        let at = mark::path(&self.path);
        match mark {
            StoreMark::Kept { store: kept, .. } if store != Some(kept) => {
                Some(format!("{} belongs to another journal", at.display()))
            }
            StoreMark::Kept { newest: had, .. } if had > newest => Some(format!(
                "{} says that there was a record {had}; the last one is {newest}",
                at.display()
            )),
            StoreMark::Kept { .. } => None,
            StoreMark::Absent => Some(format!("{} is not there", at.display())),
            StoreMark::Bare | StoreMark::Begun => {
                Some(format!("{} says nothing of use", at.display()))
            }
        }
    }
}

impl Walk {
    fn take(&mut self, page: JournalReading) {
        let unread = page.unread.iter().map(|u| u.seq);
        let mut places: Vec<i64> = page.records.iter().map(|s| s.seq).chain(unread).collect();
        places.sort_unstable();
        for seq in places {
            self.place(seq);
        }
        self.audit.unread.extend(page.unread);
        for stored in page.records {
            self.fold(stored.seq, &stored.record);
        }
    }

    fn place(&mut self, seq: i64) {
        let wanted = self.audit.last.map_or(1, |last| last.saturating_add(1));
        if seq > wanted {
            self.audit.missing.push((wanted, seq.saturating_sub(1)));
        }
        self.audit.first = self.audit.first.or(Some(seq));
        self.audit.last = Some(seq);
        self.audit.records = self.audit.records.saturating_add(1);
    }

    fn fold(&mut self, seq: i64, record: &Record) {
        let known = self.incidents.get_mut(&record.incident);
        let changed = match (known, Incident::opened(record)) {
            (Some(incident), _) => fold::apply(incident, record),
            (None, Some(incident)) => {
                self.incidents.insert(record.incident.clone(), incident);
                true
            }
            (None, None) => {
                self.audit.homeless.push((seq, record.incident.clone()));
                return;
            }
        };
        let again = matches!(record.event, Event::Opened { .. });
        self.audit.idle = self.audit.idle.saturating_add(u64::from(!changed && !again));
        if !changed && again {
            self.audit.homeless.push((seq, record.incident.clone()));
        }
    }
}

/// Rows whose columns differ from their line. What is no JSON is told as unreadable already.
async fn mislabelled(conn: &mut sqlx::sqlite::SqliteConnection) -> Result<Vec<i64>, JournalError> {
    const SQL: &str = "SELECT seq FROM record WHERE json_valid(body) AND \
         (incident IS NOT json_extract(body, '$.incident') \
          OR type IS NOT json_extract(body, '$.type') \
          OR at IS NOT CAST(ROUND((julianday(json_extract(body, '$.at')) - 2440587.5) \
             * 86400000) AS INTEGER)) ORDER BY seq LIMIT 1000";
    let rows: Result<Vec<(i64,)>, _> = sqlx::query_as(SQL).fetch_all(conn).await;
    Ok(rows.map_err(|e| unreadable(&e))?.into_iter().map(|row| row.0).collect())
}

/// Incidents that the index says are closed and are not, or the other way round.
async fn index(
    conn: &mut sqlx::sqlite::SqliteConnection,
    incidents: &BTreeMap<IncidentId, Incident>,
) -> Result<Vec<IncidentId>, JournalError> {
    const SQL: &str = "SELECT incident, closed IS NULL FROM open_incident";
    let rows: Result<Vec<(String, bool)>, _> = sqlx::query_as(SQL).fetch_all(&mut *conn).await;
    let rows: BTreeMap<String, bool> = rows.map_err(|e| unreadable(&e))?.into_iter().collect();
    let (count,): (i64,) = one(conn, "SELECT COUNT(*) FROM open_incident").await?;
    let wrong = incidents.values().filter(|i| rows.get(i.id.as_str()) != Some(&i.is_live()));
    let mut wrong: Vec<IncidentId> = wrong.map(|i| i.id.clone()).collect();
    if usize::try_from(count).ok() > Some(incidents.len()) {
        let known = |id: &&String| incidents.keys().all(|k| k.as_str() != id.as_str());
        wrong.extend(rows.keys().filter(known).map(|id| id.as_str().into()));
    }
    Ok(wrong)
}
