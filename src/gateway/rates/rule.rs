//! What all ways to count have in common.
//!
//! Rules are told the time, in nanoseconds; they never ask for it.

/// How long to wait for what never comes.
pub(super) const NEVER: u64 = u64::MAX;

/// A way to count what a key uses, and to tell what is too much.
pub(super) trait Rule: Copy + PartialEq {
    /// What is known of a key. The default is what is known of one that never came.
    type Used: Copy + Default;

    /// Counts so many units, if they are not too many.
    fn take(&self, used: &mut Self::Used, units: u64, now: u64) -> Standing;

    /// Makes good that units were counted, at this time, for nothing.
    fn give_back(&self, used: &mut Self::Used, units: u64, taken_at: u64);

    /// How much is held against a key. None: it is as if it had never come.
    fn held(&self, used: &Self::Used, now: u64) -> u64;

    /// What was counted by another rule of this kind, as far as this one counts it.
    fn adopt(&self, before: &Self, used: Self::Used, now: u64) -> Self::Used;
}

/// How a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// Whether what was asked for was counted.
    pub(super) is_admitted: bool,
    /// Units that are left.
    pub(super) remaining: u64,
    /// Nanoseconds until there are more: of one that was refused, until it would be let in ([`NEVER`]: there are never so
    /// many); else until the next unit, if none is left, or until what was used has come back.
    pub(super) reset: u64,
}
