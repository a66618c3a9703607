//! A rollback laid out: what would be left and gone to, the pre-checks as ticks, the exact intent.
//! Nothing is sent here; whether the plan may be carried out is the sum of its required checks.

use serde::Serialize;

use super::event::{Chosen, Intent};
use super::facts::{OrderFacts, names};
use super::fold::{ActionRun, Incident};
use super::id::{self, action_id, confirm_token};
use super::state::{ActionState, Precheck, RollbackPlan};
use crate::domain::change::{Change, ChangeStatus};
use crate::domain::id::{ActionId, ReleaseId};
use crate::domain::time::Timestamp;
use crate::policy::action::ActionPolicy;

mod checks;
mod others;

pub use others::others;

/// No receiver is asked more often than this for one pair of releases.
const MOST_ATTEMPTS: u32 = 20;

/// What a rollback of an incident would be about.
#[derive(Clone, Copy, Debug)]
pub(super) struct RollbackDraft<'a> {
    pub incident: &'a Incident,
    pub facts: &'a OrderFacts<'a>,
    pub action: &'a ActionPolicy,
    pub from: &'a Change,
    pub to: Option<&'a Change>,
    pub now: Timestamp,
    /// A person chose the release, and it is not the suspect ...
    pub chosen: bool,
    /// ... which is this one, if any is.
    pub against: Option<&'a ReleaseId>,
}

/// A rollback gone through without anything being prepared.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    pub plan: RollbackPlan,
    /// What carrying it out would send.
    pub real: Intent,
    /// What an address of its own for dry runs may be asked: another key, and it says so.
    pub dry: Intent,
}

/// Why there is nothing to plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NoPlan {
    NoSuspect,
    /// The suspect is no change that this process knows.
    Unknown(ReleaseId),
    /// The suspect is a flag, a campaign: nothing that has an earlier release.
    NoRelease(ReleaseId),
    /// There is not one action.
    NoAction(ReleaseId),
    /// None of the actions is for its service and environment.
    NotServed {
        release: ReleaseId,
        service: String,
        environment: String,
    },
}

impl NoPlan {
    /// Why a release that was named cannot be left.
    pub fn reason(&self) -> String {
        match self {
            Self::NoSuspect => self.words(),
            Self::Unknown(id) => format!("{id} is not known here"),
            Self::NoRelease(id) => format!("{id} is no release"),
            Self::NoAction(_) => "no [[action]] is in the config".to_owned(),
            Self::NotServed { service, environment, .. } => {
                format!("no [[action]] in the config serves {service} in {environment}")
            }
        }
    }

    pub fn words(&self) -> String {
        match self {
            Self::NoSuspect => "no release is suspected".to_owned(),
            Self::Unknown(id) => format!("{id} is suspected and is not known here"),
            Self::NoRelease(id) => format!("{id} is suspected and is no release"),
            Self::NoAction(id) => format!("{id} is suspected, but no [[action]] is in the config"),
            Self::NotServed { release, service, environment } => format!(
                "{release} is suspected, but no [[action]] in the config serves {service} in \
                 {environment}"
            ),
        }
    }
}

/// The plan for `incident` now with its request; of a release that the operator chose, if any.
pub fn rehearsal(
    incident: &Incident,
    release: Option<&ReleaseId>,
    facts: &OrderFacts<'_>,
    now: Timestamp,
) -> Result<Rehearsal, NoPlan> {
    let draft = RollbackDraft::of(incident, release, facts, now)?;
    let (real, dry) = (draft.intent(false), draft.intent(true));
    Ok(Rehearsal { plan: draft.plan(), real, dry })
}

/// The plan for `incident` now; none when no release is suspected or no action is configured.
pub fn plan(incident: &Incident, facts: &OrderFacts<'_>, now: Timestamp) -> Option<RollbackPlan> {
    RollbackDraft::of(incident, None, facts, now).ok().map(|d| d.plan())
}

impl<'a> RollbackDraft<'a> {
    pub(super) fn of(
        incident: &'a Incident,
        release: Option<&ReleaseId>,
        facts: &'a OrderFacts<'a>,
        now: Timestamp,
    ) -> Result<Self, NoPlan> {
        let sent = incident.action_in_flight().map(|a| &a.intent.from);
        let suspect = facts.case(incident).suspect.release.as_ref();
        let id = release.or(sent).or(suspect).ok_or(NoPlan::NoSuspect)?;
        let from = facts.change(id).ok_or_else(|| NoPlan::Unknown(id.clone()))?;
        if !from.is_release() {
            return Err(NoPlan::NoRelease(id.clone()));
        }
        let served = facts.actions.iter().find(|a| a.serves(from));
        let action = served.ok_or_else(|| match facts.actions {
            [] => NoPlan::NoAction(id.clone()),
            _ => NoPlan::NotServed {
                release: id.clone(),
                service: from.service.clone(),
                environment: from.environment.clone(),
            },
        })?;
        let to = target(from, facts);
        let suspected = suspect.is_some_and(|r| names(from, r));
        // What was sent once is not chosen anew.
        let chosen = release.is_some() && !suspected;
        let against = suspect.filter(|_| chosen);
        Ok(Self { incident, facts, action, from, to, now, chosen, against })
    }

