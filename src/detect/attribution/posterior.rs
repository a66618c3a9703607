//! Which change did it: a posterior over "no change" and every change that was live, by timing and
//! dose jointly with the onset, scope, new against old version, and rollbacks that did not help.
//! Chances compete by the minute: a change is worth so many minutes in which nothing changed.
//! Model: Gandalf (NSDI 2020); "no release" is always a candidate.

use super::diff_in_diff::DiffInDiff;
use super::inquiry::{Inquiry, began, lived};
use super::moment::OnsetPosterior;
use super::weigh::{Weighed, Weighing, sum_exp};
use super::{considered, moment, place_likelihood};
use crate::detect::scan::shift::Shift;
use crate::domain::change::{Change, ChangeKind};
use crate::domain::segment::Dim;
use crate::domain::time::{Span, Timestamp};
use crate::verdict::{Candidate, Confidence, Considered, Suspect};

/// Changes longer ago than this are not looked at.
const HORIZON: Span = Span::from_hours(24);
/// A share from which a change is named rather than told with others, and how many times the share
/// of the next it must have: less is a tie.
const NAMED: f64 = 0.5;
const AHEAD: f64 = 2.0;
/// The least share that is listed, and how many are.
const LISTED: f64 = 0.05;
const MOST: usize = 6;
/// Changes that are told as considered.
const CONSIDERED: usize = 20;

/// The suspect of a case; none while the minutes around its onset are not kept any more.
pub fn suspect(scene: &Inquiry<'_>) -> Option<Suspect> {
    let first = moment::first(scene.shifts, scene.cube.bucket);
    let main = main_effect(&first)?;
    let moments = OnsetPosterior::of(scene.cube, &first)?;
    if let Some(named) = named_by_segment(scene, main, &moments) {
        return Some(named);
    }
    let mut shifts = vec![main];
    shifts.extend(first.iter().filter(|e| !std::ptr::eq(**e, main)));
    Some(weighed(scene, &moments, &shifts, &|c| scene.policy.weight(c.kind) > 0.0))
}

/// Speed and errors speak first; among them the strongest.
fn main_effect<'a>(shifts: &[&'a Shift]) -> Option<&'a Shift> {
    let rank = |e: &Shift| {
        u8::from(!matches!(
            e.likelihood,
            crate::detect::evidence::likelihood::Likelihood::Conversion
        ))
    };
    shifts.iter().copied().max_by(|a, b| {
        let by_nats = a.nats.total_cmp(&b.nats).then(b.cuboid.cmp(&a.cuboid));
        rank(a).cmp(&rank(b)).then(by_nats)
    })
}

/// A change to blame for trouble that only checks saw: it began between two of their runs.
pub fn by_checks(scene: &Inquiry<'_>, since: Timestamp, every: Span) -> Suspect {
    let moments = OnsetPosterior::between(since.minus(every), since, scene.cube.bucket);
    let mut told = weighed(scene, &moments, &[], &|c| scene.policy.weight(c.kind) > 0.0);
    if told.confidence == Confidence::High {
        told.confidence = Confidence::Medium;
    }
    told
}

/// A suspect whose onset is not kept any more stays as it was; what was taken back while the harm
/// went on for `heals` is no part of it.
pub fn outlived(scene: &Inquiry<'_>, told: &Suspect, heals: Span) -> Suspect {
    let last = scene.shifts.iter().map(|e| e.last_bad).max();
    let last = last.map(|b| scene.cube.end_of(b)).unwrap_or_default();
    let gone = |c: &&&Change| c.rolled_back_at.is_some_and(|t| last.since(t) >= heals);
    let named = |c: &&&Change| told.candidates.iter().any(|x| x.release == c.id);
    let gone: Vec<&Change> = scene.changes.iter().filter(gone).filter(named).copied().collect();
    if gone.is_empty() { told.clone() } else { considered::without(told, &gone) }
}

/// Chance that harm ends within minutes of its change being taken back, against that of any other
/// harm ending in just these minutes.
const CURED: f64 = 16.0;

