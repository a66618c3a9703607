//! Marks of runs and the table made of them, by the rules of `score_incidents.py`.
//! Only arithmetic and words; what was seen comes from `play`.

use std::collections::{BTreeMap, BTreeSet};

use tillwatch::domain::segment::Scope;
use tillwatch::domain::severity::Severity;
use tillwatch::domain::time::{Span, Timestamp};
use tillwatch::verdict::{Class, Confidence};

use super::place::{Overlap, overlap};
use super::play::{Called, Run};
use crate::stepped::Seen;

/// Sums over runs.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    pub truths: u32,
    pub found: u32,
    /// By the human's call, and within twice the human's minutes.
    pub in_time: u32,
    pub in_twice: u32,
    pub minutes: Vec<f64>,
    pub human: Vec<f64>,
    pub wrong: u32,
    pub duplicates: u32,
    pub precision: f64,
    pub recall: f64,
    pub blamed: u32,
    pub accused: u32,
    pub severity: u32,
    pub severity_near: u32,
    pub telemetry: (u32, u32),
    /// Runs without an incident in the truth: clean, all.
    pub benign: (u32, u32),
    pub hours: f64,
}

impl Marks {
    pub fn add(&mut self, o: &Self) {
        self.truths += o.truths;
        self.found += o.found;
        self.in_time += o.in_time;
        self.in_twice += o.in_twice;
        self.minutes.extend(&o.minutes);
        self.human.extend(&o.human);
        self.wrong += o.wrong;
        self.duplicates += o.duplicates;
        self.precision += o.precision;
        self.recall += o.recall;
        self.blamed += o.blamed;
        self.accused += o.accused;
        self.severity += o.severity;
        self.severity_near += o.severity_near;
        self.telemetry = (self.telemetry.0 + o.telemetry.0, self.telemetry.1 + o.telemetry.1);
        self.benign = (self.benign.0 + o.benign.0, self.benign.1 + o.benign.1);
        self.hours += o.hours;
    }
}

fn minutes(span: Span) -> f64 {
    span.millis() as f64 / 60_000.0
}

fn telemetry(class: Class) -> bool {
    class == Class::Telemetry
}

fn fits(run: &Run, one: &Seen, call: &Called) -> Option<Overlap> {
    let same = telemetry(one.settled.class) == (call.real.class == "telemetry");
    // a fault of a source itself names no place: it is everywhere
    let everywhere = [Scope::everything()];
    let named = match one.settled.segments.as_slice() {
        [] => everywhere.as_slice(),
        some => some,
    };
    let o = overlap(&run.world, named, &call.real.segments, call.arm);
    (same && o.recall > 0.0).then_some(o)
}

/// The incident that stands for a truth: the first in time; of several truths the one that fits.
fn best(run: &Run, call: &Called, used: &BTreeSet<usize>) -> Option<(usize, Overlap)> {
    let slack = Span::from_hours(if call.real.severity == 3 { 4 } else { 2 });
    let dead = call.human.map_or(run.end, |h| h.plus(slack));
    let mut best: Option<(usize, Overlap)> = None;
    for (i, one) in run.seen.iter().enumerate().filter(|(i, _)| !used.contains(i)) {
        if one.opened_at < call.real.onset || one.opened_at > dead {
            continue;
        }
        let Some(o) = fits(run, one, call) else { continue };
        let closer = |b: &(usize, Overlap)| run.called.len() > 1 && o.jaccard > b.1.jaccard + 0.2;
        if best.as_ref().is_none_or(closer) {
            best = Some((i, o));
        }
    }
    best
}

/// What is opened later over the same place is a duplicate, not false.
fn again(run: &Run, call: &Called, one: &Seen) -> bool {
    let over = call.real.end.map(|e| e.plus(Span::from_hours(1)));
    let mine = fits(run, one, call).filter(|o| o.recall > 0.05);
    let Some(mine) = mine.filter(|_| one.opened_at >= call.real.onset) else { return false };
    let nearer = |other: &Called| {
        other.real.id != call.real.id
            && fits(run, one, other).is_some_and(|o| o.jaccard > mine.jaccard)
    };
    over.is_none_or(|end| one.opened_at <= end) && !run.called.iter().any(nearer)
}

/// Marks a run; lines for people with everything that is not right spelled out.
pub fn mark(run: &Run) -> (Marks, Vec<String>) {
    let mut marks = Marks { hours: run.hours, ..Marks::default() };
    let (mut used, mut lines) = (BTreeSet::new(), Vec::new());
    let head = format!("{:<26}{}", run.scenario, run.seed);
    for call in &run.called {
        marks.truths += 1;
        marks.telemetry.1 += u32::from(call.real.class == "telemetry");
        let Some((i, place)) = best(run, call, &used) else {
            lines.push(format!(
                "{head}  MISSED {} {}",
                call.real.class,
                places(&call.real.segments)
            ));
            continue;
        };
        used.insert(i);
        let Some(one) = run.seen.get(i) else { continue };
        let again: Vec<usize> = (0..run.seen.len())
            .filter(|k| !used.contains(k) && run.seen.get(*k).is_some_and(|s| again(run, call, s)))
            .collect();
        marks.duplicates += again.len() as u32;
        lines.push(format!("{head}  {}", found(&mut marks, call, one, place)));
        for k in again {
            used.insert(k);
            lines.extend(run.seen.get(k).map(|s| format!("{head}  DUPLICATE {}", told(run, s))));
        }
    }
    let rest = run.seen.iter().enumerate().filter(|(i, _)| !used.contains(i));
    let (loud, notes): (Vec<_>, Vec<_>) = rest.partition(|(_, s)| s.worst <= Severity::Sev3);
    lines.extend(loud.iter().map(|(_, s)| format!("{head}  FALSE {}", told(run, s))));
    lines.extend(notes.iter().map(|(_, s)| format!("{head}  note {}", told(run, s))));
    marks.wrong += loud.len() as u32;
    if run.truth.incidents.is_empty() {
        marks.benign = (u32::from(loud.is_empty()), 1);
        lines.push(format!("{head}  {}", if loud.is_empty() { "quiet" } else { "NOT QUIET" }));
    }
    lines.extend(run.said.iter().map(|n| format!("{head}  says {n}")));
    lines.extend(run.notices.iter().map(|n| format!("{head}  notice: {n}")));
    (marks, lines)
}

