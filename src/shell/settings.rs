//! From config to what each room is told: judging settings, action policies, the desk of orders.
//! The only place that makes a `WriteCap`, and only for operators.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::Config;
use crate::detect::univariate::book::{SeriesRow, SeriesRules};
use crate::detect::univariate::drift::DriftRule;
use crate::detect::{AnnouncedEvent, AnnouncedWork, Settings};
use crate::domain::metric::Metric;
use crate::domain::time::{Span, Timestamp};
use crate::incident::event::Actor;
use crate::journal::Journal;
use crate::policy::action::{ActionPolicy, Signing};
use crate::policy::guardrail::Guardrail;
use crate::policy::holidays;
use crate::policy::judging::Policy;
use crate::sink::WriteCap;
use crate::sink::config::ActionConfig;
use crate::sink::pager::Pager;
use crate::sink::webhook::Webhook;
use crate::source::http_json::config::{RecordConfig, RecordKind};
use crate::source::query::QueryKind;
use crate::source::{SourceConfig, SourceKind};

use super::clock::Clock;
use super::kill_switch::KillSwitch;
use super::order::OrderDesk;
use super::post::PostOffice;

/// Weekly work is told to judging for so long ahead; a watcher that runs longer still keeps
/// incidents from opening (`incident::reconcile`).
const AHEAD_WEEKS: i64 = 57;
/// And as far back as history is kept: what was worked on then is not learnt.
const BEHIND: Span = Span::from_days(28);

/// What judging is told at `now`.
pub fn of(config: &Config, bucket: Span, now: Timestamp) -> Settings {
    let windows = config.maintenance.iter().flat_map(|row| {
        let of = |(start, end)| AnnouncedWork {
            name: row.reason.clone(),
            start,
            end,
            scope: row.scope.clone(),
        };
        row.windows(now.minus(BEHIND), AHEAD_WEEKS).into_iter().map(of)
    });
    let telling = config.sources.iter().filter(|s| tells_changes(s)).map(|s| s.name.clone());
    let sampled = config.sources.iter().flat_map(|s| {
        let of = move |(metric, share)| ((s.name.clone(), metric), share);
        s.sampled().map(of)
    });
    Settings {
        sampling: sampled.collect(),
        maintenance: windows.collect(),
        change_sources: telling.collect(),
        events: holidays(config, now),
        ..Settings::new(bucket, judging(config))
    }
}

/// What a source measures, checks included.
pub fn metrics(source: &SourceConfig) -> Vec<Metric> {
    let queried = source.query.iter().filter_map(|q| match q.kind {
        QueryKind::Check => Some(Metric::CheckSuccess),
        _ => q.metric,
    });
    let read = source.record.iter().flat_map(|r| {
        let check = (r.kind == RecordKind::Check).then_some(Metric::CheckSuccess);
        check.into_iter().chain(r.metric.iter().map(|m| m.metric))
    });
    queried.chain(read).collect::<BTreeSet<_>>().into_iter().collect()
}

/// A record of what a provider says of itself.
fn is_status_page(record: &RecordConfig) -> bool {
    record.change.as_ref().is_some_and(|c| c.kind.as_deref() == Some("'provider'"))
}

/// Does a source tell of releases, whether or not it told of one yet?
pub fn tells_changes(source: &SourceConfig) -> bool {
    source.kind == SourceKind::Github
        || source.record.iter().any(|r| r.kind == RecordKind::Change && !is_status_page(r))
        || source.query.iter().any(|q| q.kind == QueryKind::Build)
}

/// Announced days: those of the `[shop] holidays` file and of `[calendar] holidays`. A file that
/// cannot be read was named when the config was checked.
fn holidays(config: &Config, now: Timestamp) -> Vec<AnnouncedEvent> {
    let zone = config.shop.time_zone.parse().unwrap_or(chrono_tz::UTC);
    let text = config.shop.holidays.as_ref().and_then(|path| std::fs::read_to_string(path).ok());
    let mut days = text.map(|text| holidays::read(&text, zone, now)).unwrap_or_default();
    let closed = config.calendar.holidays.iter();
    days.extend(closed.filter_map(|date| holidays::day("a holiday", *date, zone)));
    days.retain(|d| d.end > now.minus(BEHIND));
    days.into_iter().map(|d| AnnouncedEvent { name: d.name, start: d.start, end: d.end }).collect()
}

/// The judging side of policy as one value.
pub fn judging(config: &Config) -> Policy {
    Policy {
        shop: config.shop.clone(),
        detect: config.detect.clone(),
        journey: config.journeys.clone(),
        services: config.services.clone(),
        guardrail: config.guardrails.clone(),
        severity_rule: config.severity_rules.clone(),
    }
}

/// What the watcher is told about single numbers.
pub fn series(config: &Config) -> SeriesRules {
    let declared = config.sources.iter().flat_map(|s| {
        let of = move |(metric, bad)| ((s.name.clone(), metric), bad);
        s.series().map(of)
    });
    let mut guardrails = BTreeMap::new();
    for row in &config.guardrails {
        for metric in &row.metric {
            guardrails.entry(*metric).or_insert_with(|| series_row(row, *metric));
        }
    }
    let sensitivity = config.detect.sensitivity;
    SeriesRules { sensitivity, declared: declared.collect(), guardrails }
}

fn series_row(row: &Guardrail, metric: Metric) -> SeriesRow {
    // The row on how long checks take judges their runs; a number of that name is one like others.
    let runs = metric == Metric::CheckDuration;
    SeriesRow { name: row.name.clone(), drift: DriftRule::of(row).filter(|_| !runs) }
}

/// The policy side of the configured actions.
pub fn actions(config: &Config) -> Vec<ActionPolicy> {
    config.actions.iter().map(action).collect()
}

fn action(config: &ActionConfig) -> ActionPolicy {
    let host = url::Url::parse(&config.url).ok().and_then(|u| u.host_str().map(str::to_owned));
    ActionPolicy {
        name: config.name.clone(),
        service: config.service.clone(),
        environment: config.environment.clone(),
        host: host.unwrap_or_default(),
        cooldown: config.cooldown,
        verify: config.verify,
        verify_within: config.verify_within,
        timeout: config.timeout,
        reversible: true,
        signing: Signing::NotRead,
    }
}

/// Who sends messages, for who may write outside.
pub fn post_office(config: &Config, operator: &str) -> Result<Arc<PostOffice>, String> {
    let cap = WriteCap::for_operator(operator);
    let mut pagers = Vec::new();
    for sink in &config.sinks {
        let built = Pager::new(&cap, sink, &config.shop.name);
        pagers.push(built.map_err(|error| format!("sink {}: {error}", sink.name))?);
    }
    Ok(Arc::new(PostOffice { pagers, paging: config.paging() }))
}

/// The desk of an operator: webhooks with their secrets resolved.
pub fn desk(
    config: &Config,
    journal: Arc<Journal>,
    clock: Clock,
    actor: Actor,
) -> Result<OrderDesk, String> {
    let cap = WriteCap::for_operator(&actor.name);
    let mut webhooks = Vec::new();
    for action in &config.actions {
        let built = Webhook::new(&cap, action);
        webhooks.push(built.map_err(|error| format!("action {}: {error}", action.name))?);
    }
    Ok(OrderDesk {
        kill_switch: KillSwitch::of(journal.file()),
        journal,
        clock,
        actor,
        response: config.response(),
        actions: actions(config),
        webhooks,
        may_act: true,
        currency: config.shop.currency.clone(),
    })
}
