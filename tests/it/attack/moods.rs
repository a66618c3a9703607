//! A receiver of rollbacks with moods: what it does with a request and what it answers, byte for
//! byte. Each request that was carried out counts; it keeps no keys, so a second one is a second
//! effect. Loopback only; what the product makes of it is for the attacks to say.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::shim;
use crate::wait::pause;

/// What may truthfully be said of a request in this mood.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Truth {
    Accepted,
    Refused,
    /// Nobody can know: only "unknown" is true.
    Unknown,
    /// Not carried out, and the words of the receiver do not say so: anything but "accepted".
    NotAccepted,
}

/// How it ends a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// The text, then an orderly end.
    Answer(&'static str),
    /// The same after a while (milliseconds).
    Late(u64, &'static str),
    /// Takes the connection and never says a word.
    Hang,
    /// A reset without reading.
    ResetUnread,
    /// A reset after reading.
    Reset,
    /// An end without a word.
    Close,
    /// A letter of the head every 200 ms.
    Drip,
}

/// Name, whether the request is carried out, what is answered, what is true.
pub struct Mood {
    pub name: &'static str,
    pub acts: bool,
    pub way: Way,
    pub truth: Truth,
}

const fn mood(name: &'static str, acts: bool, way: Way, truth: Truth) -> Mood {
    Mood { name, acts, way, truth }
}

macro_rules! said {
    ($status:literal, $kind:literal, $body:literal) => {
        Way::Answer(concat!(
            "HTTP/1.1 ",
            $status,
            "\r\nContent-Type: ",
            $kind,
            "\r\nConnection: close\r\n\r\n",
            $body
        ))
    };
}

const LATE: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n\
                    {\"status\":\"done\"}";
const HALF: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\
                    \r\n{\"status\":";

pub const MOODS: [Mood; 32] = [
    mood("done", true, said!("200 OK", "application/json", "{\"status\":\"done\"}"), ACC),
    mood("taken", true, said!("202 Accepted", "application/json", "{\"status\":\"queued\"}"), ACC),
    mood("no-content", true, said!("204 No Content", "text/plain", ""), ACC),
    mood("created", true, said!("201 Created", "application/json", "{}"), ACC),
    mood("bad-request", false, said!("400 Bad", "text/plain", "no"), REF),
    mood("unauthorized", false, said!("401 No", "text/plain", "who"), REF),
    mood("forbidden", false, said!("403 No", "text/plain", "no"), REF),
    mood("not-found", false, said!("404 No", "text/plain", "no"), REF),
    mood("method", false, said!("405 No", "text/plain", "no"), REF),
    mood("conflict", false, said!("409 Conflict", "application/json", "{}"), NOT),
    mood("gone", false, said!("410 Gone", "text/plain", ""), REF),
    mood("precondition", false, said!("412 No", "text/plain", "not live"), REF),
    mood("unprocessable", false, said!("422 No", "application/json", "{}"), NOT),
    mood("rate", false, said!("429 Slow\r\nRetry-After: 120", "text/plain", ""), REF),
    mood("error", false, said!("500 Oops", "text/plain", "trace"), NOT),
    mood("error-acted", true, said!("500 Oops", "text/plain", "trace"), UNK),
    mood("gateway", true, said!("502 Oops", "text/html", "<html>nginx</html>"), UNK),
    mood("busy", false, said!("503 Busy\r\nRetry-After: 5", "text/plain", ""), NOT),
    mood("gateway-late", true, said!("504 Late", "text/plain", ""), UNK),
    mood("hang", false, Way::Hang, NOT),
    mood("hang-acted", true, Way::Late(4000, LATE), UNK),
    mood("reset-unread", false, Way::ResetUnread, NOT),
    mood("reset-acted", true, Way::Reset, UNK),
    mood("close-acted", true, Way::Close, UNK),
    mood("sign-in", false, said!("200 OK", "text/html", "<html>Sign in</html>"), NOT),
    mood("not-ok", false, said!("200 OK", "application/json", "{\"ok\": false}"), NOT),
    mood("failed", false, said!("200 OK", "application/json", "{\"status\": \"failed\"}"), NOT),
    mood("slow", true, Way::Late(400, LATE), ACC),
    mood("half", true, Way::Answer(HALF), NOT),
    mood("redirect", false, said!("302 Go\r\nLocation: /else", "text/plain", ""), NOT),
    mood("drip", true, Way::Drip, UNK),
    mood("garbage", true, Way::Answer("\x00\x01\x02 SSH-2.0-OpenSSH_9.2\r\n\x7f\x7f"), UNK),
];

const ACC: Truth = Truth::Accepted;
const REF: Truth = Truth::Refused;
const UNK: Truth = Truth::Unknown;
const NOT: Truth = Truth::NotAccepted;

/// What came in since the last `calm`.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Idempotency key of each request that was read.
    pub keys: Vec<String>,
    pub effects: usize,
    /// Requests to any other place.
    pub elsewhere: usize,
}

#[derive(Default)]
struct State {
    mood: usize,
    seen: Seen,
    /// Ended with SIGKILL when a request has been read.
    victim: Option<Pid>,
    /// A note is left there when a request has been read.
    log: Option<PathBuf>,
}

pub struct Receiver {
    pub url: String,
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Receiver {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State::default()));
        let kept = Arc::downgrade(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let Some(state) = kept.upgrade() else { return };
                std::thread::spawn(move || serve(stream, &state));
            }
        });
        Self { url: format!("http://{address}"), address, state }
    }

    /// Takes on a mood and forgets what was.
    pub fn calm(&self, mood: usize) {
        *self.state.lock().expect("state") = State { mood, ..State::default() };
    }

    pub fn victim(&self, pid: Pid) {
        self.state.lock().expect("state").victim = Some(pid);
    }

    pub fn log(&self, log: PathBuf) {
        self.state.lock().expect("state").log = Some(log);
    }

    pub fn seen(&self) -> Seen {
        self.state.lock().expect("state").seen.clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.state = Arc::default();
        // a last connection wakes the listener, which finds nobody left
        TcpStream::connect(self.address).ok();
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<State>) {
    let mood = MOODS.get(state.lock().expect("state").mood).expect("a mood");
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok();
    if mood.way == Way::ResetUnread {
        // what was not read when the connection goes makes it a reset
        stream.peek(&mut [0; 1]).ok();
        return;
    }
    if mood.way == Way::Hang {
        // the request may lie in the buffer; nobody reads it
        return pause(Duration::from_secs(5));
    }
    let Some(head) = read(&mut stream, mood.way == Way::Reset) else { return };
    if !arrived(&head, mood, state) {
        return;
    }
    match mood.way {
        Way::Answer(text) => drop(stream.write_all(text.as_bytes())),
        Way::Late(ms, text) => {
            pause(Duration::from_millis(ms));
            drop(stream.write_all(text.as_bytes()));
        }
        Way::Reset => return,
        Way::Drip => {
            for byte in LATE.bytes() {
                drop(stream.write_all(&[byte]));
                pause(Duration::from_millis(200));
            }
        }
        Way::Hang | Way::ResetUnread | Way::Close => {}
    }
    stream.shutdown(Shutdown::Both).ok();
}

