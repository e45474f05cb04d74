//! The requests of one fetch: for the discovery document, if the provider uses discovery, then for the key set.

use super::fetch_error::FetchError;
use super::fetch_response::{FetchResponse, Fetched};
use super::host::CalloutError;
use crate::keys::fetch_state::FetchFailure;
use crate::keys::remote::RemoteKeys;

/// One request of a fetch.
#[derive(Clone, Debug)]
pub(super) struct FetchRequest {
    document: Document,
    /// The Envoy cluster.
    pub(super) cluster: Box<str>,
    /// `:authority`.
    pub(super) authority: Box<str>,
    /// `:path`.
    pub(super) path: Box<str>,
}

/// What a request is for.
#[derive(Clone, Debug)]
enum Document {
    /// The discovery document of OpenID Connect Discovery 1.0 §4.
    OpenIdConfiguration,
    /// The metadata of RFC 8414 §3, after the request for the other document failed in this way.
    ServerMetadata(FetchError),
    /// The key set. `elsewhere`: the host that the discovery document names, if another one is asked.
    KeySet { elsewhere: Option<Box<str>> },
}

/// What follows a response.
#[derive(Debug)]
pub(super) enum Step {
    /// Another request.
    Next(FetchRequest),
    /// The end of the fetch.
    End(Result<Fetched, FetchError>),
}

impl FetchRequest {
    /// The first request of a fetch.
    pub(super) fn first(remote: &RemoteKeys) -> Self {
        let document = match remote.discovery {
            Some(_) => Document::OpenIdConfiguration,
            None => Document::KeySet { elsewhere: None },
        };
        Self {
            document,
            cluster: remote.cluster.clone(),
            authority: remote.authority.clone(),
            path: remote.path.clone(),
        }
    }

    /// Reads the response.
    pub(super) fn receive(self, response: FetchResponse, remote: &RemoteKeys) -> Step {
        if let Document::KeySet { .. } = self.document {
            return Step::End(response.into_keys().map_err(|error| self.locate(error)));
        }
        match response.into_jwks_uri(&remote.issuer) {
            Ok((authority, path)) => Step::Next(Self::for_keys(remote, &authority, &path)),
            Err(error) => {
                let may_be_elsewhere = error.is_not_found();
                let error = self.locate(error);
                match (&self.document, &remote.discovery) {
                    (Document::OpenIdConfiguration, Some(discovery)) if may_be_elsewhere => Step::Next(Self {
                        document: Document::ServerMetadata(error),
                        path: discovery.server_metadata.clone(),
                        ..self
                    }),
                    _ => Step::End(Err(error)),
                }
            }
        }
    }

    /// The error of a request for which no time is left.
    pub(super) fn timed_out(&self) -> FetchError {
        self.locate(FetchFailure::Timeout.into())
    }

    /// The error of a request that the proxy did not send.
    pub(super) fn not_sent(&self, error: CalloutError) -> FetchError {
        FetchError::not_sent(error, &self.cluster)
    }

    /// The request for the key set whose URL is in a discovery document.
    fn for_keys(remote: &RemoteKeys, authority: &str, path: &str) -> Self {
        let is_elsewhere = !authority.eq_ignore_ascii_case(&remote.authority);
        let keys_cluster = remote.discovery.as_ref().and_then(|discovery| discovery.jwks_uri_cluster.as_deref());
        let (cluster, asked) = match keys_cluster.filter(|_| is_elsewhere) {
            Some(cluster) => (cluster, authority),
            None => (&*remote.cluster, &*remote.authority),
        };
        let elsewhere = (is_elsewhere && keys_cluster.is_none()).then(|| authority.into());
        Self {
            document: Document::KeySet { elsewhere },
            cluster: cluster.into(),
            authority: asked.into(),
            path: path.into(),
        }
    }

