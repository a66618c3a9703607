//! The live operational checklist: five rows of EcomToolkit, each computed, with the price of
//! failing.
//! Pure: reads a board under construction, changes nothing.

use crate::board::{Board, ChecklistItem, SourceState};
use crate::domain::segment::{Dim, DimValue};

/// The dimensions that a shop must be able to tell apart (EcomToolkit, week 1 of its rollout).
const CUTS: [Dim; 3] = [Dim::Template, Dim::Device, Dim::TrafficSource];

/// The five rows; `change_sources` counts the configured sources that tell of releases.
pub fn checklist(board: &Board, change_sources: usize) -> Vec<ChecklistItem> {
    vec![
        coverage(board),
        segmentation(board),
        policy(board),
        traceability(board, change_sources),
        ownership(board),
    ]
}

fn item(name: &str, failures: &[String], good: &str, if_failed: &str) -> ChecklistItem {
    ChecklistItem {
        item: name.to_owned(),
        pass: failures.is_empty(),
        detail: if failures.is_empty() { good.to_owned() } else { failures.join("; ") },
        if_failed: if_failed.to_owned(),
    }
}

fn coverage(board: &Board) -> ChecklistItem {
    let mut failures: Vec<String> = board
        .journeys
        .iter()
        .filter_map(|j| match (j.rum_covered, j.synthetic_covered) {
            (true, true) => None,
            (false, true) => Some(format!("{}: no RUM", j.journey)),
            (true, false) => Some(format!("{}: no synthetic check", j.journey)),
            (false, false) => Some(format!("{}: not measured at all", j.journey)),
        })
        .chain(board.journeys.iter().filter_map(|j| {
            let unlike = j.unlike.as_ref()?;
            Some(format!("{}: {unlike}", j.journey))
        }))
        .collect();
    if board.journeys.is_empty() {
        failures.push("no journey is configured".to_owned());
    }
    let good = format!("{} journeys have RUM and checks", board.journeys.len());
    item("telemetry coverage", &failures, &good, "blind spots on revenue paths")
}

fn segmentation(board: &Board) -> ChecklistItem {
    let failures: Vec<String> = CUTS
        .into_iter()
        .filter(|dim| !board.cells.iter().any(|c| *c.segment.get(*dim) != DimValue::All))
        .map(|dim| format!("nothing is cut by {dim}"))
        .collect();
    item(
        "segmented visibility",
        &failures,
        "device, source and template",
        "averages hide major risk",
    )
}

fn policy(board: &Board) -> ChecklistItem {
    let failures: Vec<String> = board
        .guardrails
        .is_empty()
        .then(|| "no guardrail is configured".to_owned())
        .into_iter()
        .chain(
            board
                .guardrails
                .iter()
                .filter(|g| g.owner.trim().is_empty())
                .map(|g| format!("guardrail {} has no owner", g.guardrail)),
        )
        .collect();
    let good = format!("{} guardrails with owners", board.guardrails.len());
    item("guardrail policy", &failures, &good, "delayed and inconsistent response")
}

fn traceability(board: &Board, change_sources: usize) -> ChecklistItem {
    let mut failures = Vec::new();
    if change_sources == 0 {
        failures.push("no source tells of releases".to_owned());
    } else if board.releases.is_empty() {
        failures.push("no release seen yet".to_owned());
    }
    failures.extend(
        board
            .sources
            .iter()
            .filter(|s| s.state == SourceState::Blind)
            .map(|s| format!("{} is blind", s.name)),
    );
    let all = board.releases.len();
    let good = format!("{all} change{} on the timeline", if all == 1 { "" } else { "s" });
    item("release traceability", &failures, &good, "root-cause analysis slows down")
}

fn ownership(board: &Board) -> ChecklistItem {
    let failures: Vec<String> = board
        .incidents
        .iter()
        .filter(|i| i.state.is_open() && i.owner.is_none())
        .map(|i| format!("{} has no owner", i.id))
        .collect();
    item(
        "incident ownership",
        &failures,
        "every open incident has an owner",
        "unresolved regressions linger",
    )
}
