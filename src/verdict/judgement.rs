//! All that judging says at one instant, as one value. Whoever follows reads this and nothing of
//! the engine.

use serde::{Deserialize, Serialize};

use super::case::Case;
use super::cell::{Cell, FunnelStep};
use super::impact::Impact;
use super::standing::{GuardrailState, JourneyState};
use crate::domain::time::Timestamp;

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
