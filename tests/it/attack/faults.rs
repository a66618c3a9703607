//! The ways in which a server fails, as a table: name, what the board may say of its source
//! meanwhile, and how a good answer is spoilt. Bytes only; the serving is `liar`.

use super::liar::{Adapter, Lie};

/// What the board may say of a source with such a server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Board {
    /// Anything but `live`.
    NotLive,
    /// It is as good as any: `live`.
    Live,
    /// Both can be right; it has to end in time and in little memory.
    Either,
}

/// What goes out, in order.
pub enum Step {
    Bytes(Vec<u8>),
    Pause(u64),
    /// A byte at a time, this far apart (milliseconds).
    Drip(Vec<u8>, u64),
    /// The bytes again and again, until nobody takes them.
    Forever(Vec<u8>),
    /// The request is left unread: the end is a reset.
    Reset,
    /// Nothing more, for a long time.
    Hang,
}

/// A good answer in its parts.
pub struct Good {
    pub body: Vec<u8>,
    pub date: String,
}

impl Good {
    fn head(&self, status: &str, more: &str) -> Vec<u8> {
        let date = &self.date;
        format!(
            "HTTP/1.1 {status}\r\nDate: {date}\r\nContent-Type: application/json\r\n\
             Connection: close\r\n{more}\r\n"
        )
        .into_bytes()
    }

    fn sized(&self, status: &str, body: &[u8]) -> Vec<Step> {
        let more = format!("Content-Length: {}\r\n", body.len());
        vec![Step::Bytes([self.head(status, &more), body.to_vec()].concat())]
    }

    fn with(&self, more: &str, body: &[u8]) -> Vec<Step> {
        let more = format!("Content-Length: {}\r\n{more}", body.len());
        vec![Step::Bytes([self.head("200 OK", &more), body.to_vec()].concat())]
    }

    /// With a length of its own, or none.
    fn raw(&self, more: &str, body: &[u8]) -> Vec<Step> {
        vec![Step::Bytes([self.head("200 OK", more), body.to_vec()].concat())]
    }

    fn half(&self) -> Vec<u8> {
        self.body[..self.body.len() / 2].to_vec()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A value is replaced in the text: the first `find`.
    fn spoilt(&self, find: &str, by: &str) -> Vec<Step> {
        self.sized("200 OK", self.text().replacen(find, by, 1).as_bytes())
    }

    fn status(&self, status: &str, more: &str) -> Vec<Step> {
        let head = self.head(status, &format!("Content-Length: 2\r\n{more}"));
        vec![Step::Bytes([head, b"{}".to_vec()].concat())]
    }
}

pub type Spoil = fn(&Good) -> Vec<Step>;

/// Name, what the board may say, the lie in the data, the spoiling of the bytes.
pub struct Fault {
    pub name: &'static str,
    pub board: Board,
    pub lie: Lie,
    pub spoil: Spoil,
}

const fn bytes(name: &'static str, board: Board, spoil: Spoil) -> Fault {
    Fault { name, board, lie: Lie::None, spoil }
}

const fn data(name: &'static str, board: Board, lie: Lie) -> Fault {
    Fault { name, board, lie, spoil: plain }
}

pub fn plain(g: &Good) -> Vec<Step> {
    g.sized("200 OK", &g.body)
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packer, bytes).expect("packed");
    packer.finish().expect("packed")
}

fn big(n: usize) -> Vec<u8> {
    vec![b' '; n << 20]
}

const OFF: Board = Board::NotLive;
const ANY: Board = Board::Either;
const GZIP: &str = "Content-Encoding: gzip\r\n";

