//! Bytes as decisions, so that an input is only bytes: it can be kept, mutated and made smaller. Where they end, every
//! decision is the first.

/// The rest of an input.
pub struct Choices<'b>(&'b [u8]);

impl<'b> Choices<'b> {
    pub fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    /// One of `count` (at most 256) numbers.
    pub fn below(&mut self, count: usize) -> usize {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        usize::from(*first) % count.max(1)
    }

    /// True in so many of a hundred cases.
    pub fn chance(&mut self, percent: usize) -> bool {
        !self.0.is_empty() && self.below(100) >= 100 - percent
    }

    pub fn pick<'t, T>(&mut self, all: &'t [T]) -> Option<&'t T> {
        all.get(self.below(all.len()))
    }

    /// Those that chance keeps; one at least.
    pub fn some<T: Clone>(&mut self, all: &[T], percent: usize) -> Vec<T> {
        let mut kept: Vec<T> = Vec::new();
        for one in all {
            if self.chance(percent) {
                kept.push(one.clone());
            }
        }
        if kept.is_empty() {
            kept.extend(self.pick(all).cloned());
        }
        kept
    }

    pub fn rest(&self) -> &'b [u8] {
        self.0
    }
}
