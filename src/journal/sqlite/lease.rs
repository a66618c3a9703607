//! The watcher's lease and what may be written under it. The row is looked at in the transaction
//! that writes, so there are never two writers, whatever the clocks say.

use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;

use crate::domain::time::{Span, Timestamp};
use crate::journal::terms::LeaseOutcome;

/// A lease ends at most this many of its lengths ahead; one beyond is a clock that was set back.
const LONGEST: i64 = 10;

/// Takes or renews the lease for `who.0`; a lease of `who.1`, known to be gone, does not count.
pub(super) async fn take(
    conn: &mut SqliteConnection,
    who: (&str, Option<&str>),
    now: Timestamp,
    ttl: Span,
) -> Result<LeaseOutcome, sqlx::Error> {
    let (owner, dead) = who;
    let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
    let held: Option<(String, i64)> = sqlx::query_as("SELECT owner, until FROM lease WHERE id = 1")
        .fetch_optional(&mut *tx)
        .await?;
    let farthest = now.plus(ttl.times(LONGEST));
    if let Some((holder, until)) = held {
        let until = Timestamp::from_millis(until);
        let counts = holder != owner && dead != Some(holder.as_str());
        if counts && until > now && until <= farthest {
            return Ok(LeaseOutcome::Held { owner: holder, until });
        }
    }
    let until = now.plus(ttl);
    sqlx::query("INSERT OR REPLACE INTO lease (id, owner, until) VALUES (1, ?, ?)")
        .bind(owner)
        .bind(until.millis())
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(LeaseOutcome::Mine { until })
}

/// True when `owner` has the lease, run out or not: as long as nobody took it, it is alone.
pub(super) async fn is_held(
    conn: &mut SqliteConnection,
    owner: Option<&str>,
) -> Result<bool, sqlx::Error> {
    let Some(owner) = owner else { return Ok(true) };
    let row: (i64,) = sqlx::query_as("SELECT COUNT(*) FROM lease WHERE owner = ?")
        .bind(owner)
        .fetch_one(conn)
        .await?;
    Ok(row.0 > 0)
}

/// Replaces the board; false when the lease is not `held` any more.
pub(super) async fn put_board(
    conn: &mut SqliteConnection,
    board: (Timestamp, &str, &str),
    held: Option<&str>,
) -> Result<bool, sqlx::Error> {
    const SQL: &str = "INSERT INTO board (id, at, body, rest) VALUES (1, ?, ?, ?) ON CONFLICT (id) \
         DO UPDATE SET at = excluded.at, body = excluded.body, rest = excluded.rest";
    let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
    if !is_held(&mut tx, held).await? {
        return Ok(false);
    }
    let put = sqlx::query(SQL).bind(board.0.millis()).bind(board.1).bind(board.2);
    put.execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(true)
}
