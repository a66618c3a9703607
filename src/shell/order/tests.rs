//! Orders that are given at once by several processes, and what keeps a request from leaving.
//! Every desk has a connection of its own to one journal; the receiver counts what reaches it.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::board::{SourceState, SourceView};
use crate::config::load;
use crate::domain::severity::Severity;
use crate::incident::record::kind;
use crate::incident::tests::kit;
use crate::journal::{Access, Journal};
use crate::policy::severity::Choice;
use crate::shell::clock::Clock;
use crate::shell::settings;
use crate::source::fixture::{Reply, SeenRequest as Request, Server, Then, secret_file};
use crate::source::secret::SecretSpec;

mod leaving;

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// One open incident in a journal and a receiver.
struct Room {
    folder: tempfile::TempDir,
    server: Server,
    secret: SecretSpec,
    more: String,
}

fn taken() -> Reply {
    Reply::new(202, "content-type: application/json\r\n", "{\"status\":\"accepted\"}")
}

impl Room {
    async fn new(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let server = Server::start(answer).await;
        let secret = secret_file(folder.path(), KEY);
        let room = Self { folder, server, secret, more: String::new() };
        room.journal().await.append(&[kit::opened(Severity::Sev1)]).await.expect("stored");
        room
    }

    async fn journal(&self) -> Journal {
        let url = format!("sqlite:{}/journal.db", self.folder.path().display());
        Journal::open(&url, Access::Write).await.expect("a journal")
    }

    /// The desk of another process.
    async fn desk(&self, name: &str) -> Arc<OrderDesk> {
        let url = &self.server.url;
        let text = format!(
            "[[action]]\nname = \"rollback\"\nkind = \"webhook\"\nurl = \"{url}/hook\"\n\
             secret = {{ env = \"X\" }}\ntimeout = \"1s\"\n{}",
            self.more
        );
        let loaded = load::from_text(std::path::Path::new("test.toml"), &text);
        let mut config = loaded.config.unwrap_or_else(|| panic!("{:?}", loaded.problems));
        config.actions[0].secret = self.secret.clone();
        let clock = Clock::simulated(kit::min(1), 1.0);
        let journal = Arc::new(self.journal().await);
        Arc::new(settings::desk(&config, journal, clock, kit::person(name)).expect("a desk"))
    }

    /// Types and events in journal order.
    async fn kinds(&self) -> Vec<&'static str> {
        let all = self.journal().await.since(0, 10_000).await.expect("read").records;
        all.iter().map(|s| kind(&s.record.event)).collect()
    }

    async fn count(&self, of: &str) -> usize {
        self.kinds().await.into_iter().filter(|k| *k == of).count()
    }

    async fn incident(&self) -> Incident {
        let reading = self.journal().await.records_of(&kit::id()).await.expect("read");
        reading.incidents().pop().expect("an incident")
    }

    fn posts(&mut self) -> usize {
        self.server.requests().iter().filter(|r| r.line == "POST /hook").count()
    }
}

fn board() -> Arc<Board> {
    let now = kit::min(1);
    let source = |name: &str| SourceView {
        name: name.into(),
        kind: "github".to_owned(),
        state: SourceState::Live,
        since: now,
        last_ok_at: Some(now),
        next_at: None,
        error: None,
        url: String::new(),
        metrics: Vec::new(),
        told: Vec::new(),
        past: Vec::new(),
    };
    Arc::new(Board {
        generated_at: now,
        changes: Some(Arc::new(kit::changes())),
        sources: vec![source("github"), source("rum")],
        speed: 1.0,
        ..Board::default()
    })
}

fn rollback() -> Order {
    Order::Rollback { token: kit::token(), waive: None }
}

fn again() -> Order {
    Order::RollbackAgain { token: kit::token(), waive: None }
}

/// The order, and the request that follows from it.
async fn give(desk: Arc<OrderDesk>, order: Order) -> Result<Option<Outcome>, String> {
    let board = board();
    let done = desk.carry_out(&kit::id(), &order, "test", Some(&board)).await;
    match done.map_err(|e| e.to_string())?.ticket {
        Some(ticket) => {
            let sent = desk.send(ticket).await;
            assert!(sent.unstored.is_none(), "{sent:?}");
            Ok(Some(sent.outcome))
        }
        None => Ok(None),
    }
}

