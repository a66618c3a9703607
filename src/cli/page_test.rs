//! `tillwatch page-test`: a marked test to each sink, by the code that pages go through, and what
//! each of them said. Nothing of it is in the journal.

use std::sync::Arc;

use serde::Serialize;
use tokio::task::JoinSet;

use crate::config::Config;
use crate::domain::id::IncidentId;
use crate::incident::emission::Emission;
use crate::incident::event::Outcome;
use crate::incident::words;
use crate::shell::clock::Clock;
use crate::shell::post::PostOffice;
use crate::shell::settings;

use super::app;
use super::args::{Global, PageTestArgs, RoleArg};
use super::exit::Exit;
use super::out;

const SCHEMA: &str = "tillwatch/page-test/1";

/// What one sink said.
#[derive(Serialize)]
struct TestedSink {
    name: String,
    kind: &'static str,
    #[serde(flatten)]
    answer: Outcome,
}

#[derive(Serialize)]
struct PageTestDocument {
    schema: &'static str,
    id: IncidentId,
    sinks: Vec<TestedSink>,
}

pub fn run(global: &Global, args: &PageTestArgs) -> Exit {
    inner(global, args).unwrap_or_else(|exit| exit)
}

fn inner(global: &Global, args: &PageTestArgs) -> Result<Exit, Exit> {
    if global.role != RoleArg::Operator {
        out::error("read-only: observers and walls send nothing");
        return Err(Exit::No);
    }
    let config = app::config(global)?.config();
    let who = app::person(&config).name;
    let post = chosen(&config, args, &who)?;
    let runtime = app::runtime()?;
    let clock = Clock::system();
    let id = IncidentId::new(format!("TEST-{}", clock.wall().secs()));
    let sinks = runtime.block_on(told(post, &id, &who, clock));
    let exit = of(&sinks);
    if args.json {
        out::json(&PageTestDocument { schema: SCHEMA, id, sinks });
    } else {
        out::lines(sinks.iter().map(line));
    }
    Ok(exit)
}

/// The sinks that were asked for.
fn chosen(config: &Config, args: &PageTestArgs, who: &str) -> Result<Arc<PostOffice>, Exit> {
    let usage = |why: &str| {
        out::error(why);
        Exit::Usage
    };
    let mut config = config.clone();
    if config.sinks.is_empty() {
        return Err(usage("no [[sink]] is configured: nobody is told of anything"));
    }
    if let Some(name) = &args.sink {
        config.sinks.retain(|sink| sink.name == *name);
        if config.sinks.is_empty() {
            return Err(usage(&format!("no [[sink]] is named {name}")));
        }
    }
    settings::post_office(&config, who).map_err(|why| usage(&why))
}

/// All at once; in the order of the config.
async fn told(post: Arc<PostOffice>, id: &IncidentId, who: &str, clock: Clock) -> Vec<TestedSink> {
    let mut under_way = JoinSet::new();
    for at in 0..post.pagers.len() {
        let (post, id, who) = (Arc::clone(&post), id.clone(), who.to_owned());
        under_way.spawn(async move {
            let pager = post.pagers.get(at)?;
            let config = pager.config();
            let key = format!("{id}.test.{}", config.name);
            let test = Emission::test(&config.name, &who, key.as_str().into(), clock.wall());
            let answer = pager.send(&id, &test, clock.wall()).await;
            Some((at, TestedSink { name: config.name.clone(), kind: config.kind.name(), answer }))
        });
    }
    let mut rows: Vec<(usize, TestedSink)> =
        under_way.join_all().await.into_iter().flatten().collect();
    rows.sort_by_key(|(at, _)| *at);
    rows.into_iter().map(|(_, row)| row).collect()
}

fn line(row: &TestedSink) -> String {
    format!("{} ({}): {}", row.name, row.kind, words::outcome(&row.answer))
}

/// 0 when each took it, 1 when one did not, 3 when one may or may not have.
fn of(rows: &[TestedSink]) -> Exit {
    let any = |test: fn(&Outcome) -> bool| rows.iter().any(|row| test(&row.answer));
    if any(|a| matches!(a, Outcome::Refused { .. } | Outcome::NotSent { .. })) {
        Exit::No
    } else if any(|a| matches!(a, Outcome::Unknown { .. })) {
        Exit::Unsure
    } else {
        Exit::Ok
    }
}
