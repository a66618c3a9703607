//! Board: the one serialisable value every viewer shows; schema `tillwatch/board/1`
//! (docs/board.md). Built by the watcher, read by everyone; holds no policy, no credential and no
//! behaviour.
//! The parts that the incident rules speak of too are defined in `incident::state`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::change::{Change, ChangeKind, ChangeStatus};
use crate::domain::id::{ActionId, IncidentId, JourneyId, ReleaseId, SourceId};
use crate::domain::metric::Metric;
use crate::domain::money::{MoneyRange, Range};
use crate::domain::past::Past;
use crate::domain::segment::Scope;
use crate::domain::severity::Severity;
use crate::domain::time::{Span, Timestamp};
use crate::incident::event::Outcome;
use crate::policy::severity::Choice;
use crate::verdict::{
    Cell, Class, Finding, FunnelStep, GuardrailState, Impact, JourneyState, Suspect,
};

pub use self::standing::Learning;
pub use crate::incident::state::{
    ActionState, Alternative, Decision, Precheck, RollbackPlan, State, TimelineEntry,
};

pub mod aged;
pub mod notified;
pub mod parts;
pub mod said;
pub mod standing;
pub mod view;

use notified::{Escalation, Notification};
use said::Said;

pub const SCHEMA: &str = "tillwatch/board/1";

/// Everything a viewer shows. All fields are always present; unknown is null.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Board {
    pub schema: String,
    pub generated_at: Timestamp,
    pub site: String,
    pub watcher: Option<Watcher>,
    /// Worst first (`incident::rank`).
    pub incidents: Vec<IncidentView>,
    pub cells: Vec<Cell>,
    /// Newest first.
    pub releases: Vec<Release>,
    pub impacts: Vec<Impact>,
    pub journeys: Vec<JourneyState>,
    pub guardrails: Vec<GuardrailState>,
    pub funnel: Vec<FunnelStep>,
    pub checklist: Vec<ChecklistItem>,
    pub sources: Vec<SourceView>,
    /// Lines of wisdom about the board itself: `baselines are 3 days old`, `journal is volatile`.
    pub notices: Vec<String>,
    /// Shop seconds per wall second; 1 except in the demo.
    pub speed: f64,
    /// Why nothing may be sent outside; null while the kill switch is off.
    #[serde(default)]
    pub kill_switch: Option<String>,
    /// What rollbacks are planned by: the releases as their sources tell them, newest first. Kept
    /// in the second part of the stored board (`board::parts`) and not for readers of its JSON, who
    /// have `releases`. None while only the first part was read.
    #[serde(skip)]
    pub changes: Option<Arc<Vec<Change>>>,
    /// The end of the newest minute that was judged; null before the first.
    #[serde(default)]
    pub judged_until: Option<Timestamp>,
    /// What is missing before every guardrail of high exposure has a verdict; null when nothing is.
    #[serde(default)]
    pub learning: Option<Learning>,
    /// Older than this (policy time) it is not fresh: its watcher hangs or cannot store.
    #[serde(default)]
    pub fresh_for: Option<Span>,
    /// What the rows of policy say to people.
    #[serde(default)]
    pub policy: Said,
    /// Why records wait in memory, and which; known to the watcher's own process only.
    #[serde(skip)]
    pub not_stored: Option<String>,
    /// Nobody stands behind it any more; found out by who reads the stored board, never stored.
    #[serde(skip)]
    pub absent: Option<Absent>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Watcher {
    pub host: String,
    pub pid: u32,
    pub since: Timestamp,
    pub lease_until: Option<Timestamp>,
    /// Wall time of the board; with `speed` it tells the shop's time of a demo to other programs.
    #[serde(default)]
    pub wall_at: Option<Timestamp>,
    /// When the board was made, told so that no step of the machine's clock moves it.
    #[serde(default)]
    pub beat: Option<Beat>,
}

/// A moment by the time a machine has been up.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Beat {
    /// Which start of which machine: the kernel's boot id in hexadecimal digits.
    pub boot: String,
    /// Milliseconds since that start, sleep included.
    pub up_ms: i64,
}

/// Why a watcher's board must not be believed, seen from outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Absent {
    /// It gave its lease back, or its process is gone.
    Ended,
    /// Its lease ran out although nobody saw it die: it hangs, cannot write, or is out of reach.
    Silent,
}

