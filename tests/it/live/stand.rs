//! A stand for live faults: the embedded shop at its own speed, Debian's Prometheus that scrapes it
//! every 5 s, blackbox_exporter on its pages, and the watcher with one config for all faults.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::child::{Running, output};
use crate::configs::{frame, write};
use crate::product::{json, open, run, tillwatch, told};
use crate::servers::{Server, home, host, job, probe_job};
use crate::shopd::Shop;
use crate::skip::program;
use crate::wait::{eventually, secs};

const PAGES: [&str; 6] = ["home", "landing", "collection", "pdp", "cart", "checkout"];
const SCRAPE: &str = "5s";
/// Visits a day: a shop large enough that a minute of orders says something.
const VISITS: &str = "3000000";
const SEED: &str = "7";

/// Cuts of page views and of business counts with their labels; labels are named as ours are.
const CUTS: [(&str, &[&str]); 3] = [
    ("source", &["template", "device", "traffic_source"]),
    ("browser", &["template", "device", "browser"]),
    ("network", &["template", "network", "region"]),
];
const BUSINESS: [(&str, &[&str]); 2] = [
    ("biz_source", &["device", "traffic_source", "customer"]),
    ("biz_browser", &["device", "browser", "region"]),
];
const COUNTS: [(&str, &str); 6] = [
    ("sessions", "shop_sessions_total"),
    ("add_to_cart", "shop_add_to_cart_total"),
    ("checkout_start", "shop_checkout_start_total"),
    ("payment_try", "shop_payment_try_total"),
    ("orders", "shop_orders_total"),
    ("revenue", "shop_revenue_eur_total"),
];

/// A day of the shop's past as Prometheus blocks; every stand gets a copy.
pub struct Past {
    dir: tempfile::TempDir,
}

impl Past {
    pub fn draw() -> Option<Self> {
        let promtool = program("promtool")?;
        let dir = home();
        let (all, kept) = (dir.path().join("all.om"), dir.path().join("kept.om"));
        let file = all.display().to_string();
        let args = ["shop", "--visits", VISITS, "--seed", SEED, "--export-openmetrics", &file];
        let made = run(dir.path(), &[&args[..], &["--days", "1"]].concat());
        assert_eq!(made.status.code(), Some(0), "{}", told(&made));
        let lines = BufReader::new(std::fs::File::open(&all).expect("exported")).lines();
        let mut out = BufWriter::new(std::fs::File::create(&kept).expect("a file"));
        for line in lines.map_while(Result::ok) {
            if line == "# EOF" || is_asked(&line) {
                writeln!(out, "{line}").expect("written");
            }
        }
        out.flush().expect("written");
        std::fs::remove_file(&all).ok();
        let mut blocks = Command::new(promtool);
        blocks.args(["tsdb", "create-blocks-from", "openmetrics"]);
        let made = output({
            blocks.arg(&kept).arg(dir.path().join("data"));
            blocks
        });
        assert!(made.status.success(), "{}", told(&made));
        std::fs::remove_file(&kept).ok();
        Some(Self { dir })
    }

    fn copy(&self) -> PathBuf {
        let to = tempfile::tempdir().expect("a folder").keep();
        let mut copy = Command::new("cp");
        copy.arg("-r").arg(self.dir.path().join("data")).arg(&to);
        assert!(output(copy).status.success(), "the past is copied");
        to.join("data")
    }
}

/// A line of a series that the config asks for.
fn is_asked(line: &str) -> bool {
    let cuts = CUTS.iter().chain(&BUSINESS).map(|(cut, _)| format!("cut=\"{cut}\""));
    line.starts_with("shop_edge") || cuts.into_iter().any(|cut| line.contains(&cut))
}

fn labels(names: &[&str]) -> String {
    let pairs: Vec<String> = names.iter().map(|n| format!("{n} = \"{n}\"")).collect();
    format!("labels = {{ {} }}\n", pairs.join(", "))
}

fn source(name: &str, prometheus: &str, every: &str) -> String {
    format!(
        "[[source]]\nname = \"{name}\"\nkind = \"prometheus\"\nurl = \"{prometheus}\"\n\
         every = \"{every}\"\nscrape = \"{SCRAPE}\"\nlookback = \"1h\"\n"
    )
}

