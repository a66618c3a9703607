//! Signs that an answer with a good status did nothing: exit codes, deeds denied, rehearsals, ways
//! to a sign-in page, words of trouble in short texts. Tables and how they are matched; what such a
//! sign is worth beside a plain yes or no is decided by the caller.

use serde_json::Value;

use super::words::truth;

/// Longer texts are logs and pages of help: their words are about many things.
const SHORT: usize = 400;

/// How a process ended.
const EXIT: &[&str] = &[
    "exit",
    "exitcode",
    "exitstatus",
    "returncode",
    "returnstatus",
    "returnvalue",
    "retcode",
    "rc",
    "ret",
    "retval",
    "errno",
    "errorlevel",
    "processexitcode",
];
/// Something that a receiver says it did not do, when the flag is down.
const DEED: &[&str] = &[
    "acknowledged",
    "activated",
    "allowed",
    "applied",
    "approved",
    "authenticated",
    "authorised",
    "authorized",
    "changed",
    "created",
    "delivered",
    "deploy",
    "deployed",
    "dispatched",
    "enqueued",
    "executed",
    "handled",
    "initiated",
    "launched",
    "live",
    "loggedin",
    "modified",
    "passed",
    "performed",
    "permitted",
    "processed",
    "promoted",
    "published",
    "ran",
    "received",
    "released",
    "restored",
    "reverted",
    "revert",
    "rollback",
    "rolledback",
    "run",
    "saved",
    "scheduled",
    "sent",
    "signedin",
    "submitted",
    "switched",
    "undone",
    "updated",
    "valid",
];
/// Something that keeps a deed from being done, when the flag is up.
const IDLE: &[&str] = &[
    "aborted",
    "approvalneeded",
    "approvalrequired",
    "authrequired",
    "blocked",
    "canceled",
    "cancelled",
    "disabled",
    "dry",
    "dryrun",
    "duplicate",
    "duplicated",
    "expired",
    "ignored",
    "locked",
    "loginrequired",
    "maintenance",
    "mock",
    "mocked",
    "needsapproval",
    "noop",
    "partial",
    "pendingapproval",
    "requiresapproval",
    "requireslogin",
    "simulated",
    "simulation",
    "skipped",
    "suspended",
    "testmode",
    "throttled",
    "timedout",
    "timeout",
    "unchanged",
    "whatif",
];
/// Where to go on, or which kind of thing this is.
const ELSEWHERE: &[&str] =
    &["redirect", "redirects", "redirectto", "redirecturl", "redirecturi", "location", "next"];
const SIGN_IN: &[&str] = &["loginurl", "signinurl", "authurl", "ssourl", "loginuri"];
const KIND: &[&str] = &["type", "class", "exceptionclass", "exceptiontype"];
/// Words for people, about this answer.
const SPOKEN: &[&str] = &[
    "message",
    "msg",
    "text",
    "info",
    "detail",
    "details",
    "statusmessage",
    "warning",
    "warnings",
    "warn",
    "alert",
    "stderr",
];

