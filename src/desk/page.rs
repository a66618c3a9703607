//! The pages of the screen, in the order of their keys.
//! What stands on a page is `present`; where a person is on it is `ui`.

/// A page of the screen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Page {
    #[default]
    Incidents,
    Incident,
    Heatmap,
    Releases,
    Journeys,
    Guardrails,
    Sources,
    Journal,
}

impl Page {
    pub const ALL: [Self; 8] = [
        Self::Incidents,
        Self::Incident,
        Self::Heatmap,
        Self::Releases,
        Self::Journeys,
        Self::Guardrails,
        Self::Sources,
        Self::Journal,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Incidents => "Incidents",
            Self::Incident => "Incident",
            Self::Heatmap => "Heatmap",
            Self::Releases => "Releases",
            Self::Journeys => "Journeys",
            Self::Guardrails => "Guardrails",
            Self::Sources => "Sources",
            Self::Journal => "Journal",
        }
    }
}
