//! The pre-checks of a rollback, one tick each.
//! Each says in words what it saw; a check that cannot be answered is not ok.

use super::{RollbackDraft, was_live};
use crate::domain::change::{Change, ChangeStatus};
use crate::domain::time::{Span, Timestamp};
use crate::incident::deed;
use crate::incident::facts::names;
use crate::incident::fold::{ActionRun, Incident};
use crate::incident::state::{ActionState, Precheck};
use crate::policy::action::Signing;
use crate::policy::severity::Choice;
use crate::verdict::Confidence;

impl RollbackDraft<'_> {
    pub(in crate::incident) fn prechecks(&self) -> Vec<Precheck> {
        vec![
            self.severity(),
            self.role(),
            self.kill_switch(),
            self.target(),
            self.still_live(),
            self.no_newer(),
            self.none_in_flight(),
            self.cooldown(),
            self.receiver(),
            self.signing(),
            self.evidence(),
            self.confidence(),
        ]
    }

    fn severity(&self) -> Precheck {
        let (policy, severity) = (self.facts.policy, self.incident.severity);
        let ok = policy.allows(severity, Choice::Rollback);
        check("severity allows it", ok, policy.why(severity, Choice::Rollback))
    }

    fn role(&self) -> Precheck {
        let detail = if self.facts.may_act { "operator" } else { "this role only looks" };
        check("role allows it", self.facts.may_act, detail)
    }

    fn kill_switch(&self) -> Precheck {
        let set = self.facts.policy.timing.kill_switch;
        let why = self.facts.kill_switch.or(set.then_some("the config says kill_switch = true"));
        let detail = why.unwrap_or("nothing keeps requests back");
        check("kill switch is off", why.is_none(), detail)
    }

    fn target(&self) -> Precheck {
        let name = "target was healthy";
        let Some(to) = self.to else {
            return check(name, false, "no earlier release of this service is known");
        };
        let blamed = |i: &&Incident| {
            i.is_live() && i.case.suspect.release.as_ref().is_some_and(|r| names(to, r))
        };
        if let Some(other) = self.facts.others(self.incident).find(blamed) {
            return check(name, false, format!("{} is the suspect of {}", to.id, other.id));
        }
        let ok = was_live(to);
        let detail = if ok {
            let seen = if to.ran_before { "already when first seen," } else { "from" };
            format!("{} was live {seen} {}", to.id, to.effective_at())
        } else {
            format!("{} failed, was taken back or never went live", to.id)
        };
        check(name, ok, detail)
    }

    fn still_live(&self) -> Precheck {
        let name = "suspect is still live";
        if let Some(feed) =
            self.facts.sources.iter().find(|s| s.name == self.from.source && s.blind)
        {
            return check(name, false, format!("{}, which tells of releases, is blind", feed.name));
        }
        let live = self.facts.live(&self.from.service, &self.from.environment, self.now);
        let ok = live.is_some_and(|c| c.id == self.from.id);
        let detail = match live {
            Some(_) if ok => format!("{} is live", self.from.id),
            Some(other) => format!("{} is live, not {}", other.id, self.from.id),
            None => "the deploy feed does not say what is live".to_owned(),
        };
        check(name, ok, detail)
    }

    fn no_newer(&self) -> Precheck {
        let since = self.from.effective_at();
        let coming = |c: &&Change| {
            c.id != self.from.id
                && c.effective_at() > since
                && c.rolled_back_at.is_none()
                && !matches!(c.status, ChangeStatus::Failed | ChangeStatus::Cancelled)
        };
        let newer = self
            .facts
            .releases(&self.from.service, &self.from.environment)
            .filter(coming)
            .max_by_key(|c| c.effective_at());
        let detail = newer.map_or_else(
            || format!("nothing after {}", self.from.id),
            |c| format!("{} came after {}", c.id, self.from.id),
        );
        check("no newer deploy", newer.is_none(), detail)
    }

    fn none_in_flight(&self) -> Precheck {
        let mine = self.resendable().map(|a| &a.intent.id);
        let owners = std::iter::once(self.incident).chain(self.facts.others(self.incident));
        let busy = owners.filter(|i| i.is_live()).find_map(|i| {
            let run = i.actions.iter().find(|a| {
                a.in_flight()
                    && Some(&a.intent.id) != mine
                    && a.intent.service == self.from.service
                    && a.intent.environment == self.from.environment
            });
            run.map(|a| under_way(a, i))
        });
        let ok = busy.is_none();
        check("none in flight", ok, busy.unwrap_or_else(|| "nothing under way".to_owned()))
    }

    fn cooldown(&self) -> Precheck {
        let rests_until = self
            .runs()
            .filter(|a| matches!(a.state, ActionState::Verified | ActionState::NotHelping))
            .filter_map(|a| a.answered_at.or(a.sent_at))
            .map(|at| at.plus(self.action.cooldown))
            .max()
            .filter(|until| *until > self.now);
        let detail = rests_until.map_or_else(
            || "no action on this service lately".to_owned(),
            |until| format!("rests until {until} after the last action"),
        );
        waivable("cooldown is over", rests_until.is_none(), detail)
    }

    /// A receiver that asked to be left alone is, for as long as it said.
    fn receiver(&self) -> Precheck {
        let wait = self.all().filter(|a| a.intent.action == self.action.name).filter_map(|a| {
            let rest = a.rest?;
            Some((rest.until(|wait| self.facts.shop_time(wait)), rest.secs))
        });
        let asked = wait.max().filter(|(until, _)| *until > self.now);
        let detail = asked.map_or_else(
            || "it asked for no rest".to_owned(),
            |(until, secs)| {
                format!("receiver asked to wait until {} ({secs} s)", clock(until, self.now))
            },
        );
        waivable("receiver takes requests", asked.is_none(), detail)
    }

    /// What this process could not look at is said and left to the one that sends.
    fn signing(&self) -> Precheck {
        let name = "signing secret is usable";
        let later = |detail: String| Precheck { required: false, ..check(name, true, detail) };
        match &self.action.signing {
            Signing::Usable => check(name, true, "it signs"),
            Signing::Unusable(why) => check(name, false, why.clone()),
            Signing::NotRead => later("not read here: looked at when it is ordered".to_owned()),
            Signing::NotHere(why) => {
                later(format!("not readable here ({why}): looked at when it is ordered"))
            }
        }
    }

    /// Of the sources that carry what the incident says, one must be heard; others may be blind.
    fn evidence(&self) -> Precheck {
        const TWO_SECONDS: Span = Span::from_secs(2);
        let policy = self.facts.policy.timing.evidence_max_age;
        let limit = policy.max(self.facts.shop_time(TWO_SECONDS));
        let carriers = self.facts.carriers(self.facts.case(self.incident));
        let heard = carriers.iter().filter(|s| !s.blind).filter_map(|s| Some((s.good_at?, s)));
        let newest = heard.max_by_key(|(at, _)| *at);
        let names = |blind: bool| {
            let of = carriers.iter().filter(|s| s.blind == blind).map(|s| s.name.as_str());
            of.collect::<Vec<_>>().join(", ")
        };
        let but = if names(true).is_empty() {
            String::new()
        } else {
            format!("; blind: {}", names(true))
        };
        let ok = newest.is_some_and(|(at, _)| self.now.since(at) <= limit);
        let detail = match newest {
            Some((at, source)) => {
                let age = self.now.since(at).secs().max(0);
                format!("newest good evidence is {age} s old, from {}{but}", source.name)
            }
            None if carriers.is_empty() => "no source carries it".to_owned(),
            None if names(false).is_empty() => format!("evidence is blind: {}", names(true)),
            None => format!("never heard from {}{but}", names(false)),
        };
        waivable("evidence is fresh", ok, detail)
    }

    /// Advice, not a rule: people may know more than the numbers.
    fn confidence(&self) -> Precheck {
        if self.chosen {
            let said = self.against.map_or_else(
                || "no release is suspected".to_owned(),
                |suspect| format!("{suspect} is suspected"),
            );
            let detail = format!("{} is not the suspect; {said}", self.from.id);
            return Precheck { required: false, ..check("suspicion is strong", false, detail) };
        }
        let suspect = &self.facts.case(self.incident).suspect;
        let ok = matches!(suspect.confidence, Confidence::High | Confidence::Medium);
        let reason = suspect.reasons.first().map_or("no reason given", String::as_str);
        let sure = match suspect.confidence {
            Confidence::High => "high",
            Confidence::Medium => "medium",
            Confidence::Low | Confidence::None => "low",
        };
        let detail = format!("{sure} confidence: {reason}");
        Precheck { required: false, ..check("suspicion is strong", ok, detail) }
    }
}

