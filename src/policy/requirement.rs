//! What a rule asks of a verified token: a tree of scopes, groups and claims, evaluated for every request.

use serde_json::Number;

use super::route::Variable;
use crate::json::Json;
use crate::request::{HeaderName, RequestHead, percent_decode, without_parameters};
use crate::token::verified::VerifiedToken;

/// A scope, which is no group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope(pub Box<str>);

/// A group, which is no scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group(pub Box<str>);

/// A node of the tree. Lists are never empty.
#[derive(Debug)]
pub enum Requirement {
    /// The token has this scope.
    Scope(Scope),
    /// The token has this group.
    Group(Group),
    /// The claim at this place of those kept passes the test.
    Claim {
        /// Its index.
        index: usize,
        /// The test.
        test: Test,
    },
    /// Every one holds.
    AllOf(Box<[Self]>),
    /// One holds.
    AnyOf(Box<[Self]>),
    /// It does not hold.
    Not(Box<Self>),
}

/// What is asked of a claim. Values are compared by type: `true` is not `"true"`, and `1` is `1.0`.
#[derive(Debug)]
pub enum Test {
    /// It is one of these.
    OneOf(Box<[Json<'static>]>),
    /// It is a list with this in it.
    Contains(Json<'static>),
    /// It is there (`true`), or it is not.
    Exists(bool),
    /// It is what stands at this place of the path, decoded once; a value with `;parameters` answers nothing.
    EqualsPath(Variable),
    /// It is the value of this header, which must be there once, and nothing that may be taken for it.
    EqualsHeader(HeaderName),
    /// It is text of this form.
    Matches(Glob),
}

/// What is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unmet {
    /// Scopes, which the challenge may name.
    Scopes(Vec<Box<str>>),
    /// A group, which it may not.
    Group,
    /// A claim, which it may not.
    Claim,
}

impl Requirement {
    /// Whether the token has what is asked.
    ///
    /// # Errors
    ///
    /// What is unmet first; of alternatives, what a client can do most about.
    pub fn check(&self, token: &VerifiedToken, head: &RequestHead<'_>) -> Result<(), Unmet> {
        if self.holds(token, head) == Some(true) { Ok(()) } else { Err(self.unmet(token, head)) }
    }

    /// `None` where the question can't be asked: a claim that is missing, or of another type, satisfies neither a test
    /// nor its opposite, however deep under `not` (Kleene's logic of three values).
    fn holds(&self, token: &VerifiedToken, head: &RequestHead<'_>) -> Option<bool> {
        match self {
            Self::Scope(Scope(name)) => Some(token.scopes().contains(name)),
            Self::Group(Group(name)) => Some(token.groups().contains(name)),
            Self::Claim { index, test } => test.outcome(token.claim(*index), head),
            Self::AllOf(parts) => combine(parts.iter().map(|part| part.holds(token, head)), false),
            Self::AnyOf(parts) => combine(parts.iter().map(|part| part.holds(token, head)), true),
            Self::Not(inner) => inner.holds(token, head).map(|holds| !holds),
        }
    }

    fn unmet(&self, token: &VerifiedToken, head: &RequestHead<'_>) -> Unmet {
        match self {
            Self::Scope(Scope(name)) => Unmet::Scopes(vec![name.clone()]),
            Self::Group(_) => Unmet::Group,
            Self::Claim { .. } | Self::Not(_) => Unmet::Claim,
            Self::AllOf(parts) => {
                let mut unmet = parts.iter().filter_map(|part| part.check(token, head).err());
                // Scopes that are missing are told together, so that a client asks once.
                match unmet.next() {
                    Some(Unmet::Scopes(first)) => Unmet::Scopes(unmet.fold(first, Unmet::add_scopes)),
                    Some(first) => first,
                    None => Unmet::Claim,
                }
            }
            Self::AnyOf(parts) => {
                let all: Vec<_> = parts.iter().filter_map(|part| part.check(token, head).err()).collect();
                let scopes = all.iter().cloned().fold(Vec::new(), Unmet::add_scopes);
                if scopes.is_empty() { all.into_iter().next().unwrap_or(Unmet::Claim) } else { Unmet::Scopes(scopes) }
            }
        }
    }
}

impl Unmet {
    fn add_scopes(mut scopes: Vec<Box<str>>, other: Self) -> Vec<Box<str>> {
        if let Self::Scopes(others) = other {
            for scope in others {
                if !scopes.contains(&scope) {
                    scopes.push(scope);
                }
            }
        }
        scopes
    }
}

/// Ends at the first part that is `decisive`; without one, an open question stays open.
fn combine(mut parts: impl Iterator<Item = Option<bool>>, decisive: bool) -> Option<bool> {
    let mut conclusion = Some(!decisive);
    match parts.any(|part| {
        if part.is_none() {
            conclusion = None;
        }
        part == Some(decisive)
    }) {
        true => Some(decisive),
        false => conclusion,
    }
}

impl Test {
    /// `None` if the question can't be asked of this claim.
    fn outcome(&self, claim: Option<&Json<'_>>, head: &RequestHead<'_>) -> Option<bool> {
        if let Self::Exists(wanted) = self {
            return Some(claim.is_some() == *wanted);
        }
        let claim = claim?;
        match self {
            Self::Exists(wanted) => Some(*wanted),
            Self::OneOf(values) => {
                let comparable = values.iter().any(|value| same_type(value, claim));
                comparable.then(|| values.iter().any(|value| equal(value, claim)))
            }
            Self::Contains(value) => Some(claim.as_list()?.iter().any(|member| equal(value, member))),
            Self::EqualsPath(variable) => {
                let value = variable.value(head.path()).filter(|value| without_parameters(value) == *value)?;
                Some(*claim.as_text()? == *percent_decode(value)?)
            }
            Self::EqualsHeader(name) => {
                let mut found = head.aliases_of(name.as_str());
                let (spelling, value) = found.next().filter(|_| found.next().is_none())?;
                (spelling == name.as_str().as_bytes()).then_some(claim.as_text()?.as_bytes() == value)
            }
            Self::Matches(glob) => Some(glob.matches(claim.as_text()?)),
        }
    }
}

fn same_type(a: &Json<'_>, b: &Json<'_>) -> bool {
    matches!(
        (a, b),
        (Json::Text(_), Json::Text(_)) | (Json::Number(_), Json::Number(_)) | (Json::Boolean(_), Json::Boolean(_))
    )
}

fn equal(a: &Json<'_>, b: &Json<'_>) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => numbers_equal(a, b),
        _ => same_type(a, b) && a == b,
    }
}

