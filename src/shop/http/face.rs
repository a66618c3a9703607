//! What the handlers share: the shop they speak for, and the shapes of their answers.
//! No path and no question of its own.

use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::shop::sign::SigningKey;
use crate::shop::state::Shop;

/// What handlers share.
#[derive(Clone, Debug)]
pub struct Face {
    pub shop: Arc<Shop>,
    pub key: Arc<SigningKey>,
    /// `/truth` answers.
    pub truth: bool,
    pub url: Arc<str>,
}

/// A JSON answer.
pub(super) fn json_text(status: StatusCode, text: String) -> Response {
    let json = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, json)], text).into_response()
}

pub(super) fn json_value(status: StatusCode, value: &Value) -> Response {
    json_text(status, format!("{value}\n"))
}

pub(super) fn error(status: StatusCode, reason: &str) -> Response {
    json_value(status, &json!({ "status": status.as_u16(), "error": reason }))
}

/// Runs `work` on the blocking pool.
pub(super) async fn off_loop<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Response> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| error(StatusCode::INTERNAL_SERVER_ERROR, &format!("the shop stumbled: {e}")))
}
