//! A small HTTP server of the tests' own: every request is answered by one function.
//! Loopback only; it ends with the test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// A request as far as tests look at it.
pub struct Asked {
    pub method: String,
    /// With the query.
    pub path: String,
    pub head: String,
    pub body: String,
}

/// Status, content type, body.
pub type Said = (u16, &'static str, Vec<u8>);

pub struct Stub {
    pub url: String,
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Stub {
    pub fn start(answer: impl Fn(&Asked) -> Said + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let address = listener.local_addr().expect("an address");
        let stop = Arc::new(AtomicBool::new(false));
        let (ending, answer) = (Arc::clone(&stop), Arc::new(answer));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if ending.load(Ordering::Relaxed) {
                    return;
                }
                let answer = Arc::clone(&answer);
                std::thread::spawn(move || serve(stream, &*answer));
            }
        });
        Self { url: format!("http://{address}"), address, stop, thread: Some(thread) }
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // a last connection wakes the listener
        TcpStream::connect(self.address).ok();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

fn serve(mut stream: TcpStream, answer: &dyn Fn(&Asked) -> Said) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let asked = read(&mut reader)?;
        let (status, kind, body) = answer(&asked);
        // one write: two would wait for each other (Nagle and delayed acknowledgement)
        let mut whole = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        whole.extend(body);
        stream.write_all(&whole).ok()?;
        if asked.head.to_ascii_lowercase().contains("connection: close") {
            return None;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let mut first = head.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let lower = head.to_ascii_lowercase();
    let length = lower.split("content-length:").nth(1).and_then(|t| t.lines().next());
    let mut body = vec![0; length.and_then(|t| t.trim().parse().ok()).unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { method, path, head, body: String::from_utf8_lossy(&body).into_owned() })
}

#[test]
fn the_stub_answers_by_path_and_body() {
    let stub = Stub::start(|asked| {
        let text = format!("{} {} {}", asked.method, asked.path, asked.body);
        (418, "text/plain", text.into_bytes())
    });
    let answer = crate::http::post(&format!("{}/x?y=1", stub.url), "hello").expect("an answer");
    assert_eq!((answer.status, answer.body.as_str()), (418, "POST /x?y=1 hello"));
}
