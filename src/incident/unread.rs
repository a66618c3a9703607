//! Records that are in the journal and cannot be read: what is known of them, and what people are
//! told. They are left out of the fold; nothing here guesses what was in them.

use super::record::RecordError;
use crate::domain::id::IncidentId;

/// So many of a kind are named one by one; the rest is counted.
const NAMED: usize = 4;

/// A record that was left out; what its row still tells.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Unread {
    /// Its place in the journal.
    pub seq: i64,
    pub incident: IncidentId,
    pub why: UnreadWhy,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum UnreadWhy {
    /// Written by a newer program, in this version of the line.
    Newer(u64),
    /// The line is whole, its event is none that this program knows.
    Event(String),
    /// No text, no JSON, or a part is missing.
    Damaged,
    /// The file itself is damaged there.
    Page,
}

impl From<&RecordError> for UnreadWhy {
    fn from(error: &RecordError) -> Self {
        match error {
            RecordError::Newer { found } => Self::Newer(*found),
            RecordError::Event { kind, .. } => Self::Event(short(kind)),
            RecordError::Unreadable(_) | RecordError::Shapeless => Self::Damaged,
        }
    }
}

/// Outside text, as long as it may be in a sentence.
pub fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(24).collect()
}

impl UnreadWhy {
    /// Why, and what to do.
    fn words(&self) -> String {
        match self {
            Self::Newer(version) => {
                format!("a newer tillwatch wrote it (version {version}); update this one")
            }
            Self::Event(kind) => format!(
                "its event `{kind}` is not known here or not whole; update tillwatch, or put a \
                 copy of the journal back"
            ),
            Self::Damaged => {
                "it is damaged; put a copy of the journal back to have it again".to_owned()
            }
            Self::Page => "the file is damaged there; put a copy of the journal back".to_owned(),
        }
    }
}

/// One sentence for each reason, with the places and incidents it is about.
pub fn notices<'a>(unread: impl IntoIterator<Item = &'a Unread>) -> Vec<String> {
    let mut kinds: Vec<(&UnreadWhy, Vec<&Unread>)> = Vec::new();
    for one in unread {
        match kinds.iter_mut().find(|(why, _)| **why == one.why) {
            Some((_, all)) => all.push(one),
            None => kinds.push((&one.why, vec![one])),
        }
    }
    kinds.into_iter().map(|(why, all)| notice(why, &all)).collect()
}

fn notice(why: &UnreadWhy, all: &[&Unread]) -> String {
    let name = |one: &&Unread| format!("{} of {}", one.seq, one.incident);
    let mut names = all.iter().take(NAMED).map(name).collect::<Vec<_>>().join(", ");
    if let more @ 1.. = all.len().saturating_sub(NAMED) {
        names = format!("{names} and {more} more");
    }
    let what = match all.len() {
        1 => format!("journal record {names} is left out"),
        n => format!("{n} journal records are left out ({names})"),
    };
    format!("{what}: {}", why.words())
}

/// For who must not act without them: the first one, by name.
pub fn unreadable(unread: &[Unread]) -> Option<String> {
    let Unread { seq, incident, why } = unread.first()?;
    Some(format!("record {seq} of {incident} cannot be read: {}", why.words()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seq: i64, why: UnreadWhy) -> Unread {
        Unread { seq, incident: "INC-1".into(), why }
    }

    #[test]
    fn each_reason_is_one_sentence_that_names_places_and_incidents() {
        let mut all = vec![at(7, UnreadWhy::Newer(2)), at(9, UnreadWhy::Damaged)];
        assert_eq!(
            notices(&all),
            [
                "journal record 7 of INC-1 is left out: a newer tillwatch wrote it (version 2); \
                 update this one",
                "journal record 9 of INC-1 is left out: it is damaged; put a copy of the journal \
                 back to have it again",
            ]
        );
        all.extend((10..20).map(|seq| at(seq, UnreadWhy::Damaged)));
        let told = notices(&all);
        assert_eq!(told.len(), 2);
        assert!(told[1].starts_with("11 journal records are left out (9 of INC-1, 10 of"));
        assert!(told[1].contains("and 7 more)"), "{}", told[1]);
        assert!(notices(&[]).is_empty());
    }
}
