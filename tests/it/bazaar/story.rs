//! What happens on one played day: which phases in which order, 20 to 90 s apart, and every change
//! that a feed would tell, most of them innocent. All of it follows from the seed.

use std::fmt::Write as _;

use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64;
use serde_json::{Value, json};

use super::fault::{BENIGN, Cause, Effect, FAULTS, Kind};
use super::world::{FRONTENDS, SERVICES};

/// Seconds of calm before the first phase, after the last one, and once between two.
#[derive(Clone, Copy)]
pub struct Calm {
    pub before: i64,
    pub after: i64,
    pub between: i64,
}

pub const WHOLE: Calm = Calm { before: 900, after: 720, between: 360 };
pub const SHORT: Calm = Calm { before: 240, after: 120, between: 0 };

/// A feed tells a change so many seconds after it was made.
const TOLD: i64 = 3;
/// Past days with releases, and releases a day.
const PAST: (i64, i64) = (12, 9);

/// A phase: a fault or something benign.
pub struct Phase {
    pub kind: &'static Kind,
    pub onset: i64,
    pub end: i64,
    /// The change that did it.
    pub guilty: Option<String>,
}

/// A row of the feed.
#[derive(Clone, Debug)]
pub struct Change {
    pub id: String,
    pub service: String,
    pub kind: &'static str,
    pub version: String,
    pub previous: Option<String>,
    pub at: i64,
    pub ended: Option<i64>,
    pub undone: Option<i64>,
}

/// A played day.
pub struct Story {
    pub seed: u64,
    pub start: i64,
    pub end: i64,
    pub phases: Vec<Phase>,
    pub changes: Vec<Change>,
}

struct Teller {
    rng: Pcg64,
    changes: Vec<Change>,
    numbers: Vec<(&'static str, u32)>,
}

impl Story {
    /// `names`: only these, in this order; else 14 faults and three benign phases by the seed.
    pub fn told((seed, start): (u64, i64), names: Option<&[String]>, calm: Calm) -> Self {
        let mut rng = Pcg64::seed_from_u64(seed.wrapping_mul(0x9e37_79b9) ^ 0xba2a);
        let kinds = names.map_or_else(|| drawn(&mut rng), chosen);
        let mut teller = Teller { rng, changes: Vec::new(), numbers: Vec::new() };
        teller.past(start);
        let mut phases: Vec<Phase> = Vec::new();
        let (mut at, half) = (start + calm.before, kinds.len() / 2);
        for (n, kind) in kinds.iter().enumerate() {
            if n == half && kinds.len() > 6 {
                at = phases.iter().map(|p| p.end).max().unwrap_or(at) + calm.between;
            }
            let phase = teller.phase(kind, at);
            let last = phases.iter().map(|p| p.end).chain([phase.end]).max().unwrap_or(at);
            let gap = teller.rng.random_range(20..=90);
            let free = kinds.get(n + 1).is_some_and(|next| next.field != kind.field);
            let alone = |k: Option<&&Kind>| k.is_none_or(|k| k.is_benign());
            let over = free && !alone(Some(kind)) && !alone(kinds.get(n + 1));
            let overlaps = over && phases.iter().all(|p| p.end <= phase.onset);
            at = if overlaps && teller.rng.random_bool(0.5) { phase.onset } else { last } + gap;
            phases.push(phase);
        }
        let end = phases.iter().map(|p| p.end).max().unwrap_or(start) + calm.after;
        teller.innocents(start, end, &phases);
        let mut changes = teller.changes;
        changes.sort_by_key(|c| c.at);
        Self { seed, start, end, phases, changes }
    }

    /// What is felt at `at`: effects with their strength, 0..=1.
    pub fn felt(&self, at: f64) -> Vec<(Effect, f64)> {
        let on = self.phases.iter().filter(|p| p.onset as f64 <= at && at < p.end as f64);
        on.flat_map(|p| {
            let ramp = p.kind.ramp as f64;
            let grown = if ramp > 0.0 { ((at - p.onset as f64) / ramp).min(1.0) } else { 1.0 };
            p.kind.effects.iter().map(move |e| (*e, grown))
        })
        .collect()
    }

