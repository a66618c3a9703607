//! Desk: all that one viewer knows. Changed only by `update`; drawing never changes it.
//! No socket, no clock: the two times it holds were handed in.

use std::sync::Arc;

use chrono_tz::Tz;

use crate::board::standing::{Standing, Trust, fires_on};
use crate::board::{Absent, Board, IncidentView, Release};
use crate::domain::id::{ActionId, IncidentId};
use crate::domain::time::{Span, Timestamp};
use crate::incident::order::Order;

use super::chord::Chord;
use super::command::{Command, OrderKey};
use super::keymap::Keymap;
use super::order::{Outgoing, Pending, Say};
use super::page::Page;
use super::ui::{Toast, Ui};
use crate::incident::order::OrderKind;

/// Who sits here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seat {
    Operator,
    Observer,
    Wall,
}

/// Who judges what this viewer shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Watching {
    /// This very process.
    Here,
    /// Another, or nobody yet; this one takes over when its lease ends. By name who took the lease
    /// away from us, when somebody did.
    Elsewhere(Option<String>),
    /// Nobody as far as can be seen; this process would, were it not for what is told here.
    Blocked(String),
}

/// A screen in cells, never above 500x200.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Size {
    pub w: u16,
    pub h: u16,
}

impl Size {
    /// Clamps to 500x200 before anything is allocated by it.
    pub fn clamped(w: u16, h: u16) -> Self {
        Self { w: w.min(500), h: h.min(200) }
    }
}

/// What `Desk::new` needs.
#[derive(Clone, Debug)]
pub struct DeskSetup {
    pub role: Seat,
    /// Empty when unknown.
    pub operator: String,
    pub keymap: Keymap,
    /// The shop's zone, for local times.
    pub zone: Tz,
    /// Draw with ASCII alone.
    pub ascii: bool,
    /// A board older than this (shop time) is not fresh.
    pub fresh_for: Span,
    pub size: Size,
}

/// The state of one viewer.
#[derive(Clone, Debug)]
pub struct Desk {
    pub setup: DeskSetup,
    pub board: Arc<Board>,
    pub ui: Ui,
    /// Shop time: deadlines, ages.
    pub now: Timestamp,
    /// Wall time: undo, toasts, input guards.
    pub wall: Timestamp,
    pub size: Size,
    pub pending: Vec<Pending>,
    /// Rollbacks ordered here that the board does not show yet, and those that were not sent.
    pub outgoing: Vec<Outgoing>,
    /// Why no board arrives, until one does.
    pub lost: Option<String>,
    /// None for a viewer that never watches itself.
    pub watching: Option<Watching>,
    next_ticket: u64,
}

/// What happened to this viewer.
#[derive(Clone, Debug)]
pub enum DeskEvent {
    Key(Chord),
    /// A bracketed paste.
    Paste(String),
    /// Letters that came faster than a hand types, without brackets.
    Burst(String),
    Resized {
        w: u16,
        h: u16,
    },
    Board(Arc<Board>),
    /// No board can be had, and why.
    Lost(String),
    /// The process behind this viewer watches now, or does not any more.
    Post(Watching),
    /// The instant of `next_wake` came.
    Woke,
    /// A rollback was ordered and stored, and not sent; `why` says what kept it.
    NotSent {
        incident: IncidentId,
        action: ActionId,
        why: String,
    },
    /// What a receiver said could not be stored; `why` holds both.
    AnswerUnstored {
        incident: IncidentId,
        action: ActionId,
        why: String,
    },
    /// An order's answer: `Ok` after the journal's commit returned.
    Ordered {
        ticket: u64,
        result: Result<(), String>,
    },
}

/// What the viewer asks of the outside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DeskEffect {
    Order {
        ticket: u64,
        incident: IncidentId,
        order: Order,
    },
    /// Text for the clipboard, as the answer to a key.
    Copy(String),
    Quit,
    Suspend,
    /// Draw every cell again.
    Redraw,
}

/// How long a toast stays, wall time.
const TOAST: Span = Span::from_secs(6);

impl Desk {
    pub fn new(setup: DeskSetup, board: Arc<Board>, now: Timestamp, wall: Timestamp) -> Self {
        let mut ui = Ui::default();
        ui.list.rebuild(&board, "");
        let size = Size::clamped(setup.size.w, setup.size.h);
        Self {
            setup,
            board,
            ui,
            now,
            wall,
            size,
            pending: vec![],
            outgoing: vec![],
            lost: None,
            watching: None,
            next_ticket: 1,
        }
    }

    pub fn role(&self) -> Seat {
        self.setup.role
    }

