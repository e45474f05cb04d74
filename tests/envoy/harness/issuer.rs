//! An issuer's web server. It publishes key sets and a discovery document, records the requests, and fails on demand.

use std::collections::BTreeMap;
use std::io::{self, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use jwt_authorizer_test_support::Key;
use jwt_authorizer_test_support::token::ISSUER;
use serde_json::{Value, json};

use super::fault::Answer;
use super::http::Message;
use super::server::Server;

pub(crate) const JWKS: &str = "/jwks.json";
pub(crate) const DISCOVERY: &str = "/.well-known/openid-configuration";
pub(crate) const SERVER_METADATA: &str = "/.well-known/oauth-authorization-server";

pub(crate) struct Issuer {
    shared: Arc<Shared>,
    address: SocketAddr,
    server: Option<Server>,
}

struct Shared {
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
        let shared = Arc::new(Shared { state: Mutex::new(state), released: Condvar::new() });
        let server = Server::start(shared.handler());
        Self { shared, address: server.address(), server: Some(server) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Replaces the key set.
    pub(crate) fn publish(&self, keys: &[Key]) {
        self.publish_at(JWKS, Key::set(keys));
    }

    pub(crate) fn publish_at(&self, path: &str, document: Value) {
        self.shared.state().documents.insert(path.to_owned(), document);
    }

    /// Sets the answer to requests for the key set.
    pub(crate) fn answer(&self, answer: Answer) {
        self.answer_at(JWKS, answer);
    }

    pub(crate) fn answer_at(&self, path: &str, answer: Answer) {
        self.shared.state().answers.insert(path.to_owned(), answer);
    }

    /// How often the key set was fetched.
    pub(crate) fn fetches(&self) -> usize {
        self.fetches_at(JWKS)
    }

    pub(crate) fn fetches_at(&self, path: &str) -> usize {
        self.requests(path).len()
    }

    /// The `host` of each request for a path.
    pub(crate) fn requests(&self, path: &str) -> Vec<String> {
        self.headers(path, "host")
    }

    /// The value of a header in each request for a path; empty where it is missing.
    pub(crate) fn headers(&self, path: &str, name: &str) -> Vec<String> {
        let state = self.shared.state();
        let to_path = state.fetches.iter().filter(|fetch| fetch.start.split(' ').nth(1) == Some(path));
        to_path.map(|fetch| fetch.headers.first(name).unwrap_or_default()).collect()
    }

    /// Delays all answers until the returned value is dropped.
    pub(crate) fn hold(&self) -> Hold {
        let mut state = self.shared.state();
        state.held = true;
        Hold { shared: Arc::clone(&self.shared), before: state.fetches.len() }
    }

    /// Refuses connections until `listen` is called.
    pub(crate) fn refuse(&mut self) {
        self.server = None;
    }

    pub(crate) fn listen(&mut self) {
        self.server = Some(Server::start_at(self.address, self.shared.handler()));
    }
}

/// Delays all answers of the issuer while it exists.
#[must_use]
pub(crate) struct Hold {
    shared: Arc<Shared>,
    before: usize,
}

impl Hold {
    /// How many requests came since the hold began.
    pub(crate) fn fetches(&self) -> usize {
        self.shared.state().fetches.len() - self.before
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.shared.state().held = false;
        self.shared.released.notify_all();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no handler panicked")
    }

    fn handler(self: &Arc<Self>) -> impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static {
        let shared = Arc::clone(self);
        move |stream| shared.serve(&stream)
    }

    fn serve(&self, stream: &TcpStream) -> io::Result<()> {
        // The answer `Reset` needs the request unread.
        let mut peeked = vec![0; 4096];
        let length = stream.peek(&mut peeked)?;
        let Some(fetch) = Message::read(&mut BufReader::new(&peeked[..length]), false)? else { return Ok(()) };
        let path = fetch.start.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut state = self.state();
        state.fetches.push(fetch);
        let state = self.released.wait_while(state, |state| state.held).expect("no handler panicked");
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
