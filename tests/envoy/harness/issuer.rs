//! An issuer's web server: it publishes key sets and a discovery document, counts who asks, and fails on demand.

use std::collections::BTreeMap;
use std::io::{self, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use serde_json::{Value, json};

use super::fault::Answer;
use super::http::Message;
use super::keys::Key;
use super::server::Server;

/// `iss` of its tokens, and the `issuer` that policies name.
pub(crate) const ISSUER: &str = "https://issuer.example";
pub(crate) const JWKS: &str = "/jwks.json";
pub(crate) const DISCOVERY: &str = "/.well-known/openid-configuration";

pub(crate) struct Issuer {
    desk: Arc<Desk>,
    address: SocketAddr,
    server: Option<Server>,
}

struct Desk {
    state: Mutex<State>,
    released: Condvar,
}

struct State {
    documents: BTreeMap<String, Value>,
    answers: BTreeMap<String, Answer>,
    held: bool,
    fetches: Vec<Message>,
}

impl Issuer {
    /// An issuer with a key for each algorithm.
    pub(crate) fn start() -> Self {
        Self::with_keys(&Key::one_of_each())
    }

    pub(crate) fn with_keys(keys: &[Key]) -> Self {
        let discovery = json!({ "issuer": ISSUER, "jwks_uri": format!("{ISSUER}{JWKS}") });
        let state = State {
            documents: [(JWKS.to_owned(), Key::set(keys)), (DISCOVERY.to_owned(), discovery)].into(),
            answers: BTreeMap::new(),
            held: false,
            fetches: Vec::new(),
        };
        let desk = Arc::new(Desk { state: Mutex::new(state), released: Condvar::new() });
        let server = Server::start(desk.clerk());
        Self { desk, address: server.address(), server: Some(server) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on these are the keys.
    pub(crate) fn publish(&self, keys: &[Key]) {
        self.publish_at(JWKS, Key::set(keys));
    }

    pub(crate) fn publish_at(&self, path: &str, document: Value) {
        self.desk.state().documents.insert(path.to_owned(), document);
    }

    /// From now on the key set is answered like this.
    pub(crate) fn answer(&self, answer: Answer) {
        self.answer_at(JWKS, answer);
    }

    pub(crate) fn answer_at(&self, path: &str, answer: Answer) {
        self.desk.state().answers.insert(path.to_owned(), answer);
    }

    /// How often anybody asked for the key set.
    pub(crate) fn fetches(&self) -> usize {
        self.fetches_at(JWKS)
    }

    pub(crate) fn fetches_at(&self, path: &str) -> usize {
        self.requests(path).len()
    }

    /// The `host` that each fetch of a path asked for.
    pub(crate) fn requests(&self, path: &str) -> Vec<String> {
        let state = self.desk.state();
        let to_path = state.fetches.iter().filter(|fetch| fetch.start.split(' ').nth(1) == Some(path));
        to_path.map(|fetch| fetch.headers.first("host").unwrap_or_default()).collect()
    }

    /// Answers wait until the hold is dropped.
    pub(crate) fn hold(&self) -> Hold {
        let mut state = self.desk.state();
        state.held = true;
        Hold { desk: Arc::clone(&self.desk), before: state.fetches.len() }
    }

    /// Connections are refused until `listen`.
    pub(crate) fn refuse(&mut self) {
        self.server = None;
    }

    pub(crate) fn listen(&mut self) {
        self.server = Some(Server::start_at(self.address, self.desk.clerk()));
    }
}

/// While it lives, no answer leaves the issuer.
#[must_use]
pub(crate) struct Hold {
    desk: Arc<Desk>,
    before: usize,
}

impl Hold {
    /// How often anybody asked for anything since.
    pub(crate) fn fetches(&self) -> usize {
        self.desk.state().fetches.len() - self.before
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.desk.state().held = false;
        self.desk.released.notify_all();
    }
}

impl Desk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no clerk panics")
    }

    fn clerk(self: &Arc<Self>) -> impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static {
        let desk = Arc::clone(self);
        move |stream| desk.serve(&stream)
    }

    fn serve(&self, stream: &TcpStream) -> io::Result<()> {
        // A reset needs the request unread, so it is only looked at.
        let mut glance = vec![0; 4096];
        let seen = stream.peek(&mut glance)?;
        let Some(fetch) = Message::read(&mut BufReader::new(&glance[..seen]), false)? else { return Ok(()) };
        let path = fetch.start.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut state = self.state();
        state.fetches.push(fetch);
        let state = self.released.wait_while(state, |state| state.held).expect("no clerk panics");
        let answer = state.answers.get(&path).cloned().unwrap_or(Answer::Document(""));
        let (answer, document) = match state.documents.get(&path) {
            Some(document) => (answer, document.to_string()),
            None => (Answer::Status(404), String::new()),
        };
        drop(state);
        if !matches!(answer, Answer::Reset) {
            Message::read(&mut BufReader::new(stream), false)?;
        }
        answer.write(stream, document.as_bytes())
    }
}
