//! Requests whose outcome nobody knows: their receiver is asked until it says, each answer is
//! stored in the journal. Sends again by itself only where the action says `idempotent`, never
//! later than `resend_for` after it was prepared, and always the same bytes under the same key.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::board::{ActionState, Board};
use crate::domain::id::{ActionId, IncidentId};
use crate::domain::time::Span;
use crate::incident::event::Outcome;
use crate::incident::fold::ActionRun;
use crate::incident::verify::unknown_until;
use crate::sink::webhook::{Status, Webhook};

use super::duty::{Post, Posts};
use super::order::{OrderDesk, OrderError};
use super::session::Boards;

/// Wait before the first question, doubled after each, up to the last (wall time).
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
/// How often an outcome is tried to be stored, at two seconds each.
const STORE_TRIES: u32 = 30;
/// Said once when the receiver has never heard of the request.
const NOT_KNOWN: &str = "the receiver does not know this request: it may never have arrived";

/// Follows the boards and asks about every action they call unknown, until boards end. Only the
/// process that watches sends again by itself; `posts` says whether this one does.
pub async fn run(desk: Arc<OrderDesk>, mut boards: Boards, posts: Option<Posts>) {
    let mut asked: BTreeMap<ActionId, JoinHandle<()>> = BTreeMap::new();
    loop {
        let board = boards.borrow_and_update().clone();
        asked.retain(|_, task| !task.is_finished());
        for (incident, action) in board.iter().flat_map(|b| unknown(b)) {
            let (desk, posts) = (Arc::clone(&desk), posts.clone());
            asked.entry(action.clone()).or_insert_with(|| {
                let question = StatusQuestion { desk, incident, action, posts };
                tokio::spawn(question.ask())
            });
        }
        if boards.changed().await.is_err() {
            return;
        }
    }
}

fn unknown(board: &Board) -> Vec<(IncidentId, ActionId)> {
    let all = board.incidents.iter().filter_map(|i| Some((i, i.action.as_ref()?)));
    let unknown = all.filter(|(_, action)| action.state == ActionState::Unknown);
    unknown.map(|(i, action)| (i.id.clone(), action.id.clone())).collect()
}

struct StatusQuestion {
    desk: Arc<OrderDesk>,
    incident: IncidentId,
    action: ActionId,
    posts: Option<Posts>,
}

/// Whether to go on asking.
enum Next {
    Settled,
    Again,
}

impl StatusQuestion {
    async fn ask(self) {
        let (mut pause, mut said) = (FIRST, false);
        loop {
            tokio::time::sleep(pause).await;
            match self.once(&mut said).await {
                Ok(Next::Settled) => return,
                Ok(Next::Again) => {}
                Err(error) => tracing::warn!(%error, "an outcome could not be asked for"),
            }
            pause = pause.saturating_mul(2).min(LONGEST);
        }
    }

    /// One look at the journal, one question, perhaps one more try.
    async fn once(&self, said: &mut bool) -> Result<Next, OrderError> {
        let Some(run) = self.desk.unknown(&self.incident, &self.action).await? else {
            return Ok(Next::Settled);
        };
        let named = |w: &&Webhook| w.config().name == run.intent.action;
        let Some(webhook) = self.desk.webhooks.iter().find(named) else {
            return Ok(Next::Settled);
        };
        let policy = self.desk.actions.iter().find(|a| a.name == run.intent.action);
        if unknown_until(&run, policy).is_none_or(|until| self.desk.clock.now() >= until) {
            return Ok(Next::Settled);
        }
        let (wall, named) = (self.desk.clock.wall(), run.run_id.as_deref());
        let status = webhook.ask_status(&self.action, named, wall).await;
        if let Some(outcome) = outcome(&status) {
            self.desk.answered(&self.incident, &self.action, "status", outcome).await?;
            return Ok(Next::Settled);
        }
        if status == Status::NotKnown && !std::mem::replace(said, true) {
            let outcome = Outcome::unknown(NOT_KNOWN);
            self.desk.answered(&self.incident, &self.action, "status", outcome).await?;
        }
        if self.may_resend(webhook, &run) {
            self.resend().await;
        }
        Ok(Next::Again)
    }

    /// Who was faster, or what else keeps it, is no fault: it is looked at again.
    async fn resend(&self) {
        match self.desk.again(&self.incident, &self.action).await {
            Ok(ticket) => {
                let sent = self.desk.send(ticket).await;
                if let Some(error) = &sent.unstored {
                    tracing::warn!(%error, "what became of a request could not be stored");
                    let _tried = self.desk.store_again(&sent, STORE_TRIES).await;
                }
            }
            Err(why) => tracing::info!(%why, "not sent again"),
        }
    }

    /// The action allows it, it is young enough, and this process is the one that watches.
    fn may_resend(&self, webhook: &Webhook, run: &ActionRun) -> bool {
        let config = webhook.config();
        let watches = self.posts.as_ref().is_some_and(|p| matches!(*p.borrow(), Post::Watches(_)));
        let speed = self.desk.clock.speed().max(1.0);
        let limit = Span::from_millis((config.resend_for.millis() as f64 * speed) as i64);
        let age = self.desk.clock.now().since(run.prepared_at);
        watches && config.idempotent && age <= limit
    }
}

/// What a status settles; none while it settles nothing.
fn outcome(status: &Status) -> Option<Outcome> {
    let accepted = |detail: String| Outcome::Accepted { status: 0, detail };
    match status {
        Status::Running { detail } => Some(accepted(format!("the receiver has it: {detail}"))),
        Status::Done { detail } => Some(accepted(format!("the receiver did it: {detail}"))),
        Status::Failed { detail } => Some(Outcome::Refused {
            status: 0,
            detail: format!("the receiver failed: {detail}"),
            retry_after_s: None,
        }),
        Status::NotKnown | Status::NoAnswer { .. } => None,
    }
}
