//! The stored board: in two parts, from older programs, damaged; and files nobody wrote to.
//! Tampers with tables by SQL, as no program of ours does; leases are tested elsewhere.

use sqlx::{Connection, SqliteConnection};

use super::{Board, Journal, JournalError, Place, SCHEMA_VERSION, min};

const CELL: &str = r#"[{"metric":"lcp","stat":"p75","segment":{"device":"mobile"},
    "value":2100.0,"unit":"ms","n":90.0,"interval":{"low":2000.0,"high":2200.5},
    "baseline":null,"verdict":"ok"}]"#;

fn board(minute: i64) -> Board {
    let cells = serde_json::from_str(CELL).expect("cells");
    Board { generated_at: min(minute), site: "shop".into(), cells, ..Board::default() }
}

/// Does to the file what no program of ours does.
async fn tamper(place: &Place, statements: &[&'static str]) {
    let mut conn = SqliteConnection::connect(&place.url()).await.expect("connect");
    for sql in statements {
        sqlx::query(*sql).execute(&mut conn).await.expect("statement");
    }
    conn.close().await.expect("close");
}

async fn stored(place: &Place) -> Journal {
    let journal = place.write().await;
    journal.put_board(&board(1)).await.expect("stored");
    journal
}

#[tokio::test]
async fn the_head_comes_without_cells_and_the_board_with_them() {
    let place = Place::new();
    let journal = stored(&place).await;
    assert_eq!(journal.board().await.expect("board"), Some(board(1)));
    let head = journal.board_head().await.expect("board").expect("some");
    assert_eq!(head, Board { cells: vec![], ..board(1) });
}

#[tokio::test]
async fn a_journal_of_an_older_program_is_read_as_it_is_and_widened_by_a_writer() {
    let place = Place::new();
    stored(&place).await.close().await;
    let version = "UPDATE meta SET value = 1 WHERE key = 'schema'";
    tamper(&place, &["ALTER TABLE board DROP COLUMN rest", version]).await;
    let whole = serde_json::to_string(&board(2)).expect("text");
    let mut conn = SqliteConnection::connect(&place.url()).await.expect("connect");
    let put = sqlx::query("UPDATE board SET body = ?").bind(whole).execute(&mut conn).await;
    put.expect("stored");
    let reader = place.read().await;
    assert_eq!(reader.board().await.expect("board"), Some(board(2)));
    let (one, two) = (place.write().await, place.write().await);
    let version: (i64,) = sqlx::query_as("SELECT value FROM meta WHERE key = 'schema'")
        .fetch_one(&mut conn)
        .await
        .expect("version");
    assert_eq!(version.0, SCHEMA_VERSION);
    assert_eq!(two.board().await.expect("board"), Some(board(2)));
    one.put_board(&board(3)).await.expect("stored");
    assert_eq!(reader.board().await.expect("board"), Some(board(3)));
}

#[tokio::test]
async fn damage_is_said_and_the_head_is_still_there() {
    let place = Place::new();
    let journal = stored(&place).await;
    tamper(&place, &["UPDATE board SET rest = substr(rest, 1, 40)"]).await;
    let error = journal.board().await.expect_err("damaged");
    assert!(matches!(&error, JournalError::Unreadable(why) if why.starts_with("board: ")));
    assert!(journal.board_head().await.expect("head").is_some());
    tamper(&place, &["UPDATE board SET body = 'no board'"]).await;
    assert!(journal.board_head().await.is_err());
}

#[tokio::test]
async fn the_stamp_changes_with_what_is_stored() {
    let place = Place::new();
    let journal = stored(&place).await;
    let before = journal.stamp();
    assert_eq!(before, journal.stamp());
    journal.put_board(&board(2)).await.expect("stored");
    assert_ne!(before, journal.stamp());
}
