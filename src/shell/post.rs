//! Who sends messages: each letter of the watcher goes once to its sink, beside polling and beside
//! each other, and what came of it goes back. Nothing is decided here, nothing is sent twice.

use std::sync::Arc;
use std::sync::mpsc::Sender;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinHandle, JoinSet};

use crate::incident::event::Outcome;
use crate::policy::paging::Paging;
use crate::sink::pager::Pager;
use crate::watch::event::{Letter, Reply, WatchEvent};

use super::clock::Clock;
use super::hub::{Signal, tell};

/// The sinks of a process that may write outside, and who is told by them.
#[derive(Debug)]
pub struct PostOffice {
    pub pagers: Vec<Pager>,
    pub paging: Paging,
}

impl PostOffice {
    /// One try of a letter.
    async fn send(&self, letter: &Letter, clock: Clock) -> Outcome {
        let name = &letter.emission.sink;
        match self.pagers.iter().find(|p| p.config().name == *name) {
            Some(pager) => pager.send(&letter.incident, &letter.emission, clock.wall()).await,
            None => Outcome::NotSent { detail: format!("no [[sink]] is named {name}") },
        }
    }
}

/// Where letters go in, and the task that sends them; neither where nobody sends.
pub fn open(
    post: Option<Arc<PostOffice>>,
    clock: Clock,
    hub: Sender<Signal>,
) -> (Option<UnboundedSender<Letter>>, Option<JoinHandle<()>>) {
    let Some(post) = post else { return (None, None) };
    let (letters, box_) = unbounded_channel();
    (Some(letters), Some(tokio::spawn(run(post, clock, (box_, hub)))))
}

async fn run(
    post: Arc<PostOffice>,
    clock: Clock,
    (mut letters, hub): (UnboundedReceiver<Letter>, Sender<Signal>),
) {
    // ends with this task: what was on its way then is told as unknown by who watches next
    let mut under_way = JoinSet::new();
    while let Some(letter) = letters.recv().await {
        while under_way.try_join_next().is_some() {}
        let (post, hub) = (Arc::clone(&post), hub.clone());
        under_way.spawn(async move {
            let answer = post.send(&letter, clock).await;
            tracing::info!(key = %letter.emission.key, ?answer, "told");
            let Letter { incident, emission, try_no } = letter;
            let (key, sink, at) = (emission.key, emission.sink, clock.now());
            tell(&hub, WatchEvent::Emitted(Reply { incident, key, sink, try_no, answer, at }));
        });
    }
}
