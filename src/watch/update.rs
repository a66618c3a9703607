//! The dispatch: one short arm per event, then one step of judging, reconciling and publishing.
//! Total: no event can fail, none is ignored silently.

use crate::domain::flaw::Flaw;
use crate::domain::id::{IncidentId, SourceId};
use crate::domain::past::Past;
use crate::domain::text::redacted;
use crate::domain::time::{Span, Timestamp};
use crate::incident::event::Record;
use crate::incident::unread::Unread;
use crate::incident::{deadline, fold, id, reconcile, tick, verify};

use super::event::{Batch, Reply, WatchEffect, WatchEvent};
use super::health::Health;
use super::state::Watch;
use super::unstored::{RETRY, Unstored};

/// Records that cannot be read are remembered one by one up to so many.
const UNREAD: usize = 1_000;

/// Judging waits so long at most for sources after a pause of this process.
const PATIENCE: Span = Span::from_mins(2);

/// Wall time after which the watcher looks again though nothing is due.
const REST: Span = Span::from_secs(5);

/// Takes one event in and says what must happen outside.
pub fn update(watch: &mut Watch, event: WatchEvent) -> Vec<WatchEffect> {
    if let WatchEvent::Woke { at } = event
        && watch.rests_until.is_some_and(|t| at < t)
    {
        return Vec::new();
    }
    watch.rests_until = None;
    take(watch, event).map_or_else(Vec::new, |at| step(watch, at))
}

/// What an event tells, and when that was; none where nothing follows from it yet.
fn take(watch: &mut Watch, event: WatchEvent) -> Option<Timestamp> {
    Some(match event {
        WatchEvent::Polled { source, batch, at, next_at } => {
            polled(watch, &source, batch, at, next_at);
            at
        }
        WatchEvent::PollFailed { source, why, at, next_at } => {
            poll_failed(watch, &source, why, at, next_at);
            at
        }
        WatchEvent::PastRead { source, batch } => {
            past_read(watch, &source, batch);
            return None;
        }
        WatchEvent::PastTold { source, pasts, enough, at } => {
            past_told(watch, &source, pasts, enough);
            at
        }
        WatchEvent::PastEnded { source, at } => {
            past_ended(watch, &source);
            at
        }
        WatchEvent::Journaled { records, at } => journaled(watch, &records, at),
        WatchEvent::News { records, at } => take_news(watch, &records, at),
        WatchEvent::NotStored { records, why, at } => keep_unstored(watch, records, why, at),
        WatchEvent::Flush { at } => {
            watch.unstored.iter_mut().for_each(|waits| waits.next_at = at);
            at
        }
        WatchEvent::Unread { records, at } => {
            unread(watch, records);
            at
        }
        WatchEvent::JournalTrouble { why, at } => {
            watch.trouble = why;
            at
        }
        WatchEvent::ClockStepped { by, off, earlier, at } => {
            watch.timing.stepped(by, off, earlier, at);
            at
        }
        WatchEvent::Paused { by, at } => {
            paused(watch, by, at);
            at
        }
        WatchEvent::KillSwitch { why, at } => {
            watch.kill_switch = why;
            at
        }
        WatchEvent::Emitted(reply) => replied(watch, reply),
        WatchEvent::Woke { at } => at,
    })
}

fn poll_failed(
    watch: &mut Watch,
    source: &SourceId,
    why: String,
    at: Timestamp,
    next_at: Timestamp,
) {
    let why = without_personal(watch, source, why, at);
    if let Some(health) = watch.health.get_mut(source) {
        health.failed(at, next_at, why);
    }
}

fn past_read(watch: &mut Watch, source: &SourceId, mut batch: Batch) {
    if let Some(health) = watch.health.get_mut(source) {
        health.fresh.past(&batch);
    }
    batch.observations = watch.series.take_past(batch.observations);
    watch.engine.history(&batch.observations);
    take_in(watch, batch, false);
}

fn past_told(watch: &mut Watch, source: &SourceId, pasts: Vec<Past>, enough: bool) {
    watch.pasts.told(source, pasts);
    if enough {
        watch.waiting.remove(source);
    }
}

fn past_ended(watch: &mut Watch, source: &SourceId) {
    watch.waiting.remove(source);
    watch.pasts.ended(source);
}

fn unread(watch: &mut Watch, records: Vec<Unread>) {
    watch.unread.extend(records);
    watch.unread = std::mem::take(&mut watch.unread).into_iter().take(UNREAD).collect();
}

/// What waited to be stored is there now, and all that is new with it.
fn journaled(watch: &mut Watch, records: &[Record], at: Timestamp) -> Timestamp {
    watch.appending = false;
    if let Some(waited) = watch.unstored.take() {
        watch.incidents = waited.base;
    }
    fold_in(watch, records, at);
    watch.outbox.stored(&watch.incidents, records);
    at
}

