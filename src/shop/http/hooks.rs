//! Hooks: the rollback webhook as HTTP: headers in, the ledger's answers out.
//! The rules live in `ledger`.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::face::{Face, json_value, off_loop};
use crate::shop::ledger::{HookAnswer, HookDelivery, deliver};
use crate::shop::sign::SignedEnvelope;
use crate::shop::state::lock;

fn respond(answer: &HookAnswer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    json_value(status, &answer.body)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("")
}

pub async fn rollback(State(face): State<Face>, headers: HeaderMap, body: Bytes) -> Response {
    let done = off_loop(move || {
        let delivery = HookDelivery {
            envelope: SignedEnvelope {
                id: text(&headers, "webhook-id"),
                timestamp: text(&headers, "webhook-timestamp"),
                signatures: text(&headers, "webhook-signature"),
            },
            idempotency_key: text(&headers, "idempotency-key"),
            dry_run: text(&headers, "x-tillwatch-dry-run") == "1",
            body: &body,
        };
        deliver(&face.shop, &face.key, &delivery)
    });
    match done.await {
        Ok(answer) => respond(&answer),
        Err(response) => response,
    }
}

pub async fn status(State(face): State<Face>, Path(id): Path<String>) -> Response {
    respond(&lock(&face.shop.ledger).status(&id, face.shop.now()))
}

pub async fn effects(State(face): State<Face>) -> Response {
    json_value(StatusCode::OK, &lock(&face.shop.ledger).effects())
}