/// One of a tie was taken back and the harm went with it: that is evidence beside the times.
pub fn cured(told: &Suspect, one: &Change) -> Option<Suspect> {
    let share = told.share_of(&one.id)?;
    let all = 1.0 + (CURED - 1.0) * share;
    let weigh = |c: &Candidate| {
        let odds = if c.release == one.id { CURED } else { 1.0 };
        Candidate { share: considered::whole(odds * c.share / all), ..c.clone() }
    };
    let mut candidates: Vec<Candidate> = told.candidates.iter().map(weigh).collect();
    candidates.sort_by(|a, b| b.share.total_cmp(&a.share));
    let share = candidates.first().filter(|c| c.release == one.id)?.share;
    if share <= NAMED {
        return None;
    }
    Some(Suspect {
        release: Some(one.id.clone()),
        confidence: if share >= 0.9 { Confidence::High } else { grade(share) },
        reasons: vec!["it was taken back, and the harm went with it".to_owned()],
        against: Vec::new(),
        candidates,
        considered: told.considered.clone(),
    })
}

/// Weighs the changes that `may` have done it.
pub fn weighed(
    scene: &Inquiry<'_>,
    moments: &OnsetPosterior,
    shifts: &[&Shift],
    may: &dyn Fn(&Change) -> bool,
) -> Suspect {
    let (middle, from, to) = moments.range();
    let weighing = Weighing::new(scene, moments, shifts, from);
    let (mut all, mut cleared) = (Vec::new(), Vec::new());
    for c in scene.changes.iter().filter(|c| in_time(c, from, to)) {
        if c.kind == ChangeKind::Campaign && !may(c) {
            let why = "cleared: a campaign brings other shoppers, it does not change pages";
            cleared.push(Considered { release: c.id.clone(), why: why.to_owned() });
        } else if may(c) {
            match gone(scene, c, middle) {
                Some(why) => cleared.push(Considered { release: c.id.clone(), why }),
                None => all.push(weighing.weigh(c)),
            }
        }
    }
    all.sort_by(|a, b| b.log.total_cmp(&a.log).then(a.change.id.cmp(&b.change.id)));
    // Somebody outside who says that they are in trouble makes "none of these" as much likelier.
    let seen = weighing.seen.iter();
    let said =
        seen.flat_map(|s| scene.changes.iter().filter_map(|c| place_likelihood::provider(s, c)));
    let said: Vec<(f64, String)> = said.collect();
    let odds: Vec<f64> = said.iter().map(|s| s.0).chain([0.0]).collect();
    let none = sum_exp(&[moments.anyhow() + sum_exp(&odds), untold(scene, &all)]);
    let mut told = verdict(&weighing, &all, none, cleared);
    let says = said.into_iter().map(|s| s.1);
    match told.release {
        Some(_) => told.against.extend(says),
        None => told.reasons.extend(says),
    }
    told
}

/// Log likelihood of something that no feed tells and that came with one of the changes: whoever
/// works on a shop does more than one thing. It shares the change's times, not its own marks.
pub fn untold(scene: &Inquiry<'_>, all: &[Weighed<'_>]) -> f64 {
    let each: Vec<f64> = all.iter().map(|w| w.log - w.own).collect();
    scene.policy.untold().ln() + sum_exp(&each)
}

/// Taken back so long before the harm that no cache explains it.
pub fn gone(scene: &Inquiry<'_>, c: &Change, onset: Timestamp) -> Option<String> {
    let back = c.rolled_back_at?;
    let before = onset.since(back);
    let why = format!("cleared: taken back {:.0} min before the harm began", before.as_mins_f64());
    (before > scene.policy.caches).then_some(why)
}

/// Live before the harm was whole, and not longer than a day.
pub fn in_time(c: &Change, from: Timestamp, to: Timestamp) -> bool {
    let slack = Span::from_mins(5);
    began(c) && c.effective_at() <= to.plus(slack) && c.effective_at() >= from.minus(HORIZON)
}

