//! A small seeded generator, so that the sample shop is the same on every machine and every run.
//! Each thing is seeded by its kind and number; it knows nothing of the shop, and it is no source of secrets.

/// SplitMix64: one word of state, which is all that a few thousand sample rows need.
pub(crate) struct Random(u64);

impl Random {
    /// The generator of the `number`-th thing of a kind; equal arguments give equal sequences.
    pub(crate) fn seeded(kind: &str, number: usize) -> Random {
        let seed = kind
            .bytes()
            .fold(0x51ab_u64, |seed, byte| mix(seed ^ u64::from(byte)));
        Random(mix(seed ^ number as u64))
    }

    /// A number in `0..limit`; 0 for a limit of 0.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        // The multiplication takes the high bits, which spares the division.
        ((u128::from(mix(self.0)) * limit as u128) >> 64) as usize
    }

    /// A number from `low` up to and including `high`.
    pub(crate) fn between(&mut self, low: i32, high: i32) -> i32 {
        low + self.below((high - low + 1) as usize) as i32
    }

    /// True in `percent` of a hundred cases.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of the choices, which must not be empty.
    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }
}

fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_five(kind: &str, number: usize) -> Vec<usize> {
        let mut random = Random::seeded(kind, number);
        (0..5).map(|_| random.below(1000)).collect()
    }

    #[test]
    fn a_seed_repeats_and_differs_by_kind_and_number() {
        assert_eq!(first_five("order", 1), first_five("order", 1));
        assert_ne!(first_five("order", 1), first_five("order", 2));
        assert_ne!(first_five("order", 1), first_five("user", 1));
    }

    #[test]
    fn numbers_stay_in_range_and_reach_its_ends() {
        let mut random = Random::seeded("range", 0);
        let drawn: Vec<i32> = (0..500).map(|_| random.between(3, 6)).collect();
        assert_eq!(drawn.iter().min(), Some(&3));
        assert_eq!(drawn.iter().max(), Some(&6));
    }
}
