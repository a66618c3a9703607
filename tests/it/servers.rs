//! Debian's Prometheus and blackbox_exporter on free loopback ports with temporary folders.
//! Asked until ready, ended by process id with the test.

use std::fmt::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::child::Running;
use crate::http;
use crate::skip::program;
use crate::wait::{eventually, secs};

/// A server with its base URL.
pub struct Server {
    pub url: String,
    pub process: Running,
    _dir: tempfile::TempDir,
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    listener.local_addr().expect("an address").port()
}

impl Server {
    fn start(mut command: Command, port: u16, ready: &str, dir: tempfile::TempDir) -> Self {
        command.current_dir(dir.path());
        let process = Running::start(command);
        let url = format!("http://127.0.0.1:{port}");
        let probe = format!("{url}{ready}");
        eventually(&format!("{} is ready", process.name), secs(30), || {
            http::get(&probe).ok().filter(|a| a.status == 200)
        });
        Self { url, process, _dir: dir }
    }

    /// Prometheus scraping `jobs` (YAML list items) every second; none when it is not installed.
    pub fn prometheus(jobs: &str) -> Option<Self> {
        Self::prometheus_with_past(jobs, Path::new("none"))
    }

    /// The same over the blocks in `past`, which are moved into its store.
    pub fn prometheus_with_past(jobs: &str, past: &Path) -> Option<Self> {
        Self::prometheus_every(jobs, past, "1s")
    }

    /// The same with another scrape interval.
    pub fn prometheus_every(jobs: &str, past: &Path, every: &str) -> Option<Self> {
        let program = program("prometheus")?;
        let dir = tempfile::tempdir().expect("a folder");
        if past.exists() {
            std::fs::rename(past, dir.path().join("data")).expect("moved");
        }
        let config = format!(
            "global:\n  scrape_interval: {every}\n  scrape_timeout: {every}\n\
             scrape_configs:\n{jobs}\n"
        );
        std::fs::write(dir.path().join("prometheus.yml"), config).expect("written");
        let port = free_port();
        let mut command = Command::new(program);
        command.arg("--config.file=prometheus.yml").arg("--storage.tsdb.path=data");
        command.arg(format!("--web.listen-address=127.0.0.1:{port}")).arg("--log.level=warn");
        Some(Self::start(command, port, "/-/ready", dir))
    }

    /// blackbox_exporter with one module `http_2xx`; none when it is not installed.
    pub fn blackbox() -> Option<Self> {
        let program = program("prometheus-blackbox-exporter")?;
        let dir = tempfile::tempdir().expect("a folder");
        let config = "modules:\n  http_2xx:\n    prober: http\n    timeout: 2s\n    http:\n      \
                      preferred_ip_protocol: ip4\n";
        std::fs::write(dir.path().join("blackbox.yml"), config).expect("written");
        let port = free_port();
        let mut command = Command::new(program);
        command.arg("--config.file=blackbox.yml");
        command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
        Some(Self::start(command, port, "/-/healthy", dir))
    }

    /// An instant query's result rows.
    pub fn query(&self, promql: &str) -> Vec<Value> {
        let encoded = promql.bytes().fold(String::new(), |mut text, byte| {
            write!(text, "%{byte:02X}").ok();
            text
        });
        let answer = http::get(&format!("{}/api/v1/query?query={encoded}", self.url));
        let rows = answer.expect("prometheus answers").json()["data"]["result"].clone();
        rows.as_array().cloned().unwrap_or_default()
    }
}

/// A scrape job as YAML: every `targets` entry is `host:port`.
pub fn job(name: &str, targets: &[String]) -> String {
    format!("  - job_name: {name}\n    static_configs:\n      - targets: {targets:?}\n")
}

/// A blackbox job: Prometheus asks `blackbox` (host:port) to probe each page.
pub fn probe_job(name: &str, blackbox: &str, pages: &[String]) -> String {
    format!(
        "  - job_name: {name}\n    metrics_path: /probe\n    params: {{module: [http_2xx]}}\n    \
         static_configs:\n      - targets: {pages:?}\n    relabel_configs:\n      \
         - {{source_labels: [__address__], target_label: __param_target}}\n      \
         - {{source_labels: [__param_target], target_label: instance}}\n      \
         - {{target_label: __address__, replacement: '{blackbox}'}}\n"
    )
}

/// `http://host:port/x` without its scheme and path.
pub fn host(url: &str) -> String {
    let rest = url.trim_start_matches("http://");
    rest.split('/').next().unwrap_or(rest).to_owned()
}

/// A home folder for product processes.
pub fn home() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn the_real_servers_start_scrape_and_end() {
    let Some(blackbox) = Server::blackbox() else { return };
    let own = host(&blackbox.url);
    let pages = [format!("{}/-/healthy", blackbox.url)];
    let jobs = job("own", std::slice::from_ref(&own)) + &probe_job("probe", &own, &pages);
    let Some(prometheus) = Server::prometheus(&jobs) else { return };
    eventually("both jobs are up", secs(20), || {
        let up = prometheus.query("up == 1").len();
        let probed = prometheus.query("probe_success == 1").len();
        (up == 2 && probed == 1).then_some(())
    });
    assert!(Path::new("/proc").join(prometheus.process.pid().to_string()).exists());
}
