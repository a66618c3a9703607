//! A rollback whose answer never came: the receiver is asked what became of it, the answer is
//! stored, and a second request carries the same key and bytes. Against a receiver that keeps keys.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tillwatch::board::{Board, SourceState, SourceView, view};
use tillwatch::config::{Config, load};
use tillwatch::domain::change::{Change, ChangeKind, ChangeStatus};
use tillwatch::domain::segment::Scope;
use tillwatch::domain::severity::Severity;
use tillwatch::domain::time::{Span, Timestamp};
use tillwatch::incident::event::{Actor, Event, Outcome, Record};
use tillwatch::incident::facts::OrderFacts;
use tillwatch::incident::fold::{Incident, fold};
use tillwatch::incident::order::Order;
use tillwatch::incident::state::ActionState;
use tillwatch::journal::{Access, Journal};
use tillwatch::shell::clock::Clock;
use tillwatch::shell::duty::Post;
use tillwatch::shell::order::OrderDesk;
use tillwatch::shell::{outcome, settings};
use tillwatch::verdict::{Case, Class, Confidence, Suspect};

use crate::configs::SECRET;
use crate::servers::home;
use crate::stub::{Asked, Said, Stub};
use crate::wait::pause;

const ID: &str = "INC-OUTCOME";
/// The action waits one second for an answer; the receiver takes longer over the first.
const STALL: Duration = Duration::from_millis(2500);

/// What a receiver saw and did.
#[derive(Default)]
struct Seen {
    /// Key and body of each request.
    posts: Vec<(String, String)>,
    asked: usize,
    /// Keys whose rollback was carried out, once each.
    done: Vec<String>,
}

type Shared = Arc<Mutex<Seen>>;

/// Takes the first request, does it and does not answer in time; later ones it answers. `status` is
/// what it says when asked, and `arrives` whether the first one reaches it at all.
fn receiver(seen: &Shared, status: Said, arrives: bool) -> Stub {
    let seen = Arc::clone(seen);
    Stub::start(move |asked: &Asked| {
        if asked.method == "GET" {
            seen.lock().expect("seen").asked += 1;
            return status.clone();
        }
        let key = header(asked, "idempotency-key");
        let first = {
            let mut seen = seen.lock().expect("seen");
            seen.posts.push((key.clone(), asked.body.clone()));
            let first = seen.posts.len() == 1;
            if !seen.done.contains(&key) && (arrives || !first) {
                seen.done.push(key);
            }
            first
        };
        if first {
            pause(STALL);
        }
        (200, "application/json", b"{\"status\":\"done\"}".to_vec())
    })
}

fn header(asked: &Asked, name: &str) -> String {
    let line = asked.head.lines().find(|l| l.to_ascii_lowercase().starts_with(name));
    line.and_then(|l| l.split_once(':')).map_or_else(String::new, |(_, v)| v.trim().to_owned())
}

fn config(home: &Path, url: &str, more: &str) -> Config {
    let secret = home.join("hook.secret");
    std::fs::write(&secret, SECRET).expect("written");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&secret, mode).expect("closed");
    let text = format!(
        "[[action]]\nname = \"rollback\"\nkind = \"webhook\"\nurl = \"{url}/hook\"\n\
         status_url = \"{url}/hook/{{id}}\"\nsecret = {{ file = \"{}\" }}\n\
         timeout = \"1s\"\n{more}",
        secret.display()
    );
    let loaded = load::from_text(Path::new("test.toml"), &text);
    loaded.config.unwrap_or_else(|| panic!("{:?}", loaded.problems))
}

fn release(id: &str, minutes: i64, status: ChangeStatus, now: Timestamp) -> Change {
    let at = now.minus(Span::from_mins(minutes));
    Change {
        source: "deploys".into(),
        id: id.into(),
        kind: ChangeKind::Theme,
        service: "theme".to_owned(),
        environment: "production".to_owned(),
        version: id.to_owned(),
        previous: None,
        status,
        created_at: at,
        started_at: Some(at),
        finished_at: Some(at),
        stages: vec![],
        templates: BTreeSet::new(),
        rolled_back_at: None,
        ran_before: false,
        author: String::new(),
        url: String::new(),
    }
}

