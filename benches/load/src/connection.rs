//! One keep-alive connection with at most one request in flight.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

const END_OF_HEAD: &[u8] = b"\r\n\r\n";

pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    sent: Instant,
}

/// The status, and the time since the request was sent.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) latency: Duration,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self { stream, received: Vec::with_capacity(4096), sent: Instant::now() })
    }

    pub(crate) fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.sent = Instant::now();
        self.stream.write_all(request)
    }

    /// The response to the last request, once all of it has arrived.
    pub(crate) fn receive(&mut self) -> io::Result<Option<Response>> {
        let mut chunk = [0; 4096];
        let read = match self.stream.read(&mut chunk) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error),
        };
        self.received.extend(chunk.iter().take(read));
        let Some(status) = complete(&self.received)? else { return Ok(None) };
        self.received.clear();
        Ok(Some(Response { status, latency: self.sent.elapsed() }))
    }
}

/// The status, once head and body have arrived.
fn complete(received: &[u8]) -> io::Result<Option<u16>> {
    let Some(end) = received.windows(END_OF_HEAD.len()).position(|window| window == END_OF_HEAD) else {
        return Ok(None);
    };
    let (head, rest) = received.split_at(end);
    let head = std::str::from_utf8(head).map_err(|_| ErrorKind::InvalidData)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(ErrorKind::InvalidData)?;
    let length: usize = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0);
    Ok((rest.len() >= END_OF_HEAD.len() + length).then_some(status))
}
