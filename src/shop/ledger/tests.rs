//! The rollback webhook: who is heard, what is done once, what is refused.
//! Only tests and their helpers live here.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::domain::time::Span;
use crate::shop::tests::{Hand, START, shop};

pub const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// `v1,...` over the exact bytes.
pub fn sign(id: &str, timestamp: i64, body: &str) -> String {
    let bytes = STANDARD.decode(&SECRET["whsec_".len()..]).expect("secret");
    let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
    let tag = hmac::sign(&key, format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(tag))
}

/// The body that takes the live theme back to the one before.
pub fn request(shop: &Shop) -> Value {
    let timeline = shop.timeline();
    let live = timeline.live(Service::Theme, minute_of(shop.now())).expect("live");
    json!({ "type": "rollback.requested", "timestamp": shop.now(), "data": {
        "action_id": "act-1", "environment": "production", "service": "theme",
        "expected_current": timeline.version_name(live.version),
        "target": timeline.version_name(live.previous.expect("previous")),
        "dry_run": false, "attempt": 1, "incident": "INC-1" } })
}

fn send(shop: &Shop, id: &str, body: &Value, dry_run: bool) -> HookAnswer {
    let now = (shop.clocks.wall)().secs();
    let body = body.to_string();
    let envelope =
        SignedEnvelope { id, timestamp: &now.to_string(), signatures: &sign(id, now, &body) };
    let key = SigningKey::parse(SECRET).expect("key");
    let delivery = HookDelivery { envelope, idempotency_key: id, dry_run, body: body.as_bytes() };
    deliver(shop, &key, &delivery)
}

fn broken() -> (Shop, Hand) {
    let (shop, hand) = shop("checkout-outage", 50_000.0);
    hand.set(START.plus(Span::from_mins(10)));
    (shop, hand)
}

fn executions(shop: &Shop) -> usize {
    shop.timeline().deployments.iter().filter(|d| d.rollback).count()
}

#[test]
fn one_effect_however_often_it_is_sent() {
    let (shop, hand) = broken();
    let body = request(&shop);
    let first = send(&shop, "act-1", &body, false);
    assert_eq!((first.status, &first.body["status"]), (202, &json!("accepted")));
    hand.forward(Span::from_secs(5));
    assert_eq!(lock(&shop.ledger).status("act-1", shop.now()).body["status"], "accepted");
    hand.forward(Span::from_secs(120));
    assert_eq!(send(&shop, "act-1", &body, false), first, "the stored answer, after the fact too");
    assert_eq!(lock(&shop.ledger).status("act-1", shop.now()).body["status"], "done");
    assert_eq!(executions(&shop), 1);
    let effects = lock(&shop.ledger).effects();
    assert_eq!((&effects[0]["executions"], &effects[0]["deliveries"]), (&json!(1), &json!(2)));
    assert_eq!(shop.truth().incidents[0].healed_at, Some(minute_time(shop.start + 11)));
    let mut other = body;
    other["data"]["attempt"] = json!(2);
    assert_eq!(send(&shop, "act-1", &other, false).status, 422);
    assert_eq!(lock(&shop.ledger).status("act-2", shop.now()).status, 404);
}

#[test]
fn refusals_have_no_effect() {
    let (shop, _) = broken();
    let good = request(&shop);
    let with = |pointer: &str, value: &str| {
        let mut body = good.clone();
        *body.pointer_mut(pointer).expect("field") = json!(value);
        send(&shop, "act-1", &body, false).status
    };
    assert_eq!(with("/data/expected_current", "theme-2026.11.18-1"), 412);
    assert_eq!(with("/data/service", "payments"), 422);
    assert_eq!(with("/data/environment", "staging"), 422);
    assert_eq!(with("/data/target", "theme-1999.01.01-1"), 422);
    let current = good["data"]["expected_current"].as_str().expect("text").to_owned();
    assert_eq!(with("/data/target", &current), 422);
    assert_eq!(with("/type", "order.created"), 400);
    assert_eq!(send(&shop, "act-1", &json!("text"), false).status, 400);
    assert_eq!(send(&shop, "act-1", &good, true).status, 200, "dry run by header");
    let mut dry = good.clone();
    dry["data"]["dry_run"] = json!(true);
    assert_eq!(send(&shop, "act-1", &dry, false).status, 200, "dry run by body");
    assert_eq!(executions(&shop), 0);
    assert_eq!(send(&shop, "act-1", &good, false).status, 202, "a refusal does not burn the key");
}

#[test]
fn only_signed_and_fresh_requests_are_heard() {
    let (shop, hand) = broken();
    let body = request(&shop).to_string();
    let at = (shop.clocks.wall)().secs();
    let stamp = at.to_string();
    let good = sign("act-1", at, &body);
    let key = SigningKey::parse(SECRET).expect("key");
    let status = |id: &str, idempotency_key: &str, signatures: &str, body: &str| {
        let envelope = SignedEnvelope { id, timestamp: &stamp, signatures };
        let body = body.as_bytes();
        deliver(&shop, &key, &HookDelivery { envelope, idempotency_key, dry_run: false, body })
            .status
    };
    assert_eq!(status("act-1", "act-1", "v1,AAAA", &body), 401);
    assert_eq!(status("act-1", "act-1", "", &body), 400);
    assert_eq!(status("act-1", "act-1", &good, &format!("{body} ")), 401, "bytes are exact");
    assert_eq!(status("act-2", "act-2", &good, &body), 401, "the id is signed");
    assert_eq!(status("act-1", "", &good, &body), 400);
    assert_eq!(status("act-1", "other", &good, &body), 400);
    hand.forward(Span::from_secs(301));
    assert_eq!(status("act-1", "act-1", &good, &body), 401, "a replay after five minutes");
    assert_eq!(executions(&shop), 0);
}
