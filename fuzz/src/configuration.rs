//! Reading and compiling a configuration, and deciding by it.

use jwt_authorizer::engine::Engine;
use jwt_authorizer::keys::signature::PureRust;
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
    let compiled = Engine::from_json(data);
    // A Struct has no whole numbers, and JSON read by serde_json has no duplicates.
    if let Ok(Value::Object(members)) = serde_json::from_slice(data) {
        let structure = structure::message(&members);
        if structure.starts_with(b"\n") && compiled.is_ok() {
            assert!(
                Engine::from_json(&structure).is_ok(),
                "refused as Struct: {:?}",
                Engine::from_json(&structure).err()
            );
        }
    }
    examine(compiled.ok());
}

pub(crate) fn run_struct(data: &[u8]) {
    examine(Engine::from_json(&[b"\n", data].concat()).ok());
}

fn examine(engine: Option<Engine>) {
    let Some(engine) = engine else { return };
    let gateway = Gateway::new(engine);
    for text in REQUESTS {
        gateway.decide(&Request::from_text(text.as_bytes()).with_defaults(), &PureRust, NOW);
    }
}
