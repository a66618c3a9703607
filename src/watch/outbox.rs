//! Messages to sinks on their way through the watcher: a try leaves when its record is stored, an
//! answer is written down when it came. What is due is decided in `incident::paging`.

use std::collections::BTreeSet;

use crate::domain::id::EmissionId;
use crate::incident::deadline::watcher;
use crate::incident::event::{Event, Record};
use crate::incident::fold::Incident;
use crate::incident::paging::{self, Look};

use super::event::{Letter, Reply, WatchEffect};

/// What the watcher knows of messages beside what the incidents say.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Own tries whose records are on their way to the journal.
    asked: BTreeSet<(EmissionId, u32)>,
    leaving: Vec<Letter>,
    /// Answers that are not written yet.
    answers: Vec<Record>,
}

impl Outbox {
    /// What may leave now.
    pub fn leave(&mut self) -> Vec<WatchEffect> {
        std::mem::take(&mut self.leaving)
            .into_iter()
            .map(|l| WatchEffect::Emit(Box::new(l)))
            .collect()
    }

    /// Answers that came, and what is due. While the journal has `refused` records nothing new is
    /// decided: a message that was not stored could be sent twice.
    pub fn records(
        &mut self,
        incidents: &[Incident],
        look: &Look<'_>,
        refused: bool,
    ) -> Vec<Record> {
        let mut records = std::mem::take(&mut self.answers);
        if refused || look.paging.sinks.is_empty() {
            return records;
        }
        // of a message whose answer waits here nothing follows before that is written
        let answered: BTreeSet<_> = records.iter().map(|r| r.incident.clone()).collect();
        let others = incidents.iter().filter(|i| !answered.contains(&i.id));
        let of = |i| paging::due(i, look).into_iter().chain(paging::sends(i, look));
        let new: Vec<Record> = others.flat_map(of).collect();
        for record in &new {
            if let Event::EmissionSent { key, try_no } = &record.event {
                self.asked.insert((key.clone(), *try_no));
            }
        }
        records.extend(new);
        records
    }

    /// Tries that are in the journal now leave, each once; those of a watcher before this one had
    /// the lease are not this one's to send.
    pub fn stored(&mut self, incidents: &[Incident], records: &[Record]) {
        for record in records {
            let Event::EmissionSent { key, try_no } = &record.event else { continue };
            if !self.asked.remove(&(key.clone(), *try_no)) {
                continue;
            }
            let incident = incidents.iter().find(|i| i.id == record.incident);
            let run = incident.and_then(|i| i.emissions.iter().find(|r| r.emission.key == *key));
            if let Some(run) = run {
                let (incident, emission) = (record.incident.clone(), run.emission.clone());
                self.leaving.push(Letter { incident, emission, try_no: *try_no });
            }
        }
    }

    /// Keeps an answer until it can be written.
    pub fn replied(&mut self, reply: Reply, look: &Look<'_>) {
        let Reply { incident, key, sink, try_no, answer, at } = reply;
        let row = look.paging.sink(&sink);
        let wait = row.and_then(|row| paging::follows(row, try_no, &answer));
        let retry_at = wait.map(|wait| at.plus(look.wall(wait)));
        let event = Event::EmissionAnswered { key, try_no, answer, retry_at };
        self.answers.push(Record {
            at,
            incident,
            actor: watcher(),
            cause: "sink".to_owned(),
            event,
        });
    }
}

#[cfg(test)]
mod tests;
