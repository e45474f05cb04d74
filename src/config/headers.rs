//! The headers that a configuration may not set.

/// Headers of the connection, of the credential, and those that Envoy sets itself. No field may name one to be set.
pub const UNSETTABLE_HEADERS: [&str; 13] = [
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "sec-websocket-protocol",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers that the filter itself sets on a refusal. `responses.headers` may not name them.
pub const OWN_HEADERS: [&str; 3] = ["content-type", "www-authenticate", "retry-after"];
