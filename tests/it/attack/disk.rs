//! A disk that lost its power: what was synced is there, of what was not, any part may be, down to
//! single sectors. Names that were not synced may be there up to any of them, in their order. Plays
//! the notes of the shim; knows no journal.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Dice;
use super::shim::{Kind, Note};

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

#[derive(Clone, Debug)]
enum Change {
    Write { at: usize, data: Vec<u8> },
    Truncate { len: usize },
}

/// A file's bytes that are safe, and what was done to them since.
#[derive(Clone, Debug, Default)]
struct File {
    safe: Vec<u8>,
    unsafe_yet: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Naming {
    Add(PathBuf, u64),
    Remove(PathBuf),
}

/// The files of one folder as the disk has them, with what is still on its way.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    files: BTreeMap<u64, File>,
    names: BTreeMap<PathBuf, u64>,
    unsafe_names: Vec<Naming>,
    /// Says that it synced and did not: what the attack must be able to notice.
    pub lies: bool,
}

/// How much of what was not synced survives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Luck {
    None,
    All,
    /// Each write or not.
    Some,
    /// Everything up to one write, which is torn.
    Torn,
    /// Each sector or not.
    Sectors,
}

const LUCK: [Luck; 5] = [Luck::None, Luck::All, Luck::Some, Luck::Torn, Luck::Sectors];

fn put(bytes: &mut Vec<u8>, at: usize, data: &[u8]) {
    if bytes.len() < at + data.len() {
        bytes.resize(at + data.len(), 0);
    }
    bytes[at..at + data.len()].copy_from_slice(data);
}

impl Change {
    fn whole(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write { at, data } => put(bytes, *at, data),
            Self::Truncate { len } => bytes.resize(*len, 0),
        }
    }

    /// The sectors that luck leaves.
    fn torn(&self, bytes: &mut Vec<u8>, dice: &mut Dice) {
        let Self::Write { at, data } = self else { return self.whole(bytes) };
        let mut from = 0;
        while from < data.len() {
            let to = (((at + from) / SECTOR + 1) * SECTOR - at).min(data.len());
            if dice.coin() {
                put(bytes, at + from, &data[from..to]);
            }
            from = to;
        }
    }
}

impl File {
    fn sync(&mut self) {
        for change in std::mem::take(&mut self.unsafe_yet) {
            change.whole(&mut self.safe);
        }
    }

    fn survivor(&self, luck: Luck, dice: &mut Dice) -> Vec<u8> {
        let mut bytes = self.safe.clone();
        let tear = dice.below(self.unsafe_yet.len());
        for (n, change) in self.unsafe_yet.iter().enumerate() {
            match luck {
                Luck::All => change.whole(&mut bytes),
                Luck::Some if dice.coin() => change.whole(&mut bytes),
                Luck::Torn if n < tear => change.whole(&mut bytes),
                Luck::Torn if n == tear => change.torn(&mut bytes, dice),
                Luck::Sectors => change.torn(&mut bytes, dice),
                Luck::None | Luck::Some | Luck::Torn => {}
            }
        }
        bytes
    }
}

impl Disk {
    /// What lies in `folder` now, all of it safe.
    pub fn of(folder: &Path) -> Self {
        let mut disk = Self::default();
        let files = std::fs::read_dir(folder).into_iter().flatten().map_while(Result::ok);
        for entry in files {
            let inode = std::os::unix::fs::DirEntryExt::ino(&entry);
            let safe = std::fs::read(entry.path()).expect("readable");
            disk.files.insert(inode, File { safe, unsafe_yet: Vec::new() });
            disk.names.insert(entry.path(), inode);
        }
        disk
    }

    /// One more thing happened.
    pub fn play(&mut self, note: &Note) {
        let path = || PathBuf::from(String::from_utf8_lossy(&note.data).into_owned());
        match note.kind {
            Kind::Open => self.opened(path(), note.inode),
            Kind::Write => {
                let change = Change::Write { at: note.at, data: note.data.clone() };
                self.file(note.inode).unsafe_yet.push(change);
            }
            Kind::Truncate => {
                self.file(note.inode).unsafe_yet.push(Change::Truncate { len: note.at });
            }
            Kind::Sync | Kind::SyncFolder if self.lies => {}
            Kind::Sync => self.file(note.inode).sync(),
            Kind::SyncFolder => self.sync_names(),
            Kind::Unlink => self.unsafe_names.push(Naming::Remove(path())),
            Kind::Rename | Kind::Said => {}
        }
    }

