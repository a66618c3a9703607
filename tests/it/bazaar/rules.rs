//! The yardstick: what a competent team has. Burn rates on two objectives, thresholds on web vitals
//! by page and device set on a normal day, week over week for the business, absence for telemetry.
//! Asked of the same Prometheus every 15 s, `for` and Alertmanager's group_wait counted.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::hall::{Hall, Row};
use super::story::{Phase, Story};
use super::world::{PAGES, Place, ROUTES, UAS};

const EVERY: i64 = 15;
const GROUP_WAIT: i64 = 10;
/// A rule that begins to fire so long after a fault's end was still about it: its window is long.
const AFTER: i64 = 300;

/// The rules themselves.
const TEXT: &str = include_str!("rules.toml");

/// A rule: does it wake somebody, how long it must hold, what is asked, which faults it is about.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    name: String,
    pages: bool,
    holds: i64,
    expr: String,
    tells: Vec<String>,
}

#[derive(Deserialize)]
struct Rules {
    rule: Vec<Rule>,
}

/// One alert that fired: when, and its labels.
pub struct Alert {
    pub rule: String,
    pub pages: bool,
    pub from: i64,
    /// When it began to hold.
    since: i64,
    pub labels: BTreeMap<String, String>,
    tells: Vec<String>,
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
    let rules: Rules = toml::from_str(TEXT).expect("rules");
    for rule in &rules.rule {
        // normal is the day that ended before the hours that are kept finely
        let expr = filled(&rule.expr, story.start - 4500);
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
        rule: rule.name.clone(),
        pages: rule.pages,
        from: from + rule.holds,
        since: from,
        labels: row.labels.clone(),
        tells: rule.tells.clone(),
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
    alert.tells.iter().any(|t| t == phase.kind.name)
        && phase.onset <= alert.since
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
