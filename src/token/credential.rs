//! The one credential of a request: all sources of all providers are looked at, and two are a refusal, for an upstream
//! might read the other one (RFC 6750 §2).

use std::fmt;

use super::source::Source;
use crate::request::RequestHead;

/// Every source of every provider.
#[derive(Debug, Default)]
pub struct Sources(Vec<Source>);

/// Which of the sources a token was found in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceIndex(u8);

/// The sources that one provider's tokens may come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceSet(u64);

/// Two credentials in one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmbiguousCredential;

impl Sources {
    /// Adds one, and gives the set of it alone; `None` if there are 64 already.
    pub fn add(&mut self, source: Source) -> Option<SourceSet> {
        let index = self.0.iter().position(|known| known.is_same_source(&source)).unwrap_or_else(|| {
            self.0.push(source);
            self.0.len() - 1
        });
        1_u64.checked_shl(u32::try_from(index).ok()?).map(SourceSet)
    }

    /// The one credential of the request.
    ///
    /// # Errors
    ///
    /// If there are two. Two in one header are told by [`Credential::is_list`].
    pub fn find<'r>(&self, head: &RequestHead<'r>) -> Result<Option<Credential<'r, '_>>, AmbiguousCredential> {
        let mut only = None;
        let mut ambiguous = false;
        for (source, index) in self.0.iter().zip(0_u8..) {
            source.collect(head, &mut |token: &'r [u8]| {
                ambiguous |= only.is_some();
                only = Some(Credential { token, source, index: SourceIndex(index) });
            });
        }
        if ambiguous { Err(AmbiguousCredential) } else { Ok(only) }
    }
}

impl SourceSet {
    /// Without any.
    pub const NONE: Self = Self(0);

    /// Both together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the source is one of them.
    pub fn contains(self, index: SourceIndex) -> bool {
        1_u64.checked_shl(u32::from(index.0)).is_some_and(|bit| self.0 & bit != 0)
    }
}

/// What a request came with, and where it was. It can't be printed.
#[derive(Clone, Copy)]
pub struct Credential<'r, 's> {
    token: &'r [u8],
    source: &'s Source,
    index: SourceIndex,
}

impl<'r, 's> Credential<'r, 's> {
    /// The bytes that should be a token.
    pub fn token(&self) -> &'r [u8] {
        self.token
    }

    /// Whether this is more than one header, joined: no token has a comma in it.
    pub fn is_list(&self) -> bool {
        self.token.contains(&b',')
    }

    /// The source that they were found in.
    pub fn source(&self) -> &'s Source {
        self.source
    }

    /// The same, as a member of sets.
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
    fn the_authorization_header_wants_its_scheme() {
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
    fn elsewhere_the_whole_value_is_the_token() {
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
    fn two_spellings_of_a_header_are_one_source() {
        let sources = sources(&["$request.header.X-Token", "$request.header.x_token"]);
        for name in ["x-token", "x_token"] {
            assert_eq!(found(&sources, &[(name, "abc")]), Ok(Some("abc".to_owned())), "{name}");
        }
    }
}
