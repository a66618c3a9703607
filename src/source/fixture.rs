//! Test help: contract files read in place, and a loopback server that answers as told.
//! Never part of the product.

use serde_json::Value as Json;

/// One contract file as text.
pub fn contract_text(path: &str) -> Option<String> {
    let path = crate::skip::shared(&format!("contracts/{path}"))?;
    Some(std::fs::read_to_string(path).expect("contract file"))
}

/// One contract file.
pub fn contract(path: &str) -> Option<Json> {
    contract_text(path).map(|text| serde_json::from_str(&text).expect("contract JSON"))
}

/// A request as the loopback server saw it.
#[derive(Clone, Debug)]
pub struct SeenRequest {
    /// Method and target: `GET /x?y`.
    pub line: String,
    /// Header lines with names in lower case.
    pub head: String,
    pub body: String,
}

impl SeenRequest {
    pub fn header(&self, name: &str) -> Option<&str> {
        let of = |l: &'_ str| l.split_once(": ").filter(|(n, _)| *n == name).map(|(n, _)| n.len());
        self.head.lines().find_map(|l| of(l).map(|n| &l[n + 2..]))
    }
}

/// A reply and what must be said about it.
pub type FixtureCase = (fn() -> Reply, &'static str);

/// What the server does: bytes as they are, and then.
pub struct Reply {
    pub bytes: Vec<u8>,
    pub then: Then,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Keep the connection for the next request.
    Next,
    Close,
    /// Never say another word.
    Hang,
    /// Repeat the bytes for ever, that often a second (0: at full speed).
    Drip(u64),
}

impl Reply {
    pub fn raw(text: impl Into<Vec<u8>>, then: Then) -> Self {
        Self { bytes: text.into(), then }
    }

    pub fn new(status: u16, headers: &str, body: &str) -> Self {
        let length = body.len();
        let text =
            format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n{headers}\r\n{body}");
        Self::raw(text, Then::Next)
    }

    pub fn json(body: &str) -> Self {
        Self::new(200, "content-type: application/json\r\n", body)
    }
}

/// A server on a free loopback port; it ends with the test's runtime.
pub struct Server {
    pub url: String,
    pub seen: tokio::sync::mpsc::UnboundedReceiver<SeenRequest>,
}

impl Server {
    pub async fn start(answer: impl Fn(&SeenRequest) -> Reply + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("port");
        let url = format!("http://{}", listener.local_addr().expect("address"));
        let (tell, seen) = tokio::sync::mpsc::unbounded_channel();
        let answer = std::sync::Arc::new(answer);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, tell) = (answer.clone(), tell.clone());
                tokio::spawn(async move { serve(stream, &*answer, &tell).await });
            }
        });
        Self { url, seen }
    }

    /// All requests so far.
    pub fn requests(&mut self) -> Vec<SeenRequest> {
        std::iter::from_fn(|| self.seen.try_recv().ok()).collect()
    }
}

async fn serve(
    mut stream: tokio::net::TcpStream,
    answer: &(impl Fn(&SeenRequest) -> Reply + Sync),
    tell: &tokio::sync::mpsc::UnboundedSender<SeenRequest>,
) {
    use tokio::io::AsyncWriteExt;
    while let Some(seen) = request(&mut stream).await {
        let reply = answer(&seen);
        let _ = tell.send(seen);
        if stream.write_all(&reply.bytes).await.is_err() {
            return;
        }
        match reply.then {
            Then::Next => {}
            Then::Close => return,
            Then::Hang => std::future::pending().await,
            Then::Drip(rate) => loop {
                if let Some(ms) = 1000_u64.checked_div(rate) {
                    tokio::time::sleep(std::time::Duration::from_millis(ms)).await;
                }
                if stream.write_all(b"[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],").await.is_err() {
                    return;
                }
            },
        }
    }
}

async fn request(stream: &mut tokio::net::TcpStream) -> Option<SeenRequest> {
    use tokio::io::AsyncReadExt;
    let mut text = Vec::new();
    let end = loop {
        let mut part = [0; 4096];
        let n = stream.read(&mut part).await.ok().filter(|n| *n > 0)?;
        text.extend_from_slice(&part[..n]);
        if let Some(end) = text.windows(4).position(|w| w == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let head = String::from_utf8_lossy(&text[..end]).into_owned();
    let (line, head) = head.split_once("\r\n").expect("request line");
    let mut seen = SeenRequest {
        line: line.trim_end_matches(" HTTP/1.1").to_owned(),
        head: head.to_owned(),
        body: String::new(),
    };
    let length: usize = seen.header("content-length").and_then(|l| l.parse().ok()).unwrap_or(0);
    while text.len() < end + length {
        let mut part = [0; 4096];
        let n = stream.read(&mut part).await.ok().filter(|n| *n > 0)?;
        text.extend_from_slice(&part[..n]);
    }
    seen.body = String::from_utf8_lossy(&text[end..]).into_owned();
    Some(seen)
}

/// A secret in a private file of `folder`.
pub fn secret_file(folder: &std::path::Path, text: &str) -> crate::source::secret::SecretSpec {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join("secret");
    std::fs::write(&path, text).expect("write");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("mode");
    crate::source::secret::SecretSpec::File(path)
}
