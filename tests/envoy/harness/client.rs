//! An HTTP/1.1 client that sends arbitrary bytes as the method, the target, header names and header values.

use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::http::{Headers, Message};
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
}

impl Request {
    pub(crate) fn new(method: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        Self {
            method: method.as_ref().to_vec(),
            target: target.as_ref().to_vec(),
            host: b"api.example".to_vec(),
            headers: Vec::new(),
            body: Vec::new(),
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

    fn head(&self, probe: u64) -> Vec<u8> {
        let mut head = [&self.method, &b" "[..], &self.target, b" HTTP/1.1\r\nhost: ", &self.host].concat();
        for (name, value) in &self.headers {
            head.extend([b"\r\n", &name[..], b": ", &value[..]].concat());
        }
        if !self.body.is_empty() {
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
        static PROBES: AtomicU64 = AtomicU64::new(1);
        let probe = PROBES.fetch_add(1, Ordering::Relaxed);
        self.unanswered.insert(0, (probe, request.method != b"HEAD"));
        self.stream.get_mut().write_all(&[request.head(probe), request.body.clone()].concat())
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
