//! The only way for a test not to run: it says so loudly, and in CI that is a failure.
//! Also finds what lies outside the repository: Debian's servers and the shared data folder.

use std::path::{Path, PathBuf};

/// Prints why a test does not run; with `CI=true` fails instead.
pub fn skip(reason: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "SKIPPED in CI: {reason}");
    eprintln!("\nSKIPPED: {reason}\n");
}

/// The program's path, or none after a loud skip.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).map(|dir| dir.join(name)).find(|p| p.is_file());
    if found.is_none() {
        skip(&format!("`{name}` is not installed (./test installs it)"));
    }
    found
}

/// A file of the shared data folder, or none after a loud skip.
pub fn shared(file: &str) -> Option<PathBuf> {
    let root = std::env::var_os("TILLWATCH_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = root.join(file);
    if path.exists() {
        return Some(path);
    }
    skip(&format!("{} is not there (set TILLWATCH_SHARED)", path.display()));
    None
}
