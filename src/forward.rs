//! Forwarding: how an allowed request is changed for the upstream. Identity headers are set from the verified token,
//! and removed if the client sent them.

use crate::request::{HeaderName, Headers, RequestHead};
use crate::token::credential::Credential;
use crate::token::provider::{ByProvider, ProviderIndex};
use crate::token::redaction::Redactions;
use crate::token::removal::Removal;
use crate::token::verified::VerifiedToken;

/// Computes the edits of allowed requests.
#[derive(Debug)]
pub struct Forwarding {
    providers: ByProvider<ProviderForwarding>,
    /// Headers that only verified claims may set.
    reserved: Box<[HeaderName]>,
    clear_route_cache: bool,
    dry_run: bool,
}

/// What is forwarded from the tokens of one provider.
#[derive(Debug)]
pub struct ProviderForwarding {
    /// The identity headers, in the order of the provider's outputs.
    pub headers: Box<[HeaderName]>,
    /// The header for the payload.
    pub payload_header: Option<HeaderName>,
    /// Whether the token is forwarded.
    pub forward_token: bool,
}

/// The edits of an allowed request, in the order in which the filter makes them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Edits {
    /// Headers to remove.
    pub remove: Vec<String>,
    /// Headers to set. After the removals the request does not have them.
    pub set: Vec<(String, Vec<u8>)>,
    /// Pseudo-headers to replace.
    pub replace: Vec<(String, Vec<u8>)>,
    /// Whether to clear Envoy's route cache, so that it chooses the route again.
    pub clear_route_cache: bool,
}

const CONNECTION: &str = "connection";

impl Forwarding {
    /// Creates it from compiled parts. The headers that it sets are reserved: a client cannot set them. In dry run it
    /// reserves and sets none, and forwards each token.
    pub fn new(providers: ByProvider<ProviderForwarding>, clear_route_cache: bool, dry_run: bool) -> Self {
        let mut reserved: Vec<HeaderName> = Vec::new();
        for provider in providers.iter().filter(|_| !dry_run) {
            for header in provider.headers.iter().chain(&provider.payload_header) {
                if !reserved.iter().any(|known| known.is_alias_of(header.as_str().as_bytes())) {
                    reserved.push(header.clone());
                }
            }
        }
        Self { providers, reserved: reserved.into(), clear_route_cache, dry_run }
    }

    /// The identity headers of a provider, in the order of its outputs.
    pub fn header_names(&self, provider: ProviderIndex) -> &[HeaderName] {
        &self.providers[provider].headers
    }

    /// Edits for a request without an identity: removes reserved headers, and makes these redactions.
    pub fn anonymous(&self, head: &RequestHead<'_>, redactions: Redactions) -> Edits {
        self.with_route_cache(Edits { replace: redactions, ..self.strip_reserved(head) })
    }

    /// Whether some provider's tokens are not forwarded.
    pub fn withholds_tokens(&self) -> bool {
        !self.dry_run && self.providers.iter().any(|provider| !provider.forward_token)
    }

    /// Whether this provider's tokens are not forwarded.
    pub fn withholds_tokens_of(&self, provider: ProviderIndex) -> bool {
        !self.providers[provider].forward_token
    }

    /// Edits for a request with a verified token: sets its identity headers and removes the others.
    pub fn identified(&self, token: &VerifiedToken, credential: &Credential<'_, '_>, head: &RequestHead<'_>) -> Edits {
        if self.dry_run {
            return Edits::default();
        }
        let mut edits = self.strip_reserved(head);
        let provider = &self.providers[token.provider()];
        for (header, value) in provider.headers.iter().zip(token.headers()) {
            if let Some(value) = value {
                edits.set_if_different(header, value, head);
            }
        }
        if let (Some(header), Some(payload)) = (&provider.payload_header, token.payload()) {
            edits.set_if_different(header, payload, head);
        }
        if !provider.forward_token {
            edits.strip_token(credential, head, |name| self.is_reserved(name));
        }
        self.with_route_cache(edits)
    }

    /// A removal alone clears the route cache too: Envoy may have chosen the route by the removed header.
    fn with_route_cache(&self, edits: Edits) -> Edits {
        Edits { clear_route_cache: self.clear_route_cache && !edits.is_empty(), ..edits }
    }

    /// Whether there are headers that only verified claims may set.
    pub fn reserves_any(&self) -> bool {
        !self.reserved.is_empty()
    }

    /// The names among these, each once, that are reserved or that an upstream may take for a reserved one.
    pub fn reserved_in(&self, fields: &Headers) -> Vec<String> {
        let mut names = Vec::new();
        for (name, _) in fields.iter().filter(|(name, _)| self.is_reserved(name)) {
            push_once(&mut names, name);
        }
        names
    }

    fn is_reserved(&self, name: &[u8]) -> bool {
        self.reserved.iter().any(|reserved| reserved.is_alias_of(name))
    }

    fn strip_reserved(&self, head: &RequestHead<'_>) -> Edits {
        let mut edits = Edits::default();
        if !self.reserves_any() {
            return edits;
        }
        edits.remove = self.reserved_in(head.headers());
        if let Some(kept) = self.connection_options(head) {
            edits.remove_once(CONNECTION.as_bytes());
            edits.set.extend((!kept.is_empty()).then(|| (CONNECTION.to_owned(), kept)));
        }
        edits
    }

