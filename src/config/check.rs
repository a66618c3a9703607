//! Checks of meaning: can this policy be met by these feeds, do names refer to something.
//! Each finding names its line and key; what is merely unwise is a warning.

use std::collections::BTreeSet;

use crate::domain::id::GuardrailId;
use crate::domain::metric::{Kind, Metric};
use crate::domain::time::Span;
use crate::policy::buckets::{LIVE_BUCKET, longest_window};
use crate::policy::guardrail::{Condition, Guardrail, JUDGED_COUNTS};
use crate::policy::paging::{Occasion, SinkRow};
use crate::policy::severity::{Deadline, Notify};

use crate::source::faults::KeyStep;

use super::Config;
use super::file::ConfigReader;
use super::problem::Level;

/// Checkout probes that come less often than this are pointed out.
const CHECKOUT_CADENCE: Span = Span::from_mins(5);

/// Reports all problems of meaning, each at its line.
pub fn check(config: &Config, user: &mut ConfigReader<'_>) {
    let mut say = |level, way: &[KeyStep<'_>], key: &str, message: String, hint: Option<&str>| {
        let line = user.line_at(way);
        user.mean_with(level, line, (key, hint.map(str::to_owned)), message);
    };
    policy(config, &mut say);
    let key = |name| [KeyStep::Key("shop"), KeyStep::Key(name)];
    if config.shop.time_zone.parse::<chrono_tz::Tz>().is_err() {
        let message = format!("`{}` is no IANA time zone", config.shop.time_zone);
        let hint = Some("write Europe/Berlin or UTC");
        say(Level::Error, &key("time_zone"), "shop.time_zone", message, hint);
    }
    if let Some((file, error)) = config.shop.holidays.as_ref().and_then(|f| unreadable(f)) {
        let message = format!("cannot read `{file}`: {error}");
        let hint = Some("name an iCalendar (.ics) file");
        say(Level::Warning, &key("holidays"), "shop.holidays", message, hint);
    }
    rows(config, user);
}

/// How a problem is said: level, way to its key, the key in words, message, hint.
type ProblemSink<'a> = dyn FnMut(Level, &[KeyStep<'_>], &str, String, Option<&str>) + 'a;

fn policy(config: &Config, say: &mut ProblemSink<'_>) {
    for problem in config.calendar.problems() {
        say(Level::Error, &[KeyStep::Key("calendar")], "calendar", problem, None);
    }
    for (index, window) in config.maintenance.iter().enumerate() {
        for problem in window.problems() {
            let way = [KeyStep::Key("maintenance"), KeyStep::Row(index)];
            say(Level::Error, &way, &format!("maintenance[{}]", index + 1), problem, None);
        }
    }
    for problem in config.response().levels() {
        say(Level::Error, &[KeyStep::Key("severity")], "severity", problem, None);
    }
}

/// Rows that mean the same, or what nobody does.
fn rows(config: &Config, user: &mut ConfigReader<'_>) {
    let mut say =
        |name: &str, (by, value): (&str, &str), key: &str, message: String, hint: &str| {
            let index = user.index_with(name, (by, value)).unwrap_or(0);
            let line = user.line_at(&[KeyStep::Key(name), KeyStep::Row(index), KeyStep::Key(key)]);
            let hint = Some(hint.to_owned()).filter(|h| !h.is_empty());
            let warns = name == "journey" || key == "notify" || key == "whom";
            let level = if warns { Level::Warning } else { Level::Error };
            user.mean_with(level, line, (&format!("{name}.{value}.{key}"), hint), message);
        };
    for name in repeated(config.sources.iter().map(|s| s.name.as_str())) {
        say("source", ("name", &name), "name", format!("two sources are named `{name}`"), "");
    }
    for name in repeated(config.actions.iter().map(|a| a.name.as_str())) {
        say("action", ("name", &name), "name", format!("two actions are named `{name}`"), "");
    }
    for name in repeated(config.sinks.iter().map(|s| s.name.as_str())) {
        say("sink", ("name", &name), "name", format!("two sinks are named `{name}`"), "");
    }
    for (level, message) in untold(config) {
        let hint = "give a [[sink]] this severity, and page among what it takes";
        say("severity", ("level", &level), "notify", message, hint);
    }
    for (sink, message) in unnamed(config) {
        let hint = "write a name as a guardrail's `escalation` has it";
        say("sink", ("name", &sink), "whom", message, hint);
    }
    for (name, metric) in unjudged(config) {
        let message = format!("guardrail `{name}`: a fall of {metric} by itself is not judged");
        let hint = "name a rate, a threshold, or sessions, edge_requests and orders";
        say("guardrail", ("name", name.as_str()), "metric", message, hint);
    }
    for row in config.guardrails.iter().filter(|r| r.owner.trim().is_empty()) {
        let message = "nobody owns it".to_owned();
        let hint = "name the team or the person who answers for it";
        say("guardrail", ("name", row.name.as_str()), "owner", message, hint);
    }
    for row in config.severities.iter().filter(|r| r.allowed.is_empty()) {
        let level = row.level.number().to_string();
        let message = format!("{} allows no decision at all", row.level);
        say("severity", ("level", &level), "allowed", message, "name at least hold");
    }
    if let Some(message) = unmeetable(config) {
        say("journey", ("name", "checkout"), "every", message, "probe checkout every minute");
    }
}

/// Severities that are to page where no sink pages for them. Without any sink nobody is told at
/// all, and that is a choice.
fn untold(config: &Config) -> Vec<(String, String)> {
    let pages = config.severities.iter().filter(|row| row.notify == Notify::Page);
    let told = |level| {
        let takes = |s: &SinkRow| s.takes((level, Notify::Page), Occasion::Opened, None);
        config.sinks.iter().any(|sink| takes(&sink.row()))
    };
    let rows = pages.filter(|row| !config.sinks.is_empty() && !told(row.level));
    rows.map(|row| {
        let message = format!("{} is to page and no sink takes it: nobody is woken", row.level);
        (row.level.number().to_string(), message)
    })
    .collect()
}

/// Names that no ladder calls.
fn unnamed(config: &Config) -> Vec<(String, String)> {
    let called = |name: &str| {
        let mut all = config.guardrails.iter().flat_map(|row| &row.escalation);
        all.any(|whom| whom.eq_ignore_ascii_case(name))
    };
    let named = config.sinks.iter().flat_map(|s| s.whom.iter().map(move |name| (&s.name, name)));
    let lost = named.filter(|(_, name)| !called(name));
    lost.map(|(sink, name)| (sink.clone(), format!("no ladder calls `{name}`"))).collect()
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

/// Rows that compare a count with its own past where nothing does so: neither
/// `detect::detectors::traffic_loss`, nor beacons per visit, nor the detector of single series.
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
