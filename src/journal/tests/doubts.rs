//! A commit that fails after everything was written: one honest answer, and never two copies.
//! What can be known is looked up over a new connection; what cannot is said to be unknown.

use super::*;
use crate::journal::sqlite::CommitFault;

async fn texts(journal: &Journal) -> Vec<String> {
    let reading = journal.since(0, 100).await.expect("read");
    let text = |s: &Stored| match &s.record.event {
        Event::Noted { text } => text.clone(),
        other => format!("{other:?}"),
    };
    reading.records.iter().map(text).collect()
}

#[tokio::test]
async fn a_record_that_is_there_after_all_is_stored() {
    let place = Place::new();
    let journal = place.write().await;
    journal.append(&[note(0, "first")]).await.expect("stored");
    journal.store.fail(&[CommitFault::Kept]);
    assert_eq!(journal.append(&[note(1, "a"), note(1, "a")]).await.expect("stored"), 3);
    assert_eq!(texts(&journal).await, ["first", "a", "a"]);
    assert_eq!(journal.append(&[note(2, "b")]).await.expect("stored"), 4);
    assert!(journal.durability().await.expect("pragmas").survives_power_cuts());
}

#[tokio::test]
async fn a_record_that_is_not_there_is_written_again_once() {
    let place = Place::new();
    let journal = place.write().await;
    journal.store.fail(&[CommitFault::Lost]);
    assert_eq!(journal.append(&[note(1, "a")]).await.expect("stored"), 1);
    assert_eq!(texts(&journal).await, ["a"]);
}

#[tokio::test]
async fn what_nobody_knows_is_said_once_and_settled_by_the_next_write() {
    for last in [CommitFault::Lost, CommitFault::Kept] {
        let place = Place::new();
        let journal = place.write().await;
        journal.store.fail(&[CommitFault::Lost, last]);
        let unknown = journal.append(&[note(1, "a"), note(2, "b")]).await.expect_err("unknown");
        assert!(matches!(unknown, JournalError::Unknown(_)), "{unknown}");
        let words = unknown.said();
        assert!(words.starts_with("UNKNOWN whether it is stored - "), "{words}");
        assert!(!words.contains("NOT STORED"), "{words}");
        // the watcher tries the same again, with what came since
        let seq = journal.append(&[note(1, "a"), note(2, "b"), note(3, "c")]).await;
        assert_eq!(seq.expect("stored"), 3);
        assert_eq!(texts(&journal).await, ["a", "b", "c"], "after {last:?}");
    }
}

#[tokio::test]
async fn a_record_without_a_place_after_it_is_not_called_a_full_disk() {
    use sqlx::{Connection, SqliteConnection};
    let place = Place::new();
    let journal = place.write().await;
    journal.append(&[note(1, "a")]).await.expect("stored");
    let mut conn = SqliteConnection::connect(&place.url()).await.expect("connect");
    let sql = "INSERT INTO record VALUES (9223372036854775807, 1, 'INC-1', 'noted', '{}')";
    sqlx::query(sql).execute(&mut conn).await.expect("inserted");
    conn.close().await.expect("closed");
    let refused = journal.append(&[note(2, "b")]).await.expect_err("refused");
    assert!(refused.to_string().contains("the last number there is"), "{refused}");
    assert_eq!(journal.since(i64::MAX, 9).await.expect("read"), JournalReading::default());
}
