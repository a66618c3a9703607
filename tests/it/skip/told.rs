//! Tells that a test does not run, and why: on standard error, which the harness swallows of a test
//! that passes, and in the file that `TILLWATCH_SKIPPED` names, one line each.

use std::fs::OpenOptions;
use std::io::Write;

/// Says why this test does not run; with `CI=true` fails instead.
pub fn skip(reason: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "SKIPPED in CI: {reason}");
    eprintln!("\nSKIPPED: {reason}\n");
    let Some(file) = std::env::var_os("TILLWATCH_SKIPPED") else { return };
    let thread = std::thread::current();
    let line = format!("{}: {reason}\n", thread.name().unwrap_or("a test"));
    // one write each: tests of several programs append at once
    let told = OpenOptions::new().append(true).create(true).open(&file);
    let told = told.and_then(|mut file| file.write_all(line.as_bytes()));
    told.expect("the file that skips are told to");
}
