//! What a user can ask for and no other crate does, a module each.

pub mod catalogue;
pub mod check;
pub mod explain;
pub mod simulate;
