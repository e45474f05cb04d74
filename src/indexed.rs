//! Lists with a typed index that only the list itself creates.
//!
//! A look-up is total: it returns no `Option`, and callers need no fallback. Lists with the same key type `K` are made
//! from one list with [`Indexed::map`]. They have the same length, so an index of one is valid for all.

use std::fmt;
use std::marker::PhantomData;
use std::ops;

/// The index of an entry in lists with one entry for each `K`.
pub struct Index<K>(usize, PhantomData<fn() -> K>);

// Derived implementations would require the same traits of `K`.
impl<K> Clone for Index<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Index<K> {}

impl<K> PartialEq for Index<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K> Eq for Index<K> {}

impl<K> fmt::Debug for Index<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Index({})", self.0)
    }
}

impl<K> Index<K> {
    /// The position in the order of the configuration, counted from zero.
    pub fn position(self) -> usize {
        self.0
    }
}

/// A list with one `T` for each `K`.
#[derive(Debug)]
pub struct Indexed<K, T>(Vec<T>, PhantomData<fn() -> K>);

impl<K, T> Default for Indexed<K, T> {
    fn default() -> Self {
        Self(Vec::new(), PhantomData)
    }
}

impl<K, T> Indexed<K, T> {
    /// The index that the next entry will have.
    pub fn next_index(&self) -> Index<K> {
        Index(self.0.len(), PhantomData)
    }

    /// Adds an entry.
    pub fn push(&mut self, entry: T) -> Index<K> {
        let index = self.next_index();
        self.0.push(entry);
        index
    }

    /// Makes a list with one entry for each entry of this one.
    pub fn map<U>(&self, mut entry: impl FnMut(Index<K>, &T) -> U) -> Indexed<K, U> {
        Indexed(self.indices().zip(&self.0).map(|(index, value)| entry(index, value)).collect(), PhantomData)
    }

    /// Every index, in order.
    pub fn indices(&self) -> impl Iterator<Item = Index<K>> + use<K, T> {
        (0..self.0.len()).map(|position| Index(position, PhantomData))
    }

    /// Every entry, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }

    /// Every entry with its index, in order.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Index<K>, &mut T)> {
        self.0.iter_mut().enumerate().map(|(position, entry)| (Index(position, PhantomData), entry))
    }

    /// The index of the first entry that matches.
    pub fn find(&self, is_match: impl FnMut(&T) -> bool) -> Option<Index<K>> {
        self.0.iter().position(is_match).map(|position| Index(position, PhantomData))
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the list has no entries.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K, T> ops::Index<Index<K>> for Indexed<K, T> {
    type Output = T;

    #[expect(
        clippy::indexing_slicing,
        reason = "the index was created by this list, or by one that it was mapped from or to"
    )]
    fn index(&self, index: Index<K>) -> &T {
        &self.0[index.0]
    }
}

impl<K, T> ops::IndexMut<Index<K>> for Indexed<K, T> {
    #[expect(
        clippy::indexing_slicing,
        reason = "the index was created by this list, or by one that it was mapped from or to"
    )]
    fn index_mut(&mut self, index: Index<K>) -> &mut T {
        &mut self.0[index.0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Letter;

    #[test]
    fn an_index_is_valid_for_mapped_lists() {
        let mut names: Indexed<Letter, &str> = Indexed::default();
        let first = names.push("a");
        assert_eq!(names.next_index(), names.push("bb"));
        let mut lengths = names.map(|_, name| name.len());
        lengths[first] += 10;
        assert_eq!(lengths.iter().copied().collect::<Vec<_>>(), [11, 2]);
        let found = names.find(|name| *name == "bb").unwrap();
        assert_eq!((names[found], lengths[found], found.position()), ("bb", 2, 1));
        assert_eq!(names.find(|name| *name == "c"), None);
    }
}
