//! Copies and looks at the whole: a backup is whole whoever writes, an import keeps order and
//! meaning, and a journal that is not whole is told as that.

use proptest::prelude::*;
use sqlx::{Connection, SqliteConnection};

use super::*;
use crate::incident::record::{from_line, to_line};
use crate::incident::tests::properties::records;

fn now() -> Timestamp {
    min(10_000)
}

async fn all(journal: &Journal) -> Vec<Record> {
    journal.since(0, 1_000_000).await.expect("read").into_iter().map(|s| s.record).collect()
}

async fn sql(place: &Place, sql: &'static str) {
    let url = format!("sqlite://{}", place.path().display());
    let mut conn = SqliteConnection::connect(&url).await.expect("connection");
    sqlx::query(sql).execute(&mut conn).await.expect(sql);
    conn.close().await.expect("closed");
}

fn kinds(audit: &Audit) -> Vec<&'static str> {
    audit.problems().iter().map(|p| p.kind).collect()
}

#[tokio::test]
async fn a_whole_journal_has_no_problem_and_each_fault_is_told_by_its_kind() {
    let place = Place::new();
    let journal = place.write().await;
    journal.append(&[opened(Severity::Sev1), note(1, "a"), note(2, "b")]).await.expect("stored");
    let audit = place.read().await.audit().await.expect("looked");
    assert_eq!((audit.records, audit.incidents, kinds(&audit)), (3, 1, vec![]));
    journal.append(&[named("INC-X", note(3, "nobody's"))]).await.expect("stored");
    journal.append(&[note(4, "c"), note(5, "d")]).await.expect("stored");
    journal.close().await;
    sql(&place, "DELETE FROM record WHERE seq = 2").await;
    sql(&place, "UPDATE record SET type = 'opened' WHERE seq = 3").await;
    sql(&place, "UPDATE record SET body = 'no line' WHERE seq = 5").await;
    sql(&place, "UPDATE open_incident SET closed = 1").await;
    let audit = place.read().await.audit().await.expect("looked");
    assert_eq!(kinds(&audit), ["missing", "unread", "mislabelled", "homeless", "index"]);
    assert_eq!(audit.missing, [(2, 2)]);
    assert_eq!(audit.mislabelled, [3]);
    sql(&place, "DELETE FROM record WHERE seq = 6").await;
    fs::remove_file(format!("{}-store", place.path().display())).expect("removed");
    fs::write(format!("{}-store", place.path().display()), "").expect("touched");
    let audit = place.read().await.audit().await.expect("looked");
    assert_eq!(audit.missing, [(2, 2), (6, 6)]);
    assert!(kinds(&audit).contains(&"witness"));
}

#[tokio::test]
async fn a_backup_is_a_journal_like_the_first_one_and_writes_over_nothing() {
    let (place, other) = (Place::new(), Place::new());
    let journal = place.write().await;
    journal.append(&[opened(Severity::Sev1), note(1, "a")]).await.expect("stored");
    let reader = place.read().await;
    let to = other.dir.path().join("copy.db");
    let copied = reader.backup(&to, false).await.expect("copied");
    assert_eq!((copied.newest, mode(&to)), (2, 0o600));
    let again = reader.backup(&to, false).await.expect_err("refused").to_string();
    assert!(again.contains("--force"), "{again}");
    journal.append(&[note(2, "b")]).await.expect("stored");
    assert_eq!(reader.backup(&to, true).await.expect("replaced").newest, 3);
    let url = format!("sqlite:{}", to.display());
    let copy = Journal::open(&url, Access::Read).await.expect("a journal");
    assert_eq!(all(&copy).await, all(&journal).await);
    assert_eq!(kinds(&copy.audit().await.expect("looked")), Vec::<&str>::new());
    copy.close().await;
    for (path, why) in [(place.path(), "itself"), (other.dir.path().join("letter"), "no journal")] {
        fs::write(other.dir.path().join("letter"), "Dear Ana").expect("written");
        let refusal = reader.backup(&path, true).await.expect_err("refused").to_string();
        assert!(refusal.contains(why), "{refusal}");
    }
    // put back where the first one was, it is gone on with
    fs::set_permissions(other.dir.path(), Permissions::from_mode(0o700)).expect("closed");
    let live = Journal::open(&url, Access::Write).await.expect("writable");
    live.append(&[note(3, "c")]).await.expect("goes on");
    let used = reader.backup(&to, true).await.expect_err("refused").to_string();
    assert!(used.contains("in use"), "{used}");
    let left = fs::read_dir(other.dir.path()).expect("list").flatten();
    assert!(left.into_iter().all(|e| !e.file_name().to_string_lossy().contains("-new-")));
}

#[tokio::test]
async fn an_import_goes_into_an_empty_journal_without_a_watcher_only() {
    let records = [opened(Severity::Sev1), note(1, "a")];
    let place = Place::new();
    let journal = place.write().await;
    journal.take_lease("w", now(), Span::from_secs(10)).await.expect("lease");
    let held = journal.import(&records, now()).await.expect_err("held").to_string();
    assert!(held.contains("w watches"), "{held}");
    journal.release_lease("w").await.expect("free");
    assert_eq!(journal.import(&records, now()).await.expect("imported"), 2);
    assert_eq!(all(&journal).await, records);
    let twice = journal.import(&records, now()).await.expect_err("twice").to_string();
    assert!(twice.contains("has records already"), "{twice}");
    assert_eq!(journal.open_records(now()).await.expect("index").len(), 2);
    assert_eq!(kinds(&journal.audit().await.expect("looked")), Vec::<&str>::new());
}

#[tokio::test]
async fn incidents_of_a_time_are_those_with_a_record_in_it() {
    let place = Place::new();
    let journal = place.write().await;
    let log = [opened(Severity::Sev1), named("INC-2", opened(Severity::Sev2)), note(5, "late")];
    journal.append(&log).await.expect("stored");
    let touched = async |a, b| journal.touched(min(a), min(b)).await.expect("read");
    assert_eq!(touched(0, 1).await, ["INC-00001".into(), "INC-2".into()]);
    assert_eq!(touched(1, 9).await, ["INC-00001".into()]);
    assert!(touched(6, 9).await.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn what_is_exported_and_imported_folds_the_same(log in records()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("tokio").block_on(async {
            let (from, to) = (Place::new(), Place::new());
            let (one, two) = (from.write().await, to.write().await);
            one.append(&log).await.expect("stored");
            let first = one.since(0, 1_000_000).await.expect("read");
            let lines: Vec<String> =
                first.records.iter().map(|s| to_line(&s.record).expect("line")).collect();
            let read: Vec<Record> = lines.iter().map(|l| from_line(l).expect("read")).collect();
            if !read.is_empty() {
                two.import(&read, now()).await.expect("imported");
            }
            let second = two.since(0, 1_000_000).await.expect("read");
            assert_eq!(first, second);
            assert_eq!(first.incidents(), second.incidents());
            let kept = |reading: JournalReading| {
                reading.records.into_iter().map(|s| s.record).collect::<Vec<_>>()
            };
            let since = min(0);
            assert_eq!(
                kept(one.open_records(since).await.expect("open")),
                kept(two.open_records(since).await.expect("open"))
            );
        });
    }
}