    /// The options of `connection` without those that name a reserved header, which the next proxy would remove (RFC 9110
    /// §7.6.1). `None` if there are no such options. Envoy forwards the header of an upgrade.
    fn connection_options(&self, head: &RequestHead<'_>) -> Option<Vec<u8>> {
        let options =
            || head.values(CONNECTION).flat_map(|line| line.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
        options().any(|option| self.is_reserved(option)).then(|| {
            let kept: Vec<_> = options().filter(|option| !option.is_empty() && !self.is_reserved(option)).collect();
            kept.join(&b", "[..])
        })
    }
}

fn push_once(names: &mut Vec<String>, name: &[u8]) {
    let name = String::from_utf8_lossy(name);
    if !names.iter().any(|known| *known == name) {
        names.push(name.into_owned());
    }
}

impl Edits {
    /// Makes this the only value of a header. No edit is made if the request has exactly this header already.
    fn set_if_different(&mut self, header: &HeaderName, value: &str, head: &RequestHead<'_>) {
        let mut sent = head.headers().iter().filter(|(name, _)| header.is_alias_of(name));
        match (sent.next(), sent.next()) {
            (Some((name, sent)), None) if name == header.as_str().as_bytes() && sent == value.as_bytes() => {
                self.remove.retain(|removed| removed.as_bytes() != name);
            }
            _ => self.set.push((header.as_str().to_owned(), value.into())),
        }
    }

    fn remove_once(&mut self, name: &[u8]) {
        push_once(&mut self.remove, name);
    }

    fn strip_token(
        &mut self,
        credential: &Credential<'_, '_>,
        head: &RequestHead<'_>,
        is_reserved: impl Fn(&[u8]) -> bool,
    ) {
        let Removal { headers, target } = credential.removal(head);
        for (name, rest) in headers {
            self.remove_once(name);
            // What is left of an identity header is the client's.
            let rest = rest.filter(|_| !is_reserved(name));
            self.set.extend(rest.map(|rest| (String::from_utf8_lossy(name).into_owned(), rest)));
        }
        self.replace.extend(target.map(|target| (":path".to_owned(), target)));
    }

    fn is_empty(&self) -> bool {
        self.remove.is_empty() && self.set.is_empty() && self.replace.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_set_only_if_it_differs() {
        let name = HeaderName::new("x-sub").unwrap();
        let set = vec![("x-sub".to_owned(), b"alice".to_vec())];
        for (sent, removed, expected) in [
            (&[][..], &[][..], set.clone()),
            (&[("x-sub", "alice")], &["x-sub"], vec![]),
            (&[("x-sub", "bob")], &["x-sub"], set.clone()),
            (&[("x-sub", "alice"), ("x-sub", "alice")], &["x-sub"], set.clone()),
            (&[("x-sub", "alice"), ("x_sub", "alice")], &["x-sub", "x_sub"], set.clone()),
            (&[("x_sub", "alice")], &["x_sub"], set.clone()),
        ] {
            let headers = sent.iter().copied().collect();
            let head = RequestHead::new(&headers).unwrap();
            let remove = removed.iter().map(|&name| name.to_owned()).collect();
            let mut edits = Edits { remove, ..Edits::default() };
            edits.set_if_different(&name, "alice", &head);
            assert_eq!(edits.set, expected, "{sent:?}");
            assert_eq!(edits.is_empty(), expected.is_empty(), "{sent:?}");
        }
    }

    fn forwarding(headers: &[&str]) -> Forwarding {
        let mut providers = ByProvider::default();
        for name in headers {
            let headers = [HeaderName::new(name).unwrap()].into();
            providers.push(ProviderForwarding { headers, payload_header: None, forward_token: true });
        }
        Forwarding::new(providers, false, false)
    }

    #[test]
    fn names_taken_for_reserved_headers_are_removed_once() {
        let sent = ["x-sub", "x-other", "x_sub", "x-sub", "x-org"].map(|name| (name, "value"));
        let headers = sent.into_iter().collect();
        for (reserved, expected) in [(&["x-sub", "x-org"][..], &["x-sub", "x_sub", "x-org"][..]), (&[], &[])] {
            let forwarding = forwarding(reserved);
            assert_eq!(forwarding.reserves_any(), !reserved.is_empty());
            assert_eq!(forwarding.reserved_in(&headers), expected);
            assert_eq!(forwarding.anonymous(&RequestHead::new(&headers).unwrap(), Vec::new()).remove, expected);
        }
    }

    #[test]
    fn connection_keeps_the_options_that_name_no_reserved_header() {
        for (lines, expected) in [
            (&[][..], None),
            (&["Upgrade"], None),
            (&["upgrade, x-su, x-sub-2"], None),
            (&["Upgrade, X-Sub"], Some("Upgrade")),
            (&["x_sub ,,\tUpgrade\t, x.org", "keep-alive"], Some("Upgrade, keep-alive")),
            (&["x-sub"], Some("")),
        ] {
            let headers = lines.iter().map(|line| ("connection", *line)).collect();
            let edits = forwarding(&["x-sub", "x-org"]).anonymous(&RequestHead::new(&headers).unwrap(), Vec::new());
            let removed = expected.map(|_| "connection".to_owned());
            let set = expected.filter(|kept| !kept.is_empty()).map(|kept| ("connection".to_owned(), kept.into()));
            assert_eq!(edits.remove, Vec::from_iter(removed), "{lines:?}");
            assert_eq!(edits.set, Vec::from_iter(set), "{lines:?}");
        }
        let headers = [("connection", "Upgrade, X-Sub")].into_iter().collect();
        assert!(forwarding(&[]).anonymous(&RequestHead::new(&headers).unwrap(), Vec::new()).is_empty());
    }
}
