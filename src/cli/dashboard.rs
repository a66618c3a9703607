//! `tillwatch`: the dashboard. Becomes the watcher when the lease is free and it may act; follows
//! the stored board otherwise. `--as observer` and `--as wall` need nothing but the journal.

use std::sync::Arc;

use tokio::runtime::Runtime;

use crate::board::Board;
use crate::config::{Config, theme};
use crate::desk::state::{Desk, DeskSetup, Seat, Size};
use crate::domain::time::Span;
use crate::journal::{Access, Journal};
use crate::render::theme::{ColorDepth, Theme, depth};
use crate::shell::clock::Clock;
use crate::shell::duty::{self, Duty, OnDuty};
use crate::shell::hub::BoardCell;
use crate::shell::order;
use crate::shell::run::{self, Viewer};
use crate::shell::session::{self, Boards};
use crate::shell::tty::{Tty, install_panic_hook};
use crate::shell::{follow, lease, outcome, settings, watched};

use super::app::{self, FoundConfig};
use super::args::{Global, RoleArg};
use super::exit::Exit;
use super::out;

pub fn run(global: &Global) -> u8 {
    inner(global).unwrap_or_else(Exit::code)
}

fn inner(global: &Global) -> Result<u8, Exit> {
    let mut stage = BoardStage::set()?;
    // Who only looks at a journal that was named reads it while the config is read.
    if let Some(url) = global.journal.as_deref().filter(|_| global.role != RoleArg::Operator) {
        stage.follow(url);
    }
    let (config, url) = prepared(global)?;
    shown(stage, global, &config, &url, Clock::system())
}

/// The runtime and the way that boards come by.
struct BoardStage {
    runtime: Runtime,
    /// Until somebody follows or watches.
    sender: Option<BoardCell>,
    boards: Boards,
}

impl BoardStage {
    fn set() -> Result<Self, Exit> {
        let runtime = app::runtime()?;
        let (sender, boards) = tokio::sync::watch::channel(None);
        Ok(Self { runtime, sender: Some(sender), boards })
    }

    /// Reads the stored boards from now on, unless that was begun already.
    fn follow(&mut self, url: &str) {
        if let Some(sender) = self.sender.take() {
            self.runtime.spawn(follow::run(url.to_owned(), sender));
        }
    }
}

fn prepared(global: &Global) -> Result<(Config, String), Exit> {
    let config = match app::config(global)? {
        FoundConfig::File(config, _) => *config,
        FoundConfig::Defaults(config)
            if global.journal.is_some() || global.role != RoleArg::Operator =>
        {
            *config
        }
        FoundConfig::Defaults(_) => {
            out::error(
                "no config file: try `tillwatch demo`, or write one with `tillwatch init > FILE`",
            );
            return Err(Exit::Usage);
        }
    };
    let url = app::journal_url(global, &config)?;
    Ok((config, url))
}

/// Shows the screen until it is left; the exit code.
pub fn show(global: &Global, config: &Config, url: &str, clock: Clock) -> Result<u8, Exit> {
    shown(BoardStage::set()?, global, config, url, clock)
}

fn shown(
    mut stage: BoardStage,
    global: &Global,
    config: &Config,
    url: &str,
    clock: Clock,
) -> Result<u8, Exit> {
    let tty = Tty::open().map_err(|error| {
        out::error(&format!("{error}; `tillwatch once` prints the same as text"));
        Exit::Usage
    })?;
    install_panic_hook(&tty, || tokio::task::try_id().is_some());
    let theme = theme(global, config)?;
    if global.role != RoleArg::Operator {
        stage.follow(url);
    }
    let BoardStage { runtime, sender, boards } = stage;
    let code = runtime.block_on(async {
        let engine = match sender {
            Some(sender) => operator(config, url, clock, sender).await?,
            None => Backstage::default(),
        };
        let posts = engine.on_duty.as_ref().map(|d| d.posts.clone());
        if let Some(orders) = &engine.orders {
            tokio::spawn(outcome::run(orders.clone(), boards.clone(), posts.clone()));
        }
        let desk = desk(global, config, engine.stored.clone(), clock, &boards)?;
        let (orders, clipboard) = (engine.orders.clone(), config.ui.clipboard);
        let viewer = Viewer { desk, theme, clock, boards, orders, posts, clipboard };
        let code = run::run(viewer, &tty).await;
        engine.stop().await;
        code.map_err(|error| {
            tty.restore();
            out::error(&format!("terminal: {error}"));
            Exit::No
        })
    });
    runtime.shutdown_timeout(std::time::Duration::from_millis(300));
    code
}

