//! Which change did it: a posterior over "no change" and every change that was live, by timing and
//! dose jointly with the onset, scope, new against old version, and rollbacks that did not help.
//! Model: Gandalf (NSDI 2020); "no release" is always a candidate with its own prior.

use crate::detect::verdict::{Confidence, Considered, Suspect};
use crate::domain::change::{Change, ChangeKind, ChangeStatus};
use crate::domain::segment::{Dim, Scope};
use crate::domain::time::{Span, Timestamp};
use crate::policy::judging::Policy;

use super::arms::{self, Arms};
use super::effect::Effect;
use super::feed::Feed;
use super::onset::Fit;
use super::scope::{self, Seen};
use super::stat::{Acc, Calib};
use super::store::Store;
use super::table::Table;

/// Prior of "no change did it", and of each change that could have.
const PRIOR_NONE: f64 = 0.45;
/// Longest delay between a change going live and its harm, and the prior's mean delay, in minutes.
const DELAY_MAX_MIN: f64 = 10.0;
const DELAY_MEAN_MIN: f64 = 2.5;
/// Minutes before the onset in which a change can still be meant by timing alone.
const HORIZON_MIN: f64 = 180.0;

/// What blame looks at.
pub struct Scene<'a> {
    pub policy: &'a Policy,
    pub store: &'a Store,
    pub effects: &'a [Effect],
    pub changes: &'a [&'a Change],
    pub feed: &'a Feed,
    pub now: i64,
}

struct Weighed<'a> {
    change: &'a Change,
    log: f64,
    words: Vec<String>,
    against: Vec<String>,
}

/// The suspect of a case.
pub fn suspect(scene: &Scene<'_>) -> Suspect {
    let Some(main) = main_effect(scene.effects) else { return Suspect::default() };
    if let Some(named) = named_by_segment(scene, main) {
        return named;
    }
    let Some(table) = scene.store.tables.get(&main.table) else { return Suspect::default() };
    let series = table.series(&main.scope, main.last_bad.max(main.found));
    let series: Vec<(i64, Acc)> = clip(&series, main, scene.store.bucket);
    let calib = table.calib(mask_of(table, &main.scope));
    let seen = Seen::of(scene, main);
    let none = none_log(main, &series, calib, scene.store.bucket);
    let providers: Vec<(f64, String)> =
        scene.changes.iter().filter_map(|c| scope::provider(&seen, c)).collect();
    let told: Vec<f64> = providers.iter().map(|p| p.0).chain([0.0]).collect();
    let none = none + sum_exp(&told);
    let mut weighed: Vec<Weighed<'_>> = scene
        .changes
        .iter()
        .filter(|c| candidate(scene, main, c))
        .map(|c| weigh(scene, &seen, &series, calib, c))
        .collect();
    weighed.sort_by(|a, b| b.log.total_cmp(&a.log).then(a.change.id.cmp(&b.change.id)));
    let mut suspect = verdict(&weighed, none, scene);
    let says = providers.into_iter().map(|p| p.1);
    match suspect.release {
        Some(_) => suspect.against.extend(says),
        None => suspect.reasons.extend(says),
    }
    suspect.considered.extend(cleared(scene, main));
    suspect
}

/// Campaigns of the same time, and why they are no suspects.
fn cleared(scene: &Scene<'_>, main: &Effect) -> Vec<Considered> {
    let campaigns = scene.changes.iter().filter(|c| c.kind == ChangeKind::Campaign);
    let near = campaigns.filter(|c| in_time(scene, main, c));
    let why = "cleared: a campaign brings other shoppers, it does not change pages";
    near.map(|c| Considered { release: c.id.clone(), why: why.to_owned() }).collect()
}

/// Speed and errors speak first; among them the strongest.
pub fn main_effect(effects: &[Effect]) -> Option<&Effect> {
    let rank = |e: &&Effect| {
        let loss = matches!(e.shape, super::stat::Shape::Step);
        (u8::from(!loss), e.nats)
    };
    effects.iter().max_by(|a, b| {
        let (x, y) = (rank(a), rank(b));
        x.0.cmp(&y.0).then(x.1.total_cmp(&y.1)).then(b.table.cmp(&a.table))
    })
}

/// The place itself names a release or an experiment arm.
fn named_by_segment(scene: &Scene<'_>, main: &Effect) -> Option<Suspect> {
    let found = main.scope.dims.get(&Dim::Release).and_then(|versions| {
        scene
            .changes
            .iter()
            .find(|c| versions.contains(c.id.as_str()) || versions.contains(&c.version))
    });
    let arm = || {
        main.scope.dims.contains_key(&Dim::Cohort).then(|| {
            let near = |c: &&&Change| {
                c.kind == ChangeKind::Experiment
                    && c.effective_at() <= scene.store.end_of(main.onset.high)
            };
            scene.changes.iter().filter(near).max_by_key(|c| c.effective_at())
        })?
    };
    let change = found.or_else(arm)?;
    let who = if found.is_some() { "views of this release" } else { "this experiment arm" };
    let numbers = found.and_then(|c| Arms::of(scene, main, c));
    let numbers = numbers.map(|arms| format!(": {}", arms.words())).unwrap_or_default();
    Some(Suspect {
        release: Some(change.id.clone()),
        confidence: Confidence::High,
        reasons: vec![format!("only {who} are hit, others at the same time are not{numbers}")],
        against: Vec::new(),
        considered: vec![Considered {
            release: change.id.clone(),
            why: "named by the segment".into(),
        }],
    })
}

