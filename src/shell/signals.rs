//! Waiting for the end of a program without a screen: TERM, INT, HUP, QUIT.
//! Screens have their own way (`shell::input`), since they must restore a terminal.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Returns when the first of the four signals came; its number.
pub async fn ended() -> i32 {
    let kinds = [
        SignalKind::terminate(),
        SignalKind::interrupt(),
        SignalKind::hangup(),
        SignalKind::quit(),
    ];
    let waits = kinds.into_iter().filter_map(|kind| {
        let caught = signal(kind).ok()?;
        Some(Box::pin(one(caught, kind.as_raw_value())))
    });
    futures_util::future::select_all(waits).await.0
}

async fn one(mut caught: Signal, number: i32) -> i32 {
    caught.recv().await;
    number
}
