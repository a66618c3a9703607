//! A server for three adapters at once that tells the truth until it is told to fail: each source
//! has its own place and its own fault. Loopback only; what comes of it is for `servers` to say.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::faults::{FAULTS, Good, Step};
use crate::wait::{pause, unix_now};

/// Whose answers are given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Adapter {
    Prometheus,
    HttpJson,
    Github,
}

pub const ADAPTERS: [Adapter; 3] = [Adapter::Prometheus, Adapter::HttpJson, Adapter::Github];

/// How the data themselves are wrong while every byte is in order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lie {
    None,
    Empty,
    /// The window of two hours ago.
    Old,
    Future,
    Timeless,
    Words,
    Zeros,
    Half,
    Negative,
    Twice,
    /// The same bytes as when it began.
    Frozen,
}

/// Which fault each source has now; none is the truth.
#[derive(Default)]
struct State {
    faults: Vec<Option<usize>>,
    since: i64,
}

pub struct Liar {
    pub url: String,
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Liar {
    /// For so many sources.
    pub fn start(sources: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let address = listener.local_addr().expect("an address");
        let state = State { faults: vec![None; sources], since: 0 };
        let state = Arc::new(Mutex::new(state));
        let kept = Arc::downgrade(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let Some(state) = kept.upgrade() else { return };
                std::thread::spawn(move || serve(stream, &state));
            }
        });
        Self { url: format!("http://{address}"), address, state }
    }

    /// From now on source `n` has fault `faults[n]`.
    pub fn fail(&self, faults: Vec<Option<usize>>) {
        *self.state.lock().expect("state") = State { faults, since: unix_now() };
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.state = Arc::default();
        TcpStream::connect(self.address).ok();
    }
}

/// What is asked of which source.
struct Asked {
    source: usize,
    adapter: Adapter,
    path: String,
    form: String,
}

impl Asked {
    fn of(text: &str) -> Option<Self> {
        let (head, form) = text.split_once("\r\n\r\n")?;
        let path = head.split(' ').nth(1)?.to_owned();
        let mut parts = path.split('/').skip(1);
        let adapter = match parts.next()? {
            "prometheus" => Adapter::Prometheus,
            "http_json" => Adapter::HttpJson,
            _ => Adapter::Github,
        };
        let source = parts.next()?.parse().ok()?;
        Some(Self { source, adapter, form: form.to_owned(), path })
    }

    /// A number of the form or of the address.
    fn number(&self, name: &str) -> Option<i64> {
        let all = format!("{}&{}", self.form, self.path.split_once('?').map_or("", |(_, q)| q));
        let found = all.split('&').find_map(|p| p.strip_prefix(name)?.strip_prefix('='))?;
        found.parse::<f64>().ok().map(|n| n as i64)
    }

    fn answer(&self, now: i64, lie: Lie) -> String {
        match self.adapter {
            Adapter::Prometheus => self.matrix(now, lie),
            Adapter::HttpJson => rows(now, lie).to_string(),
            Adapter::Github if self.path.contains("/statuses") => {
                let row = json!({ "id": 1, "state": "success", "created_at": iso(now - 7000) });
                Value::from(vec![row]).to_string()
            }
            Adapter::Github if lie == Lie::Empty => "[]".to_owned(),
            Adapter::Github => {
                let at = if lie == Lie::Timeless { Value::Null } else { json!(iso(now - 7200)) };
                let row = json!({ "id": 600, "ref": "v1", "task": "deploy", "environment":
                                  "production", "created_at": at, "payload": "checkout" });
                Value::from(vec![row]).to_string()
            }
        }
    }

    fn matrix(&self, now: i64, lie: Lie) -> String {
        let step = self.number("step").unwrap_or(60).max(1);
        let end = self.number("end").unwrap_or(now);
        let start = self.number("start").unwrap_or(end).max(end - 600 * step);
        let points = (0..=(end - start) / step).map(|n| start + n * step);
        let points = points.filter(|t| lie != Lie::Half || t / step % 2 == 0);
        let value = |t: i64| match number(t, lie) {
            Some(n) => json!(n.to_string()),
            None => json!("many"),
        };
        let values: Vec<Value> = points
            .map(|t| match lie {
                Lie::Timeless => json!(["soon", value(t)]),
                _ => json!([shifted(t, lie), value(t)]),
            })
            .collect();
        let series = json!([{ "metric": { "template": "checkout" }, "values": values }]);
        let result = if lie == Lie::Empty { json!([]) } else { series };
        json!({ "status": "success", "data": { "resultType": "matrix", "result": result } })
            .to_string()
    }
}