/// What runs behind a screen; nothing for those who only look.
#[derive(Default)]
struct Backstage {
    on_duty: Option<OnDuty>,
    orders: Option<Arc<order::OrderDesk>>,
    stored: Option<Arc<Board>>,
}

impl Backstage {
    async fn stop(self) {
        if let Some(on_duty) = self.on_duty {
            let left = on_duty.stop().await;
            if let Some(words) = session::left_words(&left) {
                out::error(&words);
            }
        }
    }
}

/// An operator's side: the journal for writing, the watcher when the lease is free, orders.
async fn operator(
    config: &Config,
    url: &str,
    clock: Clock,
    sender: BoardCell,
) -> Result<Backstage, Exit> {
    let journal = app::journal(url, Access::Write).await?;
    let absent = watched::absent(&journal).await;
    let stored = journal.board().await.ok().flatten();
    let stored = stored.map(|board| Arc::new(Board { absent, ..board }));
    let of_board = || stored.as_deref().map_or(clock, Clock::of_board);
    let told = if clock.is_simulated() { clock } else { of_board() };
    let orders = Some(orders(config, &journal, told)?);
    if config.sources.is_empty() {
        tokio::spawn(follow::run(url.to_owned(), sender));
        return Ok(Backstage { on_duty: None, orders, stored });
    }
    session::check(config).map_err(|error| {
        out::error(&error.to_string());
        Exit::Usage
    })?;
    let post = settings::post_office(config, &app::person(config).name).map_err(|why| {
        out::error(&why);
        Exit::Usage
    })?;
    let (config, url) = (Arc::new(config.clone()), url.to_owned());
    let duty = Duty { config, journal, url, clock, owner: lease::owner(), post: Some(post) };
    Ok(Backstage { on_duty: Some(duty::start(duty, sender)), orders, stored })
}

fn orders(
    config: &Config,
    journal: &Arc<Journal>,
    clock: Clock,
) -> Result<Arc<order::OrderDesk>, Exit> {
    let made = settings::desk(config, journal.clone(), clock, app::person(config));
    made.map(Arc::new).map_err(|why| {
        out::error(&why);
        Exit::Usage
    })
}

fn desk(
    global: &Global,
    config: &Config,
    stored: Option<Arc<Board>>,
    clock: Clock,
    boards: &Boards,
) -> Result<Desk, Exit> {
    let keymap = app::keymap(config)?;
    let role = match global.role {
        RoleArg::Operator => Seat::Operator,
        RoleArg::Observer => Seat::Observer,
        RoleArg::Wall => Seat::Wall,
    };
    let zone = config.shop.time_zone.parse().unwrap_or(chrono_tz::UTC);
    let setup = DeskSetup {
        role,
        operator: app::person(config).name,
        keymap,
        zone,
        ascii: global.ascii || config.ui.ascii || !utf8(),
        fresh_for: fresh_for(config),
        undo: config.timing.undo,
        size: Size::default(),
    };
    let board = boards.borrow().clone().or(stored).unwrap_or_else(|| empty(config, clock));
    let now = clock.now_by(&board);
    Ok(Desk::new(setup, board, now, clock.steady()))
}

fn empty(config: &Config, clock: Clock) -> Arc<Board> {
    Arc::new(Board {
        schema: crate::board::SCHEMA.to_owned(),
        generated_at: clock.now(),
        site: config.shop.name.clone(),
        speed: clock.speed(),
        ..Board::default()
    })
}

/// Boards come with every poll: four of the shortest interval without one is not fresh.
fn fresh_for(config: &Config) -> Span {
    let shortest = config.sources.iter().map(|s| s.every).min().unwrap_or(Span::from_secs(15));
    shortest.times(4).max(Span::from_secs(30))
}

/// The theme by flag or config, resolved for what this terminal can show.
pub fn theme(global: &Global, config: &Config) -> Result<Theme, Exit> {
    let name = global.theme.clone().unwrap_or_else(|| config.ui.theme.clone());
    let found = theme::named(&name, terminal_depth());
    found.map_err(|why| {
        out::error(&why);
        Exit::Usage
    })
}

fn terminal_depth() -> ColorDepth {
    let var = |name: &str| std::env::var(name).unwrap_or_default();
    // GNU screen hands on what its own terminal said and takes true colours for other commands.
    let in_screen = !var("STY").is_empty() && var("TMUX").is_empty();
    let colorterm = if in_screen { String::new() } else { var("COLORTERM") };
    depth(!var("NO_COLOR").is_empty(), &colorterm, &var("TERM"))
}

/// By the locale, as the C library would decide it.
fn utf8() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty())
        .unwrap_or_default()
        .to_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}
