//! A filter that verifies each token with jwt-simple and does nothing else: what this project's verification in Rust is
//! compared with. Only a benchmark loads it.
#![cfg(target_arch = "wasm32")]
#![expect(missing_docs, reason = "the SDK's macro writes a public function")]

use std::rc::Rc;

use jwt_simple::algorithms::{RS256PublicKey, RSAPublicKeyLike};
use jwt_simple::claims::NoCustomClaims;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| Box::new(Root::default()));
}}

/// The key, which the configuration has as PEM.
#[derive(Default)]
struct Root(Option<Rc<RS256PublicKey>>);

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _size: usize) -> bool {
        let pem = self.get_plugin_configuration().and_then(|bytes| String::from_utf8(bytes).ok());
        self.0 = pem.and_then(|pem| RS256PublicKey::from_pem(&pem).ok()).map(Rc::new);
        self.0.is_some()
    }

    fn create_http_context(&self, _id: u32) -> Option<Box<dyn HttpContext>> {
        self.0.clone().map(|key| Box::new(Request(key)) as Box<dyn HttpContext>)
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Request(Rc<RS256PublicKey>);

impl Context for Request {}

impl HttpContext for Request {
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        let header =
            self.get_http_request_header_bytes("authorization").and_then(|bytes| String::from_utf8(bytes).ok());
        let token = header.as_deref().and_then(|header| header.strip_prefix("Bearer "));
        if token.is_some_and(|token| self.0.verify_token::<NoCustomClaims>(token, None).is_ok()) {
            return Action::Continue;
        }
        self.send_http_response(401, Vec::new(), None);
        Action::Pause
    }
}
