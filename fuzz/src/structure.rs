//! JSON → the bytes of a `google.protobuf.Struct`.

use serde_json::{Map, Value};

pub(crate) fn message(members: &Map<String, Value>) -> Vec<u8> {
    let entry =
        |(name, value): (&String, &Value)| field(1, &[field(1, name.as_bytes()), field(2, &encoded(value))].concat());
    members.iter().flat_map(entry).collect()
}

fn encoded(value: &Value) -> Vec<u8> {
    match value {
        Value::Null => vec![0x08, 0],
        Value::Number(number) => [&[0x11][..], &number.as_f64().unwrap_or_default().to_le_bytes()].concat(),
        Value::String(text) => field(3, text.as_bytes()),
        Value::Bool(value) => vec![0x20, u8::from(*value)],
        Value::Object(members) => field(5, &message(members)),
        Value::Array(items) => field(6, &items.iter().flat_map(|item| field(1, &encoded(item))).collect::<Vec<_>>()),
    }
}

/// A length-delimited field: the tag, the length as varint, the content.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    let mut length = content.len();
    while length >= 0x80 {
        bytes.push(u8::try_from(length & 0x7f).unwrap_or_default() | 0x80);
        length >>= 7;
    }
    bytes.push(u8::try_from(length).unwrap_or_default());
    bytes.extend_from_slice(content);
    bytes
}
