//! What in an `[[action]]` cannot work: found when a config is checked and before anything is sent,
//! each with the key it stands under. Nothing is sent from here.

use url::Url;

use crate::sink::config::ActionConfig;
use crate::source::error::SourceError;
use crate::source::http::sign_in::{one_way, plain};
use crate::source::http::tls::{authorities, identity, paired};
use crate::source::http::{address, proxy};

use super::verdict::SuccessRule;

/// Stands in `status_url` for the receiver's own id.
pub(super) const RUN: &str = "{run}";

/// `run_id` and `{run}` belong together.
fn asked_by_run(config: &ActionConfig) -> Result<(), SourceError> {
    let asked = config.status_url.as_ref().is_some_and(|url| url.contains(RUN));
    match (asked, config.run_id.is_some()) {
        (true, false) => Err(SourceError::give_up(
            "status_url asks for {run}: say where the answer names it, run_id = \"data.run_id\"",
        )),
        (false, true) => {
            Err(SourceError::give_up("run_id does nothing while status_url does not hold {run}"))
        }
        _ => Ok(()),
    }
}

/// Nothing else is filled in.
fn placeholders(config: &ActionConfig) -> Result<(), SourceError> {
    let Some(url) = &config.status_url else { return Ok(()) };
    let rest = url.replace("{id}", "").replace(RUN, "");
    if !rest.contains(['{', '}']) {
        return Ok(());
    }
    Err(SourceError::give_up(
        "only {id} and {run} are filled in; another pair of braces stands here",
    ))
}

/// Recovery can be proven before the time for it is over.
fn provable(config: &ActionConfig) -> Result<(), SourceError> {
    if config.verify < config.verify_within {
        return Ok(());
    }
    let (clear, most) = (config.verify, config.verify_within);
    Err(SourceError::give_up(format!(
        "recovery is proven after {clear} without harm and given up after {most}: it could never \
         be proven; make it longer than verify"
    )))
}

/// What in an `[[action]]` cannot work, with the key it stands under.
pub fn faults(config: &ActionConfig) -> Vec<(&'static str, String)> {
    let insecure = config.insecure.as_deref();
    let mut found = Vec::new();
    let mut look = |key, result: Result<(), SourceError>| {
        found.extend(result.err().map(|e| (key, e.to_string())));
    };
    look("url", address(&config.url, insecure).map(drop));
    if let Some(status) = &config.status_url {
        let example = status.replace("{id}", "x").replace("{run}", "x");
        look("status_url", address(&example, insecure).map(drop));
    }
    if let Some(dry) = &config.dry_run_url {
        look("dry_run_url", address(dry, insecure).map(drop));
        if Url::parse(dry).ok() == Url::parse(&config.url).ok() {
            let why = "dry_run_url is the live url: a rehearsal needs a place of its own";
            look("dry_run_url", Err(SourceError::give_up(why)));
        }
    }
    if let Some(auth) = &config.auth {
        look("auth", one_way(auth));
    }
    look("status_url", placeholders(config));
    look("verify_within", provable(config));
    look("headers", plain(&config.headers).map(drop));
    look("success", SuccessRule::new(config.success.as_ref(), None).map(drop));
    look(
        "run_id",
        SuccessRule::new(None, config.run_id.as_deref()).and_then(|_| asked_by_run(config)),
    );
    look("client_cert", paired(config.tls()));
    look("proxy", proxy(config.proxy.as_deref()).map(drop));
    found
}

/// What is wrong with the files it names; read by who sends, and by nobody who only looks.
pub fn files(config: &ActionConfig) -> Vec<(&'static str, String)> {
    let ca = config.ca.as_deref().map_or(Ok(()), |path| authorities(path).map(drop));
    let all = [("ca", ca), ("client_cert", identity(config.tls()).map(drop))];
    all.into_iter().filter_map(|(key, result)| Some((key, result.err()?.to_string()))).collect()
}
