//! Waiting for the end of a program without a screen: TERM, INT, HUP, QUIT; and outliving the
//! signal of a file that may not grow. Screens have their own way (`shell::input`), since they must
//! restore a terminal.

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

/// A file at its size limit (`ulimit -f`) makes the write fail, like a full disk, and is told like
/// one; left alone the signal would end the process. Once caught it stays caught.
pub fn outlive_limits() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    if let Ok(runtime) = runtime {
        let kind = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
        runtime.block_on(async { drop(signal(kind)) });
    }
}

async fn one(mut caught: Signal, number: i32) -> i32 {
    caught.recv().await;
    number
}
