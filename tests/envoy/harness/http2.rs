//! As much of HTTP/2 (RFC 9113) as one request with trailers takes. Header fields are written as literals that no table
//! keeps (RFC 7541 §6.2.2), and those of the response are not read.

use std::io::{self, Read};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

type Fields = [(Vec<u8>, Vec<u8>)];

/// A whole request on stream 1, after what begins a connection.
pub(super) fn request(headers: &Fields, body: &[u8], trailers: &Fields) -> Vec<u8> {
    let last = if trailers.is_empty() { END_STREAM } else { 0 };
    let mut bytes = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
    bytes.extend(frame(HEADERS, END_HEADERS, 1, &block(headers)));
    bytes.extend(frame(DATA, last, 1, body));
    if !trailers.is_empty() {
        bytes.extend(frame(HEADERS, END_HEADERS | END_STREAM, 1, &block(trailers)));
    }
    bytes
}

/// The body of the response.
pub(super) fn response_body(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head)?;
        let [a, b, c, kind, flags, ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        stream.read_exact(&mut payload)?;
        match kind {
            DATA => body.extend(payload),
            RST_STREAM | GOAWAY => return Err(io::Error::other(format!("frame {kind}: {payload:?}"))),
            _ => {}
        }
        if matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0 {
            return Ok(body);
        }
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(payload.len()).expect("a short payload").to_be_bytes();
    [&length[..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn block(fields: &Fields) -> Vec<u8> {
    fields.iter().flat_map(|(name, value)| [vec![0], text(name), text(value)].concat()).collect()
}

/// A string without Huffman code (RFC 7541 §5.2), after its length in seven bits and more.
fn text(text: &[u8]) -> Vec<u8> {
    let mut length = vec![];
    let mut rest = text.len();
    if rest < 0x7f {
        length.push(rest as u8);
    } else {
        length.push(0x7f);
        rest -= 0x7f;
        while rest >= 0x80 {
            length.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        length.push(rest as u8);
    }
    [length, text.to_vec()].concat()
}
