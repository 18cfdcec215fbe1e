//! How many mutations have ended.
//!
//! Whoever has seen a mutation end may expect to read what it wrote. So what they read must not be an answer to a request
//! that was sent before: queries join only what began after the last mutation ended.

use std::sync::atomic::{AtomicU64, Ordering};

/// The count, on all workers together.
#[derive(Debug, Default)]
pub(super) struct Writes(AtomicU64);

impl Writes {
    /// So many until now.
    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// One more has ended, well or not.
    pub(super) fn add(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }
}
