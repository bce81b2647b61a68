//! What happens in a town with a network: how many meters have each kind, and what no register counted.
//!
//! `cargo run --release -p simulate --example network 1000 30`

use reading::EventTime;
use simulate::lv::{LvSettings, LvSettingsError};
use simulate::{LvTown, Settings};
use std::collections::BTreeMap;

fn main() -> Result<(), LvSettingsError> {
    let mut arguments = std::env::args().skip(1).map_while(|text| text.parse().ok());
    let meters = arguments.next().unwrap_or(500);
    let days = arguments.next().unwrap_or(20);
    // 2024-06-03, a Monday.
    let settings = Settings::usual(meters as usize, days, 1, EventTime(1_717_372_800_000));
    let town = LvTown::new(LvSettings::usual(Settings { thieves: 0.05, ..settings }))?;
    let mut messages = town.messages();
    let count = messages.by_ref().count();
    let mut kinds: BTreeMap<&str, (u32, i64, i64)> = BTreeMap::new();
    for row in messages.truth() {
        let kind = kinds.entry(row.kind).or_default();
        let (used, lost) = row.wh.unwrap_or_default();
        *kind = (kind.0 + 1, kind.1 + used, kind.2 + lost);
    }
    println!("{:<24}{:>7}{:>12}{:>20}", "kind", "meters", "kWh used", "kWh not registered");
    for (name, (meters, used, lost)) in kinds {
        println!("{name:<24}{meters:>7}{:>12}{:>20}", used / 1000, lost / 1000);
    }
    println!("{count} messages");
    Ok(())
}
