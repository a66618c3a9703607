//! `rehearse SCENARIO SEED HOURS [STEP_SECS]`: the product against the embedded shop, as fast as it
//! goes; prints what was opened and what stood on the board at the end.

use std::path::Path;

use tillwatch::config::load;
use tillwatch::domain::time::Span;
use tillwatch::incident::event::Event;
use tillwatch::shell::rehearsal::{Hands, Rehearsal, shop};

const SOURCES: &str = include_str!("../src/source/demo_sources.toml");

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [scenario, seed, hours, rest @ ..] = args.as_slice() else {
        anyhow::bail!("rehearse SCENARIO SEED HOURS [STEP_SECS]");
    };
    let hands = Hands::at("2026-11-20T17:30:00Z".parse()?);
    let secret = tillwatch::cli::shop::DEMO_SECRET;
    let running =
        tillwatch::shop::serve(shop(scenario, seed.parse()?, &hands, secret), hands.clocks())
            .await?;
    let text = SOURCES.replace("http://127.0.0.1:PORT", &running.url());
    let loaded = load::from_text(Path::new("rehearsal"), &text);
    let config = loaded.config.ok_or_else(|| anyhow::anyhow!("{:?}", loaded.problems))?;
    let step = Span::from_secs(rest.first().map_or(Ok(60), |s| s.parse())?);
    let mut rehearsal =
        Rehearsal::start(&config, hands, 21, step).await.map_err(anyhow::Error::msg)?;
    let steps = Span::from_hours(hours.parse()?).millis() / step.millis().max(1);
    let mut seen = 0;
    for _ in 0..steps {
        rehearsal.step(step).await;
        for record in &rehearsal.journal[seen..] {
            match &record.event {
                Event::Opened { case, .. } => println!(
                    "{} OPEN {} {:?} {} | {} | {:?} | suspect {:?} {:?} | {:?}",
                    record.at,
                    case.severity,
                    case.class,
                    case.rule,
                    case.headline,
                    case.segments.iter().map(ToString::to_string).collect::<Vec<_>>(),
                    case.suspect.release,
                    case.suspect.confidence,
                    case.risk_per_minute
                ),
                Event::Updated { case } => println!(
                    "{}      {} {} | {:?} | suspect {:?} {:?} | {:?}",
                    record.at,
                    case.severity,
                    case.headline,
                    case.segments.iter().map(ToString::to_string).collect::<Vec<_>>(),
                    case.suspect.release,
                    case.suspect.confidence,
                    case.risk_per_minute
                ),
                other => println!("{}      {:.100}", record.at, format!("{other:?}")),
            }
        }
        seen = rehearsal.journal.len();
    }
    running.shutdown().await;
    Ok(())
}
