//! One table of the schema: its head, its keys and what they say. Plain data; which tables there
//! are is told by the files beside it.

/// A table of the config: its head, its keys and what they say.
pub struct Section {
    pub head: &'static str,
    pub about: &'static str,
    pub keys: &'static [(&'static str, &'static str)],
}

pub const fn section(
    head: &'static str,
    about: &'static str,
    keys: &'static [(&'static str, &'static str)],
) -> Section {
    Section { head, about, keys }
}
