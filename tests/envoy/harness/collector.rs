//! A collector of traces (Zipkin's API). It keeps the text of everything that Envoy sends.

use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

use super::http::Message;
use super::server::Server;

pub(crate) struct Collector {
    server: Server,
    spans: Arc<Mutex<String>>,
}

impl Collector {
    pub(crate) fn start() -> Self {
        let spans = Arc::new(Mutex::new(String::new()));
        let received = Arc::clone(&spans);
        Self { server: Server::start(move |stream| serve(stream, &received)), spans }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The spans so far, as JSON.
    pub(crate) fn spans(&self) -> String {
        self.spans.lock().unwrap().clone()
    }
}

fn serve(stream: TcpStream, spans: &Mutex<String>) -> io::Result<()> {
    let mut answers = stream.try_clone()?;
    let mut stream = BufReader::new(stream);
    while let Some(request) = Message::read(&mut stream, true)? {
        spans.lock().unwrap().push_str(&String::from_utf8_lossy(&request.body));
        answers.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")?;
    }
    Ok(())
}
