//! The yardstick: what a competent team has. Burn rates on two objectives, thresholds on web vitals
//! by page and device set on a normal day, week over week for the business, absence for telemetry.
//! Asked of the same Prometheus every 15 s, `for` and Alertmanager's group_wait counted.

use std::collections::BTreeMap;

use super::hall::{Hall, Row};
use super::story::{Phase, Story};
use super::world::{PAGES, Place, ROUTES, UAS};

const EVERY: i64 = 15;
const GROUP_WAIT: i64 = 10;
/// A rule that begins to fire so long after a fault's end was still about it: its window is long.
const AFTER: i64 = 300;

/// A rule: does it wake somebody, how long it must hold, what is asked, which faults it is about.
struct Rule {
    name: &'static str,
    pages: bool,
    holds: i64,
    expr: &'static str,
    tells: &'static [&'static str],
}

const fn rule(
    (name, pages, holds): (&'static str, bool, i64),
    tells: &'static [&'static str],
    expr: &'static str,
) -> Rule {
    Rule { name, pages, holds, expr, tells }
}

const FAILS: &[&str] = &["pay-500", "search-500", "home-errors", "cart-leak"];
const SPEED: &[&str] = &["item-lcp", "cdn-mx", "tag-vendor", "cart-leak"];
const BUYS: &[&str] = &[
    "pay-500",
    "pix-declines",
    "acquirer-down",
    "member-flag",
    "stock-out",
    "safari-script",
    "cart-leak",
    "paid-mobile",
    "region-dark",
];

