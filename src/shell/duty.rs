//! Watching or following: one process of a journal judges, the others show what it says and wait
//! for its lease. Goes from one to the other as often as the lease does; never both at once.

use std::sync::Arc;
use std::sync::mpsc::Sender;

use tokio::sync::{oneshot, watch as cell};
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::journal::Journal;

use super::clock::Clock;
use super::hub::{BoardCell, Signal};
use super::session::{self, Watching};
use super::{follow, lease};

/// What this process does at the moment, and since what.
#[derive(Clone, Debug)]
pub enum Post {
    /// The lease was not asked for yet.
    Starts,
    /// It polls and judges; orders may nudge it.
    Watches(Sender<Signal>),
    /// Another does, or nobody yet.
    Follows,
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
}

/// A duty under way.
pub struct OnDuty {
    pub posts: Posts,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl OnDuty {
    /// Ends watching, waits for what is being stored, and gives the lease back.
    pub async fn stop(self) {
        let _gone = self.stop.send(());
        let _panicked = self.task.await;
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
    Stopped,
    Lost(String),
}

impl Duty {
    async fn run(
        self,
        boards: BoardCell,
        posts: cell::Sender<Post>,
        mut stop: oneshot::Receiver<()>,
    ) {
        loop {
            if !self.takes_lease().await {
                if matches!(*posts.borrow(), Post::Starts) {
                    posts.send_replace(Post::Follows);
                }
                tokio::select! {
                    biased;
                    _ = &mut stop => return,
                    () = lease::wait_for(&self.journal, &self.owner, self.clock) => {}
                    () = follow::run(self.url.clone(), boards.clone()) => return,
                }
            }
            let begun = session::watch(
                &self.config,
                self.journal.clone(),
                self.clock,
                boards.clone(),
                &self.owner,
            );
            match begun.await {
                Ok(watching) => match self.hold(watching, &posts, &mut stop).await {
                    End::Stopped => return,
                    End::Lost(other) => {
                        posts.send_replace(Post::Relieved(other));
                    }
                },
                Err(error) => {
                    tracing::error!(%error, "watching could not begin");
                    self.give_back().await;
                    tokio::time::sleep(lease::LEASE.to_std()).await;
                }
            }
        }
    }

    async fn takes_lease(&self) -> bool {
        let grip = lease::take(&self.journal, &self.owner, self.clock).await;
        matches!(grip, lease::Grip::Mine { .. })
    }

    /// Watches until told to stop or until the lease is another's.
    async fn hold(
        &self,
        mut watching: Watching,
        posts: &cell::Sender<Post>,
        stop: &mut oneshot::Receiver<()>,
    ) -> End {
        posts.send_replace(Post::Watches(watching.hub.clone()));
        let hub = watching.hub.clone();
        let end = tokio::select! {
            _ = stop => End::Stopped,
            other = lease::keep(&self.journal, &self.owner, self.clock, &hub) => End::Lost(other),
            _ = &mut watching.ended => End::Lost("another watcher".to_owned()),
        };
        watching.stop().await;
        if matches!(end, End::Stopped) {
            self.give_back().await;
        }
        end
    }

    async fn give_back(&self) {
        let _freed = self.journal.release_lease(&self.owner).await;
    }
}