    /// What the record says of a release that was chosen, and is not the suspect.
    pub(super) fn chosen(&self) -> Option<Chosen> {
        self.chosen.then(|| Chosen { against: self.against.cloned() })
    }

    pub(super) fn plan(&self) -> RollbackPlan {
        let prechecks = self.prechecks();
        let to = self.target_id();
        RollbackPlan {
            action: self.action.name.clone(),
            environment: self.from.environment.clone(),
            service: self.from.service.clone(),
            host: self.action.host.clone(),
            from: self.from.id.clone(),
            confirm_token: if self.to.is_some() { confirm_token(&to) } else { String::new() },
            to,
            ready: !prechecks.iter().any(Precheck::stops),
            prechecks,
            attempt: self.attempt(),
            resend_of: self.resendable().filter(|a| a.doubtful).map(|a| a.intent.id.clone()),
        }
    }

    /// The attempt that would be made now: one more after each one that failed.
    pub(super) fn attempt(&self) -> u32 {
        let failed = |n: u32| {
            let key = self.key(n, false);
            self.runs().any(|a| a.failed() && a.intent.id == key)
        };
        (1..MOST_ATTEMPTS).find(|n| !failed(*n)).unwrap_or(MOST_ATTEMPTS)
    }

    /// The intent to write down; the stored one when the same action was prepared before.
    pub(super) fn intent(&self, dry_run: bool) -> Intent {
        let attempt = self.attempt();
        let id = self.key(attempt, dry_run);
        if let Some(known) = self.incident.action(&id).filter(|_| !dry_run) {
            return known.intent.clone();
        }
        let mut intent = Intent {
            id,
            action: self.action.name.clone(),
            environment: self.from.environment.clone(),
            service: self.from.service.clone(),
            from: self.from.id.clone(),
            to: self.target_id(),
            attempt,
            dry_run,
            body: String::new(),
        };
        intent.body = body(&intent);
        intent
    }

    /// The action of this incident that has the same key and may be sent once more.
    pub(super) fn resendable(&self) -> Option<&'a ActionRun> {
        let run = self.incident.action_in_flight()?;
        let same = run.intent.id == self.key(self.attempt(), false);
        let may = matches!(run.state, ActionState::Prepared | ActionState::Unknown);
        (same && may).then_some(run)
    }

    /// Every real action of this incident and all others.
    fn all(&self) -> impl Iterator<Item = &'a ActionRun> {
        std::iter::once(self.incident)
            .chain(self.facts.others(self.incident))
            .flat_map(|i| i.actions.iter())
            .filter(|a| !a.intent.dry_run)
    }

    /// Those on this service and environment.
    fn runs(&self) -> impl Iterator<Item = &'a ActionRun> {
        let from = self.from;
        self.all().filter(move |a| {
            a.intent.service == from.service && a.intent.environment == from.environment
        })
    }

    fn target_id(&self) -> ReleaseId {
        self.to.map_or_else(|| ReleaseId::from("unknown"), |c| c.id.clone())
    }

    fn key(&self, attempt: u32, dry_run: bool) -> ActionId {
        action_id(&id::RollbackFacts {
            environment: &self.from.environment,
            service: &self.from.service,
            from: &self.from.id,
            deployed_at: self.from.effective_at(),
            to: &self.target_id(),
            attempt,
            dry_run,
        })
    }
}

/// The release before `from`: the one its source names, else the newest that was live before it.
fn target<'a>(from: &Change, facts: &'a OrderFacts<'_>) -> Option<&'a Change> {
    let named = from.previous.as_ref().and_then(|previous| {
        let releases = || facts.releases(&from.service, &from.environment);
        // Several changes may have shipped a version; the one with its name is told to others.
        releases().find(|c| c.id == *previous).or_else(|| releases().find(|c| names(c, previous)))
    });
    named.or_else(|| {
        facts
            .releases(&from.service, &from.environment)
            .filter(|c| c.id != from.id && c.effective_at() < from.effective_at())
            .filter(|c| was_live(c))
            .max_by_key(|c| c.effective_at())
    })
}

/// It ran in front of shoppers and was not taken back.
fn was_live(change: &Change) -> bool {
    let ran = matches!(change.status, ChangeStatus::Succeeded | ChangeStatus::Inactive);
    ran && change.rolled_back_at.is_none()
}

#[derive(Serialize)]
struct RequestBody<'a> {
    r#type: &'static str,
    data: RequestData<'a>,
}

/// The field names and their order are the contract with the receiver. Facts only, those that the
/// key is made of: the same rollback from two journals has the same key and the same bytes. What
/// differs (instant, incident, operator) goes into headers.
#[derive(Serialize)]
struct RequestData<'a> {
    action_id: &'a ActionId,
    environment: &'a str,
    service: &'a str,
    expected_current: &'a ReleaseId,
    target: &'a ReleaseId,
    dry_run: bool,
    attempt: u32,
}

fn body(intent: &Intent) -> String {
    let body = RequestBody {
        r#type: "rollback.requested",
        data: RequestData {
            action_id: &intent.id,
            environment: &intent.environment,
            service: &intent.service,
            expected_current: &intent.from,
            target: &intent.to,
            dry_run: intent.dry_run,
            attempt: intent.attempt,
        },
    };
    serde_json::to_string(&body).unwrap_or_default() // plain strings and numbers always serialise
}
