//! `tillwatch once`: the board of a running watcher, or of one round of polling, printed.
//! The exit code is the answer: 11 before 4 before 10 before 0.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::board::aged::aged;
use crate::board::standing::{Standing, Trust};
use crate::board::{Absent, Board, SourceState};
use crate::config::Config;
use crate::domain::text::screen_text;
use crate::journal::{Access, Journal};
use crate::present::standing::sentence;
use crate::shell::clock::Clock;
use crate::shell::hub;
use crate::shell::lease::{self, Grip};
use crate::shell::session::{self, Boards};
use crate::shell::watched;

use super::app;
use super::args::{Global, OnceArgs, RoleArg};
use super::exit::{Exit, of_board};
use super::{out, tables};

/// Without `--wait` the first full judgement, a minute of each source and step, is waited for at
/// most so long; a shop that is still learning then is told as that.
const PATIENCE: Duration = Duration::from_secs(75);

pub fn run(global: &Global, args: &OnceArgs) -> Exit {
    inner(global, args).unwrap_or_else(|exit| exit)
}

fn inner(global: &Global, args: &OnceArgs) -> Result<Exit, Exit> {
    let config = app::config(global)?.config();
    let url = app::journal_url(global, &config)?;
    let runtime = app::runtime()?;
    let Some(seen) = runtime.block_on(board(global, args, &config, &url))? else {
        out::error("no board: no watcher has run on this journal yet");
        return Ok(Exit::Blind);
    };
    let SeenBoards { board, trust } = seen;
    if args.json {
        out::json(&document(&board, trust));
    } else {
        out::lines(tables::board(&board, trust));
    }
    Ok(of_board(&board, trust))
}

/// A board and how far it can be believed.
struct SeenBoards {
    board: Arc<Board>,
    trust: Trust,
}

/// What `--json` prints: the board, and how it stands for who reads it now.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    board: Cow<'a, Board>,
    standing: Standing,
    says: String,
}

fn document(board: &Board, trust: Trust) -> Document<'_> {
    let standing = Standing::of(board, trust);
    let says = screen_text(&sentence(board, standing, trust)).as_str().to_owned();
    Document { board: aged(board, trust), standing, says }
}

async fn board(
    global: &Global,
    args: &OnceArgs,
    config: &Config,
    url: &str,
) -> Result<Option<SeenBoards>, Exit> {
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
    Ok(found?.map(|board| SeenBoards { board, trust: Trust::Fresh }))
}

/// The stored board, held against the clock and the lease: who made it may hang or be gone.
async fn stored(journal: &Journal) -> Result<Option<SeenBoards>, Exit> {
    let found = journal.board().await.map_err(|error| {
        out::error(&format!("journal: {error}"));
        Exit::NoJournal
    })?;
    let Some(mut board) = found else { return Ok(None) };
    let absent = watched::absent(journal).await;
    let trust = watched::trust(&board, absent, Clock::system());
    if absent == Some(Absent::Ended) {
        board.watcher = None;
    }
    Ok(Some(SeenBoards { board: Arc::new(board), trust }))
}

async fn poll(
    args: &OnceArgs,
    config: &Config,
    journal: Arc<Journal>,
    (clock, owner): (Clock, &str),
) -> Result<Option<Arc<Board>>, Exit> {
    let (sender, boards): (hub::BoardCell, Boards) = tokio::sync::watch::channel(None);
    let started = session::watch(config, journal.clone(), clock, sender, owner, None).await;
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
    let begun = board.judged_until.is_some();
    let incident = board.incidents.iter().any(|i| i.state.is_open());
    // the first minute of a start does not tell of every step: with the next one all have spoken
    let told = incident || board.learning.is_none();
    heard && begun && told && seen(board) && (incident || !want_incident)
}

/// A minute has been judged, or none can be: around the turn of a minute one source may be a poll
/// ahead of the others.
fn seen(board: &Board) -> bool {
    let all_live = board.sources.iter().all(|s| s.state == SourceState::Live);
    let measures = board.sources.iter().any(|s| s.kind != "github");
    !board.cells.is_empty() || !all_live || !measures
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::fixture;
    use crate::domain::time::Span;

    #[test]
    fn the_document_of_a_board_that_is_not_fresh_calls_nothing_live_or_ok() {
        let board = fixture::outage();
        let json = |trust| serde_json::to_string(&document(&board, trust)).expect("JSON");
        assert!(
            json(Trust::Fresh).contains("\"state\":\"live\"")
                && json(Trust::Fresh).contains("\"verdict\":\"ok\"")
        );
        for trust in [Trust::Late(Span::from_mins(3)), Trust::Unwatched(Span::from_mins(3))] {
            let said = json(trust);
            assert!(
                !said.contains("\"state\":\"live\"") && !said.contains("\"verdict\":\"ok\""),
                "{said}"
            );
            assert!(said.contains("was live at 03:07 UTC"), "{said}");
            assert!(!said.contains("\"pass\":true"), "{said}");
            assert_eq!(said.contains("\"watcher\":null"), matches!(trust, Trust::Unwatched(_)));
        }
    }
}
