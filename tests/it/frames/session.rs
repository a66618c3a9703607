//! One scenario played from the first frame to after recovery: acknowledged, rolled back where
//! that heals, mended by its owner where not, quiet for an hour, then the shop goes dark.

use tillwatch::board::standing::{Standing, Trust};
use tillwatch::board::{IncidentView, State};
use tillwatch::domain::metric::Metric;
use tillwatch::domain::time::{Span, Timestamp};
use tillwatch::incident::event::{Actor, Event, Intent, Outcome, Record};
use tillwatch::shop::timeline::Service;

use super::claims::Claims;
use super::reading::{Frame, Reader};
use super::truth::{Calls, Truth};
use crate::stepped::Stepped;

/// A Thursday noon: business as usual.
const NOON: &str = "2026-11-19T12:00:00Z";
/// A week and a day: each hour of the week was seen once.
const DAYS: u32 = 8;
/// A board older than this is not fresh: sources are asked once a minute here.
const FRESH: Span = Span::from_mins(2);
/// From the opening to the rollback.
const THINKING: Span = Span::from_mins(5);
/// A fault that nobody finds is mended after so many minutes: the slowest need hours.
const PATIENCE: i64 = 420;
/// What only looks like a fault ends after so many.
const BENIGN: i64 = 60;
/// After the mending: recovery is proven, windows run empty, incidents close.
const AFTER: i64 = 60;
/// No scenario needs longer.
const LONGEST: i64 = 9 * 60;
/// Two of the sources' intervals, and the second that is granted beside them.
const DARK: i64 = 3;

pub struct Session {
    name: &'static str,
    stepped: Stepped,
    reader: Reader,
    acted: Option<Timestamp>,
    mended: Option<Timestamp>,
    /// The first incident was closed by hand while it still fired.
    closed: bool,
    told: String,
    calls: Calls,
    claims: Claims,
    faults: Vec<String>,
}

