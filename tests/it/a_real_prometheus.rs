//! The whole job against real servers: Prometheus scrapes the shop, blackbox_exporter probes its
//! pages, and the product, told of Prometheus alone, finds the outage, rolls back and sees it heal.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::child::{Running, output};
use crate::configs::{frame, write};
use crate::product::{json, open, run, tillwatch, told};
use crate::servers::{Server, home, host, job, probe_job};
use crate::shopd::Shop;
use crate::skip::program;
use crate::wait::{Deadline, eventually, pause, secs};

const PAGES: [&str; 5] = ["home", "collection", "pdp", "cart", "checkout"];
/// Visits a day: what the shop has unless told otherwise.
const VISITS: &str = "300000";
/// Series that the config asks for, by the start of their lines.
const KEPT: [&str; 3] = ["cut=\"source\"", "cut=\"biz_source\"", "shop_edge"];

fn sources(prometheus: &str, shop: &str) -> String {
    let mut text = format!(
        "[[source]]\nname = \"metrics\"\nkind = \"prometheus\"\nurl = \"{prometheus}\"\n\
         every = \"2s\"\nscrape = \"1s\"\nlookback = \"1h\"\n\
         [[source.query]]\nmetric = \"lcp\"\nkind = \"histogram\"\nunit = \"s\"\n\
         expr = 'increase(shop_lcp_seconds_bucket{{cut=\"source\"}}[$window])'\n\
         labels = {{ template = \"template\", device = \"device\", \
         traffic_source = \"traffic_source\" }}\n\
         [[source.query]]\nmetric = \"js_error_rate\"\nkind = \"ratio\"\n\
         hits = 'increase(shop_js_errors_total{{cut=\"source\"}}[$window])'\n\
         trials = 'increase(shop_page_views_total{{cut=\"source\"}}[$window])'\n\
         labels = {{ template = \"template\", device = \"device\", \
         traffic_source = \"traffic_source\" }}\n\
         [[source.query]]\nkind = \"build\"\nexpr = \"shop_build_info\"\n\
         version_label = \"version\"\nservice_label = \"service\"\n\
         [[source.query]]\nkind = \"check\"\nexpr = 'probe_success{{job=\"pages\"}}'\n\
         journey_label = \"instance\"\njourneys = {{ "
    );
    let pairs = PAGES.map(|page| format!("\"{shop}/shop/{page}\" = \"{page}\""));
    writeln!(text, "{} }}", pairs.join(", ")).ok();
    for (metric, series) in [
        ("sessions", "shop_sessions_total"),
        ("add_to_cart", "shop_add_to_cart_total"),
        ("checkout_start", "shop_checkout_start_total"),
        ("payment_try", "shop_payment_try_total"),
        ("orders", "shop_orders_total"),
        ("revenue", "shop_revenue_eur_total"),
    ] {
        let expr = format!("increase({series}{{cut=\"biz_source\"}}[$window])");
        writeln!(text, "[[source.query]]\nmetric = \"{metric}\"\nkind = \"count\"").ok();
        writeln!(text, "expr = '{expr}'\nlabels = {{ device = \"device\" }}").ok();
    }
    text
}

/// One day of the shop's past as Prometheus blocks, only what is asked for.
fn past(home: &Path) -> Option<std::path::PathBuf> {
    let promtool = program("promtool")?;
    let (all, kept) = (home.join("all.om"), home.join("kept.om"));
    let all_text = all.display().to_string();
    let export = ["--seed", "7", "--export-openmetrics", &all_text, "--days", "1"];
    let export = [&["shop", "--visits", VISITS], &export[..]].concat();
    let made = run(home, &export);
    assert_eq!(made.status.code(), Some(0), "{}", told(&made));
    let lines = BufReader::new(std::fs::File::open(&all).expect("exported")).lines();
    let mut out = BufWriter::new(std::fs::File::create(&kept).expect("a file"));
    for line in lines.map_while(Result::ok) {
        let keep = KEPT.iter().any(|k| line.contains(k)) && !line.contains("shop_inp");
        if keep || line == "# EOF" {
            writeln!(out, "{line}").expect("written");
        }
    }
    out.flush().expect("written");
    std::fs::remove_file(&all).ok();
    let mut blocks = Command::new(promtool);
    blocks.args(["tsdb", "create-blocks-from", "openmetrics"]).arg(&kept).arg(home.join("data"));
    let made = output(blocks);
    assert!(made.status.success(), "{}", told(&made));
    Some(home.join("data"))
}

