//! Verified statements about a caller: where a claim is, and what scopes and groups it spells.

use crate::json::{Json, Object};

/// The way to a claim: one literal top-level name, or several for a nested one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPath(Box<[Box<str>]>);

impl ClaimPath {
    /// `None` without a name, or with an empty one.
    pub fn new<S: AsRef<str>>(names: &[S]) -> Option<Self> {
        let whole = !names.is_empty() && names.iter().all(|name| !name.as_ref().is_empty());
        whole.then(|| Self(names.iter().map(|name| name.as_ref().into()).collect()))
    }

    /// The claim, unless it is missing or null.
    pub fn find<'c, 't>(&self, claims: &'c Object<'t>) -> Option<&'c Json<'t>> {
        let (first, rest) = self.0.split_first()?;
        rest.iter().try_fold(claims.get(first)?, |value, name| value.get(name)).filter(|value| **value != Json::Null)
    }
}

/// Words of a set of claims, as often as they are in it: scopes or groups. They are kept in one piece of memory, each
/// behind its length, for a cache remembers thousands of tokens, and forgets one with each that is new.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameList(Box<[u8]>);

impl NameList {
    /// Scopes: text split at spaces (RFC 6749 §3.3), or a list. A list with anything but strings in it counts for nothing.
    pub fn scopes(paths: &[ClaimPath], claims: &Object<'_>) -> Self {
        Self::collect(paths, claims, |text| text.split(' '))
    }

    /// Groups: a list, one name, or API Gateway's bracketed text (`[admin user]`).
    pub fn groups(paths: &[ClaimPath], claims: &Object<'_>) -> Self {
        Self::collect(paths, claims, |text| {
            let listed = text.strip_prefix('[').and_then(|inside| inside.strip_suffix(']'));
            let (names, alone) = listed.map_or((None, Some(text)), |inside| (Some(inside.split(' ')), None));
            names.into_iter().flatten().chain(alone)
        })
    }

    /// Whether the word is one of them.
    pub fn contains(&self, word: &str) -> bool {
        each(&self.0).any(|known| known == word.as_bytes())
    }

    /// Bytes that the words take.
    pub fn weight(&self) -> usize {
        self.0.len()
    }

