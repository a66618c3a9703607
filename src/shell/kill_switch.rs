//! The kill switch: while a file `freeze` lies in the state folder or beside the journal, nothing
//! is sent outside. One place that looks, for orders, the watcher and whoever sends again.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::config::paths;

/// Where the switch may be thrown.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct KillSwitch {
    files: Vec<PathBuf>,
}

impl KillSwitch {
    /// For the journal in `file`: beside it, for everyone who shares it, and in one's own state
    /// folder.
    pub fn of(file: &Path) -> Self {
        let mut files = vec![file.with_file_name(paths::FREEZE)];
        files.extend(paths::kill_switch().filter(|own| !files.contains(own)));
        Self { files }
    }

    /// Why nothing may be sent, while that is so. A place that cannot be looked at counts as on:
    /// who threw the switch must not be missed.
    pub fn why(&self) -> Option<String> {
        self.files.iter().find_map(|file| match std::fs::symlink_metadata(file) {
            Ok(_) => Some(format!("the file {} is there", file.display())),
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => None,
            Err(e) => Some(format!("cannot look for {}: {e}", file.display())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_file_of_that_name_beside_the_journal_throws_it_and_none_frees_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let switch = KillSwitch { files: vec![folder.path().join("freeze")] };
        assert_eq!(switch.why(), None);
        std::fs::write(folder.path().join("freeze"), "").expect("written");
        assert!(switch.why().expect("on").ends_with("freeze is there"));
        std::fs::remove_file(folder.path().join("freeze")).expect("removed");
        std::os::unix::fs::symlink("/nowhere", folder.path().join("freeze")).expect("a link");
        assert!(switch.why().is_some(), "a link to nothing is a file of that name");
        std::fs::remove_file(folder.path().join("freeze")).expect("removed");
        assert_eq!(switch.why(), None);
        assert_eq!(KillSwitch { files: vec!["/dev/null/freeze".into()] }.why(), None);
    }

    #[test]
    fn a_shared_journal_has_a_switch_that_everyone_shares() {
        let switch = KillSwitch::of(Path::new("/srv/shop/journal.db"));
        assert_eq!(switch.files.first(), Some(&PathBuf::from("/srv/shop/freeze")));
    }
}
