//! GitHub as real repositories use it: branches as refs, approvals, previews, budgets, new names.
//! Each test names the case it stands for.

use super::*;

/// A deployment as GitHub tells it, with a commit of one letter.
fn told(id: u64, reference: &str, letter: char, minute: i64) -> String {
    at_environment(id, (reference, letter), minute, "production", "")
}

fn at_environment(
    id: u64,
    (reference, letter): (&str, char),
    minute: i64,
    environment: &str,
    more: &str,
) -> String {
    let at = NOW.minus(Span::from_mins(minute));
    let sha = letter.to_string().repeat(40);
    format!(
        "{{\"id\":{id},\"ref\":\"{reference}\",\"sha\":\"{sha}\",\"task\":\"deploy\",\
         \"payload\":\"\",\"environment\":\"{environment}\",\"created_at\":\"{at}\"{more}}}"
    )
}

fn since(state: &str, minute: i64) -> Reply {
    states(&[(state, &NOW.minus(Span::from_mins(minute)).to_string())])
}

#[tokio::test]
async fn github_14_the_way_back_is_the_commit_that_was_live() {
    let server = Server::start(|seen| {
        if seen.line.contains("/statuses") {
            return since("success", if seen.line.contains("/103/") { 5 } else { 90 });
        }
        page(&[told(103, "main", 'b', 6), told(102, "main", 'a', 91)], "")
    })
    .await;
    let out = github(&server.url).poll(NOW).await.expect("harvest");
    let [good, bad] = &out.changes[..] else { panic!("{:?}", out.changes) };
    assert_eq!((good.id.as_str(), bad.id.as_str()), ("aaaaaaaaaaaa", "bbbbbbbbbbbb"));
    assert_eq!(good.version, "a".repeat(40), "whole, for whoever tells releases by it");
    assert_eq!(bad.previous, Some("aaaaaaaaaaaa".into()));
    assert_eq!((bad.kind, good.rolled_back_at), (ChangeKind::Deploy, None));
}

#[tokio::test]
async fn github_14_three_commits_of_two_branches_keep_their_names_over_a_restart() {
    let answer = |seen: &crate::source::fixture::SeenRequest| {
        if seen.line.contains("/statuses") {
            let age = [("/3/", 5), ("/2/", 50), ("/1/", 90)];
            let age = age.iter().find(|(id, _)| seen.line.contains(id)).map_or(90, |a| a.1);
            return since("success", age);
        }
        let rows =
            [told(3, "main", 'c', 6), told(2, "hotfix/cart", 'b', 51), told(1, "main", 'a', 91)];
        page(&rows, "")
    };
    let server = Server::start(answer).await;
    let names = |out: &Harvest| -> Vec<(String, Option<String>)> {
        let previous = |c: &Change| c.previous.as_ref().map(ToString::to_string);
        out.changes.iter().map(|c| (c.id.to_string(), previous(c))).collect()
    };
    let first = github(&server.url).poll(NOW).await.expect("harvest");
    let again = github(&server.url).poll(NOW).await.expect("after a restart");
    let name = |letter: &str| letter.repeat(12);
    let want = [(name("a"), None), (name("b"), Some(name("a"))), (name("c"), Some(name("b")))];
    assert_eq!(names(&first), want);
    assert_eq!(names(&again), want);
}

