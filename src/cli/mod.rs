//! The commands.

#[cfg(feature = "compose")]
pub mod compose;
