//! Whether actions can be signed: looked at when the watcher starts, and by whoever is about to
//! send. A secret is read and dropped; a secret command is run only by who sends.

use std::collections::BTreeMap;

use crate::config::Config;
use crate::policy::action::{ActionPolicy, Signing};
use crate::sink::config::ActionConfig;
use crate::sink::sign::usable;
use crate::sink::webhook::{Keys, Webhook};
use crate::source::secret::SecretSpec;

use super::settings;

/// The configured actions with what the watcher can know about their secrets.
pub async fn seen(config: &Config) -> Vec<ActionPolicy> {
    let mut actions = settings::actions(config);
    for (policy, action) in actions.iter_mut().zip(&config.actions) {
        policy.signing = look(action).await;
    }
    actions
}

async fn look(action: &ActionConfig) -> Signing {
    for spec in std::iter::once(&action.secret).chain(&action.next_secret) {
        if matches!(spec, SecretSpec::Command(_)) {
            return Signing::NotRead;
        }
        match spec.resolve().await {
            Err(error) => return Signing::NotHere(error.to_string()),
            Ok(secret) => {
                if let Err(why) = usable(&secret) {
                    return Signing::Unusable(format!("{}: {why}", spec.place()));
                }
            }
        }
    }
    Signing::Usable
}

/// What was read for sending, by the name of the action.
pub type Ring = BTreeMap<String, Keys>;

/// The same for whoever is about to send, with what it takes to do so.
pub async fn known(actions: &[ActionPolicy], webhooks: &[Webhook]) -> (Vec<ActionPolicy>, Ring) {
    let (mut actions, mut ring) = (actions.to_vec(), Ring::new());
    for action in &mut actions {
        if let Some(webhook) = webhooks.iter().find(|w| w.config().name == action.name) {
            action.signing = match webhook.keys().await {
                Ok(keys) => {
                    ring.insert(action.name.clone(), keys);
                    Signing::Usable
                }
                Err(why) => Signing::Unusable(why.to_string()),
            };
        }
    }
    (actions, ring)
}
