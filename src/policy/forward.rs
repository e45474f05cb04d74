//! What an allowed request looks like to the upstream: identity headers, and the token taken out where it must not go on.

use super::Authorizer;
use crate::jwt::credential::Credential;
use crate::jwt::output::HeaderName;
use crate::jwt::source::Removal;
use crate::jwt::token::VerifiedToken;
use crate::request::RequestHead;

/// The edits on an allowed request, in their order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Forward {
    /// Headers to remove.
    pub remove: Vec<String>,
    /// Headers to set, which the request hasn't after the removals.
    pub set: Vec<(String, String)>,
    /// Headers to replace: pseudo-headers, and what is left of a header that held a token.
    pub replace: Vec<(String, String)>,
    /// Whether identity headers were set that a route may depend on.
    pub clear_route_cache: bool,
}

impl Forward {
    /// Has a header say this and nothing else; no edit if the request says it already.
    fn tell(&mut self, header: &HeaderName, value: &str, head: &RequestHead<'_>) {
        let mut sent = head.headers().iter().filter(|(name, _)| header.is_read_from(name));
        match (sent.next(), sent.next()) {
            (Some((name, sent)), None) if name == header.as_str().as_bytes() && sent == value.as_bytes() => {
                self.remove.retain(|removed| removed.as_bytes() != name);
            }
            _ => self.set.push((header.as_str().to_owned(), value.to_owned())),
        }
    }

    fn remove_once(&mut self, name: &[u8]) {
        let name = String::from_utf8_lossy(name);
        if !self.remove.iter().any(|known| *known == name) {
            self.remove.push(name.into_owned());
        }
    }

    /// Whether nothing is to be edited.
    pub fn is_empty(&self) -> bool {
        self.remove.is_empty() && self.set.is_empty() && self.replace.is_empty()
    }
}

impl Authorizer {
    /// The request as the upstream is to see it, who is asking included.
    pub(super) fn edits(&self, token: &VerifiedToken, credential: &Credential<'_>, head: &RequestHead<'_>) -> Forward {
        let mut forward = self.cleared(head);
        if let Some(provider) = self.providers.get(token.provider().0) {
            for (output, value) in provider.outputs.iter().zip(token.headers()) {
                if let Some(value) = value {
                    forward.tell(&output.header, value, head);
                }
            }
            if let (Some(header), Some(payload)) = (&provider.payload_header, token.payload()) {
                forward.tell(header, payload, head);
            }
            if !provider.forward_token {
                self.take_out(credential, head, &mut forward);
            }
        }
        forward
    }

    /// The request without any header that only we may set.
    pub(super) fn cleared(&self, head: &RequestHead<'_>) -> Forward {
        let mut forward = Forward::default();
        if self.reserved.is_empty() {
            return forward;
        }
        for (name, _) in head.headers().iter() {
            if self.reserved.iter().any(|reserved| reserved.is_read_from(name)) {
                forward.remove_once(name);
            }
        }
        forward
    }

    fn take_out(&self, credential: &Credential<'_>, head: &RequestHead<'_>, forward: &mut Forward) {
        let Some(source) = self.sources.get(credential.source()) else { return };
        match (source.without(head), source.header()) {
            (Removal::Header(rest), Some(name)) => {
                head.taken_for(name).for_each(|(name, _)| forward.remove_once(name));
                forward.set.extend(rest.map(|rest| (name.to_owned(), rest)));
            }
            (Removal::Target(target), _) => forward.replace.push((":path".to_owned(), target)),
            (Removal::Header(_), None) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_edited() {
        let name = HeaderName::new("x-sub").unwrap();
        let set = vec![("x-sub".to_owned(), "alice".to_owned())];
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
            let mut forward = Forward { remove, ..Forward::default() };
            forward.tell(&name, "alice", &head);
            assert_eq!(forward.set, expected, "{sent:?}");
            assert_eq!(forward.is_empty(), expected.is_empty(), "{sent:?}");
        }
    }
}