/// `H` is the duration histogram, `E` the order events, `L` and `I` the vitals; `@N` a normal day.
const RULES: [Rule; 26] = [
    rule(
        ("gateway budget, fast", true, 0),
        FAILS,
        "(sum by (http_route) (rate(H{service='gateway',le='+Inf',http_response_status_code='500'}[5m])) / sum by (http_route) (rate(H{service='gateway',le='+Inf'}[5m])) > 14.4 * 0.001) and (sum by (http_route) (rate(H{service='gateway',le='+Inf',http_response_status_code='500'}[1h])) / sum by (http_route) (rate(H{service='gateway',le='+Inf'}[1h])) > 14.4 * 0.001)",
    ),
    rule(
        ("gateway budget, slow", true, 0),
        FAILS,
        "(sum by (http_route) (rate(H{service='gateway',le='+Inf',http_response_status_code='500'}[30m])) / sum by (http_route) (rate(H{service='gateway',le='+Inf'}[30m])) > 6 * 0.001) and (sum by (http_route) (rate(H{service='gateway',le='+Inf',http_response_status_code='500'}[6h])) / sum by (http_route) (rate(H{service='gateway',le='+Inf'}[6h])) > 6 * 0.001)",
    ),
    rule(
        ("page load budget, fast", true, 0),
        FAILS,
        "(sum by (page_group) (rate(rum_page_load_failures_total[5m])) / sum by (page_group) (rate(rum_page_views_total[5m])) > 14.4 * 0.005) and (sum by (page_group) (rate(rum_page_load_failures_total[1h])) / sum by (page_group) (rate(rum_page_views_total[1h])) > 14.4 * 0.005)",
    ),
    rule(
        ("page load budget, slow", false, 0),
        FAILS,
        "(sum by (page_group) (rate(rum_page_load_failures_total[30m])) / sum by (page_group) (rate(rum_page_views_total[30m])) > 3 * 0.005) and (sum by (page_group) (rate(rum_page_load_failures_total[6h])) / sum by (page_group) (rate(rum_page_views_total[6h])) > 3 * 0.005)",
    ),
    rule(
        ("service errors", false, 120),
        FAILS,
        "sum by (service) (rate(H{le='+Inf',http_response_status_code='500'}[2m])) / sum by (service) (rate(H{le='+Inf'}[2m])) > 0.02",
    ),
    rule(
        ("gateway p95", true, 120),
        &["cart-leak"],
        "histogram_quantile(0.95, sum by (le, http_route) (rate(H{service='gateway'}[5m]))) > 0.8",
    ),
    rule(
        ("lcp by page and device", true, 120),
        SPEED,
        "histogram_quantile(0.75, sum by (le, page_group, form_factor) (rate(L[5m]))) > 1.2 * histogram_quantile(0.75, sum by (le, page_group, form_factor) (rate(L[1d] @N))) and sum by (page_group, form_factor) (rate(rum_page_views_total[5m])) > 0.5",
    ),
    rule(
        ("lcp by country", true, 120),
        SPEED,
        "histogram_quantile(0.75, sum by (le, country) (rate(L[5m]))) > 1.2 * histogram_quantile(0.75, sum by (le, country) (rate(L[1d] @N)))",
    ),
    rule(
        ("inp by page and device", true, 120),
        &["listing-inp", "tag-vendor"],
        "histogram_quantile(0.75, sum by (le, page_group, form_factor) (rate(I[5m]))) > 1.2 * histogram_quantile(0.75, sum by (le, page_group, form_factor) (rate(I[1d] @N))) and sum by (page_group, form_factor) (rate(rum_page_views_total[5m])) > 0.5",
    ),
    rule(
        ("script errors by page", true, 120),
        &["safari-script", "tag-vendor"],
        "sum by (page_group) (rate(rum_script_errors_total[5m])) / sum by (page_group) (rate(rum_page_views_total[5m])) > 0.02",
    ),
    rule(
        ("script errors by browser", false, 120),
        &["safari-script", "tag-vendor"],
        "sum by (ua_family) (rate(rum_script_errors_total[5m])) / sum by (ua_family) (rate(rum_page_views_total[5m])) > 0.02",
    ),
    rule(
        ("orders, week over week", true, 120),
        BUYS,
        "sum(increase(E{stage='placed'}[15m])) < 0.7 * sum(increase(E{stage='placed'}[15m] offset 1w))",
    ),
    rule(
        ("takings, week over week", true, 120),
        &["zero-price"],
        "sum(increase(order_value_cents_total[15m])) < 0.7 * sum(increase(order_value_cents_total[15m] offset 1w))",
    ),
    rule(
        ("visits by country, week over week", true, 180),
        &["region-dark"],
        "sum by (country) (increase(E{stage='visit'}[10m])) < 0.6 * sum by (country) (increase(E{stage='visit'}[10m] offset 1w))",
    ),
    rule(
        ("edge requests by country, week over week", false, 180),
        &["region-dark"],
        "sum by (country) (increase(cdn_requests_total[10m])) < 0.6 * sum by (country) (increase(cdn_requests_total[10m] offset 1w))",
    ),
    rule(
        ("conversion", true, 180),
        BUYS,
        "sum(rate(E{stage='placed'}[10m])) / sum(rate(E{stage='visit'}[10m])) < 0.75 * sum(rate(E{stage='placed'}[1d] @N)) / sum(rate(E{stage='visit'}[1d] @N))",
    ),
    rule(
        ("bag step", true, 180),
        &["stock-out", "safari-script", "paid-mobile", "item-lcp"],
        "sum(rate(E{stage='bag'}[5m])) / sum(rate(E{stage='visit'}[5m])) < 0.8 * sum(rate(E{stage='bag'}[1d] @N)) / sum(rate(E{stage='visit'}[1d] @N))",
    ),
    rule(
        ("begin step", true, 180),
        &["cart-leak"],
        "sum(rate(E{stage='begin'}[5m])) / sum(rate(E{stage='bag'}[5m])) < 0.8 * sum(rate(E{stage='begin'}[1d] @N)) / sum(rate(E{stage='bag'}[1d] @N))",
    ),
    rule(
        ("authorize step", true, 120),
        &["pay-500", "member-flag"],
        "sum(rate(E{stage='authorize'}[5m])) / sum(rate(E{stage='begin'}[5m])) < 0.8 * sum(rate(E{stage='authorize'}[1d] @N)) / sum(rate(E{stage='begin'}[1d] @N))",
    ),
    rule(
        ("approvals by method", true, 120),
        &["pix-declines", "acquirer-down", "pay-500"],
        "sum by (method) (rate(payment_attempts_total{outcome='approved'}[5m])) / sum by (method) (rate(payment_attempts_total[5m])) < 0.8",
    ),
    rule(
        ("a flow fails", true, 60),
        &["pay-500"],
        "avg by (flow) (avg_over_time(synthetic_success[2m])) < 0.7",
    ),
    rule(("no beacons", true, 60), &["beacon-loss"], "absent(rum_page_views_total)"),
    rule(
        ("beacons by browser, week over week", false, 180),
        &["beacon-loss"],
        "sum by (ua_family) (increase(rum_page_views_total[10m])) < 0.6 * sum by (ua_family) (increase(rum_page_views_total[10m] offset 1w))",
    ),
    rule(
        ("order value", true, 180),
        &["zero-price"],
        "sum(rate(order_value_cents_total[5m])) / sum(rate(E{stage='placed'}[5m])) < 0.75 * sum(rate(order_value_cents_total[1d] @N)) / sum(rate(E{stage='placed'}[1d] @N))",
    ),
    rule(
        ("memory of a pod", false, 120),
        &["cart-leak"],
        "max by (service) (process_memory_usage_bytes) > 8e8",
    ),
    rule(
        ("cpu of a pod", false, 300),
        &["cart-leak"],
        "max by (service) (process_cpu_utilization) > 0.8",
    ),
];

