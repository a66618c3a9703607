//! `tillwatch watch`: the watcher without a screen, for systemd and tests.
//! Ready and watchdog messages go to systemd's socket; a heartbeat file or URL tells others.

use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::time::Duration;

use crate::board::Board;
use crate::config::Config;
use crate::journal::{Access, Journal};
use crate::shell::clock::Clock;
use crate::shell::duty::{self, Duty, Post, Posts};
use crate::shell::session::{self, Boards};
use crate::shell::{identity, lease, outcome, settings, signals};

use super::app;
use super::args::{Global, WatchArgs};
use super::exit::Exit;
use super::out;

const BEAT_EVERY: Duration = Duration::from_secs(5);
/// What still runs when all that matters is stored gets so long.
const ENDS_WITHIN: Duration = Duration::from_millis(200);

pub fn run(global: &Global, args: &WatchArgs) -> Exit {
    inner(global, args).unwrap_or_else(|exit| exit)
}

fn inner(global: &Global, args: &WatchArgs) -> Result<Exit, Exit> {
    let config = app::config(global)?.config();
    if config.sources.is_empty() {
        out::error("no [[source]] is configured: nothing to watch (see `tillwatch init`)");
        return Err(Exit::Usage);
    }
    let url = app::journal_url(global, &config)?;
    let runtime = app::runtime()?;
    let exit = runtime.block_on(async {
        let journal = app::journal(&url, Access::Write).await?;
        watch(config, url, journal, args).await
    });
    // a journal that another program holds locked is not waited for
    runtime.shutdown_timeout(ENDS_WITHIN);
    exit
}

/// Watches while the lease is ours and stands by while it is not, until a signal ends it.
async fn watch(
    config: Config,
    url: String,
    journal: Arc<Journal>,
    args: &WatchArgs,
) -> Result<Exit, Exit> {
    session::check(&config).map_err(|error| {
        out::error(&error.to_string());
        Exit::Usage
    })?;
    let (clock, owner) = (Clock::system(), lease::owner());
    let (sender, boards) = tokio::sync::watch::channel(None);
    let orders = settings::desk(&config, journal.clone(), clock, identity::watcher());
    let post = settings::post_office(&config, &identity::watcher().name).map_err(|why| {
        out::error(&why);
        Exit::Usage
    })?;
    let duty = Duty { config: Arc::new(config), journal, url, clock, owner, post: Some(post) };
    let on_duty = duty::start(duty, sender);
    match orders {
        Ok(orders) => {
            let posts = Some(on_duty.posts.clone());
            tokio::spawn(outcome::run(Arc::new(orders), boards.clone(), posts));
        }
        Err(why) => out::error(&format!("outcomes of actions are not asked for: {why}")),
    }
    notify("READY=1");
    let exit = tokio::select! {
        _ = signals::ended() => Exit::Ok,
        () = tell(on_duty.posts.clone()) => Exit::No,
        () = beat(boards, args.heartbeat.clone()) => Exit::No,
    };
    notify("STOPPING=1");
    if let Some(words) = session::left_words(&on_duty.stop().await) {
        out::error(&words);
    }
    Ok(exit)
}

/// Says on standard error and to systemd what it does, each time that changes.
async fn tell(mut posts: Posts) {
    loop {
        let words = match &*posts.borrow_and_update() {
            Post::Starts => "starting".to_owned(),
            Post::Watches(_) => "watching".to_owned(),
            Post::Follows => "standing by: another watcher has the lease".to_owned(),
            Post::Blocked(why) => format!("NOT WATCHING: {why}; trying again every second"),
            Post::Relieved(other) => format!("standing by: {other} has the lease now"),
        };
        notify(&format!("STATUS={words}"));
        out::error(&words);
        if posts.changed().await.is_err() {
            return;
        }
    }
}

/// Beats while boards come, its own or those it follows; where they stand still there is no beat.
async fn beat(mut boards: Boards, target: Option<String>) {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(BEAT_EVERY)
        .build()
        .ok();
    let mut last = None;
    while boards.changed().await.is_ok() {
        let board: Option<Arc<Board>> = boards.borrow_and_update().clone();
        let Some(at) = board.map(|b| b.generated_at) else { continue };
        if last.is_some_and(|t| at.since(t) < crate::domain::time::Span::from_secs(5)) {
            continue;
        }
        last = Some(at);
        notify("WATCHDOG=1");
        match (&target, &client) {
            (Some(url), Some(client)) if url.starts_with("http") => {
                let _missed = client.get(url).send().await;
            }
            (Some(file), _) => {
                let _missed = std::fs::write(file, format!("{at}\n"));
            }
            (None, _) => {}
        }
    }
}

/// One message to systemd when it started us (sd_notify(3)); abstract sockets are not used there.
fn notify(message: &str) {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else { return };
    if let Ok(socket) = UnixDatagram::unbound() {
        let _nobody = socket.send_to(message.as_bytes(), path);
    }
}
