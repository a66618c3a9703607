//! The past of a server that answers as told: pieces, limits, parts, turns.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::domain::observation::Value;
use crate::domain::past::PastState;
use crate::source::config::{SourceConfig, SourceKind};
use crate::source::fixture::{Reply, SeenRequest, Server};
use crate::source::{Source, Turns, build};

const NOW: Timestamp = Timestamp::from_secs(1_795_208_010);

const ORDERS: &str = "[[query]]\nmetric = \"orders\"\nkind = \"count\"\n\
                      expr = \"sum(increase(orders[$window]))\"\n";
const VIEWS: &str = "[[query]]\nmetric = \"page_views\"\nkind = \"count\"\n\
                     expr = \"increase(views[$window])\"\nlabels = { template = \"page\" }\n";

fn source(url: &str, queries: &str) -> Source {
    let text = format!(
        "name = \"p\"\nkind = \"prometheus\"\nurl = \"{url}\"\nscrape = \"15s\"\n{queries}"
    );
    let config: SourceConfig = toml::from_str(&text).expect("config");
    assert_eq!(config.kind, SourceKind::Prometheus);
    build(&config, Span::from_mins(1)).expect("source")
}

fn field(seen: &SeenRequest, name: &str) -> String {
    let pairs = url::form_urlencoded::parse(seen.body.as_bytes());
    pairs.into_owned().find(|(k, _)| k == name).map(|(_, v)| v).unwrap_or_default()
}

fn number(seen: &SeenRequest, name: &str) -> i64 {
    field(seen, name).split('.').next().and_then(|t| t.parse().ok()).expect("a time")
}

/// Hours that a question is about.
fn hours(seen: &SeenRequest) -> i64 {
    (number(seen, "end") - number(seen, "start")) / 3600 + 1
}

fn is_past(seen: &SeenRequest) -> bool {
    field(seen, "step") == "3600"
}

/// A series with a point at each step, by the value of its label `page`.
fn answer(seen: &SeenRequest, pages: &[&str]) -> Reply {
    let step: i64 = field(seen, "step").parse().expect("a step");
    let points = (number(seen, "start")..=number(seen, "end")).step_by(step as usize);
    let points: Vec<String> = points.map(|t| format!("[{t},\"5\"]")).collect();
    let points = points.join(",");
    let row = |page: &&str| format!("{{\"metric\":{{\"page\":\"{page}\"}},\"values\":[{points}]}}");
    let rows: Vec<String> = pages.iter().map(row).collect();
    let body = "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[";
    Reply::json(&format!("{body}{}]}}}}", rows.join(",")))
}

fn refusal(status: u16, kind: &str, text: &str) -> Reply {
    let body = format!("{{\"status\":\"error\",\"errorType\":\"{kind}\",\"error\":\"{text}\"}}");
    Reply::new(status, "content-type: application/json\r\n", &body)
}

fn no_time() -> Duration {
    Duration::ZERO
}

/// Reads everything; the ends of the windows that were told, and how often it was refused.
async fn read(source: &mut Source) -> (Vec<(Timestamp, String)>, usize) {
    let (mut told, mut refused) = (Vec::new(), 0);
    while let Some(piece) = source.next_history(no_time).await {
        match piece {
            Ok(piece) => told.extend(piece.observations.iter().map(|o| {
                assert!(matches!(o.value, Value::Count(n) if n > 0.0), "{o:?}");
                (o.window.end, o.segment.to_string())
            })),
            Err(_) => refused += 1,
        }
        assert!(refused < 50, "no end");
    }
    (told, refused)
}

fn once_each(told: &[(Timestamp, String)], count: usize) {
    let all: std::collections::BTreeSet<_> = told.iter().collect();
    assert_eq!((all.len(), told.len()), (count, count));
}

#[tokio::test]
async fn the_newest_day_comes_first_and_the_server_is_told_how_long_we_wait() {
    let mut server = Server::start(|seen| answer(seen, &["a"])).await;
    let mut source = source(&server.url, &format!("timeout = \"2s\"\n{ORDERS}"));
    source.poll(NOW).await.expect("live");
    source.history(NOW, 21);
    let (told, refused) = read(&mut source).await;
    once_each(&told, 21 * 24);
    assert_eq!((refused, told.iter().map(|t| t.0).max()), (0, Some(NOW.floor(HOUR))));
    let seen = server.requests();
    assert_eq!(field(&seen[1], "query"), "sum(increase(orders[3600s]))");
    assert_eq!(hours(&seen[1]), 24);
    assert!(seen.len() <= 8, "{} questions", seen.len());
    assert!(seen.iter().all(|s| field(s, "timeout") == "1.800"));
    let past = &source.pasts()[0];
    assert_eq!((past.days, past.of_days, past.state), (21, 21, PastState::Read));
}