/// One alert that fired: when, and its labels.
pub struct Alert {
    pub rule: &'static str,
    pub pages: bool,
    pub from: i64,
    pub labels: BTreeMap<String, String>,
    tells: &'static [&'static str],
}

impl Alert {
    fn told_at(&self) -> i64 {
        self.from + GROUP_WAIT
    }
}

fn filled(expr: &str, normal: i64) -> String {
    expr.replace("H{", "http_server_request_duration_seconds_bucket{")
        .replace("E{", "checkout_events_total{")
        .replace("(L[", "(web_vitals_lcp_seconds_bucket[")
        .replace("(I[", "(web_vitals_inp_seconds_bucket[")
        .replace("@N", &format!("@ {normal}"))
}

/// Everything that fired from the story's start to its end.
pub fn fired(hall: &Hall, story: &Story) -> Vec<Alert> {
    let mut all = Vec::new();
    for rule in &RULES {
        // normal is the day that ended before the hours that are kept finely
        let expr = filled(rule.expr, story.start - 4500);
        let rows = hall.range(&expr, (story.start, story.end, EVERY));
        all.extend(rows.iter().flat_map(|row| stretches(rule, row)));
    }
    all.sort_by_key(|a| a.from);
    all
}

fn stretches(rule: &Rule, row: &Row) -> Vec<Alert> {
    let mut found: Vec<(i64, i64)> = Vec::new();
    for (at, _) in &row.points {
        match found.last_mut().filter(|(_, to)| at - *to <= EVERY) {
            Some(last) => last.1 = *at,
            None => found.push((*at, *at)),
        }
    }
    let held = found.into_iter().filter(|(from, to)| to - from >= rule.holds);
    held.map(|(from, _)| Alert {
        rule: rule.name,
        pages: rule.pages,
        from: from + rule.holds,
        labels: row.labels.clone(),
        tells: rule.tells,
    })
    .collect()
}

/// Does what the labels say lie in the place?
fn fits(labels: &BTreeMap<String, String>, place: &Place) -> bool {
    let page = |value: &str| {
        let by_name = PAGES.iter().find(|p| p.theirs == value).map(|p| p.ours);
        let route = ROUTES.iter().find(|r| r.service == "gateway" && r.route == value);
        by_name.or(route.map(|r| PAGES[r.page].ours))
    };
    labels.iter().all(|(name, value)| {
        let (ours, want) = match name.as_str() {
            "page_group" | "http_route" => (page(value), place.page),
            "form_factor" => {
                (UAS.iter().find(|u| u.form.0 == value).map(|u| u.form.1), place.device)
            }
            "ua_family" => (Some(value.as_str()), place.browser),
            "country" => (Some(value.as_str()), place.region),
            "method" => (Some(value.as_str()), place.method),
            _ => return true,
        };
        want.is_none() || ours == want
    })
}

fn about(alert: &Alert, phase: &Phase) -> bool {
    alert.tells.contains(&phase.kind.name)
        && phase.onset <= alert.from
        && alert.from <= phase.end + AFTER
        && phase.kind.truth.iter().any(|place| fits(&alert.labels, place))
}

/// Seconds from a fault's onset to the first alert and to the first page.
pub fn told(alerts: &[Alert], phase: &Phase) -> (Option<i64>, Option<i64>) {
    let own = || alerts.iter().filter(|a| about(a, phase));
    let first = own().map(|a| a.from - phase.onset).min();
    let page = own().filter(|a| a.pages).map(|a| a.told_at() - phase.onset).min();
    (first, page)
}

/// Alerts that are about no fault.
pub fn wrong<'a>(alerts: &'a [Alert], story: &Story) -> Vec<&'a Alert> {
    let of = |a: &&Alert| !story.phases.iter().any(|p| about(a, p));
    alerts.iter().filter(of).collect()
}
