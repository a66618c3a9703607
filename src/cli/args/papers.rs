//! The words of the commands that read the journal as a whole: its store, and documents made of
//! records. Parsing only.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::domain::time::{Span, Timestamp};
use crate::source::home;

#[derive(Subcommand, Debug, Clone)]
pub enum JournalCommand {
    /// Look at all of it: every record, the sequence, the index, the disk pages; exit 1 when
    /// something is wrong.
    Verify {
        #[arg(long)]
        json: bool,
    },
    /// Print the records in order, one JSON object a line.
    Export {
        /// Whole incidents that have a record since then: a time (RFC 3339) or so long ago (`7d`).
        #[arg(long, value_name = "TIME", value_parser = moment)]
        since: Option<Since>,
        /// Only this incident.
        #[arg(long, value_name = "ID")]
        incident: Option<String>,
    },
    /// Read exported records into a journal that has none, all or none; `-` is standard input.
    Import {
        #[arg(value_name = "FILE", value_parser = home::path)]
        file: PathBuf,
    },
    /// Write a consistent copy, while anybody goes on writing to the journal.
    Backup {
        #[arg(value_name = "FILE", value_parser = home::path)]
        to: PathBuf,
        /// Replace an older copy that is there.
        #[arg(long)]
        force: bool,
    },
}

/// An instant, or so long before now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Since {
    At(Timestamp),
    Ago(Span),
}

impl Since {
    pub fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Ago(span) => now.minus(span),
        }
    }
}

fn moment(text: &str) -> Result<Since, String> {
    let at = text.parse().map(Since::At);
    at.or_else(|_| text.parse().map(Since::Ago)).map_err(|_| {
        format!("`{text}` is no time; write 2026-11-20T08:00:00Z, or 8h for so long ago")
    })
}

/// The form of a document.
#[derive(Args, Debug, Clone, Copy)]
pub struct DocumentForm {
    /// For people, or one JSON document for programs.
    #[arg(long, value_enum, default_value = "markdown")]
    pub format: Format,
    /// The same as `--format json`.
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Format {
    Markdown,
    Json,
}

impl DocumentForm {
    pub fn is_json(self) -> bool {
        self.json || self.format == Format::Json
    }
}

#[derive(Args, Debug, Clone)]
pub struct ReviewedArgs {
    pub id: String,
    /// Was it right to raise it?
    #[arg(long, value_enum)]
    pub verdict: VerdictArg,
    #[arg(long)]
    pub reason: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum VerdictArg {
    True,
    False,
    Unsure,
}

#[derive(Args, Debug, Clone)]
pub struct PostmortemArgs {
    pub id: String,
    #[command(flatten)]
    pub form: DocumentForm,
}

#[derive(Args, Debug, Clone)]
pub struct HandoverArgs {
    /// When the shift began: a time (RFC 3339) or so long ago.
    #[arg(long, value_name = "TIME", default_value = "8h", value_parser = moment)]
    pub since: Since,
    #[command(flatten)]
    pub form: DocumentForm,
}

#[derive(Args, Debug, Clone)]
pub struct ReviewArgs {
    /// ISO week, `2026-W48`, in the shop's time zone; default: the last whole one.
    #[arg(long, value_name = "WEEK", conflicts_with_all = ["since", "until"])]
    pub week: Option<String>,
    /// From: a time (RFC 3339) or so long ago (`7d`).
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub since: Option<Since>,
    /// Up to, without it; default: now.
    #[arg(long, value_name = "TIME", requires = "since", value_parser = moment)]
    pub until: Option<Since>,
    #[command(flatten)]
    pub form: DocumentForm,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_time_or_so_long_ago() {
        let now = Timestamp::from_secs(100_000);
        assert_eq!(moment("8h").expect("ago").before(now), now.minus(Span::from_hours(8)));
        let at = moment("1970-01-01T01:00:00Z").expect("time");
        assert_eq!(at, Since::At(Timestamp::from_secs(3600)));
        assert!(moment("yesterday").expect_err("no time").contains("yesterday"));
    }
}
