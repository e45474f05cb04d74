//! An HTTP/1.1 client that sends arbitrary bytes as the method, the target, header names and header values.

use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::http::{Headers, Message};
use super::http2;
use super::upstream::Echo;

/// The request header by which the access log identifies a request.
pub(crate) const PROBE: &str = "x-probe";
const READ_TIMEOUT: Duration = Duration::from_secs(60);

#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: Vec<u8>,
    target: Vec<u8>,
    host: Vec<u8>,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    body: Vec<u8>,
    trailers: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Request {
    pub(crate) fn new(method: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        Self {
            method: method.as_ref().to_vec(),
            target: target.as_ref().to_vec(),
            host: b"api.example".to_vec(),
            headers: Vec::new(),
            body: Vec::new(),
            trailers: Vec::new(),
        }
    }

    pub(crate) fn get(target: impl AsRef<[u8]>) -> Self {
        Self::new("GET", target)
    }

    /// The CORS preflight of a cross-origin POST.
    pub(crate) fn preflight(target: impl AsRef<[u8]>) -> Self {
        Self::new("OPTIONS", target)
            .header("origin", "https://app.example")
            .header("access-control-request-method", "POST")
    }

    pub(crate) fn header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.as_ref().to_vec(), value.as_ref().to_vec()));
        self
    }

    pub(crate) fn bearer(self, token: impl AsRef<[u8]>) -> Self {
        self.header("authorization", [b"Bearer ", token.as_ref()].concat())
    }

    pub(crate) fn host(mut self, host: impl AsRef<[u8]>) -> Self {
        self.host = host.as_ref().to_vec();
        self
    }

    pub(crate) fn body(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self
    }

    pub(crate) fn trailer(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.trailers.push((name.as_ref().to_vec(), value.as_ref().to_vec()));
        self
    }

    /// The request as HTTP/1.1.
    fn message(&self, probe: u64) -> Vec<u8> {
        let head = self.head(probe);
        if self.trailers.is_empty() {
            return [head, self.body.clone()].concat();
        }
        let size = format!("{:x}\r\n", self.body.len());
        let chunk = if self.body.is_empty() { Vec::new() } else { [size.as_bytes(), &self.body, b"\r\n"].concat() };
        let trailers: Vec<_> =
            self.trailers.iter().flat_map(|(name, value)| [&name[..], b": ", value, b"\r\n"].concat()).collect();
        [head, chunk, b"0\r\n".to_vec(), trailers, b"\r\n".to_vec()].concat()
    }

    /// The request as HTTP/2, on stream 1 of a new connection (RFC 9113). Names are in lower case there.
    fn frames(&self, probe: u64) -> Vec<u8> {
        let lower = |fields: &[(Vec<u8>, Vec<u8>)]| -> Vec<(Vec<u8>, Vec<u8>)> {
            fields.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect()
        };
        let probe = probe.to_string();
        let pseudo = [
            (":method", &self.method[..]),
            (":scheme", b"http"),
            (":authority", &self.host),
            (":path", &self.target),
            (PROBE, probe.as_bytes()),
        ]
        .map(|(name, value)| (name.as_bytes().to_vec(), value.to_vec()));
        http2::request(&[&pseudo[..], &lower(&self.headers)].concat(), &self.body, &lower(&self.trailers))
    }

    fn head(&self, probe: u64) -> Vec<u8> {
        let mut head = [&self.method, &b" "[..], &self.target, b" HTTP/1.1\r\nhost: ", &self.host].concat();
        for (name, value) in &self.headers {
            head.extend([b"\r\n", &name[..], b": ", &value[..]].concat());
        }
        if !self.trailers.is_empty() {
            head.extend(b"\r\ntransfer-encoding: chunked");
        } else if !self.body.is_empty() {
            head.extend(format!("\r\ncontent-length: {}", self.body.len()).bytes());
        }
        head.extend(format!("\r\n{PROBE}: {probe}\r\n\r\n").bytes());
        head
    }
}

/// A persistent connection. Requests may be pipelined.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    unanswered: Vec<(u64, bool)>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(READ_TIMEOUT))?;
        Ok(Self { stream: BufReader::new(stream), unanswered: Vec::new() })
    }

    pub(crate) fn send(&mut self, request: &Request) -> io::Result<()> {
        let probe = next_probe();
        self.unanswered.insert(0, (probe, request.method != b"HEAD"));
        self.stream.get_mut().write_all(&request.message(probe))
    }

    pub(crate) fn reply(&mut self) -> io::Result<Reply> {
        let (probe, body_follows) = self.unanswered.pop().expect("a request was sent");
        let message = Message::read(&mut self.stream, body_follows)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let status = message.start.split(' ').nth(1).and_then(|code| code.parse().ok());
        Ok(Reply {
            probe,
            status: status.ok_or_else(|| io::Error::other(message.start.clone()))?,
            headers: message.headers,
            body: message.body,
        })
    }

    /// Whether the request is still pending after two seconds. A refusal comes at once.
    pub(crate) fn is_pending(&mut self) -> io::Result<bool> {
        let stream = self.stream.get_ref();
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        let is_pending = match stream.peek(&mut [0]) {
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => true,
            readable => readable.map(|_| false)?,
        };
        stream.set_read_timeout(Some(READ_TIMEOUT))?;
        Ok(is_pending)
    }

    pub(crate) fn round_trip(&mut self, request: &Request) -> io::Result<Reply> {
        self.send(request)?;
        self.reply()
    }

    /// Sends a request over HTTP/2, and returns the body of the reply. Use a new connection.
    pub(crate) fn body_over_http2(mut self, request: &Request) -> io::Result<Vec<u8>> {
        self.stream.get_mut().write_all(&request.frames(next_probe()))?;
        http2::response_body(&mut self.stream)
    }
}

fn next_probe() -> u64 {
    static PROBES: AtomicU64 = AtomicU64::new(1);
    PROBES.fetch_add(1, Ordering::Relaxed)
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub probe: u64,
    pub status: u16,
    pub headers: Headers,
    pub body: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.headers.first(name)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The request as the upstream received it.
    #[track_caller]
    pub(crate) fn echo(&self) -> Echo {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("the reply with status {} is not from the upstream ({error}): {}", self.status, self.text())
        })
    }
}
