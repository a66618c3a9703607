//! A viewer without a watcher of its own: reads the stored board whenever the journal has news.
//! Needs the journal alone; no source, no credential.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::board::{Absent, Board};
use crate::domain::time::Timestamp;
use crate::journal::{Access, FileStamp, Journal, JournalError};

use super::clock::Clock;
use super::hub::BoardCell;
use super::{alive, lease};

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
    let mut shown = Shown::default();
    let mut half = first(&journal, &boards).await;
    let mut keeper = LeaseLook::default();
    loop {
        let news = shown.news(&journal).await;
        let turned = keeper.look(&journal, shown.stamp.as_ref()).await;
        let board = match news {
            Ok(Some(board)) => {
                half = false;
                Some(board)
            }
            Ok(None) => turned.then(|| boards.borrow().as_deref().cloned()).flatten(),
            Err(error) => {
                tracing::warn!(%error, "the journal could not be read");
                if std::mem::take(&mut half) {
                    take_back(&boards, &error);
                } else {
                    mourn(&boards, &error);
                }
                shown = Shown::default();
                None
            }
        };
        if let Some(board) = board
            && boards.send(Some(Arc::new(keeper.marked(board)))).is_err()
        {
            return;
        }
        tokio::time::sleep(LOOK_EVERY).await;
        if boards.is_closed() {
            return;
        }
    }
}

/// Who stands behind the boards: the lease, looked at whenever the journal was written to. It is
/// silent when it was not renewed for its own length, by our monotonic clock: clocks of two hosts
/// need not agree.
#[derive(Default)]
struct LeaseLook {
    /// Its holder, and until when.
    lease: Option<(String, Timestamp)>,
    stamp: Option<FileStamp>,
    renewed: Option<Instant>,
    absent: Option<Absent>,
}

impl LeaseLook {
    /// True when what is to be said of the watcher changed.
    async fn look(&mut self, journal: &Journal, stamp: Option<&FileStamp>) -> bool {
        let now = Clock::system().instant();
        if stamp.is_none() || stamp != self.stamp.as_ref() {
            let Ok(lease) = journal.lease().await else { return false };
            if lease != self.lease || self.renewed.is_none() {
                (self.lease, self.renewed) = (lease, Some(now));
            }
            self.stamp = stamp.cloned();
        }
        let quiet = self.renewed.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        let absent = match &self.lease {
            Some((owner, _)) if !alive::is_gone(owner) => {
                (quiet > lease::LEASE.to_std()).then_some(Absent::Silent)
            }
            Some(_) | None => Some(Absent::Ended),
        };
        std::mem::replace(&mut self.absent, absent) != absent
    }

    fn marked(&self, mut board: Board) -> Board {
        board.absent = self.absent;
        board
    }
}

/// Shows what is soon read of the first board; the whole board or what is wrong with it follows.
async fn first(journal: &Journal, boards: &BoardCell) -> bool {
    if boards.borrow().is_none()
        && let Ok(Some(head)) = journal.board_head().await
    {
        return boards.send(Some(Arc::new(head))).is_ok();
    }
    false
}

/// Takes back a first picture whose rest cannot be read: half a board would say things that are
/// not so. What is left is none, with the reason.
fn take_back(boards: &BoardCell, error: &JournalError) {
    let said = Board {
        schema: crate::board::SCHEMA.to_owned(),
        speed: 1.0,
        notices: vec![error.to_string()],
        ..Board::default()
    };
    boards.send_replace(Some(Arc::new(said)));
}

/// The board shown stays, with what is wrong said first; the next good look takes that away.
fn mourn(boards: &BoardCell, error: &JournalError) {
    let why = error.why();
    let Some(shown) = boards.borrow().clone() else { return };
    if !shown.notices.contains(&why) {
        let mut board = Board::clone(&shown);
        board.notices.insert(0, why);
        boards.send_replace(Some(Arc::new(board)));
    }
}

/// What was read last.
#[derive(Default)]
struct Shown {
    board: Option<Timestamp>,
    stamp: Option<FileStamp>,
    /// The files looked the same twice: a write in the same tick as the last look was seen too.
    settled: bool,
}

impl Shown {
    /// The stored board, when it is another than the one shown. Files that nobody wrote to are
    /// not opened, and looking costs no decoding.
    async fn news(&mut self, journal: &Journal) -> Result<Option<Board>, JournalError> {
        journal.standing()?;
        let stamp = Some(journal.stamp());
        let same = stamp == self.stamp;
        if same && self.settled {
            return Ok(None);
        }
        let at = journal.board_at().await?;
        let board = if at == self.board { None } else { journal.board().await? };
        (self.stamp, self.settled) = (stamp, same);
        self.board = board.as_ref().map_or(at, |b| Some(b.generated_at));
        Ok(board)
    }
}
