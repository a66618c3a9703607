//! The words and keys of receivers, as tables: what each one means in an answer. Names are compared
//! in lower case, keys without their separators. No structure of answers here.

use serde_json::Value;

/// What a word for a state means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SaidWord {
    Done,
    Running,
    Failed,
    Open,
    Unheard,
    Other,
}

/// What the value under a key is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WordKey {
    /// A flag: did it work.
    Yes,
    /// A flag: is it over.
    Finished,
    /// What went wrong; empty when nothing did.
    Fault,
    /// A word for how it stands.
    State,
    /// An HTTP status.
    Code,
    /// Words for people.
    Message,
    /// Holds the answer proper; `any`: under names that nobody knows.
    Envelope {
        any: bool,
    },
    Other,
}

const DONE: &[&str] = &[
    "done",
    "success",
    "successful",
    "succeeded",
    "successfully",
    "complete",
    "completed",
    "finished",
    "ok",
    "okay",
    "deployed",
    "rolled_back",
    "rolledback",
    "live",
    "passed",
];
const RUNNING: &[&str] = &[
    "accepted",
    "pending",
    "queued",
    "running",
    "in_progress",
    "inprogress",
    "started",
    "starting",
    "scheduled",
    "processing",
    "received",
    "created",
    "waiting",
    "active",
    "working",
    "triggered",
    "submitted",
    "enqueued",
    "deploying",
    "rolling_back",
    "acknowledged",
    "executing",
    "progressing",
    "in_flight",
    "new",
    "initiated",
    "dispatched",
];
const FAILED: &[&str] = &[
    "failed",
    "failure",
    "fail",
    "failing",
    "error",
    "errored",
    "err",
    "refused",
    "rejected",
    "denied",
    "declined",
    "cancelled",
    "canceled",
    "aborted",
    "invalid",
    "forbidden",
    "unauthorized",
    "unauthorised",
    "unauthenticated",
    "unsuccessful",
    "exception",
    "crashed",
    "nok",
    "ko",
    "no",
    "false",
    "not_ok",
    "bad_request",
    "not_allowed",
    "method_not_allowed",
    "failed_precondition",
    "precondition_failed",
    "permission_denied",
    "access_denied",
    "blocked",
    "disabled",
    "terminated",
    "killed",
    "degraded",
    "not_acceptable",
    "gone",
];
const OPEN: &[&str] = &[
    "unknown",
    "ignored",
    "skipped",
    "duplicate",
    "duplicated",
    "conflict",
    "timeout",
    "timed_out",
    "timedout",
    "already_exists",
    "already_done",
    "partial",
    "partially_failed",
    "partial_success",
    "noop",
    "no_op",
    "unchanged",
    "internal_server_error",
    "internal_error",
    "bad_gateway",
    "service_unavailable",
    "gateway_timeout",
    "unprocessable_entity",
    "indeterminate",
];
const UNHEARD: &[&str] = &["not_found", "notfound", "missing", "no_such_request", "not_known"];

const YES: &[&str] = &[
    "ok",
    "success",
    "succeeded",
    "successful",
    "issuccess",
    "issuccessful",
    "accepted",
    "triggered",
    "isok",
    "queued",
    "started",
];
const FINISHED: &[&str] = &["done", "completed", "complete", "finished", "isdone", "iscomplete"];
const FAULT: &[&str] = &[
    "error",
    "errors",
    "err",
    "errs",
    "failed",
    "failure",
    "failures",
    "iserror",
    "haserror",
    "haserrors",
    "errored",
    "rejected",
    "denied",
    "exception",
    "exceptions",
    "fault",
    "errormessage",
    "errormessages",
    "errormsg",
    "errordescription",
    "errordetail",
    "errordetails",
    "errortype",
    "errorcode",
    "errorcount",
    "faultstring",
    "faultcode",
];
const STATE: &[&str] = &[
    "status",
    "state",
    "result",
    "outcome",
    "conclusion",
    "phase",
    "verdict",
    "statustext",
    "deploystatus",
    "deploymentstatus",
    "rollbackstatus",
    "jobstatus",
    "taskstatus",
    "operationstatus",
    "responsestatus",
    "requeststatus",
    "reply",
];
const CODE: &[&str] =
    &["code", "statuscode", "httpstatus", "httpcode", "httpstatuscode", "responsecode", "errno"];
