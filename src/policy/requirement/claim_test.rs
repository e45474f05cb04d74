//! Tests of one claim.

use super::glob::Glob;
use crate::json::Json;
use crate::policy::variable::Variable;
use crate::request::{HeaderName, RequestHead, percent_decode};
use crate::token::claim_values::ClaimValues;
use crate::token::scalar::{Scalar, Types};

/// A test of one claim. Values are compared by type: `true` is not `"true"`, but `1` equals `1.0`. If the path of the
/// claim leads to several values, one of them must pass.
#[derive(Debug)]
pub enum Test {
    /// The claim is one of these values.
    OneOf(Operands),
    /// The claim is a list with this value.
    Contains(Operands),
    /// The claim is present (`true`) or absent (`false`).
    Exists(bool),
    /// The claim is written like this variable of the path, percent-decoded once. Does not apply if servers may read
    /// different values.
    EqualsPath(Variable),
    /// The claim is written like the value of this header. Does not apply unless the request has it exactly once, and no
    /// header that is an alias of it.
    EqualsHeader(HeaderName),
    /// The claim is a string that matches this pattern.
    Matches(Glob),
}

/// Values that a claim is compared with, in every form that they may have.
#[derive(Debug)]
pub struct Operands {
    forms: Box<[Scalar]>,
    types: Types,
}

impl<'v> FromIterator<&'v Json<'v>> for Operands {
    fn from_iter<I: IntoIterator<Item = &'v Json<'v>>>(values: I) -> Self {
        let forms: Box<[Scalar]> = values.into_iter().flat_map(Scalar::equal_to).collect();
        let types = forms.iter().map(Scalar::types).fold(Types::default(), Types::and);
        Self { forms, types }
    }
}

/// What equals the value of a path variable or of a header: a text, a whole number that is written so, or a list with one
/// of them.
const WRITTEN: Types = Types::TEXT.and(Types::NUMBER).and(Types::LIST);

