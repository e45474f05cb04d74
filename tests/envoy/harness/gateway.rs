//! The gateway under test: an Envoy with the filter, an upstream and an issuer.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::access_log::{self, Entry};
use super::admin::Admin;
use super::bootstrap::{self, Plugin, string_value};
use super::client::{Connection, Reply, Request};
use super::collector::Collector;
use super::envoy::{self, Envoy};
use super::issuer::Issuer;
use super::upstream::Upstream;
use super::wait::{eventually, within};

/// An address where no server listens.
const UNREACHABLE: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 1));

/// The prefix of the filter's metrics.
const METRIC_PREFIX: &str = "wasmcustom.jwt_authorizer.";

/// Status and reason.
pub(crate) type Outcome<'e> = (u16, &'e str);

pub(crate) const ALLOWED: Outcome<'static> = (200, "allowed");
pub(crate) const PUBLIC: Outcome<'static> = (200, "public");

pub(crate) struct Gateway {
    pub issuer: Issuer,
    /// A server of keys besides the issuer, if there is one.
    pub key_server: Option<Issuer>,
    pub upstream: Upstream,
    envoy: Envoy,
    admin: Admin,
    address: SocketAddr,
    directory: PathBuf,
    plugin: Plugin,
    version: usize,
}

/// The parts of a gateway before it starts.
pub(crate) struct Setup {
    plugin: Plugin,
    issuer: Issuer,
    key_server: Option<Issuer>,
    workers: usize,
    may_trap: bool,
    collector: Option<SocketAddr>,
}

impl Setup {
    pub(crate) fn new(policy: &Value) -> Self {
        let policy = if bootstrap::is_off("TOKEN_CACHE") { uncached(policy.clone()) } else { policy.clone() };
        Self {
            plugin: Plugin::new(string_value(&policy.to_string())),
            issuer: Issuer::start(),
            key_server: None,
            workers: 2,
            may_trap: false,
            collector: None,
        }
    }

    /// Replaces the issuer, which is the cluster `issuer`.
    pub(crate) fn issuer(mut self, issuer: Issuer) -> Self {
        self.issuer = issuer;
        self
    }

    /// Adds a server of keys besides the issuer, which is the cluster `keys`.
    pub(crate) fn key_server(mut self, server: Issuer) -> Self {
        self.key_server = Some(server);
        self
    }

    pub(crate) fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// Makes the filter verify signatures itself, as in hosts without cryptography.
    pub(crate) fn without_host_crypto(mut self) -> Self {
        self.plugin.host_crypto = false;
        self
    }

    /// Lets Envoy send a trace of each request to this collector.
    pub(crate) fn traced(mut self, collector: &Collector) -> Self {
        self.plugin.traces = true;
        self.collector = Some(collector.address());
        self
    }

    /// Lets Envoy go on with the body and the trailers of a request that the filter has paused.
    pub(crate) fn allow_on_headers_stop_iteration(mut self) -> Self {
        self.plugin.allow_on_headers_stop_iteration = true;
        self
    }

    /// Loads the module that traps when a request asks for it.
    pub(crate) fn trapping(mut self) -> Self {
        self.plugin.module = envoy::trapping_module();
        self.may_trap = true;
        self
    }

    /// Adds a second filter with this policy to the chain, in the same VM.
    pub(crate) fn followed_by(mut self, policy: &Value) -> Self {
        self.plugin.next = Some(string_value(&policy.to_string()));
        self
    }

    /// Adds filters before this one.
    pub(crate) fn preceded_by(mut self, filters: &[Value]) -> Self {
        self.plugin.before = filters.to_vec();
        self
    }

    /// Leaves the filter out, to compare with an Envoy that does not have it.
    pub(crate) fn without_filter(mut self) -> Self {
        self.plugin.enabled = false;
        self
    }

