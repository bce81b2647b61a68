//! One JSON object a line, or a message.
//!
//! Every step of [`decode`] has two ways to the same answer: a short one for the compact form that meters and
//! head-ends write (no escapes, at most one space between tokens), and a careful one (`careful.rs`) that takes
//! over at the same byte whenever the short one meets anything else. What a field means stands once, in `value.rs`.
//!
//! The short way decides how many readings a core decodes in a second. Where its code looks odd, a comment
//! gives the reason.

mod encode;

mod lines;

mod object;

mod field;

mod value;

mod number;

mod careful;

pub use encode::encode;
pub use lines::{LONGEST_LINE, decode_lines};
pub use object::decode;

#[cfg(test)]
mod tests;
