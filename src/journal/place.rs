//! Where a journal may lie: an own folder on a local file system, closed to others.
//! Looks at folders and files only; SQL is `sqlite`.

use std::fs::{self, DirBuilder, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::error::JournalError;

/// File systems on which locks cannot be trusted: magic numbers of statfs(2).
#[cfg(target_os = "linux")]
const NETWORK: [(u64, &str); 12] = [
    (0x6969, "NFS"),
    (0x517B, "SMB"),
    (0xFE53_4D42, "SMB2"),
    (0xFF53_4D42, "CIFS"),
    (0x0102_1997, "9p"),
    (0x6573_5546, "FUSE"),
    (0x5346_414F, "AFS"),
    (0x00C3_6400, "Ceph"),
    (0x0BD0_0BD0, "Lustre"),
    (0x4750_4653, "GPFS"),
    (0x7461_636F, "OCFS2"),
    (0x7375_7245, "Coda"),
];

/// A file as the kernel knows it, so that a deleted or swapped one is noticed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct FileIdentity {
    device: u64,
    inode: u64,
}

impl FileIdentity {
    pub(super) fn of(path: &Path) -> Option<Self> {
        let meta = fs::symlink_metadata(path).ok()?;
        Some(Self { device: meta.dev(), inode: meta.ino() })
    }
}

/// What became of a journal that was opened as `opened`; nothing while it is that one still.
pub(super) fn standing(path: &Path, opened: Option<FileIdentity>) -> Result<(), String> {
    let at = path.display();
    match (FileIdentity::of(path), opened) {
        (None, _) => Err(format!(
            "the journal at {at} was moved away or deleted under this program: put it back, or \
             start again"
        )),
        (Some(now), opened) if opened != Some(now) => Err(format!(
            "the journal at {at} was replaced by another file under this program: put the first \
             one back, or start again"
        )),
        (Some(_), _) if fs::metadata(path).is_ok_and(|meta| meta.len() == 0) => Err(format!(
            "the journal at {at} was cut to nothing under this program: put a copy back and start \
             again"
        )),
        (Some(_), _) => Ok(()),
    }
}

/// Size and time of last change of the files of a journal: the main one and the write-ahead log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileStamp([Option<(u64, i64, i64)>; 2]);

impl FileStamp {
    pub(super) fn of(path: &Path) -> Self {
        let look = |path: &Path| {
            let meta = fs::metadata(path).ok()?;
            Some((meta.size(), meta.mtime(), meta.mtime_nsec()))
        };
        Self([look(path), look(&log(path))])
    }
}

/// Makes the folder where it is missing and refuses what others could write to.
pub(super) fn prepare(path: &Path) -> Result<(), JournalError> {
    let folder = folder_of(path);
    make_folder(&folder)?;
    own_folder(&folder)?;
    local(&folder)?;
    match fs::symlink_metadata(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        Err(_) | Ok(_) => close_file(path),
    }
}

/// The write-ahead log of a journal.
pub(super) fn log(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

/// What a reader needs: a plain file on a local file system.
pub(super) fn look(path: &Path) -> Result<(), JournalError> {
    match fs::metadata(path) {
        Ok(meta) if meta.is_file() => local(&folder_of(path)),
        Ok(_) => refuse(path, "is not a plain file"),
        // what that means is seen at the door
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        Err(e) => refuse(path, &e.to_string()),
    }
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        Some(_) | None => PathBuf::from("."),
    }
}

fn make_folder(folder: &Path) -> Result<(), JournalError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.or_else(|e| refuse(folder, &format!("cannot be made: {e}")))
}

fn own_folder(folder: &Path) -> Result<(), JournalError> {
    let meta = fs::metadata(folder).or_else(|e| refuse(folder, &e.to_string()))?;
    let me = rustix::process::geteuid().as_raw();
    if meta.uid() != me {
        let owner = meta.uid();
        return refuse(folder, &format!("belongs to user {owner}, not to {me}; use an own folder"));
    }
    if meta.mode() & 0o022 != 0 {
        return refuse(folder, "can be written by group or others; chmod 700 it");
    }
    Ok(())
}

/// An existing file that is open to others is closed to them. SQLite gives its side files the same
/// mode.
fn close_file(path: &Path) -> Result<(), JournalError> {
    let meta = fs::symlink_metadata(path).or_else(|e| refuse(path, &e.to_string()))?;
    if !meta.is_file() {
        return refuse(path, "is not a plain file");
    }
    if meta.uid() != rustix::process::geteuid().as_raw() {
        return refuse(path, &format!("belongs to user {}", meta.uid()));
    }
    if meta.mode().trailing_zeros() >= 6 {
        // no bit for group or others
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(0o600))
        .or_else(|e| refuse(path, &format!("is open to others and cannot be closed: {e}")))
}

/// A new name is on the disk only after its folder was synced.
pub(super) fn sync_folder(path: &Path) -> Result<(), JournalError> {
    let folder = folder_of(path);
    fs::File::open(&folder)
        .and_then(|f| f.sync_all())
        .map_err(|e| JournalError::NotStored(format!("{}: {e}", folder.display())))
}

#[cfg(target_os = "linux")]
fn local(folder: &Path) -> Result<(), JournalError> {
    let Ok(stat) = rustix::fs::statfs(folder) else {
        return refuse(folder, "does not tell its file system");
    };
    let magic = stat.f_type as u64 & 0xFFFF_FFFF;
    match NETWORK.iter().find(|(number, _)| *number == magic) {
        Some((_, name)) => refuse(
            folder,
            &format!("lies on {name}, where file locks cannot be trusted; use a local disk"),
        ),
        None => Ok(()),
    }
}

#[cfg(not(target_os = "linux"))]
fn local(_folder: &Path) -> Result<(), JournalError> {
    Ok(())
}

fn refuse<T>(path: &Path, why: &str) -> Result<T, JournalError> {
    Err(JournalError::Place(format!("{} {why}", path.display())))
}
