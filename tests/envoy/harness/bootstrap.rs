//! Envoy's configuration for a test: a cluster for each server, and one listener with the filter. The listener comes from
//! a file, so that it can be replaced while requests are in flight.

use std::env;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::client::PROBE;
use super::envoy;

/// The static part of the configuration.
pub(crate) fn bootstrap(directory: &Path, clusters: &[(&str, SocketAddr)]) -> Value {
    json!({
        "node": { "id": "test", "cluster": "test" },
        "admin": { "address": socket(0) },
        "dynamic_resources": {
            "lds_config": {
                "resource_api_version": "V3",
                "path_config_source": { "path": directory.join(LISTENERS) },
            },
        },
        "static_resources": { "clusters": clusters.iter().map(cluster).collect::<Vec<_>>() },
    })
}

/// The file that Envoy watches for its listener.
pub(crate) const LISTENERS: &str = "listeners.json";
/// The file of the access log.
pub(crate) const ACCESS_LOG: &str = "access.log";

/// The discovery response with the listener.
pub(crate) fn discovery(mut listener: Value, version: usize) -> Value {
    listener["@type"] = json!("type.googleapis.com/envoy.config.listener.v3.Listener");
    json!({ "version_info": version.to_string(), "resources": [listener] })
}

/// How the filter is loaded.
pub(crate) struct Plugin {
    /// The module under test.
    pub module: PathBuf,
    /// Its `configuration`, an `Any`.
    pub configuration: Value,
    /// Filters before it in the chain.
    pub before: Vec<Value>,
    /// Whether the filter itself is in the chain.
    pub enabled: bool,
    /// The `configuration` of a second filter in the same chain and the same VM.
    pub next: Option<Value>,
    /// Whether Envoy verifies signatures.
    pub host_crypto: bool,
    /// Whether Envoy sends a trace of each request to the cluster `traces`.
    pub traces: bool,
    /// Whether Envoy goes on with the body and the trailers of a request that the filter has paused.
    pub allow_on_headers_stop_iteration: bool,
}

impl Plugin {
    pub(crate) fn new(configuration: Value) -> Self {
        Self {
            module: envoy::module(),
            configuration,
            before: Vec::new(),
            enabled: true,
            next: None,
            host_crypto: !is_off("HOST_CRYPTO"),
            traces: false,
            allow_on_headers_stop_iteration: false,
        }
    }
}

/// Whether an environment variable turns this feature off for the whole suite: `HOST_CRYPTO=off`, `TOKEN_CACHE=off`.
pub(crate) fn is_off(feature: &str) -> bool {
    env::var(feature).is_ok_and(|value| value == "off")
}

/// One listener with the filter, which routes every request to the upstream.
pub(crate) fn listener(directory: &Path, plugin: &Plugin) -> Value {
    json!({
        "name": "ingress",
        "address": socket(0),
        "filter_chains": [{ "filters": [connection_manager(directory, plugin)] }],
    })
}

fn connection_manager(directory: &Path, plugin: &Plugin) -> Value {
    json!({
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "ingress",
            // Envoy's defaults, so that ambiguous paths reach the filter.
            "normalize_path": false,
            "merge_slashes": false,
            // Envoy traces requests with an id only.
            "generate_request_id": plugin.traces,
            "http_protocol_options": { "enable_trailers": true },
            "upgrade_configs": [{ "upgrade_type": "websocket" }],
            "access_log": [access_log(directory)],
            "tracing": plugin.traces.then(tracing),
            "http_filters": http_filters(plugin),
            "route_config": {
                "name": "all",
                "virtual_hosts": [{
                    "name": "all",
                    "domains": ["*"],
                    "routes": [by_header(), { "match": { "prefix": "/" }, "route": { "cluster": "upstream" } }],
                }],
            },
        },
    })
}

fn http_filters(plugin: &Plugin) -> Vec<Value> {
    let policies = [&plugin.configuration].into_iter().chain(&plugin.next).filter(|_| plugin.enabled);
    let router = json!({
        "name": "envoy.filters.http.router",
        "typed_config": { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
    });
    let filters = policies.map(|policy| jwt_authorizer(plugin, policy));
    plugin.before.iter().cloned().chain(filters).chain([router]).collect()
}

/// The request header that selects another route, and the header that this route adds.
pub(crate) const TIER: &str = "x-tier";
pub(crate) const ROUTED_BY_TIER: &str = "x-routed-by-tier";

fn by_header() -> Value {
    json!({
        "match": { "prefix": "/", "headers": [{ "name": TIER, "string_match": { "exact": "gold" } }] },
        "route": { "cluster": "upstream" },
        "request_headers_to_add": [{ "header": { "key": ROUTED_BY_TIER, "value": "gold" } }],
    })
}

fn jwt_authorizer(plugin: &Plugin, configuration: &Value) -> Value {
    let crypto = if plugin.host_crypto { "on" } else { "off" };
    json!({
        "name": "jwt_authorizer",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": {
                "name": "jwt_authorizer",
                "root_id": "jwt_authorizer",
                "failure_policy": "FAIL_RELOAD",
                "allow_on_headers_stop_iteration": plugin.allow_on_headers_stop_iteration,
                "configuration": configuration,
                "vm_config": {
                    "vm_id": "jwt_authorizer",
                    "runtime": "envoy.wasm.runtime.v8",
                    "code": { "local": { "filename": plugin.module } },
                    "environment_variables": { "key_values": { "JWT_AUTHORIZER_HOST_CRYPTO": crypto } },
                },
            },
        },
    })
}

/// The plugin's JSON as a `StringValue`, which the documentation recommends.
pub(crate) fn string_value(json: &str) -> Value {
    json!({ "@type": "type.googleapis.com/google.protobuf.StringValue", "value": json })
}

fn access_log(directory: &Path) -> Value {
    let state = |name: &str| format!("%FILTER_STATE(wasm.jwt_authorizer.{name}:PLAIN)%");
    json!({
        "name": "envoy.access_loggers.file",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
            "path": directory.join(ACCESS_LOG),
            "log_format": { "json_format": {
                "probe": format!("%REQ({PROBE})%"),
                "reason": state("reason"),
                "provider": state("provider"),
                "rule": state("rule"),
                "sub": state("sub"),
                "client_id": state("client_id"),
                "dry_run": state("dry_run"),
                "tenant": state("claim.tenant"),
                "roles": state("claim.roles"),
                "details": "%RESPONSE_CODE_DETAILS%",
                "path": "%REQ(:PATH)%",
                "original_path": "%REQ(X-ENVOY-ORIGINAL-PATH)%",
                "omitted_headers": state("omitted_headers"),
            } },
        },
    })
}

/// The cluster of the traces.
pub(crate) const TRACES: &str = "traces";

fn tracing() -> Value {
    json!({ "provider": {
        "name": "envoy.tracers.zipkin",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.config.trace.v3.ZipkinConfig",
            "collector_cluster": TRACES,
            "collector_endpoint": "/spans",
            "collector_endpoint_version": "HTTP_JSON",
        },
    } })
}

fn cluster((name, address): &(&str, SocketAddr)) -> Value {
    json!({
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": { "http_protocol_options": { "enable_trailers": true } },
            },
        },
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": socket(address.port()) } }] }],
        },
    })
}

fn socket(port: u16) -> Value {
    json!({ "socket_address": { "address": "127.0.0.1", "port_value": port } })
}
