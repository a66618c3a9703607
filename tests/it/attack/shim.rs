//! The library of `shim/preload.c` between the product and its files: built once with `cc`,
//! switched by variables, its notes read back. What they mean is for the attacks to say.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::rust_text::root;
use crate::skip::program;

/// What one note is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Open,
    Write,
    Truncate,
    Sync,
    SyncFolder,
    Unlink,
    Rename,
    Said,
}

const KINDS: [Kind; 8] = [
    Kind::Open,
    Kind::Write,
    Kind::Truncate,
    Kind::Sync,
    Kind::SyncFolder,
    Kind::Unlink,
    Kind::Rename,
    Kind::Said,
];

const MAGIC: u32 = 0x314D_4853;
const HEAD: usize = 29;

/// One note, in the order in which things happened.
#[derive(Clone, Debug)]
pub struct Note {
    pub kind: Kind,
    pub pid: u32,
    pub inode: u64,
    /// Place of a write, length of a truncation.
    pub at: usize,
    pub data: Vec<u8>,
}

/// The built library; none after a loud skip.
pub fn library() -> Option<&'static Path> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    BUILT.get_or_init(build).as_deref()
}

fn build() -> Option<PathBuf> {
    let cc = program("cc")?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(folder).expect("a folder for the library");
    let (to, made) = (folder.join("preload.so"), folder.join(format!("{}.so", std::process::id())));
    let mut command = Command::new(cc);
    command.args(["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"]);
    command.arg(&made).arg(root().join("tests/it/shim/preload.c")).arg("-ldl");
    let output = crate::child::output(command);
    assert!(output.status.success(), "{}", crate::product::told(&output));
    std::fs::rename(&made, &to).expect("in place");
    Some(to)
}

/// Puts the library before `command`, for the files of `folder`.
pub fn preload(command: &mut Command, folder: &Path) {
    let library = library().expect("asked for before");
    command.env("LD_PRELOAD", library).env("SHIM_DIR", format!("{}/", folder.display()));
}

/// The notes of a log; a torn last one is left out.
pub fn read(log: &Path) -> Vec<Note> {
    let bytes = std::fs::read(log).unwrap_or_default();
    let mut notes = Vec::new();
    let mut rest = bytes.as_slice();
    while let Some((note, after)) = one(rest) {
        notes.push(note);
        rest = after;
    }
    notes
}

fn one(bytes: &[u8]) -> Option<(Note, &[u8])> {
    let (head, rest) = bytes.split_at_checked(HEAD)?;
    let four = |at: usize| head.get(at..at + 4).map(|b| u32::from_le_bytes(b.try_into().unwrap()));
    let eight = |at: usize| head.get(at..at + 8).map(|b| u64::from_le_bytes(b.try_into().unwrap()));
    assert_eq!(four(0), Some(MAGIC), "the log is torn in the middle");
    let kind = KINDS.get(usize::from(head[8]).checked_sub(1)?)?;
    let (data, rest) = rest.split_at_checked(four(25)? as usize)?;
    let at = usize::try_from(eight(17)?).unwrap_or(0);
    Some((Note { kind: *kind, pid: four(4)?, inode: eight(9)?, at, data: data.to_vec() }, rest))
}

/// Adds a note of the test's own: something was seen by now.
pub fn mark(log: &Path, pid: u32, text: &str) {
    let mut bytes = Vec::with_capacity(HEAD + text.len());
    bytes.extend(MAGIC.to_le_bytes());
    bytes.extend(pid.to_le_bytes());
    bytes.push(8);
    bytes.extend([0; 16]);
    bytes.extend(u32::try_from(text.len()).expect("short").to_le_bytes());
    bytes.extend(text.as_bytes());
    let file = std::fs::OpenOptions::new().create(true).append(true).open(log);
    std::io::Write::write_all(&mut file.expect("the log"), &bytes).expect("marked");
}
