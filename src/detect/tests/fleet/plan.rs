//! What happens in one incident of the fleet: a shop with its traffic and habits of deploying, a
//! fault with its course, the change behind it or none, and the changes beside it.

use crate::detect::tests::made_up::{Dice, NOON, change};
use crate::domain::change::{Change, ChangeKind, Stage};
use crate::domain::id::ReleaseId;
use crate::domain::time::{Span, Timestamp};

/// Kinds of incident; one of each makes a round.
pub const KINDS: [&str; 18] = [
    "plain",
    "decoys before",
    "decoy within a minute",
    "decoy after",
    "long delay",
    "leak",
    "flag",
    "config",
    "staged",
    "taken back before",
    "none, quiet",
    "none, decoys",
    "loud later",
    "rare",
    "regional, none",
    "heals by rollback",
    "rollback no help",
    "healthy rollback beside",
];
/// Calm minutes before the fault at least.
pub const CALM: i64 = 45;

/// What hurts.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Harm {
    Errors,
    SlowChecks,
    Orders,
}

/// One thing that is wrong, from when on and where.
#[derive(Clone, Debug)]
pub struct Wrong {
    pub harm: Harm,
    /// Index of a template, device or region; everywhere when none.
    pub template: Option<usize>,
    pub region: Option<usize>,
    /// Seconds after `NOON`.
    pub from: f64,
    pub until: f64,
    /// Seconds until it is whole.
    pub rise: f64,
    pub size: f64,
    /// Its size follows the share of this change, so many seconds later.
    pub by: Option<(usize, f64)>,
}

/// An incident: what is told, and what is true.
#[derive(Clone, Debug)]
pub struct Plan {
    pub kind: usize,
    pub wrongs: Vec<Wrong>,
    pub changes: Vec<Change>,
    pub guilty: Option<ReleaseId>,
    /// Seconds after `NOON` at which the harm began.
    pub onset: f64,
    pub minutes: i64,
    /// Views a minute in one place; seconds by which scrapes are late.
    pub views: f64,
    pub lag: f64,
    pub dice: Dice,
}

struct Draw {
    dice: Dice,
    changes: Vec<Change>,
    /// Changes say which templates they touched.
    tells: bool,
    finishes: bool,
    skew: f64,
}

pub fn instant(secs: f64) -> Timestamp {
    Timestamp::from_millis(NOON * 1000 + (secs * 1000.0) as i64)
}

impl Draw {
    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.dice.next()
    }

    fn below(&mut self, n: usize) -> usize {
        ((self.dice.next() * n as f64) as usize).min(n - 1)
    }

    fn chance(&mut self, p: f64) -> bool {
        self.dice.next() < p
    }

    /// Adds a change that shoppers met at `secs`; clocks tell it a little off.
    fn add(&mut self, kind: ChangeKind, secs: f64, templates: &[usize]) -> usize {
        let jitter = self.between(-6.0, 6.0) + self.skew;
        let number = self.changes.len();
        let service = ["web", "edge-api", "kraken", "atlas", "media", "ledger", "falcon"];
        let service = service[self.below(service.len())];
        let id = match kind {
            ChangeKind::Deploy => format!("{service}-{}.{number}", 40 + self.below(50)),
            other => format!("{other:?}-{number}").to_lowercase(),
        };
        let mut c = Change { kind, service: service.into(), ..change(&id, instant(secs + jitter)) };
        if self.finishes && kind == ChangeKind::Deploy {
            let took = self.between(20.0, 200.0);
            c.started_at = Some(instant(secs + jitter - took * 0.3));
            c.finished_at = Some(instant(secs + jitter + took * 0.7));
        }
        if self.tells && kind == ChangeKind::Deploy {
            c.templates = templates.iter().map(|t| TEMPLATES[*t].to_owned()).collect();
        }
        self.changes.push(c);
        number
    }

    fn decoy(&mut self, secs: f64) -> usize {
        let kind = match self.dice.next() {
            x if x < 0.68 => ChangeKind::Deploy,
            x if x < 0.82 => ChangeKind::Flag,
            x if x < 0.93 => ChangeKind::Config,
            x if x < 0.97 => ChangeKind::Experiment,
            _ => ChangeKind::Campaign,
        };
        let (a, b) = (self.below(TEMPLATES.len()), self.below(TEMPLATES.len()));
        self.add(kind, secs, &[a, b])
    }

    /// An innocent change between `low` and `high` seconds before an instant.
    fn ago(&mut self, before: f64, low: f64, high: f64) -> usize {
        let secs = before - self.between(low, high);
        self.decoy(secs)
    }
}