    pub(crate) fn start(self) -> Gateway {
        // The largest tests open more connections than a shell's default limit allows.
        rlimit::increase_nofile_limit(u64::from(u16::MAX)).expect("the soft limit can be raised to the hard limit");
        let upstream = Upstream::start();
        let directory = envoy::directory();
        let mut clusters = vec![("issuer", self.issuer.address()), ("upstream", upstream.address())];
        clusters.extend(self.key_server.iter().map(|server| ("keys", server.address())));
        clusters.extend(self.collector.map(|address| (bootstrap::TRACES, address)));
        write(&directory.join("bootstrap.json"), &bootstrap::bootstrap(&directory, &clusters));
        write_listeners(&directory, &self.plugin, 0);
        let mut envoy = Envoy::start(directory.clone(), self.workers, self.may_trap);
        let admin = eventually("Envoy's admin address", || {
            assert!(envoy.is_running(), "Envoy exited");
            envoy.admin_address()?.parse().ok().map(Admin)
        });
        let address = eventually("Envoy's listener", || {
            assert!(envoy.is_running(), "Envoy exited");
            admin.listener().filter(|_| admin.is_ready())
        });
        let Self { plugin, issuer, key_server, .. } = self;
        Gateway { issuer, key_server, upstream, envoy, admin, address, directory, plugin, version: 0 }
    }
}

impl Gateway {
    /// A gateway with this policy, and an issuer with a key for each algorithm.
    pub(crate) fn start(policy: &Value) -> Self {
        Setup::new(policy).start()
    }

    /// The address of the listener.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.address).expect("Envoy listens")
    }

    /// Sends a request on a new connection.
    #[track_caller]
    pub(crate) fn send(&self, request: &Request) -> Reply {
        self.connect().round_trip(request).unwrap_or_else(|error| panic!("no reply: {error}"))
    }

    /// Sends each request and compares status and reason with the expected ones. Returns the replies in the same order.
    #[track_caller]
    pub(crate) fn expect<'e, L: Display>(
        &self,
        rows: impl IntoIterator<Item = (L, Request, Outcome<'e>)>,
    ) -> Vec<Reply> {
        let (expected, replies): (Vec<_>, Vec<_>) = rows
            .into_iter()
            .map(|(label, request, expected)| ((label, expected), self.connect().round_trip(&request)))
            .unzip();
        let mut failures = Vec::new();
        for ((label, expected), reply) in expected.iter().zip(&replies) {
            match reply {
                Ok(reply) => {
                    let actual = (reply.status, self.logged(reply).reason.unwrap_or_default());
                    if (actual.0, actual.1.as_str()) != *expected {
                        failures.push(format!("{label}: {actual:?} instead of {expected:?}"));
                    }
                }
                Err(error) => failures.push(format!("{label}: no reply ({error}) instead of {expected:?}")),
            }
        }
        assert!(failures.is_empty(), "{} of {} rows:\n{}", failures.len(), expected.len(), failures.join("\n"));
        replies.into_iter().flatten().collect()
    }

    /// The access log entry of the request that got this reply.
    #[track_caller]
    pub(crate) fn logged(&self, reply: &Reply) -> Entry {
        let probe = reply.probe.to_string();
        eventually("the access log entry", || {
            let log = access_log::read(&self.directory.join(bootstrap::ACCESS_LOG));
            log.into_iter().find(|entry| entry.probe.as_deref() == Some(&probe))
        })
    }

    /// A counter or gauge of the filter; 0 if it does not exist yet.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        self.stat(&format!("{METRIC_PREFIX}{name}"))
    }

    /// All counters and gauges of the filter.
    pub(crate) fn metrics(&self) -> BTreeMap<String, u64> {
        let stats = self.admin.stats().into_iter();
        stats.filter_map(|(name, value)| Some((name.strip_prefix(METRIC_PREFIX)?.to_owned(), value))).collect()
    }

    /// A counter or gauge of Envoy.
    pub(crate) fn stat(&self, name: &str) -> u64 {
        self.admin.stats().get(name).copied().unwrap_or_default()
    }

    /// Waits until a counter or gauge of the filter has this value.
    #[track_caller]
    pub(crate) fn await_metric(&self, name: &str, value: u64) {
        eventually(&format!("{name} is {value}"), || (self.metric(name) == value).then_some(()));
    }

    /// Waits until a counter or gauge of the filter has at least this value.
    #[track_caller]
    pub(crate) fn await_at_least(&self, name: &str, value: u64) {
        eventually(&format!("{name} is {value} or more"), || (self.metric(name) >= value).then_some(()));
    }

    /// Waits until every worker answers with this status, including workers whose VM is being reloaded. Forty connections
    /// reach all workers.
    #[track_caller]
    pub(crate) fn await_everywhere(&self, request: &Request, status: u16) {
        within(Duration::from_secs(60), &format!("all workers answer with {status}"), || {
            (0..40).all(|_| self.send(request).status == status).then_some(())
        });
    }

    /// Waits until this many requests are in flight.
    #[track_caller]
    pub(crate) fn await_active(&self, count: u64) {
        let active = "http.ingress.downstream_rq_active";
        eventually(&format!("{count} active requests"), || (self.stat(active) == count).then_some(()));
    }

    /// The resident memory of Envoy.
    pub(crate) fn resident_bytes(&self) -> usize {
        self.envoy.resident_bytes()
    }

    /// How often a VM trapped.
    pub(crate) fn traps(&self) -> usize {
        self.envoy.traps()
    }

    /// Sets the level of the filter's log.
    pub(crate) fn set_log_level(&self, level: &str) {
        self.admin.set_log_level(level);
    }

    /// What the filter logged so far, without debug lines.
    pub(crate) fn filter_log(&self) -> Vec<String> {
        self.log_at(|level| level != "debug")
    }

    /// The debug lines that the filter logged so far.
    pub(crate) fn debug_log(&self) -> Vec<String> {
        self.log_at(|level| level == "debug")
    }

    fn log_at(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let lines = self.envoy.filter_log().into_iter().filter(|(level, _)| is_wanted(level));
        lines.map(|(_, message)| message).collect()
    }

    /// Replaces the policy while Envoy runs; returns whether Envoy accepted it.
    pub(crate) fn reconfigure(&mut self, policy: &Value) -> bool {
        self.replace(string_value(&policy.to_string()))
    }

    /// Replaces the plugin's `configuration`, an `Any`; returns whether Envoy accepted it.
    pub(crate) fn replace(&mut self, configuration: Value) -> bool {
        self.plugin.configuration = configuration;
        self.version += 1;
        let counts = || {
            let count = |what: &str| self.stat(&format!("listener_manager.lds.update_{what}"));
            (count("success"), count("rejected"))
        };
        let before = counts();
        write_listeners(&self.directory, &self.plugin, self.version);
        let (accepted, _) = eventually("Envoy reads the new listener", || {
            let after = counts();
            (after != before).then_some(after)
        });
        accepted > before.0
    }
}

