//! Eighty server faults against three adapters: a watcher reads many sources that are well, then
//! each gets its fault. Within two intervals and a second none of them is called live, the watcher
//! stays small and alive, and when the servers are well again, so is the board.

use std::fmt::Write;

use rustix::process::{Signal, kill_process};
use tillwatch::board::SourceState;

use super::book::Reader;
use super::faults::{Board, FAULTS};
use super::liar::{ADAPTERS, Adapter, Liar};
use super::scene::scratch;
use super::{Plan, Tally};
use crate::child::Running;
use crate::product::tillwatch;
use crate::wait::{Deadline, pause, secs};

/// Faults in one watcher; each has three sources.
const BATCH: usize = 10;
/// Two intervals of two seconds and one.
const LIMIT: u64 = 5;
/// Four intervals of being well.
const KNOWN: u64 = 8;
/// A server may ask for 300 s of patience; waits of the product's own go up to a minute.
const RECOVERY: u64 = 330;
/// What a watcher may grow by, in MB.
const GROWTH: usize = 160;

fn name(adapter: Adapter, n: usize) -> String {
    let kind = match adapter {
        Adapter::Prometheus => "prometheus",
        Adapter::HttpJson => "http_json",
        Adapter::Github => "github",
    };
    format!("{kind}-{n}")
}

/// One source at its own place.
fn source(url: &str, adapter: Adapter, n: usize) -> String {
    let own = name(adapter, n);
    let kind = own.split('-').next().unwrap_or_default();
    let rest = match adapter {
        Adapter::Prometheus => {
            "query = [{ metric = \"page_views\", kind = \"count\", expr = \"x\" }]\n"
        }
        Adapter::HttpJson => {
            "[[source.record]]\nkind = \"observation\"\npath = \"/rum\"\ntime = \"t\"\n\
             window = \"60s\"\nsegment = { template = \"template\" }\n\
             metric = [{ metric = \"sessions\", kind = \"count\", value = \"views\" }]\n"
        }
        Adapter::Github => "repo = \"shop/theme\"\n",
    };
    format!(
        "[[source]]\nname = \"{own}\"\nkind = \"{kind}\"\nurl = \"{url}/{kind}/{n}\"\n\
         every = \"2s\"\ntimeout = \"1s\"\n{rest}"
    )
}

fn config(home: &std::path::Path, url: &str, sources: usize) -> String {
    let mut text = format!("[journal]\nurl = \"sqlite:{}/j/journal.db\"\n", home.display());
    for (n, adapter) in (0..sources).zip(ADAPTERS.iter().cycle()) {
        write!(text, "{}", source(url, *adapter, n)).ok();
    }
    crate::configs::write(home, &text)
}

fn resident_mb(pid: i32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM:"));
    let kb = line.and_then(|l| l.split_whitespace().nth(1)).and_then(|n| n.parse::<usize>().ok());
    kb.unwrap_or(0) / 1024
}

/// A watcher over one batch, with its server.
struct Batch<'a> {
    faults: &'a [usize],
    liar: Liar,
    watcher: Running,
    journal: std::path::PathBuf,
    reader: Reader,
    _home: tempfile::TempDir,
}

impl<'a> Batch<'a> {
    fn start(faults: &'a [usize]) -> Self {
        let home = scratch();
        let sources = faults.len() * ADAPTERS.len();
        let liar = Liar::start(sources);
        let config = config(home.path(), &liar.url, sources);
        let watcher = Running::start(tillwatch(home.path(), &["watch", "--config", &config]));
        let journal = home.path().join("j/journal.db");
        Self { faults, liar, watcher, journal, reader: Reader::new(), _home: home }
    }

    /// Names of the sources that are live, as the newest board has them.
    fn live(&self) -> Vec<String> {
        let board = self.reader.board(&self.journal).unwrap_or_default();
        let live = board.sources.iter().filter(|s| s.state == SourceState::Live);
        live.map(|s| s.name.to_string()).collect()
    }

