//! Trials of the log: what is left of it when the power goes away at any moment, and bits flip.

mod chip;
mod life;
mod rival;
mod wear;
mod witness;

pub use chip::{Chip, Moment, PowerCut, Tearing, When, Work};
pub use life::{Count, Life};
pub use rival::{Kept, kept_by_log, kept_by_map};
pub use wear::{Profile, SECTOR, Worn, measured, wear};
pub use witness::Broken;
