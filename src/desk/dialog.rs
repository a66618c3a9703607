//! Dialog: the one thing that may be open over a page, with what was typed so far.
//! Its rules are in `update`; its words in `present`.

use crate::board::RollbackPlan;
use crate::domain::id::IncidentId;
use crate::domain::time::Timestamp;
use crate::policy::severity::Choice;

use super::command::{Row, TABLE};
use super::inputs::Subject;

/// What is open. One at a time, by construction.
#[derive(Clone, PartialEq, Debug)]
pub enum Dialog {
    Help {
        scroll: usize,
    },
    Palette {
        text: String,
        pick: usize,
    },
    /// The filter prompt; `before` is what Esc restores.
    Filter {
        before: String,
    },
    Decide {
        incident: IncidentId,
    },
    Timer {
        incident: IncidentId,
    },
    Form(Form),
    Rollback(Box<Rollback>),
    /// A verdict unfolded to what it was made of.
    Inputs {
        of: Box<Subject>,
        scroll: usize,
    },
    ConfirmQuit,
}

/// Text asked for before an order, field by field.
#[derive(Clone, PartialEq, Debug)]
pub struct Form {
    pub incident: IncidentId,
    pub kind: FormKind,
    pub fields: Vec<String>,
    /// The field being typed.
    pub at: usize,
    /// The proposal in this field was edited; until then typing replaces it.
    pub touched: bool,
    pub error: Option<FormError>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FormKind {
    Note,
    Resolve,
    StartTimer,
    ExtendTimer,
    Decide(Choice),
}

/// What a field asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Field {
    Text,
    Reason,
    /// A duration: `15m`.
    Span,
    /// A duration after which a held incident is looked at again.
    Recheck,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FormError {
    Empty,
    NoDuration,
}

impl FormKind {
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::Note => &[Field::Text],
            Self::StartTimer => &[Field::Span],
            Self::ExtendTimer => &[Field::Span, Field::Reason],
            Self::Decide(Choice::Hold) => &[Field::Reason, Field::Recheck],
            Self::Resolve | Self::Decide(_) => &[Field::Reason],
        }
    }
}

impl Form {
    pub fn new(incident: IncidentId, kind: FormKind) -> Self {
        let fill = |f: &Field| match f {
            Field::Text | Field::Reason => String::new(),
            Field::Span | Field::Recheck => "15m".to_owned(),
        };
        let fields = kind.fields().iter().map(fill).collect();
        Self { incident, kind, fields, at: 0, touched: false, error: None }
    }

    /// The text being typed. The first letter over a proposal (`15m`) replaces it.
    pub fn text_mut(&mut self, letter: bool) -> Option<&mut String> {
        let proposal =
            matches!(self.kind.fields().get(self.at), Some(Field::Span | Field::Recheck));
        let text = self.fields.get_mut(self.at)?;
        if proposal && letter && !self.touched {
            text.clear();
        }
        self.touched = true;
        Some(text)
    }

    pub fn go(&mut self, at: usize) {
        self.at = at;
        self.touched = false;
    }
}

/// The rollback dialog: what was shown when it opened, and what was typed since.
#[derive(Clone, PartialEq, Debug)]
pub struct Rollback {
    pub incident: IncidentId,
    /// The plan as opened; a plan that changed since cannot be confirmed here.
    pub plan: RollbackPlan,
    /// A try after refused or not helping.
    pub again: bool,
    /// Wall time; keys in the first 700 ms are ignored.
    pub opened_at: Timestamp,
    pub typed: String,
    pub refusal: Option<Refusal>,
}

/// Why Enter did not fire.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    TooSmall,
    TooSoon,
    Changed,
    /// The name of the first required pre-check that fails.
    NotReady(String),
    WrongToken,
}

/// Palette rows that match, best first: name starts so, name holds it, doc holds it.
pub fn matches(text: &str) -> Vec<&'static Row> {
    let text = text.trim().to_lowercase();
    let class = |row: &Row| match row {
        r if r.name.starts_with(&text) => Some(0),
        r if r.name.contains(&text) => Some(1),
        r if r.doc.to_lowercase().contains(&text) => Some(2),
        _ => None,
    };
    let mut found: Vec<_> = TABLE.iter().filter_map(|r| class(r).map(|c| (c, r))).collect();
    found.sort_by_key(|(c, _)| *c);
    found.into_iter().map(|(_, r)| r).collect()
}
