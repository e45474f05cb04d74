//! Finds a claim by its path.

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse_object;

    fn claims(text: &str) -> Object<'_> {
        parse_object(text.as_bytes()).unwrap()
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
}
