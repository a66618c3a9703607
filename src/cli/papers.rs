//! `tillwatch postmortem`, `handover`, `review`: documents made of the journal's records. Reads
//! what they are about and prints them; what they say is `report`.

use serde::Serialize;

use crate::domain::id::IncidentId;
use crate::domain::time::{Span, Timestamp};
use crate::incident::event::Record;
use crate::incident::fold::Incident;
use crate::incident::unread::notices;
use crate::journal::{Access, Journal, JournalError, JournalReading};
use crate::report::handover::{WorkShift, handover as shift};
use crate::report::life::Life;
use crate::report::postmortem::{Beside, postmortem as paper};
use crate::report::review::{ReviewFrame, review as look_back};
use crate::report::week::Week;

use super::args::Global;
use super::args::papers::{DocumentForm, HandoverArgs, PostmortemArgs, ReviewArgs};
use super::exit::Exit;
use super::out;
use super::store::{self, OpenStore, StoreFailed};

/// Incidents of so long before one are looked at for the like of it.
const BEFORE: Span = Span::from_days(28);
const EVER: Timestamp = Timestamp::from_millis(i64::MAX);

/// Prints a document. What could not be read makes it uncertain, and the exit code says so.
fn print(form: DocumentForm, left_out: &[String], json: &impl Serialize, markdown: &str) -> Exit {
    if form.is_json() {
        out::json(json);
    } else {
        out::lines(markdown.lines());
    }
    for why in left_out {
        out::error(why);
    }
    if left_out.is_empty() { Exit::Ok } else { Exit::Unsure }
}

/// What was read of one incident.
struct ReadLife {
    life: Option<Life>,
    unread: Vec<crate::incident::unread::Unread>,
}

async fn read(journal: &Journal, id: &IncidentId) -> Result<ReadLife, JournalError> {
    let JournalReading { records, unread } = journal.records_of(id).await?;
    let records: Vec<Record> = records.into_iter().map(|s| s.record).collect();
    Ok(ReadLife { life: Life::of(records), unread })
}

pub fn postmortem(global: &Global, args: &PostmortemArgs) -> Exit {
    store::with(global, Access::Read, async |open| {
        let id = args.id.as_str().into();
        let ReadLife { life, unread } = read(&open.journal, &id).await?;
        let left_out = notices(&unread);
        let Some(life) = life else {
            for why in &left_out {
                out::error(why);
            }
            out::error(&format!("no incident {id} in the journal"));
            return Ok(Exit::No);
        };
        let now = open.clock.now();
        let others = others(&open.journal, &life, now).await?;
        let currency = &open.config.shop.currency;
        let beside = Beside { now, currency, others: &others, left_out: &left_out };
        let document = paper(&life, &beside);
        Ok(print(args.form, &left_out, &document, &document.markdown()))
    })
}

/// Incidents of the weeks before and of its own time.
async fn others(
    journal: &Journal,
    life: &Life,
    now: Timestamp,
) -> Result<Vec<Incident>, JournalError> {
    let from = life.incident.opened_at.minus(BEFORE);
    let until = life.incident.closed_at.unwrap_or(now);
    let mut others = Vec::new();
    for id in journal.touched(from, until).await? {
        if id != life.incident.id {
            others.extend(journal.records_of(&id).await?.incidents());
        }
    }
    Ok(others)
}

pub fn handover(global: &Global, args: &HandoverArgs) -> Exit {
    store::with(global, Access::Read, async |open| {
        let now = open.clock.now();
        let since = args.since.before(now);
        let reading = open.journal.open_records(since).await?;
        let left_out = notices(&reading.unread);
        let policy = open.config.response();
        let document = shift(
            &reading.incidents(),
            &WorkShift {
                now,
                since,
                currency: &open.config.shop.currency,
                maintenance: &policy.maintenance,
                left_out: &left_out,
            },
        );
        Ok(print(args.form, &left_out, &document, &document.markdown()))
    })
}

pub fn review(global: &Global, args: &ReviewArgs) -> Exit {
    store::with(global, Access::Read, async |open| {
        let now = open.clock.now();
        let policy = open.config.response();
        let zone = policy.calendar.time_zone;
        let (week, (from, until)) = span(args, now, zone)?;
        let (lives, left_out) = lives(open, from, until).await?;
        let document = look_back(
            &lives,
            &ReviewFrame {
                now,
                week: week.as_deref(),
                zone: zone.name(),
                from,
                until,
                policy: &policy,
                guardrails: &open.config.guardrails,
                left_out: &left_out,
            },
        );
        Ok(print(args.form, &left_out, &document, &document.markdown()))
    })
}

/// The time that is asked for.
fn span(
    args: &ReviewArgs,
    now: Timestamp,
    zone: chrono_tz::Tz,
) -> Result<(Option<String>, (Timestamp, Timestamp)), StoreFailed> {
    let usage = |why: String| {
        out::error(&why);
        StoreFailed::Told(Exit::Usage)
    };
    if let Some(since) = args.since {
        let (from, until) = (since.before(now), args.until.map_or(now, |m| m.before(now)));
        if from >= until {
            return Err(usage("the time ends before it begins".to_owned()));
        }
        return Ok((None, (from, until)));
    }
    let week = match &args.week {
        Some(text) => Week::parse(text).map_err(usage)?,
        None => Week::last_whole(now, zone),
    };
    Ok((Some(week.name()), week.bounds(zone)))
}

/// Every incident with a record in the time, and those that were open all through it.
async fn lives(
    open: &OpenStore,
    from: Timestamp,
    until: Timestamp,
) -> Result<(Vec<Life>, Vec<String>), JournalError> {
    let journal = &open.journal;
    let mut ids = journal.touched(from, until).await?;
    for stored in journal.open_records(EVER).await?.records {
        let id = stored.record.incident;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let (mut lives, mut unread) = (Vec::new(), Vec::new());
    for id in &ids {
        let one = read(journal, id).await?;
        lives.extend(one.life.filter(|l| l.incident.opened_at < until));
        unread.extend(one.unread);
    }
    Ok((lives, notices(&unread)))
}
