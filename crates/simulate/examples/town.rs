//! One day of one household, and how many messages a town sends.
//!
//! `cargo run --release -p simulate --example town 1000 10`

use reading::{EventTime, Phases};
use simulate::{Settings, Town};

fn main() -> Result<(), simulate::SettingsError> {
    let mut arguments = std::env::args().skip(1).map_while(|text| text.parse().ok());
    let meters = arguments.next().unwrap_or(100);
    let days = arguments.next().unwrap_or(2);
    // 2024-06-03, a Monday.
    let town = Town::new(Settings::usual(meters as usize, days, 1, EventTime(1_717_372_800_000)))?;
    let odd: Vec<_> = town.truth().iter().map(|row| row.meter).collect();
    let meters = town.topology().into_iter().map(|row| row.meter);
    let Some(first) = meters.into_iter().find(|meter| !odd.contains(meter)) else { return Ok(()) };
    let (mut messages, mut bytes_torn, mut lines) = (0_u64, 0, 0);
    println!("{first}\nend                        imp Wh    V       A  neutral A      W");
    for message in town.messages() {
        messages += 1;
        bytes_torn += message.torn.unwrap_or(0);
        let raw = message.raw;
        let (Some(Phases::One(v)), Some(Phases::One(i)), Some(Phases::One(p))) = (raw.v, raw.i, raw.p) else {
            continue;
        };
        if raw.meter == first && lines < 24 && raw.time.0 % 3_600_000 == 0 {
            lines += 1;
            let (imp, neutral) = (raw.imp.unwrap_or_default().0, raw.neutral.unwrap_or_default().0);
            let [v, i, n] = [v.0, i.0, neutral].map(|milli| f64::from(milli) / 1000.0);
            println!("{}  {imp:>10}  {v:5.1}  {i:5.2}  {n:9.2}  {:5}", raw.time, p.0 / 1000);
        }
    }
    println!("{messages} messages, {bytes_torn} bytes of torn ones");
    Ok(())
}