    fn collect<'c, I: Iterator<Item = &'c str>>(
        paths: &[ClaimPath],
        claims: &'c Object<'_>,
        split: impl Fn(&'c str) -> I,
    ) -> Self {
        let mut words = Vec::new();
        for value in paths.iter().filter_map(|path| path.find(claims)) {
            match value {
                Json::Text(text) => {
                    words.reserve(text.len().saturating_add(FEW_WORDS * LENGTH_BYTES));
                    split(text).for_each(|word| add(&mut words, word));
                }
                Json::List(items) if items.iter().all(|item| item.as_text().is_some()) => {
                    items.iter().filter_map(Json::as_text).for_each(|word| add(&mut words, word));
                }
                Json::Null | Json::Boolean(_) | Json::Number(_) | Json::List(_) | Json::Object(_) => {}
            }
        }
        Self(words.into_boxed_slice())
    }
}

const LENGTH_BYTES: usize = 4;
const FEW_WORDS: usize = 4;

fn add(words: &mut Vec<u8>, word: &str) {
    // No token is as long as that.
    let Ok(length) = u32::try_from(word.len()) else { return };
    if length > 0 {
        words.extend_from_slice(&length.to_le_bytes());
        words.extend_from_slice(word.as_bytes());
    }
}

fn each(mut words: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = words.split_first_chunk::<LENGTH_BYTES>()?;
        let (word, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        words = rest;
        Some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse_object;

    fn claims(text: &str) -> Object<'_> {
        parse_object(text.as_bytes()).unwrap()
    }

    fn words(words: &[&str]) -> NameList {
        let length = |word: &str| u32::try_from(word.len()).unwrap().to_le_bytes();
        NameList(words.iter().flat_map(|word| [&length(word), word.as_bytes()].concat()).collect())
    }

    #[test]
    fn a_path_is_made_of_literal_names() {
        let claims = claims(r#"{"a.b":1,"a":{"b":2,"c":null},"https://x/roles":[3],"n":null}"#);
        for (path, expected) in [
            (&["a.b"][..], Some("1")),
            (&["a", "b"], Some("2")),
            (&["https://x/roles"], Some("[3]")),
            (&["a", "c"], None),
            (&["n"], None),
            (&["a", "b", "c"], None),
            (&["A"], None),
        ] {
            let path = ClaimPath::new(path).unwrap();
            assert_eq!(path.find(&claims).map(Json::to_string).as_deref(), expected, "{path:?}");
        }
        assert_eq!(ClaimPath::new::<&str>(&[]), None);
        assert_eq!(ClaimPath::new(&["a", ""]), None);
    }

    #[test]
    fn scopes_are_split_at_spaces_only() {
        let paths = [ClaimPath::new(&["scope"]).unwrap(), ClaimPath::new(&["scp"]).unwrap()];
        for (text, expected) in [
            (r#"{"scope":"read write"}"#, words(&["read", "write"])),
            (r#"{"scope":" read  write "}"#, words(&["read", "write"])),
            (r#"{"scope":"read,write"}"#, words(&["read,write"])),
            (r#"{"scope":"read\twrite"}"#, words(&["read\twrite"])),
            (r#"{"scp":["a b","c"]}"#, words(&["a b", "c"])),
            (r#"{"scope":"a","scp":["b","a"]}"#, words(&["a", "b", "a"])),
            (r#"{"scp":["a",1]}"#, words(&[])),
            (r#"{"scope":{"a":1}}"#, words(&[])),
            (r#"{"scope":7}"#, words(&[])),
            (r"{}", words(&[])),
        ] {
            assert_eq!(NameList::scopes(&paths, &claims(text)), expected, "{text}");
        }
    }

    #[test]
    fn a_word_is_there_as_a_whole_or_not_at_all() {
        let paths = [ClaimPath::new(&["scope"]).unwrap()];
        let scopes =
            NameList::scopes(&paths, &claims(r#"{"scope":["read","write","lesen é","\u0004\u0000\u0000\u0000read"]}"#));
        for (word, expected) in [
            ("read", true),
            ("write", true),
            ("lesen é", true),
            ("\u{4}\0\0\0read", true),
            ("", false),
            ("rea", false),
            ("reads", false),
            ("readwrite", false),
            ("read\u{5}\0\0\0write", false),
            ("lesen", false),
            ("READ", false),
        ] {
            assert_eq!(scopes.contains(word), expected, "{word:?}");
        }
        assert!(!NameList::default().contains(""));
    }

    #[test]
    fn groups_may_be_a_list_or_a_name_or_bracketed() {
        let paths = [ClaimPath::new(&["cognito:groups"]).unwrap()];
        for (text, expected) in [
            (r#"{"cognito:groups":["admin","user"]}"#, words(&["admin", "user"])),
            (r#"{"cognito:groups":"admin"}"#, words(&["admin"])),
            (r#"{"cognito:groups":"Domain Users"}"#, words(&["Domain Users"])),
            (r#"{"cognito:groups":"[admin user]"}"#, words(&["admin", "user"])),
            (r#"{"cognito:groups":"[admin]"}"#, words(&["admin"])),
            (r#"{"cognito:groups":"[]"}"#, words(&[])),
            (r#"{"cognito:groups":""}"#, words(&[])),
            (r#"{"cognito:groups":["admin",null]}"#, words(&[])),
            (r#"{"cognito:groups":[["admin"]]}"#, words(&[])),
        ] {
            assert_eq!(NameList::groups(&paths, &claims(text)), expected, "{text}");
        }
    }
}
