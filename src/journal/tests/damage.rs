//! Rows that are no records: each is named and left out, whatever is wrong with it, and everything
//! after it is read.

use sqlx::{Connection, SqliteConnection};

use super::*;
use crate::incident::unread::UnreadWhy;

/// Writes behind the program's back.
async fn sql(place: &Place, statements: &[&'static str]) {
    let mut conn = SqliteConnection::connect(&place.url()).await.expect("connect");
    for statement in statements {
        sqlx::query(*statement).execute(&mut conn).await.expect(statement);
    }
    conn.close().await.expect("close");
}

fn whys(reading: &JournalReading) -> Vec<(i64, &str, &UnreadWhy)> {
    reading.unread.iter().map(|u| (u.seq, u.incident.as_str(), &u.why)).collect()
}

#[tokio::test]
async fn one_bad_row_is_named_and_everything_after_it_is_read() {
    let place = Place::new();
    let journal = place.write().await;
    journal.append(&[opened(Severity::Sev1)]).await.expect("stored");
    sql(
        &place,
        &[
            "INSERT INTO record (at, incident, type, body) VALUES (1, 'INC-00001', 'noted', 'no')",
            "INSERT INTO record (at, incident, type, body) \
             VALUES (1, 'INC-00001', 'noted', '{\"v\":2}')",
            "INSERT INTO record (at, incident, type, body) SELECT at, incident, 'exploded', \
             replace(body, '\"opened\"', '\"exploded\"') FROM record WHERE seq = 1",
            "INSERT INTO record (at, incident, type, body) \
             VALUES (1, 'INC-00001', 'noted', CAST(x'7b22ff' AS TEXT))",
            "INSERT INTO record (seq, at, incident, type, body) VALUES (-7, 1, '', 'noted', '')",
            "INSERT INTO record (seq, at, incident, type, body) \
             VALUES (1000000000000, 1, 'INC-1' || char(10) || 'x', 'noted', '{\"v\":-1}')",
        ],
    )
    .await;
    let seq = journal.append(&[note(1, "after")]).await.expect("stored");
    assert_eq!(seq, 1_000_000_000_001);
    let all = journal.since(0, 100).await.expect("read");
    let event = UnreadWhy::Event("exploded".to_owned());
    assert_eq!(
        whys(&all),
        [
            (2, "INC-00001", &UnreadWhy::Damaged),
            (3, "INC-00001", &UnreadWhy::Newer(2)),
            (4, "INC-00001", &event),
            (5, "INC-00001", &UnreadWhy::Damaged),
            (1_000_000_000_000, "INC-1x", &UnreadWhy::Damaged),
        ]
    );
    assert_eq!((all.records.len(), all.last()), (2, Some(seq)));
    let bad = journal.since(1, 3).await.expect("read");
    assert_eq!((bad.records.len(), bad.last()), (0, Some(4)), "bad rows alone move on too");
    for reading in [
        journal.records_of(&"INC-00001".into()).await.expect("read"),
        journal.open_records(min(0)).await.expect("read"),
    ] {
        assert_eq!(reading.unread.len(), 4);
        assert_eq!(reading.incidents()[0].notes.len(), 1);
    }
}

#[tokio::test]
async fn columns_of_other_types_are_bad_rows() {
    let place = Place::new();
    let journal = place.write().await;
    journal.append(&[opened(Severity::Sev1)]).await.expect("stored");
    sql(
        &place,
        &[
            "ALTER TABLE record RENAME TO strict_record",
            "DROP INDEX record_of_incident",
            "CREATE TABLE record (seq INTEGER PRIMARY KEY, at, incident, type, body)",
            "INSERT INTO record SELECT * FROM strict_record",
            "CREATE INDEX record_of_incident ON record (incident, seq)",
            "INSERT INTO record VALUES (2, NULL, NULL, NULL, NULL)",
            "INSERT INTO record VALUES (3, 'x', 5, 1.5, 7)",
            "INSERT INTO record VALUES (4, 1, x'00ff', x'', zeroblob(9))",
        ],
    )
    .await;
    journal.append(&[note(1, "after")]).await.expect("stored");
    let all = journal.since(0, 100).await.expect("read");
    assert_eq!((all.records.len(), all.unread.len(), all.last()), (2, 3, Some(5)));
    assert!(all.unread.iter().all(|u| u.why == UnreadWhy::Damaged));
}

#[tokio::test]
async fn an_incident_whose_opening_is_lost_begins_with_the_first_evidence() {
    let place = Place::new();
    let journal = place.write().await;
    let case = Box::new(case(Severity::Sev1));
    let updated = record(min(3), "tillwatch", Event::Updated { case });
    journal.append(&[opened(Severity::Sev1), note(1, "seen"), updated]).await.expect("stored");
    sql(&place, &["UPDATE record SET body = replace(body, '\"v\":1', '\"v\":3') WHERE seq = 1"])
        .await;
    let reading = journal.open_records(min(0)).await.expect("read");
    assert_eq!(whys(&reading), [(1, "INC-00001", &UnreadWhy::Newer(3))]);
    let incidents = reading.incidents();
    let incident = incidents.first().expect("kept under its name");
    assert_eq!((incidents.len(), incident.id.as_str()), (1, "INC-00001"));
    assert_eq!((incident.notes.len(), incident.severity), (1, Severity::Sev1));
    assert_eq!(incident.ack_clock(), Some(min(1)), "what is not known is due at once");
    sql(&place, &["DELETE FROM record WHERE seq = 3"]).await;
    let reading = journal.open_records(min(0)).await.expect("read");
    assert!(reading.incidents().is_empty(), "nothing is guessed");
}

#[tokio::test]
async fn a_damaged_page_costs_the_records_on_it_and_no_others() {
    let place = Place::new();
    let journal = place.write().await;
    journal.append(&[opened(Severity::Sev1)]).await.expect("stored");
    for n in 1..=9 {
        journal.append(&[note(n, &format!("<{n}>").repeat(8_000))]).await.expect("stored");
    }
    journal.close().await;
    let mut bytes = fs::read(place.path()).expect("bytes");
    let own = |page: &[u8]| page[8..4_000].iter().all(|byte| b"<4>".contains(byte));
    let page = bytes.chunks(4096).position(own).expect("a page of its own") * 4096;
    bytes[page..page + 4].fill(0xff);
    fs::write(place.path(), bytes).expect("written");
    let journal = place.write().await;
    for reading in [
        journal.since(0, 100).await.expect("read"),
        journal.open_records(min(0)).await.expect("read"),
        journal.records_of(&"INC-00001".into()).await.expect("read"),
    ] {
        assert_eq!(whys(&reading), [(5, "INC-00001", &UnreadWhy::Page)]);
        assert_eq!(reading.records.len(), 9);
    }
}
