//! Finds a claim by its path.

use std::borrow::Cow;

use crate::json::{Json, Object};

/// The path to a claim: one literal top-level name, or several for a nested claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPath(Box<[Step]>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// The member of an object with this name.
    Member(Box<str>),
    /// Any member of a list or an object.
    Any,
}

impl ClaimPath {
    /// A path of literal names. `None` if there are no names, or one is empty.
    pub fn new<S: AsRef<str>>(names: &[S]) -> Option<Self> {
        Self::from_steps(names.iter().map(|name| Step::Member(name.as_ref().into())))
    }

    /// A path in which the name `*` stands for any member. It must not be the first.
    pub fn with_wildcards<S: AsRef<str>>(names: &[S]) -> Option<Self> {
        let step = |name: &S| match name.as_ref() {
            "*" => Step::Any,
            name => Step::Member(name.into()),
        };
        Self::from_steps(names.iter().map(step))
    }

    fn from_steps(steps: impl Iterator<Item = Step>) -> Option<Self> {
        let steps: Box<[Step]> = steps.collect();
        let is_named = |step: &Step| matches!(step, Step::Member(name) if !name.is_empty());
        let valid =
            steps.first().is_some_and(is_named) && steps.iter().all(|step| *step == Step::Any || is_named(step));
        valid.then_some(Self(steps))
    }

    /// The claim, unless it is missing or null. If the path has a `*`, the first value that it leads to.
    pub fn find<'c, 't>(&self, claims: &'c Object<'t>) -> Option<&'c Json<'t>> {
        let mut first = None;
        self.each(claims, &mut |value| first = first.or(Some(value)));
        first
    }

    /// The claim, unless it is missing or null. If the path has a `*`, the list of all values that it leads to.
    pub fn value<'c, 't>(&self, claims: &'c Object<'t>) -> Option<Cow<'c, Json<'t>>> {
        if !self.0.contains(&Step::Any) {
            return self.find(claims).map(Cow::Borrowed);
        }
        let mut values = Vec::new();
        self.each(claims, &mut |value| values.push(value.clone()));
        (!values.is_empty()).then_some(Cow::Owned(Json::List(values)))
    }

    /// Every value that the path leads to, except null. Without a `*` there is at most one.
    pub fn each<'c, 't>(&self, claims: &'c Object<'t>, found: &mut dyn FnMut(&'c Json<'t>)) {
        if let Some((Step::Member(name), rest)) = self.0.split_first()
            && let Some(value) = claims.get(name)
        {
            follow(value, rest, found);
        }
    }
}

fn follow<'c, 't>(value: &'c Json<'t>, steps: &[Step], found: &mut dyn FnMut(&'c Json<'t>)) {
    match steps.split_first() {
        None if *value == Json::Null => {}
        None => found(value),
        Some((Step::Member(name), rest)) => value.get(name).into_iter().for_each(|value| follow(value, rest, found)),
        Some((Step::Any, rest)) => value.members().for_each(|value| follow(value, rest, found)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse_object;

    #[test]
    fn a_path_has_literal_names() {
        let claims = parse_object(br#"{"a.b":1,"a":{"b":2,"c":null},"https://x/roles":[3],"n":null,"*":4}"#).unwrap();
        for (path, expected) in [
            (&["a.b"][..], Some("1")),
            (&["a", "b"], Some("2")),
            (&["https://x/roles"], Some("[3]")),
            (&["a", "c"], None),
            (&["n"], None),
            (&["a", "b", "c"], None),
            (&["A"], None),
            (&["*"], Some("4")),
            (&["a", "*"], None),
        ] {
            let path = ClaimPath::new(path).unwrap();
            assert_eq!(path.find(&claims).map(Json::to_string).as_deref(), expected, "{path:?}");
            assert_eq!(path.value(&claims).map(|value| value.to_string()).as_deref(), expected, "{path:?}");
        }
    }

    #[test]
    fn a_star_stands_for_any_member() {
        let claims = parse_object(
            br#"{"ids":[{"name":"a","tags":["x"]},{"name":"b"},{"name":null},7],"orgs":{"1":{"name":"c"},"2":["d"]},"none":[]}"#,
        )
        .unwrap();
        for (path, expected) in [
            (&["ids", "*", "name"][..], Some(r#"["a","b"]"#)),
            (&["ids", "*", "tags"], Some(r#"[["x"]]"#)),
            (&["ids", "*", "tags", "*"], Some(r#"["x"]"#)),
            (&["orgs", "*"], Some(r#"[{"name":"c"},["d"]]"#)),
            (&["orgs", "*", "*"], Some(r#"["c","d"]"#)),
            (&["ids", "*", "name", "*"], None),
            (&["none", "*"], None),
            (&["missing", "*"], None),
        ] {
            let path = ClaimPath::with_wildcards(path).unwrap();
            assert_eq!(path.value(&claims).map(|value| value.to_string()).as_deref(), expected, "{path:?}");
        }
        let names = ClaimPath::with_wildcards(&["ids", "*", "name"]).unwrap();
        assert_eq!(names.find(&claims).and_then(Json::as_text), Some("a"));
    }

    #[test]
    fn a_path_begins_with_a_name() {
        for names in [&[][..], &[""], &["a", ""], &["", "a"]] {
            assert_eq!((ClaimPath::new(names), ClaimPath::with_wildcards(names)), (None, None), "{names:?}");
        }
        assert_eq!(ClaimPath::with_wildcards(&["*"]), None);
        assert_eq!(ClaimPath::with_wildcards(&["*", "a"]), None);
        assert!(ClaimPath::with_wildcards(&["a", "*", "*"]).is_some());
    }
}
