//! What rules look at in a token. A verified token keeps this, and nothing else of its scopes, groups and claims.

use std::collections::HashMap;

use hashlink::DefaultHashBuilder;

use super::claims::ClaimPath;

/// The scopes, groups and claims that rules look at.
#[derive(Debug, Default)]
pub struct Kept {
    /// The scopes that rules ask for.
    pub scopes: NameTable,
    /// The groups that rules ask for.
    pub groups: NameTable,
    claims: Vec<ClaimPath>,
}

impl Kept {
    /// The index at which a verified token keeps the values of this claim.
    pub fn claim(&mut self, path: ClaimPath) -> usize {
        self.claims.iter().position(|known| *known == path).unwrap_or_else(|| {
            self.claims.push(path);
            self.claims.len() - 1
        })
    }

    /// The claims, in the order of their indices.
    pub fn claims(&self) -> &[ClaimPath] {
        &self.claims
    }
}

/// Names that rules ask for, each with an index. A token may have thousands of names, each of which is looked up once; a
/// rule looks for an index.
#[derive(Debug, Default)]
pub struct NameTable(HashMap<Box<str>, NameIndex, DefaultHashBuilder>);

/// The index of a name in its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NameIndex(usize);

impl NameTable {
    /// The index of a name. Adds the name if the table does not have it.
    pub fn add(&mut self, name: &str) -> NameIndex {
        let next = NameIndex(self.0.len());
        *self.0.entry(name.into()).or_insert(next)
    }

    /// The index of a name, if a rule asks for it.
    pub fn find(&self, name: &str) -> Option<NameIndex> {
        self.0.get(name).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_index() {
        let mut table = NameTable::default();
        let (a, b) = (table.add("a"), table.add("b"));
        assert_ne!(a, b);
        assert_eq!((table.add("a"), table.find("b"), table.find("c")), (a, Some(b), None));
    }

    #[test]
    fn a_claim_has_one_index() {
        let path = |name: &str| ClaimPath::new(&[name]).unwrap();
        let mut kept = Kept::default();
        assert_eq!((kept.claim(path("a")), kept.claim(path("b")), kept.claim(path("a"))), (0, 1, 0));
        assert_eq!(kept.claims(), [path("a"), path("b")]);
    }
}
