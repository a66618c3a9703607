//! What the HTTP face offers, as lists for people: its paths and the faults it can play.
//! Words only.

use std::fmt::Write as _;

use super::scenario;

/// Every path of the HTTP face with what it answers.
pub const PATHS: [(&str, &str); 18] = [
    ("/", "this list"),
    ("/metrics", "counters since the start, Prometheus text"),
    ("/api/rum?cut={source|browser|network|release|cohort}&step=60", "views, errors, LCP, INP"),
    ("/api/business?cut={biz_source|biz_browser}&step=60", "sessions to orders, server side"),
    ("/api/edge?step=60", "requests at the edge"),
    ("/api/finance?step=60", "CAC payback, told once an hour"),
    ("/api/beacons?step=60", "how beacons arrive: number and lag"),
    ("/api/checks", "synthetic runs"),
    ("/api/changes", "campaigns, experiments, holidays, maintenance"),
    ("/api/health", "liveness; is the history ready?"),
    ("/repos/demo/shop/deployments", "deployments, GitHub-shaped"),
    ("/repos/demo/shop/deployments/{id}/statuses", "statuses of one deployment"),
    ("/shop/{home|landing|collection|pdp|cart|checkout}", "pages to probe"),
    ("/hooks/rollback", "POST: rollback webhook (Standard Webhooks, Idempotency-Key)"),
    ("/hooks/rollback/{id}", "what became of a rollback"),
    ("/hooks/effects", "real effects of rollbacks"),
    ("/inject", "POST {\"scenario\": NAME}: start a fault now"),
    ("/truth", "the right answers; never read by the product"),
];

/// The names of all scenarios with a line about each, for `shop --list` and `drill list`.
pub fn list_text() -> String {
    let width = scenario::table().iter().map(|s| s.name.len()).max().unwrap_or(0);
    scenario::table().iter().fold(String::new(), |mut text, s| {
        let _ = writeln!(text, "{:width$}  {}", s.name, s.doc);
        text
    })
}