/// What is no trouble although its words are.
const FINE: &[&str] = &[
    "no error",
    "no-error",
    "0 error",
    "without error",
    "without any error",
    "error-free",
    "no failure",
    "0 failure",
    "0 failed",
    "none failed",
    "no failed",
    "without failure",
    "error rate",
    "error budget",
    " approved",
    "failed over",
    "fail over",
    "failover",
    "failing over",
    "rejected: 0",
    "0 rejected",
    "0 skipped",
    "not locked",
    "unlocked",
];
/// Parts of words and phrases that speak of trouble wherever they stand in a short text.
const TROUBLE: &[&str] = &[
    "fail",
    "error",
    "exception",
    "denied",
    "deny",
    "forbid",
    "unauthor",
    "not authori",
    "not permitted",
    "not allowed",
    "no permission",
    "permission required",
    "reject",
    "refuse",
    "declin",
    "invalid",
    "not found",
    "no such",
    "does not exist",
    "not exist",
    "unknown",
    "cannot",
    "can't",
    "could not",
    "couldn't",
    "unable",
    "not available",
    "unavailable",
    "not possible",
    "not supported",
    "unsupported",
    "not implemented",
    "not configured",
    "not enabled",
    "not ready",
    "not running",
    "log in",
    "login",
    "log-in",
    "sign in",
    "signin",
    "sign-in",
    "sign on",
    "password",
    "credential",
    "session",
    "window.location",
    "document.location",
    "captcha",
    "redirect",
    "locked",
    "lock held",
    "expire",
    "approv",
    "awaiting",
    "maintenance",
    "frozen",
    "freeze",
    "suspend",
    "disabled",
    "blocked",
    "paused",
    "throttl",
    "rate limit",
    "quota",
    "too many",
    "dry run",
    "dry-run",
    "dryrun",
    "simulat",
    "no-op",
    "noop",
    "nothing",
    "no change",
    "unchanged",
    "up to date",
    "up-to-date",
    "already",
    "skip",
    "ignor",
    "cancel",
    "abort",
    "crash",
    "timeout",
    "timed out",
    "try again",
    "upstream",
    "no healthy",
    "disconnect",
    "connection reset",
    "connection refused",
    "bad gateway",
    "no backend",
    "no server",
    "missing",
    "conflict",
    "panic",
    "traceback",
    "fatal",
];

/// Whether the value under a key, given in lower case without separators, is such a sign.
pub fn sign(key: &str, value: &Value) -> bool {
    let bare = |key: &str| key.strip_prefix("is").or(key.strip_prefix("was")).map(str::to_owned);
    let is = |list: &[&str]| list.contains(&key);
    let flag = |list: &[&str]| is(list) || bare(key).is_some_and(|k| list.contains(&k.as_str()));
    let text = || value.as_str().unwrap_or_default();
    if is(EXIT) {
        return number(value).is_some_and(|n| n != 0.0);
    }
    (flag(DEED) && truth(value) == Some(false))
        || (flag(IDLE) && truth(value) == Some(true))
        || (is(SIGN_IN) && !text().is_empty())
        || (is(ELSEWHERE) && asks_in(text()))
        || (is(KIND) && is_fault(text()))
        || (is(SPOKEN) && spoken(value))
}

/// A number that is no HTTP status and not zero, where a word for how it stands belongs.
pub fn odd(value: &Value) -> bool {
    number(value).is_some_and(|n| n < 0.0 || (0.0 < n && n < 100.0))
}

/// A whole answer that is no more than the word for nothing.
pub fn nothing(text: &str) -> bool {
    const NOTHING: [&str; 6] = ["null", "nil", "none", "undefined", "nan", "0"];
    let text = text.trim().to_lowercase();
    NOTHING.contains(&text.as_str()) || text.parse::<f64>().is_ok_and(|n| n < 0.0)
}

/// Whether a short text speaks of trouble.
pub fn speaks(text: &str) -> bool {
    if text.len() > SHORT {
        return false;
    }
    let mut text = format!(" {}", text.to_lowercase().replace('_', " "));
    for fine in FINE {
        text = text.replace(fine, " ");
    }
    TROUBLE.iter().any(|word| text.contains(word))
        || text.split(|c: char| !c.is_alphanumeric()).any(|word| word == "not" || word == "err")
}

fn spoken(value: &Value) -> bool {
    match value {
        Value::String(text) => speaks(text),
        Value::Array(all) => all.iter().any(spoken),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// An address or a path where people sign in.
fn asks_in(text: &str) -> bool {
    let text = text.to_lowercase();
    ["login", "signin", "sign-in", "sign_in", "auth", "sso", "saml"]
        .iter()
        .any(|w| text.contains(w))
}

/// A name of an exception, as frameworks print it.
fn is_fault(text: &str) -> bool {
    let text = text.to_lowercase();
    ["exception", "error", "fault", "failure", "denied"].iter().any(|end| text.ends_with(end))
}
