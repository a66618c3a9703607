//! The store on a real disk: what is stored stays, what is not says so, others are kept out.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;
use crate::domain::severity::Severity;
use crate::incident::event::Event;
use crate::incident::fold::fold;
use crate::incident::tests::kit::{case, min, opened, record};

mod boards;
mod copies;
mod damage;
mod doors;
mod doubts;

struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("folder") }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("state/tillwatch.db")
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.path().display())
    }

    async fn write(&self) -> Journal {
        Journal::open(&self.url(), Access::Write).await.expect("writer")
    }

    async fn read(&self) -> Journal {
        Journal::open(&self.url(), Access::Read).await.expect("reader")
    }
}

fn note(minute: i64, text: &str) -> Record {
    record(min(minute), "ana", Event::Noted { text: text.to_owned() })
}

fn named(id: &str, mut record: Record) -> Record {
    record.incident = id.into();
    record
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("meta").permissions().mode() & 0o777
}

#[tokio::test]
async fn the_write_connection_itself_reports_wal_and_full() {
    let place = Place::new();
    let durability = place.write().await.durability().await.expect("pragmas");
    assert_eq!(durability.journal_mode, "wal");
    assert_eq!(durability.synchronous, "full");
    assert!(durability.survives_power_cuts());
}

#[tokio::test]
async fn two_writers_lose_nothing_and_reopening_finds_it_all() {
    let place = Place::new();
    let (one, two) = (place.write().await, place.write().await);
    one.append(&[opened(Severity::Sev1)]).await.expect("opened");
    let write = async |journal: &Journal, who: &str| {
        for n in 0..25 {
            let records = [note(n, who), note(n, who)];
            journal.append(&records).await.expect("stored");
        }
    };
    tokio::join!(write(&one, "one"), write(&two, "two"));
    one.close().await;
    drop(two);
    let journal = place.read().await;
    let all = journal.records_of(&"INC-00001".into()).await.expect("records").records;
    assert_eq!(all.len(), 101);
    assert!(all.windows(2).all(|w| w[0].seq < w[1].seq));
    let records: Vec<Record> = all.into_iter().map(|s| s.record).collect();
    let incident = fold(&records).expect("incident");
    assert_eq!(incident.notes.len(), 100);
    assert_eq!(incident.notes.iter().filter(|n| n.text == "one").count(), 50);
}

#[tokio::test]
async fn changes_of_others_are_seen_cheaply() {
    let place = Place::new();
    let (writer, other) = (place.write().await, place.read().await);
    assert_eq!(other.changed_since(0).await.expect("newest"), None);
    let version = other.data_version().await.expect("version");
    let seq = writer.append(&[opened(Severity::Sev1), note(1, "x")]).await.expect("stored");
    assert_eq!(other.changed_since(0).await.expect("newest"), Some(seq));
    assert_eq!(other.changed_since(seq).await.expect("newest"), None);
    assert_ne!(other.data_version().await.expect("version"), version);
    let after = other.since(seq - 1, 10).await.expect("since").records;
    assert_eq!((after.len(), after[0].seq), (1, seq));
    assert_eq!(other.since(0, 1).await.expect("since").len(), 1);
    assert_eq!(writer.append(&[]).await.expect("nothing"), seq);
}

