//! Answers of status 200 that are empty, old, frozen or of the future, from every kind of source,
//! read by the real adapters over loopback HTTP with a stepped clock: none of them stays live.

use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use tillwatch::board::SourceState;
use tillwatch::domain::time::Span;

use crate::stepped::Stepped;
use crate::stub::{Asked, Said, Stub};

const START: &str = "2026-03-10T12:00:00Z";
const EVERY: i64 = 15;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mood {
    Good,
    Empty,
    TwoHoursAgo,
    Frozen,
    Future,
}

const MOODS: [Mood; 5] = [Mood::Good, Mood::Empty, Mood::TwoHoursAgo, Mood::Frozen, Mood::Future];

/// What the server knows: the time it believes in, its mood, and its last good answers.
#[derive(Default)]
struct World {
    now: AtomicI64,
    mood: AtomicU8,
    last: Mutex<std::collections::BTreeMap<String, String>>,
}

impl World {
    fn mood(&self) -> Mood {
        MOODS[usize::from(self.mood.load(Ordering::Relaxed))]
    }

    fn set(&self, mood: Mood) {
        let index = MOODS.iter().position(|m| *m == mood).expect("a mood");
        self.mood.store(u8::try_from(index).expect("few moods"), Ordering::Relaxed);
    }

    /// The answer to a request: made anew, or the last good one to the same path.
    fn answer(&self, asked: &Asked) -> Said {
        let place = asked.path.split('?').next().unwrap_or_default().to_owned();
        let text = match self.mood() {
            Mood::Frozen if !place.contains("deployments") => {
                self.last.lock().expect("last").get(&place).cloned().unwrap_or_default()
            }
            mood => self.page(&place, asked, mood),
        };
        if self.mood() == Mood::Good {
            self.last.lock().expect("last").insert(place.clone(), text.clone());
        }
        let kind = if place == "/metrics" { "text/plain" } else { "application/json" };
        (200, kind, text.into_bytes())
    }

    fn page(&self, place: &str, asked: &Asked, mood: Mood) -> String {
        let now = self.now.load(Ordering::Relaxed);
        let by = match mood {
            Mood::TwoHoursAgo => -7200,
            Mood::Future => 900,
            Mood::Good | Mood::Empty | Mood::Frozen => 0,
        };
        let field = |name: &str| field(&format!("{}&{}", asked.path, asked.body), name);
        let (from, to) = (field("from").max(field("start")), field("to").max(field("end")));
        // it has no past worth reading
        let some = mood != Mood::Empty && to - from <= 7200;
        let steps = || (from.div_euclid(60)..=to.div_euclid(60)).map(|m| m * 60).filter(|_| some);
        match place {
            "/rum" => rows(steps().filter(|t| t + 60 <= to).flat_map(|t| {
                TEMPLATES.map(|p| {
                    let n = views(t, p);
                    format!("{{\"t\":{},\"template\":\"{p}\",\"views\":{n}}}", t + by)
                })
            })),
            "/checks" => rows(steps().filter(|t| (from..=now).contains(t)).map(|t| {
                let what = "\"journey\":\"checkout\",\"location\":\"eu\",\"ok\":true";
                format!("{{\"at\":{},{what}}}", t + by)
            })),
            "/api/v1/query_range" => matrix(&steps().collect::<Vec<_>>(), by),
            "/metrics" => metrics(now, by, some),
            _ if place.ends_with("/statuses") => STATUSES.to_owned(),
            _ if some => DEPLOYMENTS.to_owned(),
            _ => "[]".to_owned(),
        }
    }
}

const STATUSES: &str = r#"[{"state":"success","created_at":"2026-03-10T09:00:00Z"}]"#;
const DEPLOYMENTS: &str = r#"[{"id":7,"ref":"v7","sha":"aaaa","environment":"production",
    "created_at":"2026-03-10T09:00:00Z"}]"#;

const TEMPLATES: [&str; 4] = ["home", "pdp", "cart", "checkout"];

fn views(t: i64, template: &str) -> i64 {
    400 + (t / 60 * 7919 + i64::try_from(template.len()).expect("short") * 104_729).rem_euclid(97)
}

fn field(text: &str, name: &str) -> i64 {
    let key = format!("{name}=");
    let part = text.split(['?', '&']).find_map(|p| p.strip_prefix(&key));
    part.and_then(|p| p.split('.').next()?.parse().ok()).unwrap_or(0)
}

fn rows(all: impl Iterator<Item = String>) -> String {
    format!("{{\"rows\":[{}]}}", all.collect::<Vec<_>>().join(","))
}

fn matrix(times: &[i64], by: i64) -> String {
    let line = |p: &&str| {
        let points = times.iter().map(|t| format!("[{},\"{}\"]", t + by, views(*t, p)));
        let points = points.collect::<Vec<_>>().join(",");
        format!("{{\"metric\":{{\"page\":\"{p}\"}},\"values\":[{points}]}}")
    };
    let lines: Vec<String> = TEMPLATES.iter().filter(|_| !times.is_empty()).map(line).collect();
    let lines = lines.join(",");
    format!(
        "{{\"status\":\"success\",\"data\":{{\"resultType\":\"matrix\",\"result\":[{lines}]}}}}"
    )
}

