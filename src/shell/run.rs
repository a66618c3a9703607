//! The viewer's loop: keys first, then boards and answers, drain everything, at most one draw.
//! Draws only when the screen changed; sleeps until `next_wake`, never on a timer.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use crate::board::Board;
use crate::desk::state::{Desk, DeskEffect, DeskEvent, Size, Watching};
use crate::desk::update::update;
use crate::desk::wake::next_wake;
use crate::domain::id::IncidentId;
use crate::incident::event::Outcome;
use crate::incident::order::Order;
use crate::incident::words;
use crate::present::{present, screen::Screen};
use crate::render::render;
use crate::render::theme::Theme;

use super::clock::Clock;
use super::duty::{Post, Posts};
use super::hub::Signal;
use super::input::{EXIT_HANGUP, Input, TermEvent};
use super::order::{self, OrderError, Sent};
use super::session::Boards;
use super::terminal::{Drawn, Terminal};
use super::tty::Tty;

/// What a viewer is put together from.
pub struct Viewer {
    pub desk: Desk,
    pub theme: Theme,
    pub clock: Clock,
    pub boards: Boards,
    /// Operators give orders; observers and walls have none to give.
    pub orders: Option<Arc<order::OrderDesk>>,
    /// Whether this process watches; none for a viewer that never does.
    pub posts: Option<Posts>,
    /// `[ui] clipboard`
    pub clipboard: bool,
}

/// An order waits so long for the incident it is about to be stored.
const FLUSH_WITHIN: Duration = Duration::from_secs(3);

/// News of an order on its way back to the desk.
type DeskAnswer = DeskEvent;

/// How often the outcome of a request is tried to be stored: ten minutes at two seconds each.
const STORE_TRIES: u32 = 300;

struct Loop {
    viewer: Viewer,
    tty: Arc<Tty>,
    answers: (UnboundedSender<DeskAnswer>, UnboundedReceiver<DeskAnswer>),
    shown: Option<Screen>,
    /// A frame was refused by a terminal that does not drain.
    owed: bool,
    exit: Option<u8>,
}

/// Runs until quit, signal or hangup; the exit code. Errors are those of the terminal.
pub async fn run(mut viewer: Viewer, tty: &Arc<Tty>) -> std::io::Result<u8> {
    let mut input = Input::start(tty, super::clock::monotonic_ms)?;
    let mut terminal = Terminal::enter(tty, input.sender())?;
    if let Some(posts) = &mut viewer.posts {
        posts.mark_changed(); // what it is by now is news here
    }
    let mut state = Loop {
        viewer,
        tty: Arc::clone(tty),
        answers: unbounded_channel(),
        shown: None,
        owed: false,
        exit: None,
    };
    let (w, h) = tty.size();
    state.take(DeskEvent::Resized { w, h }, &mut terminal);
    state.draw(&mut terminal);
    while state.exit.is_none() {
        state.wait(&mut input, &mut terminal).await;
        state.drain(&mut input, &mut terminal);
        if state.exit.is_none() {
            state.draw(&mut terminal);
        }
    }
    drop(input);
    terminal.leave();
    Ok(state.exit.unwrap_or(0))
}

/// The next post of this process; never, where there is none.
async fn post(posts: &mut Option<Posts>) -> Watching {
    let Some(posts) = posts else { return std::future::pending().await };
    loop {
        if posts.changed().await.is_err() {
            return std::future::pending().await;
        }
        match &*posts.borrow_and_update() {
            Post::Starts => {}
            Post::Watches(_) => return Watching::Here,
            Post::Follows => return Watching::Elsewhere(None),
            Post::Blocked(why) => return Watching::Blocked(why.clone()),
            Post::Relieved(other) => return Watching::Elsewhere(Some(other.clone())),
        }
    }
}

/// Tells our own watcher, if there is one, that the journal has news.
fn nudge(posts: Option<&Posts>) {
    if let Some(Post::Watches(hub)) = posts.map(|p| p.borrow().clone()) {
        let _gone = hub.send(Signal::Nudge);
    }
}

