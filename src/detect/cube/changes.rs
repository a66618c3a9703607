//! What changed, as sources tell it: the newest word on each change, by source and id. Weighs
//! nothing.

use std::collections::BTreeMap;

use crate::domain::change::Change;
use crate::domain::id::{ReleaseId, SourceId};

/// Changes by source and id.
pub type Changes = BTreeMap<(SourceId, ReleaseId), Change>;
