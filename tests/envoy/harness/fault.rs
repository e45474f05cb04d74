//! How an issuer may answer: with its keys, or in each of the ways in which issuers fail.

use std::io::{self, Write};
use std::net::{Shutdown, TcpStream};

use serde_json::json;

#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// The document asked for, with these extra header lines.
    Document(&'static str),
    /// The document with another status than 200.
    Status(u16),
    /// A redirect to the very document.
    Redirect,
    /// A login page or a captive portal.
    Html,
    EmptySet,
    /// The document, cut in the middle, under an honest length.
    TornJson,
    /// The document and spaces up to more than 1 MiB.
    TooLarge,
    /// 201 keys.
    TooManyKeys,
    /// The document and more values than any needs.
    TooManyValues,
    /// Keys of kinds that nobody here can use.
    NoUsableKey,
    /// The connection is reset before any answer.
    Reset,
    /// The connection ends in the middle of the body.
    CutOff,
    /// No answer at all.
    Silence,
}

impl Answer {
    /// Writes the answer; `document` is what a healthy issuer would say.
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
            Self::TornJson => (200, json.to_owned(), document[..document.len() / 2].to_vec()),
            Self::TooLarge => (200, json.to_owned(), [document, &vec![b' '; 1 << 20][..]].concat()),
            Self::TooManyKeys => (200, json.to_owned(), repeated(document, 201)),
            Self::TooManyValues => {
                let (open, _) = document.split_at(document.len() - 1);
                let more = format!(r#","more":[{}0]}}"#, "0,".repeat(8_000));
                (200, json.to_owned(), [open, more.as_bytes()].concat())
            }
            Self::NoUsableKey => (200, json.to_owned(), unusable()),
            Self::CutOff => {
                stream.write_all(
                    format!("HTTP/1.1 200 OK\r\n{json}content-length: 100000\r\n\r\n{{\"keys\":[").as_bytes(),
                )?;
                return stream.shutdown(Shutdown::Both);
            }
            // Closing a socket that has unread data in it makes the kernel send a reset, and the request is unread.
            Self::Reset => return Ok(()),
            Self::Silence => {
                let mut rest = Vec::new();
                return io::Read::read_to_end(&mut stream, &mut rest).map(drop);
            }
        };
        let head =
            format!("HTTP/1.1 {status} Whatever\r\n{extra}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
        stream.write_all(&[head.into_bytes(), body].concat())
    }
}

fn repeated(document: &[u8], times: usize) -> Vec<u8> {
    let set: serde_json::Value = serde_json::from_slice(document).expect("the issuer's own document is JSON");
    json!({ "keys": vec![&set["keys"][0]; times] }).to_string().into_bytes()
}

fn unusable() -> Vec<u8> {
    json!({ "keys": [
        { "kty": "oct", "kid": "symmetric", "k": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
        { "kty": "EC", "crv": "secp256k1", "kid": "coin", "x": "AA", "y": "AA" },
        { "kty": "RSA", "kid": "short", "n": "AQAB", "e": "AQAB" },
        { "kty": "OKP", "crv": "X25519", "kid": "exchange", "x": "AA" },
        { "kty": "PQC", "kid": "future" },
    ] })
    .to_string()
    .into_bytes()
}
