//! Attacks on the promises: nothing lost, nothing doubled, nobody told a lie. Each runs as a slice
//! with the other tests and in full by `./attack`, which prints the rows of docs/reliability.md.
//! A seed gives the same attack again; what a process does in its own time may still differ.

mod book;
mod clock;
mod cuts;
mod disk;
mod faults;
mod kills;
mod liar;
mod moods;
mod opening;
mod races;
mod receivers;
mod scene;
mod servers;
mod shim;
mod sweep;

use std::collections::BTreeMap;
use std::process::{Command, Output};

use crate::child::output_or_hang;
use crate::wait::secs;

/// How much of an attack is done, and from which seed.
#[derive(Clone, Copy)]
struct Plan {
    count: usize,
    seed: u64,
}

impl Plan {
    const fn slice(count: usize) -> Self {
        Self { count, seed: 1 }
    }

    /// As `./attack` asks for, else `count`.
    fn full(count: usize) -> Self {
        let asked = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
        let many = asked("TILLWATCH_ATTACK_COUNT").and_then(|n| usize::try_from(n).ok());
        let seed = asked("TILLWATCH_ATTACK_SEED").unwrap_or(1);
        Self { count: many.unwrap_or(count), seed }
    }

    /// Numbers of its own for step `n`, whatever the steps before drew.
    fn dice(&self, n: usize) -> Dice {
        Dice(self.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (n as u64).wrapping_mul(0xD1B5_4A32))
    }
}

/// Random numbers that a seed gives again (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below `n`; 0 for none.
    fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { (self.next() % n as u64) as usize }
    }

    fn coin(&mut self) -> bool {
        self.next() & 1 == 1
    }
}

/// What was done and what was found.
struct Tally {
    name: &'static str,
    plan: Plan,
    counts: BTreeMap<&'static str, usize>,
    faults: Vec<String>,
}

impl Tally {
    fn new(name: &'static str, plan: Plan) -> Self {
        Self { name, plan, counts: BTreeMap::new(), faults: Vec::new() }
    }

    fn count(&mut self, what: &'static str) {
        self.add(what, 1);
    }

    fn add(&mut self, what: &'static str, n: usize) {
        *self.counts.entry(what).or_insert(0) += n;
    }

    fn fault(&mut self, text: String) {
        println!("FAULT {}: {text}", self.name);
        self.faults.push(text);
    }

    /// Each word that `found` returns is a fault of the step `what`.
    fn judge(&mut self, what: &str, found: Vec<String>) {
        for text in found {
            self.fault(format!("{what}: {text}"));
        }
    }

    /// The row of the table; fails when anything was found.
    fn end(self) {
        let counts: Vec<String> = self.counts.iter().map(|(k, n)| format!("{n} {k}")).collect();
        let (found, seed) = (self.faults.len(), self.plan.seed);
        println!("| {} | {} | {found} | {seed} |", self.name, counts.join(", "));
        assert!(found == 0, "{found} in {} (seed {seed}):\n{}", self.name, self.faults.join("\n"));
    }
}

/// Runs to the end; none when it hangs.
fn run(command: Command) -> Option<Output> {
    output_or_hang(command, secs(40))
}

/// Everything a process said.
fn words(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}
