//! The sections that belong to no other room: journal, identity, screen, keys.
//! Rows of policy, sources and actions are declared where they are used.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// `[journal]`
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JournalSection {
    /// `sqlite:PATH`; empty means the state folder.
    #[serde(default, deserialize_with = "crate::source::home::given_journal")]
    pub url: String,
}

/// `[identity]`
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentitySection {
    /// The name others see; empty means the OS user.
    #[serde(default)]
    pub operator: String,
}

/// `[ui]`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UiSection {
    /// Theme by name or file.
    #[serde(deserialize_with = "crate::source::home::given_text")]
    pub theme: String,
    /// ASCII characters only.
    pub ascii: bool,
    /// `y` may copy by OSC 52.
    pub clipboard: bool,
}

/// `[keys]`: command name to chords.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeysSection(pub BTreeMap<String, Vec<String>>);