fn check(name: &str, ok: bool, detail: impl Into<String>) -> Precheck {
    Precheck { name: name.to_owned(), ok, required: true, waivable: false, detail: detail.into() }
}

/// One that says nothing about the safety of the target: a recorded reason goes past it.
fn waivable(name: &str, ok: bool, detail: impl Into<String>) -> Precheck {
    Precheck { waivable: true, ..check(name, ok, detail) }
}

/// `rollback of INC-7F3A is sent, by root@host at 02:41:07Z`
fn under_way(run: &ActionRun, incident: &Incident) -> String {
    let at = run.sent_at.unwrap_or(run.prepared_at);
    let by = run.sent_by.as_ref().unwrap_or(&run.by);
    let what = &run.intent.action;
    let (state, who) = (state(run.state), deed::who(by));
    format!("{what} of {} is {state}, by {who} at {}", incident.id, deed::clock(at))
}

/// The time of day; with its date where that is another day than today.
fn clock(at: Timestamp, now: Timestamp) -> String {
    const DAY: Span = Span::from_days(1);
    if at.floor(DAY) == now.floor(DAY) { deed::clock(at) } else { at.to_string() }
}

const fn state(state: ActionState) -> &'static str {
    match state {
        ActionState::Prepared => "prepared",
        ActionState::Sent => "sent",
        ActionState::Accepted => "accepted",
        ActionState::Refused => "refused",
        ActionState::Unknown => "unknown",
        ActionState::NotSent => "not sent",
        ActionState::Verifying => "verifying",
        ActionState::Verified => "verified",
        ActionState::NotHelping => "not helping",
    }
}