/// The place itself names a release or an experiment arm: then only changes of that name count.
fn named_by_segment(
    scene: &Inquiry<'_>,
    main: &Shift,
    moments: &OnsetPosterior,
) -> Option<Suspect> {
    let (_, _, to) = moments.range();
    let versions = main.scope.dims.get(&Dim::Release);
    let of_name =
        |c: &Change| versions.is_some_and(|v| v.contains(c.id.as_str()) || v.contains(&c.version));
    let arm = main.scope.dims.contains_key(&Dim::Cohort);
    let of_arm = |c: &Change| {
        arm && c.kind == ChangeKind::Experiment
            && lived(c)
            && c.effective_at() <= to.plus(scene.cube.bucket)
            && c.rolled_back_at.is_none_or(|t| t >= moments.range().1)
    };
    let named: Vec<&Change> = scene.changes.iter().copied().filter(|c| of_name(c)).collect();
    let release = !named.is_empty();
    let named =
        if release { named } else { scene.changes.iter().copied().filter(|c| of_arm(c)).collect() };
    let (change, rest) = named.split_first()?;
    let who = if release { "views of this release" } else { "this experiment arm" };
    if !rest.is_empty() {
        let may = |c: &Change| named.iter().any(|n| n.id == c.id && n.source == c.source);
        return Some(shared_name(scene, moments, &may, who));
    }
    let numbers = if release { DiffInDiff::of(scene, main, change) } else { None };
    let numbers = numbers.map(|arms| format!(": {}", arms.words())).unwrap_or_default();
    let why = format!("only {who} are hit, others at the same time are not{numbers}");
    Some(considered::certain(change, why))
}

/// Shares from log likelihoods, "none" included, and what they come to.
pub fn verdict(
    weighing: &Weighing<'_, '_>,
    all: &[Weighed<'_>],
    none: f64,
    cleared: Vec<Considered>,
) -> Suspect {
    let own: Vec<f64> = all.iter().map(|w| w.log).chain([none]).collect();
    let shares = normal(&own);
    let none_share = shares.last().copied().unwrap_or(1.0);
    let mut considered = considered::considered(all, &shares);
    considered.truncate(CONSIDERED);
    considered.extend(cleared);
    let candidates = considered::candidates(all, &shares, (LISTED, MOST));
    let (top, next) = (shares.first().copied(), shares.get(1).copied().unwrap_or(0.0));
    let next = if all.len() > 1 { next } else { 0.0 };
    let base = Suspect { candidates, considered, ..Suspect::default() };
    match (all.first(), top) {
        (Some(w), Some(p)) if p > NAMED && p >= AHEAD * next => Suspect {
            release: Some(w.change.id.clone()),
            confidence: confidence(w, p, || steady(weighing, all, none)),
            reasons: w.words.clone(),
            against: w.against.clone(),
            ..base
        },
        (Some(_), Some(_)) if none_share < 0.5 => {
            Suspect { reasons: vec![considered::tie(&base.candidates, none_share)], ..base }
        }
        _ => Suspect { reasons: vec![considered::none(weighing.scene, all, none_share)], ..base },
    }
}

/// The first stays the likeliest of all, "none" included, with a clock that is some seconds off.
pub fn steady(weighing: &Weighing<'_, '_>, all: &[Weighed<'_>], none: f64) -> bool {
    let leads = |mut logs: Vec<f64>| {
        logs.push(none);
        normal(&logs).first().is_some_and(|p| *p > NAMED)
    };
    weighing.shifted(all).into_iter().all(leads)
}

pub fn normal(logs: &[f64]) -> Vec<f64> {
    let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = logs.iter().map(|l| (l - top).exp()).collect();
    let all: f64 = weights.iter().sum();
    weights.iter().map(|w| if all > 0.0 { w / all } else { 0.0 }).collect()
}

/// High is for more than a coincidence of times: a second, independent kind of evidence must agree,
/// and no clock that is some seconds off may change the name.
pub fn confidence(w: &Weighed<'_>, p: f64, steady: impl Fn() -> bool) -> Confidence {
    if p >= 0.9 && w.more && steady() { Confidence::High } else { grade(p) }
}

/// What a share alone comes to.
fn grade(p: f64) -> Confidence {
    if p >= 0.7 { Confidence::Medium } else { Confidence::Low }
}

/// The place carries a name that several changes share: their times choose among them.
fn shared_name(
    scene: &Inquiry<'_>,
    moments: &OnsetPosterior,
    may: &dyn Fn(&Change) -> bool,
    who: &str,
) -> Suspect {
    let mut told = weighed(scene, moments, &[], may);
    told.reasons.insert(0, format!("only {who} are hit, and several changes carry that name"));
    told
}
