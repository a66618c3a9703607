//! Holds what was seen of a played day against its truth: whose incident is whose, seconds, place,
//! severity, suspect; what was false or told twice. Arithmetic alone; words are in `table`.

use std::collections::BTreeSet;

use tillwatch::verdict::Class;

use super::place::{Overlap, overlap};
use super::play::{Glance, Played, Seen};
use super::rules;
use super::story::Phase;

/// An incident may open so long after a fault's end and still be its own.
const LATE: i64 = 240;
/// Told again within so long after a fault's end it is a duplicate, not false.
const AGAIN: i64 = 900;

/// How the suspect stands to the truth.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Blame {
    Guilty,
    /// A tie that holds the guilty one.
    Tie,
    RightlyNone,
    Innocent,
    WronglyNone,
}

/// One fault with what was told of it.
pub struct Mark {
    pub fault: usize,
    /// Its own incident.
    pub own: Option<usize>,
    /// Or the one that was open over its place meanwhile.
    pub inside: Option<usize>,
    pub place: Overlap,
    pub blame: Option<Blame>,
    pub class_right: bool,
    /// Severity at its end and at its worst, of its own incident.
    pub severity: Option<(u8, u8)>,
    /// Seconds from onset: here, first alert of the rules, their first page.
    pub opened: Option<i64>,
    pub paged: Option<i64>,
    pub rules: (Option<i64>, Option<i64>),
}

pub struct Marks {
    pub marks: Vec<Mark>,
    /// Incidents that are about nothing: which, and in which phase they opened.
    pub wrong: Vec<(usize, String)>,
    pub twice: Vec<(usize, usize)>,
}

fn measuring(class: Class) -> bool {
    class == Class::Telemetry
}

/// When a fault is settled: what is said then counts.
pub fn settled(phase: &Phase, seen: &Seen) -> i64 {
    phase.end.max(seen.opened + 60)
}

/// How well an incident fits a fault; none when it cannot be about it.
fn fits(phase: &Phase, seen: &Seen) -> Option<f64> {
    let glance = seen.at(settled(phase, seen))?;
    let alike = phase.kind.classes.contains(&Class::Telemetry) == measuring(glance.class);
    let in_time = phase.onset <= seen.opened && seen.opened <= phase.end + LATE;
    let o = overlap(&glance.places, phase.kind.truth);
    let near = (seen.onset - phase.onset).abs() as f64 / 120.0;
    (alike && in_time && o.recall > 0.0).then_some(o.jaccard - 0.3 * near.min(3.0))
}

fn pairs(played: &Played) -> Vec<(usize, usize)> {
    let mut all: Vec<(f64, usize, usize)> = Vec::new();
    for (f, phase) in played.story.phases.iter().enumerate() {
        if phase.kind.is_benign() {
            continue;
        }
        for (s, seen) in played.seen.iter().enumerate() {
            all.extend(fits(phase, seen).map(|score| (score, f, s)));
        }
    }
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut faults, mut used) = (BTreeSet::new(), BTreeSet::new());
    let mut kept = Vec::new();
    for (_, f, s) in all {
        if !faults.contains(&f) && !used.contains(&s) {
            faults.insert(f);
            used.insert(s);
            kept.push((f, s));
        }
    }
    kept
}

pub fn blame(glance: &Glance, guilty: Option<&String>) -> Blame {
    let named = glance.release.as_ref().filter(|_| glance.confidence != "none");
    let tied = glance.candidates.len() > 1
        && guilty.is_some_and(|g| glance.candidates.iter().any(|c| c.0 == *g));
    match (named, guilty) {
        (Some(named), Some(guilty)) if named == guilty => Blame::Guilty,
        // "one of A, B" is no accusation of A
        (_, Some(_)) if tied && glance.confidence != "high" => Blame::Tie,
        (Some(_), _) => Blame::Innocent,
        (None, None) => Blame::RightlyNone,
        (None, Some(_)) => Blame::WronglyNone,
    }
}