    /// The feed: its answer at an instant.
    pub fn feeds(&self) -> impl Fn(i64) -> Value + Send + Sync + 'static {
        let changes = self.changes.clone();
        move |now| {
            let told = changes.iter().filter(|c| c.at + TOLD <= now);
            let rows = told.map(|c| {
                let seen = |t: Option<i64>| t.filter(|t| t + TOLD <= now).map(rfc);
                json!({
                    "deploy": c.id, "what": c.kind, "app": c.service, "build": c.version,
                    "replaces": c.previous, "since": rfc(c.at), "until": seen(c.ended),
                    "reverted": seen(c.undone), "by": "pipeline",
                })
            });
            json!({ "rollouts": rows.collect::<Vec<_>>() })
        }
    }

    /// Announced work, as an operator writes it into the config.
    pub fn announced(&self) -> String {
        let works = self.phases.iter().filter(|p| p.kind.cause == Cause::Announced);
        works.fold(String::new(), |mut text, p| {
            let local = |t: i64| rfc(t).get(..16).unwrap_or_default().to_owned();
            writeln!(
                text,
                "[[maintenance]]\nfrom = \"{}\"\nto = \"{}\"\nreason = \"search moves house\"\n\
                 scope = {{ template = [\"search\"] }}\n",
                local(p.onset - 60),
                local(p.end + 180)
            )
            .ok();
            text
        })
    }
}

pub fn rfc(at: i64) -> String {
    let when = chrono::DateTime::from_timestamp(at, 0).expect("a date");
    when.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

fn drawn(rng: &mut Pcg64) -> Vec<&'static Kind> {
    let mut faults: Vec<&'static Kind> = FAULTS.iter().collect();
    let mut benign: Vec<&'static Kind> = BENIGN.iter().collect();
    faults.shuffle(rng);
    benign.shuffle(rng);
    let mut all: Vec<_> = faults.into_iter().take(14).chain(benign.into_iter().take(3)).collect();
    all.shuffle(rng);
    all
}

fn chosen(names: &[String]) -> Vec<&'static Kind> {
    let all = || FAULTS.iter().chain(&BENIGN);
    let find = |n: &String| all().find(|k| k.name == n).unwrap_or_else(|| panic!("no {n}"));
    names.iter().map(find).collect()
}

impl Teller {
    fn phase(&mut self, kind: &'static Kind, onset: i64) -> Phase {
        let lasts = if kind.ramp > 0 { 540..=660 } else { 180..=480 };
        let end = onset + self.rng.random_range(lasts);
        let lead = self.rng.random_range(5..=40);
        let guilty = match kind.cause {
            Cause::Release(service) => {
                let id = self.deploy(service, onset - lead);
                // some are taken back, some are mended by what is not told
                if self.rng.random_bool(0.6) {
                    let lag = self.rng.random_range(5..=25);
                    self.take_back(&id, end - lag);
                }
                Some(id)
            }
            Cause::Flag(name) => Some(self.turned("flag", name, onset - lead / 4, Some(end - 4))),
            Cause::Config(name) => Some(self.turned("config", name, onset - lead, None)),
            Cause::Campaign(name) => {
                let id = self.turned("campaign", name, onset - lead, None);
                self.ends(&id, end);
                Some(id).filter(|_| !kind.is_benign())
            }
            Cause::Nobody | Cause::Benign | Cause::Announced => None,
        };
        self.decoy(kind, onset);
        Phase { kind, onset, end, guilty }
    }

    /// An innocent release right before, at or after the onset of somebody else's fault.
    fn decoy(&mut self, kind: &Kind, onset: i64) {
        if self.rng.random_bool(0.6) {
            let at = onset + self.rng.random_range(-70..=45);
            let service = self.other(kind, at);
            self.deploy(service, at);
        }
    }