    /// Adds to an error which URL it is about.
    fn locate(&self, error: FetchError) -> FetchError {
        let error = error.at(&self.cluster, &self.authority, &self.path);
        match &self.document {
            Document::OpenIdConfiguration | Document::KeySet { elsewhere: None } => error,
            // A document that was read says more than one that was not found.
            Document::ServerMetadata(first) => first.clone().and(error),
            Document::KeySet { elsewhere: Some(host) } => error.on_another_host(host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::fetch_state::KeyPolicy;
    use crate::keys::remote::Discovery;
    use std::time::Duration;

    const SECOND: Duration = Duration::from_secs(1);

    fn remote(jwks_uri_cluster: Option<&str>) -> RemoteKeys {
        RemoteKeys {
            issuer: "https://a.example/t".into(),
            cluster: "a".into(),
            authority: "a.example".into(),
            path: "/t/.well-known/openid-configuration".into(),
            discovery: Some(Discovery {
                server_metadata: "/.well-known/oauth-authorization-server/t".into(),
                jwks_uri_cluster: jwks_uri_cluster.map(Into::into),
            }),
            policy: KeyPolicy {
                timeout: SECOND,
                refresh_interval: SECOND,
                max_stale: SECOND,
                respect_cache_control: false,
            },
        }
    }

    fn answer(status: u16, body: &str) -> FetchResponse {
        FetchResponse { status: Some(status), body: Some(body.as_bytes().to_vec()), ..FetchResponse::default() }
    }

    fn found(uri: &str) -> FetchResponse {
        answer(200, &format!(r#"{{"issuer":"https://a.example/t","jwks_uri":"{uri}"}}"#))
    }

    fn next(step: Step) -> FetchRequest {
        match step {
            Step::Next(request) => request,
            Step::End(end) => panic!("{end:?}"),
        }
    }

    fn error(step: Step) -> (FetchFailure, String) {
        match step {
            Step::End(Err(error)) => (error.class, error.to_string()),
            other => panic!("{other:?}"),
        }
    }

    fn target(request: &FetchRequest) -> [&str; 3] {
        [&request.cluster, &request.authority, &request.path]
    }

    #[test]
    fn keys_are_asked_of_the_cluster_for_their_host() {
        for (cluster, uri, expected) in [
            (None, "https://a.example/keys", ["a", "a.example", "/keys"]),
            (None, "https://A.example:443/keys", ["a", "a.example", "/keys"]),
            (None, "https://b.example/keys", ["a", "a.example", "/keys"]),
            (Some("b"), "https://b.example:8443/keys", ["b", "b.example:8443", "/keys"]),
            (Some("b"), "https://a.example/keys", ["a", "a.example", "/keys"]),
        ] {
            let remote = remote(cluster);
            let request = next(FetchRequest::first(&remote).receive(found(uri), &remote));
            assert_eq!(target(&request), expected, "{cluster:?} {uri}");
        }
    }

    #[test]
    fn an_answer_of_the_wrong_host_names_the_right_one() {
        for (cluster, uri, status, body, expected) in [
            (None, "https://b.example/keys", 404, "", FetchFailure::HostMismatch),
            (None, "https://b.example/keys", 200, "<html>", FetchFailure::HostMismatch),
            (None, "https://b.example/keys", 200, r#"{"keys":[]}"#, FetchFailure::HostMismatch),
            (None, "https://b.example/keys", 504, "upstream request timeout", FetchFailure::Timeout),
            (None, "https://a.example/keys", 404, "", FetchFailure::Status),
            (Some("b"), "https://b.example/keys", 404, "", FetchFailure::Status),
        ] {
            let remote = remote(cluster);
            let request = next(FetchRequest::first(&remote).receive(found(uri), &remote));
            let (class, text) = error(request.receive(answer(status, body), &remote));
            assert_eq!(class, expected, "{cluster:?} {uri} {status}");
            assert_eq!(text.contains("`b.example`"), class == FetchFailure::HostMismatch, "{text}");
        }
    }

    #[test]
    fn server_metadata_is_tried_second() {
        let remote = remote(None);
        for first in [answer(404, ""), answer(302, ""), answer(200, "<html>"), answer(200, "{}")] {
            let second = next(FetchRequest::first(&remote).receive(first, &remote));
            assert_eq!(target(&second), ["a", "a.example", "/.well-known/oauth-authorization-server/t"]);
            let keys = next(second.receive(found("https://a.example/keys"), &remote));
            assert_eq!(target(&keys), ["a", "a.example", "/keys"]);
        }
        let issuer = r#"{"issuer":"https://b","jwks_uri":"https://b/keys"}"#;
        for (first, expected) in [
            (answer(500, ""), FetchFailure::Status),
            (answer(503, "no healthy upstream"), FetchFailure::Connect),
            (answer(504, "upstream request timeout"), FetchFailure::Timeout),
            (answer(200, issuer), FetchFailure::IssuerMismatch),
        ] {
            assert_eq!(error(FetchRequest::first(&remote).receive(first, &remote)).0, expected);
        }
    }

    #[test]
    fn a_failure_of_both_documents_names_both() {
        let remote = remote(None);
        let (openid, oauth) =
            ("a.example/t/.well-known/openid-configuration", "a.example/.well-known/oauth-authorization-server/t");
        for (status, body, class, expected) in [
            (404, "", FetchFailure::Malformed, format!("from `{openid}`; 404 from `{oauth}`")),
            (
                200,
                r#"{"issuer":"https://b","jwks_uri":"https://b/keys"}"#,
                FetchFailure::IssuerMismatch,
                format!("from `{openid}`; the issuer `https://b` instead of `https://a.example/t` from `{oauth}`"),
            ),
        ] {
            let second = next(FetchRequest::first(&remote).receive(answer(200, "<html>"), &remote));
            assert_eq!(error(second.receive(answer(status, body), &remote)), (class, expected), "{status}");
        }
    }
}
