//! The log file: JSON lines, only when `--log FILE` asks for one. Never a terminal, never a secret:
//! what is logged are names, states and errors that were made without URLs' queries.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;

/// Starts logging to `file` (mode 0600); level by `TILLWATCH_LOG`, default `info`.
pub fn start(file: &Path) -> std::io::Result<()> {
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(file)?;
    let filter =
        EnvFilter::try_from_env("TILLWATCH_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let logging = tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(Mutex::new(file))
        .try_init();
    logging.map_err(std::io::Error::other)
}
