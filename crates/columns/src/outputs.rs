//! The smaller outputs: demand, profiles, forecasts, suspicions, cases and balances, each a file of one schema.

mod balances;
mod cases;
mod demand;
mod forecasts;
mod profiles;
mod suspicions;

pub use balances::BalancesWriter;
pub use cases::CasesWriter;
pub use demand::{DemandWriter, demand_name};
pub use forecasts::{ForecastsWriter, quantile_column};
pub use profiles::ProfilesWriter;
pub use suspicions::SuspicionsWriter;

#[cfg(test)]
mod tests;
