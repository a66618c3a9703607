//! What is taken for a journal and what is not: nothing is silently a new one, and what is not ours
//! is not touched.

use sqlx::{Connection, SqliteConnection};

use super::*;

async fn refused(place: &Place, words: &str) {
    for access in [Access::Write, Access::Read] {
        let refusal = Journal::open(&place.url(), access).await.expect_err(words).to_string();
        assert!(refusal.contains(words), "{refusal}");
    }
}

async fn with_records(place: &Place, count: i64) -> Journal {
    let journal = place.write().await;
    for n in 0..count {
        journal.append(&[note(n, "x")]).await.expect("stored");
    }
    journal
}

fn side(place: &Place, end: &str) -> PathBuf {
    PathBuf::from(format!("{}{end}", place.path().display()))
}

/// A folder of its own, as another machine would have one.
fn elsewhere() -> Place {
    let place = Place::new();
    let folder = place.path().parent().expect("folder").to_owned();
    fs::create_dir(&folder).expect("folder");
    fs::set_permissions(&folder, Permissions::from_mode(0o700)).expect("chmod");
    place
}

#[tokio::test]
async fn a_new_journal_leaves_nothing_half_made() {
    let place = Place::new();
    place.write().await.close().await;
    let folder = place.path().parent().expect("folder").to_owned();
    let list = fs::read_dir(folder).expect("list").map(|e| e.expect("entry").file_name());
    let mut names: Vec<String> = list.map(|n| n.to_string_lossy().into_owned()).collect();
    names.sort();
    assert_eq!(names, ["tillwatch.db", "tillwatch.db-store"]);
    assert_eq!(mode(&side(&place, "-store")), 0o600);
}

#[tokio::test]
async fn a_journal_cut_to_nothing_is_not_a_new_one() {
    let place = Place::new();
    with_records(&place, 2).await.close().await;
    fs::write(place.path(), "").expect("cut");
    refused(&place, "was cut to nothing").await;
    // an older program left no mark; its log tells
    fs::remove_file(side(&place, "-store")).expect("removed");
    fs::write(side(&place, "-wal"), "what was not yet moved over").expect("written");
    refused(&place, "was cut to nothing").await;
    fs::remove_file(side(&place, "-wal")).expect("removed");
    with_records(&place, 1).await;
}

#[tokio::test]
async fn a_journal_that_was_moved_away_is_missed_until_it_is_back() {
    let place = Place::new();
    let journal = with_records(&place, 2).await;
    let away = side(&place, ".away");
    fs::rename(place.path(), &away).expect("moved");
    refused(&place, "is gone").await;
    assert!(!place.path().exists(), "no new one");
    assert!(journal.standing().expect_err("told").why().contains("moved away"));
    fs::rename(&away, place.path()).expect("moved back");
    journal.standing().expect("as it was");
    journal.append(&[note(9, "y")]).await.expect("stored");
    assert_eq!(place.read().await.since(0, 9).await.expect("read").len(), 3);
}

#[tokio::test]
async fn a_running_program_tells_what_became_of_its_files() {
    let told = |journal: &Journal| journal.standing().expect_err("told").why();
    let place = Place::new();
    let journal = with_records(&place, 2).await;
    fs::rename(place.path(), side(&place, ".away")).expect("moved");
    fs::write(place.path(), "another").expect("written");
    assert!(told(&journal).contains("was replaced"), "{}", told(&journal));
    fs::rename(side(&place, ".away"), place.path()).expect("back");
    fs::remove_file(side(&place, "-wal")).expect("removed");
    assert!(told(&journal).contains("-wal was moved away or deleted"), "{}", told(&journal));
    let lost = journal.append(&[note(9, "y")]).await.expect_err("refused");
    assert!(lost.to_string().starts_with("NOT STORED - "), "{lost}");
    fs::write(place.path(), "").expect("cut");
    assert!(told(&journal).contains("was cut to nothing"), "{}", told(&journal));
}

#[tokio::test]
async fn a_file_that_is_cut_or_written_over_in_place_is_told_and_takes_no_record() {
    let other = Place::new();
    with_records(&other, 300).await.close().await;
    let other = fs::read(other.path()).expect("bytes");
    for (write_over, words) in [(false, "was cut short"), (true, "was written over")] {
        let place = Place::new();
        with_records(&place, 30).await.close().await;
        let whole = fs::read(place.path()).expect("bytes");
        let journal = with_records(&place, 1).await;
        let looking = place.read().await;
        journal.standing().expect("whole");
        // what `cp` and `rsync --inplace` of a copy do: the same file with other bytes
        let bytes = if write_over { &other } else { whole.get(..4096).expect("a page") };
        fs::write(place.path(), bytes).expect("written");
        for told in [journal.standing(), looking.standing()] {
            let why = told.expect_err("told").why();
            assert!(why.contains(words), "{why}");
        }
        let lost = journal.append(&[note(99, "y")]).await.expect_err("refused");
        assert!(lost.to_string().starts_with("NOT STORED - "), "{lost}");
    }
}

