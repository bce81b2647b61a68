//! The smaller outputs: demand, profiles, forecasts, suspicions, cases, balances, outages and indices of supply, each a file of one schema.

mod balances;
mod cases;
mod demand;
mod forecasts;
mod profiles;
mod supply;
mod suspicions;

pub use balances::BalancesWriter;
pub use cases::CasesWriter;
pub use demand::{DemandWriter, demand_name};
pub use forecasts::{ForecastsWriter, quantile_column};
pub use profiles::ProfilesWriter;
pub use supply::{OutagesWriter, SupplyWriter};
pub use suspicions::SuspicionsWriter;

use jiff::civil::{Date, date};

fn days_since_1970(day: Date) -> i32 {
    let since = day.duration_since(date(1970, 1, 1));
    // At most some four million either way: jiff's years are -9999 to 9999.
    (since.as_hours() / 24) as i32
}

#[cfg(test)]
mod tests;