/// By value, exactly: two integers that a float can't tell apart are two.
fn numbers_equal(a: &Number, b: &Number) -> bool {
    match (a.as_i128(), b.as_i128()) {
        (Some(a), Some(b)) => a == b,
        (Some(integer), None) => is_integer(b, integer),
        (None, Some(integer)) => is_integer(a, integer),
        (None, None) => a.as_f64() == b.as_f64(),
    }
}

fn is_integer(float: &Number, integer: i128) -> bool {
    float.as_f64().is_some_and(|float| float.fract() == 0.0 && float.abs() < 1e30 && float as i128 == integer)
}

/// Text in which `*` stands for any number of characters.
#[derive(Debug)]
pub struct Glob(Box<[Box<str>]>);

impl Glob {
    /// Every text is a pattern.
    pub fn new(pattern: &str) -> Self {
        Self(pattern.split('*').map(Into::into).collect())
    }

    /// Whether the whole text has the form. Linear in both: each part is taken at its first place.
    fn matches(&self, text: &str) -> bool {
        let Some((first, rest)) = self.0.split_first() else { return text.is_empty() };
        let Some((last, middle)) = rest.split_last() else { return **first == *text };
        let Some(text) = text.strip_prefix(&**first) else { return false };
        let Some(mut text) = text.strip_suffix(&**last) else { return false };
        for part in middle {
            match text.split_once(&**part) {
                Some((_, after)) => text = after,
                None => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn own(value: &Value) -> Json<'static> {
        serde_json::from_value(value.clone()).unwrap()
    }

    fn outcome(test: &Test, claim: Value) -> Option<bool> {
        let path = "/users/a%40b/x/c;d";
        let headers = [(":path", path), ("x-tenant", "t1"), ("x-team", "a"), ("x_team", "a"), ("x_org", "o")]
            .into_iter()
            .collect();
        let head = RequestHead::new(&headers).unwrap();
        test.outcome((!claim.is_null()).then(|| own(&claim)).as_ref(), &head)
    }

    #[test]
    fn values_are_compared_by_type() {
        for (wanted, claim, expected) in [
            (json!("a"), json!("a"), Some(true)),
            (json!("a"), json!("A"), Some(false)),
            (json!(true), json!("true"), None),
            (json!("true"), json!(true), None),
            (json!(1), json!(1.0), Some(true)),
            (json!(1.0), json!(1), Some(true)),
            (json!(1), json!("1"), None),
            (json!(1), json!(true), None),
            (json!(0), json!(false), None),
            (json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992_i64), Some(false)),
            (json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992.0), Some(false)),
            (json!(0.5), json!(0.5), Some(true)),
            (json!("a"), json!(["a"]), None),
            (json!("a"), Value::Null, None),
        ] {
            let test = Test::OneOf([own(&wanted)].into());
            assert_eq!(outcome(&test, claim.clone()), expected, "{wanted} {claim}");
        }
    }