/// An incident that only our own watcher's memory knows is stored first, if that can be done now.
async fn stored_first(posts: Option<&Posts>, board: Option<&Arc<Board>>, id: &IncidentId) {
    let unknown = board.is_some_and(|b| b.incidents.iter().any(|i| i.id == *id && !i.stored));
    if let Some(Post::Watches(hub)) = posts.filter(|_| unknown).map(|p| p.borrow().clone()) {
        let (done, waits) = oneshot::channel();
        let _gone = hub.send(Signal::Flush(done));
        let _late = tokio::time::timeout(FLUSH_WITHIN, waits).await;
    }
}

/// Why an order failed; one about an incident that is in memory only says so.
fn why(error: &OrderError, board: Option<&Arc<Board>>) -> String {
    match error {
        OrderError::Unknown(id) => match board.and_then(|b| unstored(b, id)) {
            Some(notice) => format!("{id} is not stored yet: {notice}"),
            None => error.to_string(),
        },
        OrderError::Refused(_) | OrderError::NotStored(_) => error.to_string(),
    }
}

fn unstored<'a>(board: &'a Board, id: &IncidentId) -> Option<&'a str> {
    board.incidents.iter().find(|i| i.id == *id && !i.stored)?;
    Some(board.not_stored.as_deref().unwrap_or("the journal cannot be written"))
}

/// What the person has to be told of a request beside what the journal says of it.
fn news(sent: &Sent) -> Option<DeskEvent> {
    let (incident, action) = (sent.incident.clone(), sent.action.clone());
    match (&sent.outcome, &sent.unstored) {
        (Outcome::NotSent { detail }, None) => {
            Some(DeskEvent::NotSent { incident, action, why: detail.clone() })
        }
        (Outcome::NotSent { detail }, Some(error)) => {
            let why = format!("{detail}; and {error}");
            Some(DeskEvent::NotSent { incident, action, why })
        }
        (outcome, Some(error)) => {
            let why = format!("{}, and {error}", words::outcome(outcome));
            Some(DeskEvent::AnswerUnstored { incident, action, why })
        }
        (_, None) => None,
    }
}

impl Loop {
    async fn wait(&mut self, input: &mut Input, terminal: &mut Terminal) {
        let patience = self.patience();
        tokio::select! {
            biased;
            event = input.next() => match event {
                Some(event) => self.terminal_said(event, terminal),
                None => self.exit = Some(EXIT_HANGUP as u8),
            },
            Some(answer) = self.answers.1.recv() => self.take(answer, terminal),
            changed = self.viewer.boards.changed() => {
                if changed.is_ok() { self.board(terminal) } else { self.orphaned(terminal).await }
            }
            post = post(&mut self.viewer.posts) => self.take(DeskEvent::Post(post), terminal),
            () = tokio::time::sleep(patience) => self.take(DeskEvent::Woke, terminal),
        }
    }

    /// The watcher is gone: say so, and do not spin on a channel that is closed for good.
    async fn orphaned(&mut self, terminal: &mut Terminal) {
        self.take(DeskEvent::Lost("the watcher has ended".into()), terminal);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }

    fn patience(&self) -> Duration {
        let wall = self.viewer.clock.steady();
        let wake = next_wake(&self.viewer.desk);
        wake.map_or(Duration::from_hours(1), |at| at.since(wall).to_std())
            .max(Duration::from_millis(1))
    }

    /// Everything that is there already, so that a burst costs one draw.
    fn drain(&mut self, input: &mut Input, terminal: &mut Terminal) {
        while let Some(event) = input.ready() {
            self.terminal_said(event, terminal);
        }
        while let Ok(answer) = self.answers.1.try_recv() {
            self.take(answer, terminal);
        }
        if self.viewer.boards.has_changed().unwrap_or(false) {
            self.board(terminal);
        }
        self.measure(terminal);
    }

    /// The size once more: the word of it may have been lost in a full queue.
    fn measure(&mut self, terminal: &mut Terminal) {
        let (w, h) = self.tty.size();
        if Size::clamped(w, h) != self.viewer.desk.size {
            self.resized((w, h), terminal);
        }
    }

