//! Deployments in the shape of GitHub's REST API: list, statuses, Link pages, ETag, rate headers.
//! Shapes follow the public OpenAPI description (MIT); no token is asked for.

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::face::{Face, error, json_text};
use crate::domain::time::Timestamp;
use crate::shop::dims::mask_names;
use crate::shop::rng::{Purpose, hash};
use crate::shop::timeline::{ShopDeployment, ShopTimeline, minute_of, minute_time};

const RATE_LIMIT: u64 = 5000;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Listing {
    environment: Option<String>,
    per_page: Option<usize>,
    page: Option<usize>,
}

pub async fn deployments(
    State(face): State<Face>,
    Query(listing): Query<Listing>,
    headers: HeaderMap,
) -> Response {
    let now = face.shop.now();
    let timeline = face.shop.timeline();
    let wanted = listing.environment.as_deref().is_none_or(|e| e == "production");
    let mut shown: Vec<&ShopDeployment> =
        timeline.deployments.iter().filter(|d| wanted && d.created_at <= now).collect();
    shown.sort_by_key(|d| std::cmp::Reverse((d.created_at, d.id)));
    let per_page = listing.per_page.unwrap_or(30).clamp(1, 100);
    let page = listing.page.unwrap_or(1).max(1);
    let rows: Vec<Value> = shown
        .iter()
        .skip((page - 1).saturating_mul(per_page))
        .take(per_page)
        .map(|d| row(&face, &timeline, d, now))
        .collect();
    let pages = shown.len().div_ceil(per_page);
    let mut response = cached(&face, &Value::Array(rows), &headers);
    let link = links(&face.url, &listing, per_page, (page, pages));
    if let Ok(link) = HeaderValue::from_str(&link)
        && !link.is_empty()
    {
        response.headers_mut().insert(header::LINK, link);
    }
    response
}

fn links(base: &str, listing: &Listing, per_page: usize, (page, pages): (usize, usize)) -> String {
    let environment = listing.environment.as_ref().map_or("", |_| "&environment=production");
    let link = |page: usize, rel: &str| {
        format!(
            "<{base}/repos/demo/shop/deployments?per_page={per_page}&page={page}{environment}>; \
             rel=\"{rel}\""
        )
    };
    let mut links = Vec::new();
    if page > 1 {
        links.push(link(page - 1, "prev"));
    }
    if page < pages {
        links.push(link(page + 1, "next"));
        links.push(link(pages, "last"));
    }
    if page > 1 {
        links.push(link(1, "first"));
    }
    links.join(", ")
}

pub async fn statuses(
    State(face): State<Face>,
    Path(id): Path<u64>,
    headers: HeaderMap,
) -> Response {
    let now = face.shop.now();
    let timeline = face.shop.timeline();
    let Some(d) = timeline.deployments.iter().find(|d| d.id == id && d.created_at <= now) else {
        return error(StatusCode::NOT_FOUND, "Not Found");
    };
    let url = format!("{}/repos/demo/shop/deployments/{id}", face.url);
    let rows: Vec<Value> = states(&timeline, d, now)
        .into_iter()
        .enumerate()
        .rev()
        .map(|(i, (state, at))| {
            let status = id * 10 + i as u64;
            json!({ "url": format!("{url}/statuses/{status}"), "id": status,
                "node_id": format!("S_{status}"), "state": state, "creator": creator(d),
                "description": d.description, "environment": "production", "target_url": "",
                "created_at": at, "updated_at": at, "deployment_url": url,
                "repository_url": format!("{}/repos/demo/shop", face.url),
                "environment_url": format!("{}/shop/home", face.url), "log_url": "" })
        })
        .collect();
    cached(&face, &Value::Array(rows), &headers)
}

