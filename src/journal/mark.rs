//! The small file beside a journal, `FILE-store`: which journal lies here and how many records it
//! had. By it a journal that was moved away, cut to nothing or put back without its log is not
//! taken for a new one. Best effort in writing, never a reason to refuse a record.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const REST: &str = "It belongs to the journal beside it and says which one that is.\n\
     Remove it only to begin a new journal in its place.\n";

/// What the mark beside a journal says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum StoreMark {
    /// There is none.
    Absent,
    /// It is there; what it says is of no use. A person may have made it.
    Bare,
    /// A journal is being made.
    Begun,
    /// This journal was here, and had a record of this number.
    Kept { store: i64, newest: i64 },
}

/// The open mark of an open journal.
#[derive(Debug)]
pub(super) struct Kept {
    file: File,
    store: i64,
}

pub(super) fn path(journal: &Path) -> PathBuf {
    let mut name = journal.as_os_str().to_owned();
    name.push("-store");
    name.into()
}

pub(super) fn read(journal: &Path) -> StoreMark {
    match std::fs::read(path(journal)) {
        Ok(bytes) => parse(&String::from_utf8_lossy(&bytes)),
        Err(e) if e.kind() == ErrorKind::NotFound => StoreMark::Absent,
        Err(_) => StoreMark::Bare,
    }
}

fn parse(text: &str) -> StoreMark {
    let mut words = text.split_whitespace();
    let mut next = || words.next().unwrap_or_default();
    if (next(), next()) != ("tillwatch", "journal") {
        return StoreMark::Bare;
    }
    let (store, state, _, newest, again) = (next(), next(), next(), next(), next());
    match (state, u64::from_str_radix(store, 16), newest.parse()) {
        _torn if newest != again => StoreMark::Bare,
        ("begun", _, _) => StoreMark::Begun,
        ("kept", Ok(store), Ok(newest)) => StoreMark::Kept { store: store.cast_signed(), newest },
        _other => StoreMark::Bare,
    }
}

/// One length for every content, so that writing over it leaves no half of the old one; the number
/// twice, so that a line torn by a power cut says nothing.
fn line(store: i64, state: &str, newest: i64) -> String {
    let newest = newest.max(0);
    let store = store.cast_unsigned();
    format!("tillwatch journal {store:016x} {state:<5} records {newest:020} {newest:020}\n")
}

/// Says that a journal is being made here, unless there is a mark already.
pub(super) fn begin(journal: &Path) -> std::io::Result<()> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path(journal));
    match made {
        Ok(mut file) => {
            file.write_all(format!("{}{REST}", line(0, "begun", 0)).as_bytes())?;
            file.sync_all()
        }
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(e),
    }
}

/// Says that journal `store` is here.
pub(super) fn keep(journal: &Path, store: i64, newest: i64) -> std::io::Result<Kept> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(false).mode(0o600).open(path(journal))?;
    let kept = Kept { file, store };
    kept.file.write_all_at(format!("{}{REST}", line(store, "kept", newest)).as_bytes(), 0)?;
    Ok(kept)
}

impl Kept {
    /// The journal has a record of number `newest` by now.
    pub(super) fn note(&self, newest: i64) {
        let line = line(self.store, "kept", newest);
        if let Err(error) = self.file.write_all_at(line.as_bytes(), 0) {
            tracing::debug!(%error, "the mark beside the journal could not be written");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written_and_anything_else_says_nothing() {
        let dir = tempfile::tempdir().expect("folder");
        let journal = dir.path().join("j.db");
        assert_eq!(read(&journal), StoreMark::Absent);
        begin(&journal).expect("begun");
        begin(&journal).expect("again");
        assert_eq!(read(&journal), StoreMark::Begun);
        let kept = keep(&journal, -5, 7).expect("kept");
        assert_eq!(read(&journal), StoreMark::Kept { store: -5, newest: 7 });
        kept.note(1_234);
        assert_eq!(read(&journal), StoreMark::Kept { store: -5, newest: 1_234 });
        let torn = "tillwatch journal 0f kept records 19 10";
        for text in ["", "tillwatch journal", "tillwatch journal zz kept records 1 1", torn] {
            std::fs::write(path(&journal), text).expect("written");
            assert_eq!(read(&journal), StoreMark::Bare, "{text}");
        }
    }
}
