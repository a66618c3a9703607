//! GitHub: recorded deployments, pages, ETags, rate limits, statuses, rollbacks.

use super::*;
use crate::domain::change::{ChangeKind, ChangeStatus};
use crate::source::config::SourceKind;
use crate::source::fixture::{Reply, Server, contract_text};
use crate::source::replay;

const NOW: Timestamp = Timestamp::from_secs(1_795_208_010);

fn github(url: &str) -> Github {
    let mut config = SourceConfig::bare(SourceKind::Github);
    config.url = url.to_owned();
    config.repo = Some("acme/shop".to_owned());
    Github::new(&config).expect("source")
}

fn row(id: u64, version: &str, at: &str, payload: &str) -> String {
    format!(
        "{{\"id\":{id},\"ref\":\"{version}\",\"task\":\"deploy\",\"payload\":{payload},\
         \"environment\":\"production\",\"created_at\":\"{at}\",\"creator\":{{\"login\":\"ana\"}}}}"
    )
}

fn page(rows: &[String], headers: &str) -> Reply {
    let head = format!("content-type: application/json\r\n{headers}");
    Reply::new(200, &head, &format!("[{}]", rows.join(",")))
}

fn states(states: &[(&str, &str)]) -> Reply {
    let row =
        |(state, at): &(&str, &str)| format!("{{\"state\":\"{state}\",\"created_at\":\"{at}\"}}");
    page(&states.iter().map(row).collect::<Vec<_>>(), "")
}

#[test]
fn the_published_examples_decode() {
    let bare = SourceConfig::bare(SourceKind::Github);
    let Some(text) = contract_text("github/deployments_list.json") else { return };
    let out = replay(&bare, &text).expect("list");
    let change = &out.changes[0];
    // Its ref is a branch, the name of many: the commit tells it from the others.
    assert_eq!(
        (change.version.as_str(), change.id.as_str(), change.environment.as_str()),
        ("a84d88e7554fc1fa21bcbc4efae3c782a70d2b9d", "a84d88e7554f", "production")
    );
    assert_eq!(change.created_at.to_string(), "2012-07-20T01:19:13.000Z");
    let text = contract_text("github/deployment_statuses_list.json").expect("file");
    assert!(replay(&bare, &text).is_ok());
    let refused = contract_text("github/error_422.json").expect("file");
    let error = replay(&bare, &refused).expect_err("422");
    assert!(matches!(&error, SourceError::GiveUp { why } if why.contains("Validation Failed")));
    let text = contract_text("github/pagination_link_headers.json").expect("file");
    let first = &crate::source::replay::exchanges(&text).expect("pairs")[0].answer;
    let next = first.header("link").and_then(next_page).expect("next");
    assert_eq!(next, "https://api.github.com/repositories/1000/issues?per_page=3&page=2");
    let last = contract_text("github/pagination_last_page.json").expect("file");
    let last = &crate::source::replay::exchanges(&last).expect("pairs")[0].answer;
    assert_eq!(last.header("link").and_then(next_page), None);
}

#[tokio::test]
async fn deployments_become_changes_with_their_history() {
    let mut server = Server::start(|seen| {
        if seen.line.contains("/3/statuses") {
            return states(&[("in_progress", "2026-11-20T12:00:05Z")]);
        }
        if seen.line.contains("/statuses") {
            return states(&[
                ("inactive", "2026-11-20T11:00:00Z"),
                ("success", "2026-11-20T10:05:00Z"),
                ("in_progress", "2026-11-20T10:01:00Z"),
            ]);
        }
        let payload = "{\"version\":\"theme-7\",\"kind\":\"theme\",\"templates\":[\"pdp\"],\
                       \"stages\":[[1795168800,0.1],\
                       {\"at\":\"2026-11-20T10:10:00Z\",\"share\":1}]}";
        let text = "\"{\\\"version\\\":\\\"theme-6\\\"}\"";
        page(
            &[
                row(3, "theme-6", "2026-11-20T12:00:00Z", "null"),
                row(2, "main", "2026-11-20T10:00:00Z", payload),
                row(1, "main", "2026-11-19T10:00:00Z", text),
            ],
            "etag: \"e1\"\r\n",
        )
    })
    .await;
    let mut github = github(&server.url);
    let out = github.poll(NOW).await.expect("harvest");
    let ids: Vec<_> = out.changes.iter().map(|c| c.id.as_str()).collect();
    assert_eq!(ids, ["theme-6", "theme-7", "theme-6#3"]);
    let theme = &out.changes[1];
    assert_eq!((theme.kind, theme.status), (ChangeKind::Theme, ChangeStatus::Inactive));
    assert_eq!(theme.previous, Some("theme-6".into()));
    assert_eq!((theme.stages.len(), theme.stages[0].share), (2, 0.1));
    assert!(theme.templates.contains("pdp") && theme.author == "ana" && theme.service == "shop");
    assert_eq!(theme.finished_at.map(|t| t.to_string()), Some("2026-11-20T10:05:00.000Z".into()));
    let back = &out.changes[2];
    assert_eq!((back.kind, back.status), (ChangeKind::Rollback, ChangeStatus::Running));
    // Only what is live takes something back, and this one is under way.
    assert_eq!(theme.rolled_back_at, None);
    assert_eq!(server.requests().len(), 4);
    let again = github.poll(NOW).await.expect("second");
    assert!(again.changes.is_empty(), "nothing new: {:?}", again.changes);
    let seen: Vec<_> = server.requests().into_iter().map(|s| s.line).collect();
    assert_eq!(seen.len(), 2, "finished ones are not asked again: {seen:?}");
}

