//! What in a `[[sink]]` cannot work: found when a config is checked and before anything is sent,
//! each with the key it stands under. Nothing is sent from here.

use url::Url;

use crate::incident::emission::Occasion;
use crate::source::error::SourceError;
use crate::source::http::sign_in::{one_way, plain};
use crate::source::http::tls::{authorities, identity, paired};
use crate::source::http::{address, proxy};

use super::config::{SinkConfig, SinkKind};

/// Longest name: it is part of keys, headers and addresses of messages.
const NAME: usize = 40;
const MOST_TRIES: u32 = 20;

type Found = Vec<(&'static str, String)>;

/// Everything that can be seen without asking anybody.
pub fn faults(config: &SinkConfig) -> Found {
    let mut found = keys(config);
    let mut say = |key, wrong: bool, why: &str| {
        if wrong {
            found.push((key, why.to_owned()));
        }
    };
    let plain_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let name = &config.name;
    let named = !name.is_empty() && name.len() <= NAME && name.chars().all(plain_name);
    say("name", !named, "a name is 1 to 40 letters, digits, - and _");
    say("takes", config.takes.is_empty(), "it takes neither page nor ticket: nobody is told by it");
    say("severities", config.severities.is_empty(), "no severity is left: nobody is told by it");
    say("events", config.events.is_empty(), "no event is left: nobody is told by it");
    let test = config.events.contains(&Occasion::Test);
    say("events", test, "a test is sent by `tillwatch page-test` and goes to every sink");
    say("tries", !(1..=MOST_TRIES).contains(&config.tries), "1 to 20 tries");
    say("timeout", config.timeout.millis() <= 0, "there must be time for an answer");
    let mut look = |key, result: Result<(), SourceError>| {
        found.extend(result.err().map(|error| (key, error.why().to_owned())));
    };
    look("link", link(config));
    look("headers", plain(&config.headers).map(drop));
    look("client_cert", paired(config.tls()));
    look("proxy", proxy(config.proxy.as_deref()).map(drop));
    if let Some(auth) = &config.auth {
        look("auth", one_way(auth));
    }
    if let Some(url) = &config.url {
        look("url", address(url, config.insecure.as_deref()).map(drop));
    }
    for to in config.to.iter().chain(Some(&config.from).filter(|from| !from.is_empty())) {
        let key = if *to == config.from { "from" } else { "to" };
        look(key, mailbox(to));
    }
    found
}

/// What is wrong with the files it names; read by who sends, and by nobody who only looks.
pub fn files(config: &SinkConfig) -> Found {
    let ca = config.ca.as_deref().map_or(Ok(()), |path| authorities(path).map(drop));
    let all = [("ca", ca), ("client_cert", identity(config.tls()).map(drop))];
    all.into_iter().filter_map(|(key, result)| Some((key, result.err()?.to_string()))).collect()
}

/// Keys that a kind needs, and those that do nothing for it.
fn keys(config: &SinkConfig) -> Found {
    use SinkKind::{Email, Ntfy, Pagerduty, Slack, Webhook};
    let kind = config.kind;
    let given = [
        ("url", config.url.is_some(), &[Webhook, Ntfy][..], &[Pagerduty][..]),
        ("secret", config.secret.is_some(), &[Pagerduty, Webhook, Slack], &[]),
        ("next_secret", config.next_secret.is_some(), &[], &[Webhook]),
        ("auth", config.auth.is_some(), &[], &[Webhook, Ntfy]),
        ("to", !config.to.is_empty(), &[Email], &[]),
        ("from", !config.from.is_empty(), &[], &[Email]),
        ("command", config.command.is_empty(), &[], &[]),
    ];
    let mut found = Vec::new();
    for (key, there, needs, may) in given {
        if !there && needs.contains(&kind) {
            found.push((key, needed(kind, key)));
        }
        if there && !needs.contains(&kind) && !may.contains(&kind) {
            found.push((key, unused(kind, key)));
        }
    }
    found
}

fn needed(kind: SinkKind, key: &str) -> String {
    let what = match (kind, key) {
        (SinkKind::Pagerduty, "secret") => "the routing key of the service's Events API v2",
        (SinkKind::Slack, "secret") => "the whole address of the incoming webhook",
        (SinkKind::Webhook, "secret") => "what signs: whsec_ and base64 of 24 to 64 bytes",
        (SinkKind::Ntfy, "url") => "the address of the topic: https://ntfy.example/on-call",
        (SinkKind::Email, "to") => "the addresses: [\"on-call@shop.example\"]",
        _ => "where it goes",
    };
    format!("kind = \"{}\" needs {key}: {what}", kind.name())
}

fn unused(kind: SinkKind, key: &str) -> String {
    match (kind, key) {
        (_, "command") => "an empty command runs nothing".to_owned(),
        (SinkKind::Slack, "url") => {
            "the address of a slack sink is a secret: write secret = { file = .. }".to_owned()
        }
        (SinkKind::Ntfy, "secret") => {
            "an ntfy sink signs in by auth = { bearer = { file = .. } }".to_owned()
        }
        _ => format!("{key} does nothing for kind = \"{}\"", kind.name()),
    }
}

fn link(config: &SinkConfig) -> Result<(), SourceError> {
    let Some(link) = &config.link else { return Ok(()) };
    let whole = link.replace("{id}", "x");
    let web = Url::parse(&whole).is_ok_and(|url| matches!(url.scheme(), "https" | "http"));
    if web && !whole.contains(['{', '}']) {
        return Ok(());
    }
    Err(SourceError::give_up("a web address; only {id} is filled in"))
}

/// An address as it may stand in a header: nothing in it is read as another header or a flag.
fn mailbox(text: &str) -> Result<(), SourceError> {
    let odd =
        |c: char| c.is_control() || c.is_whitespace() || !c.is_ascii() || "<>,;:\"()".contains(c);
    let whole = text
        .split_once('@')
        .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty() && !host.contains('@'));
    if whole && !text.starts_with('-') && !text.contains(odd) {
        return Ok(());
    }
    Err(SourceError::give_up("a plain mail address: user@host"))
}
