//! `tillwatch once`: the board of a running watcher, or of one round of polling, printed.
//! The exit code is the answer: 11 before 4 before 10 before 0.

use std::sync::Arc;
use std::time::Duration;

use crate::board::Board;
use crate::config::Config;
use crate::journal::{Access, Journal};
use crate::shell::clock::Clock;
use crate::shell::session::{self, Boards};
use crate::shell::{hub, lease};

use super::app;
use super::args::{Global, OnceArgs, RoleArg};
use super::exit::{Exit, of_board};
use super::{out, tables};

/// Without `--wait` the first judgement is waited for at most so long.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(50);

pub fn run(global: &Global, args: &OnceArgs) -> Exit {
    inner(global, args).unwrap_or_else(|exit| exit)
}

fn inner(global: &Global, args: &OnceArgs) -> Result<Exit, Exit> {
    let config = app::config(global)?.config();
    let url = app::journal_url(global, &config)?;
    let runtime = app::runtime()?;
    let board = runtime.block_on(board(global, args, &config, &url))?;
    let Some(board) = board else {
        out::error("no board: no watcher has run on this journal yet");
        return Ok(Exit::Blind);
    };
    if args.json {
        out::json(&*board);
    } else {
        out::lines(tables::board(&board));
    }
    Ok(of_board(&board))
}

async fn board(
    global: &Global,
    args: &OnceArgs,
    config: &Config,
    url: &str,
) -> Result<Option<Arc<Board>>, Exit> {
    let clock = Clock::system();
    if global.role != RoleArg::Operator || config.sources.is_empty() {
        let journal = app::journal(url, Access::Read).await?;
        return stored(&journal).await;
    }
    let journal = app::journal(url, Access::Write).await?;
    let owner = lease::owner();
    if !lease::take(&journal, &owner, clock).await {
        return stored(&journal).await;
    }
    let found = poll(args, config, journal.clone(), clock).await;
    let _freed = journal.release_lease(&owner).await;
    found
}

async fn stored(journal: &Journal) -> Result<Option<Arc<Board>>, Exit> {
    journal.board().await.map(|b| b.map(Arc::new)).map_err(|error| {
        out::error(&format!("journal: {error}"));
        Exit::NoJournal
    })
}

async fn poll(
    args: &OnceArgs,
    config: &Config,
    journal: Arc<Journal>,
    clock: Clock,
) -> Result<Option<Arc<Board>>, Exit> {
    let (sender, boards): (hub::BoardCell, Boards) = tokio::sync::watch::channel(None);
    let watching = session::watch(config, journal, clock, sender).await.map_err(|error| {
        out::error(&error.to_string());
        Exit::Usage
    })?;
    let limit = args.wait.map_or(PATIENCE, Duration::from_secs);
    let end = clock.instant() + limit;
    while clock.instant() < end {
        tokio::time::sleep(LOOK_EVERY).await;
        let board = boards.borrow().clone();
        let done = board.as_ref().is_some_and(|b| judged(b, args.wait.is_some()));
        if done {
            break;
        }
    }
    let board = boards.borrow().clone();
    watching.stop();
    Ok(board)
}

/// Every source has spoken or failed and judging has begun; with `--wait` an open incident too.
fn judged(board: &Board, want_incident: bool) -> bool {
    let heard = board.sources.iter().all(|s| s.last_ok_at.is_some() || s.error.is_some());
    let begun = board.notices.iter().all(|n| !n.starts_with("reading history"));
    let incident = board.incidents.iter().any(|i| i.state.is_open());
    heard && begun && (incident || !want_incident)
}
