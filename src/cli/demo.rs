//! `tillwatch demo`: the dashboard on the embedded shop, in one process, on loopback only.
//! Files live in a temporary folder that is removed at the end, unless `--keep DIR`.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine as _;

use crate::config::{Config, load, problem::Level};
use crate::domain::time::{Span, Timestamp};
use crate::shell::clock::Clock;
use crate::shop::{self, Options};

use super::app;
use super::args::{DemoArgs, Global};
use super::dashboard;
use super::exit::Exit;
use super::out;

/// Shop time at the start of every demo, so that a seed always gives the same shop.
const BASE: &str = "2026-11-20T17:30:00Z";
/// The shop's sources as `tillwatch demo` reads them.
const SOURCES: &str = include_str!("../source/demo_sources.toml");

pub fn run(global: &Global, args: &DemoArgs) -> u8 {
    inner(global, args).unwrap_or_else(Exit::code)
}

fn inner(global: &Global, args: &DemoArgs) -> Result<u8, Exit> {
    let folder = Folder::new(args.keep.as_deref()).map_err(|error| fail(&error.to_string()))?;
    let clock = folder.clock(args.speed).map_err(|error| fail(&error.to_string()))?;
    let secret = folder.secret().map_err(|error| fail(&error.to_string()))?;
    let runtime = app::runtime()?;
    let options = options(args, &secret, clock);
    let shop = runtime
        .block_on(shop::serve(options, super::shop::clocks(clock)))
        .map_err(|error| fail(&error.to_string()))?;
    let config = config(&shop.url(), &folder)?;
    let journal = format!("sqlite:{}", folder.path.join("journal.db").display());
    let code = dashboard::show(global, config, &journal, clock);
    shop.shutdown();
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    code
}

fn options(args: &DemoArgs, secret: &str, clock: Clock) -> Options {
    Options {
        listen: ([127, 0, 0, 1], 0).into(),
        scenario: args.scenario.clone(),
        seed: args.seed,
        speed: args.speed,
        truth: false,
        visits_per_day: 300_000.0,
        history_days: 21,
        secret: secret.to_owned(),
        start: clock.start(),
    }
}

/// The built-in policy with the shop's sources and its rollback hook.
fn config(url: &str, folder: &Folder) -> Result<Config, Exit> {
    let secret = folder.path.join("rollback.secret");
    let text = format!(
        "{}\n[shop]\nname = \"demo shop\"\n\n[[action]]\nname = \"rollback\"\nkind = \"webhook\"\n\
         url = \"{url}/hooks/rollback\"\nstatus_url = \"{url}/hooks/rollback/{{id}}\"\n\
         secret = {{ file = \"{}\" }}\nenvironment = \"production\"\nidempotent = true\n\
         cooldown = \"5m\"\nverify = \"3m\"\n",
        SOURCES.replace("http://127.0.0.1:PORT", url),
        secret.display(),
    );
    let loaded = load::from_text(Path::new("(demo)"), &text);
    app::say(&loaded.problems, Level::Error);
    loaded.config.ok_or(Exit::Usage)
}

fn fail(why: &str) -> Exit {
    out::error(why);
    Exit::Usage
}

/// Where the demo keeps its journal and its secret.
struct Folder {
    path: PathBuf,
    keep: bool,
}

impl Folder {
    fn new(keep: Option<&Path>) -> std::io::Result<Self> {
        let path = keep.map_or_else(
            || std::env::temp_dir().join(format!("tillwatch-demo-{:016x}", rand::random::<u64>())),
            Path::to_path_buf,
        );
        fs::DirBuilder::new().recursive(keep.is_some()).mode(0o700).create(&path)?;
        Ok(Self { path, keep: keep.is_some() })
    }

    /// The shop's clock; a kept shop went on while nobody looked.
    fn clock(&self, speed: f64) -> std::io::Result<Clock> {
        let base: Timestamp = BASE.parse().unwrap_or_default();
        let file = self.path.join("started_at");
        let wall = Clock::system().wall();
        let started = fs::read_to_string(&file).ok().and_then(|t| t.trim().parse::<Timestamp>().ok());
        let Some(started) = started else {
            fs::write(&file, format!("{wall}\n"))?;
            return Ok(Clock::simulated(base, speed));
        };
        let passed = wall.since(started).as_secs_f64().max(0.0) * speed;
        let now = base.plus(Span::from_millis((passed * 1000.0) as i64));
        Ok(Clock::simulated(now, speed).started(base))
    }

    /// A secret of 32 random bytes, made once per folder, readable by its owner alone.
    fn secret(&self) -> std::io::Result<String> {
        let file = self.path.join("rollback.secret");
        if let Ok(text) = fs::read_to_string(&file) {
            return Ok(text.trim().to_owned());
        }
        let mut bytes = [0_u8; 32];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| std::io::Error::other("no randomness"))?;
        let secret = format!("whsec_{}", base64::engine::general_purpose::STANDARD.encode(bytes));
        let mut out = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file)?;
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