/// A page with a counter and a check; old and future ones carry the time of their sender.
fn metrics(now: i64, by: i64, some: bool) -> String {
    if !some {
        return format!("process_cpu_seconds_total {now}\n");
    }
    let stamp = if by == 0 { String::new() } else { format!(" {}", (now + by) * 1000) };
    let lines = TEMPLATES.map(|p| format!("views_total{{page=\"{p}\"}} {}{stamp}\n", now * 3));
    format!("{}probe_success{{instance=\"pay\"}} 1{stamp}\n", lines.concat())
}

const RUM: &str = r#"[[source.record]]
kind = "observation"
path = "/rum?from={from}&to={to}"
rows = "rows"
time = "t"
segment = { template = "template" }
metric = [{ metric = "page_views", kind = "count", value = "views" }]"#;
const PROBES: &str = r#"[[source.record]]
kind = "check"
path = "/checks?from={from}&to={to}"
rows = "rows"
time = "at"
check = { journey = "journey", location = "location", ok = "ok" }"#;
const VIEWS: &str = r#"[[source.query]]
metric = "page_views"
kind = "count"
labels = { template = "page" }
expr = "views_total""#;
const PROBE: &str = r#"[[source.query]]
kind = "check"
journey = "pay"
expr = "probe_success""#;

fn config(url: &str) -> String {
    let source = |name: &str, kind: &str, path: &str, more: &str| {
        let head = format!("[[source]]\nname = \"{name}\"\nkind = \"{kind}\"\n");
        format!("{head}url = \"{url}{path}\"\nevery = \"{EVERY}s\"\n{more}\n")
    };
    [
        source("rum", "http_json", "", RUM),
        source("probes", "http_json", "", PROBES),
        source("prom", "prometheus", "", VIEWS),
        source("page", "exposition", "/metrics", &format!("{VIEWS}\n{PROBE}")),
        source("deploys", "github", "", "repo = \"o/r\""),
    ]
    .concat()
}

struct Rig {
    world: Arc<World>,
    _stub: Stub,
    stepped: Stepped,
}

impl Rig {
    fn start() -> Self {
        let world = Arc::new(World::default());
        let told = Arc::clone(&world);
        let stub = Stub::start(move |asked| told.answer(asked));
        let start: tillwatch::domain::time::Timestamp = START.parse().expect("a time");
        world.now.store(start.secs(), Ordering::Relaxed);
        let stepped = Stepped::reading(&config(&stub.url), START);
        let mut rig = Self { world, _stub: stub, stepped };
        (0..60).for_each(|_| rig.step());
        rig
    }

    fn step(&mut self) {
        self.world.now.fetch_add(EVERY, Ordering::Relaxed);
        self.stepped.step(Span::from_secs(EVERY));
    }

    fn states(&self) -> Vec<(String, SourceState, String)> {
        let all = self.stepped.board.sources.iter();
        all.map(|s| (s.name.to_string(), s.state, s.error.clone().unwrap_or_default())).collect()
    }

    /// Cells and journeys that are called ok.
    fn well(&self) -> Vec<String> {
        let (board, ok) = (&self.stepped.board, tillwatch::verdict::Verdict::Ok);
        let cells = board.cells.iter().filter(|c| c.verdict == ok);
        let journeys = board.journeys.iter().filter(|j| j.verdict == ok);
        let cells = cells.map(|c| format!("{:?} {}", c.metric, c.segment));
        cells.chain(journeys.map(|j| j.journey.to_string())).collect()
    }

    fn not_live(&self) -> Vec<String> {
        let bad = self.states().into_iter().filter(|(_, state, _)| *state != SourceState::Live);
        bad.map(|(name, ..)| name).collect()
    }
}

/// Sources that a mood must show in, and those whose answers it does not make odd.
fn wanted(mood: Mood) -> &'static [&'static str] {
    match mood {
        Mood::Good => &[],
        // No deployment for days, and one told with the same bytes, are as they should be.
        Mood::TwoHoursAgo | Mood::Frozen | Mood::Future => &["page", "probes", "prom", "rum"],
        Mood::Empty => &["deploys", "page", "probes", "prom", "rum"],
    }
}

#[test]
fn no_kind_of_source_stays_live_on_empty_old_frozen_or_future_answers() {
    let mut rig = Rig::start();
    assert_eq!(rig.not_live(), Vec::<String>::new(), "{:?}", rig.states());
    for mood in [Mood::Empty, Mood::TwoHoursAgo, Mood::Frozen, Mood::Future] {
        rig.world.set(mood);
        // two of the windows, which are longer than the interval, and one interval
        let limit = 2 * 60 / EVERY + 1;
        let seen = (1..=limit).find(|_| {
            rig.step();
            wanted(mood).iter().all(|name| rig.not_live().iter().any(|n| n == name))
                && rig.well().is_empty()
        });
        assert!(seen.is_some(), "{mood:?}: {:?}, {:?}", rig.states(), rig.well());
        rig.world.set(Mood::Good);
        (0..40).for_each(|_| rig.step());
        assert_eq!(rig.not_live(), Vec::<String>::new(), "after {mood:?}: {:?}", rig.states());
    }
}