/// The statuses a deployment has had by `now`, oldest first.
fn states(
    timeline: &ShopTimeline,
    d: &ShopDeployment,
    now: Timestamp,
) -> Vec<(&'static str, Timestamp)> {
    let mut states = vec![("in_progress", d.created_at)];
    let last = d.stages.last().filter(|(at, _)| minute_time(*at) <= now);
    if let Some((at, _)) = last.filter(|(_, share)| *share >= 1.0) {
        states.push(("success", minute_time(*at)));
    }
    let replaced = timeline
        .deployments
        .iter()
        .filter(|o| o.service == d.service && o.created_at > d.created_at)
        .filter_map(|o| o.stages.iter().find(|(_, share)| *share >= 1.0))
        .map(|(at, _)| minute_time(*at))
        .filter(|at| *at <= now)
        .min();
    states.extend(replaced.map(|at| ("inactive", at)));
    states
}

fn creator(d: &ShopDeployment) -> Value {
    let id = hash(0, Purpose::Text, 1, d.author.len() as u64) % 100_000;
    json!({ "login": d.author, "id": id, "type": "User" })
}

/// A release that describes itself by a path names that page beside its templates.
fn templates(d: &ShopDeployment) -> Vec<&str> {
    let path = Some(d.description.as_str()).filter(|p| p.starts_with('/'));
    mask_names(d.templates).into_iter().chain(path).collect()
}

/// A deployment as it looked at `now`: stages still to come are part of the plan and shown.
fn row(face: &Face, timeline: &ShopTimeline, d: &ShopDeployment, now: Timestamp) -> Value {
    let id = d.id;
    let url = format!("{}/repos/demo/shop/deployments/{id}", face.url);
    let version = timeline.version_name(d.version);
    let seed = face.shop.world.seed;
    let word = |k: u64| hash(seed, Purpose::Text, 2, 8 * d.version as u64 + k);
    let sha = format!("{:016x}{:016x}{:08x}", word(1), word(2), word(3) >> 32);
    let stages: Vec<Value> = d
        .stages
        .iter()
        .map(|(at, share)| json!({ "at": minute_time(*at), "share": share }))
        .collect();
    let updated = states(timeline, d, now).last().map_or(d.created_at, |s| s.1);
    let kind = if d.rollback { "rollback" } else { d.service.kind() };
    json!({ "url": url, "id": id, "node_id": format!("D_{id}"), "sha": sha, "ref": version,
        "task": if d.rollback { "rollback" } else { "deploy" },
        "payload": { "version": version, "kind": kind, "service": d.service.name(),
            "templates": templates(d), "stages": stages,
            "share": d.share(minute_of(now)),
            "previous": d.previous.map(|v| timeline.version_name(v)) },
        "original_environment": "production", "environment": "production",
        "description": d.description, "creator": creator(d), "created_at": d.created_at,
        "updated_at": updated, "statuses_url": format!("{url}/statuses"),
        "repository_url": format!("{}/repos/demo/shop", face.url),
        "transient_environment": false, "production_environment": true })
}

/// 304 when the reader already has exactly this; rate headers either way.
fn cached(face: &Face, body: &Value, headers: &HeaderMap) -> Response {
    let text = body.to_string();
    let digest = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    let etag = format!("\"{digest:016x}\"");
    let known = headers.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok());
    let fresh =
        known.is_some_and(|k| k.split(',').any(|e| e.trim().trim_start_matches("W/") == etag));
    let mut response = if fresh {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        json_text(StatusCode::OK, text)
    };
    let reset = ((face.shop.clocks.wall)().secs().div_euclid(3600) + 1) * 3600;
    let rate = [
        ("etag", etag),
        ("x-ratelimit-limit", RATE_LIMIT.to_string()),
        ("x-ratelimit-remaining", (RATE_LIMIT - 1).to_string()),
        ("x-ratelimit-used", "1".to_owned()),
        ("x-ratelimit-reset", reset.to_string()),
        ("x-ratelimit-resource", "core".to_owned()),
    ];
    for (name, value) in rate {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}