/// Writes down a request; false when it was for another place.
fn arrived(head: &str, mood: &Mood, state: &Mutex<State>) -> bool {
    let mut state = state.lock().expect("state");
    if !head.starts_with("POST /hook ") {
        state.seen.elsewhere += 1;
        return false;
    }
    let line = head.lines().find(|l| l.to_ascii_lowercase().starts_with("idempotency-key"));
    let key = line.and_then(|l| l.split_once(':')).map_or("", |(_, v)| v.trim());
    state.seen.keys.push(key.to_owned());
    state.seen.effects += usize::from(mood.acts);
    if let Some(log) = &state.log {
        shim::mark(log, 0, "POST");
    }
    if let Some(pid) = state.victim.take() {
        kill_process(pid, Signal::KILL).ok();
    }
    true
}

/// The head of a request that has arrived whole. Looked at only, it stays in the buffer, and the
/// end of the connection is a reset.
fn read(stream: &mut TcpStream, look_only: bool) -> Option<String> {
    let mut bytes = vec![0; 64 * 1024];
    for _ in 0..400 {
        let n = stream.peek(&mut bytes).ok().filter(|n| *n > 0)?;
        let text = String::from_utf8_lossy(bytes.get(..n)?).into_owned();
        let lower = text.to_ascii_lowercase();
        let length = lower.split("content-length:").nth(1).and_then(|t| t.lines().next());
        let length: usize = length.and_then(|t| t.trim().parse().ok()).unwrap_or(0);
        match text.split_once("\r\n\r\n") {
            Some((head, body)) if body.len() >= length => {
                if !look_only {
                    stream.read_exact(bytes.get_mut(..n)?).ok()?;
                }
                return Some(head.to_owned());
            }
            Some(_) | None => pause(Duration::from_millis(10)),
        }
    }
    None
}
