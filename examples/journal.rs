//! A large journal for measuring: every incident of a small one, many times over the past year.
//! `journal SOURCE TARGET COUNT OPEN` writes COUNT incidents with their whole stories; the last
//! OPEN of them are on the stored board, as a viewer meets them. All of it happened in SOURCE.

use anyhow::{Context, bail};
use tillwatch::board::Board;
use tillwatch::domain::time::{Span, Timestamp};
use tillwatch::incident::event::{Actor, Event, Record};
use tillwatch::journal::{Access, Journal};

/// Records of one commit; what a busy hour writes.
const BATCH: usize = 2_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [source, target, count, open] = args.as_slice() else {
        bail!("usage: journal SOURCE TARGET COUNT OPEN (urls like sqlite:PATH)");
    };
    let (count, open): (i64, i64) = (count.parse()?, open.parse()?);
    let source = Journal::open(source, Access::Read).await?;
    let board = source.board().await?.context("the source holds no board yet")?;
    let story: Vec<Record> =
        source.since(0, 10_000).await?.records.into_iter().map(|stored| stored.record).collect();
    let first = story.first().context("the source holds no incident yet")?.at;
    let target = Journal::open(target, Access::Write).await?;
    let mut batch = Vec::new();
    let apart = Span::from_hours(24 * 365).times(1).millis() / count.max(1);
    for n in 0..count {
        let age = Span::from_millis(apart * (count - n));
        batch.extend(told_again(&story, n, first, age, n >= count - open));
        if batch.len() >= BATCH {
            target.append(&batch).await?;
            batch.clear();
        }
    }
    target.append(&batch).await?;
    target.put_board(&with_incidents(board, count - open, open)).await?;
    println!("{count} incidents, {open} of them on the board");
    target.close().await;
    Ok(())
}

/// The story under another number, `age` earlier; ended unless it stays open.
fn told_again(story: &[Record], n: i64, first: Timestamp, age: Span, open: bool) -> Vec<Record> {
    let id = format!("INC-{n:05}");
    let again =
        |r: &Record| Record { at: r.at.minus(age), incident: id.as_str().into(), ..r.clone() };
    let mut out: Vec<Record> = story.iter().map(again).collect();
    let end = story.last().map_or(first, |r| r.at).minus(age);
    let ended = |event| Record {
        at: end,
        incident: id.as_str().into(),
        actor: Actor { name: "tillwatch".to_owned(), ..Actor::default() },
        cause: "measuring".to_owned(),
        event,
    };
    if !open {
        out.push(ended(Event::Cleared));
        out.push(ended(Event::Resolved { reason: "measured".to_owned() }));
    }
    out
}

/// The board with `open` copies of its incidents, numbered from `from`.
fn with_incidents(mut board: Board, from: i64, open: i64) -> Board {
    let kinds = std::mem::take(&mut board.incidents);
    let copies = kinds.iter().cycle().zip(from..from + open);
    board.incidents = copies
        .map(|(kind, n)| {
            let mut copy = kind.clone();
            copy.id = format!("INC-{n:05}").as_str().into();
            copy
        })
        .collect();
    board
}
