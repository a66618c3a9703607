//! Ledger: the receiving end of the rollback webhook: signature, idempotency, pre-checks, effect.
//! Pure apart from the shop it acts on; `http::hooks` turns its answers into responses.

use serde::Deserialize;
use serde_json::{Value, json};

use super::accepted::{Accepted, Ledger};
use super::sign::{SignError, SignedEnvelope, SigningKey};
use super::state::{Shop, lock};
use super::timeline::{Service, ceil_minute, minute_of, minute_time};
use crate::domain::time::{Span, Timestamp};

/// From acceptance to the new deployment, in shop time; it is live with the next full minute.
pub const DEPLOY_TAKES: Span = Span::from_secs(20);
const MAX_REQUESTS: usize = 10_000;

/// One delivery of the webhook.
#[derive(Clone, Copy, Debug)]
pub struct HookDelivery<'a> {
    pub envelope: SignedEnvelope<'a>,
    pub idempotency_key: &'a str,
    /// The dry-run header was set.
    pub dry_run: bool,
    pub body: &'a [u8],
}

/// Status and JSON body.
#[derive(Clone, PartialEq, Debug)]
pub struct HookAnswer {
    pub status: u16,
    pub body: Value,
}

fn answer(status: u16, reason: &str) -> HookAnswer {
    HookAnswer { status, body: json!({ "status": status, "error": reason }) }
}

#[derive(Debug, Deserialize)]
struct HookMessage {
    #[serde(rename = "type")]
    kind: String,
    data: RollbackRequest,
}

#[derive(Debug, Deserialize)]
struct RollbackRequest {
    #[serde(default)]
    environment: Option<String>,
    service: String,
    expected_current: String,
    target: String,
    #[serde(default)]
    dry_run: bool,
}

/// Handles one delivery. Nothing but an accepted, first delivery has an effect.
pub fn deliver(shop: &Shop, key: &SigningKey, delivery: &HookDelivery<'_>) -> HookAnswer {
    if let Err(e) = key.verify(delivery.envelope, delivery.body, (shop.clocks.wall)()) {
        let status = if e == SignError::Headers { 400 } else { 401 };
        return answer(status, &e.to_string());
    }
    if delivery.idempotency_key != delivery.envelope.id {
        return answer(400, "Idempotency-Key must be there and equal webhook-id");
    }
    let message: HookMessage = match serde_json::from_slice(delivery.body) {
        Ok(message) => message,
        Err(e) => return answer(400, &format!("the body is not a rollback request: {e}")),
    };
    if message.kind != "rollback.requested" {
        return answer(400, "unknown type; only rollback.requested is handled");
    }
    let dry_run = delivery.dry_run || message.data.dry_run;
    let mut ledger = lock(&shop.ledger);
    if let Some(known) = ledger.accepted.get_mut(delivery.idempotency_key) {
        if known.body != delivery.body {
            return answer(422, "this Idempotency-Key was used with another body");
        }
        if !dry_run {
            known.deliveries += 1;
            return HookAnswer { status: 202, body: known.answer.clone() };
        }
    }
    let now = shop.now();
    let service = match check(shop, &message.data, now) {
        Ok(service) => service,
        Err(refusal) => return refusal,
    };
    if dry_run {
        let body = json!({ "id": delivery.envelope.id, "status": "dry_run", "would": {
            "service": service.name(), "target": message.data.target } });
        return HookAnswer { status: 200, body };
    }
    if ledger.accepted.len() >= MAX_REQUESTS {
        return answer(429, "too many rollbacks for one demo shop");
    }
    ledger.execute(shop, delivery, (service, message.data.target), now)
}

/// The pre-checks a careful deploy system makes.
fn check(shop: &Shop, request: &RollbackRequest, now: Timestamp) -> Result<Service, HookAnswer> {
    if request.environment.as_deref().is_some_and(|e| e != "production") {
        return Err(answer(422, "unknown environment; there is only production"));
    }
    let service = Service::from_name(&request.service)
        .ok_or_else(|| answer(422, "unknown service; see the deployments"))?;
    let timeline = shop.timeline();
    let live = timeline.live(service, minute_of(now)).map(|d| timeline.version_name(d.version));
    if live != Some(request.expected_current.as_str()) {
        let text =
            format!("live is {}, not {}", live.unwrap_or("nothing"), request.expected_current);
        return Err(answer(412, &text));
    }
    let known = timeline.deployments.iter().any(|d| {
        d.service == service
            && d.created_at <= now
            && timeline.version_name(d.version) == request.target
    });
    if !known || request.target == request.expected_current {
        return Err(answer(422, "the target is not an earlier version of this service"));
    }
    Ok(service)
}

impl Ledger {
    fn execute(
        &mut self,
        shop: &Shop,
        delivery: &HookDelivery<'_>,
        (service, target): (Service, String),
        now: Timestamp,
    ) -> HookAnswer {
        let starts = now.plus(DEPLOY_TAKES);
        if !shop.roll_back(service, &target, starts) {
            return answer(422, "the target was never live");
        }
        // Versions change with whole minutes.
        let done_at = minute_time(ceil_minute(starts));
        let body = json!({ "id": delivery.envelope.id, "status": "accepted" });
        self.accepted.insert(
            delivery.idempotency_key.to_owned(),
            Accepted {
                body: delivery.body.to_vec(),
                answer: body.clone(),
                service: service.name(),
                target,
                done_at,
                executions: 1,
                deliveries: 1,
            },
        );
        HookAnswer { status: 202, body }
    }

    /// State of a request: `accepted`, `done`, or 404 `unknown`.
    pub fn status(&self, id: &str, now: Timestamp) -> HookAnswer {
        match self.accepted.get(id) {
            Some(known) => {
                let status = if now >= known.done_at { "done" } else { "accepted" };
                HookAnswer { status: 200, body: json!({ "id": id, "status": status }) }
            }
            None => HookAnswer { status: 404, body: json!({ "id": id, "status": "unknown" }) },
        }
    }

    /// Every real effect with its key, for tests of exactly-once.
    pub fn effects(&self) -> Value {
        self.accepted
            .iter()
            .map(|(key, a)| {
                json!({ "key": key, "service": a.service, "target": a.target,
                    "executions": a.executions, "deliveries": a.deliveries, "done_at": a.done_at })
            })
            .collect()
    }
}

#[cfg(test)]
pub mod tests;
