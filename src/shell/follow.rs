//! A viewer without a watcher of its own: reads the stored board whenever the journal has news.
//! Needs the journal alone; no source, no credential.

use std::sync::Arc;
use std::time::Duration;

use crate::board::Board;
use crate::domain::time::Timestamp;
use crate::journal::{Access, Journal, JournalError};

use super::hub::BoardCell;

/// The journal is looked at this often; two terminals see each other's acks within a second.
const LOOK_EVERY: Duration = Duration::from_millis(900);

/// Waits for the journal to be there (a watcher creates it), then hands every new stored board to
/// `boards` until nobody listens.
pub async fn run(url: String, boards: BoardCell) {
    let journal = loop {
        match Journal::open(&url, Access::Read).await {
            Ok(journal) => break journal,
            Err(error) => tracing::info!(%error, "no journal yet"),
        }
        tokio::time::sleep(LOOK_EVERY).await;
        if boards.is_closed() {
            return;
        }
    };
    let mut shown = None;
    loop {
        match news(&journal, shown).await {
            Ok(Some(board)) => {
                shown = Some(board.generated_at);
                if boards.send(Some(Arc::new(board))).is_err() {
                    return;
                }
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "the journal could not be read"),
        }
        tokio::time::sleep(LOOK_EVERY).await;
        if boards.is_closed() {
            return;
        }
    }
}

/// The stored board, when it is another than the one shown; looking costs no decoding.
async fn news(journal: &Journal, shown: Option<Timestamp>) -> Result<Option<Board>, JournalError> {
    if journal.board_at().await? == shown { Ok(None) } else { journal.board().await }
}
