//! `google.protobuf.Struct` → JSON. Envoy can carry a configuration in this message, and the filter gets its wire
//! bytes. Envoy's documentation says that it gets JSON; Envoy 1.36 to 1.40 pass the bytes.
//!
//! The format has three messages, and they use three wire types. A protobuf library would add 17 KB to the module.

use std::borrow::Cow;

use serde_json::Number;

use crate::json::{Json, MAX_DEPTH, Object};

/// The message as JSON. `None` if the bytes are not a `Struct`. An object or a list that is nested too deep has no members,
/// as in `parse_as_written`.
pub(super) fn to_json(bytes: &[u8]) -> Option<Json<'_>> {
    object(bytes, MAX_DEPTH)
}

/// `Struct`: a map, of which each entry is a message with a key and a value.
fn object(bytes: &[u8], depth: u8) -> Option<Json<'_>> {
    let Some(depth) = depth.checked_sub(1) else { return Some(Json::Object(Object::default())) };
    let mut members: Vec<(Cow<'_, str>, Json<'_>)> = Vec::new();
    each_field(bytes, |field| {
        let (1, Content::Bytes(entry)) = field else { return None };
        let (mut name, mut value) = ("", Json::Null);
        each_field(entry, |field| match field {
            (1, Content::Bytes(bytes)) => std::str::from_utf8(bytes).ok().map(|text| name = text),
            (2, Content::Bytes(bytes)) => any(bytes, depth).map(|known| value = known),
            _ => None,
        })?;
        members.push((Cow::Borrowed(name), value));
        Some(())
    })?;
    let object: Object<'_> = members.into_iter().collect();
    object.repeated_name().is_none().then_some(Json::Object(object))
}

/// `ListValue`.
fn list(bytes: &[u8], depth: u8) -> Option<Json<'_>> {
    let Some(depth) = depth.checked_sub(1) else { return Some(Json::List(Vec::new())) };
    let mut items = Vec::new();
    each_field(bytes, |field| {
        let (1, Content::Bytes(item)) = field else { return None };
        items.push(any(item, depth)?);
        Some(())
    })?;
    Some(Json::List(items))
}

/// `Value`: one of six types.
fn any(bytes: &[u8], depth: u8) -> Option<Json<'_>> {
    let mut value = Json::Null;
    each_field(bytes, |field| {
        value = match field {
            (1, Content::Number(0)) => Json::Null,
            (2, Content::Double(number)) => to_number(number)?,
            (3, Content::Bytes(text)) => Json::Text(Cow::Borrowed(std::str::from_utf8(text).ok()?)),
            (4, Content::Number(number)) => Json::Boolean(number != 0),
            (5, Content::Bytes(members)) => object(members, depth)?,
            (6, Content::Bytes(items)) => list(items, depth)?,
            _ => return None,
        };
        Some(())
    })?;
    Some(value)
}

/// A `Struct` has only floating point numbers. A whole number becomes an integer again.
fn to_number(number: f64) -> Option<Json<'static>> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        Some(Json::Number((number as i64).into()))
    } else {
        Number::from_f64(number).map(Json::Number)
    }
}

/// The content of a field (protobuf wire types 0, 1 and 2).
enum Content<'m> {
    Number(u64),
    Double(f64),
    Bytes(&'m [u8]),
}

fn each_field<'m>(mut bytes: &'m [u8], mut take: impl FnMut((u64, Content<'m>)) -> Option<()>) -> Option<()> {
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let content = match tag & 7 {
            0 => Content::Number(varint(&mut bytes)?),
            1 => {
                let (number, rest) = bytes.split_first_chunk()?;
                bytes = rest;
                Content::Double(f64::from_le_bytes(*number))
            }
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                let (content, rest) = bytes.split_at_checked(length)?;
                bytes = rest;
                Content::Bytes(content)
            }
            _ => return None,
        };
        take((tag >> 3, content))?;
    }
    Some(())
}