const MESSAGE: &[&str] = &["message", "msg", "detail", "title", "reason", "description"];
const ENVELOPE: &[&str] = &[
    "response",
    "payload",
    "body",
    "output",
    "answer",
    "results",
    "responses",
    "rollback",
    "action",
    "job",
    "task",
    "run",
    "request",
    "operation",
    "operationstate",
    "deployment",
    "attributes",
    "items",
    "content",
    "return",
    "envelope",
    "meta",
];
/// Envelopes whose fields have names of their own, as GraphQL and Jenkins have them.
const OPEN_ENVELOPE: &[&str] = &["data", "jobs", "tasks", "actions"];

/// Words in a failure that leave open whether the request, or its twin, was carried out.
const DOUBTS: [&str; 8] = [
    "idempot",
    "duplicate",
    "already",
    "in progress",
    "in_progress",
    "timeout",
    "timed out",
    "timed_out",
];

/// The meaning of a word that stands alone.
pub fn word(text: &str) -> SaidWord {
    if text.len() > 64 {
        return SaidWord::Other;
    }
    let bare = text.trim().trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let bare = bare.replace([' ', '-'], "_");
    let is = |list: &[&str]| list.contains(&bare.as_str());
    match bare.as_str() {
        _ if is(DONE) => SaidWord::Done,
        _ if is(RUNNING) => SaidWord::Running,
        _ if is(FAILED) => SaidWord::Failed,
        _ if is(OPEN) => SaidWord::Open,
        _ if is(UNHEARD) => SaidWord::Unheard,
        _ => SaidWord::Other,
    }
}

/// A key in lower case, without separators.
pub fn bare(key: &str) -> String {
    key.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase()
}

pub fn key(text: &str) -> WordKey {
    let bare = bare(text);
    let is = |list: &[&str]| list.contains(&bare.as_str());
    match bare.as_str() {
        _ if is(YES) => WordKey::Yes,
        _ if is(FINISHED) => WordKey::Finished,
        _ if is(FAULT) => WordKey::Fault,
        _ if is(STATE) => WordKey::State,
        _ if is(CODE) => WordKey::Code,
        _ if is(MESSAGE) => WordKey::Message,
        _ if is(ENVELOPE) => WordKey::Envelope { any: false },
        _ if is(OPEN_ENVELOPE) => WordKey::Envelope { any: true },
        _ => WordKey::Other,
    }
}

/// A flag as JSON and forms write it.
pub fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(n) => match n.as_f64() {
            Some(0.0) => Some(false),
            Some(1.0) => Some(true),
            _ => None,
        },
        Value::String(text) => match text.trim().to_lowercase().as_str() {
            "true" | "1" | "yes" => Some(true),
            "false" | "0" | "no" => Some(false),
            _ => None,
        },
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A fault that is there: not null, not empty, not the word for none.
pub fn is_loaded(value: &Value) -> bool {
    const NONE: [&str; 11] =
        ["", "0", "none", "null", "nil", "ok", "no", "false", "no error", "no errors", "success"];
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(n) => n.as_f64() != Some(0.0),
        Value::String(text) => !NONE.contains(&text.trim().to_lowercase().as_str()),
        Value::Array(all) => all.iter().any(is_loaded),
        Value::Object(all) => all.values().any(is_loaded),
    }
}

pub fn leaves_open(text: &str) -> bool {
    let text = text.to_lowercase();
    DOUBTS.iter().any(|doubt| text.contains(doubt))
}
