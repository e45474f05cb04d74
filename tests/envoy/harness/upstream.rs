//! The service behind the gateway. It answers 200 with a description of the request that it received; to an upgrade, 101.

use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};

use super::http::{Headers, Message, latin1};
use super::server::Server;

pub(crate) struct Upstream {
    server: Server,
    requests: Arc<AtomicUsize>,
}

/// A request as the upstream received it.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Echo {
    pub method: String,
    pub target: String,
    headers: Vec<(String, String)>,
    trailers: Vec<(String, String)>,
    pub body_length: usize,
    pub body_checksum: u64,
}

impl Echo {
    /// Every value of one header in order, decoded as Latin-1.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }

    /// All headers but one, in order.
    pub(crate) fn headers_without(&self, name: &str) -> Vec<(&str, &str)> {
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        headers.filter(|(known, _)| *known != name).collect()
    }

    /// The names of all headers.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.headers.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The names of all trailers, sorted.
    pub(crate) fn trailers(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.trailers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names
    }
}

impl Upstream {
    pub(crate) fn start() -> Self {
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        Self { server: Server::start(move |stream| serve(stream, &counter)), requests }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// How many requests it received.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

fn serve(stream: TcpStream, requests: &AtomicUsize) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut answers = stream.try_clone()?;
    let mut stream = BufReader::new(stream);
    while let Some(request) = Message::read(&mut stream, true)? {
        requests.fetch_add(1, Ordering::SeqCst);
        let body = serde_json::to_vec(&echo(&request))?;
        if let Some(protocol) = request.headers.first("upgrade") {
            let head =
                format!("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: {protocol}\r\n\r\n");
            return answers.write_all(&[head.as_bytes(), &body].concat());
        }
        let body_follows = !request.start.starts_with("HEAD ");
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        answers.write_all(&[head.as_bytes(), if body_follows { &body } else { &[] }].concat())?;
    }
    Ok(())
}

fn echo(request: &Message) -> Echo {
    let fields = |fields: &Headers| fields.0.iter().map(|(name, value)| (name.clone(), latin1(value))).collect();
    let mut words = request.start.split(' ').map(str::to_owned);
    Echo {
        method: words.next().unwrap_or_default(),
        target: words.next().unwrap_or_default(),
        headers: fields(&request.headers),
        trailers: fields(&request.trailers),
        body_length: request.body.len(),
        body_checksum: checksum(&request.body),
    }
}

/// FNV-1a, which is enough to compare the received body with the sent one.
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}