/// Turns the cache off for each provider that does not configure it.
fn uncached(mut policy: Value) -> Value {
    for provider in policy["providers"].as_object_mut().into_iter().flat_map(serde_json::Map::values_mut) {
        if provider.is_object() && provider.get("cache").is_none() {
            provider["cache"] = json!({ "ttl": "0s" });
        }
    }
    policy
}

/// Whether Envoy accepts the policy in its validation mode, and its log.
pub(crate) fn validate(policy: &Value) -> (bool, String) {
    let directory = envoy::directory();
    let listener = bootstrap::listener(&directory, &Plugin::new(string_value(&policy.to_string())));
    let mut bootstrap = bootstrap::bootstrap(&directory, &[("upstream", UNREACHABLE), ("issuer", UNREACHABLE)]);
    bootstrap["static_resources"]["listeners"] = json!([listener]);
    bootstrap["dynamic_resources"] = json!({});
    write(&directory.join("bootstrap.json"), &bootstrap);
    let outcome = envoy::validate(&directory);
    drop(fs::remove_dir_all(&directory));
    outcome
}

fn write_listeners(directory: &Path, plugin: &Plugin, version: usize) {
    let new = directory.join("listeners.new");
    write(&new, &bootstrap::discovery(bootstrap::listener(directory, plugin), version));
    // Envoy watches for renames; it must never read an incomplete file.
    fs::rename(new, directory.join(bootstrap::LISTENERS)).expect("the test's directory is writable");
}

fn write(path: &Path, value: &Value) {
    fs::write(path, value.to_string()).expect("the test's directory is writable");
}
