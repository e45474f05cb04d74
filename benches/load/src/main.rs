//! A load generator for one listener: closed loop, HTTP/1.1 keep-alive, several connections, each request with the next
//! token of a file. Prints the result as one line of JSON.
//!
//! One thread, so that it leaves the other cores to Envoy. It never sleeps: if it did, Envoy's worker would have to wake it,
//! at the worker's expense, and the more often the longer a response takes. While one response is awaited, Envoy already
//! has the requests of the other connections.

mod connection;
mod options;
mod summary;

use std::error::Error;
use std::time::{Duration, Instant};

use connection::Connection;
use options::Options;
use summary::Summary;

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse(std::env::args().skip(1))?;
    let tokens = std::fs::read_to_string(&options.tokens)?;
    let requests: Vec<Vec<u8>> = tokens.lines().map(|token| request(&options.path, token)).collect();
    let mut upcoming = requests.iter().cycle().skip(options.from % requests.len().max(1)).map(Vec::as_slice);
    let mut connections =
        (0..options.connections).map(|_| Connection::open(options.address)).collect::<Result<Vec<_>, _>>()?;

    let mut summary = Summary::start();
    let deadline = Instant::now() + Duration::from_secs_f64(options.seconds);
    let mut left = options.requests;
    let mut next = || upcoming.next().ok_or("no tokens");
    for connection in &mut connections {
        connection.send(next()?)?;
    }
    left = left.saturating_sub(connections.len() as u64);
    let mut busy = connections.len();
    while busy > 0 {
        for connection in &mut connections {
            let Some(response) = connection.receive()? else { continue };
            summary.add(response);
            if left > 0 && Instant::now() < deadline {
                connection.send(next()?)?;
                left -= 1;
            } else {
                busy -= 1;
            }
        }
        std::thread::yield_now();
    }
    println!("{}", summary.into_json());
    Ok(())
}

/// The head of a request; an empty line in the file of tokens is a request without a token.
fn request(path: &str, token: &str) -> Vec<u8> {
    let authorization = if token.is_empty() { String::new() } else { format!("authorization: Bearer {token}\r\n") };
    format!("GET {path} HTTP/1.1\r\nhost: api.example.com\r\nuser-agent: load\r\naccept: */*\r\n{authorization}\r\n")
        .into_bytes()
}
