//! Where files live: the user's config and state folders by the XDG rules (crate `directories`).
//! Creates nothing; whoever writes a file makes its folder with the right mode.

use std::path::PathBuf;

use directories::ProjectDirs;

fn dirs() -> Option<ProjectDirs> {
    ProjectDirs::from("", "", "tillwatch")
}

/// `~/.config/tillwatch/config.toml`; none without a home.
pub fn config_file() -> Option<PathBuf> {
    dirs().map(|d| d.config_dir().join("config.toml"))
}

/// `~/.local/state/tillwatch/journal.db`; none without a home.
pub fn journal_file() -> Option<PathBuf> {
    let dirs = dirs()?;
    let state = dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_path_buf();
    Some(state.join("journal.db"))
}

/// The name of the kill switch's file, in the state folder or beside the journal.
pub const FREEZE: &str = "freeze";

/// `~/.local/state/tillwatch/freeze`: while this file exists nothing may be sent outside.
pub fn kill_switch() -> Option<PathBuf> {
    journal_file().map(|file| file.with_file_name(FREEZE))
}
