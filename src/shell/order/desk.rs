//! What orders are carried out with. Plain data, made in `settings`; what is done with it is the
//! rest of `order`.

use std::sync::Arc;

use crate::incident::event::Actor;
use crate::journal::Journal;
use crate::policy::action::ActionPolicy;
use crate::policy::response::ResponsePolicy;
use crate::shell::clock::Clock;
use crate::shell::kill_switch::KillSwitch;
use crate::sink::webhook::Webhook;

/// What orders are carried out with. Sinks are there for operators only.
pub struct OrderDesk {
    pub journal: Arc<Journal>,
    pub clock: Clock,
    pub actor: Actor,
    pub response: ResponsePolicy,
    pub actions: Vec<ActionPolicy>,
    /// Built from a `WriteCap`; empty for observers and walls, who can send nothing.
    pub webhooks: Vec<Webhook>,
    pub may_act: bool,
    pub kill_switch: KillSwitch,
    pub currency: String,
}