#[tokio::test]
async fn pages_are_followed_on_the_same_host_only_and_never_in_circles() {
    let mut server = Server::start(|seen| {
        if seen.line.contains("/statuses") {
            return states(&[("success", "2026-11-20T10:05:00Z")]);
        }
        let host = seen.header("host").expect("host").to_owned();
        if seen.line.contains("/repositories/9/") {
            let link = format!(
                "link: <http://{host}/repositories/9/deployments?page=2>; \
                                rel=\"next\"\r\n"
            );
            return page(&[row(1, "v1", "2026-11-19T10:00:00Z", "{}")], &link);
        }
        let link = format!(
            "link: <http://{host}/repositories/9/deployments?page=2>; rel=\"next\", \
             <x>; rel=\"last\"\r\n"
        );
        page(&[row(2, "v2", "2026-11-20T10:00:00Z", "{}")], &link)
    })
    .await;
    let out = github(&server.url).poll(NOW).await.expect("harvest");
    assert_eq!(out.changes.len(), 2);
    assert!(out.partial && out.notes[0].contains("cut after 2 pages"), "{:?}", out.notes);
    let lists = server.requests().into_iter().filter(|s| !s.line.contains("statuses"));
    assert_eq!(lists.count(), 2);
    let server = Server::start(|_| {
        page(
            &[row(2, "v2", "2026-11-20T10:00:00Z", "{}")],
            "link: <http://192.0.2.1/repositories/9/deployments>; rel=\"next\"\r\n",
        )
    })
    .await;
    let out = github(&server.url).poll(NOW).await.expect("harvest");
    assert!(out.notes.iter().any(|n| n.contains("another host")), "{:?}", out.notes);
}

#[tokio::test]
async fn conditional_questions_and_rate_limits_are_honoured() {
    let mut server = Server::start(|seen| {
        let date = "date: Fri, 20 Nov 2026 10:00:00 GMT\r\n";
        if seen.line.contains("/statuses") {
            let headers =
                format!("{date}x-ratelimit-remaining: 0\r\nx-ratelimit-reset: 1795168860\r\n");
            let body = "{\"state\":\"success\",\"created_at\":\"2026-11-20T10:05:00Z\"}".to_owned();
            return page(&[body], &headers);
        }
        if seen.header("if-none-match") == Some("\"e1\"") {
            return Reply::raw("HTTP/1.1 304 X\r\n\r\n", crate::source::fixture::Then::Next);
        }
        page(&[row(2, "v2", "2026-11-20T10:00:00Z", "{}")], "etag: \"e1\"\r\n")
    })
    .await;
    let mut github = github(&server.url);
    assert_eq!(github.poll(NOW).await.expect("harvest").changes.len(), 1);
    let held = github.poll(NOW.plus(Span::from_secs(15))).await.expect_err("held");
    assert_eq!(held.after(), Some(Span::from_secs(45)));
    assert_eq!(server.requests().len(), 2, "no request while the limit is used up");
    let out = github.poll(NOW.plus(Span::from_secs(61))).await.expect("304");
    assert!(out.changes.is_empty());
    let seen = server.requests();
    assert_eq!((seen.len(), seen[0].header("if-none-match")), (1, Some("\"e1\"")));
}

mod real;
