//! `tillwatch shop`: the embedded shop alone, as a server on loopback.
//! The first line on stdout is its URL; everything else is the shop's business.

use std::sync::Arc;

use crate::domain::time::{Span, Timestamp};
use crate::shell::clock::Clock;
use crate::shop::{self, Clocks, Options};

use super::app;
use super::args::ShopArgs;
use super::exit::Exit;
use super::out;

/// Shared by everyone who starts the demo shop by hand; the shop sells nothing and listens on
/// loopback only. `TILLWATCH_SHOP_SECRET` replaces it.
pub const DEMO_SECRET: &str = "whsec_dGlsbHdhdGNoLWRlbW8tc2hvcC1pcy1uby1zZWNyZXQ=";

pub fn run(args: &ShopArgs) -> Exit {
    if args.list {
        out::lines(shop::list_text().lines());
        return Exit::Ok;
    }
    let start = args.start.unwrap_or_else(|| Clock::system().now());
    let options = options(args, start);
    if let (Some(file), Some(days)) = (&args.export_openmetrics, args.days) {
        return match shop::export_openmetrics(&options, file, days, Span::from_mins(5)) {
            Ok(()) => Exit::Ok,
            Err(error) => fail(&error.to_string()),
        };
    }
    serve(options, clock(args, start))
}

fn clock(args: &ShopArgs, start: Timestamp) -> Clock {
    if args.speed == 1.0 && args.start.is_none() {
        Clock::system()
    } else {
        Clock::simulated(start, args.speed)
    }
}

fn options(args: &ShopArgs, start: Timestamp) -> Options {
    Options {
        listen: args.listen,
        scenario: args.scenario.clone(),
        seed: args.seed,
        speed: args.speed,
        truth: !args.no_truth,
        visits_per_day: args.visits,
        history_days: 21,
        secret: std::env::var("TILLWATCH_SHOP_SECRET").unwrap_or_else(|_| DEMO_SECRET.to_owned()),
        start,
    }
}

/// The two clocks of a shop as it wants them.
pub fn clocks(clock: Clock) -> Clocks {
    Clocks { shop: Arc::new(move || clock.now()), wall: Arc::new(move || clock.wall()) }
}

fn serve(options: Options, clock: Clock) -> Exit {
    let Ok(runtime) = app::runtime() else { return Exit::No };
    runtime.block_on(async {
        match shop::serve(options, clocks(clock)).await {
            Ok(running) => {
                out::lines([running.url()]);
                crate::shell::signals::ended().await;
                running.shutdown().await;
                Exit::Ok
            }
            Err(error) => fail(&error.to_string()),
        }
    })
}

fn fail(why: &str) -> Exit {
    out::error(why);
    Exit::Usage
}
