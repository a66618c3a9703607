//! The words of the command line. Parsing only; no command does anything here.
//! Names of commands and flags are a contract.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::domain::time::{Span, Timestamp};
use crate::source::home;

pub mod papers;

use papers::{HandoverArgs, JournalCommand, PostmortemArgs, ReviewArgs, ReviewedArgs};

/// On-call dashboard for online shops: what is broken, for whom, what it costs, what changed.
#[derive(Parser, Debug)]
#[command(name = "tillwatch", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Option<Task>,
}

#[derive(Args, Debug, Clone)]
pub struct Global {
    /// Config file; default: the user's config folder, `tillwatch/config.toml`.
    #[arg(long, global = true, value_name = "FILE", env = "TILLWATCH_CONFIG",
        value_parser = home::path)]
    pub config: Option<PathBuf>,
    /// Journal, `sqlite:PATH`; default: the state folder.
    #[arg(long, global = true, value_name = "URL", value_parser = home::journal)]
    pub journal: Option<String>,
    /// Posture: operator acts, observer looks, wall is a display without keys.
    #[arg(long = "as", global = true, value_enum, value_name = "ROLE", default_value = "operator")]
    pub role: RoleArg,
    /// Theme by name (`tillwatch themes`) or a theme file.
    #[arg(long, global = true, value_name = "NAME", value_parser = home::text)]
    pub theme: Option<String>,
    /// Draw with ASCII characters only.
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Write a log here (JSON lines, no secrets).
    #[arg(long, global = true, value_name = "FILE", value_parser = home::path)]
    pub log: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum RoleArg {
    Operator,
    Observer,
    Wall,
}

#[derive(Subcommand, Debug)]
pub enum Task {
    /// The dashboard on the embedded shop; a rollback really heals it.
    Demo(DemoArgs),
    /// Only the embedded shop, as a server; the first line on stdout is its URL.
    Shop(ShopArgs),
    /// Read-only wall display; never reads credentials.
    Wall,
    /// Headless watcher.
    Watch(WatchArgs),
    /// Poll all sources once (or read the board of a running watcher) and print.
    Once(OnceArgs),
    /// Acknowledge an incident.
    Ack(AckArgs),
    /// Record a decision.
    Decide(DecideArgs),
    /// Add a note to an incident.
    Note(NoteArgs),
    /// Resolve an incident by hand.
    Resolve(ResolveArgs),
    /// Start, extend or stop the decision timer.
    Timer(TimerArgs),
    /// Roll back the suspect release of an incident.
    Rollback(RollbackArgs),
    /// Say whether it was right to raise a closed incident; `review` counts it.
    Reviewed(ReviewedArgs),
    /// One incident from its records: times, impact, evidence at each decision, a form to fill in.
    Postmortem(PostmortemArgs),
    /// What the next shift has to know: open incidents, running clocks, holds, what closed.
    Handover(HandoverArgs),
    /// The weekly review: counts, times to respond, deadlines missed, alert quality.
    Review(ReviewArgs),
    /// The store itself: verify, export, import, backup.
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Send a marked test to every sink, by the way that pages go.
    PageTest(PageTestArgs),
    /// Check the config; ask each source once.
    Check(CheckArgs),
    /// Decode one recorded answer and print the records as JSON.
    CheckSource(CheckSourceArgs),
    /// Replay recorded data through the judging engine.
    #[command(subcommand)]
    Backtest(BacktestCommand),
    /// Print a starter config.
    Init,
    /// The key table.
    Keys(KeysArgs),
    /// Every metric, dimension, unit, table and key that a config can name.
    Schema(SchemaArgs),
    /// The themes, with a preview.
    Themes,
    /// Write the pictures of `screenshots/` from the real screens.
    #[command(hide = true)]
    Screenshots(ScreenshotArgs),
    /// Shell completions.
    Completions { shell: clap_complete::Shell },
}

#[derive(Args, Debug, Clone)]
pub struct DemoArgs {
    /// Scenario (`tillwatch shop --list`).
    #[arg(default_value = "checkout-outage")]
    pub scenario: String,
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Shop seconds per wall second.
    #[arg(long, default_value_t = 10.0)]
    pub speed: f64,
    /// Keep journal and config in this folder: `--config DIR/tillwatch.toml` beside it.
    #[arg(long, value_name = "DIR", value_parser = home::path)]
    pub keep: Option<PathBuf>,
}

#[derive(Args, Debug, Clone)]
pub struct ShopArgs {
    /// Loopback address to listen on.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDR")]
    pub listen: SocketAddr,
    #[arg(long, default_value = "calm-day", value_name = "NAME")]
    pub scenario: String,
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    #[arg(long, default_value_t = 1.0)]
    pub speed: f64,
    /// Do not serve the ground truth.
    #[arg(long)]
    pub no_truth: bool,
    /// List the scenarios and end.
    #[arg(long)]
    pub list: bool,
    /// Write the shop's past as OpenMetrics and end (for `promtool tsdb create-blocks-from`).
    #[arg(long, value_name = "FILE", requires = "days", value_parser = home::path)]
    pub export_openmetrics: Option<PathBuf>,
    /// Days of past to export.
    #[arg(long)]
    pub days: Option<u32>,
    /// Visits a day.
    #[arg(long, default_value_t = 300_000.0)]
    pub visits: f64,
    /// Shop time at start, RFC 3339; default: now.
    #[arg(long, value_name = "TIME")]
    pub start: Option<Timestamp>,
}