    #[test]
    fn a_claim_is_tested_in_its_own_way() {
        let route = crate::policy::route::Route::parse("GET /users/{id}/x/{other}").unwrap();
        let by_path = || Test::EqualsPath(route.variable("id").unwrap());
        let by_header = |name| Test::EqualsHeader(HeaderName::new(name).unwrap());
        for (test, claim, expected) in [
            (Test::Contains(own(&json!("a"))), json!(["b", "a"]), Some(true)),
            (Test::Contains(own(&json!("a"))), json!(["ab"]), Some(false)),
            (Test::Contains(own(&json!("a"))), json!("a"), None),
            (Test::Contains(own(&json!(1))), json!([1.0]), Some(true)),
            (Test::Exists(true), json!(false), Some(true)),
            (Test::Exists(true), Value::Null, Some(false)),
            (Test::Exists(false), Value::Null, Some(true)),
            (by_path(), json!("a@b"), Some(true)),
            (by_path(), json!("a%40b"), Some(false)),
            (by_path(), json!(7), None),
            (Test::EqualsPath(route.variable("other").unwrap()), json!("c;d"), None),
            (by_header("x-tenant"), json!("t1"), Some(true)),
            (by_header("x-tenant"), json!("t2"), Some(false)),
            (by_header("x-other"), json!("t1"), None),
            (by_header("x-team"), json!("a"), None),
            (by_header("x-org"), json!("o"), None),
            (Test::Matches(Glob::new("a*")), json!("abc"), Some(true)),
            (Test::Matches(Glob::new("a*")), json!(["abc"]), None),
        ] {
            assert_eq!(outcome(&test, claim.clone()), expected, "{test:?} {claim}");
        }
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "anything", true),
            ("a*b", "ab", true),
            ("a*b", "axxb", true),
            ("a*b", "axxbc", false),
            ("a*a", "a", false),
            ("*@example.com", "x@example.com", true),
            ("*@example.com", "x@example.com.evil", false),
            ("*b*c*", "abbc", true),
            ("*b*c*", "acb", false),
            ("a.c", "abc", false),
            ("a**b", "ab", true),
        ] {
            assert_eq!(Glob::new(pattern).matches(text), expected, "{pattern} {text}");
        }
    }
}
