//! What a guardrail that is not in breach says: that all is as usual, what was noticed, or why it
//! cannot be judged. Opens nothing and looks at no case.

use crate::detect::verdict::{Cell, Judged, Verdict};
use crate::domain::metric::Metric;
use crate::domain::segment::Segment;
use crate::policy::guardrail::{GuardClass, Guardrail};

use super::engine::Engine;
use super::stat::{Shape, evidence};
use super::table::{Role, Table};
use super::{notes, probes, scan, visits};

/// Share of beacons beyond the visits from which collection is doubted.
const SURPLUS: f64 = 0.25;

/// An answer: whether the row was judged, the verdict, and the words.
pub type Answer = (Judged, Verdict, String);

/// The answer of a row that no case breaks.
pub fn calm(engine: &Engine, row: &Guardrail, cells: &[Cell], bucket: i64) -> Answer {
    if engine.judged_until().is_none() {
        return (Judged::Learning, Verdict::Unsure, "not judged yet".to_owned());
    }
    if let Some((verdict, text)) = engine.flaws.calm(&row.condition) {
        let judged = if verdict == Verdict::Ok { Judged::Yes } else { Judged::Unmeasured };
        return (judged, verdict, text);
    }
    unheard(engine, row, bucket).unwrap_or_else(|| heard(engine, row, cells, bucket))
}

/// Why nothing is known of what the row watches; none while something is.
fn unheard(engine: &Engine, row: &Guardrail, bucket: i64) -> Option<Answer> {
    let tables = || {
        let watched = |f: &super::table::Family| row.metric.contains(&f.0);
        engine.store.tables.values().filter(move |t| watched(&t.key.family))
    };
    let probed = row.metric.contains(&Metric::CheckSuccess);
    let checks = probed && !engine.checks.runs.is_empty();
    let some = tables().next().is_some();
    let unsure = |judged, text: &str| Some((judged, Verdict::Unsure, text.to_owned()));
    if some && tables().all(|t| engine.blind.contains_key(&t.key.source)) {
        return Some((Judged::Blind, Verdict::Blind, "its source tells nothing".to_owned()));
    }
    let unseen = probed.then(|| probes::unseen(engine, engine.store.end_of(bucket))).flatten();
    if let Some((verdict, text)) = unseen {
        let judged = if verdict == Verdict::Blind { Judged::Blind } else { Judged::Unseen };
        return Some((judged, verdict, text));
    }
    if !checks && !some {
        return unsure(Judged::Unmeasured, "nothing measures it");
    }
    if !checks && tables().all(|t| t.latest == i64::MIN) {
        return unsure(Judged::Learning, "no live number yet");
    }
    if !checks && learning(engine, row, tables()) {
        return unsure(Judged::Learning, "learning what is usual");
    }
    None
}

/// A row that compares with what is usual, while nothing of it has a usual level: of a shop that is
/// new, or of a source whose history is shorter than the others'.
fn learning<'a>(
    engine: &Engine,
    row: &Guardrail,
    mut tables: impl Iterator<Item = &'a Table>,
) -> bool {
    let compares = row.condition.min_change().is_some();
    engine.learning() || compares && !tables.any(|t| t.leaves.iter().any(|l| l.prof.known()))
}

/// The answer of a row whose numbers are there.
fn heard(engine: &Engine, row: &Guardrail, cells: &[Cell], bucket: i64) -> Answer {
    let surplus = (row.class == GuardClass::Telemetry).then(|| surplus(engine)).flatten();
    if let Some(more) = surplus {
        return (Judged::Yes, Verdict::Unsure, more);
    }
    if let Some((judged, text)) = visits::unjudged(engine, row, bucket) {
        return (judged, Verdict::Unsure, text);
    }
    let (verdict, text) = notes::noticed(engine, row, cells, bucket)
        .unwrap_or_else(|| (Verdict::Ok, "within its usual band".to_owned()));
    (Judged::Yes, verdict, text)
}

/// More beacons than the visits explain: collected twice, or bots. Noted, never an incident.
fn surplus(engine: &Engine) -> Option<String> {
    let window = engine.lengths.len().checked_sub(5)?;
    let line = engine.settings.policy.detect.sensitivity.nats();
    let tables = engine.store.family((Metric::PageViews, Role::Beacon));
    let found = tables.filter_map(|t| {
        let (acc, _) = scan::at(t, &Segment::all(), window)?;
        let more = evidence(Shape::Flow, 1.0, &acc, t.calib(0));
        (more.nats >= line && more.harm >= SURPLUS).then_some(more.harm)
    });
    let most = found.fold(0.0, f64::max);
    let text = format!("{:.0}% more beacons than visits: collected twice, or bots", most * 100.0);
    (most > 0.0).then_some(text)
}
