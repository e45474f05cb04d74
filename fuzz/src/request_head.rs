//! Reading the head of a request: method, host, path and query.

use jwt_authorizer::request::{Headers, RequestHead};

use crate::request::Request;

pub(crate) fn run(data: &[u8]) {
    // As the host passes it, with any lengths.
    if let Some(headers) = Headers::from_host(data.to_vec()) {
        assert!(headers.iter().count() <= data.len());
        let _ = described(&headers);
    }
    let request = Request::from_text(data).with_defaults();
    let head = described(&request.headers());
    assert_eq!(head, described(&request.with_unrelated_headers().headers()), "headers that nothing reads count");
}

fn described(headers: &Headers) -> String {
    let head = match RequestHead::new(headers) {
        Ok(head) => head,
        Err(ambiguous) => return format!("{ambiguous:?}"),
    };
    let path = head.path();
    for reading in path.others().chain([path.canonical()]) {
        assert!(!reading.contains(['\\', '\0']), "a path that is always refused: {reading:?}");
        assert!(!reading.split('/').any(|segment| matches!(segment, "." | "..")), "a dot segment: {reading:?}");
    }
    format!(
        "{} {} {:?} {:?} {:?} {}",
        head.method(),
        head.host(),
        path.canonical(),
        head.query(),
        path.others().collect::<Vec<_>>(),
        head.is_cors_preflight()
    )
}