    /// A service that neither this fault nor one that may still burn is blamed on.
    fn other(&mut self, kind: &Kind, at: i64) -> &'static str {
        let near = |c: &Change| (c.at - at).abs() < 900;
        let busy: Vec<String> =
            self.changes.iter().filter(|c| near(c)).map(|c| c.service.clone()).collect();
        let own = match kind.cause {
            Cause::Release(service) => service,
            _ => "",
        };
        let not = |s: &&&str| **s != own && !busy.iter().any(|b| b == **s);
        let all: Vec<&&str> = SERVICES.iter().chain(&FRONTENDS).filter(not).collect();
        all.choose(&mut self.rng).map_or("bff", |s| **s)
    }

    fn next(&mut self, service: &'static str) -> u32 {
        if let Some(n) = self.numbers.iter_mut().find(|n| n.0 == service) {
            n.1 += 1;
            return n.1;
        }
        let first = self.rng.random_range(80..900);
        self.numbers.push((service, first));
        first
    }

    fn deploy(&mut self, service: &'static str, at: i64) -> String {
        let n = self.next(service);
        let id = format!("{service}-r{n}");
        let last = self.changes.iter().filter(|c| c.service == service && c.kind != "rollback");
        let previous = last.max_by_key(|c| c.at).map(|c| c.version.clone());
        self.changes.push(Change {
            id: id.clone(),
            service: service.to_owned(),
            kind: "deploy",
            version: id.clone(),
            previous,
            at,
            ended: Some(at + 15),
            undone: None,
        });
        id
    }

    fn take_back(&mut self, id: &str, at: i64) {
        let Some(bad) = self.changes.iter_mut().find(|c| c.id == id) else { return };
        bad.undone = Some(at);
        let back = Change {
            id: format!("{id}-undo"),
            kind: "rollback",
            version: bad.previous.clone().unwrap_or_else(|| "before".to_owned()),
            previous: Some(id.to_owned()),
            at,
            ended: Some(at + 10),
            undone: None,
            service: bad.service.clone(),
        };
        self.changes.push(back);
    }

    fn turned(&mut self, kind: &'static str, name: &str, at: i64, undone: Option<i64>) -> String {
        let id = format!("{kind}-{name}-{}", self.changes.len());
        let row = Change {
            id: id.clone(),
            service: name.to_owned(),
            kind,
            version: id.clone(),
            previous: None,
            at,
            ended: None,
            undone,
        };
        self.changes.push(row);
        id
    }

    fn ends(&mut self, id: &str, at: i64) {
        if let Some(c) = self.changes.iter_mut().find(|c| c.id == id) {
            c.ended = Some(at);
        }
    }

    fn past(&mut self, start: i64) {
        for n in 0..PAST.0 * PAST.1 {
            let at = start - PAST.0 * 86_400 + n * 86_400 / PAST.1 + self.rng.random_range(0..7200);
            let service = SERVICES.iter().chain(&FRONTENDS).nth(n as usize % 15).copied();
            self.deploy(service.unwrap_or("bff"), at.min(start - 7200));
        }
    }

    /// Further releases that hurt nobody, whenever they please; never of a guilty service at its
    /// time, or the guilty one would be replaced while it still hurts.
    fn innocents(&mut self, start: i64, end: i64, phases: &[Phase]) {
        let mut at = start + self.rng.random_range(60..400);
        while at < end {
            let service = SERVICES.iter().chain(&FRONTENDS).copied().collect::<Vec<_>>();
            let service = service.choose(&mut self.rng).copied().unwrap_or("bff");
            let near = |p: &Phase| p.onset - 300 < at && at < p.end + 60;
            let guilty = |p: &Phase| p.kind.cause == Cause::Release(service);
            if !phases.iter().any(|p| near(p) && guilty(p)) {
                self.deploy(service, at);
            }
            at += self.rng.random_range(240..900);
        }
    }
}
