//! Finds the credential of a request in all identity sources of all providers. A request with two credentials is
//! refused (RFC 6750 §2): the upstream might use the one that was not verified.

use std::fmt;

use super::source::Source;
use crate::request::RequestHead;

/// The identity sources of all providers, each once.
#[derive(Debug, Default)]
pub struct Sources(Vec<Source>);

/// The index of one source in [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceIndex(u8);

/// A set of sources: those of one provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceSet(u64);

/// The request has more than one credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmbiguousCredential;

impl Sources {
    /// Adds a source and returns the set of only that source; `None` if there are 64 already.
    pub fn add(&mut self, source: Source) -> Option<SourceSet> {
        let index = self.0.iter().position(|known| known.is_same_source(&source)).unwrap_or_else(|| {
            self.0.push(source);
            self.0.len() - 1
        });
        1_u64.checked_shl(u32::try_from(index).ok()?).map(SourceSet)
    }

    /// The credential of a request, if it has one.
    ///
    /// # Errors
    ///
    /// If it has more than one. For several in one header value, see [`Credential::is_list`].
    pub fn find<'r>(&self, head: &RequestHead<'r>) -> Result<Option<Credential<'r, '_>>, AmbiguousCredential> {
        let mut found = None;
        let mut ambiguous = false;
        for (source, index) in self.0.iter().zip(0_u8..) {
            source.collect(head, &mut |token: &'r [u8]| {
                ambiguous |= found.is_some();
                found = Some(Credential { token, source, index: SourceIndex(index) });
            });
        }
        if ambiguous { Err(AmbiguousCredential) } else { Ok(found) }
    }
}

impl SourceSet {
    /// The empty set.
    pub const NONE: Self = Self(0);

    /// The union of both sets.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the source is in the set.
    pub fn contains(self, index: SourceIndex) -> bool {
        1_u64.checked_shl(u32::from(index.0)).is_some_and(|bit| self.0 & bit != 0)
    }
}

/// A credential and the source that it was found in. `Debug` does not show it.
#[derive(Clone, Copy)]
pub struct Credential<'r, 's> {
    token: &'r [u8],
    source: &'s Source,
    index: SourceIndex,
}

impl<'r, 's> Credential<'r, 's> {
    /// The bytes of the token, not checked in any way.
    pub fn token(&self) -> &'r [u8] {
        self.token
    }

    /// Whether this can be the values of several headers, joined: a token has no comma.
    pub fn is_list(&self) -> bool {
        self.token.contains(&b',')
    }

    /// The source that it was found in.
    pub fn source(&self) -> &'s Source {
        self.source
    }

    /// The index of that source.
    pub fn source_index(&self) -> SourceIndex {
        self.index
    }
}

