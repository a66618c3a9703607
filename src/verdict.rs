//! What judging says, as facts: cells, findings, cases, suspects, impacts. Incidents, the board and
//! screens hold these and never see who found them. No statistics here, only their results with
//! the numbers that led to them. Names of fields and variants stand in stored records.

pub mod answer;
pub mod case;
pub mod cell;
pub mod class;
pub mod finding;
pub mod impact;
pub mod judgement;
pub mod standing;
pub mod suspect;

pub use self::answer::{Judged, Verdict};
pub use self::case::Case;
pub use self::cell::{Cell, FunnelStep};
pub use self::class::Class;
pub use self::finding::{Basis, Finding};
pub use self::impact::Impact;
pub use self::judgement::Judgement;
pub use self::standing::{GuardrailState, JourneyState};
pub use self::suspect::{Candidate, Confidence, Considered, Suspect};
