//! Pages: the list of everything, the shop pages that probes visit, and fault injection.
//! What a page answers follows from the effects in force; nothing is decided here.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::face::{Face, error, json_value};
use crate::shop::checks::page_status;
use crate::shop::dims::TEMPLATES;
use crate::shop::scenario;

pub async fn index(State(face): State<Face>) -> Response {
    let mut text = format!("tillwatch demo shop, scenario {}\n\n", face.shop.scenario.name);
    for (path, about) in crate::shop::PATHS {
        let line = format!("{about:<58} {}{path}\n", face.url);
        text.push_str(&line);
    }
    text.push_str("\nscenarios to inject\n");
    text.push_str(&crate::shop::list_text());
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

pub async fn page(State(face): State<Face>, Path(name): Path<String>) -> Response {
    let Some(template) = TEMPLATES.iter().position(|t| *t == name) else {
        return error(StatusCode::NOT_FOUND, "no such page");
    };
    let now = face.shop.now();
    let status = page_status(&face.shop.world, &face.shop.timeline(), template, now);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let title = if status == StatusCode::OK { name.as_str() } else { "Something went wrong" };
    let body = format!(
        "<!doctype html><html lang=\"en\"><head><title>{title}</title></head>\
         <body><h1>{title}</h1></body></html>\n"
    );
    (status, Html(body)).into_response()
}

#[derive(Deserialize)]
struct Injection {
    scenario: String,
}

pub async fn inject(State(face): State<Face>, body: Bytes) -> Response {
    let injection: Injection = match serde_json::from_slice(&body) {
        Ok(injection) => injection,
        Err(e) => {
            let text = format!("the body must be {{\"scenario\": NAME}}: {e}");
            return error(StatusCode::BAD_REQUEST, &text);
        }
    };
    let Some(scenario) = scenario::find(&injection.scenario) else {
        return error(StatusCode::NOT_FOUND, "unknown scenario; GET / or `shop --list` has them");
    };
    let now = face.shop.now();
    face.shop.inject(scenario, now);
    json_value(StatusCode::ACCEPTED, &json!({ "scenario": scenario.name, "at": now }))
}