/// A base 128 varint: seven bits in each byte, the least significant first, at most ten bytes.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for position in 0..10 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << (7 * position);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, Value, json};

    /// The reverse of `to_json`, for values that a `Struct` can have.
    fn encoded(value: &Value) -> Vec<u8> {
        match value {
            Value::Null => vec![0x08, 0],
            Value::Number(number) => [&[0x11][..], &number.as_f64().unwrap().to_le_bytes()].concat(),
            Value::String(text) => field(3, text.as_bytes()),
            Value::Bool(value) => vec![0x20, u8::from(*value)],
            Value::Object(members) => field(5, &message(members)),
            Value::Array(items) => {
                field(6, &items.iter().flat_map(|item| field(1, &encoded(item))).collect::<Vec<_>>())
            }
        }
    }

    fn message(members: &Map<String, Value>) -> Vec<u8> {
        let entry = |(name, value): (&String, &Value)| {
            field(1, &[field(1, name.as_bytes()), field(2, &encoded(value))].concat())
        };
        members.iter().flat_map(entry).collect()
    }

    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![number << 3 | 2];
        let mut length = content.len();
        while length >= 0x80 {
            bytes.push(length as u8 | 0x80);
            length >>= 7;
        }
        bytes.push(length as u8);
        [&bytes, content].concat()
    }

    #[test]
    fn a_struct_becomes_the_same_json() {
        for value in [
            json!({}),
            json!({ "a": null, "b": true, "c": false, "d": "text", "é": "ü", "": "" }),
            json!({ "n": [0, 1, -1, 60, 1.5, -0.25, 4_294_967_296_i64, 9_007_199_254_740_992_i64] }),
            json!({ "deep": { "er": [{ "x": [[], {}, [1]] }] } }),
            json!({ "long": "x".repeat(100_000) }),
        ] {
            let bytes = message(value.as_object().unwrap());
            assert_eq!(serde_json::to_value(to_json(&bytes).unwrap()).unwrap(), value);
        }
    }

    #[test]
    fn a_message_that_is_cut_or_malformed_is_none() {
        let good = message(json!({ "a": { "b": [1.5, "x", true] } }).as_object().unwrap());
        for end in 1..good.len() {
            assert_eq!(to_json(&good[..end]), None, "cut at {end}");
        }
        let entry = |value: &[u8]| field(1, &[field(1, b"a"), field(2, value)].concat());
        for (label, bytes) in [
            ("another field", field(2, b"")),
            ("a number for a member", vec![0x08, 1]),
            ("a third field in an entry", field(1, &field(3, b""))),
            ("a name that is not UTF-8", field(1, &field(1, b"\xff"))),
            ("text that is not UTF-8", entry(&field(3, b"\xff"))),
            ("a null that is one", entry(&[0x08, 1])),
            ("a seventh type of value", entry(&field(7, b""))),
            ("a deprecated wire type", entry(&[0x0b])),
            ("four bytes instead of eight", entry(&[0x15, 0, 0, 0, 0])),
            ("a number that never ends", vec![0xff; 100]),
            ("a length beyond the end", vec![0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
            ("a duplicate member", [entry(&[0x20, 1]), entry(&[0x20, 0])].concat()),
            ("infinity", entry(&[&[0x11][..], &f64::INFINITY.to_le_bytes()].concat())),
        ] {
            assert_eq!(to_json(&bytes), None, "{label}");
        }
    }

    #[test]
    fn nesting_is_bounded_as_in_json() {
        let objects = |depth: usize| (0..depth).fold(json!({}), |inner, _| json!({ "not": inner }));
        let lists = |depth: usize| (0..depth).fold(json!([]), |inner, _| json!([inner]));
        for require in [objects(28), objects(29), objects(100), lists(28), lists(29), lists(100)] {
            let value = json!({ "providers": {}, "rules": [{ "route": "GET /", "require": require }] });
            let read = |bytes: &[u8]| super::super::parse::parse(bytes).map(|_| ()).map_err(|error| error.to_string());
            assert_eq!(read(&message(value.as_object().unwrap())), read(value.to_string().as_bytes()));
        }
        let read = |value: &Value| to_json(&message(value.as_object().unwrap())).map(|json| json.to_string());
        assert_eq!(read(&objects(31)), Some(objects(31).to_string()));
        for depth in [32, 40, 100] {
            assert_eq!(read(&objects(depth)), Some(objects(32).to_string()), "{depth}");
            assert_eq!(read(&json!({ "a": lists(depth) })), Some(json!({ "a": lists(31) }).to_string()), "{depth}");
        }
    }
}
