//! `ack`, `decide`, `note`, `resolve`, `reviewed`, `timer`, `rollback`: the keys' commands for
//! scripts and phones. Same journal, same rules, same words of refusal as on the screen.

use std::sync::Arc;

use crate::board::{Alternative, Board, IncidentView};
use crate::domain::id::{IncidentId, ReleaseId};
use crate::incident::event::Outcome;
use crate::incident::order::Order;
use crate::journal::{Access, Journal};
use crate::shell::clock::Clock;
use crate::shell::order::{OrderDesk, OrderError, Sent};
use crate::shell::settings;

use super::app;
use super::args::papers::ReviewedArgs;
use super::args::{
    AckArgs, DecideArgs, Global, NoteArgs, ResolveArgs, RoleArg, RollbackArgs, TimerArgs,
};
use super::exit::Exit;
use super::out;

mod asked;
mod lines;
mod rehearsal;

/// How often the outcome of a request is tried to be stored, at two seconds each.
const STORE_TRIES: u32 = 5;

pub fn ack(global: &Global, args: &AckArgs) -> Exit {
    give(global, &args.id, &asked::ack(args), "acknowledged")
}

pub fn decide(global: &Global, args: &DecideArgs) -> Exit {
    given(global, &args.id, asked::decide(args), "decided")
}

pub fn note(global: &Global, args: &NoteArgs) -> Exit {
    give(global, &args.id, &asked::note(args), "noted")
}

pub fn resolve(global: &Global, args: &ResolveArgs) -> Exit {
    give(global, &args.id, &asked::resolve(args), "resolved")
}

pub fn reviewed(global: &Global, args: &ReviewedArgs) -> Exit {
    give(global, &args.id, &asked::reviewed(args), "reviewed")
}

pub fn timer(global: &Global, args: &TimerArgs) -> Exit {
    given(global, &args.id, asked::timer(args), "timer stored")
}

fn given(global: &Global, id: &str, order: Result<Order, String>, done: &str) -> Exit {
    match order {
        Ok(order) => give(global, id, &order, done),
        Err(why) => {
            out::error(&why);
            Exit::Usage
        }
    }
}

fn give(global: &Global, id: &str, order: &Order, done: &str) -> Exit {
    let result = with_desk(global, async |desk, board| {
        let given = desk.carry_out(&id.into(), order, "command line", board.as_ref()).await?;
        out::lines([format!("{id} {done}")]);
        for why in &given.left_out {
            out::error(why);
        }
        Ok(Exit::Ok)
    });
    result.unwrap_or_else(|exit| exit)
}

pub fn rollback(global: &Global, args: &RollbackArgs) -> Exit {
    let result = with_desk(global, async |desk, board| {
        let id: IncidentId = args.id.as_str().into();
        let release = args.release.as_deref().map(ReleaseId::from);
        if args.dry_run {
            let dry = desk.rehearse(&id, release.as_ref(), board.as_ref()).await?;
            return Ok(rehearsal::tell(&dry, args.json));
        }
        let Some(order) = asked::rollback(args) else {
            let shown = board.as_deref().and_then(|b| b.incidents.iter().find(|i| i.id == id));
            show(shown, release.as_ref(), args.json)?;
            return Ok(Exit::No);
        };
        let done = desk.carry_out(&id, &order, "command line", board.as_ref()).await?;
        let Some(ticket) = done.ticket else { return Ok(Exit::Ok) };
        let sent = desk.send(ticket).await;
        let exit = tell(&sent.outcome);
        Ok(match kept(desk, &sent).await {
            Ok(()) => exit,
            Err(error) => {
                out::error(&format!("what became of it is {error}"));
                Exit::NoJournal
            }
        })
    });
    result.unwrap_or_else(|exit| exit)
}

/// The outcome in the journal, at the first or a later try.
async fn kept(desk: &OrderDesk, sent: &Sent) -> Result<(), OrderError> {
    if sent.unstored.is_none() { Ok(()) } else { desk.store_again(sent, STORE_TRIES).await }
}

