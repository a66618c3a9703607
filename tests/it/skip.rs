//! The only way for a test not to run: it says so loudly, into a file that `./test` tells from, and
//! in CI that is a failure. Also finds what lies outside the repository: Debian's servers and the
//! shared data folder, with the small fixtures that stand for it. Unit tests use this file too.

use std::path::{Path, PathBuf};

#[path = "skip/told.rs"]
mod told;
pub use told::skip;

/// The program's path, or none after a loud skip.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).map(|dir| dir.join(name)).find(|p| p.is_file());
    if found.is_none() {
        skip(&format!("`{name}` is not installed (./test installs it)"));
    }
    found
}

/// A file or folder of the shared data folder, else the fixture that stands for it, else none after
/// a loud skip.
pub fn shared(file: &str) -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = std::env::var_os("TILLWATCH_SHARED").map(PathBuf::from);
    // a work tree may lie one folder deeper than the clone
    let beside = || [here.join("../shared"), here.join("../../shared")].into_iter();
    let folders: Vec<PathBuf> = named.map_or_else(|| beside().collect(), |named| vec![named]);
    let all = folders.iter().map(|dir| dir.join(file)).chain([fixture(file)]);
    let found = all.into_iter().find(|path| path.exists());
    if found.is_none() {
        skip(&format!("shared/{file} is not there (set TILLWATCH_SHARED)"));
    }
    found
}

/// Where a stand-in of this name is.
pub fn fixture(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(file)
}
