//! Pictures of the real screens: the embedded shop runs, a viewer presses keys, and what would go
//! to the terminal is written as SVG. Same desk, same present, same render; no terminal involved.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::board::Board;
use crate::config::Config;
use crate::desk::chord::Chord;
use crate::desk::state::{Desk, DeskEvent, DeskSetup, Seat, Size};
use crate::desk::update::update;
use crate::domain::severity::Severity;
use crate::domain::time::Span;
use crate::journal::Access;
use crate::present::present;
use crate::render::theme::{ColorDepth, Theme};
use crate::render::{render, svg::svg};
use crate::shell::clock::Clock;
use crate::shell::{lease, session};

use super::app;
use super::args::{DemoArgs, ScreenshotArgs};
use super::demo;
use super::exit::Exit;
use super::out;

/// Name, keys to press, size, theme, posture.
type Shot = (&'static str, &'static [&'static str], (u16, u16), &'static str, Seat);

/// The pictures.
const SHOTS: [Shot; 12] = [
    ("incidents-80x24", &[], (80, 24), "night", Seat::Operator),
    ("incidents-120x40", &[], (120, 40), "night", Seat::Operator),
    ("incidents-200x60", &[], (200, 60), "night", Seat::Operator),
    ("incident-120x40", &["enter"], (120, 40), "night", Seat::Operator),
    ("heatmap-120x40", &["2"], (120, 40), "night", Seat::Operator),
    ("releases-120x40", &["3"], (120, 40), "night", Seat::Operator),
    ("sources-120x40", &["6"], (120, 40), "night", Seat::Operator),
    ("rollback-120x40", &["R"], (120, 40), "night", Seat::Operator),
    ("help-120x40", &["?"], (120, 40), "night", Seat::Operator),
    ("day-120x40", &[], (120, 40), "day", Seat::Operator),
    ("mono-80x24", &[], (80, 24), "mono", Seat::Operator),
    ("wall-120x40", &[], (120, 40), "night", Seat::Wall),
];
const PATIENCE: Duration = Duration::from_mins(2);

pub fn run(args: &ScreenshotArgs) -> Exit {
    inner(args).unwrap_or_else(|exit| exit)
}

fn inner(args: &ScreenshotArgs) -> Result<Exit, Exit> {
    let runtime = app::runtime()?;
    let demo = DemoArgs { scenario: "checkout-outage".into(), seed: 7, speed: 60.0, keep: None };
    let stage = demo::DemoStage::set(&demo)?;
    let (board, clock) = runtime.block_on(async {
        let (shop, config) = stage.open().await?;
        let journal = app::journal(&stage.journal(), Access::Write).await?;
        let (sender, boards) = tokio::sync::watch::channel(None);
        let owner = lease::owner();
        lease::wait_for(&journal, &owner, Clock::system()).await;
        let started = session::watch(&config, journal, stage.clock, sender, &owner, None).await;
        let watching = started.map_err(|e| {
            out::error(&e.to_string());
            Exit::No
        })?;
        let end = stage.clock.instant() + PATIENCE;
        let board = loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let board = boards.borrow().clone();
            match board {
                Some(board) if telling(&board) => break Some(board),
                _ if stage.clock.instant() > end => break None,
                _ => {}
            }
        };
        let now = stage.clock.now();
        watching.stop().await;
        shop.shutdown().await;
        Ok((board.map(|b| (b, now)), config))
    })?;
    let Some((board, now)) = board else {
        out::error("no Sev 1 appeared");
        return Ok(Exit::No);
    };
    write_all(&args.dir, &board, &clock, now)
}

/// A Sev 1 with a suspect and its money.
fn telling(board: &Board) -> bool {
    board.incidents.iter().any(|i| {
        i.severity == Severity::Sev1 && i.suspect.release.is_some() && i.revenue_at_risk.is_some()
    })
}

fn write_all(
    dir: &Path,
    board: &Arc<Board>,
    config: &Config,
    now: crate::domain::time::Timestamp,
) -> Result<Exit, Exit> {
    let io = |error: std::io::Error| {
        out::error(&format!("{}: {error}", dir.display()));
        Exit::No
    };
    std::fs::create_dir_all(dir).map_err(io)?;
    for (name, keys, (w, h), theme, role) in SHOTS {
        let theme = Theme::load(theme, ColorDepth::True).map_err(|why| {
            out::error(&why);
            Exit::No
        })?;
        let desk = desk(board, config, role, Size { w, h }, now)?;
        let buffer = picture(desk, keys, &theme, now, (w, h));
        std::fs::write(dir.join(format!("{name}.svg")), svg(&buffer, theme.rgb(), name))
            .map_err(io)?;
    }
    out::lines([format!("{} pictures in {}", SHOTS.len(), dir.display())]);
    Ok(Exit::Ok)
}

fn desk(
    board: &Arc<Board>,
    config: &Config,
    role: Seat,
    size: Size,
    now: crate::domain::time::Timestamp,
) -> Result<Desk, Exit> {
    let keymap = app::keymap(config)?;
    let setup = DeskSetup {
        role,
        operator: "alex".into(),
        keymap,
        zone: chrono_tz::UTC,
        ascii: false,
        fresh_for: Span::from_mins(10),
        undo: Span::from_secs(10),
        size,
    };
    Ok(Desk::new(setup, Arc::clone(board), now, Clock::system().wall()))
}

fn picture(
    mut desk: Desk,
    keys: &[&str],
    theme: &Theme,
    now: crate::domain::time::Timestamp,
    (w, h): (u16, u16),
) -> Buffer {
    let mut wall = desk.wall;
    for chord in keys.iter().filter_map(|k| k.parse::<Chord>().ok()) {
        update(&mut desk, DeskEvent::Key(chord), now, wall);
        wall = wall.plus(Span::from_secs(2));
    }
    update(&mut desk, DeskEvent::Woke, now, wall);
    let area = Rect::new(0, 0, w, h);
    let mut buffer = Buffer::empty(area);
    render(&present(&desk), theme, area, &mut buffer);
    buffer
}