#[tokio::test]
async fn github_15_only_a_success_is_live() {
    for (state, status, told_of) in [
        ("waiting", ChangeStatus::Queued, false),
        ("queued", ChangeStatus::Queued, true),
        ("pending", ChangeStatus::Queued, true),
        ("", ChangeStatus::Queued, true),
        ("in_progress", ChangeStatus::Running, true),
        ("error", ChangeStatus::Failed, true),
        ("failure", ChangeStatus::Failed, true),
        ("inactive", ChangeStatus::Cancelled, true),
    ] {
        let server = Server::start(move |seen| {
            match (seen.line.contains("/statuses"), seen.line.contains("/9/")) {
                (true, true) if state.is_empty() => page(&[], ""),
                (true, true) => since(state, 4),
                (true, false) => since("success", if seen.line.contains("/8/") { 50 } else { 90 }),
                _ => page(
                    &[told(9, "main", 'c', 5), told(8, "main", 'b', 51), told(7, "main", 'a', 91)],
                    "",
                ),
            }
        })
        .await;
        let out = github(&server.url).poll(NOW).await.expect("harvest");
        let of = |letter: &str| out.changes.iter().find(|c| c.version.starts_with(letter));
        assert_eq!(of("c").is_some(), told_of, "{state}: {:?}", out.changes);
        assert!(of("c").is_none_or(|c| c.status == status), "{state}: {:?}", of("c"));
        assert!(
            !told_of
                || of("c").and_then(|c| c.previous.clone()) == Some("b".repeat(12).as_str().into())
        );
        let live = of("b").expect("the one before");
        assert_eq!((live.status, live.rolled_back_at), (ChangeStatus::Succeeded, None), "{state}");
        assert_eq!(live.previous, Some("a".repeat(12).as_str().into()), "{state}");
    }
}

#[tokio::test]
async fn github_19_environments_are_the_same_whatever_their_case() {
    let server = Server::start(|seen| {
        if seen.line.contains("/statuses") {
            return since("success", 50);
        }
        if seen.line.contains("environment=production") {
            return page(&[], ""); // as a server that compares letter by letter
        }
        page(&[at_environment(1, ("main", 'a'), 51, "Production", "")], "")
    })
    .await;
    let out = github(&server.url).poll(NOW).await.expect("harvest");
    let [change] = &out.changes[..] else { panic!("{out:?}") };
    assert_eq!(change.environment, "production", "as the config and its action write it");
}

#[tokio::test]
async fn github_19_where_no_environment_fits_those_there_are_named() {
    let server = Server::start(|_| {
        let of = |id, environment| at_environment(id, ("main", 'a'), 51, environment, "");
        page(&[of(1, "live-eu"), of(2, "live-eu"), of(3, "staging")], "")
    })
    .await;
    let mut github = github(&server.url);
    for _ in 0..2 {
        let out = github.poll(NOW).await.expect("harvest");
        let said = out.notes.join("\n");
        assert!(said.contains("`live-eu` (2), `staging` (1)"), "{said}");
        assert!(said.contains("write one of them as `environment`"), "{said}");
    }
}

#[tokio::test]
async fn github_previews_and_passing_environments_are_no_changes() {
    let server = Server::start(|seen| {
        if seen.line.contains("/statuses") {
            return since("success", 50);
        }
        let of = |id, environment, more: &str| {
            at_environment(
                id,
                ("main", 'a'),
                50 + i64::try_from(id).expect("small"),
                environment,
                more,
            )
        };
        page(
            &[
                of(1, "Preview", ""),
                of(2, "pr-12", ",\"transient_environment\":true"),
                of(3, "blue", ",\"transient_environment\":true"),
                of(4, "Production", ",\"production_environment\":true"),
            ],
            "",
        )
    })
    .await;
    let mut config = SourceConfig::bare(SourceKind::Github);
    config.url.clone_from(&server.url);
    config.repo = Some("https://github.com/acme/shop.git".to_owned());
    config.environment = Some(String::new());
    let out = Github::new(&config).expect("source").poll(NOW).await.expect("harvest");
    assert_eq!(out.changes.len(), 1, "{:?}", out.changes);
    assert_eq!(out.changes[0].environment, "Production");
    assert!(out.notes.iter().any(|n| n.contains("3 deployments to previews")), "{:?}", out.notes);
}

