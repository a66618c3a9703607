//! The six lines under the list: what each layer says about the selected incident, and what next.
//! One line a layer, always in the same place; a layer that says nothing says so.

use crate::board::standing::Trust;
use crate::board::{ActionState, IncidentView, SourceState, State};
use crate::desk::command::OrderKey;
use crate::desk::state::{Desk, Seat};
use crate::domain::metric::Metric;
use crate::domain::severity::Severity;
use crate::domain::text::{ScreenText, screen_text};
use crate::verdict::{Class, Finding, Verdict};

use super::bars;
use super::clocks::{self, key_of};
use super::role::Role;
use super::screen::{Item, Line, Lines};
use super::words;

/// Which layer of the shop a metric speaks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layer {
    Rum,
    Services,
    Synthetic,
    Business,
    Telemetry,
}

const fn layer(metric: Metric) -> Layer {
    if metric.is_of_service() {
        return Layer::Services;
    }
    match metric {
        Metric::CheckSuccess | Metric::CheckDuration => Layer::Synthetic,
        Metric::BeaconLag | Metric::OrphanShare | Metric::PersonalData | Metric::EdgeRequests => {
            Layer::Telemetry
        }
        Metric::Sessions
        | Metric::AddToCart
        | Metric::CheckoutStart
        | Metric::PaymentTry
        | Metric::Orders
        | Metric::Revenue
        | Metric::ConversionRate
        | Metric::AddToCartRate
        | Metric::CheckoutRate
        | Metric::PaymentRate
        | Metric::OrderRate
        | Metric::OrdersPerVisit
        | Metric::OrderValue
        | Metric::CacPayback => Layer::Business,
        _ => Layer::Rum,
    }
}

/// Where the measuring broke, what is found tells of the measuring, whatever it is counted by.
fn layer_in(x: &IncidentView, f: &Finding) -> Layer {
    if x.class == Class::Telemetry { Layer::Telemetry } else { layer(f.metric) }
}

pub fn lines(desk: &Desk, x: &IncidentView) -> Lines {
    let item = |label: &'static str, line| Item { label: ScreenText::fixed(label), line };
    Lines {
        items: vec![
            pages_or_services(x),
            item("Synthetic", found(x, Layer::Synthetic).unwrap_or_else(|| checks(desk, x))),
            item(
                "Business",
                found(x, Layer::Business)
                    .unwrap_or_else(|| silent("no finding in orders or funnel")),
            ),
            item("Release", release(x)),
            item("Telemetry", found(x, Layer::Telemetry).unwrap_or_else(|| telemetry(desk))),
            item("Next", next(desk, x)),
        ],
        scroll: 0,
        label: 11,
        wrap: false,
    }
}

/// Real users speak first; where only services do, they have the line.
fn pages_or_services(x: &IncidentView) -> Item {
    let (users, services) = (found(x, Layer::Rum), found(x, Layer::Services));
    let (label, line) = match (users, services) {
        (None, Some(services)) => ("Services", services),
        (users, _) => ("RUM", users.unwrap_or_else(|| silent("no finding in real-user data"))),
    };
    Item { label: ScreenText::fixed(label), line }
}

fn silent(text: &'static str) -> Line {
    Line::fixed(Role::Muted, text)
}

/// The strongest finding of a layer and how many more there are. Of equals the first, which is what
/// the headline tells; a word on two layers has no number and comes after those that have one.
fn found(x: &IncidentView, wanted: Layer) -> Option<Line> {
    let mine = || x.findings.iter().filter(|f| layer_in(x, f) == wanted);
    let first: &Finding =
        mine().min_by_key(|f| (f.value.is_none(), std::cmp::Reverse(f.verdict)))?;
    let role = match first.verdict {
        Verdict::Ok => Role::Muted,
        Verdict::Unsure => Role::Unsure,
        Verdict::Blind => Role::Blind,
        Verdict::Breach => Role::Text,
    };
    let line = Line::of(role, screen_text(&first.text));
    Some(match mine().count() {
        1 => line,
        n => line.and(Role::Muted, words::made(format!("  (+{})", n - 1))),
    })
}

/// What the journey's checks say where no finding does: green checks beside red users matter.
fn checks(desk: &Desk, x: &IncidentView) -> Line {
    let state =
        x.journey.as_ref().and_then(|j| desk.board.journeys.iter().find(|s| s.journey == *j));
    let Some(state) = state else {
        return all_checks(desk);
    };
    let checks = screen_text(&state.checks.join(", "));
    match state.verdict {
        _ if state.checks.is_empty() => silent("no check covers it"),
        Verdict::Ok => Line::fixed(Role::Ok, "checks pass: ").and(Role::Text, checks),
        Verdict::Breach => Line::fixed(Role::Warning, "checks FAIL: ").and(Role::Text, checks),
        Verdict::Unsure => Line::fixed(Role::Unsure, "unsure: ").and(Role::Text, checks),
        Verdict::Blind => Line::fixed(Role::Blind, "BLIND: no check result in time"),
    }
}

/// An incident of no journey: how the checks of all of them stand.
fn all_checks(desk: &Desk) -> Line {
    let checked = desk.board.journeys.iter().filter(|j| j.synthetic_covered);
    let (mut all, mut well) = (0, 0);
    for journey in checked {
        all += 1;
        well += usize::from(journey.verdict == Verdict::Ok);
    }
    match (all, well) {
        (0, _) => silent("no check covers it"),
        (all, well) if all == well => Line::fixed(Role::Ok, "checks pass on ")
            .and(Role::Text, words::made(format!("{all} of {all} journeys"))),
        (all, well) => Line::fixed(Role::Unsure, "checks pass on ")
            .and(Role::Unsure, words::made(format!("{well} of {all} journeys"))),
    }
}

