//! A message by a local command that takes it like sendmail does: headers and text on standard
//! input, no shell, no address in an argument. The exit status is the answer (sysexits.h).

use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::domain::text::screen_text_last_field;
use crate::incident::event::Outcome;

use super::body::{Message, plain};
use super::config::SinkConfig;
use super::text;

/// Letters of a subject in one encoded word: RFC 2047 allows 75 characters of code.
const WORD: usize = 40;
/// Of what the command says on its way out.
const SAID: usize = 300;
/// No retry helps: sysexits.h knows these as faults of the message or of its addresses.
const FOR_GOOD: [i32; 5] = [64, 65, 67, 68, 77];

/// The whole message.
pub fn letter(config: &SinkConfig, message: Message<'_>) -> String {
    let Message { site, incident, emission, .. } = message;
    let subject = format!("[{site}] {}", text::headline(incident, emission));
    let mut head = Vec::new();
    if !config.from.is_empty() {
        head.push(format!("From: {}", config.from));
    }
    head.extend([
        format!("To: {}", config.to.join(", ")),
        format!("Subject: {}", encoded(screen_text_last_field(&subject).as_str())),
        format!("Date: {}", emission.at.utc().to_rfc2822()),
        format!("Message-ID: <{}@tillwatch>", emission.key),
        format!("References: <{incident}@tillwatch>"),
        "Auto-Submitted: auto-generated".to_owned(),
        "MIME-Version: 1.0".to_owned(),
        "Content-Type: text/plain; charset=utf-8".to_owned(),
        "Content-Transfer-Encoding: 8bit".to_owned(),
    ]);
    format!("{}\n\n{}\n", head.join("\n"), plain(message))
}

/// A header's text: as it is in ASCII, else in encoded words (RFC 2047).
pub fn encoded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut words = vec![String::new()];
    for letter in text.chars() {
        let full = words.last().is_some_and(|w| w.len() + letter.len_utf8() > WORD);
        if full {
            words.push(String::new());
        }
        words.iter_mut().last().into_iter().for_each(|w| w.push(letter));
    }
    let coded = words.iter().map(|w| format!("=?utf-8?B?{}?=", STANDARD.encode(w)));
    coded.collect::<Vec<_>>().join(" ")
}

/// Runs the command once; it is ended when its time is over.
pub async fn send(config: &SinkConfig, message: Message<'_>) -> Outcome {
    let not_sent = |detail: String| Outcome::NotSent { detail };
    let Some((program, rest)) = config.command.split_first() else {
        return not_sent("there is no command".to_owned());
    };
    let spawned = Command::new(program)
        .args(rest)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => return not_sent(format!("cannot run {program}: {}", error.kind())),
    };
    let text = letter(config, message);
    let pipe = child.stdin.take();
    let run = async {
        if let Some(mut pipe) = pipe {
            // one that does not read says why by its status
            let _unread = pipe.write_all(text.as_bytes()).await;
        }
        child.wait_with_output().await
    };
    let limit: Duration = config.timeout.to_std();
    match tokio::time::timeout(limit, run).await {
        Err(_) => Outcome::unknown(format!("{program} did not end in {}", config.timeout)),
        Ok(Err(error)) => Outcome::unknown(format!("{program}: {}", error.kind())),
        Ok(Ok(output)) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let said: String = said.trim().chars().take(SAID).collect();
            ended(program, output.status.code(), &said)
        }
    }
}

fn ended(program: &str, code: Option<i32>, said: &str) -> Outcome {
    let tail = if said.is_empty() { String::new() } else { format!(": {said}") };
    match code {
        Some(0) => Outcome::Accepted { status: 0, detail: format!("{program} took it") },
        Some(code) if FOR_GOOD.contains(&code) => Outcome::Refused {
            status: 0,
            detail: format!("{program} ended with {code}{tail}"),
            retry_after_s: None,
        },
        Some(code) => Outcome::unknown(format!("{program} ended with {code}{tail}")),
        None => Outcome::unknown(format!("{program} was ended by a signal{tail}")),
    }
}
