//! What `rollback --dry-run` prints: pre-checks with the failing ones first, the request as it
//! would leave, and what an address for dry runs said. Never the words of a rollback that was done.

use serde::Serialize;

use crate::board::RollbackPlan;
use crate::cli::exit::Exit;
use crate::cli::out;
use crate::incident::event::Outcome;
use crate::shell::order::{Asked, Rehearsed};
use crate::sink::webhook::Preview;

/// The same for machines.
#[derive(Serialize)]
struct ToldRehearsal<'a> {
    dry_run: bool,
    sent: bool,
    plan: &'a RollbackPlan,
    request: Option<&'a Preview>,
    /// Why there is no request.
    error: Option<&'a str>,
    /// What the address for dry runs said; null where it was not asked.
    answer: Option<String>,
}

/// Prints it. Exit 0 when the rollback could be ordered as it stands, else 1.
pub fn tell(dry: &Rehearsed, json: bool) -> Exit {
    if json {
        out::json(&told(dry));
    } else {
        out::lines(lines(dry));
    }
    let agreed = match &dry.asked {
        Asked::Nowhere | Asked::Said(Outcome::Accepted { .. }) => true,
        Asked::Not(_) | Asked::Said(_) => false,
    };
    if dry.plan.ready && dry.request.is_ok() && agreed { Exit::Ok } else { Exit::No }
}

fn told(dry: &Rehearsed) -> ToldRehearsal<'_> {
    let asked = matches!(dry.asked, Asked::Said(_));
    ToldRehearsal {
        dry_run: true,
        sent: false,
        plan: &dry.plan,
        request: dry.request.as_ref().ok(),
        error: dry.request.as_ref().err().map(String::as_str),
        answer: asked.then(|| answer(&dry.asked)),
    }
}

fn lines(dry: &Rehearsed) -> Vec<String> {
    let mut lines = vec!["DRY RUN: nothing was ordered and nothing was sent".to_owned()];
    lines.extend(super::lines::plan(&dry.plan));
    match &dry.request {
        Ok(request) => {
            lines.push(format!("{} {}", request.method, request.url));
            lines.extend(request.headers.iter().map(|(name, value)| format!("{name}: {value}")));
            lines.extend([String::new(), request.body.clone()]);
        }
        Err(why) => lines.push(format!("the request cannot be made: {why}")),
    }
    lines.push(answer(&dry.asked));
    lines
}

/// In words that nobody takes for a rollback.
fn answer(asked: &Asked) -> String {
    match asked {
        Asked::Nowhere => "the action has no dry_run_url, so nobody was asked".to_owned(),
        Asked::Not(why) => format!("its dry_run_url was not asked: {why}"),
        Asked::Said(Outcome::Accepted { status, detail }) => {
            format!("its dry_run_url would take it ({status}): {detail}")
        }
        Asked::Said(Outcome::Refused { status, detail, .. }) => {
            format!("its dry_run_url would refuse it ({status}): {detail}")
        }
        Asked::Said(Outcome::Unknown { detail, .. }) => {
            format!("its dry_run_url gave no answer that can be read: {detail}")
        }
        Asked::Said(Outcome::NotSent { detail }) => {
            format!("its dry_run_url could not be asked: {detail}")
        }
    }
}
