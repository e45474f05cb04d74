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

/// Words of a set of claims, each once: scopes or groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words(Box<[Box<str>]>);

impl Words {
    /// Scopes: text split at spaces (RFC 6749 §3.3), or a list. A list with anything but strings in it counts for nothing.
    pub fn scopes(paths: &[ClaimPath], claims: &Object<'_>) -> Self {
        Self::collect(paths, claims, |text| text.split(' ').collect())
    }

    /// Groups: a list, one name, or API Gateway's bracketed text (`[admin user]`).
    pub fn groups(paths: &[ClaimPath], claims: &Object<'_>) -> Self {
        Self::collect(paths, claims, |text| match text.strip_prefix('[').and_then(|inside| inside.strip_suffix(']')) {
            Some(inside) => inside.split(' ').collect(),
            None => vec![text],
        })
    }

    /// Whether the word is one of them.
    pub fn contains(&self, word: &str) -> bool {
        self.0.iter().any(|known| **known == *word)
    }

    /// Bytes that the words take.
    pub fn weight(&self) -> usize {
        self.0.iter().map(|word| word.len().saturating_add(size_of::<Box<str>>())).sum()
    }

    fn collect(paths: &[ClaimPath], claims: &Object<'_>, split: impl Fn(&str) -> Vec<&str>) -> Self {
        let mut words: Vec<Box<str>> = Vec::new();
        for value in paths.iter().filter_map(|path| path.find(claims)) {
            for word in spelled(value, &split) {
                if !word.is_empty() && !words.iter().any(|known| **known == *word) {
                    words.push(word.into());
                }
            }
        }
        Self(words.into_boxed_slice())
    }
}

fn spelled<'v>(value: &'v Json<'_>, split: &impl Fn(&'v str) -> Vec<&'v str>) -> Vec<&'v str> {
    match value {
        Json::Text(text) => split(text),
        Json::List(items) => items.iter().map(Json::as_text).collect::<Option<_>>().unwrap_or_default(),
        Json::Null | Json::Boolean(_) | Json::Number(_) | Json::Object(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse_object;

    fn claims(text: &str) -> Object<'_> {
        parse_object(text.as_bytes()).unwrap()
    }

    fn words(words: &[&str]) -> Words {
        Words(words.iter().map(|&word| word.into()).collect())
    }

    #[test]
    fn a_path_is_made_of_literal_names() {
        let claims = claims(r#"{"a.b":1,"a":{"b":2,"c":null},"https://x/roles":[3],"n":null}"#);
        for (path, expected) in [
            (&["a.b"][..], Some(serde_json::json!(1))),
            (&["a", "b"], Some(serde_json::json!(2))),
            (&["https://x/roles"], Some(serde_json::json!([3]))),
            (&["a", "c"], None),
            (&["n"], None),
            (&["a", "b", "c"], None),
            (&["A"], None),
        ] {
            let path = ClaimPath::new(path).unwrap();
            assert_eq!(path.find(&claims).map(Json::to_value), expected, "{path:?}");
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
            (r#"{"scope":"a","scp":["b","a"]}"#, words(&["a", "b"])),
            (r#"{"scp":["a",1]}"#, words(&[])),
            (r#"{"scope":{"a":1}}"#, words(&[])),
            (r#"{"scope":7}"#, words(&[])),
            (r"{}", words(&[])),
        ] {
            assert_eq!(Words::scopes(&paths, &claims(text)), expected, "{text}");
        }
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
            assert_eq!(Words::groups(&paths, &claims(text)), expected, "{text}");
        }
    }
}
