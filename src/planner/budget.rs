//! How much work the planning of one operation may be.

use super::Error;
use std::cell::Cell;

/// Steps that planning may take, and whether anybody still waits for the plan. A step is about one fact or move looked
/// at; a hundred of them take some microseconds.
pub struct Budget<'c> {
    limit: u64,
    left: Cell<u64>,
    /// Steps until the next look at `is_cancelled`.
    unasked: Cell<u64>,
    is_cancelled: &'c dyn Fn() -> bool,
}

/// How often it is asked whether planning was cancelled.
const STEPS_UNASKED: u64 = 16_384;

impl Budget<'static> {
    /// The usual steps, to the end.
    pub fn usual() -> Self {
        Self::until(&|| false)
    }
}

impl<'c> Budget<'c> {
    /// The steps that `usual` allows.
    pub const USUAL_STEPS: u64 = 5_000_000;

    /// The usual steps, as long as `is_cancelled` says no.
    pub fn until(is_cancelled: &'c dyn Fn() -> bool) -> Self {
        Self::new(Self::USUAL_STEPS, is_cancelled)
    }

    /// `limit` steps, as long as `is_cancelled` says no.
    pub fn new(limit: u64, is_cancelled: &'c dyn Fn() -> bool) -> Self {
        Self {
            limit,
            left: Cell::new(limit),
            unasked: Cell::new(STEPS_UNASKED),
            is_cancelled,
        }
    }

    /// The steps taken so far.
    pub fn spent(&self) -> u64 {
        self.limit - self.left.get()
    }

    /// Takes steps; fails when there are none left, or nobody waits any more.
    pub(super) fn spend(&self, steps: usize) -> Result<(), Error> {
        let steps = steps as u64;
        match self.left.get().checked_sub(steps) {
            Some(left) => self.left.set(left),
            None => return Err(Error::OverBudget { limit: self.limit }),
        }
        match self.unasked.get().checked_sub(steps) {
            Some(left) => self.unasked.set(left),
            None if (self.is_cancelled)() => return Err(Error::Cancelled),
            None => self.unasked.set(STEPS_UNASKED),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_run_out() {
        let budget = Budget::new(10, &|| false);
        assert_eq!(budget.spend(10), Ok(()));
        assert_eq!(budget.spent(), 10);
        assert_eq!(budget.spend(1), Err(Error::OverBudget { limit: 10 }));
    }

    #[test]
    fn nobody_waits_any_more() {
        let cancelled = Cell::new(false);
        let is_cancelled = || cancelled.get();
        let budget = Budget::until(&is_cancelled);
        let steps = STEPS_UNASKED as usize + 1;
        assert_eq!(budget.spend(steps), Ok(()));
        cancelled.set(true);
        assert_eq!(budget.spend(steps), Err(Error::Cancelled));
    }
}
