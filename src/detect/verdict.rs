//! What judging says: findings, cells, cases and suspects. Plain data that incidents and the board
//! hold. No statistics here, only their results with the numbers that led to them.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::id::{GuardrailId, JourneyId, ReleaseId};
use crate::domain::metric::Metric;
use crate::domain::money::Range;
use crate::domain::observation::Quality;
use crate::domain::segment::{Scope, Segment};
use crate::domain::severity::Severity;
use crate::domain::time::Timestamp;
use crate::policy::guardrail::Exposure;

/// A guardrail's answer now. `Unsure` and `Blind` are never drawn as green.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Ok,
    Unsure,
    Blind,
    Breach,
}

/// What a baseline was learnt from: so many days with history, and so many samples (events, for
/// counts) in them at this place. No days: it leans on the minutes since the start, or on a
/// neighbouring cut.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Basis {
    pub days: f64,
    pub samples: f64,
}

/// One guardrail on one segment, with its inputs unfolded.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Finding {
    pub guardrail: GuardrailId,
    pub verdict: Verdict,
    pub metric: Metric,
    /// `p75`, `rate`, `count`, `state`.
    pub stat: String,
    pub segment: Scope,
    pub value: Option<f64>,
    pub unit: String,
    /// Samples behind the value.
    pub n: f64,
    pub baseline: Option<f64>,
    /// The value of the last minutes, once they look well; while it is bad `value` says it all.
    #[serde(default)]
    pub now: Option<f64>,
    /// When it was last bad, once the last minutes look well.
    #[serde(default)]
    pub bad_until: Option<Timestamp>,
    /// What the baseline was learnt from.
    #[serde(default)]
    pub basis: Option<Basis>,
    /// The test in words with its numbers: `2.0 times the alarm line over 20 min`.
    pub test: String,
    /// Evidence in a sentence for people.
    pub text: String,
}

/// One cell of the heatmap.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Cell {
    pub metric: Metric,
    pub stat: String,
    pub segment: Segment,
    pub value: Option<f64>,
    pub unit: String,
    pub n: f64,
    /// 95 % interval of `value`.
    pub interval: Option<Range>,
    pub baseline: Option<f64>,
    /// What the baseline was learnt from.
    #[serde(default)]
    pub basis: Option<Basis>,
    pub verdict: Verdict,
    /// Minutes up to now that `value` and `n` are of.
    #[serde(default)]
    pub minutes: f64,
    /// The harm here is over, but those minutes still hold some of it.
    #[serde(default)]
    pub holds_bad: bool,
    /// Doubts about it, in JSON as the list of their names.
    #[serde(default, serialize_with = "to_names", deserialize_with = "from_names")]
    pub quality: Quality,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn to_names<S: Serializer>(quality: &Quality, to: S) -> Result<S::Ok, S::Error> {
    quality.names().serialize(to)
}

fn from_names<'de, D: Deserializer<'de>>(from: D) -> Result<Quality, D::Error> {
    Vec::<String>::deserialize(from).map(|names| Quality::named(&names))
}

/// What kind of trouble a case is (detection/README section 2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Speed or errors.
    Regression,
    /// A journey or region is down.
    Availability,
    /// The funnel lost shoppers without a speed cause.
    Conversion,
    /// The measuring broke, not the shop; also blindness.
    Telemetry,
    /// Paid traffic pays back later.
    Efficiency,
    /// Orders come, or cost, as no demand explains: prices, coupons, doubles, automated buying.
    Surge,
}

#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    High,
    Medium,
    Low,
    #[default]
    None,
}

/// The change that most likely did it, or `release: None` for "no release explains this" and for a
/// tie, which `candidates` tells.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Suspect {
    pub release: Option<ReleaseId>,
    pub confidence: Confidence,
    /// The changes that may have done it, the likeliest first; what is left of 1 is "none of them".
    #[serde(default)]
    pub candidates: Vec<Candidate>,
    /// Why it is suspected (or why none is).
    pub reasons: Vec<String>,
    /// Counter-evidence.
    pub against: Vec<String>,
    /// Every change that was considered, with the word why it was kept or cleared.
    pub considered: Vec<Considered>,
}

impl Suspect {
    /// No change stands out, and it is likelier one of the candidates than none of them.
    pub fn is_tie(&self) -> bool {
        let all: f64 = self.candidates.iter().map(|c| c.share).sum();
        self.release.is_none() && all > 0.5
    }

    /// How likely a change did it, where that is worth a line.
    pub fn share_of(&self, release: &ReleaseId) -> Option<f64> {
        self.candidates.iter().find(|c| c.release == *release).map(|c| c.share)
    }
}

/// A change that may have done it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Candidate {
    pub release: ReleaseId,
    /// How likely it did it, 0..=1, in whole percents.
    pub share: f64,
    /// What would be gone back to, while it is live and that is known.
    #[serde(default)]
    pub previous: Option<ReleaseId>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Considered {
    pub release: ReleaseId,
    pub why: String,
}