/// The plan, of a chosen release where one is named, and the releases to choose from.
fn show(
    incident: Option<&IncidentView>,
    release: Option<&ReleaseId>,
    json: bool,
) -> Result<(), OrderError> {
    let refused = |why: String| OrderError::Refused(why);
    let none = "no rollback is possible: no suspect release or no [[action]] for it";
    let incident = incident.ok_or_else(|| refused(none.to_owned()))?;
    let all = &incident.alternatives;
    let plan = match release {
        None => incident.rollback.as_ref(),
        Some(id) => {
            let found = all.iter().find(|a| a.release == *id);
            let unknown = || refused(format!("{id} is none of the releases that could be left"));
            let found = found.ok_or_else(unknown)?;
            let why = || found.why_not.clone().unwrap_or_default();
            Some(found.plan.as_ref().ok_or_else(|| refused(why()))?)
        }
    };
    let Some(plan) = plan else {
        let ways = all.iter().any(|a| a.plan.is_some());
        if !json && ways {
            out::lines(listed(all));
        }
        let more = "no release is suspected; --release chooses one of those listed";
        return Err(refused(if ways { more.to_owned() } else { none.to_owned() }));
    };
    if json {
        out::json(plan);
    } else {
        let list = if all.len() > 1 { listed(all) } else { Vec::new() };
        out::lines(list.into_iter().chain(lines::plan(plan)));
    }
    Ok(())
}

fn listed(all: &[Alternative]) -> Vec<String> {
    let head = "releases that could be left (--release NAME):".to_owned();
    std::iter::once(head).chain(all.iter().map(|a| format!("  {}", a.words()))).collect()
}

fn tell(outcome: &Outcome) -> Exit {
    match outcome {
        Outcome::Accepted { status, detail } => {
            out::lines([format!("accepted ({status}) {detail}")]);
            Exit::Ok
        }
        Outcome::Refused { status, detail, retry_after_s } => {
            let wait = retry_after_s.map(|s| format!(", retry after {s} s")).unwrap_or_default();
            out::error(&format!("refused ({status}{wait}) {detail}"));
            Exit::No
        }
        Outcome::NotSent { detail } => {
            out::error(&format!("NOT SENT: {detail}; nothing was done, order it again"));
            Exit::No
        }
        Outcome::Unknown { detail, .. } => {
            out::error(&format!(
                "UNKNOWN: it may have happened: {detail}; a watcher goes on asking its receiver, \
                 and the same command sends the same request again"
            ));
            Exit::Unsure
        }
    }
}

fn with_desk(
    global: &Global,
    work: impl AsyncFnOnce(&OrderDesk, Option<Arc<Board>>) -> Result<Exit, OrderError>,
) -> Result<Exit, Exit> {
    if global.role != RoleArg::Operator {
        out::error("read-only: observers and walls give no orders");
        return Err(Exit::No);
    }
    let config = app::config(global)?.config();
    let url = app::journal_url(global, &config)?;
    let runtime = app::runtime()?;
    runtime.block_on(async {
        if !Journal::is_there(&url) {
            // an order is about an incident: a new journal would only hide the right one
            out::error(&format!("journal {url}: there is none; no watcher was ever here"));
            return Err(Exit::NoJournal);
        }
        let journal = app::journal(&url, Access::Write).await?;
        let board = journal.board().await.ok().flatten().map(Arc::new);
        let clock = board.as_deref().map_or_else(Clock::system, Clock::of_board);
        let desk =
            settings::desk(&config, journal, clock, app::person(&config)).map_err(|why| {
                out::error(&why);
                Exit::Usage
            })?;
        work(&desk, board).await.map_err(|error| {
            out::error(&error.to_string());
            match error {
                OrderError::Refused(_) | OrderError::Unknown(_) => Exit::No,
                OrderError::NotStored(_) => Exit::NoJournal,
            }
        })
    })
}