#[tokio::test]
async fn what_the_server_refuses_for_its_size_is_asked_in_smaller_pieces() {
    let mut server = Server::start(|seen| {
        if is_past(seen) && hours(seen) > 5 {
            let text = "query processing would load too many samples into memory";
            return refusal(422, "execution", text);
        }
        answer(seen, &["a"])
    })
    .await;
    let mut source = source(&server.url, ORDERS);
    source.poll(NOW).await.expect("live");
    source.history(NOW, 3);
    let (told, refused) = read(&mut source).await;
    once_each(&told, 3 * 24);
    assert!(refused <= 2, "{refused}");
    let large = server.requests().iter().filter(|s| is_past(s) && hours(s) > 5).count();
    assert!(large <= 2, "what was too much is not asked again");
}

#[tokio::test]
async fn one_hour_that_is_too_much_is_asked_by_groups_of_series() {
    const PAGES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
    let server = Server::start(|seen| {
        let query = field(seen, "query");
        let named = |page: &&&str| {
            let inner = query.split("page=~\"").nth(1).and_then(|q| q.split('"').next());
            inner.is_some_and(|list| list.split('|').any(|p| p == **page))
        };
        if !is_past(seen) {
            return answer(seen, &PAGES);
        }
        if query.contains("page!~") {
            return answer(seen, &["gone"]);
        }
        let pages: Vec<&str> = PAGES.iter().filter(named).copied().collect();
        if pages.is_empty() || pages.len() > 2 || hours(seen) > 1 {
            return refusal(503, "timeout", "query timed out in expression evaluation");
        }
        answer(seen, &pages)
    })
    .await;
    let mut source = source(&server.url, VIEWS);
    source.poll(NOW).await.expect("live");
    source.history(NOW, 1);
    let (told, refused) = read(&mut source).await;
    once_each(&told, 24 * 7);
    assert!(refused <= 6, "{refused}");
    assert_eq!(source.pasts()[0].state, PastState::Read);
}

#[tokio::test]
async fn a_question_that_never_works_says_why_and_holds_up_nobody() {
    let server = Server::start(|seen| {
        if is_past(seen) && field(seen, "query").contains("sum") {
            return refusal(503, "timeout", "query timed out in expression evaluation");
        }
        answer(seen, &["a", "b"])
    })
    .await;
    let mut source = source(&server.url, &format!("{ORDERS}{VIEWS}"));
    source.poll(NOW).await.expect("live");
    source.history(NOW, 2);
    let (told, _) = read(&mut source).await;
    once_each(&told, 2 * 24 * 2);
    let pasts = source.pasts();
    assert_eq!(
        pasts.iter().map(|p| p.state).collect::<Vec<_>>(),
        [PastState::Failed, PastState::Read]
    );
    let words = pasts[0].words().expect("words");
    assert!(words.contains("query timed out") && words.contains("recording rule"), "{words}");
}

#[tokio::test]
async fn what_will_be_read_is_told_with_its_size() {
    let server = Server::start(|seen| {
        if is_past(seen) && field(seen, "query").contains("sum") {
            return refusal(503, "timeout", "query timed out in expression evaluation");
        }
        answer(seen, &["a", "b"])
    })
    .await;
    let mut source = source(&server.url, &format!("past = \"14d\"\n{ORDERS}{VIEWS}"));
    source.poll(NOW).await.expect("live");
    let told = source.forecast(14, no_time).await;
    assert_eq!(told.len(), 2);
    assert_eq!((told[1].title.as_str(), told[1].series), ("page_views by template", 2));
    assert_eq!((told[1].points, told[1].pieces), (2 * 14 * 24, Some(2)));
    assert!(told[0].error.as_deref().is_some_and(|e| e.contains("timed out")), "{:?}", told[0]);
    assert!(told[0].is_heavy() && !told[1].is_heavy());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_sources_of_one_server_ask_one_range_at_a_time() {
    let asked = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let seen_at_once = Arc::clone(&asked);
    let server = Server::start(move |seen| {
        let now = seen_at_once.0.fetch_add(1, Ordering::SeqCst) + 1;
        seen_at_once.1.fetch_max(now, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(5));
        seen_at_once.0.fetch_sub(1, Ordering::SeqCst);
        answer(seen, &["a"])
    })
    .await;
    let mut turns = Turns::default();
    let mut tasks = Vec::new();
    for queries in [ORDERS, VIEWS] {
        let mut source = source(&server.url, queries);
        source.take_turns(&mut turns);
        tasks.push(tokio::spawn(async move {
            source.poll(NOW).await.expect("live");
            source.history(NOW, 21);
            let read = read(&mut source).await.0.len();
            source.poll(NOW.plus(Span::from_mins(1))).await.expect("live again");
            read
        }));
    }
    for task in tasks {
        assert_eq!(task.await.expect("ended"), 21 * 24);
    }
    assert_eq!(asked.1.load(Ordering::SeqCst), 1);
}
