//! Texts, numbers and booleans, in a form in which equal ones are the same.

use serde_json::Number;

use crate::json::Json;

/// A text, a number or a boolean. Equal values have equal forms: `1` and `1.0` are the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scalar {
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number, if the token has it exactly.
    Integer(i128),
    /// The bits of any other number.
    Float(u64),
    /// Text. The last variant: a search for text relies on it.
    Text(Box<str>),
}

/// Up to here, each whole number has a floating point number of its own.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// Beyond any integer of JSON as it is read.
const BEYOND_INTEGERS: f64 = 1e30;

impl Scalar {
    /// `None` for null, a list or an object.
    pub fn of(value: &Json<'_>) -> Option<Self> {
        match value {
            Json::Text(text) => Some(Self::Text(text.as_ref().into())),
            Json::Boolean(value) => Some(Self::Boolean(*value)),
            Json::Number(number) => Some(Self::of_number(number)),
            Json::Null | Json::List(_) | Json::Object(_) => None,
        }
    }

    fn of_number(number: &Number) -> Self {
        let float = number.as_f64().unwrap_or_default();
        match number.as_i128() {
            Some(integer) => Self::Integer(integer),
            None if float.fract() == 0.0 && float.abs() <= EXACT => Self::Integer(float as i128),
            None => Self::Float(float.to_bits()),
        }
    }

    /// The forms of all values that equal this one. Beyond 2^53 an integer and a floating point number can be equal, and
    /// have different forms: only of an integer it is certain how the token has it.
    pub fn equal_to(value: &Json<'_>) -> impl Iterator<Item = Self> + use<> {
        let form = Self::of(value);
        let other = match form {
            Some(Self::Integer(integer)) if (integer as f64).abs() > EXACT && (integer as f64) as i128 == integer => {
                Some(Self::Float((integer as f64).to_bits()))
            }
            Some(Self::Float(bits)) => {
                let float = f64::from_bits(bits);
                let whole = float.fract() == 0.0 && float.abs() < BEYOND_INTEGERS;
                whole.then_some(Self::Integer(float as i128))
            }
            _ => None,
        };
        form.into_iter().chain(other)
    }

    /// The type.
    pub fn types(&self) -> Types {
        match self {
            Self::Boolean(_) => Types::BOOLEAN,
            Self::Integer(_) | Self::Float(_) => Types::NUMBER,
            Self::Text(_) => Types::TEXT,
        }
    }
}

/// A set of JSON types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Types(u8);

impl Types {
    /// Text.
    pub const TEXT: Self = Self(1);
    /// A number.
    pub const NUMBER: Self = Self(2);
    /// `true` or `false`.
    pub const BOOLEAN: Self = Self(4);
    /// A list.
    pub const LIST: Self = Self(8);
    /// An object.
    pub const OBJECT: Self = Self(16);

    /// The types of both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the other set has all of these.
    pub fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Json<'static> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn equal_numbers_are_found_and_no_others() {
        for (asked, token, expected) in [
            ("1", "1", true),
            ("1", "1.0", true),
            ("1.0", "1", true),
            ("1", "2", false),
            ("-1", "1", false),
            ("0.5", "0.5", true),
            ("0.5", "0.25", false),
            ("0", "-0.0", true),
            ("9007199254740993", "9007199254740992", false),
            ("9007199254740993", "9007199254740993", true),
            ("9007199254740993", "9007199254740992.0", false),
            ("9007199254740992", "9007199254740992.0", true),
            ("1152921504606846976", "1152921504606846976.0", true),
            ("1152921504606846976.0", "1152921504606846976", true),
            ("1152921504606846977", "1152921504606846976.0", false),
            ("18446744073709551615", "18446744073709551615", true),
            ("1e300", "1e300", true),
            ("1e20", "100000000000000000000", true),
        ] {
            let token_has = Scalar::of(&number(token)).unwrap();
            let found = Scalar::equal_to(&number(asked)).any(|form| form == token_has);
            assert_eq!(found, expected, "{asked} {token}");
        }
    }
}
