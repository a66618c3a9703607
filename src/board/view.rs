//! An incident of the fold as viewers see it: clocks that run, choices with their rule, the plan
//! of a rollback with its ticks, the timeline in words. Pure; decides nothing.

use super::notified;
use super::{Action, ChoiceRow, IncidentView, SourceState, SourceView};
use crate::domain::money::Range;
use crate::domain::time::Timestamp;
use crate::incident::facts::{OrderFacts, SourceTold};
use crate::incident::fold;
use crate::incident::rollback::{others, plan};
use crate::incident::state::ActionState;
use crate::incident::verify::{FeedTarget, feed, shown, verify_until};
use crate::policy::severity::Choice;
use crate::verdict::{Case, Finding, Suspect, Verdict};

/// Entries of the timeline that viewers get.
const TIMELINE: usize = 40;

/// `incident` for the board, with the freshest figures that `facts` has.
pub fn view(incident: &fold::Incident, facts: &OrderFacts<'_>, now: Timestamp) -> IncidentView {
    let case = facts.case(incident).clone();
    let total = incident.toll.with(&case);
    let (risk, burned) = money_now(incident, &case);
    let findings = findings_now(incident, case.findings);
    // evidence that fades says why it is less by now, not why it was what it is
    let fades = case.severity > incident.severity;
    let told = (case.rule.clone(), case.raise.clone());
    let (rule, raise) = if fades { incident.rule.clone() } else { told };
    let ack = incident.acks.first();
    let timer = incident.timer;
    let skip = incident.timeline.len().saturating_sub(TIMELINE);
    IncidentView {
        id: incident.id.clone(),
        severity: if incident.suppressed {
            incident.severity.min(case.severity) // nobody writes a rise down once it is closed
        } else {
            incident.severity
        },
        state: incident.state(),
        headline: case.headline,
        journey: case.journey,
        class: case.class,
        segments: case.segments,
        owner: incident.owner().map(|a| a.name.clone()),
        acked_by: ack.map(|a| a.actor.name.clone()),
        acked_at: ack.map(|a| a.at),
        ack_expires_at: incident.ack_expires_at(),
        opened_at: incident.opened_at,
        ended_at: incident.ended_at(),
        onset_at: case.onset_at,
        ack_due_at: incident.ack_clock(),
        decide_due_at: incident.decide_clock(),
        timer_due_at: timer.map(|t| t.due_at),
        timer_extended: timer.map_or(incident.decide_extended, |t| t.extended),
        decision: incident.decision.clone(),
        revenue_at_risk: risk.map(|r| r.in_currency(facts.currency)),
        burned_per_minute: burned,
        lost: total.lost,
        affected: total.affected,
        money_method: case.money_method,
        suspect: case.suspect,
        findings,
        evidence_for: case.evidence_for,
        evidence_against: case.evidence_against,
        rule,
        raise,
        action: incident.newest_action().map(|run| action(run, facts, now)),
        rollback: incident.is_live().then(|| plan(incident, facts, now)).flatten(),
        alternatives: if incident.is_live() { others(incident, facts, now) } else { vec![] },
        choices: choices(incident, facts),
        timeline: incident.timeline.iter().skip(skip).cloned().collect(),
        occurrences: incident.occurrences,
        notifications: notified::notifications(incident),
        escalates: None,
        firing: incident.firing,
        stored: true,
    }
}

/// What a minute costs now, and what it cost while it burned; what does not fire costs nothing.
fn money_now(incident: &fold::Incident, case: &Case) -> (Option<Range>, Option<Range>) {
    let (now, burned) = (case.risk_per_minute, case.burned_per_minute);
    if incident.firing {
        return (now, burned);
    }
    (now.or(burned).map(|_| Range::new(0.0, 0.0)), burned.or(now))
}

/// What does not fire is in breach nowhere: its evidence stands as it was when it was told last,
/// also where it joined another case or its watcher is gone.
fn findings_now(incident: &fold::Incident, findings: Vec<Finding>) -> Vec<Finding> {
    let now = |f: Finding| match f.verdict {
        Verdict::Breach if !incident.firing => Finding { verdict: Verdict::Unsure, ..f },
        Verdict::Breach | Verdict::Ok | Verdict::Unsure | Verdict::Blind => f,
    };
    findings.into_iter().map(now).collect()
}

/// What is newest of the evidence about an incident, as everyone sees it.
#[derive(Clone, PartialEq, Debug)]
pub struct ShownEvidence {
    suspect: Suspect,
    findings: Vec<Finding>,
}

/// The evidence that `incident` is shown with.
pub fn evidence(incident: &IncidentView) -> ShownEvidence {
    ShownEvidence { suspect: incident.suspect.clone(), findings: incident.findings.clone() }
}

impl ShownEvidence {
    /// `case` with this evidence.
    pub fn over(&self, case: &Case) -> Case {
        let (suspect, findings) = (self.suspect.clone(), self.findings.clone());
        Case { suspect, findings, firing: true, ..case.clone() }
    }
}

/// The sources as far as evidence rests on them.
pub fn told(sources: &[SourceView]) -> Vec<SourceTold> {
    let told = |s: &SourceView| SourceTold {
        name: s.name.clone(),
        metrics: s.metrics.clone(),
        good_at: s.last_ok_at,
        blind: s.state == SourceState::Blind,
    };
    sources.iter().map(told).collect()
}

fn choices(incident: &fold::Incident, facts: &OrderFacts<'_>) -> Vec<ChoiceRow> {
    let severity = incident.severity;
    let row = |choice| ChoiceRow {
        choice,
        allowed: facts.policy.allows(severity, choice),
        why: facts.policy.why(severity, choice),
    };
    Choice::ALL.map(row).to_vec()
}

/// Accepted by the receiver and seen live by the feed are two facts: verifying begins with both.
fn action(run: &fold::ActionRun, facts: &OrderFacts<'_>, now: Timestamp) -> Action {
    let (state, detail) = shown(run, facts, now);
    let accepted = state == ActionState::Accepted;
    let live = accepted && feed(run, facts, now) == FeedTarget::Target;
    let seen = if live { format!("; {} is live", run.intent.to) } else { String::new() };
    Action {
        id: run.intent.id.clone(),
        name: run.intent.action.clone(),
        state: if live { ActionState::Verifying } else { state },
        from: run.intent.from.clone(),
        to: run.intent.to.clone(),
        by: run.by.name.clone(),
        prepared_at: run.prepared_at,
        sent_at: run.sent_at,
        answered_at: run.answered_at,
        detail: format!("{detail}{seen}"),
        answer: run.answer.clone(),
        verify_until: verify_until(run, facts.action(&run.intent.action)).filter(|_| accepted),
    }
}

#[cfg(test)]
mod tests;
