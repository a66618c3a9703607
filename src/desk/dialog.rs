//! Dialog: the one thing that may be open over a page, with what was typed so far.
//! Its rules are in `update`; its words in `present`.

use crate::board::{Alternative, IncidentView, RollbackPlan};
use crate::domain::id::{IncidentId, ReleaseId};
use crate::domain::time::{Span, Timestamp};
use crate::incident::order::Order;
use crate::incident::truth::AlarmTruth;
use crate::policy::severity::Choice;

use super::command::{CommandRow, TABLE};
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
    /// What it will be, but for what is typed here.
    pub order: Order,
    pub fields: Vec<String>,
    /// The field being typed.
    pub at: usize,
    /// The proposal in this field was edited; until then typing replaces it.
    pub touched: bool,
    pub error: Option<FormError>,
}

/// What a field asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Field {
    Text,
    Reason,
    /// Whether an alarm was right: `true`, `false`, `unsure` or their first letters.
    Truth,
    /// A duration: `15m`.
    Span,
    /// A duration after which a held incident is looked at again.
    Recheck,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FormError {
    Empty,
    NoDuration,
    NoTruth,
    /// What was put in was longer than the field holds; its end is gone.
    Cut,
}

/// The fields of an order; one that is whole by its key alone has none.
const fn asked(order: &Order) -> &'static [Field] {
    match order {
        Order::Note { .. } => &[Field::Text],
        Order::StartTimer { .. } => &[Field::Span],
        Order::ExtendTimer { .. } => &[Field::Span, Field::Reason],
        Order::Decide { choice: Choice::Hold, .. } => &[Field::Reason, Field::Recheck],
        Order::Resolve { .. } | Order::Decide { .. } => &[Field::Reason],
        Order::Review { .. } => &[Field::Truth, Field::Reason],
        _whole => &[],
    }
}

/// A positive duration of at most a week.
pub(super) fn span(text: &str) -> Option<Span> {
    text.parse::<Span>().ok().filter(|s| *s > Span::ZERO && *s <= Span::from_days(7))
}

impl Form {
    /// For an order that still lacks its texts and times.
    pub fn new(incident: IncidentId, order: Order) -> Self {
        let fill = |f: &Field| match f {
            Field::Text | Field::Reason | Field::Truth => String::new(),
            Field::Span | Field::Recheck => "15m".to_owned(),
        };
        let fields = asked(&order).iter().map(fill).collect();
        Self { incident, order, fields, at: 0, touched: false, error: None }
    }

    /// The text being typed. The first letter over a proposal (`15m`) replaces it.
    pub fn text_mut(&mut self, letter: bool) -> Option<&mut String> {
        let proposal = matches!(self.asked().get(self.at), Some(Field::Span | Field::Recheck));
        let text = self.fields.get_mut(self.at)?;
        if proposal && letter && !self.touched {
            text.clear();
        }
        self.touched = true;
        Some(text)
    }

    /// What its fields ask for, in order.
    pub const fn asked(&self) -> &'static [Field] {
        asked(&self.order)
    }

    /// The order with what was typed.
    pub fn filled(&self) -> Order {
        let text = |i: usize| self.fields.get(i).map(|t| t.trim().to_owned()).unwrap_or_default();
        let length = |i: usize| span(&text(i)).unwrap_or(Span::from_mins(15));
        match &self.order {
            Order::Note { .. } => Order::Note { text: text(0) },
            Order::Resolve { .. } => Order::Resolve { reason: text(0) },
            Order::Review { verdict, .. } => Order::Review {
                verdict: AlarmTruth::from_typed(&text(0)).unwrap_or(*verdict),
                reason: text(1),
            },
            Order::StartTimer { .. } => Order::StartTimer { span: length(0) },
            Order::ExtendTimer { .. } => Order::ExtendTimer { span: length(0), reason: text(1) },
            Order::Decide { choice, .. } => {
                let recheck = (*choice == Choice::Hold).then(|| length(1));
                Order::Decide { choice: *choice, reason: text(0), recheck }
            }
            whole => whole.clone(),
        }
    }

    pub fn go(&mut self, at: usize) {
        self.at = at;
        self.touched = false;
    }
}

