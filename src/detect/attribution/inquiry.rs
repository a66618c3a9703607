//! What attribution looks at for one case: its shifts, the changes, what is known of the feed,
//! policy; and which changes shoppers met at all. Weighs nothing.

use super::change_feed::ChangeFeed;
use crate::detect::cube::store::Cube;
use crate::detect::scan::shift::Shift;
use crate::domain::change::{Change, ChangeStatus};
use crate::policy::blame::Blame;
use crate::policy::judging::Policy;
use crate::verdict::Candidate;

/// What attribution looks at.
pub struct Inquiry<'a> {
    pub cube: &'a Cube,
    pub shifts: &'a [Shift],
    pub changes: &'a [&'a Change],
    pub feed: &'a ChangeFeed,
    pub policy: &'a Blame,
    pub judging: &'a Policy,
    pub now: i64,
}

/// Shoppers met it: it is not waiting, failed or cancelled.
pub fn lived(c: &Change) -> bool {
    !matches!(c.status, ChangeStatus::Queued | ChangeStatus::Failed | ChangeStatus::Cancelled)
}

/// It may have brought something: its beginning was seen.
pub fn began(c: &Change) -> bool {
    lived(c) && !c.ran_before
}

/// What a candidate is gone back from, while it is live and that is known.
pub fn previous(c: &Change) -> Candidate {
    let back = c.is_release() && c.rolled_back_at.is_none() && c.status != ChangeStatus::Inactive;
    let previous = c.previous.clone().filter(|_| back);
    Candidate { release: c.id.clone(), share: 0.0, previous }
}