    /// Fault, adapter and name of each source.
    fn sources(&self) -> impl Iterator<Item = (usize, Adapter, String)> {
        let all = self.faults.iter().flat_map(|f| ADAPTERS.iter().map(move |a| (*f, *a)));
        all.enumerate().map(|(n, (fault, adapter))| (fault, adapter, name(adapter, n)))
    }

    fn wait_live(&self, limit: u64) -> Vec<String> {
        let deadline = Deadline::after(secs(limit));
        loop {
            let live = self.live();
            let missing: Vec<String> =
                self.sources().map(|(_, _, name)| name).filter(|n| !live.contains(n)).collect();
            if missing.is_empty() || deadline.passed() {
                return missing;
            }
            pause(std::time::Duration::from_millis(250));
        }
    }

    /// Lets every source fail and looks when the time is over.
    fn look(&mut self, tally: &mut Tally) {
        let missing = self.wait_live(40);
        if !missing.is_empty() {
            return tally.fault(format!("not live though all is well: {missing:?}"));
        }
        // each is known by some answers
        pause(secs(KNOWN));
        let pid = self.watcher.pid().as_raw_nonzero().get();
        let before = resident_mb(pid);
        self.liar.fail(self.sources().map(|(fault, _, _)| Some(fault)).collect());
        pause(secs(LIMIT));
        // the board of this moment is stored within two seconds
        pause(secs(2));
        let live = self.live();
        for (fault, adapter, name) in self.sources() {
            let (fault, is_live) = (&FAULTS[fault], live.contains(&name));
            tally.count("faults of a source");
            match fault.board(adapter) {
                Board::NotLive if is_live => {
                    tally.fault(format!("{} {adapter:?}: live after {LIMIT} s", fault.name));
                }
                Board::Live if !is_live => {
                    tally.fault(format!("{} {adapter:?}: not live", fault.name));
                }
                Board::NotLive | Board::Live | Board::Either => {}
            }
        }
        pause(secs(8));
        let grown = resident_mb(pid).saturating_sub(before);
        if grown > GROWTH {
            tally.fault(format!("{}: the watcher grew by {grown} MB", self.names()));
        }
        self.recover(tally);
    }

    fn names(&self) -> String {
        self.faults.iter().map(|f| FAULTS[*f].name).collect::<Vec<_>>().join(" ")
    }

    fn recover(&mut self, tally: &mut Tally) {
        self.liar.fail(vec![None; self.faults.len() * ADAPTERS.len()]);
        let missing = self.wait_live(RECOVERY);
        let sick: Vec<String> = self
            .sources()
            .filter(|(_, _, name)| missing.contains(name))
            .map(|(fault, adapter, _)| format!("{} {adapter:?}", FAULTS[fault].name))
            .collect();
        if !sick.is_empty() {
            tally.fault(format!("not live {RECOVERY} s after the fault: {sick:?}"));
        }
        if let Some(status) = self.watcher.exited() {
            tally.fault(format!("{}: it ended: {status}", self.names()));
        }
        kill_process(self.watcher.pid(), Signal::TERM).ok();
        let deadline = Deadline::after(secs(5));
        while self.watcher.exited().is_none() && !deadline.passed() {
            pause(std::time::Duration::from_millis(50));
        }
        if self.watcher.exited().is_none() || self.watcher.said().contains("panicked") {
            tally.fault(format!("{}: {}", self.names(), self.watcher.said()));
        }
    }
}

fn attack(plan: Plan) {
    let mut tally = Tally::new("servers", plan);
    let first = plan.dice(0).below(FAULTS.len());
    let chosen: Vec<usize> =
        (0..plan.count.min(FAULTS.len())).map(|n| (first + n * 7) % FAULTS.len()).collect();
    for faults in chosen.chunks(BATCH) {
        tally.add("faults", faults.len());
        Batch::start(faults).look(&mut tally);
    }
    tally.end();
}

#[test]
fn no_fault_of_a_server_is_called_live() {
    attack(Plan::slice(6));
}

#[test]
#[ignore = "eighty faults: ./attack servers"]
fn full() {
    attack(Plan::full(80));
}
