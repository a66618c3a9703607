//! The cuboid over many worlds, for people: `./measure services`. Ignored by default, because it
//! takes minutes. What is right is decided in `play`.

use super::play::{Outcome, play};
use super::world::{Fault, ShopRelease};
use crate::verdict::Confidence;

const ROWS: [(&str, Fault, ShopRelease); 9] = [
    ("leaf, its own release", Fault::Leaf, ShopRelease::Own),
    ("leaf, a caller's release", Fault::Leaf, ShopRelease::Caller),
    ("leaf, a stranger's release", Fault::Leaf, ShopRelease::Stranger),
    ("leaf, no release near", Fault::Leaf, ShopRelease::Nobody),
    ("gateway, its own release", Fault::Gateway, ShopRelease::Own),
    ("gateway, a stranger's release", Fault::Gateway, ShopRelease::Stranger),
    ("region, a release of one service", Fault::Region, ShopRelease::Own),
    ("payment method, the payer's release", Fault::Method, ShopRelease::Own),
    ("calm, a release", Fault::Calm, ShopRelease::Own),
];

/// `TILLWATCH_SEEDS=1,2,3`; twelve unless given. `TILLWATCH_WORDS=1` tells every world.
fn seeds() -> Vec<u64> {
    let given = std::env::var("TILLWATCH_SEEDS").unwrap_or_default();
    let read: Vec<u64> = given.split(',').filter_map(|s| s.trim().parse().ok()).collect();
    if read.is_empty() { (1..=12).collect() } else { read }
}

#[test]
#[ignore = "minutes; prints the table of docs/detection.md"]
fn services() {
    let seeds = seeds();
    for graph in [true, false] {
        let title = if graph { "who calls whom is told" } else { "nobody tells who calls whom" };
        println!("\n| {title} | found | cases | place | healthy | right | innocent | at high |");
        println!("|---|---|---|---|---|---|---|---|");
        let mut all = Vec::new();
        for (name, fault, who) in ROWS {
            let played: Vec<Outcome> = seeds.iter().map(|s| play(*s, fault, who, graph)).collect();
            println!("{}", row(name, &played));
            if std::env::var("TILLWATCH_WORDS").is_ok() {
                for (seed, o) in seeds.iter().zip(&played) {
                    println!("seed {seed} {name}: {:?} of {:?}", o.suspect, o.guilty);
                    println!("  healthy {:?}, place {}", o.healthy, o.place);
                    o.words.iter().for_each(|w| println!("  {w}"));
                }
            }
            if fault != Fault::Calm {
                all.extend(played);
            }
        }
        println!("{}", row("all with a fault", &all));
    }
}

fn row(name: &str, played: &[Outcome]) -> String {
    let count = |f: &dyn Fn(&Outcome) -> bool| played.iter().filter(|o| f(o)).count();
    let high = |o: &Outcome| o.innocent() && o.confidence == Confidence::High;
    let cases: usize = played.iter().map(|o| o.cases).sum();
    format!(
        "| {name} | {} of {} | {:.1} | {} | {} | {} | {} | {} |",
        count(&|o| o.found),
        played.len(),
        cases as f64 / played.len().max(1) as f64,
        count(&|o| o.place),
        count(&|o| !o.healthy.is_empty()),
        count(&|o| o.right()),
        count(&|o| o.innocent()),
        count(&high),
    )
}