pub const TEMPLATES: [&str; 5] = ["/", "/c/:slug", "/p/:sku", "/basket", "/pay"];
pub const REGIONS: [&str; 3] = ["fra", "iad", "nrt"];
pub const DEVICES: [&str; 2] = ["phone", "wide"];

/// One incident of a kind; everything else follows from the seed.
pub fn draw(kind: usize, seed: u64) -> Plan {
    let mut d = Draw {
        dice: Dice::seeded(seed, kind as u64),
        changes: Vec::new(),
        tells: false,
        finishes: false,
        skew: 0.0,
    };
    for _ in 0..8 {
        d.dice.next();
    }
    d.tells = d.chance(0.4);
    d.finishes = d.chance(0.4);
    d.skew = d.between(-12.0, 12.0);
    let onset = CALM as f64 * 60.0 + d.between(0.0, 900.0);
    let rate = [0.3, 2.0, 6.0][d.below(3)];
    let mut at = onset - 86_400.0;
    while at < onset + 3600.0 {
        at += -(1.0 - d.dice.next()).max(1e-9).ln() * 3600.0 / rate;
        d.decoy(at);
    }
    let place = d.below(TEMPLATES.len());
    let (wrongs, guilty) = fault(&mut d, kind, onset, place);
    let first = wrongs.iter().map(|w| w.from).fold(f64::INFINITY, f64::min);
    let views = if kind == 13 { d.between(5.0, 12.0) } else { d.between(40.0, 250.0) };
    let views = if kind == 5 { views.max(120.0) } else { views };
    let lag = d.between(0.0, 45.0);
    let minutes = (first / 60.0) as i64 + if kind == 5 { 150 } else { 55 };
    let guilty = guilty.and_then(|g| d.changes.get(g)).map(|c| c.id.clone());
    let Draw { dice, changes, .. } = d;
    Plan { kind, wrongs, changes, guilty, onset: first, minutes, views, lag, dice }
}

/// Seconds from a change to its harm, for most.
fn delay(d: &mut Draw) -> f64 {
    match d.dice.next() {
        x if x < 0.65 => d.between(2.0, 45.0),
        x if x < 0.9 => d.between(45.0, 240.0),
        _ => d.between(240.0, 900.0),
    }
}

fn fault(d: &mut Draw, kind: usize, onset: f64, place: usize) -> (Vec<Wrong>, Option<usize>) {
    let mut w = wrong(d, onset, place);
    let mut wait = delay(d);
    let mut what = ChangeKind::Deploy;
    match kind {
        1 => {
            for _ in 0..2 {
                let at = onset - wait - d.between(90.0, 600.0);
                d.decoy(at);
            }
        }
        2 => {
            let at = onset - wait + d.between(-50.0, 50.0);
            d.decoy(at);
        }
        3 => {
            let at = onset + d.between(10.0, 150.0);
            d.decoy(at);
        }
        4 => wait = d.between(1200.0, 7200.0),
        5 => {
            w.rise = d.between(2400.0, 6000.0);
            wait = d.between(0.0, 300.0);
        }
        6 => what = ChangeKind::Flag,
        7 => what = ChangeKind::Config,
        _ => {}
    }
    if [6, 7, 17].contains(&kind) {
        let at = onset - wait + d.between(-240.0, 120.0);
        d.decoy(at);
    }
    match kind {
        8 => staged(d, w, wait, place),
        9 | 14 | 16 | 17 => beside(d, kind, w, wait, place),
        10 => (vec![w], None),
        11 => {
            for _ in 0..=d.below(2) {
                let at = onset + d.between(-300.0, 120.0);
                d.decoy(at);
            }
            (vec![w], None)
        }
        12 => loud_later(d, w, wait, place),
        15 => {
            let guilty = d.add(ChangeKind::Deploy, onset - wait, &[place]);
            let back = onset + d.between(720.0, 1200.0);
            d.changes[guilty].rolled_back_at = Some(instant(back));
            w.until = back + d.between(5.0, 60.0);
            (vec![w], Some(guilty))
        }
        _ => {
            let guilty = d.add(what, onset - wait, &[place, (place + 1) % TEMPLATES.len()]);
            (vec![w], Some(guilty))
        }
    }
}