/// The incident that was open over a fault's place and is not its own.
fn taken_in(played: &Played, phase: &Phase) -> Option<usize> {
    let mut best: Option<(f64, usize)> = None;
    for (n, seen) in played.seen.iter().enumerate() {
        let times = (phase.onset + 60..phase.end + 60).step_by(30);
        let recall = times.filter(|t| seen.is_open(*t)).filter_map(|t| {
            let glance = seen.at(t)?;
            let alike = phase.kind.classes.contains(&Class::Telemetry) == measuring(glance.class);
            alike.then(|| overlap(&glance.places, phase.kind.truth).recall)
        });
        let recall = recall.fold(0.0, f64::max);
        if recall > 0.05 && best.is_none_or(|b| recall > b.0) {
            best = Some((recall, n));
        }
    }
    best.map(|b| b.1)
}

fn mark(played: &Played, fault: usize, own: Option<usize>) -> Option<Mark> {
    let phase = played.story.phases.get(fault)?;
    let seen = own.and_then(|n| played.seen.get(n));
    let glance = seen.and_then(|s| s.at(settled(phase, s)));
    let until = seen.map_or(0, |s| settled(phase, s));
    let worst =
        seen.and_then(|s| s.glances.iter().filter(|g| g.at <= until).map(|g| g.severity).min());
    let paged = seen.and_then(|s| s.glances.iter().find(|g| g.severity <= 2).map(|g| g.at));
    Some(Mark {
        fault,
        own,
        inside: if own.is_none() { taken_in(played, phase) } else { None },
        place: glance.map(|g| overlap(&g.places, phase.kind.truth)).unwrap_or_default(),
        blame: glance.map(|g| blame(g, phase.guilty.as_ref())),
        class_right: glance.is_some_and(|g| phase.kind.classes.contains(&g.class)),
        severity: glance.map(|g| g.severity).zip(worst),
        opened: seen.map(|s| s.opened - phase.onset),
        paged: paged.map(|at| at - phase.onset),
        rules: rules::told(&played.alerts, phase),
    })
}

/// Is it about a fault that has an incident of its own already?
fn again(played: &Played, seen: &Seen) -> Option<usize> {
    let of = |(_, phase): &(usize, &Phase)| {
        let Some(glance) = seen.at(settled(phase, seen)) else { return false };
        let alike = phase.kind.classes.contains(&Class::Telemetry) == measuring(glance.class);
        let in_time = phase.onset <= seen.opened && seen.opened <= phase.end + AGAIN;
        let o = overlap(&glance.places, phase.kind.truth);
        !phase.kind.is_benign() && alike && in_time && o.jaccard > 0.05
    };
    let mut all: Vec<(usize, &Phase)> = played.story.phases.iter().enumerate().filter(of).collect();
    all.sort_by_key(|(_, p)| (seen.onset - p.onset).abs());
    all.first().map(|(n, _)| *n)
}

/// The phase in which an instant lies, in words.
pub fn during(played: &Played, at: i64) -> String {
    let on = played.story.phases.iter().filter(|p| p.onset <= at && at < p.end + 120);
    let names: Vec<&str> = on.map(|p| p.kind.name).collect();
    if names.is_empty() { "calm".to_owned() } else { names.join(" and ") }
}

pub fn score(played: &Played) -> Marks {
    let pairs = pairs(played);
    let own = |f: usize| pairs.iter().find(|p| p.0 == f).map(|p| p.1);
    let faults = played.story.phases.iter().enumerate().filter(|(_, p)| !p.kind.is_benign());
    let marks = faults.filter_map(|(f, _)| mark(played, f, own(f))).collect();
    let (mut wrong, mut twice) = (Vec::new(), Vec::new());
    for (n, seen) in played.seen.iter().enumerate() {
        if pairs.iter().any(|p| p.1 == n) {
            continue;
        }
        match again(played, seen) {
            Some(fault) => twice.push((n, fault)),
            None => wrong.push((n, during(played, seen.opened))),
        }
    }
    Marks { marks, wrong, twice }
}