/// After a pause of this process nothing is known about meanwhile: who answered before is asked
/// first, and judging waits for the answers.
fn paused(watch: &mut Watch, by: Span, at: Timestamp) {
    let due = |h: &&Health| h.answers() && h.next_at.is_none_or(|next| next <= at);
    let awaited: Vec<&Health> = watch.health.values().filter(due).collect();
    let longest = awaited.iter().map(|h| h.every.times(2)).max().unwrap_or(Span::ZERO);
    let sources = awaited.iter().map(|h| h.name.clone()).collect();
    watch.timing.paused(by, at, sources, at.plus(longest.min(PATIENCE)));
    watch.health.values_mut().for_each(|h| h.resumed(at));
}

fn polled(
    watch: &mut Watch,
    source: &SourceId,
    mut batch: Batch,
    at: Timestamp,
    next_at: Timestamp,
) {
    if let Some(health) = watch.health.get_mut(source) {
        health.answered(at, next_at, &mut batch);
    }
    watch.engine.flawed(source, &batch.flaws, at);
    take_in(watch, batch, true);
    watch.timing.heard(source);
}

/// A source's error is outside text too.
fn without_personal(watch: &mut Watch, source: &SourceId, why: String, at: Timestamp) -> String {
    let Some((clean, kinds)) = redacted(&why) else { return why };
    let field = "error of the source";
    let flaws = kinds.into_iter().map(|kind| Flaw::Personal { field, what: kind.words() });
    let flaws: Vec<Flaw> = flaws.collect();
    watch.engine.flawed(source, &flaws, at);
    clean
}

fn take_in(watch: &mut Watch, batch: Batch, live: bool) {
    if live {
        let rest = watch.series.take(batch.observations);
        watch.engine.observe(&rest);
    }
    watch.engine.observe_checks(&batch.checks);
    watch.engine.observe_changes(&batch.changes);
    watch.take_changes(batch.changes);
}

/// Folds records into their incidents and forgets what can no longer matter.
fn fold_in(watch: &mut Watch, records: &[Record], now: Timestamp) {
    for record in records {
        fold::absorb(&mut watch.incidents, record);
    }
    let response = &watch.setup.response;
    watch.incidents.retain(|i| tick::keep(i, response, now));
}

/// What others stored; the fold of what waits goes after it, as it will in the journal.
fn take_news(watch: &mut Watch, records: &[Record], now: Timestamp) -> Timestamp {
    let Some(mut waits) = watch.unstored.take() else {
        fold_in(watch, records, now);
        return now;
    };
    waits.take_in(records);
    watch.incidents = waits.incidents();
    watch.unstored = Some(waits).filter(|w| !w.records.is_empty());
    fold_in(watch, &[], now);
    now
}

/// `records` are all that wait, those that waited before among them.
fn keep_unstored(
    watch: &mut Watch,
    records: Vec<Record>,
    why: String,
    now: Timestamp,
) -> Timestamp {
    watch.appending = false;
    let base = match watch.unstored.take() {
        Some(waited) => waited.base,
        None => watch.incidents.clone(),
    };
    let waits = Unstored::new(base, records, why, now.plus(pause(watch)));
    watch.incidents = waits.incidents();
    watch.unstored = Some(waits);
    fold_in(watch, &[], now);
    now
}

/// Shop time between tries to store.
fn pause(watch: &Watch) -> Span {
    Span::from_millis((RETRY.millis() as f64 * watch.setup.speed.max(1.0)) as i64)
}

/// Judges what is new, turns it into records, shows the result.
fn step(watch: &mut Watch, now: Timestamp) -> Vec<WatchEffect> {
    see_health(watch, now);
    let ready = watch.waiting.is_empty() && !watch.timing.knows_nothing_yet(now);
    if ready {
        watch.judgement = watch.engine.judge(now);
        let pasts = &watch.pasts;
        watch.series.start(&|source, metric| pasts.is_open(source, metric));
        let demand = watch.engine.paid_demand();
        watch.series.tell(&mut watch.judgement, demand, watch.engine.doubts(), now);
        watch.pasts.explain(&mut watch.judgement.guardrails, &watch.setup.series);
    }
    let mut effects = watch.outbox.leave();
    if !watch.appending {
        let records = if watch.waiting.is_empty() || watch.unstored.is_some() {
            to_store(watch, ready, now)
        } else {
            messages(watch, now) // people are told whatever sources still read
        };
        if !records.is_empty() {
            watch.appending = true;
            effects.push(WatchEffect::Append(records));
        }
    }
    effects.extend(publish(watch, now));
    watch.rests_until = ready.then(|| rest(watch, now));
    effects
}