pub(super) fn mask_of(table: &Table, scope: &Scope) -> u16 {
    let fixed = table.key.dims.iter().enumerate().filter(|(_, d)| scope.dims.contains_key(d));
    fixed.fold(0, |m, (i, _)| m | 1 << i)
}

/// The part of a series that can tell an onset: three hours before it and all after.
fn clip(series: &[(i64, Acc)], main: &Effect, bucket: Span) -> Vec<(i64, Acc)> {
    let back = (HORIZON_MIN / bucket.as_mins_f64()) as i64;
    let back = if main.onset.ramp { 3 * back } else { back };
    series.iter().filter(|(b, _)| *b >= main.onset.low - back).copied().collect()
}

fn candidate(scene: &Scene<'_>, main: &Effect, c: &Change) -> bool {
    !matches!(c.kind, ChangeKind::Campaign | ChangeKind::Provider) && in_time(scene, main, c)
}

/// Live before the onset, and not longer than a day.
fn in_time(scene: &Scene<'_>, main: &Effect, c: &Change) -> bool {
    let live =
        !matches!(c.status, ChangeStatus::Queued | ChangeStatus::Failed | ChangeStatus::Cancelled);
    let slack = scene.store.bucket.times(2);
    let latest = scene.store.end_of(main.onset.high.max(main.onset.bucket)).plus(slack);
    let oldest = scene.store.start_of(main.onset.low).minus(Span::from_hours(24));
    live && c.effective_at() <= latest && c.effective_at() >= oldest
}

/// Mean likelihood over all onsets, step or ramp: the price of not knowing when.
fn none_log(main: &Effect, series: &[(i64, Acc)], calib: Calib, bucket: Span) -> f64 {
    let mut logs = Vec::new();
    let last = series.last().map_or(0, |s| s.0);
    for (from, _) in series {
        let (mut step, mut ramp) = (Fit::default(), Fit::default());
        let length = (last - from + 1) as f64;
        for (b, acc) in series.iter().filter(|(b, _)| b >= from) {
            step.add(main.shape, main.sign, acc, calib, 1.0);
            let dose = (b - from + 1) as f64 / length;
            ramp.add(main.shape, main.sign, acc, calib, dose);
        }
        logs.push(step.nats());
        logs.push(ramp.nats() - 1.0);
    }
    let onsets = (HORIZON_MIN / bucket.as_mins_f64()).max(logs.len() as f64 / 2.0).max(1.0);
    PRIOR_NONE.ln() + sum_exp(&logs) - onsets.ln()
}

fn sum_exp(logs: &[f64]) -> f64 {
    let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !top.is_finite() {
        return top;
    }
    top + logs.iter().map(|l| (l - top).exp()).sum::<f64>().ln()
}

fn weigh<'a>(
    scene: &Scene<'_>,
    seen: &Seen<'_>,
    series: &[(i64, Acc)],
    calib: Calib,
    c: &'a Change,
) -> Weighed<'a> {
    let main = seen.main;
    let mut words = Vec::new();
    let mut against = Vec::new();
    let fitted = |delay: Span, dose: fn(&Store, &Change, i64, Span) -> f64| {
        let mut fit = Fit::default();
        for (b, acc) in series {
            fit.add(main.shape, main.sign, acc, calib, dose(scene.store, c, *b, delay));
        }
        fit.nats()
    };
    let logs: Vec<f64> = delays(scene.store.bucket)
        .into_iter()
        .flat_map(|(minutes, prior)| {
            let delay = Span::from_millis((minutes * 60_000.0) as i64);
            let half = (prior / 2.0).ln();
            [half + fitted(delay, dose), half + fitted(delay, whole_dose)]
        })
        .collect();
    let onset = scene.store.start_of(main.onset.bucket);
    let gap = onset.since(c.effective_at()).as_mins_f64();
    words.push(format!("went live {} the harm began", minutes(gap)));
    let reach = scope::weigh(seen, c);
    words.extend(reach.words);
    against.extend(reach.against);
    let (arms, arm_word) = arms::weigh(scene, main, c);
    match arm_word {
        Some(w) if arms < 0.0 => against.push(w),
        Some(w) => words.push(w),
        None => {}
    }
    if let Some(w) = rollback_word(scene, main, c) {
        against.push(w);
    }
    let kinds = ((1.0 - PRIOR_NONE) / 2.0).ln();
    Weighed { change: c, log: kinds + sum_exp(&logs) + reach.log + arms, words, against }
}

