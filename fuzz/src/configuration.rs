//! Reading and compiling a configuration, and deciding by it.

use jwt_authorizer::keys::signature::PureRust;
use jwt_authorizer_native::NativeGateway;
use serde_json::Value;

use crate::engine::{Gateway, NOW};
use crate::request::Request;
use crate::structure;

const REQUESTS: [&str; 3] = [
    ":path: /a/b?access_token=x",
    ":method: POST\n:path: /a/%2F/b;c\nauthorization: Bearer a.b.c",
    ":method: OPTIONS\norigin: https://example.com\naccess-control-request-method: GET",
];

pub(crate) fn run_json(data: &[u8]) {
    let compiled = NativeGateway::from_json(data);
    if compiled.is_ok()
        && let Ok(Value::Object(members)) = serde_json::from_slice(data)
    {
        let structure = NativeGateway::from_json(&structure::message(&members));
        assert!(structure.is_ok(), "refused as Struct: {:?}", structure.err());
    }
    examine(compiled.ok());
}

pub(crate) fn run_struct(data: &[u8]) {
    examine(NativeGateway::from_json(&[b"\n", data].concat()).ok());
}

fn examine(compiled: Option<NativeGateway>) {
    let Some(gateway) = compiled.map(Gateway) else { return };
    for text in REQUESTS {
        gateway.decide(&Request::from_text(text.as_bytes()).with_defaults(), &PureRust, NOW);
    }
}
