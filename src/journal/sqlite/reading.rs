//! Reading records row by row: a row that is no record is named and left out, and so is one on a
//! damaged page where the rows after it can still be found. Only a read that fails as a whole is an
//! error.

use futures_util::TryStreamExt;
use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::words::{code, unreadable};
use crate::domain::id::IncidentId;
use crate::domain::time::Timestamp;
use crate::incident::record::from_line;
use crate::incident::unread::{Unread, UnreadWhy, short};
use crate::journal::error::JournalError;
use crate::journal::reading::JournalReading;
use crate::journal::terms::Stored;

const CORRUPT: i64 = 11;

/// Which records.
#[derive(Clone, Copy)]
pub(super) enum Which<'a> {
    All,
    Of(&'a IncidentId),
    /// Of incidents that are open or ended at that instant or later.
    Open(Timestamp),
}

// Bytes rather than text: a column of another type or of no known letters is a bad row, no error.
const ALL: &str = "SELECT seq, CAST(incident AS BLOB), CAST(body AS BLOB) FROM record \
     WHERE seq >= ?1 ORDER BY seq LIMIT ?2";
const OF: &str = "SELECT seq, CAST(incident AS BLOB), CAST(body AS BLOB) FROM record \
     WHERE seq >= ?1 AND incident = ?3 ORDER BY seq LIMIT ?2";
const OPEN: &str = "SELECT seq, CAST(incident AS BLOB), CAST(body AS BLOB) FROM record \
     WHERE seq >= ?1 AND incident IN \
     (SELECT incident FROM open_incident WHERE ended IS NULL OR ended >= ?3) ORDER BY seq LIMIT ?2";
// The same without bodies: the index has it all, whatever page of the table is damaged.
const PLACES: [&str; 3] = [
    "SELECT seq, CAST(incident AS BLOB) FROM record INDEXED BY record_of_incident \
     WHERE seq >= ?1 ORDER BY seq LIMIT ?2",
    "SELECT seq, CAST(incident AS BLOB) FROM record INDEXED BY record_of_incident \
     WHERE seq >= ?1 AND incident = ?3 ORDER BY seq LIMIT ?2",
    "SELECT seq, CAST(incident AS BLOB) FROM record INDEXED BY record_of_incident \
     WHERE seq >= ?1 AND incident IN \
     (SELECT incident FROM open_incident WHERE ended IS NULL OR ended >= ?3) ORDER BY seq LIMIT ?2",
];
const ONE: &str = "SELECT seq, CAST(incident AS BLOB), CAST(body AS BLOB) FROM record \
     WHERE seq = ?1";

/// The first `most` records from place `from` on.
pub(super) async fn read(
    conn: &mut SqliteConnection,
    which: Which<'_>,
    from: i64,
    most: i64,
) -> Result<JournalReading, JournalError> {
    let mut reading = JournalReading::default();
    let read = rows(conn, which, (from, most), &mut reading).await;
    let read = match read {
        Err(e) if code(&e) == Some(CORRUPT) => {
            reading = JournalReading::default();
            one_by_one(conn, which, (from, most), &mut reading).await
        }
        read => read,
    };
    read.map(|()| reading).map_err(|e| unreadable(&e))
}

async fn rows(
    conn: &mut SqliteConnection,
    which: Which<'_>,
    (from, most): (i64, i64),
    reading: &mut JournalReading,
) -> Result<(), sqlx::Error> {
    let query = match which {
        Which::All => sqlx::query(ALL).bind(from).bind(most),
        Which::Of(id) => sqlx::query(OF).bind(from).bind(most).bind(id.as_str()),
        Which::Open(since) => sqlx::query(OPEN).bind(from).bind(most).bind(since.millis()),
    };
    let mut rows = query.fetch(conn);
    while let Some(row) = rows.try_next().await? {
        take(&row, reading)?;
    }
    Ok(())
}

/// For a file with damaged pages: each row by itself, so that only those on them are lost.
async fn one_by_one(
    conn: &mut SqliteConnection,
    which: Which<'_>,
    (from, most): (i64, i64),
    reading: &mut JournalReading,
) -> Result<(), sqlx::Error> {
    let [all, of, open] = PLACES;
    let query = match which {
        Which::All => sqlx::query_as(all).bind(from).bind(most),
        Which::Of(id) => sqlx::query_as(of).bind(from).bind(most).bind(id.as_str()),
        Which::Open(since) => sqlx::query_as(open).bind(from).bind(most).bind(since.millis()),
    };
    let places: Vec<(i64, Option<Vec<u8>>)> = query.fetch_all(&mut *conn).await?;
    for (seq, incident) in places {
        match sqlx::query(ONE).bind(seq).fetch_optional(&mut *conn).await {
            Ok(Some(row)) => take(&row, reading)?,
            Ok(None) => {}
            Err(e) if code(&e) == Some(CORRUPT) => {
                let incident = name(incident.as_deref());
                reading.unread.push(Unread { seq, incident, why: UnreadWhy::Page });
            }
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// The incident as the row has it, whatever that is.
fn name(bytes: Option<&[u8]>) -> IncidentId {
    let text = short(&String::from_utf8_lossy(bytes.unwrap_or_default()));
    if text.is_empty() { "?".into() } else { text.as_str().into() }
}

fn take(row: &SqliteRow, reading: &mut JournalReading) -> Result<(), sqlx::Error> {
    let seq: i64 = row.try_get(0)?;
    let incident: Option<&[u8]> = row.try_get(1)?;
    let body: Option<&[u8]> = row.try_get(2)?;
    let record = match std::str::from_utf8(body.unwrap_or_default()) {
        Ok(text) => from_line(text).map_err(|error| {
            tracing::warn!(seq, %error, "a journal record is left out");
            UnreadWhy::from(&error)
        }),
        Err(_) => Err(UnreadWhy::Damaged),
    };
    match record {
        Ok(record) => reading.records.push(Stored { seq, record }),
        Err(why) => {
            reading.unread.push(Unread { seq, incident: name(incident), why });
        }
    }
    Ok(())
}