    /// What a terminal shows after it was resized or attached again nobody knows, be the size the
    /// same as before: everything is drawn anew.
    fn resized(&mut self, (w, h): (u16, u16), terminal: &mut Terminal) {
        terminal.redraw();
        self.shown = None;
        self.take(DeskEvent::Resized { w, h }, terminal);
    }

    fn board(&mut self, terminal: &mut Terminal) {
        let board = self.viewer.boards.borrow_and_update().clone();
        if let Some(board) = board {
            self.take(DeskEvent::Board(board), terminal);
        }
    }

    fn terminal_said(&mut self, event: TermEvent, terminal: &mut Terminal) {
        match event {
            TermEvent::Key(chord) => self.take(DeskEvent::Key(chord), terminal),
            TermEvent::Paste(text) => self.take(DeskEvent::Paste(text), terminal),
            TermEvent::Burst(_, text) => self.take(DeskEvent::Burst(text), terminal),
            TermEvent::Resized(w, h) => self.resized((w, h), terminal),
            TermEvent::Drained => {}
            TermEvent::Terminate(signal) => {
                self.exit = Some(u8::try_from(128 + signal).unwrap_or(u8::MAX));
            }
            TermEvent::Suspend => {
                terminal.suspend();
            }
            TermEvent::Resume if terminal.resume() => {
                self.shown = None;
                self.take(DeskEvent::Woke, terminal);
            }
            TermEvent::Hangup | TermEvent::Resume => self.exit = Some(EXIT_HANGUP as u8),
        }
    }

    fn take(&mut self, event: DeskEvent, terminal: &mut Terminal) {
        let clock = self.viewer.clock;
        let (now, wall) = (clock.now_by(&self.viewer.desk.board), clock.steady());
        for effect in update(&mut self.viewer.desk, event, now, wall) {
            match effect {
                DeskEffect::Order { ticket, incident, order } => {
                    self.order(ticket, incident, order);
                }
                DeskEffect::Copy(text) => self.copy(&text),
                DeskEffect::Quit => self.exit = Some(0),
                DeskEffect::Suspend => {
                    terminal.suspend();
                }
                DeskEffect::Redraw => {
                    terminal.redraw();
                    self.shown = None;
                }
            }
        }
    }

    /// Only as the answer to a key, and only where the config allows it.
    fn copy(&self, text: &str) {
        if self.viewer.clipboard {
            self.tty.copy(text);
        }
    }

    fn order(&self, ticket: u64, incident: IncidentId, order: Order) {
        let Some(orders) = self.viewer.orders.clone() else {
            let result = Err("read-only".into());
            let _gone = self.answers.0.send(DeskEvent::Ordered { ticket, result });
            return;
        };
        let board = self.viewer.boards.borrow().clone();
        let (answers, posts) = (self.answers.0.clone(), self.viewer.posts.clone());
        tokio::spawn(async move {
            let nudge = || nudge(posts.as_ref());
            stored_first(posts.as_ref(), board.as_ref(), &incident).await;
            let done = orders.carry_out(&incident, &order, "key", board.as_ref()).await;
            let (request, result) = match done {
                Ok(done) => (done.ticket, Ok(())),
                Err(error) => (None, Err(why(&error, board.as_ref()))),
            };
            let _gone = answers.send(DeskEvent::Ordered { ticket, result });
            nudge();
            if let Some(request) = request {
                let sent = orders.send(request).await;
                nudge();
                let _gone = news(&sent).map(|event| answers.send(event));
                if let Some(error) = &sent.unstored {
                    tracing::warn!(%error, "what became of a request could not be stored");
                    let _tried = orders.store_again(&sent, STORE_TRIES).await;
                    nudge();
                }
            }
        });
    }

    /// Draws when the picture differs from the one shown.
    fn draw(&mut self, terminal: &mut Terminal) {
        super::fault::here("draw");
        let screen = present(&self.viewer.desk);
        if !self.owed && self.shown.as_ref() == Some(&screen) {
            return;
        }
        let theme = &self.viewer.theme;
        let drawn = terminal.draw(|buffer| {
            render(&screen, theme, buffer.area, buffer);
            None
        });
        self.owed = !matches!(drawn, Drawn::Sent);
        if !self.owed {
            self.shown = Some(screen);
        }
    }
}