/// A group of findings with one cause: what an incident is opened for. The key is stable while the
/// case lives; segments are members, never part of the key.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Case {
    pub key: String,
    pub class: Class,
    pub severity: Severity,
    /// The severity rule that fired, by name.
    pub rule: String,
    /// What would raise it: `Sev 1 if checkout checks fail too`.
    pub raise: String,
    pub journey: Option<JourneyId>,
    /// One line for the list: `Payment step 61% -> 18%`; no segment names in it.
    pub headline: String,
    pub segments: Vec<Scope>,
    pub onset_at: Timestamp,
    /// False once it has been clear for the guardrail's clear time.
    pub firing: bool,
    pub findings: Vec<Finding>,
    pub evidence_for: Vec<String>,
    pub evidence_against: Vec<String>,
    pub suspect: Suspect,
    /// Money per minute now, major units; `None` when it cannot be estimated (the reason is in
    /// `money_method`), zero once it is over.
    pub risk_per_minute: Option<Range>,
    /// What a minute cost before the last minutes looked well; none while it burns.
    #[serde(default)]
    pub burned_per_minute: Option<Range>,
    pub lost: Option<Range>,
    /// Affected sessions since onset.
    pub affected: Option<Range>,
    /// The bad time that `lost` and `affected` were counted over.
    #[serde(default)]
    pub counted: Option<(Timestamp, Timestamp)>,
    pub money_method: String,
}

/// Visits that cost money, of late against usual.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Demand {
    /// `-0.3` is 30 % fewer.
    pub change: f64,
    /// The window in hours.
    pub hours: f64,
}

/// A row of the funnel view.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FunnelStep {
    pub step: Metric,
    pub value: Option<f64>,
    pub baseline: Option<f64>,
    pub n: f64,
    /// The end of the newest minute that both its counts have told.
    #[serde(default)]
    pub newest_at: Option<Timestamp>,
    pub verdict: Verdict,
}

/// Whether a guardrail's row could be judged at all; beside the verdict, because `unsure` says both
/// "judged, and not certain" and "not judged".
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Judged {
    /// It has a verdict, and would have been in breach if the shop were.
    #[default]
    Yes,
    /// What is usual is not known yet.
    Learning,
    /// Its sources tell nothing.
    Blind,
    /// Some of what it looks at is not seen: a check that ran long ago.
    Unseen,
    /// No source tells its metrics.
    Unmeasured,
    /// Looked at, and too few samples or too doubtful ones to say anything.
    Undecided,
    /// By policy or by nature not judged now: announced work, a count that stands alone.
    Excused,
}

impl Judged {
    /// Nothing can be said of the row, although it is there to be judged.
    pub const fn is_open(self) -> bool {
        match self {
            Self::Learning | Self::Blind | Self::Unseen | Self::Undecided => true,
            Self::Yes | Self::Unmeasured | Self::Excused => false,
        }
    }
}

/// One guardrail over all its segments.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct GuardrailState {
    pub guardrail: GuardrailId,
    pub class: String,
    pub owner: String,
    /// The worst verdict in its scope.
    pub verdict: Verdict,
    pub detail: String,
    #[serde(default)]
    pub judged: Judged,
    #[serde(default)]
    pub exposure: Exposure,
}

/// One journey: its synthetic state and how well it is covered.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct JourneyState {
    pub journey: JourneyId,
    pub verdict: Verdict,
    /// Last result per location, `location: pass in 0.62 s` or `fail kind`, newest first.
    pub checks: Vec<String>,
    pub last_check_at: Option<Timestamp>,
    pub rum_covered: bool,
    pub synthetic_covered: bool,
    /// How its checks differ from most of its shoppers, when the journey says what they emulate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlike: Option<String>,
}

/// All that judging says at one instant.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Judgement {
    pub at: Timestamp,
    pub cells: Vec<Cell>,
    /// Every case alive, and those that cleared since the last judgement (`firing: false`).
    pub cases: Vec<Case>,
    pub guardrails: Vec<GuardrailState>,
    pub funnel: Vec<FunnelStep>,
    pub journeys: Vec<JourneyState>,
    /// Per release: before/after per segment against untouched segments.
    pub impacts: Vec<Impact>,
}

/// What a release did to one metric of one segment.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Impact {
    pub release: ReleaseId,
    pub metric: Metric,
    pub segment: Segment,
    pub before: Option<f64>,
    pub after: Option<f64>,
    /// Change of untouched segments over the same time, as a ratio (1.0 is none).
    pub control: Option<f64>,
    pub n_before: f64,
    pub n_after: f64,
    pub verdict: Verdict,
    /// Why it is called its doing, or what clears it of what is worse; empty where all is well.
    #[serde(default)]
    pub why: String,
}
