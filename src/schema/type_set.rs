//! A set of object types, as used for "which runtime types does this selection apply to".

use super::TypeId;
use smallvec::SmallVec;

/// A set of [`TypeId`]s. Grows as needed; equality ignores trailing empty words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeSet(SmallVec<[u64; 2]>);

impl TypeSet {
    /// The set with `only` in it.
    pub fn of(only: TypeId) -> Self {
        let mut set = Self::default();
        set.insert(only);
        set
    }

    /// Adds `member`; true if it was not in the set before.
    pub fn insert(&mut self, member: TypeId) -> bool {
        let (word, bit) = (member.index() / 64, 1u64 << (member.index() % 64));
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        let fresh = self.0[word] & bit == 0;
        self.0[word] |= bit;
        fresh
    }

    /// Whether `member` is in the set.
    pub fn contains(&self, member: TypeId) -> bool {
        self.0
            .get(member.index() / 64)
            .is_some_and(|word| word & (1u64 << (member.index() % 64)) != 0)
    }

    /// Whether the set has no members.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The least member.
    pub fn first(&self) -> Option<TypeId> {
        self.iter().next()
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// What is in both sets.
    pub fn intersection(&self, other: &Self) -> Self {
        Self::trimmed(self.0.iter().zip(&other.0).map(|(a, b)| a & b).collect())
    }

    /// What is in this set and not in `other`.
    pub fn difference(&self, other: &Self) -> Self {
        let words = self.0.iter().enumerate();
        Self::trimmed(
            words
                .map(|(index, word)| word & !other.0.get(index).copied().unwrap_or(0))
                .collect(),
        )
    }

    /// What is in either set.
    pub fn union(&self, other: &Self) -> Self {
        let (long, short) = if self.0.len() >= other.0.len() {
            (self, other)
        } else {
            (other, self)
        };
        let mut words = long.0.clone();
        for (word, more) in words.iter_mut().zip(&short.0) {
            *word |= more;
        }
        Self(words)
    }

    /// Adds what is in `other`.
    pub fn unite(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }

    /// Whether the two sets share a member.
    pub fn intersects(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(a, b)| a & b != 0)
    }

    /// Whether every member of this set is in `other`.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0
            .iter()
            .enumerate()
            .all(|(index, word)| word & !other.0.get(index).copied().unwrap_or(0) == 0)
    }

    /// The members, ascending.
    pub fn iter(&self) -> impl Iterator<Item = TypeId> + '_ {
        self.0.iter().enumerate().flat_map(|(index, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                rest &= rest - 1;
                Some(TypeId(index as u32 * 64 + bit))
            })
        })
    }

    fn trimmed(mut words: SmallVec<[u64; 2]>) -> Self {
        while words.last() == Some(&0) {
            words.pop();
        }
        Self(words)
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
