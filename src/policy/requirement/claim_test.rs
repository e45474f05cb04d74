//! Tests of one claim.

use serde_json::Number;

use super::glob::Glob;
use crate::json::Json;
use crate::policy::variable::Variable;
use crate::request::{HeaderName, RequestHead, percent_decode};

/// A test of one claim. Values are compared by type: `true` is not `"true"`, but `1` equals `1.0`.
#[derive(Debug)]
pub enum Test {
    /// The claim is one of these values.
    OneOf(Box<[Json<'static>]>),
    /// The claim is a list with this value.
    Contains(Json<'static>),
    /// The claim is present (`true`) or absent (`false`).
    Exists(bool),
    /// The claim equals this variable of the path, percent-decoded once. Does not apply if servers may
    /// read different values.
    EqualsPath(Variable),
    /// The claim equals the value of this header. Does not apply unless the request has it exactly once, and no header
    /// that is an alias of it.
    EqualsHeader(HeaderName),
    /// The claim is a string that matches this pattern.
    Matches(Glob),
}

impl Test {
    /// `None` if the test does not apply to this claim.
    pub(super) fn outcome(&self, claim: Option<&Json<'_>>, head: &RequestHead<'_>) -> Option<bool> {
        if let Self::Exists(expected) = self {
            return Some(claim.is_some() == *expected);
        }
        let claim = claim?;
        match self {
            Self::Exists(expected) => Some(*expected),
            Self::OneOf(values) => {
                let comparable = values.iter().any(|value| same_type(value, claim));
                comparable.then(|| values.iter().any(|value| equal(value, claim)))
            }
            Self::Contains(value) => Some(claim.as_list()?.iter().any(|member| equal(value, member))),
            Self::EqualsPath(variable) => {
                let value = variable.value(head.path())?;
                Some(*claim.as_text()? == *percent_decode(value)?)
            }
            Self::EqualsHeader(name) => {
                let mut found = head.aliases_of(name.as_str());
                let (sent_name, value) = found.next().filter(|_| found.next().is_none())?;
                (sent_name == name.as_str().as_bytes()).then_some(claim.as_text()?.as_bytes() == value)
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

/// Compares exactly: integers that would be the same `f64` are different.
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn owned(value: &Value) -> Json<'static> {
        serde_json::from_value(value.clone()).unwrap()
    }

    fn outcome(test: &Test, claim: Value) -> Option<bool> {
        let path = "/users/a%40b/x/c;d";
        let headers = [(":path", path), ("x-tenant", "t1"), ("x-team", "a"), ("x_team", "a"), ("x_org", "o")]
            .into_iter()
            .collect();
        let head = RequestHead::new(&headers).unwrap();
        test.outcome((!claim.is_null()).then(|| owned(&claim)).as_ref(), &head)
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
            let test = Test::OneOf([owned(&value)].into());
            assert_eq!(outcome(&test, claim.clone()), expected, "{value} {claim}");
        }
    }

    #[test]
    fn each_test_applies_to_claims_of_its_type() {
        let route = crate::policy::route::Route::parse("GET /users/{id}/x/{other}").unwrap();
        let by_path = || Test::EqualsPath(route.variable("id").unwrap());
        let by_header = |name| Test::EqualsHeader(HeaderName::new(name).unwrap());
        for (test, claim, expected) in [
            (Test::Contains(owned(&json!("a"))), json!(["b", "a"]), Some(true)),
            (Test::Contains(owned(&json!("a"))), json!(["ab"]), Some(false)),
            (Test::Contains(owned(&json!("a"))), json!("a"), None),
            (Test::Contains(owned(&json!(1))), json!([1.0]), Some(true)),
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
}
