//! A TCP server on a port of 127.0.0.1 that the system chooses: one thread for each connection, all of them gone or
//! harmless when the server is dropped.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use super::wait::eventually;

pub(crate) struct Server {
    address: SocketAddr,
    ended: Arc<AtomicBool>,
    acceptor: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves on any free port.
    pub(crate) fn start(serve: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), serve)
    }

    /// Serves where a server before it did.
    pub(crate) fn start_at(
        address: SocketAddr,
        serve: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        // Meanwhile another test may have the port; it ends.
        let listener = eventually("the port is free", || TcpListener::bind(address).ok());
        let address = listener.local_addr().expect("a bound socket has an address");
        let ended = Arc::new(AtomicBool::new(false));
        let acceptor = thread::spawn({
            let ended = Arc::clone(&ended);
            move || accept(&listener, &ended, &Arc::new(serve))
        });
        Self { address, ended, acceptor: Some(acceptor) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // The acceptor only looks up when somebody comes.
        drop(TcpStream::connect(self.address));
        if let Some(acceptor) = self.acceptor.take() {
            drop(acceptor.join());
        }
    }
}

fn accept<F>(listener: &TcpListener, ended: &AtomicBool, serve: &Arc<F>)
where
    F: Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static,
{
    for stream in listener.incoming() {
        if ended.load(Ordering::SeqCst) {
            return;
        }
        let serve = Arc::clone(serve);
        // A client that hangs up is none of the server's business.
        thread::spawn(move || stream.and_then(|stream| serve(stream)).ok());
    }
}