fn found(marks: &mut Marks, call: &Called, one: &Seen, place: Overlap) -> String {
    let onset = call.real.onset;
    let taken = minutes(one.opened_at.since(onset));
    let human = call.human.map(|h| minutes(h.since(onset)).max(5.0));
    marks.found += 1;
    marks.telemetry.0 += u32::from(call.real.class == "telemetry");
    marks.minutes.push(taken);
    marks.human.extend(human);
    let in_time = human.is_none_or(|h| taken <= h);
    marks.in_time += u32::from(in_time);
    marks.in_twice += u32::from(human.is_none_or(|h| taken <= 2.0 * h));
    marks.precision += place.precision;
    marks.recall += place.recall;
    let suspect = &one.last.suspect;
    let named = suspect.release.as_ref().filter(|_| suspect.confidence != Confidence::None);
    let named = named.map(ToString::to_string);
    let right = named == call.real.release;
    marks.blamed += u32::from(right);
    marks.accused += u32::from(!right && named.is_some());
    let severity = one.settled.severity.number();
    marks.severity += u32::from(severity == call.real.severity);
    marks.severity_near += u32::from(severity.abs_diff(call.real.severity) <= 1);
    let mark = |ok: bool| if ok { "" } else { " WRONG" };
    format!(
        "+{taken:.0} min (human {}){} P {:.2} R {:.2}{} sev {severity}/{}{} suspect {}/{}{}",
        human.map_or("-".to_owned(), |h| format!("{h:.0}")),
        if in_time { "" } else { " LATE" },
        place.precision,
        place.recall,
        if place.jaccard > 0.95 {
            String::new()
        } else {
            format!(" WRONG {}", places(&one.settled.segments))
        },
        call.real.severity,
        mark(severity == call.real.severity),
        named.as_deref().unwrap_or("none"),
        call.real.release.as_deref().unwrap_or("none"),
        mark(right),
    )
}

fn places(scopes: &[Scope]) -> String {
    scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ")
}

fn told(run: &Run, one: &Seen) -> String {
    let since = |t: Timestamp| minutes(t.since(run.start));
    let i = &one.settled;
    format!(
        "+{:.0} min from start, Sev {} {:?} [{}] {} ({}); {}",
        since(one.opened_at),
        one.worst.number(),
        i.class,
        places(&i.segments),
        i.headline,
        i.rule,
        i.findings.first().map_or("", |f| f.test.as_str()),
    )
}

fn middle(values: &[f64], q: f64) -> String {
    let mut v = values.to_vec();
    v.sort_by(f64::total_cmp);
    let at = ((v.len().max(1) - 1) as f64 * q).round() as usize;
    v.get(at).map_or("-".to_owned(), |x| format!("{x:.0}"))
}

fn share(part: f64, all: u32) -> String {
    if all == 0 { "-".to_owned() } else { format!("{:.2}", part / f64::from(all)) }
}

fn row(name: &str, m: &Marks) -> String {
    let of = |n: u32| share(f64::from(n), m.found);
    format!(
        "| {name} | {} | {} | {} | {} / {} | {} | {} | {} | {} / {} | {} | {} | {} / {} |",
        share(f64::from(m.found), m.truths),
        share(f64::from(m.in_time), m.truths),
        share(f64::from(m.in_twice), m.truths),
        middle(&m.minutes, 0.5),
        middle(&m.minutes, 0.9),
        middle(&m.human, 0.5),
        m.wrong,
        m.duplicates,
        share(m.precision, m.found),
        share(m.recall, m.found),
        of(m.blamed),
        m.accused,
        of(m.severity),
        of(m.severity_near),
    )
}

/// The table of all scenarios and their sum, in Markdown.
pub fn table(marks: &BTreeMap<&'static str, Marks>) -> String {
    let mut all = Marks::default();
    let mut lines = vec![
        "| scenario | found | by the human's call | within twice | minutes median / 90 % | human's \
         minutes | false | duplicates | segment precision / recall | release or rightly none | \
         innocent accused | severity exact / within one |"
            .to_owned(),
        format!("|---|{}", "---|".repeat(11)),
    ];
    for (name, m) in marks {
        lines.push(row(name, m));
        all.add(m);
    }
    lines.push(row("all", &all));
    let weeks = all.hours / 168.0;
    lines.push(format!(
        "\n{:.1} shop-weeks; false incidents a shop-week {:.2}; duplicates an incident {}; \
         telemetry recognised {}; benign runs clean {}",
        weeks,
        f64::from(all.wrong) / weeks.max(1e-9),
        share(f64::from(all.duplicates), all.found),
        share(f64::from(all.telemetry.0), all.telemetry.1),
        share(f64::from(all.benign.0), all.benign.1),
    ));
    lines.join("\n")
}
