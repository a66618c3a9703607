//! Where in a `[[source]]` something cannot work, key by key.
//! What can go wrong is `faults`.

/// One step on the way from a row to a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyStep<'a> {
    Key(&'a str),
    Row(usize),
}

/// What cannot work, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigFault {
    /// From the source's row on.
    pub at: Vec<KeyStep<'static>>,
    pub message: String,
}

impl ConfigFault {
    /// The key as a person would look for it: `query[2].unit`.
    pub fn key(&self) -> String {
        let word = |step: &KeyStep<'_>| match step {
            KeyStep::Key(key) => format!(".{key}"),
            KeyStep::Row(index) => format!("[{}]", index + 1),
        };
        let way: String = self.at.iter().map(word).collect();
        way.strip_prefix('.').map_or(way.clone(), str::to_owned)
    }
}
