//! Reads claims: finds one by its path, and reads scopes and groups.

use crate::json::{Json, Object};

/// The path to a claim: one literal top-level name, or several for a nested claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPath(Box<[Box<str>]>);

impl ClaimPath {
    /// `None` if there are no names, or one is empty.
    pub fn new<S: AsRef<str>>(names: &[S]) -> Option<Self> {
        let valid = !names.is_empty() && names.iter().all(|name| !name.as_ref().is_empty());
        valid.then(|| Self(names.iter().map(|name| name.as_ref().into()).collect()))
    }

    /// The claim, unless it is missing or null.
    pub fn find<'c, 't>(&self, claims: &'c Object<'t>) -> Option<&'c Json<'t>> {
        let (first, rest) = self.0.split_first()?;
        rest.iter().try_fold(claims.get(first)?, |value, name| value.get(name)).filter(|value| **value != Json::Null)
    }
}

/// The names that one or more claims list: scopes or groups. Never an empty name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameList(Box<[Box<str>]>);

/// What a name takes beside its bytes: a pointer with a length, and what the allocator adds. A token can have thousands of
/// short names, which take several times their bytes.
const NAME_OVERHEAD: usize = size_of::<Box<str>>() + 16;

impl NameList {
    /// Scopes: a string split at spaces (RFC 6749 §3.3), or a list. A list with any other value than strings is
    /// ignored.
    pub fn scopes(paths: &[ClaimPath], claims: &Object<'_>) -> Self {
        Self::collect(paths, claims, |text| text.split(' '))
    }

    /// Groups: a list, a single name, or a string in API Gateway's brackets (`[admin user]`).
    pub fn groups(paths: &[ClaimPath], claims: &Object<'_>) -> Self {
        Self::collect(paths, claims, |text| {
            let listed = text.strip_prefix('[').and_then(|inside| inside.strip_suffix(']'));
            let (names, single) = listed.map_or((None, Some(text)), |inside| (Some(inside.split(' ')), None));
            names.into_iter().flatten().chain(single)
        })
    }

    /// Whether the name is in the list.
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|known| **known == *name)
    }

    /// The approximate size of the names in bytes.
    pub fn weight(&self) -> usize {
        self.0.iter().map(|name| name.len().saturating_add(NAME_OVERHEAD)).fold(0, usize::saturating_add)
    }

    fn collect<'c, I: Iterator<Item = &'c str>>(
        paths: &[ClaimPath],
        claims: &'c Object<'_>,
        split: impl Fn(&'c str) -> I,
    ) -> Self {
        let mut names: Vec<Box<str>> = Vec::new();
        let mut add = |name: &str| {
            if !name.is_empty() {
                names.push(name.into());
            }
        };
        for value in paths.iter().filter_map(|path| path.find(claims)) {
            match value {
                Json::Text(text) => split(text).for_each(&mut add),
                Json::List(items) if items.iter().all(|item| item.as_text().is_some()) => {
                    items.iter().filter_map(Json::as_text).for_each(&mut add);
                }
                Json::Null | Json::Boolean(_) | Json::Number(_) | Json::List(_) | Json::Object(_) => {}
            }
        }
        Self(names.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse_object;

    fn claims(text: &str) -> Object<'_> {
        parse_object(text.as_bytes()).unwrap()
    }

    fn names(names: &[&str]) -> NameList {
        NameList(names.iter().map(|&name| name.into()).collect())
    }

    #[test]
    fn a_path_has_literal_names() {
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
            (r#"{"scope":"read write"}"#, names(&["read", "write"])),
            (r#"{"scope":" read  write "}"#, names(&["read", "write"])),
            (r#"{"scope":"read,write"}"#, names(&["read,write"])),
            (r#"{"scope":"read\twrite"}"#, names(&["read\twrite"])),
            (r#"{"scp":["a b","c"]}"#, names(&["a b", "c"])),
            (r#"{"scope":"a","scp":["b","a"]}"#, names(&["a", "b", "a"])),
            (r#"{"scp":["a",1]}"#, names(&[])),
            (r#"{"scope":{"a":1}}"#, names(&[])),
            (r#"{"scope":7}"#, names(&[])),
            (r"{}", names(&[])),
        ] {
            assert_eq!(NameList::scopes(&paths, &claims(text)), expected, "{text}");
        }
    }

    #[test]
    fn a_name_is_compared_as_a_whole() {
        let paths = [ClaimPath::new(&["scope"]).unwrap()];
        let scopes =
            NameList::scopes(&paths, &claims(r#"{"scope":["read","write","lesen é","\u0004\u0000\u0000\u0000read"]}"#));
        for (name, expected) in [
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
            assert_eq!(scopes.contains(name), expected, "{name:?}");
        }
        assert!(!NameList::default().contains(""));
    }

    #[test]
    fn groups_are_a_list_or_a_name_or_in_brackets() {
        let paths = [ClaimPath::new(&["cognito:groups"]).unwrap()];
        for (text, expected) in [
            (r#"{"cognito:groups":["admin","user"]}"#, names(&["admin", "user"])),
            (r#"{"cognito:groups":"admin"}"#, names(&["admin"])),
            (r#"{"cognito:groups":"Domain Users"}"#, names(&["Domain Users"])),
            (r#"{"cognito:groups":"[admin user]"}"#, names(&["admin", "user"])),
            (r#"{"cognito:groups":"[admin]"}"#, names(&["admin"])),
            (r#"{"cognito:groups":"[]"}"#, names(&[])),
            (r#"{"cognito:groups":""}"#, names(&[])),
            (r#"{"cognito:groups":["admin",null]}"#, names(&[])),
            (r#"{"cognito:groups":[["admin"]]}"#, names(&[])),
        ] {
            assert_eq!(NameList::groups(&paths, &claims(text)), expected, "{text}");
        }
    }

    #[test]
    fn many_short_names_weigh_what_their_allocations_take() {
        let text = format!(r#"{{"scope":"{}"}}"#, "a ".repeat(5_000));
        let names = NameList::scopes(&[ClaimPath::new(&["scope"]).unwrap()], &claims(&text));
        // An allocation has at least 16 bytes, beside the pointer and the length.
        assert!(names.weight() >= 5_000 * (size_of::<Box<str>>() + 16), "{}", names.weight());
    }
}
