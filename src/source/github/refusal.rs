//! What GitHub means by an answer that is no list: moved, not to be seen, forbidden, limited. Each
//! has its own words, its own wait and the key to change. No IO.

use crate::domain::time::Span;
use crate::source::answer::HttpAnswer;
use crate::source::error::SourceError;

/// GitHub's own advice where a secondary limit says no time.
const SLOW_DOWN: Span = Span::from_secs(60);

/// Passes what can be read.
///
/// # Errors
/// What to do about everything else. `signed`: a token was sent.
pub fn judged(answer: &HttpAnswer, repo: &str, signed: bool) -> Result<(), SourceError> {
    let told = answer.told().unwrap_or_default();
    let limited = told.to_lowercase().contains("rate limit") || told.contains("abuse");
    match answer.status {
        301 | 302 | 307 | 308 => Err(SourceError::give_up(moved(answer, repo))),
        401 => Err(SourceError::denied(
            "GitHub does not know the token: it is wrong or has expired (the secret of `auth`)",
        )),
        403 | 429 if answer.exhausted().is_some() => {
            let after = answer.retry_after().or_else(|| answer.exhausted());
            let cure = if signed { "" } else { "; a token (`auth`) has 5,000" };
            let why = format!("rate limit: GitHub's questions of this hour are used up{cure}");
            Err(SourceError::Retry { why, after })
        }
        403 | 429 if limited || answer.header("retry-after").is_some() => {
            let after = Some(answer.retry_after().unwrap_or(SLOW_DOWN));
            let why = format!("rate limit: GitHub asks to slow down (http {})", answer.status);
            Err(SourceError::Retry { why, after })
        }
        403 if signed => Err(SourceError::denied(format!(
            "the token may not read the deployments of {repo}: give it Deployments: read \
             (GitHub says: {told})"
        ))),
        403 => Err(SourceError::denied(format!(
            "GitHub refuses to tell of {repo} without a token: write `auth` (GitHub says: {told})"
        ))),
        404 if signed => Err(SourceError::give_up(format!(
            "http 404: no repository {repo} for this token: look at `repo`, and whether the token \
             may read its deployments"
        ))),
        404 => Err(SourceError::give_up(format!(
            "http 404: no public repository {repo}: look at `repo`; a private one needs `auth`"
        ))),
        410 | 451 => Err(SourceError::give_up(format!(
            "http {}: GitHub does not give {repo} any more: {told}",
            answer.status
        ))),
        _ => answer.check(),
    }
}

fn moved(answer: &HttpAnswer, repo: &str) -> String {
    let place = answer.header("location").and_then(|l| url::Url::parse(l).ok());
    match place.as_ref().and_then(url::Url::host_str) {
        Some(host) => format!("{repo} moved to host {host}: change `url`"),
        None => format!("{repo} was moved or renamed: write its new owner/name in `repo`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, headers: &[(&str, &str)], body: &str, signed: bool) -> SourceError {
        let mut answer =
            HttpAnswer { status, body: body.as_bytes().to_vec(), ..HttpAnswer::default() };
        answer.headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        judged(&answer, "acme/web", signed).expect_err("refused")
    }

    #[test]
    fn github_refusals_have_their_own_words_and_waits() {
        let message = |text: &str| format!("{{\"message\":\"{text}\"}}");
        let bad = refused(401, &[], &message("Bad credentials"), true);
        assert!(matches!(&bad, SourceError::Denied { why } if why.contains("expired")), "{bad}");
        let text = message("Resource not accessible by personal access token");
        let bad = refused(403, &[], &text, true);
        let why = bad.why();
        assert!(why.contains("Deployments: read") && why.contains("not accessible"), "{why}");
        assert!(refused(403, &[], &text, false).why().contains("`auth`"));
        for (signed, word) in [(true, "this token"), (false, "private one needs `auth`")] {
            let gone = refused(404, &[], &message("Not Found"), signed);
            assert!(matches!(&gone, SourceError::GiveUp { why } if why.contains(word)), "{gone}");
        }
        let slow = refused(403, &[], &message("You have exceeded a secondary rate limit"), true);
        assert_eq!(slow.after(), Some(Span::from_secs(60)), "{slow}");
        let slow = refused(429, &[("retry-after", "30")], "", true);
        assert_eq!(slow.after(), Some(Span::from_secs(30)));
        let reset = [
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1795168860"),
            ("date", "Fri, 20 Nov 2026 10:00:00 GMT"),
        ];
        let text = message("API rate limit exceeded for 192.0.2.1");
        let out = refused(403, &reset, &text, false);
        assert_eq!(out.after(), Some(Span::from_secs(60)), "{out}");
        assert!(out.why().contains("5,000"), "{out}");
        let moved = refused(301, &[("location", "https://git.example/x")], "", true);
        assert!(moved.why().contains("moved to host git.example"), "{moved}");
        assert!(refused(301, &[], "", true).why().contains("`repo`"));
    }
}