/// Delays at half a bucket's spacing with their prior weights: strong evidence pins the onset to a
/// bucket, and a delay that misses it by one would clear the guilty.
fn delays(bucket: Span) -> Vec<(f64, f64)> {
    let step = (bucket.as_mins_f64() / 2.0).clamp(0.25, DELAY_MAX_MIN);
    let count = (DELAY_MAX_MIN / step) as u32;
    let at = |i: u32| f64::from(i) * step;
    let weight = |i: u32| (-at(i) / DELAY_MEAN_MIN).exp();
    let all: f64 = (0..=count).map(weight).sum();
    (0..=count).map(|i| (at(i), weight(i) / all)).collect()
}

fn minutes(gap: f64) -> String {
    if gap.abs() < 1.0 {
        "just when".to_owned()
    } else if gap > 0.0 {
        format!("{gap:.0} min before")
    } else {
        format!("{:.0} min after", -gap)
    }
}

/// Share of a bucket's traffic that met the change.
fn dose(store: &Store, c: &Change, bucket: i64, delay: Span) -> f64 {
    let (start, end) = (store.start_of(bucket).minus(delay), store.end_of(bucket).minus(delay));
    let probe = |share: f64| {
        let at = start.plus(Span::from_millis((end.since(start).millis() as f64 * share) as i64));
        c.share_at(at)
    };
    (probe(0.05) + probe(0.35) + probe(0.65) + probe(0.95)) / 4.0
}

/// The same with the bucket of the start counted whole: windows of scraped counters and clocks of
/// other machines put harm up to a bucket before the change.
fn whole_dose(store: &Store, c: &Change, bucket: i64, delay: Span) -> f64 {
    c.share_at(store.end_of(bucket).minus(delay).minus(Span::from_millis(1)))
}

/// A change taken back while the harm stayed.
fn rollback_word(scene: &Scene<'_>, main: &Effect, c: &Change) -> Option<String> {
    let back = c.rolled_back_at?;
    let bad_since = scene.store.end_of(main.last_bad).since(back).as_mins_f64();
    (back <= scene.store.end_of(scene.now) && bad_since >= 10.0)
        .then(|| format!("taken back, no better {bad_since:.0} min later"))
}

fn verdict(weighed: &[Weighed<'_>], none: f64, scene: &Scene<'_>) -> Suspect {
    let mut logs: Vec<f64> = weighed.iter().map(|w| w.log).collect();
    logs.push(none);
    let all = sum_exp(&logs);
    let posterior = |log: f64| (log - all).exp();
    let considered = weighed.iter().map(|w| Considered {
        release: w.change.id.clone(),
        why: format!(
            "{} % likely: {}",
            percent(posterior(w.log)),
            w.words.iter().chain(&w.against).cloned().collect::<Vec<_>>().join("; ")
        ),
    });
    let considered: Vec<Considered> = considered.collect();
    let none_share = posterior(none);
    match weighed.first() {
        Some(w) if posterior(w.log) > 0.5 => Suspect {
            release: Some(w.change.id.clone()),
            confidence: confidence(posterior(w.log)),
            reasons: w.words.clone(),
            against: w.against.clone(),
            considered,
        },
        _ => Suspect {
            release: None,
            confidence: Confidence::None,
            reasons: vec![no_release(weighed, none_share, scene)],
            against: Vec::new(),
            considered,
        },
    }
}

fn no_release(weighed: &[Weighed<'_>], none: f64, scene: &Scene<'_>) -> String {
    if weighed.is_empty() {
        scene.feed.none("no release explains this: none went live in the day before")
    } else {
        format!("no release explains this ({} % likely)", percent(none))
    }
}

fn percent(p: f64) -> u32 {
    (p * 100.0).round().clamp(0.0, 100.0) as u32
}

fn confidence(p: f64) -> Confidence {
    if p >= 0.9 {
        Confidence::High
    } else if p >= 0.7 {
        Confidence::Medium
    } else {
        Confidence::Low
    }
}

/// A release to blame for trouble that only checks saw, by its time alone.
pub fn by_time(changes: &[&Change], since: Timestamp, feed: &Feed) -> Suspect {
    let near = changes.iter().filter(|c| {
        let gap = since.since(c.effective_at()).as_mins_f64();
        (-1.0..=12.0).contains(&gap) && c.rolled_back_at.is_none_or(|t| t > since)
    });
    match near.max_by_key(|c| c.effective_at()) {
        Some(c) => Suspect {
            release: Some(c.id.clone()),
            confidence: Confidence::Low,
            reasons: vec!["went live within minutes before the first failed check".to_owned()],
            ..Suspect::default()
        },
        None => Suspect {
            reasons: vec![feed.none("no release explains this: none went live just before")],
            ..Suspect::default()
        },
    }
}