struct Stand {
    home: tempfile::TempDir,
    shop: Shop,
    config: String,
    watcher: Running,
    _servers: (Server, Server),
}

impl Stand {
    fn build() -> Option<Self> {
        let home = home();
        let past = past(home.path())?;
        let args = ["--scenario", "calm-day", "--seed", "7", "--visits", VISITS];
        let shop = Shop::start(home.path(), &args);
        let blackbox = Server::blackbox()?;
        let pages = PAGES.map(|page| shop.at(&format!("/shop/{page}")));
        let jobs =
            job("shop", &[host(&shop.url)]) + &probe_job("pages", &host(&blackbox.url), &pages);
        let prometheus = Server::prometheus_with_past(&jobs, &past)?;
        eventually("all pages are probed", secs(30), || {
            (prometheus.query("probe_success == 1").len() == PAGES.len()).then_some(())
        });
        let text = frame(home.path(), &shop.url) + &sources(&prometheus.url, &shop.url);
        let config = write(home.path(), &text);
        let watcher = Running::start(tillwatch(home.path(), &["watch", "--config", &config]));
        Some(Self { home, shop, config, watcher, _servers: (prometheus, blackbox) })
    }

    fn board(&self) -> Value {
        let args = ["once", "--json", "--as", "observer", "--config", &self.config];
        let output = run(self.home.path(), &args);
        if output.stdout.is_empty() { Value::Null } else { json(&output) }
    }

    /// The first incident that passes; panics with the last board's incidents and sources.
    fn wait(&self, what: &str, limit: Duration, pass: impl Fn(&Value) -> bool) -> Value {
        let deadline = Deadline::after(limit);
        loop {
            let board = self.board();
            let rows = board["incidents"].as_array().cloned().unwrap_or_default();
            if let Some(found) = rows.iter().find(|i| pass(i)) {
                return found.clone();
            }
            let seen = (&board["incidents"], &board["sources"], &board["notices"]);
            assert!(!deadline.passed(), "no {what} within {limit:?}: {seen:#?}");
            pause(secs(1));
        }
    }

    fn order(&self, args: &[&str]) -> String {
        let output = run(self.home.path(), &[args, &["--config", &self.config]].concat());
        assert_eq!(output.status.code(), Some(0), "{args:?} {}", told(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

#[test]
fn the_outage_is_found_in_prometheus_rolled_back_and_seen_to_heal() {
    let Some(stand) = Stand::build() else { return };
    eventually("a calm board", secs(60), || {
        let board = stand.board();
        let live = board["sources"].as_array()?.iter().all(|s| s["state"] == "live");
        (live && open(&board).is_empty()).then_some(())
    });
    stand.shop.inject("checkout-outage");
    let sev1 = |i: &Value| i["severity"] == 1 && i["state"] == "triggered";
    let found = stand.wait("a Sev 1 that blames a release", secs(300), |i| {
        sev1(i) && i["suspect"]["release"].is_string()
    });
    let truth = stand.shop.truth();
    assert_eq!(found["journey"], "checkout", "{found:#}");
    assert_eq!(found["suspect"]["release"], truth["incidents"][0]["release"], "{found:#}");
    assert!(found["evidence_for"].as_array().is_some_and(|e| e.len() >= 2), "{found:#}");
    let id = found["id"].as_str().expect("an id");

    stand.order(&["ack", id]);
    stand.wait("acknowledged", secs(20), |i| i["id"] == id && i["state"] == "acknowledged");
    let token = found["rollback"]["confirm_token"].as_str().expect("a token");
    let dry = stand.order(&["rollback", id, "--dry-run"]);
    assert!(dry.contains(token), "the dry run shows the token: {dry}");
    let refused = ["rollback", id, "--confirm", "wrong1", "--config", &stand.config];
    let refused = run(stand.home.path(), &refused);
    assert_eq!(refused.status.code(), Some(1), "{}", told(&refused));
    stand.order(&["rollback", id, "--confirm", token]);
    // The guardrail's clear time, the action's hold and a bucket on each side, on wall time.
    stand.wait("the watcher sees it heal", secs(600), |i| {
        i["id"] == id && i["action"]["state"] == "verified" && i["state"] == "mitigated"
    });
    let truth = stand.shop.truth();
    assert!(truth["incidents"][0]["healed_at"].is_string(), "{truth:#}");
    assert!(!stand.watcher.said().contains("panicked"), "{}", stand.watcher.said());
}
