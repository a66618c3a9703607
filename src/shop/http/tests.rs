//! The face over real loopback sockets.
//! Only tests and their helpers live here.

use reqwest::{Client, Response};
use serde_json::{Value, json};

use crate::domain::time::{Span, Timestamp};
use crate::shop::tests::{Hand, START, clocks};
use crate::shop::{Options, Running, ShopError, serve};

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

struct Rig {
    running: Running,
    client: Client,
    hand: Hand,
}

fn options(scenario: &str) -> Options {
    let visits_per_day = 40_000.0;
    Options { visits_per_day, history_days: 2, ..Options::new(scenario, 5, START, SECRET) }
}

async fn rig(scenario: &str) -> Rig {
    let (clocks, hand) = clocks();
    let running = serve(options(scenario), clocks).await.expect("serve");
    let client = Client::builder().no_proxy().build().expect("client");
    Rig { running, client, hand }
}

impl Rig {
    async fn get(&self, path: &str) -> Response {
        let url = format!("{}{path}", self.running.url());
        self.client.get(url).send().await.expect("answer")
    }

    async fn json(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.expect("json")
    }

    /// Asks again while the history is being drawn.
    async fn patient(&self, path: &str) -> Value {
        loop {
            let response = self.get(path).await;
            if response.status() != 503 {
                return response.json().await.expect("json");
            }
            assert_eq!(response.headers()["retry-after"], "1");
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn loopback_only_and_known_scenarios_only() {
    let (c, _) = clocks();
    let open = Options { listen: ([0, 0, 0, 0], 0).into(), ..options("calm-day") };
    assert!(matches!(serve(open, c.clone()).await, Err(ShopError::NotLoopback(_))));
    let unknown = serve(options("no-such"), c.clone()).await;
    assert!(unknown.err().is_some_and(|e| e.to_string().contains("no-such")));
    let secret = Options { secret: "x".into(), ..options("calm-day") };
    assert!(matches!(serve(secret, c).await, Err(ShopError::Secret(_))));
}

#[tokio::test]
async fn aggregates_come_in_complete_buckets() {
    let rig = rig("calm-day").await;
    rig.hand.set(START.plus(Span::from_secs(330)));
    let (from, to) = (START.secs(), START.secs() + 3600);
    let rum = rig.json(&format!("/api/rum?cut=source&from={from}&to={to}&step=60")).await;
    let rows = rum["rows"].as_array().expect("rows");
    let mut times: Vec<i64> = rows.iter().map(|r| r["t"].as_i64().expect("t")).collect();
    times.dedup();
    assert_eq!(times, (0..5).map(|i| from + 60 * i).collect::<Vec<_>>());
    assert_eq!(rum["bounds_ms"].as_array().map(Vec::len), Some(48));
    for row in rows {
        let lcp: u64 =
            row["lcp"].as_array().expect("bins").iter().map(|b| b[1].as_u64().expect("n")).sum();
        assert_eq!(Some(lcp), row["views"].as_u64());
        assert!(row["template"].is_string() && row["traffic_source"].is_string());
    }
    let path = format!("/api/business?cut=biz_browser&from={from}&to={to}&step=300");
    let business = rig.json(&path).await;
    assert!(business["rows"].as_array().expect("rows").len() > 20);
    let edge = rig.json(&format!("/api/edge?from={from}&to={to}&step=300")).await;
    assert_eq!(edge["rows"].as_array().map(Vec::len), Some(6));
    let hours = format!("/api/rum?cut=network&from={}&to={from}&step=3600", from - 7 * 86_400);
    let hours = rig.patient(&hours).await;
    let oldest = hours["rows"][0]["t"].as_i64().expect("t");
    assert!(oldest >= from - 2 * 86_400 - 3600, "nothing before the shop began");
    let checks = rig.json("/api/checks").await;
    assert!(checks["rows"][0]["journey"].is_string());
    let health = rig.json("/api/health").await;
    assert_eq!(health["seed"], 5);
}

#[tokio::test]
async fn bad_questions_are_answered_400() {
    let rig = rig("calm-day").await;
    let to = START.secs();
    for query in [
        format!("rum?from={}&to={to}&step=3600", to - 9 * 86_400),
        format!("rum?from={}&to={to}&step=60", to - 7 * 3600),
        "rum?step=7".into(),
        "rum?cut=nothing".into(),
        "rum?from=soon".into(),
        "rum?from=-1".into(),
        "rum?from=NaN".into(),
        "business?cut=source".into(),
        format!("checks?from={}", to - 2 * 86_400),
    ] {
        let status = rig.get(&format!("/api/{query}")).await.status();
        assert_eq!(status, 400, "{query}");
    }
    assert_eq!(rig.get("/nothing").await.status(), 404);
    let index = rig.get("/").await.text().await.expect("text");
    assert!(index.contains("/hooks/rollback") && index.contains("calm-day"));
}

#[tokio::test]
async fn deployments_page_like_github() {
    let rig = rig("checkout-outage").await;
    rig.hand.set(START.plus(Span::from_mins(6)));
    let base = "/repos/demo/shop/deployments";
    let mut path = format!("{base}?environment=production&per_page=4");
    let mut ids = Vec::new();
    let mut times: Vec<Timestamp> = Vec::new();
    loop {
        let response = rig.get(&path).await;
        assert_eq!(response.headers()["x-ratelimit-limit"], "5000");
        let link = response.headers().get("link").map(|l| l.to_str().expect("ascii").to_owned());
        for row in response.json::<Vec<Value>>().await.expect("rows") {
            ids.push(row["id"].as_u64().expect("id"));
            times.push(row["created_at"].as_str().expect("time").parse().expect("rfc 3339"));
        }
        let next = link.and_then(|link| {
            let next = link.split(", ").find(|l| l.ends_with("rel=\"next\""))?.to_owned();
            Some(next.split_once('>')?.0.trim_start_matches('<').to_owned())
        });
        let Some(next) = next else { break };
        path = next.strip_prefix(&rig.running.url()).expect("own url").to_owned();
    }
    assert_eq!(ids.len(), 10);
    assert!(times.is_sorted_by(|a, b| a >= b), "newest first");
    let newest = &rig.json(base).await[0];
    assert_eq!(newest["payload"]["version"], "theme-2026.11.20-3");
    assert_eq!(newest["payload"]["previous"], "theme-2026.11.20-2");
    let statuses = format!("{base}/{}/statuses", ids[0]);
    assert_eq!(rig.json(&statuses).await[0]["state"], "success");
    let etag = rig.get(base).await.headers()["etag"].clone();
    let url = format!("{}{base}", rig.running.url());
    let again = rig.client.get(url).header("if-none-match", etag).send().await.expect("answer");
    assert_eq!(again.status(), 304);
    assert_eq!(rig.json(&format!("{base}?environment=staging")).await, json!([]));
    assert_eq!(rig.get(&format!("{base}/1/statuses")).await.status(), 404);
}

#[tokio::test]
async fn pages_truth_injection_and_stopping() {
    let rig = rig("calm-day").await;
    assert_eq!(rig.get("/shop/checkout").await.status(), 200);
    let url = format!("{}/inject", rig.running.url());
    let post = |name: &'static str| {
        rig.client.post(&url).body(json!({ "scenario": name }).to_string()).send()
    };
    assert_eq!(post("no-such").await.expect("answer").status(), 404);
    assert_eq!(post("checkout-outage").await.expect("answer").status(), 202);
    rig.hand.set(START.plus(Span::from_mins(3)));
    assert_eq!(rig.get("/shop/checkout").await.status(), 503);
    assert_eq!(rig.get("/shop/pdp").await.status(), 200);
    let truth = rig.json("/truth").await;
    assert_eq!(truth["incidents"][0]["severity"], 1);
    assert_eq!(truth["incidents"][0]["segments"][0], json!({ "template": ["checkout"] }));
    let (client, url) = (rig.client.clone(), rig.running.url());
    rig.running.shutdown().await;
    assert!(client.get(url).send().await.is_err(), "the port is free again");
}

#[tokio::test]
async fn hidden_truth_and_rollback_over_http() {
    let (clocks, hand) = clocks();
    let options = Options { truth: false, ..options("checkout-outage") };
    let running = serve(options, clocks).await.expect("serve");
    let client = Client::builder().no_proxy().build().expect("client");
    let rig = Rig { running, client, hand };
    rig.hand.set(START.plus(Span::from_mins(8)));
    assert_eq!(rig.get("/truth").await.status(), 404);
    let body = crate::shop::ledger::tests::request(rig.running.shop()).to_string();
    let at = START.plus(Span::from_mins(8)).secs();
    let send = |signature: String| {
        rig.client
            .post(format!("{}/hooks/rollback", rig.running.url()))
            .header("webhook-id", "act-9")
            .header("webhook-timestamp", at)
            .header("webhook-signature", signature)
            .header("idempotency-key", "act-9")
            .body(body.clone())
            .send()
    };
    assert_eq!(send("v1,AAAA".into()).await.expect("answer").status(), 401);
    let signed = crate::shop::ledger::tests::sign("act-9", at, &body);
    assert_eq!(send(signed).await.expect("answer").status(), 202);
    rig.hand.set(START.plus(Span::from_mins(10)));
    assert_eq!(rig.json("/hooks/rollback/act-9").await["status"], "done");
    assert_eq!(rig.json("/hooks/effects").await[0]["executions"], 1);
    let newest = &rig.json("/repos/demo/shop/deployments").await[0];
    assert_eq!(newest["payload"]["kind"], "rollback");
    assert_eq!(rig.get("/shop/checkout").await.status(), 200);
}
