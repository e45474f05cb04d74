//! A TCP server on 127.0.0.1, with one thread for each connection. No connection is accepted after it is dropped.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use super::wait::eventually;

pub(crate) struct Server {
    address: SocketAddr,
    is_stopped: Arc<AtomicBool>,
    acceptor: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens on a port that the system chooses.
    pub(crate) fn start(serve: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), serve)
    }

    /// Listens at the address of an earlier server.
    pub(crate) fn start_at(
        address: SocketAddr,
        serve: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        // Another test may use the port for a while.
        let listener = eventually("the port is free", || TcpListener::bind(address).ok());
        let address = listener.local_addr().expect("a listening socket has an address");
        let is_stopped = Arc::new(AtomicBool::new(false));
        let acceptor = thread::spawn({
            let is_stopped = Arc::clone(&is_stopped);
            move || accept(&listener, &is_stopped, &Arc::new(serve))
        });
        Self { address, is_stopped, acceptor: Some(acceptor) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_stopped.store(true, Ordering::SeqCst);
        // Wakes up the acceptor, which checks the flag for each connection.
        drop(TcpStream::connect(self.address));
        if let Some(acceptor) = self.acceptor.take() {
            drop(acceptor.join());
        }
    }
}

fn accept<F>(listener: &TcpListener, is_stopped: &AtomicBool, serve: &Arc<F>)
where
    F: Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static,
{
    for stream in listener.incoming() {
        if is_stopped.load(Ordering::SeqCst) {
            return;
        }
        let serve = Arc::clone(serve);
        // Errors are ignored: a client may close its connection at any time.
        thread::spawn(move || stream.and_then(|stream| serve(stream)).ok());
    }
}
