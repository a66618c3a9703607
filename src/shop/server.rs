//! Server: starts a shop on its own thread and runtime, and stops it again.
//! Loopback only: a demo shop that takes faults by POST has no business on a network.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::http::{Face, router};
use super::scenario;
use super::sign::SigningKey;
use super::state::{Clocks, Shop, ShopPlan};
use crate::domain::time::Timestamp;

/// What a shop is started with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Loopback only; port 0 takes a free one.
    pub listen: SocketAddr,
    /// A name of [`scenario::table`].
    pub scenario: String,
    pub seed: u64,
    /// Shop seconds per wall second, for `/api/health`; the clocks decide how time really runs.
    pub speed: f64,
    /// Serve `/truth`.
    pub truth: bool,
    /// Mean visits on a day, 300,000 by default.
    pub visits_per_day: f64,
    /// Days of history before `start`, 21 by default.
    pub history_days: u32,
    /// `whsec_` and base64 of 24 to 64 bytes: signs rollback requests.
    pub secret: String,
    /// Shop time at which the shop is first looked at; faults come minutes later.
    pub start: Timestamp,
}

impl Options {
    /// Defaults: a free loopback port, 300,000 visits a day, 21 days, truth served.
    pub fn new(scenario: &str, seed: u64, start: Timestamp, secret: &str) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            scenario: scenario.to_owned(),
            seed,
            speed: 1.0,
            truth: true,
            visits_per_day: 300_000.0,
            history_days: 21,
            secret: secret.to_owned(),
            start,
        }
    }

    /// The plan of the shop, or why there is none.
    pub fn plan(&self) -> Result<ShopPlan, ShopError> {
        let scenario = scenario::find(&self.scenario)
            .ok_or_else(|| ShopError::Scenario(self.scenario.clone()))?;
        Ok(ShopPlan {
            scenario,
            seed: self.seed,
            speed: self.speed,
            visits_per_day: self.visits_per_day.clamp(0.0, 20e6),
            history_days: self.history_days.min(400),
            start: self.start,
        })
    }
}

/// Why a shop did not start.
#[derive(Debug, thiserror::Error)]
pub enum ShopError {
    #[error("the demo shop listens on loopback addresses only; {0} is not one (use 127.0.0.1)")]
    NotLoopback(SocketAddr),
    #[error("there is no scenario `{0}`; `tillwatch shop --list` names them all")]
    Scenario(String),
    #[error("the rollback secret is unusable: {0}")]
    Secret(#[from] super::sign::SignError),
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    #[error("the demo shop could not start: {0}")]
    Start(std::io::Error),
    #[error("cannot write {0}: {1}")]
    Export(std::path::PathBuf, std::io::Error),
}

/// A shop that is being served. Dropping it stops the server.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    shop: Arc<Shop>,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The shop behind the face, for tests and drills only.
    pub const fn shop(&self) -> &Arc<Shop> {
        &self.shop
    }

    /// Stops serving and waits until the port is free.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            // A panic of the server thread has already been reported by its hook.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Starts a shop; returns when its port accepts connections. History is drawn in the background.
pub async fn serve(options: Options, clocks: Clocks) -> Result<Running, ShopError> {
    if !options.listen.ip().is_loopback() {
        return Err(ShopError::NotLoopback(options.listen));
    }
    let plan = options.plan()?;
    let key = SigningKey::parse(&options.secret)?;
    let shop = Arc::new(Shop::new(&plan, clocks));
    let stop = CancellationToken::new();
    let (ready, bound) = oneshot::channel();
    let job = Job {
        listen: options.listen,
        truth: options.truth,
        key,
        shop: Arc::clone(&shop),
        stop: stop.clone(),
    };
    let thread = std::thread::Builder::new()
        .name("demo-shop".into())
        .spawn(move || job.run(ready))
        .map_err(ShopError::Start)?;
    let gone = || ShopError::Start(std::io::Error::other("the server thread ended"));
    let address = bound.await.map_err(|_| gone())??;
    Ok(Running { address, shop, stop, thread: Some(thread) })
}

struct Job {
    listen: SocketAddr,
    truth: bool,
    key: SigningKey,
    shop: Arc<Shop>,
    stop: CancellationToken,
}

impl Job {
    fn run(self, ready: oneshot::Sender<Result<SocketAddr, ShopError>>) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(3)
            .thread_name("demo-shop-io")
            .enable_all()
            .build();
        match runtime {
            Ok(runtime) => {
                runtime.block_on(self.serve(ready));
                runtime.shutdown_background();
            }
            Err(e) => drop(ready.send(Err(ShopError::Start(e)))),
        }
    }

    async fn serve(self, ready: oneshot::Sender<Result<SocketAddr, ShopError>>) {
        let bound = async {
            let listener = TcpListener::bind(self.listen).await?;
            let address = listener.local_addr()?;
            Ok::<_, std::io::Error>((listener, address))
        };
        let (listener, address) = match bound.await {
            Ok(pair) => pair,
            Err(e) => {
                drop(ready.send(Err(ShopError::Listen(self.listen, e))));
                return;
            }
        };
        self.warm();
        let url = format!("http://{address}").into();
        let (shop, key) = (Arc::clone(&self.shop), Arc::new(self.key.clone()));
        let app = router(Face { shop, key, truth: self.truth, url });
        if ready.send(Ok(address)).is_err() {
            return;
        }
        tokio::select! {
            () = self.stop.cancelled() => {}
            // Accept errors are retried inside; nothing else can end it.
            _ = axum::serve(listener, app) => {}
        }
    }

    /// Draws the history on two plain threads of their own.
    fn warm(&self) {
        for part in 0..2 {
            let (shop, stop) = (Arc::clone(&self.shop), self.stop.clone());
            let work = move || shop.warm(part, 2, &|| stop.is_cancelled());
            self.shop.begin_warming();
            let thread = std::thread::Builder::new().name(format!("demo-shop-past-{part}"));
            if thread.spawn(work).is_err() {
                self.shop.end_warming();
            }
        }
    }
}
