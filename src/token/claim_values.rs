//! The values of one claim, in the form in which requirements test them.

use super::claims::ClaimPath;
use super::scalar::{Scalar, Types};
use crate::json::{Json, Object};

/// The values of one claim: none, one, or with a `*` in its path any number. They are sorted, because a token may have
/// thousands, and a rule may look for as many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimValues {
    types: Types,
    scalars: Box<[Scalar]>,
    /// The texts, numbers and booleans of those values that are lists.
    members: Box<[Scalar]>,
}

impl ClaimValues {
    /// The values that the path leads to.
    pub fn read(path: &ClaimPath, claims: &Object<'_>) -> Self {
        let (mut types, mut scalars, mut members) = (Types::default(), Vec::new(), Vec::new());
        path.each(claims, &mut |value| match value {
            Json::List(items) => {
                types = types.and(Types::LIST);
                members.extend(items.iter().filter_map(Scalar::of));
            }
            Json::Object(_) => types = types.and(Types::OBJECT),
            value => {
                scalars.extend(Scalar::of(value).inspect(|scalar| types = types.and(scalar.types())));
            }
        });
        Self { types, scalars: sorted(scalars), members: sorted(members) }
    }

    /// Whether there is a value.
    pub fn is_present(&self) -> bool {
        self.types != Types::default()
    }

    /// Whether one of the values is this one.
    pub fn has(&self, value: &Scalar) -> bool {
        self.scalars.binary_search(value).is_ok()
    }

    /// Whether one of the values is a list with this member.
    pub fn has_member(&self, value: &Scalar) -> bool {
        self.members.binary_search(value).is_ok()
    }

    /// Whether one of the values, or a member of one that is a list, is this text or a whole number that is written so.
    pub fn has_written(&self, text: &str) -> bool {
        let integer = integer_written(text).map(Scalar::Integer);
        [&self.scalars, &self.members].into_iter().any(|all| {
            let found = all.binary_search_by(|scalar| match scalar {
                Scalar::Text(known) => (**known).cmp(text),
                _ => std::cmp::Ordering::Less,
            });
            found.is_ok() || integer.as_ref().is_some_and(|integer| all.binary_search(integer).is_ok())
        })
    }

    /// The values that are text.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.scalars.iter().filter_map(|scalar| match scalar {
            Scalar::Text(text) => Some(&**text),
            _ => None,
        })
    }

    /// The outcome of a test that applies to values of these types and that `holds` for one of the values or for none.
    /// `None` if there is no value, or if it does not apply to a value and holds for none.
    pub fn outcome(&self, holds: bool, applies_to: Types) -> Option<bool> {
        (holds || (self.is_present() && self.types.is_within(applies_to))).then_some(holds)
    }

    /// The approximate size of the values in bytes, without that of `Self`.
    pub fn heap_bytes(&self) -> usize {
        let bytes = |scalar: &Scalar| match scalar {
            Scalar::Text(text) => size_of::<Scalar>().saturating_add(text.len()).saturating_add(16),
            Scalar::Boolean(_) | Scalar::Integer(_) | Scalar::Float(_) => size_of::<Scalar>(),
        };
        self.scalars.iter().chain(&self.members).map(bytes).fold(0, usize::saturating_add)
    }
}

fn sorted(mut scalars: Vec<Scalar>) -> Box<[Scalar]> {
    scalars.sort_unstable();
    scalars.dedup();
    scalars.into()
}

/// The number, if the text is what JSON writes for a whole number: no sign but `-`, no leading zero.
fn integer_written(text: &str) -> Option<i128> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let canonical = text == "0" || (!digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit()));
    text.parse().ok().filter(|_| canonical)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse_object;

    fn read(path: &[&str], claims: &str) -> ClaimValues {
        let path = ClaimPath::with_wildcards(path).unwrap();
        ClaimValues::read(&path, &parse_object(claims.as_bytes()).unwrap())
    }

    #[test]
    fn a_number_is_compared_as_json_writes_it() {
        for (token, text, expected) in [
            ("42", "42", true),
            ("42.0", "42", true),
            ("42", "042", false),
            ("42", "+42", false),
            ("42", "42.0", false),
            ("42", " 42", false),
            ("42", "4٢", false),
            ("-42", "-42", true),
            ("-42", "-042", false),
            ("0", "0", true),
            ("0", "-0", false),
            ("0", "00", false),
            ("0", "", false),
            ("0", "-", false),
            ("1234567890123456789", "1234567890123456789", true),
            ("18446744073709551615", "18446744073709551615", true),
            // Read as a floating point number, which is not what the token has.
            ("100000000000000000001", "100000000000000000000", false),
            ("100000000000000000001", "100000000000000000001", false),
            ("1.5", "1.5", false),
            ("true", "true", false),
            ("\"042\"", "042", true),
            ("\"042\"", "42", false),
            ("[7,\"x\",42,{}]", "42", true),
            ("[7,\"x\",42,{}]", "x", true),
            ("[7,\"x\",42,{}]", "8", false),
            ("[[42]]", "42", false),
            ("{\"a\":42}", "42", false),
        ] {
            assert_eq!(read(&["n"], &format!(r#"{{"n":{token}}}"#)).has_written(text), expected, "{token} {text}");
        }
    }

    #[test]
    fn an_outcome_needs_a_value_and_applies_to_types() {
        let text_and_number = Types::TEXT.and(Types::NUMBER);
        for (claims, path, applies_to, expected) in [
            (r#"{"c":"x"}"#, &["c"][..], Types::TEXT, Some(false)),
            (r#"{"c":"x"}"#, &["c"], Types::NUMBER, None),
            (r#"{"c":1}"#, &["c"], text_and_number, Some(false)),
            (r#"{"c":true}"#, &["c"], text_and_number, None),
            (r#"{"c":true}"#, &["c"], Types::BOOLEAN, Some(false)),
            (r#"{"c":["x"]}"#, &["c"], Types::LIST, Some(false)),
            (r#"{"c":[]}"#, &["c"], Types::LIST, Some(false)),
            (r#"{"c":[]}"#, &["c"], Types::TEXT, None),
            (r#"{"c":{}}"#, &["c"], text_and_number, None),
            (r#"{"c":null}"#, &["c"], Types::TEXT, None),
            (r"{}", &["c"], Types::TEXT, None),
            (r#"{"c":["x",1]}"#, &["c", "*"], text_and_number, Some(false)),
            (r#"{"c":["x",1]}"#, &["c", "*"], Types::TEXT, None),
            (r#"{"c":[]}"#, &["c", "*"], Types::TEXT, None),
        ] {
            let claim = read(path, claims);
            assert_eq!(claim.outcome(false, applies_to), expected, "{claims} {path:?}");
            assert_eq!(claim.is_present(), claim.types != Types::default());
        }
        assert_eq!(read(&["c"], r#"{"c":["x"]}"#).outcome(true, Types::TEXT), Some(true));
    }

    #[test]
    fn values_weigh_what_their_allocations_take() {
        let claims = format!(r#"{{"c":["{}"],"n":1}}"#, ["ab", "cd", "ef"].join("\",\""));
        assert_eq!(read(&["c"], &claims).heap_bytes(), 3 * (size_of::<Scalar>() + 2 + 16));
        assert_eq!(read(&["n"], &claims).heap_bytes(), size_of::<Scalar>());
        assert_eq!(read(&["x"], &claims).heap_bytes(), 0);
    }
}
