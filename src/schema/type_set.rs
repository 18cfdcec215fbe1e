//! A set of object types, as used for "which runtime types does this selection apply to".

use super::TypeId;
use smallvec::SmallVec;

/// A set of [`TypeId`]s: a bit for each from the least to the greatest member. A supergraph may have thousands of types,
/// and most sets are a few that stand together.
#[derive(Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeSet {
    /// Which word of 64 types `words` begins with; 0 for the empty set.
    start: u32,
    /// The first and the last one are not 0, so that equal sets are equal here.
    words: SmallVec<[u64; 2]>,
}

impl TypeSet {
    /// The set with `only` in it.
    pub fn of(only: TypeId) -> Self {
        let mut set = Self::default();
        set.insert(only);
        set
    }

    /// Adds `member`; true if it was not in the set before.
    pub fn insert(&mut self, member: TypeId) -> bool {
        let (word, bit) = (member.0 / 64, 1u64 << (member.0 % 64));
        self.cover(word, word + 1);
        let word = &mut self.words[(word - self.start) as usize];
        let fresh = *word & bit == 0;
        *word |= bit;
        fresh
    }

    /// Whether `member` is in the set.
    pub fn contains(&self, member: TypeId) -> bool {
        self.word(member.0 / 64) & (1u64 << (member.0 % 64)) != 0
    }

    /// Whether the set has no members.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The least member.
    pub fn first(&self) -> Option<TypeId> {
        self.iter().next()
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        self.words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    /// What is in both sets.
    pub fn intersection(&self, other: &Self) -> Self {
        if let (Some(a), Some(b)) = (self.narrow(), other.narrow()) {
            return Self::within(
                self.start,
                if self.start == other.start { a & b } else { 0 },
            );
        }
        let (start, both) = self.overlap(other);
        Self::trimmed(start, both.map(|(a, b)| a & b).collect())
    }

    /// What is in this set and not in `other`.
    pub fn difference(&self, other: &Self) -> Self {
        if let Some(word) = self.narrow() {
            return Self::within(self.start, word & !other.word(self.start));
        }
        let words = self.indexed().map(|(at, word)| word & !other.word(at));
        Self::trimmed(self.start, words.collect())
    }

    /// What is in either set.
    pub fn union(&self, other: &Self) -> Self {
        let mut all = self.clone();
        all.unite(other);
        all
    }

    /// Adds what is in `other`.
    pub fn unite(&mut self, other: &Self) {
        if other.is_empty() {
            return;
        }
        self.cover(other.start, other.end());
        let from = (other.start - self.start) as usize;
        for (word, more) in self.words[from..].iter_mut().zip(&other.words) {
            *word |= more;
        }
    }

    /// Whether the two sets share a member.
    pub fn intersects(&self, other: &Self) -> bool {
        let (_, mut both) = self.overlap(other);
        both.any(|(a, b)| a & b != 0)
    }

    /// Whether every member of this set is in `other`.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.indexed().all(|(at, word)| word & !other.word(at) == 0)
    }

    /// The members, ascending.
    pub fn iter(&self) -> impl Iterator<Item = TypeId> + '_ {
        self.indexed().flat_map(|(at, word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                rest &= rest - 1;
                Some(TypeId(at * 64 + bit))
            })
        })
    }

    /// The words, each with which one it is.
    fn indexed(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        (self.start..).zip(self.words.iter().copied())
    }

    /// The words that both sets have, and where they begin.
    fn overlap<'a>(&'a self, other: &'a Self) -> (u32, impl Iterator<Item = (u64, u64)> + 'a) {
        let start = self.start.max(other.start);
        let from = |set: &'a Self| {
            let skipped = (start - set.start) as usize;
            set.words.get(skipped..).unwrap_or_default().iter().copied()
        };
        (start, from(self).zip(from(other)))
    }

    /// The only word, as most sets have.
    fn narrow(&self) -> Option<u64> {
        match self.words[..] {
            [word] => Some(word),
            _ => None,
        }
    }

    /// The members that `word` has, as the word `at`.
    fn within(at: u32, word: u64) -> Self {
        match word {
            0 => Self::default(),
            _ => Self {
                start: at,
                words: SmallVec::from_buf_and_len([word, 0], 1),
            },
        }
    }

    fn word(&self, at: u32) -> u64 {
        let index = at.wrapping_sub(self.start) as usize;
        self.words.get(index).copied().unwrap_or(0)
    }

    fn end(&self) -> u32 {
        self.start + self.words.len() as u32
    }

    /// Makes room for words. The caller sets a member in the first and in the last that are new.
    fn cover(&mut self, start: u32, end: u32) {
        if self.words.is_empty() {
            self.start = start;
        }
        if start < self.start {
            let more = (self.start - start) as usize;
            self.words.insert_many(0, std::iter::repeat_n(0, more));
            self.start = start;
        }
        if end > self.end() {
            self.words.resize((end - self.start) as usize, 0);
        }
    }

    fn trimmed(start: u32, mut words: SmallVec<[u64; 2]>) -> Self {
        while words.last() == Some(&0) {
            words.pop();
        }
        let empty = words.iter().take_while(|word| **word == 0).count();
        if empty > 0 {
            words.drain(..empty);
        }
        let start = if words.is_empty() {
            0
        } else {
            start + empty as u32
        };
        Self { start, words }
    }
}

impl Clone for TypeSet {
    // As derived it would go word by word.
    fn clone(&self) -> Self {
        Self {
            start: self.start,
            words: SmallVec::from_slice(&self.words),
        }
    }
}

impl<'a> Extend<&'a TypeId> for TypeSet {
    fn extend<I: IntoIterator<Item = &'a TypeId>>(&mut self, members: I) {
        for &member in members {
            self.insert(member);
        }
    }
}

impl FromIterator<TypeId> for TypeSet {
    fn from_iter<I: IntoIterator<Item = TypeId>>(members: I) -> Self {
        let mut set = Self::default();
        for member in members {
            set.insert(member);
        }
        set
    }
}
