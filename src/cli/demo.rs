//! `tillwatch demo`: the dashboard on the embedded shop, in one process, on loopback only.
//! Files live in a temporary folder that is removed at the end, unless `--keep DIR`.

use std::path::Path;
use std::sync::Arc;

use crate::config::{Config, load, problem::Level};
use crate::journal::Access;
use crate::shell::clock::Clock;
use crate::shell::duty::{self, Duty, OnDuty};
use crate::shell::lease;
use crate::shop::{self, Options, Running};

use super::app;
use super::args::{DemoArgs, Global, RoleArg};
use super::dashboard;
use super::exit::Exit;
use super::folder::Folder;
use super::out;

/// The shop's sources as `tillwatch demo` reads them.
const SOURCES: &str = include_str!("../source/demo_sources.toml");

pub fn run(global: &Global, args: &DemoArgs) -> u8 {
    inner(global, args).unwrap_or_else(Exit::code)
}

fn inner(global: &Global, args: &DemoArgs) -> Result<u8, Exit> {
    let stage = DemoStage::set(args)?;
    let runtime = app::runtime()?;
    let (shop, config) = runtime.block_on(stage.open())?;
    let watcher = runtime.block_on(behind(global, &config, &stage))?;
    let code = dashboard::show(global, &config, &stage.journal(), stage.clock);
    runtime.block_on(async {
        if let Some(watcher) = watcher {
            let _unstored = watcher.stop().await;
        }
    });
    runtime.block_on(shop.shutdown());
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    code
}

/// Who only looks needs somebody who watches: in the demo that is this process, behind the screen.
/// What it shows comes out of the journal all the same, and it can order nothing.
async fn behind(
    global: &Global,
    config: &Config,
    stage: &DemoStage,
) -> Result<Option<OnDuty>, Exit> {
    if global.role == RoleArg::Operator {
        return Ok(None);
    }
    let url = stage.journal();
    let journal = app::journal(&url, Access::Write).await?;
    let config = Arc::new(config.clone());
    let (clock, owner) = (stage.clock, lease::owner());
    let duty = Duty { config, journal, url, clock, owner, post: None };
    let (boards, _none) = tokio::sync::watch::channel(None);
    Ok(Some(duty::start(duty, boards)))
}

/// The embedded shop with its folder, clock and secret.
pub struct DemoStage {
    args: DemoArgs,
    folder: Folder,
    pub clock: Clock,
    secret: String,
}

impl DemoStage {
    /// Makes the folder and starts the clock.
    pub fn set(args: &DemoArgs) -> Result<Self, Exit> {
        let fail = |error: std::io::Error| fail(&format!("cannot keep the demo's files: {error}"));
        let folder = Folder::new(args.keep.as_deref()).map_err(fail)?;
        let clock = folder.clock(args.speed).map_err(fail)?;
        let secret = folder.secret().map_err(fail)?;
        Ok(Self { args: args.clone(), folder, clock, secret })
    }

    pub fn journal(&self) -> String {
        format!("sqlite:{}", self.folder.path.join("journal.db").display())
    }

    /// Opens the shop and makes the config that watches it.
    pub async fn open(&self) -> Result<(Running, Config), Exit> {
        let shop = shop::serve(self.options(), super::shop::clocks(self.clock))
            .await
            .map_err(|error| fail(&error.to_string()))?;
        let config = self.config(&shop.url(), &announced(shop.shop()))?;
        Ok((shop, config))
    }

    fn options(&self) -> Options {
        Options {
            listen: ([127, 0, 0, 1], 0).into(),
            scenario: self.args.scenario.clone(),
            seed: self.args.seed,
            speed: self.args.speed,
            truth: false,
            visits_per_day: 300_000.0,
            history_days: 21,
            secret: self.secret.clone(),
            start: self.clock.start(),
        }
    }

    /// The built-in policy with the shop's sources and its rollback hook. Other commands get all
    /// but the sources: the shop is gone with the demo, and none of them may judge in its place.
    fn config(&self, url: &str, work: &str) -> Result<Config, Exit> {
        let secret = self.folder.path.join("rollback.secret");
        let rest = format!(
            "\n[shop]\nname = \"demo shop\"\n\n[[action]]\nname = \"rollback\"\n\
             kind = \"webhook\"\nurl = \"{url}/hooks/rollback\"\n\
             status_url = \"{url}/hooks/rollback/{{id}}\"\nsecret = {{ file = \"{}\" }}\n\
             environment = \"production\"\nidempotent = true\n\
             cooldown = \"5m\"\nverify = \"3m\"\n{work}",
            secret.display(),
        );
        let unwritten = |error| fail(&format!("cannot write the demo's config: {error}"));
        self.folder.leave_config(&rest).map_err(unwritten)?;
        let text = format!("{}{rest}", SOURCES.replace("http://127.0.0.1:PORT", url));
        let loaded = load::from_text(Path::new("(demo)"), &text);
        app::say(&loaded.problems, Level::Error);
        loaded.config.ok_or(Exit::Usage)
    }
}

/// The shop's announced work as an operator would have written it into the config.
fn announced(shop: &shop::Shop) -> String {
    let local = |minute: i64| shop::timeline::minute_time(minute).utc().format("%Y-%m-%dT%H:%M");
    let timeline = shop.timeline();
    let works = timeline.announcements.iter().filter(|a| a.kind == "maintenance");
    let rows = works.map(|a| {
        let (from, to) = (local(a.from), local(a.until.unwrap_or(a.from + 60)));
        let name = &a.name;
        format!("[[maintenance]]\nfrom = \"{from}\"\nto = \"{to}\"\nreason = \"{name}\"\n")
    });
    rows.collect()
}

fn fail(why: &str) -> Exit {
    out::error(why);
    Exit::Usage
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_demo_leaves_the_config_that_other_commands_read() {
        let home = tempfile::tempdir().expect("a folder");
        let keep = home.path().join("kept");
        let args = DemoArgs {
            scenario: "calm-day".to_owned(),
            seed: 7,
            speed: 10.0,
            keep: Some(keep.clone()),
        };
        let stage = DemoStage::set(&args).expect("a stage");
        for port in [4001, 4002] {
            let url = format!("http://127.0.0.1:{port}");
            let own = stage.config(&url, "").expect("its own config");
            assert!(!own.sources.is_empty());
            let left = load::from_file(&keep.join("tillwatch.toml")).expect("a file");
            let left = left.config.expect("a config");
            assert_eq!(left.journal.url, stage.journal());
            assert_eq!((left.actions.len(), left.sources.len()), (1, 0));
            let text = std::fs::read_to_string(keep.join("tillwatch.toml")).expect("read");
            assert!(text.contains(&format!("{url}/hooks/rollback")), "{text}");
        }
    }
}
