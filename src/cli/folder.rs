//! The demo's folder: journal, secret and the instant it began. Removed at the end unless kept.
//! Mode 0700, the secret 0600; nothing of it is ever printed.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine as _;

use crate::domain::time::{Span, Timestamp};
use crate::shell::clock::Clock;
use crate::shell::poller::random_u64;

/// Shop time at the start of every demo, so that a seed always gives the same shop.
const BASE: &str = "2026-11-20T17:30:00Z";

/// Over the config that other commands read.
const HEAD: &str = "# Written by `tillwatch demo --keep` at each start, for other commands while \
                    it runs:\n# tillwatch --config THIS_FILE once, ack, decide, rollback ...\n";

pub struct Folder {
    pub path: PathBuf,
    keep: bool,
}

impl Folder {
    /// `keep`, or a new folder among the temporary files.
    pub fn new(keep: Option<&Path>) -> std::io::Result<Self> {
        let path = keep.map_or_else(
            || std::env::temp_dir().join(format!("tillwatch-demo-{:016x}", random_u64())),
            Path::to_path_buf,
        );
        fs::DirBuilder::new().recursive(keep.is_some()).mode(0o700).create(&path)?;
        // what is written about it is read from other folders too
        let path = fs::canonicalize(path)?;
        Ok(Self { path, keep: keep.is_some() })
    }

    /// Leaves the config for other commands beside a demo that is kept; the address of its shop is
    /// another one each time.
    pub fn leave_config(&self, text: &str) -> std::io::Result<()> {
        if !self.keep {
            return Ok(());
        }
        let journal = self.path.join("journal.db");
        let text = format!("{HEAD}\n[journal]\nurl = \"sqlite:{}\"\n{text}", journal.display());
        fs::write(self.path.join("tillwatch.toml"), text)
    }

    /// The shop's clock; a kept shop went on while nobody looked.
    pub fn clock(&self, speed: f64) -> std::io::Result<Clock> {
        let base: Timestamp = BASE.parse().unwrap_or_default();
        let file = self.path.join("started_at");
        let wall = Clock::system().wall();
        let started =
            fs::read_to_string(&file).ok().and_then(|t| t.trim().parse::<Timestamp>().ok());
        let Some(started) = started else {
            fs::write(&file, format!("{wall}\n"))?;
            return Ok(Clock::simulated(base, speed));
        };
        let passed = wall.since(started).as_secs_f64().max(0.0) * speed;
        let now = base.plus(Span::from_millis((passed * 1000.0) as i64));
        Ok(Clock::simulated(now, speed).started(base))
    }

    /// A secret of 32 random bytes, made once per folder, readable by its owner alone.
    pub fn secret(&self) -> std::io::Result<String> {
        let file = self.path.join("rollback.secret");
        if let Ok(text) = fs::read_to_string(&file) {
            return Ok(text.trim().to_owned());
        }
        let mut bytes = [0_u8; 32];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| std::io::Error::other("no randomness"))?;
        let secret = format!("whsec_{}", base64::engine::general_purpose::STANDARD.encode(bytes));
        let mut out =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file)?;
        writeln!(out, "{secret}")?;
        Ok(secret)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.keep {
            let _gone = fs::remove_dir_all(&self.path);
        }
    }
}