/// Writes what is read into the folder that `TILLWATCH_LOOK` names, for whoever wants to look.
fn look(name: &str, frames: &[Frame]) {
    let Some(folder) = std::env::var_os("TILLWATCH_LOOK") else { return };
    let Some(at) = frames.first().map(|f| f.at.utc().format("%H%M").to_string()) else { return };
    let folder = std::path::Path::new(&folder).join(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    let all: Vec<String> =
        frames.iter().map(|f| format!("=== {} {at}\n{}\n", f.page, f.text)).collect();
    std::fs::write(folder.join(at), all.concat()).expect("a file");
}

impl Session {
    pub fn play(name: &'static str) {
        let mut stepped = Stepped::young(name, 7, NOON, DAYS);
        let now = stepped.now();
        let mut reader = Reader::new(&stepped.board, now, FRESH);
        let faults = first(&mut reader, &mut stepped);
        let mut session = Self {
            name,
            stepped,
            reader,
            acted: None,
            mended: None,
            closed: false,
            told: String::new(),
            calls: Calls::new(),
            claims: Claims::default(),
            faults,
        };
        session.until_recovered();
        session.goes_dark();
        let faults = session.faults;
        let head: Vec<String> = faults.iter().take(12).cloned().collect();
        assert!(faults.is_empty(), "{name}: {} frames lie:\n{}", faults.len(), head.join("\n\n"));
    }

    fn until_recovered(&mut self) {
        for minute in 0..LONGEST {
            self.stepped.minute();
            self.act(minute);
            self.read();
            let over = self.mended.map(|at| self.stepped.now().since(at));
            if over.is_some_and(|span| span >= Span::from_mins(AFTER + self.lateness())) {
                break;
            }
        }
        self.ends_calm();
    }

    /// What a person would do: take it, wait, roll back if that heals, else have it mended.
    fn act(&mut self, minute: i64) {
        let now = self.stepped.now();
        let open = self.stepped.board.incidents.iter().find(|i| i.state.is_open()).cloned();
        let patience = if self.benign() { BENIGN } else { PATIENCE };
        let late = minute >= patience && self.acted.is_none();
        match open {
            Some(open) if self.acted.is_none() => {
                self.stepped.record(record(&open, now, acknowledged()));
                self.acted = Some(now);
            }
            Some(open) if self.due(now) => self.heal(&open, now),
            None if self.mended.is_none() && (late || self.due(now)) => self.mend(now),
            Some(_) | None => {}
        }
    }

    /// What was sent late comes so many minutes after the mending; its incident rests that much
    /// later.
    fn lateness(&self) -> i64 {
        if self.name == "ingest-lag" { 15 } else { 0 }
    }

    fn benign(&self) -> bool {
        self.stepped.shop().truth().incidents.is_empty()
    }

    fn due(&self, now: Timestamp) -> bool {
        self.mended.is_none() && self.acted.is_some_and(|at| now >= at.plus(THINKING))
    }

    fn heal(&mut self, open: &IncidentView, now: Timestamp) {
        let guilty = self.stepped.shop().truth().incidents.iter().any(|i| {
            let named = open.suspect.release.as_ref().map(ToString::to_string);
            i.healed_by_rollback && i.release == named
        });
        match open.rollback.as_ref().filter(|plan| guilty && plan.ready) {
            Some(plan) => {
                let service = Service::from_name(&plan.service).expect("a service of the shop");
                let to = plan.to.to_string();
                assert!(self.stepped.shop().roll_back(service, &to, now), "{to} was never live");
                for event in sent(plan) {
                    self.stepped.record(record(open, now, event));
                }
                self.mended = Some(now);
            }
            None if self.closed => self.mend(now),
            None => self.close(open, now),
        }
    }

    /// Tired of it: closed by hand while it still hurts, and mended minutes later.
    fn close(&mut self, open: &IncidentView, now: Timestamp) {
        let reason = "seen enough".to_owned();
        self.stepped.record(record(open, now, Event::Resolved { reason }));
        self.closed = true;
        self.acted = Some(now);
    }

    fn mend(&mut self, now: Timestamp) {
        self.stepped.shop().mend(now);
        self.mended = Some(now);
    }

    fn read(&mut self) {
        let now = self.stepped.now();
        self.reader.take(&self.stepped.board, now);
        let frames = self.reader.frames(now);
        let shop = std::sync::Arc::clone(self.stepped.shop());
        let truth = Truth::at(&shop, now);
        self.tell(&frames);
        self.calm(&frames, &truth);
        self.rows(&frames, &truth);
        self.cells(&truth, now);
        let board = &self.stepped.board;
        let found = self.claims.read(board, &frames, &shop.truth(), now);
        self.faults.extend(found.into_iter().map(|f| format!("{} {f}", self.name)));
        look(self.name, &frames);
    }

    /// The first words of each minute that differ from the last, for whoever reads a failure.
    fn tell(&mut self, frames: &[Frame]) {
        let words = frames.first().and_then(|f| f.text.lines().nth(1)).unwrap_or_default();
        if words != self.told {
            println!("{} {words}", self.stepped.now().utc().format("%H:%M"));
            words.clone_into(&mut self.told);
        }
    }

    fn fault(&mut self, frame: &Frame, why: &str) {
        let at = frame.at.utc().format("%H:%M");
        self.faults.push(format!("{} {at} {}: {why}\n{}", self.name, frame.page, frame.text));
    }

    fn calm(&mut self, frames: &[Frame], truth: &Truth<'_>) {
        let open = self.stepped.board.incidents.iter().find(|i| !ended(i.state));
        let open = open.map(|i| format!("{} is {:?}", i.id, i.state));
        // what was on the screen already needs no second proof
        let faults = if self.closed { truth.lasting() } else { truth.plain(&mut self.calls) };
        let plain = faults.first().map(|i| format!("{} lasts since {}", i.note, i.onset));
        let Some(why) = open.or(plain) else { return };
        for frame in frames.iter().filter(|f| f.says_calm()) {
            self.fault(frame, &format!("says calm, but {why}"));
        }
    }

    fn rows(&mut self, frames: &[Frame], truth: &Truth<'_>) {
        let rows = [
            ("journeys", truth.journeys()),
            ("guardrails", truth.guardrails()),
            ("guardrails", truth.steps()),
        ];
        for (name, wrong) in rows {
            let Some(frame) = frames.iter().find(|f| f.page == name) else { continue };
            for one in wrong {
                match frame.state(&one.row) {
                    Some("ok") => {
                        self.fault(frame, &format!("calls {} ok, but {}", one.row, one.why));
                    }
                    Some(_) => {}
                    None => self.fault(frame, &format!("{} is not to be seen", one.row)),
                }
            }
        }
    }

    fn cells(&mut self, truth: &Truth<'_>, now: Timestamp) {
        let metrics = [Metric::Lcp, Metric::Inp, Metric::JsErrorRate];
        for (metric, place) in self.reader.well(&metrics) {
            if truth.hits(metric, &place) {
                let at = now.utc().format("%H:%M");
                let text = format!(
                    "{} {at} heatmap: {metric:?} at {place:?} is drawn well, but \
                                    each of its shoppers is hit",
                    self.name
                );
                self.faults.push(text);
            }
        }
    }

    /// An hour after the mending the shop is well, and it is said so; where few come, that there is
    /// too little to say it.
    fn ends_calm(&mut self) {
        let now = self.stepped.now();
        let frames = self.reader.frames(now);
        let said = |i: &IncidentView| i.state.is_open() || i.firing;
        let open = self.stepped.board.incidents.iter().any(said);
        let standing = Standing::of(&self.stepped.board, Trust::Fresh);
        let few = self.name == "low-traffic" && standing == Standing::Unsure;
        let quiet = !open && !few;
        let Some(first) = frames.first().filter(|f| quiet && !f.says_calm()) else { return };
        let first = first.clone();
        self.fault(&first, "all has been well for an hour and it does not say so");
    }

    fn goes_dark(&mut self) {
        self.stepped.silence();
        for minute in 0..8 {
            self.stepped.minute();
            let now = self.stepped.now();
            self.reader.take(&self.stepped.board, now);
            let frames = self.reader.frames(now);
            if minute >= DARK {
                self.dark(&frames);
            }
        }
    }

    fn dark(&mut self, frames: &[Frame]) {
        let names: Vec<String> =
            self.stepped.board.sources.iter().map(|s| s.name.to_string()).collect();
        let rows: Vec<String> =
            self.stepped.board.guardrails.iter().map(|g| g.guardrail.to_string()).collect();
        let journeys: Vec<String> =
            self.stepped.board.journeys.iter().map(|j| j.journey.to_string()).collect();
        for frame in frames {
            if frame.says_calm() {
                self.fault(frame, "says calm, but no source answers");
            }
            let live = names.iter().filter(|n| states(frame, n, "live"));
            let ok = rows.iter().chain(&journeys).filter(|r| frame.state(r) == Some("ok"));
            let said: Vec<String> = match frame.page {
                "sources" => live.cloned().collect(),
                "guardrails" | "journeys" => ok.cloned().collect(),
                _ => vec![],
            };
            if !said.is_empty() {
                self.fault(frame, &format!("{said:?} live or ok, but no source answers"));
            }
        }
    }
}

/// Nothing is asked of anybody any more.
fn ended(state: State) -> bool {
    match state {
        State::Resolved | State::Reviewed | State::Cancelled => true,
        State::Pending
        | State::Triggered
        | State::Acknowledged
        | State::Mitigating
        | State::Verifying
        | State::Mitigated => false,
    }
}

fn states(frame: &Frame, row: &str, word: &str) -> bool {
    frame.line(row).is_some_and(|line| line.split_whitespace().any(|w| w == word))
}

/// The frames before the past was read.
fn first(reader: &mut Reader, stepped: &mut Stepped) -> Vec<String> {
    let mut faults = Vec::new();
    let now = stepped.now();
    for board in stepped.before_the_past() {
        reader.take(&board, now);
        for frame in reader.frames(now) {
            let rows = board.guardrails.iter().map(|g| g.guardrail.to_string());
            let ok: Vec<String> = rows.filter(|r| frame.state(r) == Some("ok")).collect();
            if frame.says_calm() || !ok.is_empty() {
                faults.push(format!(
                    "before judging, {}: calm or {ok:?} ok\n{}",
                    frame.page, frame.text
                ));
            }
        }
    }
    faults
}

fn record(incident: &IncidentView, at: Timestamp, event: Event) -> Record {
    let actor = Actor { name: "alex".into(), ..Actor::default() };
    Record { at, incident: incident.id.clone(), actor, cause: "key".into(), event }
}

fn acknowledged() -> Event {
    Event::Acknowledged { note: String::new(), expires_at: None }
}

/// A rollback that was prepared, sent and taken.
fn sent(plan: &tillwatch::board::RollbackPlan) -> [Event; 3] {
    let id: tillwatch::domain::id::ActionId = "act-frames".into();
    let intent = Intent {
        id: id.clone(),
        action: plan.action.clone(),
        environment: plan.environment.clone(),
        service: plan.service.clone(),
        from: plan.from.clone(),
        to: plan.to.clone(),
        attempt: plan.attempt,
        dry_run: false,
        body: String::new(),
    };
    let answer = Outcome::Accepted { status: 202, detail: String::new() };
    [
        Event::ActionPrepared { intent, waived: None, chosen: None },
        Event::ActionSent { id: id.clone(), try_no: 1 },
        Event::ActionAnswered { id, answer },
    ]
}