    /// The incident under the cursor.
    pub fn selected(&self) -> Option<&IncidentView> {
        self.ui.list.selected(&self.board)
    }

    pub fn incident(&self, id: &IncidentId) -> Option<&IncidentView> {
        self.board.incidents.iter().find(|x| x.id == *id)
    }

    /// The worst incident that still asks for attention.
    pub fn worst(&self) -> Option<&IncidentView> {
        self.board.incidents.iter().find(|x| x.state.is_open())
    }

    /// The incident that the banner names: the worst open one, else one that was closed and fires.
    pub fn bannered(&self) -> Option<&IncidentView> {
        self.worst().or_else(|| self.board.incidents.iter().find(|x| fires_on(x)))
    }

    /// The incident that a command is about: on a page that shows one, that one; on a release that
    /// is suspected its rollback; everywhere else the one in the banner. Never one out of sight.
    pub fn target(&self, command: impl Into<Command>) -> Option<&IncidentView> {
        let suspects = command.into() == Command::Order(OrderKey::Rollback);
        match self.ui.page {
            Page::Incidents | Page::Incident => self.selected(),
            Page::Journal if !self.ui.everything => self.selected().or(self.bannered()),
            Page::Releases if suspects => self.suspected().or(self.bannered()),
            Page::Heatmap
            | Page::Releases
            | Page::Journeys
            | Page::Guardrails
            | Page::Sources
            | Page::Journal => self.bannered(),
        }
    }

    /// The selected row of the Releases page.
    pub fn release(&self) -> Option<&Release> {
        let releases = &self.board.releases;
        let pinned = self.ui.release.as_ref();
        pinned.and_then(|id| releases.iter().find(|r| r.id == *id)).or(releases.first())
    }

    /// The worst incident that the selected release is suspected of, open ones first.
    pub fn suspected(&self) -> Option<&IncidentView> {
        let release = self.release()?;
        let mine = || self.board.incidents.iter().filter(|x| release.suspect_of.contains(&x.id));
        mine().find(|x| x.state.is_open()).or_else(|| mine().next())
    }

    /// The board's shop seconds per wall second, never below one.
    pub fn speed(&self) -> f64 {
        if self.board.speed.is_finite() { self.board.speed.max(1.0) } else { 1.0 }
    }

    /// When the board stops being fresh: its expectation, at least three wall seconds.
    pub fn stale_at(&self) -> Timestamp {
        let floor = Span::from_millis((3000.0 * self.speed()) as i64);
        let fresh_for = self.board.fresh_for.unwrap_or(self.setup.fresh_for);
        self.board.generated_at.plus(fresh_for.max(floor))
    }

    /// True when what is shown is too old to be believed, or nobody is there who would renew it.
    pub fn is_stale(&self) -> bool {
        self.absent().is_some() || self.now >= self.stale_at()
    }

    fn absent(&self) -> Option<Absent> {
        self.board.absent
    }

    /// How far the board can be believed.
    pub fn trust(&self) -> Trust {
        let age = self.now.since(self.board.generated_at);
        match self.absent() {
            Some(Absent::Ended) => Trust::Unwatched(age),
            _ if self.is_stale() || self.lost.is_some() => Trust::Late(age),
            Some(Absent::Silent) | None => Trust::Fresh,
        }
    }

    pub fn standing(&self) -> Standing {
        Standing::of(&self.board, self.trust())
    }

    pub fn say(&mut self, say: Say) {
        self.ui.toast = Some(Toast { say, about: None, until: self.wall.plus(TOAST) });
    }

    /// The same about an incident, which is named.
    pub fn say_of(&mut self, incident: IncidentId, say: Say) {
        let about = Some(incident);
        self.ui.toast = Some(Toast { say, about, until: self.wall.plus(TOAST) });
    }

    pub fn is_pending(&self, incident: &IncidentId, verb: OrderKind) -> bool {
        self.pending.iter().any(|p| p.verb == verb && p.incident == *incident)
    }

    /// Sends an order out and remembers it until it is answered.
    pub(super) fn order(&mut self, incident: IncidentId, order: Order) -> Vec<DeskEffect> {
        let verb = order.kind();
        if self.is_pending(&incident, verb) && verb != OrderKind::Note {
            self.say_of(incident, Say::AlreadySent(verb));
            return vec![];
        }
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        let before = self.incident(&incident).and_then(|x| x.action.clone());
        let asked_at = self.wall;
        self.pending.push(Pending { ticket, incident: incident.clone(), verb, asked_at, before });
        vec![DeskEffect::Order { ticket, incident, order }]
    }
}
