//! HTTP/1.1 messages as the client and both servers read them. Header values stay bytes and are not normalized.

use std::io::{self, BufRead, Error, ErrorKind};

/// Header fields in the order of the message, with lower-case names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Headers(pub Vec<(String, Vec<u8>)>);

impl Headers {
    /// Every value of one header, decoded as Latin-1, which keeps every byte.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| latin1(value)).collect()
    }

    /// The first value of one header.
    pub(crate) fn first(&self, name: &str) -> Option<String> {
        self.all(name).into_iter().next()
    }
}

/// A request or a response.
#[derive(Debug)]
pub(crate) struct Message {
    /// The request line or the status line.
    pub start: String,
    pub headers: Headers,
    pub body: Vec<u8>,
    pub trailers: Headers,
}

impl Message {
    /// Reads one message; `None` at the end of the stream. A response to HEAD has a `content-length` and no body.
    pub(crate) fn read(stream: &mut impl BufRead, body_follows: bool) -> io::Result<Option<Self>> {
        let Some(start) = line(stream)? else { return Ok(None) };
        let headers = fields(stream)?;
        let (body, trailers) = match body_follows {
            // What follows an accepted upgrade is no HTTP. The upstream then closes the connection.
            true if start.starts_with(b"HTTP/1.1 101 ") => (to_end(stream)?, Headers::default()),
            true => body(stream, &headers)?,
            false => Default::default(),
        };
        Ok(Some(Self { start: latin1(&start), headers, body, trailers }))
    }
}

/// Header or trailer fields, up to the empty line.
fn fields(stream: &mut impl BufRead) -> io::Result<Headers> {
    let mut fields = Headers::default();
    loop {
        let field = line(stream)?.ok_or(ErrorKind::UnexpectedEof)?;
        if field.is_empty() {
            return Ok(fields);
        }
        let colon = field.iter().position(|byte| *byte == b':').ok_or(ErrorKind::InvalidData)?;
        let (name, value) = field.split_at(colon);
        fields.0.push((latin1(name).to_ascii_lowercase(), value[1..].trim_ascii().to_vec()));
    }
}

pub(crate) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

fn line(stream: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    if stream.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.pop() != Some(b'\n') {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    line.pop_if(|last| *last == b'\r');
    Ok(Some(line))
}

/// The body and the trailers.
fn body(stream: &mut impl BufRead, headers: &Headers) -> io::Result<(Vec<u8>, Headers)> {
    if headers.first("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        return chunks(stream);
    }
    let length = headers.first("content-length").map_or(Ok(0), |length| length.parse::<usize>());
    Ok((exactly(stream, length.map_err(Error::other)?)?, Headers::default()))
}

fn chunks(stream: &mut impl BufRead) -> io::Result<(Vec<u8>, Headers)> {
    let mut body = Vec::new();
    loop {
        let size = line(stream)?.ok_or(ErrorKind::UnexpectedEof)?;
        let size = usize::from_str_radix(&latin1(&size), 16).map_err(Error::other)?;
        if size == 0 {
            return Ok((body, fields(stream)?));
        }
        body.extend(exactly(stream, size)?);
        line(stream)?;
    }
}

fn to_end(stream: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn exactly(stream: &mut impl BufRead, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}
