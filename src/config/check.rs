//! Checks of meaning: can this policy be met by these feeds, do names refer to something.
//! Each finding names its key; what is merely unwise is a warning.

use std::collections::BTreeSet;
use std::path::Path;

use crate::detect::settings::{LIVE_BUCKET, longest_window};
use crate::domain::id::GuardrailId;
use crate::domain::metric::{Kind, Metric};
use crate::domain::time::Span;
use crate::policy::guardrail::{Condition, Guardrail, JUDGED_COUNTS};
use crate::policy::severity::Deadline;

use super::Config;
use super::problem::{Level, Problem};

/// Checkout probes that come less often than this are pointed out (mission map section 7, point 4).
const CHECKOUT_CADENCE: Span = Span::from_mins(5);

/// All problems of meaning.
pub fn check(config: &Config, path: &Path) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut say = |level: Level, key: &str, message: String, hint: Option<&str>| {
        found.push(Problem {
            level,
            file: path.to_path_buf(),
            line: 0,
            key: key.to_owned(),
            message,
            hint: hint.map(str::to_owned),
        });
    };
    for problem in config.response().problems() {
        say(Level::Error, "severity", problem, None);
    }
    for name in repeated(config.sources.iter().map(|s| s.name.as_str())) {
        say(Level::Error, "source", format!("two sources are named `{name}`"), None);
    }
    for name in repeated(config.actions.iter().map(|a| a.name.as_str())) {
        say(Level::Error, "action", format!("two actions are named `{name}`"), None);
    }
    if config.shop.time_zone.parse::<chrono_tz::Tz>().is_err() {
        let message = format!("`{}` is no IANA time zone", config.shop.time_zone);
        say(Level::Error, "shop.time_zone", message, Some("write Europe/Berlin or UTC"));
    }
    for (name, metric) in unjudged(config) {
        let message = format!("guardrail `{name}`: a fall of {metric} by itself is not judged");
        let hint = "name a rate, a threshold, or sessions, edge_requests and orders";
        say(Level::Error, "guardrail.metric", message, Some(hint));
    }
    if let Some((file, error)) = config.shop.holidays.as_ref().and_then(|f| unreadable(f)) {
        let message = format!("cannot read `{file}`: {error}");
        say(Level::Warning, "shop.holidays", message, Some("name an iCalendar (.ics) file"));
    }
    if let Some(message) = unmeetable(config) {
        say(Level::Warning, "journey.every", message, Some("probe checkout every minute"));
    }
    found
}

fn unreadable(file: &str) -> Option<(&str, std::io::Error)> {
    std::fs::File::open(file).err().map(|error| (file, error))
}

/// A Sev 1 ack target that the checkout probes make theatre.
fn unmeetable(config: &Config) -> Option<String> {
    let every = config.journeys.iter().find(|j| j.name.as_str() == "checkout")?.every?;
    let ack = config.severities.iter().find(|s| s.level.number() == 1)?.ack;
    let Deadline::Within(target) = ack else { return None };
    let detect = every.times(2);
    (every > CHECKOUT_CADENCE).then(|| {
        format!(
            "checkout is probed every {every}: two failures in a row take up to {detect}, \
             longer than the {target} to acknowledge"
        )
    })
}

/// Rows that compare a count with its own past where nothing does so: neither `detect::visits`, nor
/// beacons per visit, nor the detector of single series.
fn unjudged(config: &Config) -> Vec<(&GuardrailId, Metric)> {
    let single = |m: Metric| config.sources.iter().any(|s| s.series().any(|(of, _)| of == m));
    let judged = |m: Metric| {
        m.kind() != Kind::Count || m == Metric::PageViews || JUDGED_COUNTS.contains(&m) || single(m)
    };
    let rows = config
        .guardrails
        .iter()
        .filter(|row| matches!(row.condition, Condition::Band { .. } | Condition::Drift { .. }));
    rows.flat_map(|row| row.metric.iter().map(move |m| (&row.name, *m)))
        .filter(|(_, m)| !judged(*m))
        .collect()
}

/// Windows of a burn row that cannot be judged as they are written: the key and why.
pub fn windows(row: &Guardrail) -> Vec<(&'static str, String)> {
    let Condition::Burn { long, short, .. } = row.condition else { return Vec::new() };
    let most = longest_window(LIVE_BUCKET);
    let mut found: Vec<(&'static str, String)> = Vec::new();
    for (key, window) in [("long", long), ("short", short)] {
        if window > most {
            found.push((key, format!("{window} is longer than the {most} that are kept")));
        }
    }
    if short > long {
        found.push(("long", format!("{long} is shorter than the short window, {short}")));
    }
    found
}

fn repeated<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names.filter(|name| !seen.insert(*name)).map(str::to_owned).collect()
}