fn iso(secs: i64) -> String {
    tillwatch::domain::time::Timestamp::from_secs(secs).to_string()
}

fn shifted(t: i64, lie: Lie) -> i64 {
    match lie {
        Lie::Old => t - 7200,
        Lie::Future => t + 7200,
        _ => t,
    }
}

/// None is a word where a number belongs.
fn number(t: i64, lie: Lie) -> Option<i64> {
    match lie {
        Lie::Words => None,
        Lie::Zeros => Some(0),
        Lie::Negative => Some(-600),
        _ => Some(600 + t / 60 % 7),
    }
}

fn rows(now: i64, lie: Lie) -> Value {
    let row = |n: i64| {
        let t = (now / 60 - n) * 60;
        let views = number(t, lie).map_or(json!("many"), |n| json!(n));
        let t = if lie == Lie::Timeless { json!("soon") } else { json!(shifted(t, lie)) };
        json!({ "t": t, "template": "checkout", "views": views })
    };
    let all: Vec<Value> = match lie {
        Lie::Empty => Vec::new(),
        Lie::Half => (1..20).filter(|n| n % 2 == 0).map(row).collect(),
        Lie::Twice => (1..20).chain(1..20).map(row).collect(),
        _ => (1..20).map(row).collect(),
    };
    Value::from(all)
}

fn serve(mut stream: TcpStream, state: &Mutex<State>) {
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok();
    let Some((text, length)) = read(&stream) else { return };
    let Some(asked) = Asked::of(&text) else { return };
    let (fault, since) = {
        let state = state.lock().expect("state");
        (state.faults.get(asked.source).copied().flatten(), state.since)
    };
    let fault = fault.and_then(|n| FAULTS.get(n));
    let lie = fault.map_or(Lie::None, |f| f.lie);
    let now = unix_now();
    let seen = if lie == Lie::Frozen { since } else { now };
    let body = asked.answer(seen, lie).into_bytes();
    let date = http_date(now);
    let good = Good { body, date };
    let steps = match fault {
        Some(fault) => (fault.spoil)(&good),
        None => super::faults::plain(&good),
    };
    if !steps.iter().any(|s| matches!(s, Step::Reset)) {
        stream.read_exact(&mut vec![0; length]).ok();
    }
    steps.into_iter().try_for_each(|step| play(&mut stream, step)).ok();
}

fn play(stream: &mut TcpStream, step: Step) -> std::io::Result<()> {
    match step {
        Step::Bytes(bytes) => stream.write_all(&bytes)?,
        Step::Pause(ms) => pause(Duration::from_millis(ms)),
        Step::Drip(bytes, ms) => {
            for byte in bytes.iter().take(50) {
                stream.write_all(&[*byte])?;
                pause(Duration::from_millis(ms));
            }
        }
        // a reader with a limit hangs up long before
        Step::Forever(bytes) => (0..400).try_for_each(|_| stream.write_all(&bytes))?,
        Step::Hang => pause(Duration::from_secs(10)),
        Step::Reset => {}
    }
    Ok(())
}

/// The whole request, looked at and still to be read, and its length.
fn read(stream: &TcpStream) -> Option<(String, usize)> {
    let mut bytes = vec![0; 64 * 1024];
    for _ in 0..300 {
        let n = stream.peek(&mut bytes).ok().filter(|n| *n > 0)?;
        let text = String::from_utf8_lossy(bytes.get(..n)?).into_owned();
        let lower = text.to_ascii_lowercase();
        let length = lower.split("content-length:").nth(1).and_then(|t| t.lines().next());
        let length: usize = length.and_then(|t| t.trim().parse().ok()).unwrap_or(0);
        match text.split_once("\r\n\r\n") {
            Some((_, body)) if body.len() >= length => return Some((text, n)),
            Some(_) | None => pause(Duration::from_millis(10)),
        }
    }
    None
}

/// A `Date` header.
fn http_date(secs: i64) -> String {
    let at = chrono::DateTime::from_timestamp(secs, 0).unwrap_or_default();
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
