//! The journal's line: one JSON object per record, versioned, readable without this program.
//! `{"v":1,"at":..,"incident":..,"actor":{..},"cause":..,"type":"acknowledged","payload":{..}}`

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

use super::event::{Actor, Event, Record};
use crate::domain::id::IncidentId;
use crate::domain::time::Timestamp;

/// The version this program writes; it reads this one and all earlier ones.
pub const VERSION: u32 = 1;

const TYPE: &str = "type";

#[derive(Debug, Error)]
pub enum RecordError {
    #[error(
        "record version {found} is newer than this program knows ({VERSION}); update tillwatch"
    )]
    Newer { found: u64 },
    #[error("record is not readable: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// The line is whole; what happened is not known here, or not told in full.
    #[error("record is not readable: event `{kind}`: {source}")]
    Event { kind: String, source: serde_json::Error },
    #[error("record is not readable: its event is no object")]
    Shapeless,
}

#[derive(Serialize, Deserialize)]
struct RecordLine {
    v: u32,
    at: Timestamp,
    incident: IncidentId,
    actor: Actor,
    cause: String,
    #[serde(rename = "type")]
    kind: String,
    payload: Map<String, Value>,
}

/// What has to be read before anything else may be understood.
#[derive(Deserialize)]
struct Version {
    v: u64,
}

/// The line of `record`, without a newline.
pub fn to_line(record: &Record) -> Result<String, RecordError> {
    let Value::Object(mut payload) = serde_json::to_value(&record.event)? else {
        return Err(RecordError::Shapeless);
    };
    let Some(Value::String(kind)) = payload.shift_remove(TYPE) else {
        return Err(RecordError::Shapeless);
    };
    let line = RecordLine {
        v: VERSION,
        at: record.at,
        incident: record.incident.clone(),
        actor: record.actor.clone(),
        cause: record.cause.clone(),
        kind,
        payload,
    };
    Ok(serde_json::to_string(&line)?)
}

/// The record of a line.
pub fn from_line(text: &str) -> Result<Record, RecordError> {
    let Version { v } = serde_json::from_str(text)?;
    if v > u64::from(VERSION) {
        return Err(RecordError::Newer { found: v });
    }
    let mut line: RecordLine = serde_json::from_str(text)?;
    line.payload.insert(TYPE.to_owned(), Value::String(line.kind.clone()));
    let event = serde_json::from_value::<Event>(Value::Object(line.payload))
        .map_err(|source| RecordError::Event { kind: line.kind, source })?;
    let (at, incident) = (line.at, line.incident);
    Ok(Record { at, incident, actor: line.actor, cause: line.cause, event })
}

/// The `type` of an event as the line has it: `acknowledged`.
pub fn kind(event: &Event) -> &'static str {
    match event {
        Event::Opened { .. } => "opened",
        Event::Updated { .. } => "updated",
        Event::SeverityChanged { .. } => "severity_changed",
        Event::Cleared => "cleared",
        Event::Reopened { .. } => "reopened",
        Event::Acknowledged { .. } => "acknowledged",
        Event::AckUndone => "ack_undone",
        Event::AckExpired { .. } => "ack_expired",
        Event::AskedAgain { .. } => "asked_again",
        Event::TimerStarted { .. } => "timer_started",
        Event::TimerExtended { .. } => "timer_extended",
        Event::TimerStopped => "timer_stopped",
        Event::Decided { .. } => "decided",
        Event::DecisionExpired => "decision_expired",
        Event::RecheckDue { .. } => "recheck_due",
        Event::ActionPrepared { .. } => "action_prepared",
        Event::ActionSent { .. } => "action_sent",
        Event::ActionAnswered { .. } => "action_answered",
        Event::ActionVerified { .. } => "action_verified",
        Event::ActionNotHelping { .. } => "action_not_helping",
        Event::Noted { .. } => "noted",
        Event::Mitigated => "mitigated",
        Event::Resolved { .. } => "resolved",
        Event::Reviewed { .. } => "reviewed",
        Event::Cancelled { .. } => "cancelled",
        Event::ClockStepped { .. } => "clock_stepped",
        Event::EmissionPrepared { .. } => "emission_prepared",
        Event::EmissionSent { .. } => "emission_sent",
        Event::EmissionAnswered { .. } => "emission_answered",
    }
}
