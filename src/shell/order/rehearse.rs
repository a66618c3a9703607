//! A dry run: plan, pre-checks and the signed request as it would leave. Nothing is stored and
//! nothing is sent, but to an address that the action keeps for dry runs.

use std::sync::Arc;

use crate::board::{Board, RollbackPlan};
use crate::domain::id::{IncidentId, ReleaseId};
use crate::incident::event::Outcome;
use crate::incident::rollback::{Rehearsal, rehearsal};
use crate::sink::webhook::{Preview, SendStamp, Webhook};

use super::{OrderDesk, OrderError, refused};

/// What a dry run showed.
#[derive(Debug)]
pub struct Rehearsed {
    pub plan: RollbackPlan,
    /// The request, or why it could not be made.
    pub request: Result<Preview, String>,
    pub asked: Asked,
}

/// Whether the receiver was asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Asked {
    /// The action has no address for dry runs.
    Nowhere,
    /// It has one, and something keeps even that from being asked.
    Not(String),
    /// What its address for dry runs said.
    Said(Outcome),
}

impl OrderDesk {
    /// Goes through the rollback of `id` (of a chosen release, if any) without doing it.
    pub async fn rehearse(
        &self,
        id: &IncidentId,
        release: Option<&ReleaseId>,
        board: Option<&Arc<Board>>,
    ) -> Result<Rehearsed, OrderError> {
        let world = self.world(id, board.map(Arc::as_ref), true).await;
        let incident = self.incident(id).await?;
        let others = self.journal.open_records(self.lately()).await?.incidents();
        let cases = world.cases(&incident);
        let facts = self.facts(&world, &others, &cases);
        let found = rehearsal(&incident, release, &facts, self.clock.now());
        let found = found.map_err(|why| refused(why.words()))?;
        let named = |w: &&Webhook| w.config().name == found.plan.action;
        let Some(webhook) = self.webhooks.iter().find(named) else {
            let why = format!("action {} cannot be sent from here", found.plan.action);
            return Err(refused(why));
        };
        let stamp = SendStamp { wall: self.clock.wall(), incident: id };
        let request = webhook.preview(&found.real, stamp).await.map_err(|e| e.to_string());
        let asked = ask(webhook, &found, request.is_ok(), stamp).await;
        Ok(Rehearsed { plan: found.plan, request, asked })
    }
}

async fn ask(webhook: &Webhook, found: &Rehearsal, signed: bool, stamp: SendStamp<'_>) -> Asked {
    if webhook.config().dry_run_url.is_none() {
        return Asked::Nowhere;
    }
    if let Some(check) = found.plan.prechecks.iter().find(|c| c.stops()) {
        return Asked::Not(check.words());
    }
    if !signed {
        return Asked::Not("the request cannot be signed".to_owned());
    }
    Asked::Said(webhook.dry_run(&found.dry, stamp).await)
}
