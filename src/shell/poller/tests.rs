//! A source that refuses, answers, or has a fault: what the hub hears of it.

use std::sync::mpsc::{Receiver, channel};

use super::*;
use crate::source::{self, SourceConfig};

/// A GitHub-like server of this test's own that gives one answer for ever.
fn server(answer: &'static str) -> String {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut asked = [0_u8; 4096];
            let _all = stream.read(&mut asked);
            let _gone = stream.write_all(answer.as_bytes());
        }
    });
    url
}

const EMPTY: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\
                     connection: close\r\n\r\n[]";
const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 120\r\ncontent-length: 0\r\n\
                    connection: close\r\n\r\n";

fn poller(url: &str) -> Poller {
    let text = format!(
        "name = \"deploys\"\nkind = \"github\"\nurl = \"{url}\"\nrepo = \"acme/web\"\n\
         every = \"1s\"\ntimeout = \"1s\"\n"
    );
    let config: SourceConfig = toml::from_str(&text).expect("a row");
    Poller {
        name: config.name.clone(),
        every: config.every,
        source: source::build(&config, Span::from_mins(1)).expect("builds"),
        past_days: 0,
        phase: 0.0,
    }
}

/// The first thing that is told of a source's polls.
fn first(poller: Poller, again: impl FnMut() -> Option<Poller>) -> WatchEvent {
    let (hub, heard) = channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("one");
    runtime.block_on(async {
        tokio::select! {
            () = guarded(poller, again, Clock::system(), hub) => panic!("polling never ends"),
            told = tokio::task::spawn_blocking(move || poll_of(&heard)) => told.expect("told"),
        }
    })
}

fn poll_of(heard: &Receiver<Signal>) -> WatchEvent {
    loop {
        match heard.recv().expect("the poller lives") {
            Signal::Event(event)
                if matches!(*event, WatchEvent::Polled { .. } | WatchEvent::PollFailed { .. }) =>
            {
                return *event;
            }
            _ => {}
        }
    }
}

#[test]
fn a_good_answer_is_told_with_when_the_next_one_is_asked_for() {
    let told = first(poller(&server(EMPTY)), || None);
    let WatchEvent::Polled { source, batch, at, next_at } = told else { panic!("{told:?}") };
    assert_eq!((source.as_str(), batch.changes.len()), ("deploys", 0));
    assert_eq!(next_at, at.plus(Span::from_secs(1)), "its interval");
}

#[test]
fn a_refusal_is_told_in_words_and_asked_again_when_the_server_said() {
    let told = first(poller(&server(BUSY)), || None);
    let WatchEvent::PollFailed { why, at, next_at, .. } = told else { panic!("{told:?}") };
    assert!(why.contains("503"), "{why}");
    assert!(next_at.since(at) >= Span::from_secs(120), "{:?}", next_at.since(at));
}

#[test]
fn a_server_that_is_gone_is_told_and_asked_later() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", free.local_addr().expect("an address"));
    drop(free);
    let told = first(poller(&url), || None);
    let WatchEvent::PollFailed { source, at, next_at, .. } = told else { panic!("{told:?}") };
    assert_eq!(source.as_str(), "deploys");
    assert!(next_at > at);
}
