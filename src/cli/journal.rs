//! `tillwatch journal verify|export|import|backup`: the store itself. What is wrong with it is
//! found in `journal`; here it is printed.

use std::io::Read;
use std::path::Path;

use serde::Serialize;

use crate::domain::id::IncidentId;
use crate::domain::text::json_safe;
use crate::domain::time::Timestamp;
use crate::incident::event::Record;
use crate::incident::record::{from_line, to_line};
use crate::incident::unread::notices;
use crate::journal::{Access, Audit, AuditProblem, JournalError, JournalReading};

use super::args::papers::JournalCommand;
use super::args::{Global, RoleArg};
use super::exit::Exit;
use super::out;
use super::store::{self, OpenStore, StoreFailed};

/// Rows that are held in memory at once.
const PAGE: u32 = 2_000;
/// Bytes of an exported journal that are read at most.
const LARGEST: u64 = 4 << 30;

pub fn run(global: &Global, command: &JournalCommand) -> Exit {
    match command {
        JournalCommand::Verify { json } => verify(global, *json),
        JournalCommand::Export { since, incident } => {
            store::with(global, Access::Read, async |open| {
                let since = since.map(|moment| moment.before(open.clock.now()));
                export(open, since, incident.as_deref()).await
            })
        }
        JournalCommand::Import { file } => import(global, file),
        JournalCommand::Backup { to, force } => store::with(global, Access::Read, async |open| {
            let copied = open.journal.backup(to, *force).await?;
            let (newest, bytes) = (copied.newest, copied.bytes);
            out::lines([format!("{}: {newest} records, {bytes} bytes", to.display())]);
            Ok(Exit::Ok)
        }),
    }
}

/// `tillwatch/verify/1`
#[derive(Serialize)]
struct Verified<'a> {
    schema: &'static str,
    journal: String,
    ok: bool,
    records: u64,
    first: Option<i64>,
    last: Option<i64>,
    incidents: u64,
    idle: u64,
    problems: &'a [AuditProblem],
}

/// What is refused at the door is there and wrong; only what is not there is another thing.
fn verify(global: &Global, json: bool) -> Exit {
    store::with(global, Access::Read, async |open| {
        let audit = open.journal.audit().await?;
        Ok(told(&open.journal.file().display().to_string(), &audit, json))
    })
}

fn told(file: &str, audit: &Audit, json: bool) -> Exit {
    let problems = audit.problems();
    let ok = problems.is_empty();
    if json {
        out::json(&Verified {
            schema: "tillwatch/verify/1",
            journal: file.to_owned(),
            ok,
            records: audit.records,
            first: audit.first,
            last: audit.last,
            incidents: audit.incidents,
            idle: audit.idle,
            problems: &problems,
        });
    } else {
        let head = format!("{file}: {} records, {} incidents", audit.records, audit.incidents);
        let said = problems.iter().map(|p| format!("  {}", p.text));
        let end = if ok { "whole".to_owned() } else { format!("{} problems", problems.len()) };
        out::lines(std::iter::once(head).chain(said).chain([end]));
    }
    if ok { Exit::Ok } else { Exit::No }
}

/// Records that cannot be read are told and left out, and the exit code says so.
async fn export(
    open: &OpenStore,
    since: Option<Timestamp>,
    incident: Option<&str>,
) -> Result<Exit, StoreFailed> {
    let journal = &open.journal;
    let ids = match (incident, since) {
        (Some(id), _) => Some(vec![id.into()]),
        (None, Some(since)) => {
            Some(journal.touched(since, Timestamp::from_millis(i64::MAX)).await?)
        }
        (None, None) => None,
    };
    let mut exit = Exit::Ok;
    let mut from = 0;
    loop {
        let page = journal.since(from, PAGE).await?;
        let Some(last) = page.last() else { break };
        let wanted = |id: &IncidentId| ids.as_ref().is_none_or(|ids| ids.contains(id));
        let unread: Vec<_> = page.unread.iter().filter(|u| wanted(&u.incident)).collect();
        if !unread.is_empty() {
            for why in notices(unread) {
                out::error(&why);
            }
            exit = Exit::No;
        }
        print(&page, wanted)?;
        from = last;
    }
    Ok(exit)
}

fn print(page: &JournalReading, wanted: impl Fn(&IncidentId) -> bool) -> Result<(), JournalError> {
    for stored in page.records.iter().filter(|s| wanted(&s.record.incident)) {
        let line = to_line(&stored.record);
        let line = line.map_err(|e| JournalError::Unreadable(e.to_string()))?;
        out::document(&json_safe(&line));
    }
    Ok(())
}

fn import(global: &Global, file: &Path) -> Exit {
    if global.role != RoleArg::Operator {
        out::error("read-only: observers and walls write nothing");
        return Exit::No;
    }
    let records = match read(file).and_then(|text| records(&text)) {
        Ok(records) => records,
        Err(why) => {
            out::error(&format!("nothing was imported: {}: {why}", file.display()));
            return Exit::No;
        }
    };
    store::with(global, Access::Write, async |open| {
        match open.journal.import(&records, open.clock.wall()).await {
            Ok(_last) => {
                let file = open.journal.file().display();
                out::lines([format!("{} records are in {file}", records.len())]);
                Ok(Exit::Ok)
            }
            Err(JournalError::Place(why)) => {
                out::error(&format!("nothing was imported: {why}"));
                Err(StoreFailed::Told(Exit::No))
            }
            Err(other) => Err(other.into()),
        }
    })
}

fn read(file: &Path) -> Result<String, String> {
    let mut text = String::new();
    let read = if file.as_os_str() == "-" {
        std::io::stdin().lock().take(LARGEST).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|f| f.take(LARGEST).read_to_string(&mut text))
    };
    read.map(|_| text).map_err(|e| e.to_string())
}

/// Every line or none: half a journal is worse than none.
fn records(text: &str) -> Result<Vec<Record>, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let read = |(n, line): (usize, &str)| {
        from_line(line).map_err(|why| format!("line {}: {why}", n.saturating_add(1)))
    };
    let records = lines.map(read).collect::<Result<Vec<_>, _>>()?;
    if records.is_empty() { Err("there is no record in it".to_owned()) } else { Ok(records) }
}