/// Page views: speed, errors and their number in each cut.
fn rum(prometheus: &str) -> String {
    let mut text = source("rum", prometheus, "10s");
    for (cut, names) in CUTS {
        for (metric, series) in [("lcp", "shop_lcp_seconds"), ("inp", "shop_inp_seconds")] {
            write!(
                text,
                "[[source.query]]\nmetric = \"{metric}\"\nkind = \"histogram\"\nunit = \"s\"\n\
                 expr = 'increase({series}_bucket{{cut=\"{cut}\"}}[$window])'\n{}",
                labels(names)
            )
            .ok();
        }
        let errors = format!("increase(shop_js_errors_total{{cut=\"{cut}\"}}[$window])");
        let views = format!("increase(shop_page_views_total{{cut=\"{cut}\"}}[$window])");
        write!(
            text,
            "[[source.query]]\nmetric = \"js_error_rate\"\nkind = \"ratio\"\nhits = '{errors}'\n\
             trials = '{views}'\n{0}[[source.query]]\nmetric = \"page_views\"\nkind = \"count\"\n\
             expr = '{views}'\n{0}",
            labels(names)
        )
        .ok();
    }
    text
}

fn business(prometheus: &str) -> String {
    let mut text = source("business", prometheus, "10s");
    for (cut, names) in BUSINESS {
        for (metric, series) in COUNTS {
            let expr = format!("increase({series}{{cut=\"{cut}\"}}[$window])");
            writeln!(text, "[[source.query]]\nmetric = \"{metric}\"\nkind = \"count\"").ok();
            write!(text, "expr = '{expr}'\n{}", labels(names)).ok();
        }
    }
    text
}

fn probes(prometheus: &str, shop: &str) -> String {
    let pairs = PAGES.map(|page| format!("\"{shop}/shop/{page}\" = \"{page}\""));
    format!(
        "{}[[source.query]]\nkind = \"check\"\nexpr = 'probe_success{{job=\"pages\"}}'\n\
         journey_label = \"instance\"\njourneys = {{ {} }}\nstep = \"15s\"\n",
        source("probes", prometheus, "5s"),
        pairs.join(", ")
    )
}

fn releases(shop: &str) -> String {
    format!(
        "[[source]]\nname = \"deployments\"\nkind = \"github\"\nurl = \"{shop}\"\n\
         repo = \"demo/shop\"\nenvironment = \"production\"\nevery = \"5s\"\n"
    )
}

pub struct Stand {
    home: tempfile::TempDir,
    pub shop: Shop,
    config: String,
    _watcher: Running,
    _servers: (Server, Server),
}

impl Stand {
    pub fn build(past: &Past) -> Option<Self> {
        let home = home();
        let args = ["--scenario", "calm-day", "--seed", SEED, "--visits", VISITS];
        let shop = Shop::start(home.path(), &args);
        let blackbox = Server::blackbox()?;
        let pages = PAGES.map(|page| shop.at(&format!("/shop/{page}")));
        let jobs =
            job("shop", &[host(&shop.url)]) + &probe_job("pages", &host(&blackbox.url), &pages);
        let prometheus = Server::prometheus_every(&jobs, &past.copy(), SCRAPE)?;
        eventually("all pages are probed", secs(60), || {
            (prometheus.query("probe_success == 1").len() == PAGES.len()).then_some(())
        });
        let url = &prometheus.url;
        let text = frame(home.path(), &shop.url)
            + &rum(url)
            + &business(url)
            + &probes(url, &shop.url)
            + &releases(&shop.url);
        let config = write(home.path(), &text);
        let watcher = Running::start(tillwatch(home.path(), &["watch", "--config", &config]));
        Some(Self { home, shop, config, _watcher: watcher, _servers: (prometheus, blackbox) })
    }

    /// The watcher's board; null while there is none.
    pub fn board(&self) -> Value {
        let args = ["once", "--json", "--as", "observer", "--config", &self.config];
        let output = run(self.home.path(), &args);
        if output.stdout.is_empty() { Value::Null } else { json(&output) }
    }

    /// Waits until every source is live, its past is read and nothing is open.
    pub fn calm(&self) {
        eventually("a calm board", secs(300), || {
            let board = self.board();
            let live = board["sources"].as_array()?.iter().all(|s| s["state"] == "live");
            let told = board["notices"].as_array()?.is_empty();
            let judged = board["cells"].as_array()?.iter().any(|c| !c["baseline"].is_null());
            (live && told && judged && open(&board).is_empty()).then_some(())
        });
    }
}
