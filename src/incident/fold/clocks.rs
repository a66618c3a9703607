//! How acknowledgements, timers, decisions, severity and closing change an incident.
//! A clock that runs never moves later here, but by the one recorded extension.

use super::{Ack, AckSeen, Incident, Phase, Timer};
use crate::domain::severity::Severity;
use crate::domain::time::{Span, Timestamp};
use crate::incident::event::Record;
use crate::incident::state::Decision;
use crate::incident::truth::AlarmTruth;
use crate::policy::severity::Choice;
use crate::verdict::Case;

impl Incident {
    pub(super) fn change_severity(
        &mut self,
        to: Severity,
        ack_due_at: Timestamp,
        decide_due_at: Timestamp,
    ) -> bool {
        if to == self.severity || !self.is_live() {
            return false;
        }
        let rise = to < self.severity;
        if rise && self.severity >= Severity::Sev3 && self.acked() {
            self.ask_ack(ack_due_at);
        } else {
            self.ack_due_at = self.ack_due_at.min(ack_due_at);
        }
        let held = self.decision.as_ref().is_some_and(|d| d.choice == Choice::Hold);
        if rise && held {
            self.ask_decision(decide_due_at);
        } else {
            self.decide_due_at = self.decide_due_at.min(decide_due_at);
        }
        self.severity = to;
        self.peak = self.peak.min(to);
        self.lower_since = None;
        true
    }

    pub(super) fn clear(&mut self, at: Timestamp) -> bool {
        if !self.firing {
            return false;
        }
        self.turn(false, at);
        self.case.firing = false;
        self.suppressed = false;
        true
    }

    pub(super) fn reopen(
        &mut self,
        case: &Case,
        at: Timestamp,
        ack_due_at: Timestamp,
        decide_due_at: Timestamp,
    ) -> bool {
        if self.firing || case.key != self.case.key {
            return false;
        }
        self.turn(true, at);
        self.case = case.clone();
        self.severity = case.severity;
        self.peak = self.peak.min(case.severity);
        self.phase = Phase::Open;
        self.occurrences = self.occurrences.saturating_add(1);
        self.occurred_at = at;
        self.updated_at = at;
        self.past_acks.append(&mut self.acks);
        self.kept_owner = None;
        self.asks.again();
        self.ack_due_at = ack_due_at;
        self.timer = None;
        self.mitigated_at = None;
        self.closed_at = None;
        (self.review, self.truth) = (None, None);
        self.lower_since = None;
        self.ask_decision(decide_due_at)
    }

    pub(super) fn acknowledge(
        &mut self,
        record: &Record,
        note: &str,
        expires_at: Option<Timestamp>,
    ) -> bool {
        let known = |a: &Ack| a.at == record.at && a.actor == record.actor;
        if !self.is_live() || self.acks.iter().any(known) {
            return false;
        }
        let (segments, risk) = (self.case.segments.clone(), self.case.risk_per_minute);
        self.acks.push(Ack {
            actor: record.actor.clone(),
            at: record.at,
            note: note.to_owned(),
            expires_at,
            seen: AckSeen { segments, risk },
        });
        true
    }

    pub(super) fn undo_ack(&mut self, name: &str) -> bool {
        let Some(last) = self.acks.iter().rposition(|a| a.actor.name == name) else {
            return false;
        };
        let ack = self.acks.remove(last);
        self.past_acks.push(ack);
        true
    }

    pub(super) fn expire_ack(&mut self, ack_due_at: Timestamp) -> bool {
        let acked = self.acked();
        if acked {
            self.ask_ack(ack_due_at);
        }
        acked
    }

    pub(super) fn start_timer(&mut self, at: Timestamp, due_at: Timestamp) -> bool {
        if !self.is_live() || self.timer.is_some() || due_at <= at {
            return false;
        }
        self.timer = Some(Timer { started_at: at, due_at, extended: false });
        true
    }

    /// The running timer, or else the decision deadline; each at most once.
    pub(super) fn extend(&mut self, due_at: Timestamp) -> bool {
        if let Some(timer) = &mut self.timer {
            if timer.extended || due_at <= timer.due_at {
                return false;
            }
            (timer.due_at, timer.extended) = (due_at, true);
            return true;
        }
        if !self.undecided() || self.decide_extended || due_at <= self.decide_due_at {
            return false;
        }
        (self.decide_due_at, self.decide_extended) = (due_at, true);
        self.decision_expired = false;
        true
    }

    pub(super) fn decide(
        &mut self,
        record: &Record,
        choice: Choice,
        reason: &str,
        recheck_at: Option<Timestamp>,
    ) -> bool {
        if !self.is_live() {
            return false;
        }
        self.decision = Some(Decision {
            choice,
            reason: reason.to_owned(),
            by: record.actor.name.clone(),
            at: record.at,
            recheck_at,
        });
        self.decision_expired = false;
        true
    }

    /// The decision has to be made (again): a new clock.
    pub(super) fn ask_decision(&mut self, due_at: Timestamp) -> bool {
        self.decision = None;
        self.decide_due_at = due_at;
        self.decide_extended = false;
        self.decision_expired = false;
        true
    }

    /// Every clock that runs ends earlier; nothing ends later by a negative length.
    pub(super) fn clocks_earlier(&mut self, by: Span) -> bool {
        if by <= Span::ZERO || !self.is_live() {
            return false;
        }
        let earlier = |at: &mut Timestamp| *at = at.minus(by);
        earlier(&mut self.ack_due_at);
        earlier(&mut self.decide_due_at);
        self.timer.iter_mut().for_each(|t| earlier(&mut t.due_at));
        self.acks.iter_mut().filter_map(|a| a.expires_at.as_mut()).for_each(earlier);
        self.decision.iter_mut().filter_map(|d| d.recheck_at.as_mut()).for_each(earlier);
        true
    }

    /// The acknowledgement has to be given again; the owner stays.
    fn ask_ack(&mut self, due_at: Timestamp) {
        self.kept_owner = self.owner().cloned();
        self.past_acks.append(&mut self.acks);
        self.asks.again();
        self.ack_due_at = due_at;
    }

    pub(super) fn mitigate(&mut self, at: Timestamp) -> bool {
        let may = self.phase == Phase::Open && !self.firing;
        if may {
            self.phase = Phase::Mitigated;
            self.mitigated_at = Some(at);
        }
        may
    }

    pub(super) fn close(&mut self, phase: Phase, at: Timestamp) -> bool {
        let may = self.is_live();
        if may {
            self.phase = phase;
            self.closed_at = Some(at);
            self.suppressed = self.firing;
            self.timer = None;
        }
        may
    }

    /// Closed ones only, and again when somebody knows better; one that was no incident stays so.
    pub(super) fn reviewed(&mut self, text: &str, truth: Option<AlarmTruth>) -> bool {
        let may = !self.is_live();
        if may {
            if self.phase == Phase::Resolved {
                self.phase = Phase::Reviewed;
            }
            self.review = Some(text.to_owned());
            self.truth = truth;
        }
        may
    }
}
