//! Stands before a Prometheus and counts: how many ranges are asked at the same time, how long they
//! are, how many were refused. It can refuse what is too long, as a server with tight limits does.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// What was asked so far.
#[derive(Default)]
pub struct Counts {
    now: AtomicUsize,
    /// Most ranges at the same time.
    pub most: AtomicUsize,
    pub ranges: AtomicUsize,
    pub refused: AtomicUsize,
    /// Hourly windows of each question of the past.
    pub hours: Mutex<Vec<i64>>,
    /// Longer pieces of the past are refused; no limit below one.
    pub limit: AtomicI64,
}

pub struct Door {
    pub url: String,
    pub counts: Arc<Counts>,
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Door {
    /// Before the server at `host:port`.
    pub fn before(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let address = listener.local_addr().expect("an address");
        let (counts, stop) = (Arc::new(Counts::default()), Arc::new(AtomicBool::new(false)));
        let (for_thread, ending) = (Arc::clone(&counts), Arc::clone(&stop));
        let server = server.to_owned();
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if ending.load(Ordering::Relaxed) {
                    return;
                }
                let (counts, server) = (Arc::clone(&for_thread), server.clone());
                std::thread::spawn(move || while serve(&stream, &server, &counts).is_some() {});
            }
        });
        Self { url: format!("http://{address}"), counts, address, stop, thread: Some(thread) }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        TcpStream::connect(self.address).ok();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// One question and its answer; none when the connection is over.
fn serve(mut client: &TcpStream, server: &str, counts: &Counts) -> Option<()> {
    let mut reader = BufReader::with_capacity(1, client);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let lower = head.to_ascii_lowercase();
    let length = lower.split("content-length:").nth(1).and_then(|t| t.lines().next());
    let mut body = vec![0; length.and_then(|t| t.trim().parse().ok()).unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let range = head.starts_with("POST /api/v1/query_range");
    if !range {
        client.write_all(&asked(server, &head, &body)?).ok()?;
        return Some(());
    }
    let hours = hours(&String::from_utf8_lossy(&body));
    counts.ranges.fetch_add(1, Ordering::SeqCst);
    if let Some(hours) = hours {
        counts.hours.lock().expect("whole").push(hours);
    }
    let limit = counts.limit.load(Ordering::SeqCst);
    if limit > 0 && hours.is_some_and(|h| h > limit) {
        counts.refused.fetch_add(1, Ordering::SeqCst);
        client.write_all(refusal().as_bytes()).ok()?;
        return Some(());
    }
    let now = counts.now.fetch_add(1, Ordering::SeqCst) + 1;
    counts.most.fetch_max(now, Ordering::SeqCst);
    let answer = asked(server, &head, &body);
    counts.now.fetch_sub(1, Ordering::SeqCst);
    let answer = answer?;
    if !answer.starts_with(b"HTTP/1.1 200") {
        counts.refused.fetch_add(1, Ordering::SeqCst);
    }
    client.write_all(&answer).ok()
}

/// The server's whole answer, told to end with its connection.
fn asked(server: &str, head: &str, body: &[u8]) -> Option<Vec<u8>> {
    let mut upstream = TcpStream::connect(server).ok()?;
    let (first, rest) = head.split_once("\r\n")?;
    // a proxy that speaks 1.0 gets an answer with a length or up to the end, never in chunks
    let first = first.replace("HTTP/1.1", "HTTP/1.0");
    upstream.write_all(format!("{first}\r\n{rest}").as_bytes()).ok()?;
    upstream.write_all(body).ok()?;
    let mut whole = Vec::new();
    upstream.read_to_end(&mut whole).ok()?;
    let end = whole.windows(4).position(|w| w == b"\r\n\r\n")?;
    let (head, body) = (String::from_utf8_lossy(&whole[..end]).into_owned(), &whole[end + 4..]);
    let kept = |l: &&str| {
        let name = l.to_ascii_lowercase();
        !name.starts_with("content-length:") && !name.starts_with("connection:")
    };
    let lines: Vec<&str> = head.split("\r\n").skip(1).filter(kept).collect();
    let status = head.split("\r\n").next()?.replace("HTTP/1.0", "HTTP/1.1");
    let head =
        format!("{status}\r\n{}\r\nContent-Length: {}\r\n\r\n", lines.join("\r\n"), body.len());
    Some([head.as_bytes(), body].concat())
}

/// Hourly windows asked for; none of a live question.
fn hours(body: &str) -> Option<i64> {
    let field = |name: &str| {
        let pair = body.split('&').find_map(|p| p.strip_prefix(name)?.strip_prefix('='))?;
        pair.split('.').next()?.parse::<i64>().ok()
    };
    (field("step")? == 3600).then_some((field("end")? - field("start")?) / 3600 + 1)
}

fn refusal() -> String {
    let text = "query processing would load too many samples into memory in query execution";
    let body = format!("{{\"status\":\"error\",\"errorType\":\"execution\",\"error\":\"{text}\"}}");
    format!(
        "HTTP/1.1 422 X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}
