//! The product as a process: where it is, how it starts with nothing inherited, what its JSON says.
//! No assertions about behaviour; those are in the test files.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::child::output;
use crate::configs::SECRET;

pub const BIN: &str = env!("CARGO_BIN_EXE_tillwatch");

/// A command with a clean environment whose home is `home`: no config, no state, no secrets.
pub fn tillwatch(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(BIN);
    command.args(args);
    for (key, _) in std::env::vars_os() {
        command.env_remove(key);
    }
    for (key, value) in environment(home) {
        command.env(key, value);
    }
    command
}

/// The variables a product process gets in tests.
pub fn environment(home: &Path) -> Vec<(&'static str, String)> {
    let home = home.display().to_string();
    vec![
        ("PATH", "/usr/bin:/bin".to_owned()),
        ("HOME", home),
        ("USER", "tester".to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("TERM", "xterm-256color".to_owned()),
        ("COLORTERM", "truecolor".to_owned()),
        ("RUST_BACKTRACE", "0".to_owned()),
        ("TILLWATCH_SHOP_SECRET", SECRET.to_owned()),
    ]
}

/// Runs to the end.
pub fn run(home: &Path, args: &[&str]) -> Output {
    output(tillwatch(home, args))
}

/// Exit code and both outputs as text, for messages.
pub fn told(output: &Output) -> String {
    format!(
        "exit {:?}\n--- stdout\n{}\n--- stderr\n{}",
        output.status.code(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// The one JSON document on stdout.
pub fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}\n{}", told(output)))
}

/// The open incidents of a board, worst first.
pub fn open(board: &Value) -> Vec<&Value> {
    let closed = ["mitigated", "resolved", "reviewed", "cancelled"];
    let rows = board["incidents"].as_array().expect("incidents");
    rows.iter().filter(|i| !closed.contains(&i["state"].as_str().unwrap_or(""))).collect()
}
