//! What most commands need: the config, the journal, the runtime, the person.
//! Problems are printed here once, in the form every command shares.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::runtime::Runtime;

use crate::config::problem::{Level, Problem};
use crate::config::{Config, load, paths};
use crate::desk::keymap::Keymap;
use crate::incident::event::Actor;
use crate::journal::{Access, Journal};
use crate::shell::identity;

use super::args::Global;
use super::exit::Exit;
use super::out;

/// The config to use: the file named, the user's file, or the defaults without any source.
pub enum FoundConfig {
    File(Box<Config>, PathBuf),
    /// No file: the built-in defaults, which watch nothing.
    Defaults(Box<Config>),
}

impl FoundConfig {
    pub fn config(self) -> Config {
        match self {
            Self::File(config, _) | Self::Defaults(config) => *config,
        }
    }
}

/// Loads the config; prints every problem and ends with `Usage` when there is an error.
pub fn config(global: &Global) -> Result<FoundConfig, Exit> {
    let path = global.config.clone().or_else(|| paths::config_file().filter(|p| p.exists()));
    let loaded = match &path {
        Some(path) => load::from_file(path).map_err(|error| {
            out::error(&format!("cannot read the config {}: {error}", path.display()));
            Exit::Usage
        })?,
        None => load::builtin(),
    };
    say(&loaded.problems, Level::Error);
    match (loaded.config, path) {
        (Some(config), Some(path)) => Ok(FoundConfig::File(Box::new(config), path)),
        (Some(config), None) => Ok(FoundConfig::Defaults(Box::new(config))),
        (None, _) => Err(Exit::Usage),
    }
}

/// Prints the problems that are at least this bad.
pub fn say(problems: &[Problem], least: Level) {
    for problem in problems.iter().filter(|p| p.level <= least) {
        out::error(&problem.to_string());
    }
}

/// Two workers: one for polling, one for the journal; keys have the main thread.
pub fn runtime() -> Result<Runtime, Exit> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("tillwatch-io")
        .enable_all()
        .build()
        .map_err(|error| {
            out::error(&format!("cannot start: {error}"));
            Exit::No
        })
}

/// Where the journal is: flag, config, state folder.
pub fn journal_url(global: &Global, config: &Config) -> Result<String, Exit> {
    if let Some(url) = &global.journal {
        return Ok(url.clone());
    }
    if !config.journal.url.is_empty() {
        return Ok(config.journal.url.clone());
    }
    paths::journal_file().map(|file| format!("sqlite:{}", file.display())).ok_or_else(|| {
        out::error("no home folder: say where the journal is with --journal sqlite:PATH");
        Exit::NoJournal
    })
}

/// Opens the journal; a posture that only looks gets a connection that only reads.
pub async fn journal(url: &str, access: Access) -> Result<Arc<Journal>, Exit> {
    Journal::open(url, access).await.map(Arc::new).map_err(|error| {
        out::error(&format!("journal {url}: {}", error.why()));
        Exit::NoJournal
    })
}

/// The keys; every name or chord that does not fit is printed.
pub fn keymap(config: &Config) -> Result<Keymap, Exit> {
    let (keymap, problems) = Keymap::with(&config.keys.0);
    for problem in &problems {
        out::error(&format!("[keys] {}: {}", problem.name, problem.text));
    }
    if problems.is_empty() { Ok(keymap) } else { Err(Exit::Usage) }
}

pub fn person(config: &Config) -> Actor {
    identity::actor(&config.identity.operator)
}
