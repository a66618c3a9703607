//! Statuses and headers: what each of them makes the poller do.

use super::*;

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> HttpAnswer {
    HttpAnswer {
        status,
        headers: headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        body: body.as_bytes().to_vec(),
    }
}

const DATE: (&str, &str) = ("date", "Fri, 20 Nov 2026 10:00:00 GMT");

#[test]
fn retry_after_is_clamped_and_dates_count_by_the_servers_clock() {
    let after = |v: &str| answer(503, &[DATE, ("retry-after", v)], "").retry_after();
    assert_eq!(after("30"), Some(Span::from_secs(30)));
    assert_eq!(after("999999999999999999999999"), Some(Span::from_secs(300)));
    assert_eq!(after("86400"), Some(Span::from_secs(300)));
    assert_eq!(after("Fri, 20 Nov 2026 10:00:20 GMT"), Some(Span::from_secs(20)));
    assert_eq!(after("Fri, 20 Nov 2020 10:00:20 GMT"), Some(Span::ZERO));
    assert_eq!(after("-5"), None);
    assert_eq!(after("soon"), None);
    let no_date = [("retry-after", "Fri, 20 Nov 2026 10:00:20 GMT")];
    assert_eq!(answer(503, &no_date, "").retry_after(), None);
}

#[test]
fn a_used_up_rate_limit_waits_for_its_reset() {
    let headers = [DATE, ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795168860")];
    let a = answer(403, &headers, "{\"message\":\"API rate limit exceeded\"}");
    let error = a.check().expect_err("limited");
    assert_eq!(error.after(), Some(Span::from_secs(60)));
    assert!(error.why().contains("API rate limit exceeded"));
    assert!(matches!(answer(403, &[DATE], "").check(), Err(SourceError::Denied { .. })));
}

#[test]
fn each_status_says_what_to_do() {
    let check = |status| answer(status, &[("content-type", "application/json")], "{}").check();
    assert_eq!(check(204), Ok(()));
    for status in [401, 403, 407] {
        assert!(matches!(check(status), Err(SourceError::Denied { .. })), "{status}");
    }
    for status in [400, 404, 405, 410, 422] {
        assert!(matches!(check(status), Err(SourceError::GiveUp { .. })), "{status}");
    }
    for status in [408, 429, 500, 502, 503, 504] {
        assert!(matches!(check(status), Err(SourceError::Retry { .. })), "{status}");
    }
    assert!(matches!(check(304), Err(SourceError::Malformed { .. })));
    let to = [("location", "https://other.example/x?token=SECRET")];
    let moved = answer(302, &to, "").check().expect_err("redirect");
    assert_eq!(moved.why(), "moved to host other.example: change the url");
}

#[test]
fn pages_and_empty_answers_are_not_data() {
    let html = answer(200, &[("content-type", "text/html")], "<html>Sign in</html>");
    assert!(matches!(html.json(), Err(SourceError::Denied { .. })));
    let sneaky = answer(200, &[("content-type", "application/json")], "\n <!doctype html>");
    assert!(matches!(sneaky.json(), Err(SourceError::Denied { .. })));
    for body in ["", "null", "  ", "404 page not found"] {
        let a = answer(200, &[("content-type", "application/json")], body);
        assert!(matches!(a.json(), Err(SourceError::Malformed { .. })), "{body}");
    }
    let bom = answer(200, &[], "\u{feff}[]");
    assert_eq!(bom.json(), Ok("[]"));
    let mut bad = answer(200, &[], "");
    bad.body = vec![b'[', 0xff, b']'];
    assert!(matches!(bad.json(), Err(SourceError::Malformed { .. })));
}
