//! Watching or following: one process of a journal judges, the others show what it says and wait
//! for its lease. Goes from one to the other as often as the lease does; never both at once.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use tokio::sync::{oneshot, watch as cell};
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::domain::id::IncidentId;
use crate::journal::Journal;

use super::clock::Clock;
use super::follow;
use super::hub::{BoardCell, Signal};
use super::lease::{self, Grip};
use super::post::PostOffice;
use super::session::{self, StartError, WatchSession};

/// What this process does at the moment, and since what.
#[derive(Clone, Debug)]
pub enum Post {
    /// The lease was not asked for yet.
    Starts,
    /// It polls and judges; orders may nudge it.
    Watches(Sender<Signal>),
    /// Another does, or nobody yet.
    Follows,
    /// Nobody does as far as can be seen, and this one cannot, because of the journal.
    Blocked(String),
    /// It did, and the lease went to the process named.
    Relieved(String),
}

/// The newest post, for screens, service managers and orders.
pub type Posts = cell::Receiver<Post>;

/// What a watcher is made of, time and again.
pub struct Duty {
    pub config: Arc<Config>,
    pub journal: Arc<Journal>,
    /// Of the journal, for the connection that only reads.
    pub url: String,
    pub clock: Clock,
    pub owner: String,
    /// Who tells people; none where this process may not write outside.
    pub post: Option<Arc<PostOffice>>,
}

/// A duty under way.
pub struct OnDuty {
    pub posts: Posts,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Vec<IncidentId>>,
}

impl OnDuty {
    /// Ends watching, waits for what is being stored, and gives the lease back. Incidents that are
    /// in no journal then.
    pub async fn stop(self) -> Vec<IncidentId> {
        let _gone = self.stop.send(());
        self.task.await.unwrap_or_default()
    }
}

/// Starts; boards go to `boards` whoever made them.
pub fn start(duty: Duty, boards: BoardCell) -> OnDuty {
    let (told, posts) = cell::channel(Post::Starts);
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(duty.run(boards, told, stopped));
    OnDuty { posts, stop, task }
}

/// Why a watch ended.
enum End {
    Stopped(Vec<IncidentId>),
    Lost(String),
}

/// The lease is given back so long; after that it runs out by itself.
const GIVES_BACK_WITHIN: Duration = Duration::from_millis(400);
/// A connection that is let go is closed within that.
const LETS_GO: Duration = Duration::from_millis(50);

impl Duty {
    async fn run(
        self,
        boards: BoardCell,
        posts: cell::Sender<Post>,
        mut stop: oneshot::Receiver<()>,
    ) -> Vec<IncidentId> {
        loop {
            let begun = tokio::select! {
                biased;
                _ = &mut stop => None,
                begun = self.begin(&boards, &posts) => begun,
            };
            let Some(begun) = begun else {
                self.give_back().await;
                return Vec::new();
            };
            match begun {
                Ok(watching) => match self.hold(watching, &posts, &mut stop).await {
                    End::Stopped(left) => return left,
                    End::Lost(other) => {
                        posts.send_replace(Post::Relieved(other));
                    }
                },
                Err(error) => {
                    tracing::error!(%error, "watching could not begin");
                    self.give_back().await;
                    posts.send_replace(Post::Blocked(error.to_string()));
                    tokio::select! {
                        _ = &mut stop => return Vec::new(),
                        () = tokio::time::sleep(lease::LEASE.to_std()) => {}
                    }
                }
            }
        }
    }

    /// Follows until the lease is ours, then starts to watch. None when nobody looks any more.
    async fn begin(
        &self,
        boards: &BoardCell,
        posts: &cell::Sender<Post>,
    ) -> Option<Result<WatchSession, StartError>> {
        while !self.takes_lease(posts).await {
            tokio::select! {
                biased;
                mine = self.wait_for_lease(posts) => if mine { break },
                () = follow::run(self.url.clone(), boards.clone()) => return None,
            }
            // Connections of one process share what SQLite knows of a file: one that was opened
            // when nothing could be written keeps the others from writing as long as it is open.
            tokio::time::sleep(LETS_GO).await;
        }
        let (journal, boards) = (self.journal.clone(), boards.clone());
        let post = self.post.clone();
        Some(session::watch(&self.config, journal, self.clock, boards, &self.owner, post).await)
    }

    /// Waits until the lease is ours; false when the journal cannot be written.
    async fn wait_for_lease(&self, posts: &cell::Sender<Post>) -> bool {
        loop {
            tokio::time::sleep(lease::ASK_EVERY).await;
            if matches!(&*posts.borrow(), Post::Blocked(_)) {
                return false;
            }
            if self.takes_lease(posts).await {
                return true;
            }
        }
    }

    /// One try; tells what came of it where that is news.
    async fn takes_lease(&self, posts: &cell::Sender<Post>) -> bool {
        let grip = lease::take(&self.journal, &self.owner, self.clock).await;
        let now = posts.borrow().clone();
        let words = |why: &str| format!("the journal cannot be written: {why}");
        match (grip, now) {
            (Grip::Mine { .. }, _) => return true,
            (Grip::Other(_), Post::Follows | Post::Relieved(_)) => {}
            (Grip::Other(_), Post::Starts | Post::Watches(_) | Post::Blocked(_)) => {
                posts.send_replace(Post::Follows);
            }
            (Grip::Silent(why), Post::Blocked(before)) if words(&why) == before => {}
            (Grip::Silent(why), _) => {
                posts.send_replace(Post::Blocked(words(&why)));
            }
        }
        false
    }

    /// Watches until told to stop or until the lease is another's.
    async fn hold(
        &self,
        mut watching: WatchSession,
        posts: &cell::Sender<Post>,
        stop: &mut oneshot::Receiver<()>,
    ) -> End {
        posts.send_replace(Post::Watches(watching.hub.clone()));
        let hub = watching.hub.clone();
        let lost = tokio::select! {
            _ = stop => None,
            other = lease::keep(&self.journal, &self.owner, self.clock, &hub) => Some(other),
            left = watching.over() => {
                if let Some(words) = session::left_words(&left) {
                    tracing::error!("{words}");
                }
                Some("another watcher".to_owned())
            }
        };
        let left = watching.stop().await;
        if let Some(other) = lost {
            return End::Lost(other);
        }
        self.give_back().await;
        End::Stopped(left)
    }

    async fn give_back(&self) {
        let freed = self.journal.release_lease(&self.owner);
        let _late = tokio::time::timeout(GIVES_BACK_WITHIN, freed).await;
    }
}
