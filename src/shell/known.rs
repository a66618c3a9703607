//! What an order may know about the world when all it has is the journal: changes and freshness as
//! the newest board tells them. The same for keys, scripts and a second terminal.

use std::collections::BTreeSet;

use crate::board::{Board, Release};
use crate::domain::change::{Change, Stage};
use crate::domain::time::Timestamp;

/// The board's releases as changes.
pub fn changes(board: &Board) -> Vec<Change> {
    board.releases.iter().map(|r| change(r, board.generated_at)).collect()
}

fn change(release: &Release, seen_at: Timestamp) -> Change {
    let started_at = release.started_at.unwrap_or(seen_at);
    let partly = release.share > 0.0 && release.share < 1.0;
    Change {
        source: "board".into(),
        id: release.id.clone(),
        kind: release.kind,
        service: release.service.clone(),
        environment: release.environment.clone(),
        version: release.id.to_string(),
        previous: release.previous.clone(),
        status: release.status,
        created_at: started_at,
        started_at: Some(started_at),
        finished_at: release.finished_at,
        stages: partly
            .then_some(Stage { at: started_at, share: release.share })
            .into_iter()
            .collect(),
        templates: BTreeSet::new(),
        rolled_back_at: (release.share <= 0.0).then_some(seen_at),
        author: release.author.clone(),
        url: String::new(),
    }
}
