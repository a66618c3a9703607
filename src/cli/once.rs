//! `tillwatch once`: the board of a running watcher, or of one round of polling, printed.
//! The exit code is the answer: 11 before 4 before 10 before 0.

use std::sync::Arc;
use std::time::Duration;

use crate::board::{Board, SourceState};
use crate::config::Config;
use crate::journal::{Access, Journal};
use crate::shell::clock::Clock;
use crate::shell::hub;
use crate::shell::lease::{self, Grip};
use crate::shell::session::{self, Boards};

use super::app;
use super::args::{Global, OnceArgs, RoleArg};
use super::exit::{Exit, of_board};
use super::{out, tables};

/// Without `--wait` the first judgement is waited for at most so long.
const PATIENCE: Duration = Duration::from_secs(30);

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
    if !matches!(lease::take(&journal, &owner, clock).await, Grip::Mine { .. }) {
        return stored(&journal).await;
    }
    let found = poll(args, config, journal.clone(), (clock, &owner)).await;
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
    (clock, owner): (Clock, &str),
) -> Result<Option<Arc<Board>>, Exit> {
    let (sender, boards): (hub::BoardCell, Boards) = tokio::sync::watch::channel(None);
    let started = session::watch(config, journal.clone(), clock, sender, owner).await;
    let watching = started.map_err(|error| {
        out::error(&error.to_string());
        Exit::Usage
    })?;
    let limit = args.wait.map_or(PATIENCE, Duration::from_secs);
    tokio::select! {
        () = enough(boards.clone(), args.wait.is_some()) => {}
        () = tokio::time::sleep(limit) => {}
        _other = lease::keep(&journal, owner, clock, &watching.hub) => {}
    }
    let board = boards.borrow().clone();
    if let Some(words) = session::left_words(&watching.stop().await) {
        out::error(&words);
    }
    Ok(board)
}

/// Returns when the board says all that was asked for.
async fn enough(mut boards: Boards, want_incident: bool) {
    let said =
        |board: &Option<Arc<Board>>| board.as_ref().is_some_and(|b| judged(b, want_incident));
    // where the hub ended nothing more will come, and what is there is taken
    let _ended = boards.wait_for(said).await.is_err();
}

/// Every source has spoken or failed and judging has begun; with `--wait` an open incident too.
fn judged(board: &Board, want_incident: bool) -> bool {
    let heard = board.sources.iter().all(|s| s.last_ok_at.is_some() || s.error.is_some());
    let begun = board.notices.iter().all(|n| !n.starts_with("reading history"));
    let incident = board.incidents.iter().any(|i| i.state.is_open());
    heard && begun && seen(board) && (incident || !want_incident)
}

/// A minute has been judged, or none can be: around the turn of a minute one source may be a poll
/// ahead of the others.
fn seen(board: &Board) -> bool {
    let all_live = board.sources.iter().all(|s| s.state == SourceState::Live);
    let measures = board.sources.iter().any(|s| s.kind != "github");
    !board.cells.is_empty() || !all_live || !measures
}