fn loud_later(d: &mut Draw, mut w: Wrong, wait: f64, place: usize) -> (Vec<Wrong>, Option<usize>) {
    let guilty = d.add(ChangeKind::Deploy, w.from - wait, &[place]);
    let later = w.from + d.between(480.0, 900.0);
    d.ago(later, 0.0, 90.0);
    w.harm = Harm::SlowChecks;
    w.template = Some(place);
    w.size = d.between(1.3, 1.5);
    let hits = Wrong { harm: Harm::Errors, from: later, size: 0.3, rise: 0.0, ..w.clone() };
    (vec![w, hits], Some(guilty))
}

fn staged(d: &mut Draw, mut w: Wrong, wait: f64, place: usize) -> (Vec<Wrong>, Option<usize>) {
    let live = w.from - wait;
    let guilty = d.add(ChangeKind::Deploy, live, &[place]);
    let (a, b) = (d.between(300.0, 900.0), d.between(300.0, 1200.0));
    let share = d.between(0.05, 0.2);
    let begin = d.changes[guilty].started_at.unwrap_or_default();
    let stage = |after: f64, share: f64| Stage {
        at: begin.plus(Span::from_millis((after * 1000.0) as i64)),
        share,
    };
    d.changes[guilty].stages = vec![stage(0.0, share), stage(a, 0.5), stage(a + b, 1.0)];
    w.by = Some((guilty, wait));
    w.size *= 1.5;
    (vec![w], Some(guilty))
}

/// Changes that lie beside the onset and did not do it.
fn beside(
    d: &mut Draw,
    kind: usize,
    mut w: Wrong,
    wait: f64,
    place: usize,
) -> (Vec<Wrong>, Option<usize>) {
    let onset = w.from;
    match kind {
        9 => {
            let gone = d.ago(onset, 1200.0, 2400.0);
            let back = onset - d.between(300.0, 900.0);
            d.changes[gone].rolled_back_at = Some(instant(back));
            let guilty = d.chance(0.6).then(|| d.add(ChangeKind::Deploy, onset - wait, &[place]));
            (vec![w], guilty)
        }
        14 => {
            w.region = Some(d.below(REGIONS.len()));
            let at = onset - d.between(30.0, 600.0);
            d.decoy(at);
            (vec![w], None)
        }
        16 => {
            let wronged = d.ago(onset, 0.0, 120.0);
            let back = onset + d.between(420.0, 900.0);
            d.changes[wronged].rolled_back_at = Some(instant(back));
            (vec![w], None)
        }
        _ => {
            let back = d.ago(onset, 0.0, 90.0);
            let old = Change {
                version: "good".into(),
                ..change("good", instant(onset - 5.0 * 86_400.0))
            };
            let bad = Change { ..change("half", instant(onset - 40_000.0)) };
            let c = &mut d.changes[back];
            (c.kind, c.version) = (ChangeKind::Rollback, "good".into());
            let (service, templates) = (c.service.clone(), c.templates.clone());
            let line =
                |c: Change| Change { service: service.clone(), templates: templates.clone(), ..c };
            d.changes.extend([line(old), line(bad)]);
            let guilty = d.add(ChangeKind::Flag, onset - wait, &[place]);
            (vec![w], Some(guilty))
        }
    }
}

fn wrong(d: &mut Draw, onset: f64, place: usize) -> Wrong {
    let harm = [Harm::Errors, Harm::SlowChecks, Harm::Orders, Harm::Errors][d.below(4)];
    let (template, size) = match harm {
        Harm::Errors => (Some(place), d.between(0.06, 0.4)),
        Harm::SlowChecks => (Some(place), d.between(1.5, 2.5)),
        Harm::Orders => (None, d.between(0.4, 0.9)),
    };
    let rise = if d.chance(0.7) { d.between(0.0, 20.0) } else { d.between(60.0, 300.0) };
    let until = f64::INFINITY;
    Wrong { harm, template, region: None, from: onset, until, rise, size, by: None }
}