#[tokio::test]
async fn a_copy_of_the_main_file_alone_is_refused_and_a_whole_one_is_not() {
    let place = Place::new();
    let journal = with_records(&place, 3).await;
    let copy = elsewhere();
    fs::copy(place.path(), copy.path()).expect("copied");
    refused(&copy, "is a copy of the main file alone").await;
    fs::copy(side(&place, "-wal"), side(&copy, "-wal")).expect("copied");
    assert_eq!(with_records(&copy, 0).await.since(0, 9).await.expect("read").len(), 3);
    // closed in peace it is whole without a log, which a person may vouch for
    journal.close().await;
    let whole = elsewhere();
    fs::copy(place.path(), whole.path()).expect("copied");
    refused(&whole, "-store`").await;
    fs::write(side(&whole, "-store"), "").expect("touched");
    assert_eq!(with_records(&whole, 1).await.since(0, 9).await.expect("read").len(), 4);
}

#[tokio::test]
async fn an_older_copy_or_another_journal_is_not_taken_for_this_one() {
    let place = Place::new();
    with_records(&place, 2).await.close().await;
    let early = fs::read(place.path()).expect("bytes");
    with_records(&place, 2).await.close().await;
    let late = fs::read(place.path()).expect("bytes");
    fs::write(place.path(), early).expect("put back");
    refused(&place, "ends with record 2 and had 4").await;
    fs::write(place.path(), late).expect("put back");
    with_records(&place, 1).await.close().await;
    let other = Place::new();
    with_records(&other, 9).await.close().await;
    fs::copy(other.path(), place.path()).expect("copied");
    refused(&place, "is not the journal that was here").await;
    fs::remove_file(side(&place, "-store")).expect("removed");
    refused(&place, "copy of the main file alone").await;
}

#[tokio::test]
async fn a_database_of_another_program_is_not_touched() {
    let tables = "CREATE TABLE meta (key TEXT, value TEXT); \
         INSERT INTO meta VALUES ('schema', 'x'); CREATE TABLE songs (id INTEGER)";
    let alike = "CREATE TABLE meta (key TEXT, value INTEGER); \
         INSERT INTO meta VALUES ('schema', 2); \
         CREATE TABLE record (seq INTEGER, at INTEGER, incident TEXT, type TEXT, body TEXT)";
    let other = [
        tables,
        alike,
        "CREATE TABLE record (seq INTEGER)",
        "PRAGMA application_id = 7",
        "PRAGMA user_version = 7",
    ];
    for sql in other {
        let place = elsewhere();
        let url = format!("{}?mode=rwc", place.url());
        let mut conn = SqliteConnection::connect(&url).await.expect("connect");
        sqlx::raw_sql(sql).execute(&mut conn).await.expect("made");
        conn.close().await.expect("closed");
        let before = fs::read(place.path()).expect("bytes");
        refused(&place, "is a database of another program").await;
        assert_eq!(fs::read(place.path()).expect("bytes"), before, "{sql}");
        assert!(!side(&place, "-store").exists());
    }
}

#[tokio::test]
async fn a_journal_of_an_older_program_gets_its_name_and_goes_on() {
    let place = Place::new();
    let journal = with_records(&place, 2).await;
    let mut conn = SqliteConnection::connect(&place.url()).await.expect("connect");
    let old = "DELETE FROM meta WHERE key = 'store'; PRAGMA application_id = 0";
    sqlx::raw_sql(old).execute(&mut conn).await.expect("as it was");
    conn.close().await.expect("closed");
    journal.close().await;
    fs::remove_file(side(&place, "-store")).expect("removed");
    assert_eq!(place.read().await.since(0, 9).await.expect("read").len(), 2);
    with_records(&place, 1).await.close().await;
    assert_eq!(fs::read_to_string(side(&place, "-store")).expect("mark").lines().count(), 3);
    assert_eq!(with_records(&place, 0).await.since(0, 9).await.expect("read").len(), 3);
}
