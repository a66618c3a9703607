//! One look at the open file of a journal: is what lies there still what SQLite wrote, or was it
//! cut or written over under this program? Reads lengths and a few bytes; never a reason to write.

use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// So much of the file is searched for the row that names the journal: it is among the first rows.
const SEARCHED: usize = 256 * 1024;

/// Files of journals that are or were open here. POSIX drops all locks of a process on a file when
/// any descriptor of it is closed, so these are closed only when the file itself is gone.
static OPEN: Mutex<Vec<OpenFile>> = Mutex::new(Vec::new());

/// Device and inode, and the descriptor.
type OpenFile = ((u64, u64), Arc<File>);

#[derive(Debug)]
pub(super) struct Witness {
    file: Arc<File>,
    /// The row that names the journal, as SQLite writes it.
    row: Vec<u8>,
    seen: Mutex<SeenFile>,
}

#[derive(Clone, Copy, Debug, Default)]
struct SeenFile {
    /// The file never gets shorter: nothing here gives pages back.
    longest: u64,
    /// Where the row was; none while it is in the log only.
    row_at: Option<u64>,
}

impl Witness {
    /// `name` is that of the journal; without one only the length is looked at.
    pub(super) fn of(path: &Path, name: Option<i64>) -> std::io::Result<Self> {
        let file = open(path)?;
        // a name that SQLite stores in fewer bytes is too short to be found for sure
        let long = name.filter(|n| n.unsigned_abs() >> 47 != 0);
        let row = long.map(|n| [b"store".as_slice(), &n.to_be_bytes()].concat());
        let row = row.unwrap_or_default();
        let witness = Self { file, row, seen: Mutex::default() };
        // what was there at the door is judged at the door
        let _first = witness.look();
        Ok(witness)
    }

    /// What became of the file, in words; none while it is as SQLite left it.
    pub(super) fn look(&self) -> Option<&'static str> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let length = self.file.metadata().ok()?.len();
        if length < seen.longest {
            return Some("was cut short");
        }
        seen.longest = length;
        let was = seen.row_at;
        if was.is_some_and(|at| self.is_at(at)) || self.row.is_empty() {
            return None;
        }
        // SQLite may move it within its page
        seen.row_at = self.find().or(was);
        (was.is_some() && !seen.row_at.is_some_and(|at| self.is_at(at)))
            .then_some("was written over")
    }

    fn is_at(&self, at: u64) -> bool {
        let mut found = vec![0; self.row.len()];
        self.file.read_exact_at(&mut found, at).is_ok() && found == self.row
    }

    fn find(&self) -> Option<u64> {
        let mut head = vec![0; SEARCHED];
        let length = self.file.read_at(&mut head, 0).ok()?;
        let head = head.get(..length)?;
        head.windows(self.row.len()).position(|w| w == self.row).map(|at| at as u64)
    }
}

/// The one descriptor of this file in this process; a second one could not be closed again.
fn open(path: &Path) -> std::io::Result<Arc<File>> {
    let meta = std::fs::metadata(path)?;
    let id = (meta.dev(), meta.ino());
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    open.retain(|(_, file)| file.metadata().is_ok_and(|meta| meta.nlink() > 0));
    if let Some((_, file)) = open.iter().find(|(kept, _)| *kept == id) {
        return Ok(Arc::clone(file));
    }
    let file = Arc::new(File::open(path)?);
    open.push((id, Arc::clone(&file)));
    Ok(file)
}