#[tokio::test]
async fn a_start_reads_open_incidents_and_those_that_may_reopen_only() {
    let place = Place::new();
    let journal = place.write().await;
    let resolved = |m| record(min(m), "ana", Event::Resolved { reason: "done".to_owned() });
    let cleared = |m| record(min(m), "tillwatch", Event::Cleared);
    let log = [
        named("INC-0LD", opened(Severity::Sev1)),
        named("INC-0LD", cleared(5)),
        named("INC-0LD", resolved(10)),
        named("INC-NEW", opened(Severity::Sev2)),
        named("INC-HUSH", opened(Severity::Sev2)),
        named("INC-HUSH", resolved(3)),
        named("INC-BACK", opened(Severity::Sev3)),
        named("INC-BACK", cleared(1)),
        named("INC-BACK", resolved(2)),
    ];
    journal.append(&log).await.expect("stored");
    let ids = async |since| {
        let mut ids: Vec<String> = journal
            .open_records(since)
            .await
            .expect("open")
            .records
            .iter()
            .map(|s| s.record.incident.to_string())
            .collect();
        ids.dedup();
        ids
    };
    assert_eq!(ids(min(11)).await, ["INC-NEW", "INC-HUSH"]);
    assert_eq!(ids(min(10)).await, ["INC-0LD", "INC-NEW", "INC-HUSH"]);
    let again = Event::Reopened {
        case: Box::new(case(Severity::Sev3)),
        ack_due_at: min(30),
        decide_due_at: min(40),
    };
    let back = named("INC-BACK", record(min(20), "tillwatch", again));
    journal.append(&[back, named("INC-HUSH", cleared(21))]).await.expect("stored");
    assert_eq!(ids(min(22)).await, ["INC-NEW", "INC-BACK"]);
    assert_eq!(journal.incident_count().await.expect("count"), 4);
}

#[tokio::test]
async fn folder_and_file_are_closed_to_others() {
    let place = Place::new();
    let journal = place.write().await;
    journal.append(&[opened(Severity::Sev1)]).await.expect("stored");
    let path = place.path();
    assert_eq!(mode(path.parent().expect("folder")), 0o700);
    assert_eq!(mode(&path), 0o600);
    for side in ["-wal", "-shm"] {
        let name = format!("{}{side}", path.display());
        assert_eq!(mode(Path::new(&name)), 0o600, "{name}");
    }
    drop(journal);
    fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("chmod");
    place.write().await;
    assert_eq!(mode(&path), 0o600, "an open file is closed again");
}

#[tokio::test]
async fn a_folder_that_others_write_is_refused() {
    let place = Place::new();
    let folder = place.dir.path().join("shared");
    fs::create_dir(&folder).expect("folder");
    let url = format!("sqlite:{}/j.db", folder.display());
    for bad in [0o777, 0o770, 0o702] {
        fs::set_permissions(&folder, Permissions::from_mode(bad)).expect("chmod");
        let refusal = Journal::open(&url, Access::Write).await.expect_err("refused");
        assert!(refusal.to_string().contains("chmod 700"), "{refusal}");
    }
    assert_eq!(fs::read_dir(&folder).expect("list").count(), 0, "nothing was created");
    std::os::unix::fs::symlink("/etc/hostname", folder.join("link.db")).expect("link");
    fs::set_permissions(&folder, Permissions::from_mode(0o700)).expect("chmod");
    let link = format!("sqlite:{}/link.db", folder.display());
    assert!(matches!(Journal::open(&link, Access::Write).await, Err(JournalError::Place(_))));
}

#[tokio::test]
async fn looking_cannot_write_and_finds_out_what_is_missing() {
    let place = Place::new();
    let absent = Journal::open(&place.url(), Access::Read).await.expect_err("absent");
    assert!(matches!(absent, JournalError::Absent(_)));
    assert!(!place.path().exists(), "looking creates nothing");
    let writer = place.write().await;
    let reader = place.read().await;
    let refused = reader.append(&[note(0, "x")]).await.expect_err("refused");
    assert_eq!(refused.to_string(), "NOT STORED - opened for looking only");
    assert!(reader.put_board(&Board::default()).await.is_err());
    writer.append(&[opened(Severity::Sev1)]).await.expect("stored");
    assert_eq!(reader.since(0, 10).await.expect("since").len(), 1);
}

#[tokio::test]
async fn other_addresses_say_what_to_write() {
    for url in ["postgres://db/x", "postgresql://db/x"] {
        let refusal = Journal::open(url, Access::Write).await.expect_err("refused");
        assert!(refusal.to_string().contains("not in this version"));
    }
    for url in ["", "sqlite:", "sqlite::memory:", "/var/lib/x.db", "mysql://x"] {
        let refusal = Journal::open(url, Access::Write).await.expect_err("refused");
        assert!(matches!(refusal, JournalError::Url(_)), "{url}");
    }
}

