//! `bench-features`: from histories to snapshots to features, for many accounts at month ends.
//!
//! Accounts are made up as they are needed, which is not counted: two in five are used, by some ten users a day through
//! 20 kinds of event for 18 months; all have subscriptions, bills, tickets, contacts, activities and surveys of two
//! years, told of as sources do, several times each. Each figure is a JSON line.

mod account;

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Parser;
use copilot_domain::history::AccountHistory;
use copilot_domain::time::{Timestamp, end_of_day};
use copilot_features::{FeatureConfig, compute};
use jiff::ToSpan;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use serde_json::json;

/// Features of accounts at month ends.
#[derive(Debug, Parser)]
struct Arguments {
    /// Accounts.
    #[arg(long, default_value_t = 10_000)]
    accounts: u32,
    /// Snapshots of each, a month apart.
    #[arg(long, default_value_t = 24)]
    snapshots: i32,
    /// Threads.
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

/// The last day of the last month.
const LAST: Date = date(2026, 6, 30);

/// What a thread spent.
#[derive(Debug, Default, Clone, Copy)]
struct Spent {
    making: Duration,
    snapshots: Duration,
    features: Duration,
    /// Of both, on a core: what other processes took is not in it. Absent where the system does not tell.
    on_core: Option<Duration>,
    values: u64,
}

impl Spent {
    fn counted(&self) -> Duration {
        self.snapshots + self.features
    }
}

fn instants(number: i32) -> Vec<Timestamp> {
    let zone = TimeZone::UTC;
    let month_end = |ago: i32| LAST.saturating_sub(ago.months()).last_of_month();
    (0..number)
        .rev()
        .map(|ago| end_of_day(month_end(ago), &zone))
        .collect()
}

fn walk(history: &AccountHistory, instants: &[Timestamp], config: &FeatureConfig, spent: &mut Spent) {
    let begun = Instant::now();
    let mut snapshots = history.snapshots();
    spent.snapshots += begun.elapsed();
    for at in instants {
        let begun = Instant::now();
        let snapshot = snapshots.at(*at);
        let made = Instant::now();
        let vector = compute(&snapshot, config);
        spent.values += vector.values().count() as u64;
        drop(snapshot);
        spent.snapshots += made - begun;
        spent.features += made.elapsed();
    }
}

/// Time that this thread spent on a core, as Linux tells it.
fn on_core() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = text.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

fn run(arguments: &Arguments) -> Result<Vec<Spent>> {
    let instants = instants(arguments.snapshots);
    let config = FeatureConfig {
        key_events: Some((0..12).map(account::event_name).collect::<BTreeSet<String>>()),
        ..FeatureConfig::default()
    };
    let next = AtomicU32::new(0);
    let work = || -> Result<Spent> {
        let mut spent = Spent::default();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= arguments.accounts {
                return Ok(spent);
            }
            let begun = Instant::now();
            let history = account::made_up(number, LAST)?;
            spent.making += begun.elapsed();
            let begun = on_core();
            walk(&history, &instants, &config, &mut spent);
            let walked = on_core().zip(begun).map(|(now, begun)| now.saturating_sub(begun));
            spent.on_core = walked.map(|walked| spent.on_core.unwrap_or_default() + walked);
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..arguments.threads).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().ok().context("a thread stopped")?)
            .collect()
    })
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let spent = run(&arguments)?;
    let slowest = spent.iter().map(Spent::counted).max().unwrap_or_default();
    let rows = f64::from(arguments.accounts) * f64::from(arguments.snapshots);
    let sum = |of: fn(&Spent) -> Duration| spent.iter().map(of).sum::<Duration>().as_secs_f64();
    let values: u64 = spent.iter().map(|spent| spent.values).sum();
    let mut out = std::io::stdout().lock();
    for (name, value, unit) in [
        ("features_accounts", f64::from(arguments.accounts), "accounts"),
        ("features_snapshots", f64::from(arguments.snapshots), "snapshots"),
        ("features_threads", arguments.threads as f64, "threads"),
        ("features_seconds", slowest.as_secs_f64(), "s"),
        (
            "features_core_seconds_of_a_thread",
            sum(|s| s.on_core.unwrap_or_default()) / arguments.threads as f64,
            "s",
        ),
        ("features_snapshot_us", sum(|s| s.snapshots) / rows * 1e6, "us"),
        ("features_compute_us", sum(|s| s.features) / rows * 1e6, "us"),
        ("features_values", values as f64 / rows, "values"),
    ] {
        let line = json!({"name": name, "value": (value * 100.0).round() / 100.0, "unit": unit});
        writeln!(out, "{line}")?;
    }
    let making = sum(|s| s.making);
    writeln!(
        std::io::stderr(),
        "making the accounts up took {making:.1} s, not counted"
    )?;
    Ok(())
}