pub const FAULTS: [Fault; 80] = [
    bytes("delay", OFF, |g| [vec![Step::Pause(3000)], plain(g)].into_iter().flatten().collect()),
    bytes("delay-body", OFF, |g| {
        let head = g.head("200 OK", &format!("Content-Length: {}\r\n", g.body.len()));
        vec![Step::Bytes(head), Step::Pause(3000), Step::Bytes(g.body.clone())]
    }),
    bytes("drip", OFF, |g| {
        let head = g.head("200 OK", &format!("Content-Length: {}\r\n", g.body.len()));
        vec![Step::Bytes(head), Step::Drip(g.body.clone(), 200)]
    }),
    bytes("drip-head", OFF, |g| vec![Step::Drip(g.head("200 OK", ""), 200)]),
    bytes("stall", OFF, |_| vec![Step::Hang]),
    bytes("reset", OFF, |_| vec![Step::Reset]),
    bytes("reset-mid", OFF, |g| {
        let head = g.head("200 OK", &format!("Content-Length: {}\r\n", g.body.len()));
        vec![Step::Bytes(head), Step::Bytes(g.half()), Step::Reset]
    }),
    bytes("close", OFF, |_| Vec::new()),
    bytes("truncate", OFF, |g| g.raw(&format!("Content-Length: {}\r\n", g.body.len()), &g.half())),
    bytes("length-short", OFF, |g| {
        g.raw(&format!("Content-Length: {}\r\n", g.body.len() / 2), &g.body)
    }),
    bytes("length-two", OFF, |g| g.raw("Content-Length: 3\r\nContent-Length: 9\r\n", &g.body)),
    bytes("length-negative", OFF, |g| g.raw("Content-Length: -1\r\n", &g.body)),
    bytes("length-huge", OFF, |g| g.raw("Content-Length: 99999999999999999999\r\n", &g.body)),
    bytes("length-text", OFF, |g| g.raw("Content-Length: many\r\n", &g.body)),
    bytes("length-and-chunks", OFF, |g| {
        g.raw("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"5\r\n[1,2]\r\n0\r\n\r\n")
    }),
    bytes("chunk-bad", OFF, |g| g.raw("Transfer-Encoding: chunked\r\n", b"zz\r\n[]\r\n0\r\n\r\n")),
    bytes("chunk-cut", OFF, |g| g.raw("Transfer-Encoding: chunked\r\n", b"ff\r\n[{")),
    bytes("endless", OFF, |g| vec![Step::Bytes(g.head("200 OK", "")), Step::Forever(big(1))]),
    bytes("endless-json", OFF, |g| {
        let rows = b"{\"t\":1,\"views\":1},".repeat(4000);
        vec![Step::Bytes(g.head("200 OK", "")), Step::Bytes(b"[".to_vec()), Step::Forever(rows)]
    }),
    bytes("early-flood", ANY, |g| {
        let early = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n".repeat(1000);
        [vec![Step::Bytes(early)], plain(g)].into_iter().flatten().collect()
    }),
    bytes("garbage-text", OFF, |_| vec![Step::Bytes(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec())]),
    bytes("garbage-binary", OFF, |_| vec![Step::Bytes(vec![0, 255, 1, 254, 7, 27, 0, 13, 10])]),
    bytes("http-0.9", OFF, |g| vec![Step::Bytes(g.body.clone())]),
    bytes("head-huge", OFF, |g| g.with(&format!("X-Big: {}\r\n", "a".repeat(256 << 10)), &g.body)),
    bytes("head-many", OFF, |g| g.with(&"X-A: b\r\n".repeat(5000), &g.body)),
    bytes("head-escapes", ANY, |g| g.with("X-E: \x1b]0;x\x07\r\n", &g.body)),
    bytes("gzip", Board::Live, |g| g.with(GZIP, &gzipped(&g.body))),
    bytes("gzip-bomb", OFF, |g| g.with(GZIP, &gzipped(&big(64)))),
    bytes("gzip-cut", OFF, |g| {
        let packed = gzipped(&g.body);
        g.with(GZIP, &packed[..packed.len() / 2])
    }),
    bytes("gzip-lie", OFF, |g| g.with(GZIP, &g.body)),
    bytes("gzip-sum", OFF, |g| {
        let mut packed = gzipped(&g.body);
        let at = packed.len() - 6;
        packed[at] ^= 0x55;
        g.with(GZIP, &packed)
    }),
    bytes("encoding-unknown", OFF, |g| g.with("Content-Encoding: rot13\r\n", &g.body)),
    bytes("json-cut", OFF, |g| g.sized("200 OK", &g.half())),
    bytes("json-trailing", OFF, |g| g.sized("200 OK", format!("{}x", g.text()).as_bytes())),
    bytes("sign-in-page", OFF, |_| {
        let page = "<html><body>Sign in</body></html>";
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n";
        vec![Step::Bytes(format!("{head}{page}").into_bytes())]
    }),
    bytes("empty-body", OFF, |g| g.sized("200 OK", b"")),
    bytes("null", OFF, |g| g.sized("200 OK", b"null")),
    bytes("number", OFF, |g| g.sized("200 OK", b"42")),
    bytes("error-object", OFF, |g| g.sized("200 OK", b"{\"error\":\"database is down\"}")),
    bytes("empty-object", OFF, |g| g.sized("200 OK", b"{}")),
    bytes("nested-lists", OFF, |g| g.sized("200 OK", "[".repeat(100_000).as_bytes())),
    bytes("nested-objects", OFF, |g| g.sized("200 OK", "{\"a\":".repeat(50_000).as_bytes())),
    bytes("big-text", OFF, |g| {
        let text = [b"[\"".to_vec(), vec![b'a'; 40 << 20], b"\"]".to_vec()].concat();
        g.sized("200 OK", &text)
    }),
    bytes("huge", OFF, |g| {
        let rows = b"{\"t\":1,\"views\":1},".repeat(3 << 20);
        g.sized("200 OK", &[b"[".to_vec(), rows, b"{}]".to_vec()].concat())
    }),
    bytes("not-a-number", OFF, |g| g.sized("200 OK", g.text().replace("600", "NaN").as_bytes())),
    bytes("bad-utf8", OFF, |g| {
        let mut body = g.body.clone();
        let at = body.len() / 2;
        body.splice(at..at, [0xFF, 0xFE]);
        g.sized("200 OK", &body)
    }),
    bytes("utf-16", OFF, |g| {
        let wide = g.text().encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        g.sized("200 OK", &[vec![0xFF, 0xFE], wide].concat())
    }),
    bytes("byte-order-mark", Board::Live, |g| {
        g.sized("200 OK", &[b"\xEF\xBB\xBF".to_vec(), g.body.clone()].concat())
    }),
    bytes("zero-byte", OFF, |g| g.spoilt("\"", "\"\0")),
    bytes("lone-surrogate", ANY, |g| g.spoilt("checkout", "\\ud800")),
    bytes("hostile-text", ANY, |g| g.spoilt("checkout", "\\u001b]52;c;aGk=\\u0007\\u202e")),
    bytes("same-key-twice", ANY, |g| g.spoilt("{", "{\"t\":1,\"status\":\"error\",")),
    bytes("always-304", OFF, |g| g.status("304 Not Modified", "")),
    bytes("status-500", OFF, |g| g.status("500 Oops", "")),
    bytes("status-502", OFF, |g| g.status("502 Bad Gateway", "")),
    bytes("status-503", OFF, |g| g.status("503 Busy", "Retry-After: 1\r\n")),
    bytes("status-504", OFF, |g| g.status("504 Late", "")),
    bytes("status-401", OFF, |g| g.status("401 Who", "")),
    bytes("status-403", OFF, |g| g.status("403 No", "")),
    bytes("status-404", OFF, |g| g.status("404 Where", "")),
    bytes("status-400", OFF, |g| g.status("400 What", "")),
    bytes("status-204", OFF, |g| vec![Step::Bytes(g.head("204 No Content", ""))]),
    bytes("status-600", OFF, |g| g.status("600 Odd", "")),
    bytes("rate-seconds", OFF, |g| g.status("429 Slow", "Retry-After: 2\r\n")),
    bytes("rate-huge", OFF, |g| g.status("429 Slow", "Retry-After: 99999999999\r\n")),
    bytes("rate-negative", OFF, |g| g.status("429 Slow", "Retry-After: -5\r\n")),
    bytes("rate-text", OFF, |g| g.status("429 Slow", "Retry-After: later\r\n")),
    bytes("redirect", OFF, |g| g.status("302 Go", "Location: http://127.0.0.1:1/\r\n")),
    bytes("redirect-loop", OFF, |g| g.status("307 Go", "Location: /\r\n")),
    bytes("redirect-file", OFF, |g| g.status("301 Go", "Location: file:///etc/passwd\r\n")),
    data("no-rows", OFF, Lie::Empty),
    data("old-window", OFF, Lie::Old),
    data("future", OFF, Lie::Future),
    data("no-usable-time", OFF, Lie::Timeless),
    data("words-for-numbers", OFF, Lie::Words),
    data("zeros", ANY, Lie::Zeros),
    data("half", ANY, Lie::Half),
    data("negative", ANY, Lie::Negative),
    data("twice", ANY, Lie::Twice),
    data("frozen", ANY, Lie::Frozen),
];

impl Fault {
    /// A deploy feed without news is no fault; its rows have no numbers to spoil.
    pub fn board(&self, adapter: Adapter) -> Board {
        let of_data = self.lie != Lie::None || self.name == "not-a-number";
        if of_data && adapter == Adapter::Github { Board::Either } else { self.board }
    }
}