impl fmt::Debug for Credential<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential({} bytes)", self.token.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(texts: &[&str]) -> Sources {
        let mut sources = Sources::default();
        for text in texts {
            sources.add(Source::parse(text).unwrap()).unwrap();
        }
        sources
    }

    fn found(sources: &Sources, headers: &[(&str, &str)]) -> Result<Option<String>, AmbiguousCredential> {
        let headers = headers.iter().copied().collect();
        let head = RequestHead::new(&headers).unwrap();
        let credential = sources.find(&head)?;
        if credential.is_some_and(|credential| credential.is_list()) {
            return Err(AmbiguousCredential);
        }
        Ok(credential.map(|credential| String::from_utf8_lossy(credential.token()).into_owned()))
    }

    #[test]
    fn the_authorization_header_needs_the_scheme_bearer() {
        let sources = sources(&["$request.header.Authorization"]);
        for (values, expected) in [
            (&[][..], Ok(None)),
            (&["Bearer abc"], Ok(Some("abc"))),
            (&["bearer abc"], Ok(Some("abc"))),
            (&["BEARER abc"], Ok(Some("abc"))),
            (&["Bearer  abc"], Ok(Some(" abc"))),
            (&["Bearer"], Ok(Some(""))),
            (&["Bearer "], Ok(Some(""))),
            (&["Bearer\tabc"], Ok(Some("abc"))),
            (&["Bearer=abc"], Ok(None)),
            (&["Basic abc"], Ok(None)),
            (&["abc"], Ok(None)),
            (&["xBearer abc"], Ok(None)),
            (&[""], Ok(None)),
            (&["Bearer a,Bearer b"], Err(AmbiguousCredential)),
            (&["Basic a,Bearer b"], Err(AmbiguousCredential)),
            (&["Digest a=b, c=d"], Ok(None)),
            (&["Bearer a", "Bearer b"], Err(AmbiguousCredential)),
            (&["Bearer a", "Bearer a"], Err(AmbiguousCredential)),
        ] {
            let headers: Vec<_> = values.iter().map(|value| ("authorization", *value)).collect();
            assert_eq!(found(&sources, &headers), expected.map(|token| token.map(str::to_owned)), "{values:?}");
        }
    }

    #[test]
    fn in_other_sources_the_whole_value_is_the_token() {
        let sources =
            sources(&["$request.header.X-Token", "$request.querystring.t", "$request.cookie.c", "$request.websocket"]);
        for (headers, expected) in [
            (&[("x-token", "abc")][..], Ok(Some("abc"))),
            (&[("x-token", "Bearer abc")], Ok(Some("abc"))),
            (&[(":path", "/?t=abc&x=1")], Ok(Some("abc"))),
            (&[(":path", "/?%74=abc")], Ok(Some("abc"))),
            (&[(":path", "/?t=abc&%74=abc")], Err(AmbiguousCredential)),
            (&[(":path", "/?tt=abc")], Ok(None)),
            (&[(":path", "/?t=")], Ok(None)),
            (&[(":path", "/?t=a&t=b")], Err(AmbiguousCredential)),
            (&[(":path", "/?t=a&x=1;t=b")], Err(AmbiguousCredential)),
            (&[(":path", "/?x=1;t=b")], Ok(Some("b"))),
            (&[("x-token", "a"), ("x_token", "b")], Err(AmbiguousCredential)),
            (&[("x.token", "b")], Ok(Some("b"))),
            (&[("cookie", "c =a; c=b")], Err(AmbiguousCredential)),
            (&[("cookie", "c = abc")], Ok(Some("abc"))),
            (&[("cookie", "a=1; c=abc; b=2")], Ok(Some("abc"))),
            (&[("cookie", "cc=abc")], Ok(None)),
            (&[("cookie", "c=a; c=b")], Err(AmbiguousCredential)),
            (&[("cookie", "c=a"), ("cookie", "c=b")], Err(AmbiguousCredential)),
            (&[("sec-websocket-protocol", "chat, bearer, abc")], Ok(Some("abc"))),
            (&[("sec-websocket-protocol", "chat, abc")], Ok(None)),
            (&[("sec-websocket-protocol", "bearer")], Ok(None)),
            (&[("sec-websocket-protocol", "bearer"), ("sec-websocket-protocol", "abc")], Ok(Some("abc"))),
            (
                &[("sec-websocket-protocol", "bearer, a"), ("sec-websocket-protocol", "Bearer, b")],
                Err(AmbiguousCredential),
            ),
            (&[("sec-websocket-protocol", "\u{a0}bearer, bearer, abc")], Ok(Some("abc"))),
            (&[("x-token", "abc"), (":path", "/?t=abc")], Err(AmbiguousCredential)),
        ] {
            assert_eq!(found(&sources, headers), expected.map(|token| token.map(str::to_owned)), "{headers:?}");
        }
    }

    #[test]
    fn aliases_of_a_header_are_one_source() {
        let sources = sources(&["$request.header.X-Token", "$request.header.x_token"]);
        for name in ["x-token", "x_token"] {
            assert_eq!(found(&sources, &[(name, "abc")]), Ok(Some("abc".to_owned())), "{name}");
        }
    }
}