fn case(now: Timestamp) -> Case {
    Case {
        key: "test".to_owned(),
        class: Class::Conversion,
        severity: Severity::Sev1,
        rule: "test".to_owned(),
        raise: String::new(),
        journey: Some("checkout".into()),
        headline: "Payment step 61% -> 18%".to_owned(),
        segments: vec![Scope::everything()],
        onset_at: now,
        firing: true,
        findings: Vec::new(),
        evidence_for: vec!["5 of 5 checks failed".to_owned()],
        evidence_against: Vec::new(),
        suspect: Suspect {
            release: Some("theme-3".into()),
            confidence: Confidence::High,
            ..Suspect::default()
        },
        risk_per_minute: None,
        lost: None,
        affected: None,
        burned_per_minute: None,
        counted: None,
        money_method: String::new(),
    }
}

/// One open incident in a journal, an operator's desk over it, and the board both lead to.
struct Bench {
    desk: Arc<OrderDesk>,
    boards: tokio::sync::watch::Sender<Option<Arc<Board>>>,
    start: Timestamp,
    _home: tempfile::TempDir,
}

impl Bench {
    async fn open(url: &str, more: &str) -> Self {
        let home = home();
        let path = format!("sqlite:{}/journal.db", home.path().display());
        let journal = Arc::new(Journal::open(&path, Access::Write).await.expect("a journal"));
        let (clock, now) = (Clock::system(), Clock::system().now());
        let later = now.plus(Span::from_mins(15));
        let case = Box::new(case(now));
        let event =
            Event::Opened { case, ack_due_at: later, decide_due_at: later, recurrence_of: None };
        let actor = Actor { name: "ana".to_owned(), ..Actor::default() };
        let cause = "test".to_owned();
        let opened = Record { at: now, incident: ID.into(), actor: actor.clone(), cause, event };
        journal.append(&[opened]).await.expect("stored");
        let config = config(home.path(), url, more);
        let desk = settings::desk(&config, journal, clock, actor).expect("a desk");
        let (boards, _) = tokio::sync::watch::channel(None);
        Self { desk: Arc::new(desk), boards, start: now, _home: home }
    }

    async fn incident(&self) -> Incident {
        let records = self.desk.journal.records_of(&ID.into()).await.expect("records");
        let records: Vec<Record> = records.into_iter().map(|s| s.record).collect();
        fold(&records).expect("an incident")
    }

    /// The board a watcher would make of the journal now.
    async fn publish(&self) -> Arc<Board> {
        let now = self.desk.clock.now();
        let mut board = Board {
            generated_at: now,
            changes: Some(Arc::new(vec![
                release("theme-3", 5, ChangeStatus::Succeeded, self.start),
                release("theme-2", 900, ChangeStatus::Inactive, self.start),
            ])),
            sources: vec![SourceView {
                name: "deploys".into(),
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
            }],
            speed: 1.0,
            ..Board::default()
        };
        let changes = board.changes.clone().expect("changes");
        let incident = self.incident().await;
        let facts = OrderFacts {
            policy: &self.desk.response,
            changes: &changes,
            actions: &self.desk.actions,
            incidents: &[],
            cases: &[],
            kill_switch: None,
            sources: &view::told(&board.sources),
            may_act: true,
            speed: 1.0,
            currency: "EUR",
        };
        board.incidents = vec![view::view(&incident, &facts, now)];
        let board = Arc::new(board);
        self.boards.send_replace(Some(Arc::clone(&board)));
        board
    }

    /// What the person does: the typed token, then the request.
    async fn roll_back(&self) -> Outcome {
        let board = self.publish().await;
        let plan = board.incidents[0].rollback.clone().expect("a plan");
        let order = Order::Rollback { token: plan.confirm_token, waive: None };
        let done = self.desk.carry_out(&ID.into(), &order, "test", Some(&board)).await;
        let ticket = done.expect("taken").ticket.expect("a request");
        let sent = self.desk.send(ticket).await;
        assert!(sent.unstored.is_none(), "{sent:?}");
        sent.outcome
    }