/// The rollback dialog: the plan as the board has it now, and what was typed so far.
#[derive(Clone, PartialEq, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent marks, each set by another event")]
pub struct Rollback {
    pub incident: IncidentId,
    /// What it is about is as it was when the dialog opened (another plan closes it); its checks
    /// follow the board.
    pub plan: RollbackPlan,
    /// The releases that it could be about, as they were when it opened or since.
    pub others: Vec<Alternative>,
    /// The one that was picked from them; none while it is the one that it opened with.
    pub picked: Option<ReleaseId>,
    /// Nobody has chosen yet what it is about: it takes no token.
    pub unchosen: bool,
    /// A try after refused or not helping.
    pub again: bool,
    /// Wall time; keys in the first 700 ms are ignored.
    pub opened_at: Timestamp,
    /// Wall time until which keys after a burst are swallowed.
    pub deaf_until: Option<Timestamp>,
    pub typed: String,
    /// Why a failing check is gone past.
    pub reason: String,
    /// Keys go to the reason and not to the token.
    pub on_reason: bool,
    /// The board is too old to be believed; where the order is judged its checks fail for that.
    pub stale: bool,
    /// Every check is listed, not only those that fail.
    pub unfolded: bool,
    /// First row shown of a list that does not fit.
    pub scroll: usize,
    pub refusal: Option<DialogRefusal>,
}

impl Rollback {
    pub fn new(incident: IncidentId, plan: RollbackPlan, opened_at: Timestamp) -> Self {
        let again = plan.attempt > 1;
        let mut dialog = Self {
            incident,
            plan,
            others: Vec::new(),
            picked: None,
            unchosen: false,
            again,
            opened_at,
            deaf_until: None,
            typed: String::new(),
            reason: String::new(),
            on_reason: false,
            stale: false,
            unfolded: false,
            scroll: 0,
            refusal: None,
        };
        dialog.on_reason = dialog.needs_reason();
        dialog
    }

    /// The plan on `incident` that this is about: of the picked release, else the incident's own.
    pub fn live<'a>(&self, incident: &'a IncidentView) -> Option<&'a RollbackPlan> {
        let Some(release) = &self.picked else { return incident.rollback.as_ref() };
        incident.alternatives.iter().find(|a| a.release == *release)?.plan.as_ref()
    }

    /// Goes on to the next release that has a way back, or to the one before it.
    pub fn pick(&mut self, back: bool, wall: Timestamp) {
        if std::mem::take(&mut self.unchosen) {
            // the one in sight is chosen, and read from now on
            self.opened_at = wall;
            self.refusal = None;
            return;
        }
        let ways: Vec<&Alternative> = self.others.iter().filter(|a| a.plan.is_some()).collect();
        let at = ways.iter().position(|a| a.plan.as_ref().is_some_and(|p| self.is_about(p)));
        let n = ways.len();
        let step = if back { n.saturating_sub(1) } else { 1 };
        let next = at.map_or(0, |i| (i + step) % n.max(1));
        let Some((release, plan)) =
            ways.get(next).and_then(|a| Some((a.release.clone(), a.plan.clone()?)))
        else {
            return;
        };
        if self.is_about(&plan) {
            return;
        }
        // another request: it is read, guarded and typed anew
        let others = std::mem::take(&mut self.others);
        let (incident, stale) = (self.incident.clone(), self.stale);
        *self = Self { others, picked: Some(release), stale, ..Self::new(incident, plan, wall) };
        self.on_reason = self.needs_reason();
    }

    /// Checks fail, and a reason goes past all of them.
    pub fn needs_reason(&self) -> bool {
        self.plan.blocked().is_none() && (self.stale || self.plan.to_waive().next().is_some())
    }

    /// Whether the board is fresh changes by itself.
    pub fn age(&mut self, stale: bool) {
        self.stale = stale;
        self.on_reason &= self.needs_reason();
    }

    /// True when the plan is about the same request; its checks may differ.
    pub fn is_about(&self, other: &RollbackPlan) -> bool {
        let about = |p: &RollbackPlan| RollbackPlan { prechecks: vec![], ready: true, ..p.clone() };
        about(&self.plan) == about(other)
    }
}

/// Why Enter did not fire, or why what was typed is gone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DialogRefusal {
    TooSmall,
    /// The unfolded checks are not all in sight.
    Unfolded,
    TooSoon,
    /// The name of the first required pre-check that fails.
    NotReady(String),
    /// A check fails that only a written reason goes past.
    NoReason,
    /// A check began to fail while the dialog was open.
    Worse(String),
    WrongToken,
    /// What it opened with is not suspected, and nobody chose it.
    Unchosen,
    /// Keys came in one burst.
    Burst,
}

/// Palette rows that match, best first: name starts so, name holds it, doc holds it.
pub fn matches(text: &str) -> Vec<&'static CommandRow> {
    let text = text.trim().to_lowercase();
    let class = |row: &CommandRow| match row {
        r if r.name.starts_with(&text) => Some(0),
        r if r.name.contains(&text) => Some(1),
        r if r.doc.to_lowercase().contains(&text) => Some(2),
        _ => None,
    };
    let mut found: Vec<_> = TABLE.iter().filter_map(|r| class(r).map(|c| (c, r))).collect();
    found.sort_by_key(|(c, _)| *c);
    found.into_iter().map(|(_, r)| r).collect()
}