/// Until when a look at the clock alone can find nothing new: no bucket is whole, no deadline and
/// no silence comes, and nobody waits for a board.
fn rest(watch: &Watch, now: Timestamp) -> Timestamp {
    let at_speed = REST.millis() as f64 * watch.setup.speed.max(1.0);
    let longest = now.plus(Span::from_millis(at_speed as i64));
    let board = watch.published.as_ref();
    let shown =
        board.and_then(|b| Some(b.generated_at.plus(Span::from_millis(b.fresh_for?.millis() / 2))));
    let due = watch.next_wake(now).into_iter().chain(shown).chain([watch.engine.next_look(now)]);
    due.fold(longest, Timestamp::min)
}

fn see_health(watch: &mut Watch, now: Timestamp) {
    for health in watch.health.values_mut() {
        health.refresh(now);
        let blind = health.state() == crate::board::SourceState::Blind;
        watch.engine.source_blind(&health.name, blind, health.since());
        watch.engine.doubted(&health.name, health.doubt());
    }
}

/// What waits, the oldest first, and what is new; nothing while a try would come too soon. What
/// deadlines ask for does not wait until anything is known again (`ready`).
fn to_store(watch: &mut Watch, ready: bool, now: Timestamp) -> Vec<Record> {
    let (mut records, full) = match &watch.unstored {
        Some(waits) if !waits.is_due(now, pause(watch)) => return Vec::new(),
        Some(waits) => (waits.records.clone(), waits.is_full()),
        None => (Vec::new(), false),
    };
    if full {
        return records;
    }
    records.extend(clocks_earlier(watch, now));
    records.extend(if ready { records_now(watch, now) } else { deadlines(watch, now) });
    records.extend(messages(watch, now));
    records
}

/// What sinks are to be told, and what became of it.
fn messages(watch: &mut Watch, now: Timestamp) -> Vec<Record> {
    let refused = watch.unstored.is_some();
    watch.outbox.records(&watch.incidents, &watch.setup.look(now), refused)
}

fn replied(watch: &mut Watch, reply: Reply) -> Timestamp {
    let at = reply.at;
    watch.outbox.replied(reply, &watch.setup.look(at));
    at
}

/// What a step of the machine's clock takes from the clocks that run.
fn clocks_earlier(watch: &mut Watch, now: Timestamp) -> Vec<Record> {
    let by = std::mem::take(&mut watch.timing.owed);
    let running = watch.incidents.iter().filter(|_| by > Span::ZERO);
    running.filter_map(|i| deadline::stepped(i, by, now)).collect()
}

/// Deadlines pass whether or not anything is known.
fn deadlines(watch: &Watch, now: Timestamp) -> Vec<Record> {
    let sweep = |i| deadline::sweep(i, &watch.setup.response, now);
    watch.incidents.iter().flat_map(sweep).collect()
}

fn records_now(watch: &mut Watch, now: Timestamp) -> Vec<Record> {
    let mut records = reconciled(watch, now);
    let changes = watch.releases();
    let told = watch.told();
    let facts = watch.facts(&changes, &told);
    for incident in &watch.incidents {
        records.extend(deadline::sweep(incident, &watch.setup.response, now));
        records.extend(verify::verify(incident, &facts, now));
        records.extend(verify::fallen_silent(incident, &facts, now));
    }
    records
}

fn reconciled(watch: &mut Watch, now: Timestamp) -> Vec<Record> {
    let (salt, mut made) = (watch.setup.salt, watch.ids_made);
    let new_id = || -> IncidentId {
        made += 1;
        id::incident_id(now, salt.wrapping_add(made))
    };
    let tick = tick::Tick { now, watching_since: watch.since };
    let records = reconcile::reconcile(
        &watch.incidents,
        &watch.judgement,
        &watch.setup.response,
        tick,
        new_id,
    );
    watch.ids_made = made;
    records
}

/// A board goes out when something but its own time changed, and before who waits for the next one
/// must think that nobody makes it.
fn publish(watch: &mut Watch, now: Timestamp) -> Option<WatchEffect> {
    let board = super::assemble::board(watch, now);
    if let Some(old) = &mut watch.published {
        let half = board.fresh_for.map_or(i64::MAX, |s| s.millis() / 2);
        let due = now.since(old.generated_at).millis() >= half;
        let before = std::mem::replace(&mut old.generated_at, board.generated_at);
        if !due && *old == board {
            old.generated_at = before;
            return None;
        }
    }
    watch.published = Some(board.clone());
    Some(WatchEffect::Publish(Box::new(board)))
}
