//! Prometheus' remote write as far as a test needs it: samples as protobuf in a snappy block that
//! packs nothing, over one connection that is kept. Knows no series of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use super::ledger::Labels;
use crate::wait::secs;

/// Bytes of one request.
const FULL: usize = 4 << 20;

/// A connection that takes series and sends them when there are enough.
pub struct Pipe {
    stream: BufReader<TcpStream>,
    host: String,
    body: Vec<u8>,
}

fn varint(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push((n as u8 & 0x7f) | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// A field of bytes: tag and length in front.
fn field(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

impl Pipe {
    pub fn to(url: &str) -> Self {
        let host = url.trim_start_matches("http://").to_owned();
        let stream = TcpStream::connect(&host).expect("prometheus");
        stream.set_nodelay(true).expect("a socket");
        Self { stream: BufReader::new(stream), host, body: Vec::with_capacity(FULL) }
    }

    /// Adds points (milliseconds, value) of one series.
    pub fn put(&mut self, labels: &Labels, points: impl Iterator<Item = (i64, f64)>) {
        let mut series = Vec::with_capacity(2048);
        for (name, value) in labels {
            let mut pair = Vec::with_capacity(64);
            field(&mut pair, 1, name.as_bytes());
            field(&mut pair, 2, value.as_bytes());
            field(&mut series, 1, &pair);
        }
        for (at, value) in points {
            let mut sample = Vec::with_capacity(20);
            sample.push(1 << 3 | 1);
            sample.extend_from_slice(&value.to_le_bytes());
            sample.push(2 << 3);
            varint(&mut sample, at as u64);
            field(&mut series, 2, &sample);
        }
        field(&mut self.body, 1, &series);
        if self.body.len() > FULL {
            self.flush();
        }
    }

    pub fn flush(&mut self) {
        if self.body.is_empty() {
            return;
        }
        let mut packed = Vec::with_capacity(self.body.len() + 16);
        varint(&mut packed, self.body.len() as u64);
        // one literal with a length of four bytes
        packed.push(63 << 2);
        packed.extend_from_slice(&(self.body.len() as u32 - 1).to_le_bytes());
        packed.append(&mut self.body);
        let head = format!(
            "POST /api/v1/write HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-protobuf\r\n\
             Content-Encoding: snappy\r\nX-Prometheus-Remote-Write-Version: 0.1.0\r\n\
             Content-Length: {}\r\n\r\n",
            self.host,
            packed.len()
        );
        let stream = self.stream.get_mut();
        stream.write_all(head.as_bytes()).expect("sent");
        stream.write_all(&packed).expect("sent");
        let (status, said) = self.answer();
        assert!((200..300).contains(&status), "remote write: {status} {said}");
    }

    fn answer(&mut self) -> (u16, String) {
        let (status, length) = head(&mut self.stream);
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).expect("an answer");
        (status, String::from_utf8_lossy(&body).into_owned())
    }
}

/// Status and length of the body.
fn head(stream: &mut impl BufRead) -> (u16, usize) {
    let (mut status, mut length) = (0, 0);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).expect("an answer");
        if line.starts_with("HTTP/") {
            status = line.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
        }
        let lower = line.to_ascii_lowercase();
        if let Some(n) = lower.strip_prefix("content-length:") {
            length = n.trim().parse().unwrap_or(0);
        }
        if line.trim().is_empty() {
            return (status, length);
        }
    }
}

/// A question that may take minutes: status and body.
pub fn ask(url: &str, path: &str) -> (u16, String) {
    let host = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).expect("prometheus");
    stream.set_read_timeout(Some(secs(600))).expect("a socket");
    // HTTP/1.0: the body ends with the connection
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n").expect("sent");
    let mut stream = BufReader::new(stream);
    let (status, _) = head(&mut stream);
    let mut body = String::new();
    stream.read_to_string(&mut body).expect("an answer");
    (status, body)
}
