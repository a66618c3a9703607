//! The HTTP face: one router over one shop. Handlers translate; they decide nothing.
//! Heavy answers are made on the blocking pool, so that a slow one never delays a fast one.

mod face;
mod github;
mod hooks;
mod pages;

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::api;
use super::exposition;
use super::range::{RangeRefusal, RangeRequest};
use super::state::Shop;

pub use face::Face;
use face::{error, json_text, json_value, off_loop};

/// Bodies above this are refused.
const MAX_BODY: usize = 64 * 1024;

pub fn router(face: Face) -> Router {
    Router::new()
        .route("/", get(pages::index))
        .route("/metrics", get(metrics))
        .route("/api/rum", get(rum))
        .route("/api/business", get(business))
        .route("/api/edge", get(edge))
        .route("/api/finance", get(finance))
        .route("/api/beacons", get(beacons))
        .route("/api/checks", get(checks))
        .route("/api/changes", get(changes))
        .route("/api/health", get(health))
        .route("/truth", get(truth))
        .route("/inject", post(pages::inject))
        .route("/shop/{page}", get(pages::page))
        .route("/repos/demo/shop/deployments", get(github::deployments))
        .route("/repos/demo/shop/deployments/{id}/statuses", get(github::statuses))
        .route("/hooks/rollback", post(hooks::rollback))
        .route("/hooks/rollback/{id}", get(hooks::status))
        .route("/hooks/effects", get(hooks::effects))
        .fallback(async || error(StatusCode::NOT_FOUND, "no such page; GET / lists them all"))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(face)
}

fn refusal(refusal: &RangeRefusal) -> Response {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = error(status, &refusal.reason);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

type RangeHandler = fn(&Shop, &RangeRequest) -> Result<String, RangeRefusal>;

/// A range, or what is wrong with the query.
type RangeQuery = Result<Query<RangeRequest>, QueryRejection>;

async fn ranged(face: Face, asked: RangeQuery, ask: RangeHandler) -> Response {
    let range = match asked {
        Ok(Query(range)) => range,
        Err(wrong) => return error(StatusCode::BAD_REQUEST, &wrong.body_text()),
    };
    match off_loop(move || ask(&face.shop, &range)).await {
        Ok(Ok(text)) => json_text(StatusCode::OK, text),
        Ok(Err(refused)) => refusal(&refused),
        Err(response) => response,
    }
}

async fn rum(State(face): State<Face>, asked: RangeQuery) -> Response {
    ranged(face, asked, api::rum).await
}

async fn business(State(face): State<Face>, asked: RangeQuery) -> Response {
    ranged(face, asked, api::business).await
}

async fn edge(State(face): State<Face>, asked: RangeQuery) -> Response {
    ranged(face, asked, api::edge).await
}

async fn finance(State(face): State<Face>, asked: RangeQuery) -> Response {
    ranged(face, asked, super::finance::finance).await
}

async fn beacons(State(face): State<Face>, asked: RangeQuery) -> Response {
    ranged(face, asked, api::beacons).await
}

async fn checks(State(face): State<Face>, asked: RangeQuery) -> Response {
    ranged(face, asked, |shop, range| api::check_runs(shop, range).map(|v| format!("{v}\n"))).await
}

async fn changes(State(face): State<Face>) -> Response {
    json_value(StatusCode::OK, &api::changes(&face.shop))
}

async fn health(State(face): State<Face>) -> Response {
    json_value(StatusCode::OK, &api::health(&face.shop))
}

async fn truth(State(face): State<Face>) -> Response {
    if face.truth {
        json_value(StatusCode::OK, &api::truth(&face.shop))
    } else {
        error(StatusCode::NOT_FOUND, "the truth is not served by this shop")
    }
}

async fn metrics(State(face): State<Face>) -> Response {
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    match off_loop(move || exposition::text(&face.shop)).await {
        Ok(text) => ([(header::CONTENT_TYPE, kind)], text).into_response(),
        Err(response) => response,
    }
}

#[cfg(test)]
mod tests;