#[tokio::test]
async fn a_newer_schema_is_left_alone() {
    let place = Place::new();
    place.write().await.close().await;
    set_schema(&place, 9).await;
    let before = fs::read(place.path()).expect("bytes");
    for access in [Access::Write, Access::Read] {
        let refusal = Journal::open(&place.url(), access).await.expect_err("refused");
        assert!(matches!(refusal, JournalError::Newer { found: 9 }), "{refusal}");
    }
    assert_eq!(fs::read(place.path()).expect("bytes"), before);
}

async fn set_schema(place: &Place, version: i64) {
    use sqlx::{Connection, SqliteConnection};
    let mut conn = SqliteConnection::connect(&place.url()).await.expect("connect");
    let sql = "UPDATE meta SET value = ? WHERE key = 'schema'";
    sqlx::query(sql).bind(version).execute(&mut conn).await.expect("update");
    conn.close().await.expect("close");
}

#[tokio::test]
async fn what_is_no_journal_and_what_vanished_is_said_plainly() {
    let place = Place::new();
    fs::create_dir(place.path().parent().expect("folder")).expect("folder");
    fs::set_permissions(place.path().parent().expect("folder"), Permissions::from_mode(0o700))
        .expect("chmod");
    fs::write(place.path(), "hello, I am a text file and no database\n".repeat(50)).expect("file");
    let refusal = Journal::open(&place.url(), Access::Write).await.expect_err("refused");
    assert!(refusal.to_string().contains("not a journal"), "{refusal}");
    fs::remove_file(place.path()).expect("remove");
    let journal = place.write().await;
    fs::remove_file(place.path()).expect("remove");
    let lost = journal.append(&[note(0, "x")]).await.expect_err("not stored");
    assert!(lost.to_string().starts_with("NOT STORED - the journal at"), "{lost}");
}