    fn file(&mut self, inode: u64) -> &mut File {
        self.files.entry(inode).or_default()
    }

    /// A name that leads to another file than before is news; the file is then a new one.
    fn opened(&mut self, path: PathBuf, inode: u64) {
        let mut names = self.names.clone();
        self.unsafe_names.iter().for_each(|naming| naming.take(&mut names));
        if names.get(&path) == Some(&inode) {
            return;
        }
        // inodes are used again: the old bytes under this number belong to a file that is gone
        if !names.values().any(|other| *other == inode) {
            self.forget(inode);
        }
        self.unsafe_names.push(Naming::Add(path, inode));
    }

    /// The number is taken by a new file; names on the disk that may still lead to the old one are
    /// moved to a number of their own.
    fn forget(&mut self, inode: u64) {
        let Some(old) = self.files.remove(&inode) else { return };
        let stand_in = u64::MAX - self.files.len() as u64;
        let mut used = false;
        for (_, led) in self.names.iter_mut().filter(|(_, led)| **led == inode) {
            (*led, used) = (stand_in, true);
        }
        for naming in &mut self.unsafe_names {
            if let Naming::Add(_, led) = naming
                && *led == inode
            {
                (*led, used) = (stand_in, true);
            }
        }
        if used {
            self.files.insert(stand_in, old);
        }
    }

    fn sync_names(&mut self) {
        for naming in std::mem::take(&mut self.unsafe_names) {
            naming.take(&mut self.names);
        }
    }

    /// Lays down in `folder` what the disk has after a cut now. Shared memory of programs is gone.
    pub fn cut(&self, folder: &Path, dice: &mut Dice) {
        let mut names = self.names.clone();
        let kept = dice.below(self.unsafe_names.len() + 1);
        self.unsafe_names.iter().take(kept).for_each(|naming| naming.take(&mut names));
        for (path, inode) in names {
            let name = path.file_name().unwrap_or_default().to_owned();
            if name.to_string_lossy().ends_with("-shm") {
                continue;
            }
            let luck = LUCK[dice.below(LUCK.len())];
            let empty = File::default();
            let bytes = self.files.get(&inode).unwrap_or(&empty).survivor(luck, dice);
            let to = folder.join(name);
            std::fs::write(&to, bytes).expect("written");
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            std::fs::set_permissions(&to, mode).expect("closed");
        }
    }
}

impl Naming {
    fn take(&self, names: &mut BTreeMap<PathBuf, u64>) {
        match self {
            Self::Add(path, inode) => names.insert(path.clone(), *inode),
            Self::Remove(path) => names.remove(path),
        };
    }
}

#[test]
fn a_cut_keeps_what_was_synced_and_any_part_of_the_rest() {
    let note = |kind, at, data: &[u8]| Note { kind, pid: 1, inode: 7, at, data: data.to_vec() };
    let mut disk = Disk::default();
    disk.play(&note(Kind::Open, 0, b"/x/f"));
    disk.play(&note(Kind::Write, 0, b"safe"));
    disk.play(&note(Kind::Sync, 0, b""));
    disk.play(&note(Kind::SyncFolder, 0, b""));
    disk.play(&note(Kind::Write, 4, &[b'x'; 2000]));
    let folder = tempfile::tempdir().expect("a folder");
    let mut lengths = std::collections::BTreeSet::new();
    for n in 0..200 {
        disk.cut(folder.path(), &mut Dice(n));
        let bytes = std::fs::read(folder.path().join("f")).expect("there");
        assert!(bytes.starts_with(b"safe"), "what was synced is lost");
        lengths.insert(bytes.len());
    }
    assert!(lengths.contains(&4) && lengths.contains(&2004) && lengths.len() > 3, "{lengths:?}");
}
