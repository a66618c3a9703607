//! The embedded shop as a server process: started on a free loopback port, ended with the test.
//! The tests may read `/truth`; the product never does.

use std::path::Path;

use serde_json::{Value, json};

use crate::child::Running;
use crate::http;
use crate::product::tillwatch;
use crate::wait::secs;

pub struct Shop {
    pub url: String,
    process: Running,
}

impl Shop {
    /// `tillwatch shop --listen 127.0.0.1:0` plus the given arguments.
    pub fn start(home: &Path, args: &[&str]) -> Self {
        let all = [&["shop", "--listen", "127.0.0.1:0"], args].concat();
        let process = Running::start(tillwatch(home, &all));
        let url = process.wait_line("URL", secs(60), |line| line.starts_with("http://"));
        Self { url: url.trim().trim_end_matches('/').to_owned(), process }
    }

    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Starts a scenario's fault now.
    pub fn inject(&self, scenario: &str) {
        let body = json!({ "scenario": scenario }).to_string();
        let answer = http::post(&self.at("/inject"), &body).expect("the shop answers");
        assert!((200..300).contains(&answer.status), "{answer:?}");
    }

    pub fn truth(&self) -> Value {
        http::get(&self.at("/truth")).expect("the shop answers").json()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let said = self.process.said();
        assert!(std::thread::panicking() || !said.contains("panicked"), "the shop said:\n{said}");
    }
}