#[tokio::test]
async fn a_full_store_refuses_and_recovers_without_a_restart() {
    let place = Place::new();
    let journal = place.write().await;
    journal.append(&[opened(Severity::Sev1)]).await.expect("stored");
    journal.limit_pages(20).await;
    let big = "x".repeat(20_000);
    let mut stored = 1;
    let error = loop {
        match journal.append(&[note(stored, &big)]).await {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.to_string(), "NOT STORED - disk full");
    let all = journal.since(0, 1000).await.expect("reading goes on");
    assert_eq!(i64::try_from(all.len()).expect("small"), stored, "exactly what was stored");
    // The limit went with the connection that met it: now there is room.
    let seq = journal.append(&[note(99, &big)]).await.expect("stored again");
    assert_eq!(seq, stored + 1);
    assert!(journal.durability().await.expect("pragmas").survives_power_cuts());
}

#[tokio::test]
async fn one_board_is_kept_the_newest() {
    let place = Place::new();
    let (writer, reader) = (place.write().await, place.read().await);
    assert_eq!(reader.board().await.expect("board"), None);
    for minute in [1, 2] {
        let board = Board { generated_at: min(minute), site: "shop".into(), ..Board::default() };
        writer.put_board(&board).await.expect("stored");
    }
    let board = reader.board().await.expect("board").expect("some");
    assert_eq!((board.generated_at, board.site.as_str()), (min(2), "shop"));
}

#[tokio::test]
async fn one_watcher_holds_the_lease_until_it_runs_out_or_is_given_back() {
    let place = Place::new();
    let (one, two) = (place.write().await, place.write().await);
    let ttl = Span::from_secs(8);
    let at = |s: i64| min(0).plus(Span::from_secs(s));
    let mine = |s: i64| LeaseOutcome::Mine { until: at(s + 8) };
    let held = |owner: &str, s| LeaseOutcome::Held { owner: owner.to_owned(), until: at(s) };
    assert_eq!(one.take_lease("a", at(0), ttl).await.expect("lease"), mine(0));
    assert_eq!(two.take_lease("b", at(4), ttl).await.expect("lease"), held("a", 8));
    assert_eq!(one.take_lease("a", at(4), ttl).await.expect("lease"), mine(4));
    assert_eq!(two.take_lease("b", at(11), ttl).await.expect("lease"), held("a", 12));
    assert_eq!(two.take_lease("b", at(12), ttl).await.expect("lease"), mine(12));
    one.release_lease("a").await.expect("not its own");
    assert_eq!(one.take_lease("a", at(13), ttl).await.expect("lease"), held("b", 20));
    two.release_lease("b").await.expect("given back");
    assert_eq!(one.take_lease("a", at(13), ttl).await.expect("lease"), mine(13));
    // A clock that was set back by a day does not keep everyone out for a day.
    assert_eq!(two.take_lease("b", at(-86_400), ttl).await.expect("lease"), mine(-86_400));
}

#[tokio::test]
async fn a_watcher_writes_under_its_lease_alone() {
    let place = Place::new();
    let (one, two) = (place.write().await, place.write().await);
    let (ttl, board) = (Span::from_secs(8), Board { site: "one".into(), ..Board::default() });
    one.take_lease("a", min(0), ttl).await.expect("lease");
    one.append_held("a", &[note(1, "first")]).await.expect("stored");
    one.put_board_held("a", &board).await.expect("stored");
    // run out, but nobody took it: still alone
    one.append_held("a", &[note(2, "late")]).await.expect("stored");
    two.take_lease("b", min(1), ttl).await.expect("lease");
    let lost = one.append_held("a", &[note(3, "too late")]).await.expect_err("not its own");
    assert!(matches!(lost, JournalError::LeaseLost), "{lost}");
    let other = Board { site: "two".into(), ..Board::default() };
    let lost = one.put_board_held("a", &other).await.expect_err("not its own");
    assert!(matches!(lost, JournalError::LeaseLost), "{lost}");
    assert_eq!(one.since(0, 10).await.expect("since").len(), 2);
    assert_eq!(two.board().await.expect("board").expect("some").site, "one");
    one.append(&[note(4, "an order needs no lease")]).await.expect("stored");
    // the dead do not count, and only the one named
    let not_dead = one.take_lease_after("c", "a", min(1), ttl).await.expect("lease");
    assert!(matches!(not_dead, LeaseOutcome::Held { .. }), "{not_dead:?}");
    let taken = one.take_lease_after("b", "a", min(1), ttl).await.expect("lease");
    assert!(matches!(taken, LeaseOutcome::Mine { .. }), "{taken:?}");
}

#[tokio::test]
async fn five_programs_that_start_at_once_share_one_fresh_journal() {
    for _ in 0..10 {
        let place = Place::new();
        let start = async |n: i64| {
            let journal = place.write().await;
            journal.append(&[note(n, "here")]).await.expect("stored");
        };
        tokio::join!(start(1), start(2), start(3), start(4), start(5));
        assert_eq!(place.read().await.since(0, 100).await.expect("since").len(), 5);
    }
}

/// `TILLWATCH_SMALL_DISK` names an own folder on a file system of about 1 MB; `./test` mounts one.
#[tokio::test]
#[ignore = "needs TILLWATCH_SMALL_DISK: ./test mounts one and runs it"]
async fn a_disk_that_is_really_full_keeps_exactly_what_it_stored() {
    let folder = PathBuf::from(std::env::var_os("TILLWATCH_SMALL_DISK").expect("a small disk"));
    let url = format!("sqlite:{}/state/j.db", folder.display());
    let filler = folder.join("filler");
    fs::write(&filler, vec![0_u8; 500_000]).expect("filler");
    let journal = Journal::open(&url, Access::Write).await.expect("writer");
    let text = "x".repeat(2000);
    let mut stored = 0;
    let error = loop {
        match journal.append(&[note(stored, &text)]).await {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.to_string(), "NOT STORED - disk full");
    fs::remove_file(&filler).expect("make room");
    journal.append(&[note(stored, "after")]).await.expect("stored without a restart");
    let all = journal.since(0, 10_000).await.expect("since");
    assert_eq!(i64::try_from(all.len()).expect("small"), stored + 1);
}
