//! Plays one day of the bazaar: loads its Prometheus, opens its feed of rollouts and steps the
//! product's watcher through it, keeping what the board said of each incident whenever it changed.
//! Judges nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tillwatch::board::IncidentView;
use tillwatch::domain::segment::Scope;
use tillwatch::domain::time::Span;
use tillwatch::verdict::Class;

use super::config;
use super::front;
use super::hall::Hall;
use super::mill::Day;
use super::past::Past;
use super::rules::{self, Alert};
use super::story::{Story, rfc};
use crate::stepped::Stepped;
use crate::stub::Stub;

/// How much of the bazaar is loaded.
#[derive(Clone, Copy)]
pub struct Depth {
    /// Days of past.
    pub days: i64,
    /// Seconds before the start that are at hand as scraped.
    pub lead: i64,
    /// Seconds from scrape to scrape on the played day.
    pub scrape: i64,
    /// Are the rules asked too?
    pub rules: bool,
}

/// Two weeks and a day, since weekdays are known from two weeks on.
pub const WHOLE: Depth = Depth { days: 15, lead: 70 * 60, scrape: 5, rules: true };
pub const SHORT: Depth = Depth { days: 3, lead: 25 * 60, scrape: 15, rules: false };

/// The watcher asks its sources so often, five seconds after the quarters of a minute.
const EVERY: i64 = 15;
const OFF: i64 = 5;

/// What the board said of an incident from `at` on.
#[derive(Clone, PartialEq, Debug)]
pub struct Glance {
    pub at: i64,
    pub severity: u8,
    pub open: bool,
    pub class: Class,
    pub release: Option<String>,
    pub confidence: String,
    /// Release and share, when it is said as a tie.
    pub candidates: Vec<(String, f64)>,
    pub places: Vec<Scope>,
    pub headline: String,
}

/// An incident as an observer saw it.
pub struct Seen {
    pub id: String,
    pub opened: i64,
    pub onset: i64,
    pub glances: Vec<Glance>,
    /// Its journal: seconds and words.
    pub timeline: Vec<(i64, String)>,
    pub against: Vec<String>,
    pub reasons: Vec<String>,
    /// What was weighed two minutes after it opened.
    pub considered: Vec<String>,
    pub finding: String,
}

pub struct Played {
    pub story: Story,
    pub seen: Vec<Seen>,
    pub alerts: Vec<Alert>,
    pub series: f64,
}

impl Seen {
    /// What was said of it at `at`.
    pub fn at(&self, at: i64) -> Option<&Glance> {
        self.glances.iter().rev().find(|g| g.at <= at).or(self.glances.first())
    }

    pub fn is_open(&self, at: i64) -> bool {
        self.opened <= at && self.at(at).is_some_and(|g| g.open)
    }
}

/// None after a loud skip.
pub fn play(story: Story, depth: Depth) -> Option<Played> {
    let from = story.start - depth.lead;
    let past = Past::drawn(story.seed, depth.days, from, story.end);
    let hall = Hall::open(&past, &Day::lived(&story, from), (&story, depth.scrape))?;
    drop(past);
    let all = hall.range("count({__name__!=''})", (story.start, story.start, 60));
    let series = all.first().and_then(|r| r.points.first()).map_or(0.0, |p| p.1);
    let seen = watched(&story, &hall);
    let alerts = if depth.rules { rules::fired(&hall, &story) } else { Vec::new() };
    Some(Played { story, seen, alerts, series })
}

fn watched(story: &Story, hall: &Hall) -> Vec<Seen> {
    let now = Arc::new(AtomicI64::new(story.start + OFF));
    let (told, clock) = (story.feeds(), Arc::clone(&now));
    let feed = Stub::start(move |asked| match asked.path.as_str() {
        "/rollouts" => {
            let rows = told(clock.load(Ordering::Relaxed));
            (200, "application/json", rows.to_string().into_bytes())
        }
        _ => (404, "application/json", b"{}".to_vec()),
    });
    let front = front::open(&hall.url, story, &now);
    let text = config::text(&front.url, &feed.url, &story.announced());
    let mut stepped = Stepped::reading(&text, &rfc(story.start + OFF));
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    for at in (story.start + OFF + EVERY..story.end).step_by(EVERY as usize) {
        now.store(at, Ordering::Relaxed);
        stepped.step(Span::from_secs(EVERY));
        for incident in &stepped.board.incidents {
            look(&mut seen, incident, at);
        }
    }
    let mut all: Vec<Seen> = seen.into_values().collect();
    all.sort_by_key(|s| (s.opened, s.id.clone()));
    all
}

fn look(seen: &mut BTreeMap<String, Seen>, incident: &IncidentView, at: i64) {
    let id = incident.id.to_string();
    let one = seen.entry(id.clone()).or_insert_with(|| Seen {
        id,
        opened: incident.opened_at.secs(),
        onset: incident.onset_at.secs(),
        glances: Vec::new(),
        timeline: Vec::new(),
        against: Vec::new(),
        reasons: Vec::new(),
        considered: Vec::new(),
        finding: incident.findings.first().map_or_else(String::new, |f| f.test.clone()),
    });
    one.onset = incident.onset_at.secs();
    let lines = incident.timeline.iter().map(|t| (t.at.secs(), t.text.clone()));
    for line in lines {
        if !one.timeline.contains(&line) {
            one.timeline.push(line);
        }
    }
    if incident.state.is_open() {
        one.against.clone_from(&incident.suspect.against);
        one.reasons.clone_from(&incident.suspect.reasons);
    }
    if at <= one.opened + 120 {
        let rows = incident.suspect.considered.iter().take(4);
        one.considered = rows.map(|c| format!("{}: {}", c.release, c.why)).collect();
    }
    let glance = glance(incident, at);
    let same = |last: &Glance| Glance { at: last.at, ..glance.clone() } == *last;
    if !one.glances.last().is_some_and(same) {
        one.glances.push(glance);
    }
}

fn glance(incident: &IncidentView, at: i64) -> Glance {
    // read as a reader of the JSON would: a tie stands in `candidates`
    let suspect = serde_json::to_value(&incident.suspect).unwrap_or_default();
    let rows = suspect["candidates"].as_array().into_iter().flatten();
    let candidates = rows.filter_map(|c| {
        Some((c["release"].as_str()?.to_owned(), c["share"].as_f64().unwrap_or(0.0)))
    });
    Glance {
        at,
        severity: incident.severity.number(),
        open: incident.state.is_open(),
        class: incident.class,
        release: suspect["release"].as_str().map(str::to_owned),
        confidence: suspect["confidence"].as_str().unwrap_or("none").to_owned(),
        candidates: candidates.collect(),
        places: incident.segments.clone(),
        headline: incident.headline.clone(),
    }
}