/// One incident as viewers see it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct IncidentView {
    pub id: IncidentId,
    pub severity: Severity,
    pub state: State,
    pub headline: String,
    pub journey: Option<JourneyId>,
    pub class: Class,
    pub segments: Vec<Scope>,
    /// Who has it now; null when nobody acknowledged.
    pub owner: Option<String>,
    pub acked_by: Option<String>,
    pub acked_at: Option<Timestamp>,
    pub ack_expires_at: Option<Timestamp>,
    pub opened_at: Timestamp,
    /// Estimated start of the harm.
    pub onset_at: Timestamp,
    /// When it was closed, or when it was last clear while it is not firing; none while it burns.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
    pub ack_due_at: Option<Timestamp>,
    /// The decision deadline; null once decided.
    pub decide_due_at: Option<Timestamp>,
    /// A hand-started timer's end.
    pub timer_due_at: Option<Timestamp>,
    pub timer_extended: bool,
    pub decision: Option<Decision>,
    /// Per minute.
    pub revenue_at_risk: Option<MoneyRange>,
    /// What a minute cost before the last minutes looked well; none while it burns.
    #[serde(default)]
    pub burned_per_minute: Option<Range>,
    pub lost: Option<Range>,
    pub affected: Option<Range>,
    pub money_method: String,
    pub suspect: Suspect,
    pub findings: Vec<Finding>,
    pub evidence_for: Vec<String>,
    pub evidence_against: Vec<String>,
    pub rule: String,
    pub raise: String,
    pub action: Option<Action>,
    /// What a rollback would do now; null when no rollback is configured or no release is
    /// suspected.
    pub rollback: Option<RollbackPlan>,
    /// Releases that a rollback could leave instead, the suspect first; empty in older boards.
    #[serde(default)]
    pub alternatives: Vec<Alternative>,
    /// Every decision with whether this severity allows it.
    pub choices: Vec<ChoiceRow>,
    /// The last entries of the journal about it, oldest first.
    pub timeline: Vec<TimelineEntry>,
    pub occurrences: u32,
    /// Who was told by which sink, oldest first; empty in older boards.
    #[serde(default)]
    pub notifications: Vec<Notification>,
    /// Who is called next unless somebody comes; null when nobody is.
    #[serde(default)]
    pub escalates: Option<Escalation>,
    /// Its evidence is there now; with a closed state: closed by hand, still firing.
    #[serde(default)]
    pub firing: bool,
    /// False while it is in the watcher's memory only, because the journal cannot be written.
    #[serde(default = "stored")]
    pub stored: bool,
}

/// Boards of older programs hold what was stored.
const fn stored() -> bool {
    true
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChoiceRow {
    pub choice: Choice,
    pub allowed: bool,
    /// The policy row that says so.
    pub why: String,
}

/// The newest action of an incident.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Action {
    pub id: ActionId,
    pub name: String,
    pub state: ActionState,
    pub from: ReleaseId,
    pub to: ReleaseId,
    pub by: String,
    pub prepared_at: Timestamp,
    pub sent_at: Option<Timestamp>,
    pub answered_at: Option<Timestamp>,
    pub detail: String,
    /// What was said last about it, in parts.
    #[serde(default)]
    pub answer: Option<Outcome>,
    /// Until when recovery is watched.
    pub verify_until: Option<Timestamp>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Release {
    pub id: ReleaseId,
    pub service: String,
    pub kind: ChangeKind,
    pub environment: String,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    /// 0..=1 of traffic, now.
    pub share: f64,
    pub status: ChangeStatus,
    pub previous: Option<ReleaseId>,
    pub author: String,
    pub suspect_of: Vec<IncidentId>,
    /// Ties that hold it.
    #[serde(default)]
    pub candidate_of: Vec<CandidateOf>,
}

/// An incident that a change may have brought, one of several.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CandidateOf {
    pub incident: IncidentId,
    /// How likely, 0..=1.
    pub share: f64,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChecklistItem {
    pub item: String,
    pub pass: bool,
    pub detail: String,
    pub if_failed: String,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    Live,
    Stale,
    Partial,
    Suspect,
    Blind,
}

impl SourceState {
    /// Its name in documents and lines of text.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Stale => "stale",
            Self::Partial => "partial",
            Self::Suspect => "suspect",
            Self::Blind => "blind",
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SourceView {
    pub name: SourceId,
    pub kind: String,
    pub state: SourceState,
    pub since: Timestamp,
    pub last_ok_at: Option<Timestamp>,
    pub next_at: Option<Timestamp>,
    /// The last error in plain words, sanitised for secrets.
    pub error: Option<String>,
    /// Where it is asked, without user, password, query or fragment.
    #[serde(default)]
    pub url: String,
    /// What it measures.
    #[serde(default)]
    pub metrics: Vec<Metric>,
    /// How fresh each of these is; checks stand under `check_success`.
    #[serde(default)]
    pub told: Vec<MetricTold>,
    /// How far the past of each of its questions has been read.
    #[serde(default)]
    pub past: Vec<Past>,
}

/// How fresh one metric of a source is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MetricTold {
    pub metric: Metric,
    /// The end of the newest window, or the newest run, that was told. Null: never.
    pub newest_at: Option<Timestamp>,
    /// Why it cannot be believed to be of now; null while it can.
    #[serde(default)]
    pub doubt: Option<String>,
}