/// The same order from so many processes at once.
async fn at_once(
    room: &Room,
    names: [&str; 4],
    order: &Order,
) -> (Vec<Option<Outcome>>, Vec<String>) {
    let mut tasks = tokio::task::JoinSet::new();
    for name in names {
        tasks.spawn(give(room.desk(name).await, order.clone()));
    }
    let (mut won, mut lost) = (Vec::new(), Vec::new());
    for result in tasks.join_all().await {
        match result {
            Ok(outcome) => won.push(outcome),
            Err(why) => lost.push(why),
        }
    }
    (won, lost)
}

const FOUR: [&str; 4] = ["ana", "ben", "cem", "dora"];
const SAME: [&str; 4] = ["ana"; 4];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_four_rollbacks_at_once_one_is_sent_and_the_others_are_told_whose() {
    for round in 0..12 {
        let mut room = Room::new(|_| taken()).await;
        let (won, lost) = at_once(&room, FOUR, &rollback()).await;
        assert_eq!((won.len(), room.posts()), (1, 1), "round {round}: {won:?} {lost:?}");
        assert!(matches!(won[0], Some(Outcome::Accepted { .. })), "{won:?}");
        let winner = room.incident().await.actions[0].by.name.clone();
        let told = format!("by {winner}@bastion at 10:01:0");
        assert!(lost.iter().all(|why| why.contains(&told)), "{told}: {lost:?}");
        let kinds = room.kinds().await;
        let want = ["opened", "decided", "action_prepared", "action_sent", "action_answered"];
        assert_eq!(kinds, want, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_four_who_try_again_at_once_one_does_with_one_new_key() {
    for _ in 0..6 {
        let refuses = AtomicBool::new(true);
        let mut room = Room::new(move |_| {
            let first = refuses.swap(false, Ordering::SeqCst);
            if first { Reply::new(412, "", "other release live") } else { taken() }
        })
        .await;
        let first = give(room.desk("ana").await, rollback()).await.expect("ordered");
        assert!(matches!(first, Some(Outcome::Refused { .. })), "{first:?}");
        let (won, lost) = at_once(&room, FOUR, &again()).await;
        assert_eq!((won.len(), lost.len()), (1, 3), "{lost:?}");
        let attempts: Vec<u32> =
            room.incident().await.actions.iter().map(|a| a.intent.attempt).collect();
        assert_eq!((attempts, room.posts()), (vec![1, 2], 2));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_may_be_done_once_is_stored_once() {
    type Row<'a> = (&'a [&'a Order], &'a Order, [&'a str; 4], &'a str, usize);
    let text = || "because".to_owned();
    let span = Span::from_mins(5);
    let more = Order::ExtendTimer { span, reason: text() };
    let start = Order::StartTimer { span };
    let ack = Order::Acknowledge { note: String::new() };
    let hold = Order::Decide { choice: Choice::Hold, reason: text(), recheck: Some(span) };
    let not = Order::Decide { choice: Choice::NotIncident, reason: text(), recheck: None };
    let rows: [Row<'_>; 11] = [
        (&[], &ack, SAME, "acknowledged", 1),
        (&[], &ack, FOUR, "acknowledged", 4), // each speaks for himself; the first is the owner
        (&[&ack], &Order::UndoAcknowledge, SAME, "ack_undone", 1),
        (&[], &start, FOUR, "timer_started", 1),
        (&[&start], &more, FOUR, "timer_extended", 1),
        (&[&ack], &more, FOUR, "timer_extended", 1),
        (&[&start], &Order::StopTimer, FOUR, "timer_stopped", 1),
        (&[], &hold, FOUR, "decided", 1),
        (&[], &not, FOUR, "cancelled", 1),
        (&[], &Order::Resolve { reason: text() }, FOUR, "resolved", 1),
        (&[], &Order::Note { text: text() }, FOUR, "noted", 4),
    ];
    for (before, order, names, kind, times) in rows {
        let room = Room::new(|_| taken()).await;
        for first in before {
            give(room.desk("ana").await, (*first).clone()).await.expect("before");
        }
        let (won, lost) = at_once(&room, names, order).await;
        assert_eq!((won.len(), room.count(kind).await), (times, times), "{order:?}: {lost:?}");
        assert!(lost.iter().all(|why| why.contains("@bastion")), "{order:?}: {lost:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_sent_after_resolved_or_cancelled_and_nothing_closes_under_a_request() {
    let reason = || "over".to_owned();
    let ends = [
        Order::Resolve { reason: reason() },
        Order::Decide { choice: Choice::NotIncident, reason: reason(), recheck: None },
    ];
    for round in 0..8 {
        let mut room = Room::new(|_| taken()).await;
        let end = ends[round % 2].clone();
        let (one, two) = (room.desk("ana").await, room.desk("ben").await);
        let (sent, closed) =
            tokio::join!(tokio::spawn(give(one, rollback())), tokio::spawn(give(two, end)));
        let (sent, closed) = (sent.expect("ran"), closed.expect("ran"));
        assert_ne!(sent.is_ok(), closed.is_ok(), "one of the two: {sent:?} {closed:?}");
        assert_eq!(room.posts(), usize::from(sent.is_ok()));
        assert_eq!(room.count("action_sent").await, usize::from(sent.is_ok()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_request_without_an_answer_is_sent_again_by_one_alone() {
    let silent = AtomicBool::new(true);
    let mut room = Room::new(move |_| {
        let first = silent.swap(false, Ordering::SeqCst);
        if first { Reply::raw("", Then::Hang) } else { taken() }
    })
    .await;
    let first = give(room.desk("ana").await, rollback()).await.expect("ordered");
    assert!(matches!(first, Some(Outcome::Unknown { .. })), "{first:?}");
    let action = room.incident().await.actions[0].intent.id.clone();
    let mut tasks = tokio::task::JoinSet::new();
    for name in FOUR {
        let (desk, action) = (room.desk(name).await, action.clone());
        tasks.spawn(async move {
            match desk.again(&kit::id(), &action).await {
                Ok(ticket) => Ok(Some(desk.send(ticket).await.outcome)),
                Err(why) => Err(why.to_string()),
            }
        });
        tasks.spawn(give(room.desk(name).await, rollback()));
    }
    let results = tasks.join_all().await;
    let won = results.iter().filter(|r| r.is_ok()).count();
    assert_eq!((won, room.posts(), room.count("action_sent").await), (1, 2, 2), "{results:?}");
    assert_eq!(room.incident().await.actions[0].state, ActionState::Accepted);
}

#[tokio::test]
async fn a_kill_switch_thrown_after_the_order_keeps_the_request_here_and_gives_the_decision_back() {
    let mut room = Room::new(|_| taken()).await;
    let desk = room.desk("ana").await;
    let due = room.incident().await.decide_clock();
    let done = desk.carry_out(&kit::id(), &rollback(), "test", Some(&board())).await;
    let ticket = done.expect("ordered").ticket.expect("to send");
    let freeze = room.folder.path().join("freeze");
    std::fs::write(&freeze, "").expect("thrown");
    let sent = desk.send(ticket).await;
    let Outcome::NotSent { detail } = &sent.outcome else { panic!("{sent:?}") };
    assert!(detail.contains("kill switch is on: the file"), "{detail}");
    let incident = room.incident().await;
    assert_eq!((incident.actions[0].state, incident.decide_clock()), (ActionState::NotSent, due));
    let why = give(room.desk("ben").await, rollback()).await.expect_err("refused");
    assert!(why.starts_with("kill switch is on: the file"), "{why}");
    assert_eq!(room.posts(), 0);
    std::fs::remove_file(&freeze).expect("off again");
    let later = give(room.desk("ben").await, rollback()).await.expect("the same once more");
    assert!(matches!(later, Some(Outcome::Accepted { .. })), "{later:?}");
    assert_eq!((room.incident().await.actions.len(), room.posts()), (1, 1));
}

#[tokio::test]
async fn what_cannot_be_sent_from_here_is_not_ordered_either() {
    let mut room = Room::new(|_| taken()).await;
    let mut desk = Arc::into_inner(room.desk("ana").await).expect("mine alone");
    desk.webhooks.clear();
    let why = give(Arc::new(desk), rollback()).await.expect_err("refused");
    assert_eq!(why, "action rollback cannot be sent from here");
    assert_eq!((room.kinds().await, room.posts()), (vec!["opened"], 0));
}

#[tokio::test]
async fn an_order_by_half_a_board_waits_for_the_whole() {
    let room = Room::new(|_| taken()).await;
    let half = Arc::new(Board { changes: None, ..(*board()).clone() });
    let desk = room.desk("ana").await;
    for board in [None, Some(&half)] {
        let done = desk.carry_out(&kit::id(), &rollback(), "test", board).await;
        assert!(done.expect_err("refused").to_string().contains("not read yet"));
    }
    let ack = Order::Acknowledge { note: String::new() };
    assert!(desk.carry_out(&kit::id(), &ack, "test", None).await.is_ok());
}

#[tokio::test]
async fn an_answer_that_a_full_disk_keeps_out_is_kept_and_stored_later() {
    let long = "x".repeat(4000);
    let room = Room::new(move |_| Reply::new(202, "content-type: text/plain\r\n", &long)).await;
    let desk = room.desk("ana").await;
    let done = desk.carry_out(&kit::id(), &rollback(), "test", Some(&board())).await;
    let ticket = done.expect("ordered").ticket.expect("to send");
    desk.journal.limit_pages(1).await;
    let sent = desk.send(ticket).await;
    assert!(matches!(sent.outcome, Outcome::Accepted { .. }), "{sent:?}");
    let why = sent.unstored.as_ref().expect("a full disk").to_string();
    assert_eq!(why, "NOT STORED - disk full");
    assert_eq!(room.incident().await.actions[0].state, ActionState::Sent);
    assert!(desk.store_again(&sent, 3).await.is_ok(), "there is room again");
    assert_eq!(room.incident().await.actions[0].state, ActionState::Accepted);
}

#[tokio::test]
async fn a_dry_run_shows_the_signed_request_and_sends_nothing() {
    let mut room = Room::new(|_| taken()).await;
    let desk = room.desk("ana").await;
    let dry = desk.rehearse(&kit::id(), None, Some(&board())).await.expect("gone through");
    let request = dry.request.expect("built");
    assert_eq!(request.method, "POST");
    assert!(request.headers.iter().any(|(n, v)| n == "webhook-signature" && v.starts_with("v1,")));
    assert!(request.body.contains("\"dry_run\":false"), "{}", request.body);
    assert_eq!((dry.plan.ready, dry.asked), (true, Asked::Nowhere));
    assert_eq!((room.kinds().await, room.server.requests().len()), (vec!["opened"], 0));
}

#[tokio::test]
async fn only_an_address_for_dry_runs_is_asked_and_only_when_the_rollback_could_go() {
    let mut room = Room::new(|asked| match asked.line.as_str() {
        "POST /dry" => Reply::new(200, "content-type: application/json\r\n", "{\"ok\":true}"),
        _ => taken(),
    })
    .await;
    room.more = format!("dry_run_url = \"{}/dry\"\n", room.server.url);
    let desk = room.desk("ana").await;
    let dry = desk.rehearse(&kit::id(), None, Some(&board())).await.expect("gone through");
    assert!(matches!(dry.asked, Asked::Said(Outcome::Accepted { .. })), "{:?}", dry.asked);
    let asked = room.server.requests();
    assert_eq!((asked.len(), asked[0].line.as_str()), (1, "POST /dry"));
    assert!(asked[0].body.contains("\"dry_run\":true"), "{}", asked[0].body);
    std::fs::write(room.folder.path().join("freeze"), "").expect("thrown");
    let dry = desk.rehearse(&kit::id(), None, Some(&board())).await.expect("gone through");
    let Asked::Not(why) = &dry.asked else { panic!("{:?}", dry.asked) };
    assert!(why.contains("kill switch"), "{why}");
    assert_eq!((room.server.requests().len(), room.kinds().await), (0, vec!["opened"]));
}
