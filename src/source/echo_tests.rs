//! Servers that say back what they were sent, to every kind of source: nothing of a secret is in an
//! error, a note or a record, whatever part of the answer it comes back in.

use serde_json::json;

use super::config::{Auth, Basic};
use super::fixture::{Reply, SeenRequest, Server, secret_file};
use super::*;

const PASSWORD: &str = "Tr0ub4dor/\"+&canary";
const TOKEN: &str = "canary-7f3e9a1c5b2d8e4f";
/// A secret in an address, and one in a header that is named like none.
const IN_ADDRESS: &str = "urlcanary-99817";
const IN_HEADER: &str = "4f9d8a7b6c5e4d3c2b1a00ff";

/// Pieces of the secrets as they are sent; none of them may come out.
const PIECES: [&str; 10] = [
    "Tr0ub4",
    "canary",
    "dTpUcjB1YjRk",
    "7f3e9a1c",
    "99817",
    "4f9d8a7b",
    "2b1a00ff",
    "T3J1YjR",
    "ub4dor",
    "5b2d8e4f",
];

fn config(kind: SourceKind, url: &str, auth: Auth) -> SourceConfig {
    let more = match kind {
        SourceKind::Prometheus => {
            "query = [{ kind = \"gauge\", metric = \"beacon_lag\", expr = \"x\", \
             labels = { template = \"page\" } }, \
             { kind = \"gauge\", metric = \"orphan_share\", expr = \"y\" }]"
        }
        SourceKind::Github => "repo = \"a/b\"",
        SourceKind::HttpJson => {
            "[[record]]\nkind = \"change\"\npath = \"/v1/x?api_key=urlcanary-99817\"\n\
             rows = \"rows\"\ntime = \"at\"\n[record.change]\nid = \"name\"\n\
             service = \"service\"\nversion = \"name\"\nauthor = \"author\"\n"
        }
        SourceKind::Exposition => {
            "query = [{ kind = \"gauge\", metric = \"beacon_lag\", expr = \"lag\", \
             labels = { template = \"page\" } }]"
        }
    };
    let text = format!(
        "name = \"s\"\nkind = \"{}\"\nurl = \"{url}/p?token={IN_ADDRESS}\"\n\
         headers = {{ X-Route = \"{IN_HEADER}\" }}\ntimeout = \"2s\"\n{more}",
        kind.name()
    );
    let mut config: SourceConfig = toml::from_str(&text).unwrap_or_else(|e| panic!("{e}"));
    config.auth = Some(auth);
    config
}

/// Everything the server was sent, cut and dressed as `form` says.
fn echo(seen: &SeenRequest, form: usize) -> Reply {
    let all = format!("{} {} {}", seen.line, seen.head, seen.body);
    let plain = "content-type: text/plain\r\n";
    match form {
        0 => Reply::new(401, "", &json!({ "message": all, "error": all }).to_string()),
        1 => Reply::new(400, plain, &all),
        2 => Reply::new(503, plain, &all.replace(' ', "\r\n  ")),
        3 => Reply::new(403, "content-type: text/html\r\n", &format!("<p>{all}")),
        4 => {
            let words = all.split_whitespace();
            let cut: Vec<&str> = words.map(|w| w.get(..w.len() * 3 / 5).unwrap_or(w)).collect();
            Reply::new(429, plain, &cut.join(" "))
        }
        5 => Reply::json(
            &json!({ "status": "error", "errorType": "bad_data", "error": all, "errors": [all] })
                .to_string(),
        ),
        6 => Reply::new(
            302,
            &format!("location: https://{}/x\r\n", all.replace(['\r', '\n', ' '], ".")),
            "",
        ),
        7 => {
            let pad = "x ".repeat(140);
            Reply::new(422, plain, &format!("{pad}{}", all.replace("uthorization: ", "")))
        }
        8 => Reply::json(
            &json!({ "rows": [{ "name": all, "service": all, "author": all,
            "at": "2026-11-20T10:00:00Z" }] })
            .to_string(),
        ),
        9 => {
            let line = all.replace(['\r', '\n'], " ").replace('\\', "\\\\").replace('"', "\\\"");
            Reply::new(200, plain, &format!("lag{{page=\"{line}\"}} 3\nodd {line}\n"))
        }
        10 => Reply::json(
            &json!([{ "id": 1, "ref": all, "environment": "production",
            "created_at": "2026-11-20T10:00:00Z", "creator": { "login": all }, "payload": all }])
            .to_string(),
        ),
        _ => {
            let labels = json!({ "page": all, "template": all });
            let point = json!([1_795_207_980.0, "3"]);
            let series = json!({ "metric": labels, "values": [point] });
            Reply::json(
                &json!({ "status": "success", "warnings": [all],
                "data": { "resultType": "matrix", "result": [series] } })
                .to_string(),
            )
        }
    }
}

#[tokio::test]
async fn no_kind_of_source_says_a_secret_back() {
    let now = Timestamp::from_secs(1_795_207_980);
    let folder = tempfile::tempdir().expect("folder");
    let word = tempfile::tempdir().expect("folder");
    let password = secret_file(folder.path(), PASSWORD);
    let token = secret_file(word.path(), TOKEN);
    let ways = [
        Auth {
            bearer: None,
            basic: Some(Basic { user: "u".to_owned(), password }),
            header: None,
            secret: None,
        },
        Auth { bearer: Some(token.clone()), basic: None, header: None, secret: None },
        Auth { bearer: None, basic: None, header: Some("X-Plain".to_owned()), secret: Some(token) },
    ];
    for kind in SourceKind::ALL {
        for auth in &ways {
            for form in 0..12 {
                let mut server = Server::start(move |seen| echo(seen, form)).await;
                let config = config(kind, &server.url, auth.clone());
                let mut source =
                    build(&config, Span::from_mins(1)).unwrap_or_else(|e| panic!("{e}"));
                let told = match source.poll(now).await {
                    Ok(harvest) => format!("{harvest:?}"),
                    Err(error) => format!("{error:?} {error}"),
                };
                assert!(!server.requests().is_empty(), "{} asked", kind.name());
                for piece in PIECES {
                    assert!(!told.contains(piece), "{} {form}: {piece} in {told}", kind.name());
                }
            }
        }
    }
}
