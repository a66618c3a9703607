//! What the screens claim of an incident, held against the truth of the shop: whom they name, where
//! they say it is, what they say it costs and cost, and that nothing is told as burning once it is
//! over. Words no tired person knows are faults too.

use std::collections::{BTreeMap, BTreeSet};

use tillwatch::board::{Board, IncidentView};
use tillwatch::domain::change::{ChangeKind, ChangeStatus};
use tillwatch::domain::metric::{Bad, Metric};
use tillwatch::domain::time::{Span, Timestamp};
use tillwatch::shop::truth::Truth;
use tillwatch::verdict::{Class, Confidence, Verdict};

use super::reading::Frame;

/// An incident and a fault of the truth are held to be the same thing within this time.
const NEAR: Span = Span::from_mins(30);
/// A place is held against the truth once it had so much time to be told.
const SETTLED: Span = Span::from_mins(10);
/// Words of the arithmetic, and of values that are none.
const JARGON: [&str; 7] = [" nats", "LLR", "NaN", "inf ", "()", "-0%", "null"];

/// What was claimed so far.
#[derive(Default)]
pub struct Claims {
    lost: BTreeMap<String, (f64, f64)>,
    lasted: BTreeMap<String, i64>,
    told: BTreeSet<String>,
}

impl Claims {
    /// Every fault of this minute that was not told before.
    pub fn read(
        &mut self,
        board: &Board,
        frames: &[Frame],
        truth: &Truth,
        now: Timestamp,
    ) -> Vec<String> {
        let mut found = Vec::new();
        for x in &board.incidents {
            found.extend(whom(x, truth));
            found.extend(place(x, truth, now));
            found.extend(over(x));
            found.extend(self.sums(x));
        }
        found.extend(releases(board));
        found.extend(cells(board));
        found.extend(unfounded(board));
        found.extend(accused(board));
        for frame in frames {
            found.extend(words(frame).map(|w| format!("{}: {w}\n{}", frame.page, frame.text)));
        }
        let at = now.utc().format("%H:%M").to_string();
        let first = |text: &String| text.lines().next().unwrap_or_default().to_owned();
        found.retain(|text| self.told.insert(first(text)));
        found.into_iter().map(|text| format!("{at} {text}")).collect()
    }

    /// Money lost and sessions hit never fall, and a closed incident ages no more.
    fn sums(&mut self, x: &IncidentView) -> Vec<String> {
        let mut found = Vec::new();
        if let Some(lost) = x.lost {
            let old = self.lost.insert(x.id.to_string(), (lost.low, lost.high));
            if old.is_some_and(|(low, high)| lost.low < low || lost.high < high) {
                let text = format!("{}: lost {lost:?} was {old:?}", x.id);
                found.push(text);
            }
        }
        if let Some(end) = x.ended_at.filter(|_| !x.state.is_open()) {
            let lasted = end.since(x.onset_at).secs();
            let old = self.lasted.insert(x.id.to_string(), lasted);
            if old.is_some_and(|old| old != lasted) {
                found.push(format!("{} is closed and its age moves: {old:?} {lasted}", x.id));
            }
        }
        found
    }
}

/// Faults of the truth that an incident may be about.
fn same<'a>(
    x: &'a IncidentView,
    truth: &'a Truth,
) -> impl Iterator<Item = &'a tillwatch::shop::truth::TrueIncident> {
    truth.incidents.iter().filter(|i| {
        let end = i.healed_at.or(i.end);
        let began = x.onset_at.plus(NEAR) >= i.onset;
        began && end.is_none_or(|end| x.onset_at <= end.plus(NEAR))
    })
}

/// "High" is said of nobody who did not do it.
fn whom(x: &IncidentView, truth: &Truth) -> Option<String> {
    let named = x.suspect.release.as_ref().filter(|_| x.suspect.confidence == Confidence::High)?;
    let guilty = same(x, truth).any(|i| i.release.as_deref() == Some(named.as_str()));
    (!guilty).then(|| format!("{} accuses {named} (high), which did not do it", x.headline))
}

/// Where it is said to be, somebody is hit.
fn place(x: &IncidentView, truth: &Truth, now: Timestamp) -> Option<String> {
    if x.class == Class::Telemetry || now.since(x.opened_at) < SETTLED || !x.firing {
        return None;
    }
    let mut about = same(x, truth).filter(|i| i.class != "telemetry").peekable();
    about.peek()?;
    let hit = about.any(|i| {
        i.segments.is_empty()
            || x.segments.is_empty()
            || x.segments.iter().any(|s| i.segments.iter().any(|t| t.overlaps(s)))
    });
    let wide = x.segments.iter().any(|s| s.dims.is_empty());
    let part = |i: &tillwatch::shop::truth::TrueIncident| {
        !i.segments.is_empty() && i.segments.iter().all(|t| !t.dims.is_empty())
    };
    let mut theirs = same(x, truth).filter(|i| i.class != "telemetry");
    if wide && theirs.all(part) {
        return Some(format!("{} is said of the whole shop, and a part is hit", x.headline));
    }
    (!hit).then(|| format!("{} is said of {:?}, where nobody is hit", x.headline, x.segments))
}

