//! Envoy's admin interface: readiness, the listener's port, and the statistics.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::Value;

use super::client::{Connection, Request};

pub(crate) struct Admin(pub SocketAddr);

impl Admin {
    /// Whether Envoy is live.
    pub(crate) fn is_ready(&self) -> bool {
        self.get("/ready").is_some_and(|body| body.trim() == "LIVE")
    }

    /// The address of the listener with the filter.
    pub(crate) fn listener(&self) -> Option<SocketAddr> {
        let listeners: Value = serde_json::from_str(&self.get("/listeners?format=json")?).ok()?;
        let port = listeners.pointer("/listener_statuses/0/local_address/socket_address/port_value")?.as_u64()?;
        Some(SocketAddr::new(self.0.ip(), u16::try_from(port).ok()?))
    }

    /// Every counter and gauge by name.
    pub(crate) fn stats(&self) -> BTreeMap<String, u64> {
        let body = self.get("/stats").expect("Envoy answers /stats");
        let pairs = body.lines().filter_map(|line| line.split_once(": "));
        pairs.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?))).collect()
    }

    /// Sets the level of the lines of the component `wasm`.
    pub(crate) fn set_log_level(&self, level: &str) {
        let mut connection = Connection::open(self.0).expect("Envoy has an admin interface");
        let request = Request::new("POST", format!("/logging?wasm={level}"));
        assert_eq!(connection.round_trip(&request).map(|reply| reply.status).ok(), Some(200));
    }

    fn get(&self, path: &str) -> Option<String> {
        let mut connection = Connection::open(self.0).ok()?;
        let reply = connection.round_trip(&Request::get(path)).ok()?;
        (reply.status == 200).then(|| reply.text())
    }
}
