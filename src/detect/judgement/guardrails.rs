//! What a guardrail that is not in breach says: that all is as usual, what was noticed, or why it
//! cannot be judged. Opens nothing and looks at no case.

use super::{check_coverage, guardrail_notes};
use crate::detect::cases::response_time;
use crate::detect::cube::cuboid::Table;
use crate::detect::cube::doubt;
use crate::detect::cube::key::Role;
use crate::detect::detectors::traffic_loss;
use crate::detect::engine::Engine;
use crate::detect::evidence::stat::{Shape, evidence};
use crate::detect::scan::sweep;
use crate::domain::metric::Metric;
use crate::domain::segment::Segment;
use crate::policy::guardrail::{Condition, GuardClass, Guardrail};
use crate::verdict::{Cell, Judged, Verdict};

/// Share of beacons beyond the visits from which collection is doubted.
const SURPLUS: f64 = 0.25;
/// There is nothing to say.
const USUAL: &str = "within its usual band";

/// An answer: whether the row was judged, the verdict, and the words.
pub type Answer = (Judged, Verdict, String);

/// The answer of a row that no case breaks.
pub fn calm(engine: &Engine, row: &Guardrail, cells: &[Cell], bucket: i64) -> Answer {
    if engine.judged_until().is_none() {
        return (Judged::Learning, Verdict::Unsure, "not judged yet".to_owned());
    }
    if let Some((verdict, text)) = engine.flaws.calm(&row.condition) {
        if engine.is_dark() {
            return (Judged::Blind, Verdict::Blind, "its sources tell nothing".to_owned());
        }
        let judged = if verdict == Verdict::Ok { Judged::Yes } else { Judged::Unmeasured };
        return (judged, verdict, text);
    }
    if row.metric.contains(&Metric::CheckDuration) {
        return response_time::calm(engine, engine.store.end_of(bucket));
    }
    let tables = tables(engine, row);
    let doubted = doubt::row(engine, tables.iter().copied());
    let (lost, partly) = match doubted {
        Some((verdict, why, all)) if all => (Some((verdict, why)), None),
        Some((verdict, why, _)) => (None, Some((verdict, why))),
        None => (None, None),
    };
    if let Some(answer) = unheard(engine, row, (&tables, lost), bucket) {
        return answer;
    }
    match (heard(engine, row, cells, bucket), partly) {
        ((Judged::Yes, Verdict::Ok, text), Some((verdict, why))) => {
            let said = if text == USUAL { why } else { text };
            (Judged::Unseen, verdict, said)
        }
        (answer, _) => answer,
    }
}

fn tables<'a>(engine: &'a Engine, row: &Guardrail) -> Vec<&'a Table> {
    let all = engine.store.tables.values();
    all.filter(|t| row.metric.contains(&t.key.family.0)).collect()
}

/// Why nothing is known of what the row watches; none while something is. `lost`: none of its
/// tables can be believed.
fn unheard(
    engine: &Engine,
    row: &Guardrail,
    (tables, lost): (&[&Table], Option<(Verdict, String)>),
    bucket: i64,
) -> Option<Answer> {
    let probed = row.metric.contains(&Metric::CheckSuccess);
    let checks = probed && !engine.checks.runs.is_empty();
    let unsure = |judged, text: &str| Some((judged, Verdict::Unsure, text.to_owned()));
    let blind = |t: &&Table| engine.blind.contains_key(&t.key.source);
    if !tables.is_empty() && tables.iter().all(blind) {
        let why = lost.map_or_else(|| "its source tells nothing".to_owned(), |l| l.1);
        return Some((Judged::Blind, Verdict::Blind, why));
    }
    let unseen =
        probed.then(|| check_coverage::unseen(engine, engine.store.end_of(bucket))).flatten();
    if let Some((verdict, text)) = lost.or(unseen) {
        let judged = if verdict == Verdict::Blind { Judged::Blind } else { Judged::Unseen };
        return Some((judged, verdict, text));
    }
    if !checks && tables.is_empty() {
        return unsure(Judged::Unmeasured, "nothing measures it");
    }
    if !checks && tables.iter().all(|t| t.latest == i64::MIN) {
        return unsure(Judged::Learning, "no live number yet");
    }
    if !checks && learning(engine, row, tables) {
        return unsure(Judged::Learning, "learning what is usual");
    }
    None
}

/// A row that compares with what is usual, while nothing of it has a usual level: of a shop that is
/// new, or of a source whose history is shorter than the others'.
fn learning(engine: &Engine, row: &Guardrail, tables: &[&Table]) -> bool {
    let compares = row.condition.min_change().is_some();
    let known = |t: &&Table| t.leaves.iter().any(|l| l.prof.known());
    engine.learning() || compares && !tables.iter().any(known)
}

/// The answer of a row whose numbers are there.
fn heard(engine: &Engine, row: &Guardrail, cells: &[Cell], bucket: i64) -> Answer {
    let surplus = (row.class == GuardClass::Telemetry).then(|| surplus(engine)).flatten();
    if let Some(more) = surplus {
        return (Judged::Undecided, Verdict::Unsure, more);
    }
    if let Some((judged, text)) = traffic_loss::unjudged(engine, row, bucket) {
        return (judged, Verdict::Unsure, text);
    }
    let probed = row.metric.contains(&Metric::CheckSuccess);
    if let Some(text) =
        probed.then(|| check_coverage::failing_now(engine, engine.store.end_of(bucket))).flatten()
    {
        return (Judged::Undecided, Verdict::Unsure, text);
    }
    let calm = || match (&row.condition, probed) {
        (Condition::Target {}, _) => "a target: it opens nothing".to_owned(),
        (_, true) => check_coverage::failing_alone(engine, engine.store.end_of(bucket))
            .unwrap_or_else(|| USUAL.to_owned()),
        _ => USUAL.to_owned(),
    };
    let (verdict, text) = guardrail_notes::noticed(engine, row, cells, bucket)
        .unwrap_or_else(|| (Verdict::Ok, calm()));
    let judged = if verdict == Verdict::Unsure { Judged::Undecided } else { Judged::Yes };
    (judged, verdict, text)
}

/// More beacons than the visits explain: collected twice, or bots. Noted, never an incident.
fn surplus(engine: &Engine) -> Option<String> {
    let window = engine.lengths.len().checked_sub(5)?;
    let line = engine.settings.policy.detect.sensitivity.nats();
    let tables = engine.store.family((Metric::PageViews, Role::Beacon));
    let found = tables.filter_map(|t| {
        let (acc, _) = sweep::at(t, &Segment::all(), window)?;
        let more = evidence(Shape::Flow, 1.0, &acc, t.calib(0));
        (more.nats >= line && more.harm >= SURPLUS).then_some(more.harm)
    });
    let most = found.fold(0.0, f64::max);
    let text = format!("{:.0}% more beacons than visits: collected twice, or bots", most * 100.0);
    (most > 0.0).then_some(text)
}