/// What is over is not told as burning: no cost a minute, no finding in breach, nothing that says
/// the shoppers took no harm of what cost money.
fn over(x: &IncidentView) -> Vec<String> {
    let mut found = Vec::new();
    let costs = x.revenue_at_risk.as_ref().is_some_and(|m| m.high > 0.0);
    if x.ended_at.is_some() && costs {
        found.push(format!("{} is over and costs {:?} a minute", x.id, x.revenue_at_risk));
    }
    let breach = x.findings.iter().find(|f| f.verdict == Verdict::Breach);
    if let (Some(_), Some(f)) = (x.ended_at, breach) {
        found.push(format!("{} is over and in breach: {}", x.id, f.text));
    }
    let buying = |m: Metric| {
        m.row().label.contains("step") || matches!(m, Metric::Sessions | Metric::EdgeRequests)
    };
    let lost = x.findings.iter().any(|f| f.value.is_some() && buying(f.metric));
    let unharmed = |t: &String| t.contains("business unharmed");
    if lost && x.evidence_against.iter().any(unharmed) {
        found.push(format!("{} lost shoppers and says the business is unharmed", x.id));
    }
    found
}

/// Of one service's releases those that are called live share the shoppers among them.
fn releases(board: &Board) -> Vec<String> {
    let mut live: BTreeMap<(&str, &str), f64> = BTreeMap::new();
    let shipped = |kind| {
        matches!(
            kind,
            ChangeKind::Deploy | ChangeKind::Theme | ChangeKind::App | ChangeKind::Rollback
        )
    };
    let mut found = Vec::new();
    for r in board.releases.iter().filter(|r| shipped(r.kind)) {
        let is_live = r.status == ChangeStatus::Succeeded;
        if is_live && r.share <= 0.0 && r.started_at.is_some_and(|at| at <= board.generated_at) {
            found.push(format!("{} is live for nobody", r.id));
        }
        if is_live {
            *live.entry((&r.service, &r.environment)).or_default() += r.share;
        }
    }
    let more = live.iter().filter(|(_, share)| **share > 1.001);
    found.extend(more.map(|((service, _), share)| format!("{service} is live {share:.2} times")));
    found
}

/// A cell that is called ok holds no number far beyond chance on the bad side.
fn cells(board: &Board) -> Vec<String> {
    // money is no count of events: its noise is that of the orders behind it
    let money = Metric::Revenue;
    let well = board.cells.iter().filter(|c| c.verdict == Verdict::Ok && c.metric != money);
    let wrong = well.filter(|c| {
        let (Some(value), Some(base), Some(interval)) = (c.value, c.baseline, c.interval) else {
            return false;
        };
        // a count that fell has the noise of what was expected
        let counted =
            if c.stat == "count" { 1.96 * (base / c.minutes.max(1.0)).sqrt() } else { 0.0 };
        let half = ((interval.high - interval.low) / 2.0).max(counted);
        let by = match c.metric.row().bad {
            Bad::Up => value - base,
            Bad::Down => base - value,
            Bad::Both => return false,
        };
        by > 3.0 * half && by > 0.5 * base
    });
    wrong
        .map(|c| {
            format!(
                "{:?} in {} is called ok: {:?} of {:?}",
                c.metric, c.segment, c.value, c.baseline
            )
        })
        .collect()
}

/// A cell in breach has a number, and not a better one than usual.
fn unfounded(board: &Board) -> Vec<String> {
    let breach = board.cells.iter().filter(|c| c.verdict == Verdict::Breach);
    let wrong = breach.filter(|c| {
        let better = match (c.value, c.baseline, c.metric.row().bad) {
            (Some(value), Some(base), Bad::Up) => value < base,
            (Some(value), Some(base), Bad::Down) => value > base,
            _ => false,
        };
        c.n <= 0.0 || c.value.is_none() || better
    });
    let told = wrong.map(|c| {
        let (value, base) = (c.value, c.baseline);
        format!("{} in {} is in breach: {value:?} of {base:?}, n {}", c.metric, c.segment, c.n)
    });
    told.collect()
}

/// The release that a burning incident accuses shows harm of its own.
fn accused(board: &Board) -> Vec<String> {
    let open = board.incidents.iter().filter(|x| x.firing && x.ended_at.is_none());
    let judged = open.filter(|x| x.findings.iter().any(|f| measured(f.metric) && f.n > 0.0));
    let named = judged.filter_map(|x| Some((x, x.suspect.release.as_ref()?)));
    let silent = named.filter(|(_, release)| {
        let mine = board.impacts.iter().filter(|i| i.release == **release);
        !mine.clone().any(|i| i.verdict == Verdict::Breach)
    });
    let told = silent.map(|(x, release)| format!("{}: {release} shows no harm", x.headline));
    told.collect()
}

/// What the Releases page compares.
fn measured(metric: Metric) -> bool {
    matches!(metric, Metric::Lcp | Metric::Inp | Metric::JsErrorRate)
        || metric.row().label.contains("step")
}

/// Words that say nothing to whom they wake.
fn words(frame: &Frame) -> impl Iterator<Item = String> {
    let found = JARGON.iter().filter(|w| frame.text.contains(**w));
    found.map(|w| format!("says {w:?}"))
}