fn release(x: &IncidentView) -> Line {
    let reason = x.suspect.reasons.first().map(|r| screen_text(r));
    let because = |line: Line| match reason {
        Some(reason) => line.say(Role::Muted, ": ").and(Role::Text, reason),
        None => line,
    };
    let Some(id) = &x.suspect.release else {
        // The reason why nobody is named is the whole answer.
        return match x.suspect.reasons.first() {
            Some(said) => Line::of(Role::Text, screen_text(said)),
            None => Line::fixed(Role::Text, "no release explains this"),
        };
    };
    because(
        Line::of(Role::Link, screen_text(id.as_str()))
            .say(Role::Text, " suspect ")
            .say(Role::Text, clocks::confidence_word(x.suspect.confidence)),
    )
}

fn telemetry(desk: &Desk) -> Line {
    let bad: Vec<_> = desk.board.sources.iter().filter(|s| s.state != SourceState::Live).collect();
    if desk.board.sources.is_empty() {
        return silent("no source is known");
    }
    if desk.trust() != Trust::Fresh {
        let then = words::made(words::hm_utc(desk.board.generated_at));
        return Line::fixed(Role::Stale, "no source is known to be live since ")
            .and(Role::Stale, then);
    }
    let Some(first) = bad.first() else {
        return Line::fixed(Role::Ok, "every source is live");
    };
    let (word, role) = bars::source_word(first);
    let mut line = Line::of(role, screen_text(first.name.as_str())).say(role, " ").say(role, word);
    line = match first.last_ok_at {
        Some(at) => line
            .say(Role::Text, ", last good ")
            .and(Role::Text, words::slow_age(at, desk.now))
            .say(Role::Text, " ago"),
        None => line.say(Role::Text, ", never good"),
    };
    match &first.error {
        Some(error) => line.say(Role::Muted, ": ").and(Role::Muted, screen_text(error)),
        None => line,
    }
}

/// The next thing a person can do, with its key.
pub fn next(desk: &Desk, x: &IncidentView) -> Line {
    if desk.role() != Seat::Operator {
        return silent("read-only session: an operator acts");
    }
    let key = |command| Line::of(Role::Key, key_of(desk, command));
    let failed = x.action.as_ref().map(|a| a.state);
    match (x.state, failed) {
        (_, Some(ActionState::Unknown)) => {
            Line::fixed(Role::Error, "outcome UNKNOWN: its receiver is being asked; ")
                .and_line(key(OrderKey::Rollback))
                .say(Role::Text, " sends the same request again (same key)")
        }
        (State::Mitigating | State::Verifying, Some(state)) => {
            Line::fixed(Role::Accent, clocks::action_words(state)).and_line(watch(desk, x))
        }
        (_, Some(ActionState::NotSent)) if x.state.is_open() => {
            Line::fixed(Role::Error, "rollback NOT SENT; ")
                .and_line(key(OrderKey::Rollback))
                .say(Role::Text, " orders it again")
        }
        (_, Some(ActionState::Refused | ActionState::NotHelping)) if x.state.is_open() => {
            key(OrderKey::Rollback)
                .say(Role::Text, " tries again, ")
                .and_line(key(OrderKey::Decide))
                .say(Role::Text, " decides otherwise")
        }
        (State::Pending | State::Triggered, _) if clocks::ran_out(x) => {
            clocks::ack_phrase(desk, x).say(Role::Text, ", then ").and_line(choice(desk, x))
        }
        (State::Pending | State::Triggered, _) => {
            key(OrderKey::Acknowledge).say(Role::Text, " takes it, then ").and_line(choice(desk, x))
        }
        (State::Acknowledged | State::Mitigating | State::Verifying, _) => choice(desk, x),
        (State::Mitigated, _) if x.acked_at.is_none() && x.severity <= Severity::Sev2 => {
            Line::fixed(Role::Ok, "recovered; nobody has looked yet, ")
                .and(Role::Key, key_of(desk, OrderKey::Acknowledge))
                .say(Role::Ok, " says that you did, then it closes")
        }
        (State::Mitigated, _) => {
            Line::fixed(Role::Ok, "recovered; closes by itself when it stays so")
        }
        (State::Resolved | State::Reviewed | State::Cancelled, _) if x.firing => {
            Line::fixed(Role::Warning, "closed by hand, and it still fires: it asks no more")
        }
        (State::Resolved | State::Reviewed | State::Cancelled, _) => silent("closed"),
    }
}

/// Until when recovery is watched.
fn watch(desk: &Desk, x: &IncidentView) -> Line {
    match x.action.as_ref().and_then(|a| a.verify_until) {
        Some(until) => Line::fixed(Role::Text, ", ")
            .and(Role::Clock, words::clock_words(until, desk.now))
            .say(Role::Text, " to prove it"),
        None => Line::new(),
    }
}

fn choice(desk: &Desk, x: &IncidentView) -> Line {
    let decide = Line::of(Role::Key, key_of(desk, OrderKey::Decide)).say(Role::Text, " decides");
    match (&x.rollback, x.class) {
        (Some(plan), _) if plan.ready => decide
            .say(Role::Text, "; ")
            .and(Role::Key, key_of(desk, OrderKey::Rollback))
            .say(Role::Text, " rolls back to ")
            .and(Role::Link, screen_text(plan.to.as_str())),
        (Some(_), _) => decide
            .say(Role::Text, "; the rollback is not ready, see ")
            .and(Role::Key, key_of(desk, OrderKey::Rollback)),
        (None, Class::Telemetry) => decide.say(Role::Text, "; the measuring broke, not the shop"),
        (None, _) => decide.say(Role::Text, "; there is nothing to roll back"),
    }
}
