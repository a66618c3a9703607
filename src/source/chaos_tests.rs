//! A sweep over the shared misbehaving server: every fault ends in time, in a class, without a
//! panic and without growing this process.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::http::{Client, Limits};
use super::*;
use crate::skip::{program, shared};

struct Chaos {
    child: Child,
    base: String,
    _folder: tempfile::TempDir,
}

impl Drop for Chaos {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn start() -> Option<Chaos> {
    let script = shared("tools/chaos_http.py")?;
    let folder = tempfile::tempdir().expect("folder");
    let ports = folder.path().join("ports");
    let python = program("python3")?;
    let spawned = Command::new(python)
        .arg(script)
        .args(["--max-seconds", "120", "--ports-file"])
        .arg(&ports)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let child = spawned.expect("python3 starts");
    let mut chaos = Chaos { child, base: String::new(), _folder: folder };
    for _ in 0..200 {
        let text = std::fs::read_to_string(&ports).unwrap_or_default();
        let port = text.split(|c: char| !c.is_ascii_digit()).find(|p| p.len() >= 4);
        if let Some(port) = port.filter(|_| text.ends_with(['\n', '}'])) {
            chaos.base = format!("http://127.0.0.1:{port}");
            return Some(chaos);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("chaos_http.py gave no port: {:?}", std::fs::read_to_string(&ports));
}

fn config(base: &str, fault: &str) -> SourceConfig {
    let text = format!(
        "name = \"x\"\nkind = \"http_json\"\nurl = \"{base}\"\ntimeout = \"2s\"\n\
         [[record]]\nkind = \"observation\"\npath = \"/x/{fault}\"\n\
         rows = \"items\"\ntime = \"at\"\n\
         metric = [{{ metric = \"lcp\", kind = \"gauge\", value = \"value\" }}]\n"
    );
    toml::from_str(&text).expect("config")
}

/// Class of what the client makes of a fault: `ok` or the kind of error.
async fn class(base: &str, fault: &str) -> (&'static str, String) {
    let config = config(base, fault);
    let limits = Limits {
        silence: Duration::from_secs(1),
        total: Duration::from_millis(2500),
        body: 2 << 20,
        ..Limits::of(&config)
    };
    let mut client = Client::new(&config, limits).expect("client");
    let url = url::Url::parse(&format!("{base}/x/{fault}")).expect("url");
    let answer = match client.get(url, None).await {
        Ok(answer) => answer.check().and_then(|()| {
            let text = answer.json()?;
            let parsed = serde_json::from_str::<serde::de::IgnoredAny>(text);
            parsed.map(drop).map_err(|e| SourceError::malformed(e.to_string()))
        }),
        Err(error) => Err(error),
    };
    match answer {
        Ok(()) => ("ok", String::new()),
        Err(SourceError::Retry { why, .. }) => ("retry", why),
        Err(SourceError::GiveUp { why }) => ("give up", why),
        Err(SourceError::Denied { why }) => ("denied", why),
        Err(SourceError::Malformed { why }) => ("malformed", why),
        Err(SourceError::Starting { why }) => ("starting", why),
    }
}

fn resident_mb() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM:"));
    let kb = line.and_then(|l| l.split_whitespace().nth(1)).and_then(|n| n.parse::<usize>().ok());
    kb.unwrap_or(0) / 1024
}

/// Fault and the classes that are right for it.
const FAULTS: [(&str, &[&str]); 52] = [
    ("ok", &["ok"]),
    ("delay?s=3", &["retry"]),
    ("delay_body?s=3", &["retry"]),
    ("drip", &["retry"]),
    ("drip_headers?endless=1", &["retry"]),
    ("stall", &["retry"]),
    ("reset", &["retry"]),
    ("reset_mid", &["retry", "malformed"]),
    ("close", &["retry"]),
    ("truncate", &["retry", "malformed"]),
    ("cl_bad?v=two", &["retry", "malformed"]),
    ("cl_bad?v=neg", &["retry", "malformed"]),
    ("cl_bad?v=huge", &["retry", "malformed"]),
    ("cl_bad?v=text", &["retry", "malformed"]),
    ("cl_te", &["malformed"]),
    ("chunk_bad", &["retry", "malformed"]),
    ("chunk_trunc", &["retry", "malformed"]),
    ("endless", &["malformed"]),
    ("endless?json=1", &["malformed"]),
    ("garbage?v=text", &["retry", "malformed"]),
    ("garbage?v=binary", &["retry", "malformed"]),
    ("garbage?v=http09", &["retry", "malformed"]),
    ("hdr_huge", &["malformed", "retry"]),
    ("hdr_many", &["malformed", "retry"]),
    ("hdr_ctl", &["ok", "malformed", "retry"]),
    ("gzip", &["ok"]),
    ("gzip_bomb?mb=32", &["malformed"]),
    ("gzip_trunc", &["retry", "malformed"]),
    ("gzip_lie", &["retry", "malformed"]),
    ("gzip_crc", &["retry", "malformed"]),
    ("enc_unknown", &["malformed"]),
    ("json_trunc", &["malformed"]),
    ("json_trail", &["malformed"]),
    ("html200", &["denied"]),
    ("empty200", &["malformed"]),
    ("null", &["malformed"]),
    ("nest", &["malformed", "ok"]),
    ("bigstr?mb=16", &["malformed"]),
    ("huge?mb=32", &["malformed"]),
    ("nan", &["malformed"]),
    ("inf", &["malformed"]),
    ("badutf8", &["malformed"]),
    ("utf16", &["malformed"]),
    ("bom", &["ok"]),
    ("nulbyte", &["malformed"]),
    ("always304", &["malformed"]),
    ("status?code=500", &["retry"]),
    ("status?code=401", &["denied"]),
    ("ratelimit?v=huge", &["retry"]),
    ("ratelimit?v=neg", &["retry"]),
    ("redirect?v=alt", &["give up"]),
    ("redirect?v=loop", &["give up"]),
];

/// In a process of its own: memory is counted by the process, and other tests need some too.
#[test]
fn every_fault_ends_in_time_in_its_class_and_in_little_memory() {
    let own = std::env::current_exe().expect("the test's own path");
    let alone = Command::new(own)
        .args(["--exact", "source::chaos_tests::every_fault_alone", "--ignored", "--nocapture"])
        .output()
        .expect("the test starts itself");
    let told = String::from_utf8_lossy(&alone.stdout) + String::from_utf8_lossy(&alone.stderr);
    assert!(alone.status.success() && told.contains("1 passed"), "{told}");
}

#[tokio::test]
#[ignore = "started by the test above"]
async fn every_fault_alone() {
    let Some(chaos) = start().await else { return };
    let before = resident_mb();
    for (fault, right) in FAULTS {
        let asked = tokio::time::timeout(Duration::from_secs(6), class(&chaos.base, fault)).await;
        let (class, why) = asked.unwrap_or_else(|_| panic!("{fault} did not end"));
        assert!(right.contains(&class), "{fault}: {class}: {why}");
        assert!(!why.contains("http://") && !why.chars().any(char::is_control), "{fault}: {why}");
    }
    let grown = resident_mb() - before;
    assert!(grown < 96, "the process grew by {grown} MB");
}

#[tokio::test]
async fn every_fault_passes_through_a_whole_poll() {
    let Some(chaos) = start().await else { return };
    let now = Timestamp::from_secs(1_795_208_010);
    let odd = [
        "wrong_type",
        "error200",
        "emptylist",
        "partial",
        "wide?n=60000",
        "bignum",
        "neg",
        "zeros",
        "dupkeys",
        "surrogate",
        "hostile",
        "badtime",
        "dup",
        "ooo",
        "future",
        "etag",
    ];
    for fault in odd {
        let mut source = build(&config(&chaos.base, fault), Span::from_mins(1)).expect("source");
        let polled = tokio::time::timeout(Duration::from_secs(6), source.poll(now)).await;
        let polled = polled.unwrap_or_else(|_| panic!("{fault} did not end"));
        if let Err(error) = polled {
            assert!(!error.why().is_empty(), "{fault}");
        }
    }
}
