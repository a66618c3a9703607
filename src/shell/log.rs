//! The log file: JSON lines, only when `--log FILE` asks for one. Never a terminal, never a secret:
//! what is logged are names, states and errors that were made without URLs' queries.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;

use crate::domain::text::json_safe;

/// Starts logging to `file` (mode 0600); level by `TILLWATCH_LOG`, default `info`.
pub fn start(file: &Path) -> std::io::Result<()> {
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(file)?;
    let filter =
        EnvFilter::try_from_env("TILLWATCH_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let logging = tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .log_internal_errors(false) // a full disk must not write over the screen
        .with_writer(Mutex::new(Clean(file)))
        .try_init();
    logging.map_err(std::io::Error::other)
}

/// Lines that may be read on a terminal: the same JSON without what a terminal obeys.
struct Clean(File);

impl Write for Clean {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.write_all(json_safe(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}
