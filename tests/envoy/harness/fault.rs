//! The issuer's answers: its document, or a failure.

use std::io::{self, Write};
use std::net::{Shutdown, TcpStream};

use serde_json::json;

#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// The requested document, with these extra header lines.
    Document(&'static str),
    /// The document with a status other than 200.
    Status(u16),
    /// A redirect to the same document.
    Redirect,
    /// An HTML page, such as that of a captive portal.
    Html,
    EmptySet,
    /// The first half of the document, with the matching `content-length`.
    TruncatedJson,
    /// The document and more than 1 MiB of spaces.
    TooLarge,
    /// 201 keys.
    TooManyKeys,
    /// The document and more than 8,000 values.
    TooManyValues,
    /// Keys of unsupported types only.
    NoUsableKey,
    /// The connection is reset before the response.
    Reset,
    /// The connection is closed in the middle of the body.
    Closed,
    /// No response at all.
    Silence,
}

impl Answer {
    /// Writes the response; `document` is the body of a successful one.
    pub(crate) fn write(&self, mut stream: &TcpStream, document: &[u8]) -> io::Result<()> {
        let json = "content-type: application/json\r\n";
        let (status, extra, body) = match self {
            Self::Document(extra) => (200, format!("{json}{extra}"), document.to_vec()),
            Self::Status(status) => (*status, json.to_owned(), document.to_vec()),
            Self::Redirect => (302, format!("{json}location: /jwks.json\r\n"), document.to_vec()),
            Self::Html => {
                (200, "content-type: text/html\r\n".to_owned(), b"<!doctype html><title>Sign in</title>".to_vec())
            }
            Self::EmptySet => (200, json.to_owned(), br#"{"keys":[]}"#.to_vec()),
            Self::TruncatedJson => (200, json.to_owned(), document[..document.len() / 2].to_vec()),
            Self::TooLarge => (200, json.to_owned(), [document, &vec![b' '; 1 << 20][..]].concat()),
            Self::TooManyKeys => (200, json.to_owned(), repeated(document, 201)),
            Self::TooManyValues => {
                let (open, _) = document.split_at(document.len() - 1);
                let more = format!(r#","more":[{}0]}}"#, "0,".repeat(8_000));
                (200, json.to_owned(), [open, more.as_bytes()].concat())
            }
            Self::NoUsableKey => (200, json.to_owned(), unusable()),
            Self::Closed => {
                stream.write_all(
                    format!("HTTP/1.1 200 OK\r\n{json}content-length: 100000\r\n\r\n{{\"keys\":[").as_bytes(),
                )?;
                return stream.shutdown(Shutdown::Both);
            }
            // The request is unread, and the kernel sends a reset when a socket with unread data is closed.
            Self::Reset => return Ok(()),
            Self::Silence => {
                let mut rest = Vec::new();
                return io::Read::read_to_end(&mut stream, &mut rest).map(drop);
            }
        };
        let head =
            format!("HTTP/1.1 {status} Status\r\n{extra}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
        stream.write_all(&[head.into_bytes(), body].concat())
    }
}

fn repeated(document: &[u8], times: usize) -> Vec<u8> {
    let set: serde_json::Value = serde_json::from_slice(document).expect("the document is JSON");
    json!({ "keys": vec![&set["keys"][0]; times] }).to_string().into_bytes()
}

fn unusable() -> Vec<u8> {
    json!({ "keys": [
        { "kty": "oct", "kid": "symmetric", "k": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
        { "kty": "EC", "crv": "secp256k1", "kid": "secp256k1", "x": "AA", "y": "AA" },
        { "kty": "RSA", "kid": "short", "n": "AQAB", "e": "AQAB" },
        { "kty": "OKP", "crv": "X25519", "kid": "exchange", "x": "AA" },
        { "kty": "PQC", "kid": "future" },
    ] })
    .to_string()
    .into_bytes()
}
