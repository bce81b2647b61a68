//! The smaller outputs: forecasts, suspicions, cases and balances, each a file of one schema.

mod balances;
mod cases;
mod forecasts;
mod suspicions;

pub use balances::BalancesWriter;
pub use cases::CasesWriter;
pub use forecasts::{ForecastsWriter, quantile_column};
pub use suspicions::SuspicionsWriter;

#[cfg(test)]
mod tests;