impl Test {
    /// `None` if the test does not apply to this claim.
    pub(super) fn outcome(&self, claim: &ClaimValues, head: &RequestHead<'_>) -> Option<bool> {
        match self {
            Self::Exists(expected) => Some(claim.is_present() == *expected),
            Self::OneOf(values) => claim.outcome(values.forms.iter().any(|form| claim.has(form)), values.types),
            Self::Contains(value) => claim.outcome(value.forms.iter().any(|form| claim.has_member(form)), Types::LIST),
            Self::EqualsPath(variable) => {
                let value = variable.value(head.path())?;
                claim.outcome(claim.has_written(&percent_decode(value)?), WRITTEN)
            }
            Self::EqualsHeader(name) => {
                let mut found = head.aliases_of(name.as_str());
                let (sent_name, value) = found.next().filter(|_| found.next().is_none())?;
                if sent_name != name.as_str().as_bytes() {
                    return None;
                }
                claim.outcome(std::str::from_utf8(value).is_ok_and(|value| claim.has_written(value)), WRITTEN)
            }
            Self::Matches(glob) => claim.outcome(claim.texts().any(|text| glob.matches(text)), Types::TEXT),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse_object;
    use crate::token::claims::ClaimPath;
    use serde_json::{Value, json};

    fn operands(values: Value) -> Operands {
        let values: Vec<Json<'static>> = serde_json::from_value(values).unwrap();
        values.iter().collect()
    }

    fn outcome_at(path: &[&str], test: &Test, claim: &Value) -> Option<bool> {
        let headers = [
            (":path", "/users/a%40b/x/c;d/n/42"),
            ("x-tenant", "t1"),
            ("x-team", "a"),
            ("x_team", "a"),
            ("x_org", "o"),
            ("x-number", "7"),
        ];
        let headers = headers.into_iter().collect();
        let head = RequestHead::new(&headers).unwrap();
        let claims = json!({ "c": claim }).to_string();
        let path = ClaimPath::with_wildcards(path).unwrap();
        test.outcome(&ClaimValues::read(&path, &parse_object(claims.as_bytes()).unwrap()), &head)
    }

    #[test]
    fn values_are_compared_by_type() {
        for (value, claim, expected) in [
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
            let test = Test::OneOf(operands(json!([value])));
            assert_eq!(outcome_at(&["c"], &test, &claim), expected, "{value} {claim}");
        }
    }

    #[test]
    fn each_test_applies_to_claims_of_its_type() {
        let route = crate::policy::route::Route::parse("GET /users/{id}/x/{other}/n/{n}").unwrap();
        let by_path = |name| Test::EqualsPath(route.variable(name).unwrap());
        let by_header = |name| Test::EqualsHeader(HeaderName::new(name).unwrap());
        let contains = |value| Test::Contains(operands(json!([value])));
        for (test, claim, expected) in [
            (contains(json!("a")), json!(["b", "a"]), Some(true)),
            (contains(json!("a")), json!(["ab"]), Some(false)),
            (contains(json!("a")), json!("a"), None),
            (contains(json!(1)), json!([1.0]), Some(true)),
            (contains(json!("1")), json!([1]), Some(false)),
            (Test::OneOf(operands(json!(["a", 7]))), json!(7), Some(true)),
            (Test::OneOf(operands(json!(["a", 7]))), json!(8), Some(false)),
            (Test::OneOf(operands(json!(["a", 7]))), json!(true), None),
            (Test::Exists(true), json!(false), Some(true)),
            (Test::Exists(true), Value::Null, Some(false)),
            (Test::Exists(false), Value::Null, Some(true)),
            (by_path("id"), json!("a@b"), Some(true)),
            (by_path("id"), json!("a%40b"), Some(false)),
            (by_path("id"), json!(7), Some(false)),
            (by_path("id"), json!(true), None),
            (by_path("id"), json!({ "a@b": "a@b" }), None),
            (by_path("id"), json!(["x", "a@b"]), Some(true)),
            (by_path("id"), json!(["x", ["a@b"]]), Some(false)),
            (by_path("id"), json!([]), Some(false)),
            (by_path("id"), Value::Null, None),
            (by_path("n"), json!(42), Some(true)),
            (by_path("n"), json!("42"), Some(true)),
            (by_path("n"), json!("042"), Some(false)),
            (by_path("n"), json!([1, 42]), Some(true)),
            (by_path("n"), json!(420), Some(false)),
            (by_path("other"), json!("c;d"), None),
            (by_path("other"), json!(["c;d"]), None),
            (by_header("x-tenant"), json!("t1"), Some(true)),
            (by_header("x-tenant"), json!("t2"), Some(false)),
            (by_header("x-tenant"), json!(["t1", "t2"]), Some(true)),
            (by_header("x-tenant"), json!(["t3", "t2"]), Some(false)),
            (by_header("x-number"), json!(7), Some(true)),
            (by_header("x-number"), json!([7.0]), Some(true)),
            (by_header("x-other"), json!("t1"), None),
            (by_header("x-team"), json!("a"), None),
            (by_header("x-org"), json!("o"), None),
            (Test::Matches(Glob::new("a*")), json!("abc"), Some(true)),
            (Test::Matches(Glob::new("a*")), json!("bc"), Some(false)),
            (Test::Matches(Glob::new("a*")), json!(["abc"]), None),
        ] {
            assert_eq!(outcome_at(&["c"], &test, &claim), expected, "{test:?} {claim}");
        }
    }

    #[test]
    fn one_of_several_values_is_enough() {
        let claim =
            json!([{ "name": "okta", "id": 1, "tags": ["x"] }, { "name": "google", "tags": ["y"] }, { "id": "a@b" }]);
        let route = crate::policy::route::Route::parse("GET /users/{id}/x/{other}/n/{n}").unwrap();
        let is = |values| Test::OneOf(operands(values));
        for (member, test, expected) in [
            ("name", is(json!(["google"])), Some(true)),
            ("name", is(json!(["entra"])), Some(false)),
            ("name", is(json!([1])), None),
            ("id", is(json!([1])), Some(true)),
            ("id", is(json!([2])), None),
            ("id", is(json!([2, "b"])), Some(false)),
            ("id", Test::EqualsPath(route.variable("id").unwrap()), Some(true)),
            ("id", Test::EqualsPath(route.variable("n").unwrap()), Some(false)),
            ("tags", Test::Contains(operands(json!(["y"]))), Some(true)),
            ("tags", Test::Contains(operands(json!(["z"]))), Some(false)),
            ("name", Test::Matches(Glob::new("goo*")), Some(true)),
            ("name", Test::Matches(Glob::new("*x")), Some(false)),
            ("id", Test::Matches(Glob::new("*x")), None),
            ("name", Test::Exists(true), Some(true)),
            ("other", Test::Exists(true), Some(false)),
            ("other", Test::Exists(false), Some(true)),
            ("other", is(json!(["okta"])), None),
        ] {
            assert_eq!(outcome_at(&["c", "*", member], &test, &claim), expected, "{member} {test:?}");
        }
    }
}