    /// Waits for a state of the newest action; publishes what the journal says meanwhile.
    async fn wait(&self, what: &str, pass: impl Fn(ActionState, &str) -> bool) -> String {
        for _ in 0..600 {
            let incident = self.incident().await;
            let run = incident.newest_action().expect("an action");
            if pass(run.state, &run.detail) {
                return run.detail.clone();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{what} did not come: {:#?}", self.incident().await.newest_action());
    }
}

fn rt() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("rt")
}

#[test]
fn a_lost_answer_is_asked_for_and_stored() {
    let seen = Shared::default();
    let stub = receiver(&seen, (200, "application/json", b"{\"status\":\"done\"}".to_vec()), true);
    rt().block_on(async {
        let bench = Bench::open(&stub.url, "").await;
        let outcome = bench.roll_back().await;
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
        tokio::spawn(outcome::run(bench.desk.clone(), bench.boards.subscribe(), None));
        bench.publish().await;
        let detail = bench.wait("accepted", |s, _| s == ActionState::Accepted).await;
        assert!(detail.contains("the receiver did it"), "{detail}");
        let incident = bench.incident().await;
        assert_eq!((incident.actions.len(), incident.actions[0].tries), (1, 1));
    });
    let seen = seen.lock().expect("seen");
    assert_eq!((seen.posts.len(), seen.done.len()), (1, 1), "asking has no effect");
    assert!(seen.asked >= 1);
}

#[test]
fn the_person_sends_the_same_request_again_and_it_is_done_once() {
    let seen = Shared::default();
    let stub = receiver(&seen, (503, "text/plain", b"not now".to_vec()), true);
    rt().block_on(async {
        let bench = Bench::open(&stub.url, "").await;
        let first = bench.roll_back().await;
        assert!(matches!(first, Outcome::Unknown { .. }), "{first:?}");
        tokio::spawn(outcome::run(bench.desk.clone(), bench.boards.subscribe(), None));
        let board = bench.publish().await;
        let plan = board.incidents[0].rollback.as_ref().expect("a plan");
        let action = board.incidents[0].action.as_ref().expect("an action");
        assert_eq!(plan.resend_of.as_ref(), Some(&action.id), "offered");
        tokio::time::sleep(STALL).await;
        assert_eq!(seen.lock().expect("seen").posts.len(), 1, "never by itself");
        let second = bench.roll_back().await;
        assert!(matches!(second, Outcome::Accepted { .. }), "{second:?}");
        let incident = bench.incident().await;
        assert_eq!((incident.actions.len(), incident.actions[0].tries), (1, 2));
    });
    let seen = seen.lock().expect("seen");
    assert_eq!((seen.posts.len(), seen.done.len()), (2, 1), "same key, done once");
    assert_eq!(seen.posts[0], seen.posts[1], "same key, same bytes");
}

#[test]
fn only_a_config_that_says_so_sends_again_by_itself() {
    let seen = Shared::default();
    let stub = receiver(&seen, (404, "text/plain", Vec::new()), false);
    rt().block_on(async {
        let bench = Bench::open(&stub.url, "idempotent = true\nresend_for = \"60s\"\n").await;
        bench.roll_back().await;
        let (hub, _kept) = std::sync::mpsc::channel();
        let (_told, posts) = tokio::sync::watch::channel(Post::Watches(hub));
        let running = outcome::run(bench.desk.clone(), bench.boards.subscribe(), Some(posts));
        tokio::spawn(running);
        bench.publish().await;
        bench.wait("accepted", |s, _| s == ActionState::Accepted).await;
    });
    let seen = seen.lock().expect("seen");
    assert_eq!((seen.posts.len(), seen.done.len()), (2, 1));
    assert_eq!(seen.posts[0], seen.posts[1], "same key, same bytes");
}

#[test]
fn a_receiver_that_never_heard_of_it_is_told_to_the_person() {
    let seen = Shared::default();
    let stub = receiver(&seen, (404, "text/plain", Vec::new()), false);
    rt().block_on(async {
        let bench = Bench::open(&stub.url, "").await;
        bench.roll_back().await;
        tokio::spawn(outcome::run(bench.desk.clone(), bench.boards.subscribe(), None));
        bench.publish().await;
        let known = |s, detail: &str| s == ActionState::Unknown && detail.contains("does not know");
        bench.wait("the receiver's word", known).await;
    });
    assert_eq!(seen.lock().expect("seen").posts.len(), 1);
}