#[tokio::test]
async fn github_18_without_a_token_the_hour_is_not_used_up_in_minutes() {
    let left = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(60));
    let count = std::sync::Arc::clone(&left);
    let mut server = Server::start(move |seen| {
        use std::sync::atomic::Ordering;
        let left = count.fetch_sub(1, Ordering::Relaxed).saturating_sub(1);
        let reset = NOW.secs() + 3600;
        let rate = format!(
            "x-ratelimit-limit: 60\r\nx-ratelimit-remaining: {left}\r\n\
             x-ratelimit-reset: {reset}\r\n"
        );
        if seen.line.contains("/statuses") {
            let at = NOW.minus(Span::from_mins(50)).to_string();
            return page(&[format!("{{\"state\":\"success\",\"created_at\":\"{at}\"}}")], &rate);
        }
        let rows: Vec<String> = (0..20).map(|n| told(n, "main", 'a', 51)).collect();
        page(&rows, &rate)
    })
    .await;
    let mut github = github(&server.url);
    let mut notes = Vec::new();
    for poll in 0..240_i64 {
        let now = NOW.plus(Span::from_secs(15 * poll));
        let out = github.poll(now).await.unwrap_or_else(|e| panic!("blind at poll {poll}: {e}"));
        notes.extend(out.notes);
    }
    let asked = server.requests().len();
    assert!((30..=60).contains(&asked), "{asked} questions in the hour");
    assert!(notes.iter().any(|n| n.contains("60 questions an hour")), "{notes:?}");
}

#[tokio::test]
async fn github_a_renamed_repository_is_followed_and_told() {
    let server = Server::start(|seen| {
        if seen.line.contains("/repos/acme/shop/") {
            let head = "location: /repositories/77/deployments\r\n";
            return Reply::new(301, head, "{\"message\":\"Moved Permanently\"}");
        }
        if seen.line.contains("/statuses") {
            assert!(seen.line.contains("/repos/acme/store/"), "{}", seen.line);
            return since("success", 50);
        }
        let url = ",\"repository_url\":\"https://api.github.com/repos/acme/store\"";
        page(&[at_environment(1, ("main", 'a'), 51, "production", url)], "")
    })
    .await;
    let out = github(&server.url).poll(NOW).await.expect("harvest");
    assert_eq!(out.changes.len(), 1);
    assert!(
        out.notes.iter().any(|n| n.contains("acme/store now: change `repo`")),
        "{:?}",
        out.notes
    );
}

#[tokio::test]
async fn github_15_a_rollout_in_steps_was_live_before_it_was_given_up() {
    let server = Server::start(|seen| {
        if seen.line.contains("/statuses") {
            let at = |m: i64| NOW.minus(Span::from_mins(m)).to_string();
            return states(&[("inactive", &at(2)), ("in_progress", &at(40))]);
        }
        let at = NOW.minus(Span::from_mins(40));
        let payload =
            format!("{{\"version\":\"v2\",\"stages\":[{{\"at\":\"{at}\",\"share\":0.05}}]}}");
        page(&[row(1, "main", &NOW.minus(Span::from_mins(41)).to_string(), &payload)], "")
    })
    .await;
    let out = github(&server.url).poll(NOW).await.expect("harvest");
    assert_eq!(out.changes[0].status, ChangeStatus::Inactive);
}

#[tokio::test]
async fn github_15_states_that_do_not_say_when_they_were_are_read_as_they_stand() {
    let server = Server::start(|seen| match seen.line.contains("/statuses") {
        true if seen.line.contains("/2/") => page(&["{\"state\":\"waiting\"}".to_owned()], ""),
        true => page(&["{\"state\":\"success\"}", "{\"state\":\"queued\"}"].map(str::to_owned), ""),
        false => page(&[told(2, "main", 'b', 5), told(1, "main", 'a', 50)], ""),
    })
    .await;
    let out = github(&server.url).poll(NOW).await.expect("harvest");
    let [only] = &out.changes[..] else { panic!("{:?}", out.changes) };
    assert_eq!((only.id.as_str(), only.status), ("aaaaaaaaaaaa", ChangeStatus::Succeeded));
    assert_eq!(only.effective_at(), NOW.minus(Span::from_mins(50)), "when it was made");
    assert!(out.notes.iter().any(|n| n.contains("1 deployments wait for an approval")));
}
