//! A board that is not fresh, as it may be shown: what was live or well then is not known now, and
//! says when it was. Asked by every face before a word is made, so that no page can forget.

use std::borrow::Cow;

use super::standing::Trust;
use super::{Board, ChecklistItem, SourceState, SourceView};
use crate::domain::time::Timestamp;
use crate::verdict::Verdict;

/// The board itself while it is fresh; else with no state that is well, and no watcher where none
/// is left. What was broken stays as it was told last.
pub fn aged(board: &Board, trust: Trust) -> Cow<'_, Board> {
    if trust == Trust::Fresh {
        return Cow::Borrowed(board);
    }
    let mut old = board.clone();
    let then = old.generated_at.utc().format("%H:%M UTC").to_string();
    if matches!(trust, Trust::Unwatched(_)) {
        old.watcher = None;
    }
    for source in &mut old.sources {
        age_source(source, board.generated_at, &then);
    }
    for row in &mut old.guardrails {
        row.detail = format!("was {} at {then}: {}", name(row.verdict), row.detail);
        doubt(&mut row.verdict);
    }
    for journey in &mut old.journeys {
        doubt(&mut journey.verdict);
        for check in &mut journey.checks {
            check.push_str(" then");
        }
    }
    old.funnel.iter_mut().for_each(|step| doubt(&mut step.verdict));
    old.cells.iter_mut().for_each(|cell| doubt(&mut cell.verdict));
    old.impacts.iter_mut().for_each(|impact| doubt(&mut impact.verdict));
    let findings = old.incidents.iter_mut().flat_map(|x| &mut x.findings);
    findings.for_each(|finding| doubt(&mut finding.verdict));
    old.checklist.iter_mut().for_each(|item| age_item(item, &then));
    Cow::Owned(old)
}

const fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "ok",
        Verdict::Unsure => "unsure",
        Verdict::Blind => "blind",
        Verdict::Breach => "breach",
    }
}

fn doubt(verdict: &mut Verdict) {
    if *verdict == Verdict::Ok {
        *verdict = Verdict::Unsure;
    }
}

/// Nobody asks it any more, so no next time is told either.
fn age_source(source: &mut SourceView, at: Timestamp, then: &str) {
    source.next_at = None;
    for told in &mut source.told {
        told.doubt.get_or_insert_with(|| format!("not known since {then}"));
    }
    let was = match source.state {
        SourceState::Live => "live",
        SourceState::Partial => "partial",
        SourceState::Suspect => "suspect",
        SourceState::Stale | SourceState::Blind => return,
    };
    let why = source.error.as_ref().map(|e| format!(": {e}")).unwrap_or_default();
    source.error = Some(format!("was {was} at {then}{why}"));
    (source.state, source.since) = (SourceState::Stale, at);
}

fn age_item(item: &mut ChecklistItem, then: &str) {
    let was = if item.pass { "passed" } else { "failed" };
    item.detail = format!("{was} at {then}, not known now: {}", item.detail);
    if item.pass {
        item.if_failed.clear(); // it did not
    }
    item.pass = false;
}