#[derive(Args, Debug, Clone)]
pub struct WatchArgs {
    /// Touch this file after every board (a URL gets a GET instead).
    #[arg(long, value_name = "FILE", value_parser = home::text)]
    pub heartbeat: Option<String>,
}

#[derive(Args, Debug, Clone)]
pub struct OnceArgs {
    /// One JSON document, schema `tillwatch/board/1`.
    #[arg(long)]
    pub json: bool,
    /// Wait so many seconds for a judgement instead of the first good answers.
    #[arg(long, value_name = "SECS")]
    pub wait: Option<u64>,
}

#[derive(Args, Debug, Clone)]
pub struct AckArgs {
    pub id: String,
    #[arg(long, default_value = "")]
    pub note: String,
    /// Take back an acknowledgement of the last moment (`[response] undo`).
    #[arg(long)]
    pub undo: bool,
}

#[derive(Args, Debug, Clone)]
pub struct DecideArgs {
    pub id: String,
    /// `rollback`, `reroute`, `mitigate`, `hold` or `not-incident`.
    pub choice: String,
    #[arg(long)]
    pub reason: String,
    /// When to look again; needed for `hold`.
    #[arg(long, value_name = "DUR")]
    pub recheck: Option<Span>,
}

#[derive(Args, Debug, Clone)]
pub struct NoteArgs {
    pub id: String,
    pub text: String,
}

#[derive(Args, Debug, Clone)]
pub struct ResolveArgs {
    pub id: String,
    #[arg(long)]
    pub reason: String,
}

#[derive(Args, Debug, Clone)]
pub struct TimerArgs {
    pub id: String,
    /// Start with this much time.
    #[arg(long, value_name = "DUR", conflicts_with_all = ["extend", "stop"])]
    pub start: Option<Span>,
    /// Extend once by this much; needs `--reason`.
    #[arg(long, value_name = "DUR", requires = "reason")]
    pub extend: Option<Span>,
    #[arg(long)]
    pub stop: bool,
    #[arg(long)]
    pub reason: Option<String>,
}

#[derive(Args, Debug, Clone)]
pub struct RollbackArgs {
    pub id: String,
    /// The token that the plan shows: the end of the release rolled back to.
    #[arg(long, value_name = "TOKEN")]
    pub confirm: Option<String>,
    /// Leave this release and not the suspect; without --confirm its plan is shown, after a list of
    /// those that could be left.
    #[arg(long, value_name = "RELEASE")]
    pub release: Option<String>,
    /// Show pre-checks and the signed request, and send nothing; only an action with a
    /// `dry_run_url` is asked, there.
    #[arg(long)]
    pub dry_run: bool,
    /// Try again after a refusal or a rollback that did not help: a new attempt, a new key.
    #[arg(long)]
    pub again: bool,
    /// Why to go past pre-checks that fail and are not about the target; stays in the record.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug, Clone)]
pub struct PageTestArgs {
    /// Only this sink.
    #[arg(long, value_name = "NAME")]
    pub sink: Option<String>,
    /// One JSON document, schema `tillwatch/page-test/1`.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug, Clone)]
pub struct CheckArgs {
    /// Do not ask the sources.
    #[arg(long)]
    pub offline: bool,
    /// Only this source.
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
}

#[derive(Args, Debug, Clone)]
pub struct CheckSourceArgs {
    /// A configured source, or a kind.
    pub name: String,
    /// Recorded answer.
    #[arg(long, value_name = "FILE", value_parser = home::path)]
    pub replay: PathBuf,
}

#[derive(Subcommand, Debug, Clone)]
pub enum BacktestCommand {
    /// The streaming detector alone over CSV files, no look-ahead.
    Series {
        #[arg(long = "in", value_name = "DIR", value_parser = home::path)]
        input: PathBuf,
        #[arg(long, value_name = "DIR", value_parser = home::path)]
        out: PathBuf,
        /// JSON: file to `up`, `down` or `both`.
        #[arg(long, value_name = "FILE", value_parser = home::path)]
        direction: Option<PathBuf>,
        #[arg(long, default_value = "normal")]
        sensitivity: String,
    },
    /// The whole judging engine over a recorded shop day.
    Shop {
        #[arg(long, value_name = "DIR", value_parser = home::path)]
        run: PathBuf,
        #[arg(long, value_name = "DIR", value_parser = home::path)]
        history: Option<PathBuf>,
        #[arg(long, value_name = "FILE", value_parser = home::path)]
        out: PathBuf,
    },
}

#[derive(Args, Debug, Clone)]
pub struct KeysArgs {
    /// For people, or as the page docs/keys.md.
    #[arg(long, value_enum, default_value = "text")]
    pub format: KeysFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum KeysFormat {
    Text,
    Markdown,
}

#[derive(Args, Debug, Clone)]
pub struct SchemaArgs {
    /// For people, or as the part of docs/config.md.
    #[arg(long, value_enum, default_value = "text")]
    pub format: KeysFormat,
}

#[derive(Args, Debug, Clone)]
pub struct ScreenshotArgs {
    /// Folder to write to.
    #[arg(default_value = "screenshots")]
    pub dir: PathBuf,
}
