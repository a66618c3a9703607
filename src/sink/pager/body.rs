//! What each kind of sink is sent: the body of its request. The same message gives the same bytes
//! at every try; the routing key is the only secret in one.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::domain::id::IncidentId;
use crate::domain::severity::Severity;
use crate::incident::emission::{Emission, Occasion};

use super::text;

/// PagerDuty takes so many characters of a summary.
const SUMMARY: usize = 1024;

/// What a message is made of.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    pub site: &'a str,
    pub incident: &'a IncidentId,
    pub emission: &'a Emission,
    pub link: Option<&'a str>,
}

/// Events API v2: an incident is one alert over its whole life, so its id is the dedup key.
pub fn pagerduty(message: Message<'_>, routing_key: &SecretString) -> Value {
    let Message { site, incident, emission, link } = message;
    let (notice, occasion) = (&emission.notice, emission.occasion);
    let action = match occasion {
        Occasion::Acknowledged => "acknowledge",
        Occasion::Resolved => "resolve",
        Occasion::Opened
        | Occasion::Reopened
        | Occasion::Raised
        | Occasion::AckLate
        | Occasion::DecisionLate
        | Occasion::Test => "trigger",
    };
    let severity = match notice.severity {
        Severity::Sev1 => "critical",
        Severity::Sev2 => "error",
        Severity::Sev3 => "warning",
        Severity::Sev4 => "info",
    };
    let links: Vec<Value> =
        link.iter().map(|href| json!({ "href": href, "text": incident.as_str() })).collect();
    let summary: String = text::headline(incident, emission).chars().take(SUMMARY).collect();
    json!({
        "routing_key": routing_key.expose_secret().trim(),
        "event_action": action,
        "dedup_key": incident.as_str(),
        "payload": {
            "summary": summary,
            "source": site,
            "severity": severity,
            "timestamp": emission.at,
            "component": notice.journey,
            "class": occasion.name(),
            "custom_details": details(message),
        },
        "client": "tillwatch",
        "links": links,
    })
}

/// Standard Webhooks: a type, a time, and the facts.
pub fn webhook(message: Message<'_>) -> Value {
    let kind = match message.emission.occasion {
        Occasion::Test => "test".to_owned(),
        other => format!("incident.{}", other.name()),
    };
    json!({ "type": kind, "timestamp": message.emission.at, "data": details(message) })
}

/// Slack's own letters are escaped, so nothing in it calls a channel or hides an address.
pub fn slack(message: Message<'_>) -> Value {
    let escaped = plain(message).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    json!({ "text": escaped })
}

/// The headline and the lines under it.
pub fn plain(message: Message<'_>) -> String {
    let Message { site, incident, emission, link } = message;
    let head = text::headline(incident, emission);
    let lines = text::lines(incident, emission, link);
    let all = std::iter::once(format!("{site}: {head}")).chain(lines);
    all.collect::<Vec<_>>().join("\n")
}

fn details(message: Message<'_>) -> Value {
    let Message { site, incident, emission, link } = message;
    let notice = &emission.notice;
    json!({
        "id": incident,
        "key": emission.key,
        "event": emission.occasion,
        "site": site,
        "severity": notice.severity,
        "journey": notice.journey,
        "headline": notice.headline,
        "summary": text::headline(incident, emission),
        "opened_at": notice.opened_at,
        "ack_due_at": notice.ack_due_at,
        "decide_due_at": notice.decide_due_at,
        "revenue_at_risk": notice.risk_per_minute,
        "lost": notice.lost,
        "affected": notice.affected,
        "suspect": { "release": notice.suspect, "confidence": notice.confidence },
        "calls": emission.whom,
        "rung": emission.rung,
        "acked_by": notice.by,
        "acknowledge": format!("tillwatch ack {incident}"),
        "text": text::lines(incident, emission, link),
        "link": link,
    })
}
