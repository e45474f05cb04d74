//! The credential of a request. A request with two is refused (RFC 6750 §2): the upstream might use the one that was not
//! verified.

use std::borrow::Cow;
use std::fmt;
use std::ops::ControlFlow;

use super::forms::Found;
use super::removal::Removal;
use super::source::SourceSet;
use super::sources::Sources;
use crate::request::RequestHead;

/// The token of a request, and the sources that it was found in. `Debug` does not show it.
#[derive(Clone)]
pub struct Credential<'r, 's> {
    token: Cow<'r, [u8]>,
    found_in: SourceSet,
    sources: &'s Sources,
}

/// The request has more than one credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmbiguousCredential;

impl<'r, 's> Credential<'r, 's> {
    /// The credential of a request, if it has one. The same token at several places is one credential. If this is a
    /// [list](Self::is_list), read the request [again](Self::find_in_lists).
    ///
    /// # Errors
    ///
    /// If the request has more than one.
    pub fn find(sources: &'s Sources, head: &RequestHead<'r>) -> Result<Option<Self>, AmbiguousCredential> {
        Self::read(sources, head, false).or_else(|AmbiguousCredential| Self::find_in_lists(sources, head))
    }

    /// The same as [`Credential::find`], but headers that have a comma are read as lists. Searching for commas costs more
    /// than everything else, and few requests have any.
    ///
    /// # Errors
    ///
    /// If the request has more than one.
    pub fn find_in_lists(sources: &'s Sources, head: &RequestHead<'r>) -> Result<Option<Self>, AmbiguousCredential> {
        let credential = Self::read(sources, head, true)?;
        if credential.as_ref().is_some_and(Self::is_list) { Err(AmbiguousCredential) } else { Ok(credential) }
    }

    fn read(sources: &'s Sources, head: &RequestHead<'r>, split: bool) -> Result<Option<Self>, AmbiguousCredential> {
        let mut credential: Option<Self> = None;
        let flow = sources.each_token(head, split, |(token, found_in): Found<'r>| {
            match &mut credential {
                None => credential = Some(Self { token, found_in, sources }),
                Some(known) if known.token == token => known.found_in = known.found_in.with(found_in),
                Some(_) => return ControlFlow::Break(()),
            }
            ControlFlow::Continue(())
        });
        if flow.is_break() { Err(AmbiguousCredential) } else { Ok(credential) }
    }

    /// The bytes of the token, not checked in any way.
    pub fn token(&self) -> &[u8] {
        &self.token
    }

    /// Whether this can be the values of several headers, joined: a token has no comma.
    pub fn is_list(&self) -> bool {
        self.token.contains(&b',')
    }

    /// The sources that it was found in.
    pub fn found_in(&self) -> SourceSet {
        self.found_in
    }

    /// How to remove it from the request.
    pub fn removal<'h>(&self, head: &RequestHead<'h>) -> Removal<'h> {
        Removal::of(&self.token, self.found_in, self.sources, head)
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
    use crate::token::source::{Place, Scheme, Source};

    fn sources(texts: &[&str]) -> Sources {
        let mut sources = Sources::default();
        for text in texts {
            let (place, scheme) = text.split_once(' ').map_or((*text, None), |(place, scheme)| (place, Some(scheme)));
            let scheme = scheme.map(|scheme| Scheme::parse(scheme).unwrap());
            sources.add(Source::new(Place::parse(place).unwrap(), scheme)).unwrap();
        }
        sources
    }

    fn found(sources: &Sources, headers: &[(&str, &str)]) -> Result<Option<String>, AmbiguousCredential> {
        let headers = headers.iter().copied().collect();
        let head = RequestHead::new(&headers).unwrap();
        let credential = match Credential::find(sources, &head)? {
            Some(credential) if credential.is_list() => Credential::find_in_lists(sources, &head)?,
            credential => credential,
        };
        Ok(credential.map(|credential| String::from_utf8_lossy(credential.token()).into_owned()))
    }

    type Row<'t> = (&'t [(&'t str, &'t str)], Result<Option<&'t str>, AmbiguousCredential>);

    #[track_caller]
    fn assert_found(sources: &[&str], table: &[Row<'_>]) {
        let sources = self::sources(sources);
        for (headers, expected) in table {
            assert_eq!(found(&sources, headers), expected.map(|token| token.map(str::to_owned)), "{headers:?}");
        }
    }

    #[test]
    fn the_authorization_header_needs_the_scheme_bearer() {
        let authorization = ["$request.header.Authorization"];
        for (values, expected) in [
            (&[][..], Ok(None)),
            (&["Bearer abc"], Ok(Some("abc"))),
            (&["BEARER   abc"], Ok(Some("abc"))),
            (&["Bearer"], Ok(None)),
            (&["Bearer\tabc"], Ok(Some("abc"))),
            (&["Bearer=abc"], Ok(None)),
            (&["Basic abc"], Ok(None)),
            (&["abc"], Ok(None)),
            (&[""], Ok(None)),
            (&["Bearer a,Bearer b"], Err(AmbiguousCredential)),
            (&["Bearer a,Bearer a"], Ok(Some("a"))),
            (&["Basic a,Bearer b"], Err(AmbiguousCredential)),
            (&["Digest a=b, c=d"], Ok(None)),
            (&["Bearer a", "Bearer b"], Err(AmbiguousCredential)),
            (&["Bearer a", "Bearer a"], Ok(Some("a"))),
            (&["Bearer a,Bearer a", "Bearer a"], Ok(Some("a"))),
            (&["Bearer a,Bearer a", "Bearer b"], Err(AmbiguousCredential)),
            (&["Bearer", "Bearer a"], Ok(Some("a"))),
            (&["Bearer a,"], Err(AmbiguousCredential)),
        ] {
            let headers: Vec<_> = values.iter().map(|value| ("authorization", *value)).collect();
            assert_found(&authorization, &[(&headers, expected)]);
        }
    }

    #[test]
    fn in_other_sources_the_scheme_is_optional() {
        assert_found(
            &["$request.header.X-Token", "$request.querystring.t", "$request.cookie.c", "$request.websocket"],
            &[
                (&[("x-token", "abc")], Ok(Some("abc"))),
                (&[("x-token", "Bearer abc")], Ok(Some("abc"))),
                (&[("x-token", "Bearer")], Ok(None)),
                (&[(":path", "/?t=abc&x=1")], Ok(Some("abc"))),
                (&[(":path", "/?%74=abc")], Ok(Some("abc"))),
                (&[(":path", "/?%74=a%62c")], Ok(Some("abc"))),
                (&[(":path", "/?t=abc&%74=abc")], Ok(Some("abc"))),
                (&[(":path", "/?t=abc&%74=abd")], Err(AmbiguousCredential)),
                (&[(":path", "/?tt=abc&t&=abc")], Ok(None)),
                (&[(":path", "/?t=")], Ok(None)),
                (&[(":path", "/?t=a&t=b")], Err(AmbiguousCredential)),
                (&[(":path", "/?t=a&x=1;t=b")], Err(AmbiguousCredential)),
                (&[(":path", "/?x=1;t=b")], Ok(Some("b"))),
                (&[(":path", "/?t=Bearer+b")], Ok(Some("b"))),
                (&[(":path", "/t=b")], Ok(None)),
                (&[("x-token", "a"), ("x_token", "b")], Err(AmbiguousCredential)),
                (&[("x.token", "b")], Ok(Some("b"))),
                (&[("cookie", "c =a; c=b")], Err(AmbiguousCredential)),
                (&[("cookie", "c = abc")], Ok(Some("abc"))),
                (&[("cookie", "a=1; c=\"abc\"; b=2")], Ok(Some("abc"))),
                (&[("cookie", "cc=abc; C=abc")], Ok(None)),
                (&[("cookie", "c=a; c=b")], Err(AmbiguousCredential)),
                (&[("cookie", "c=a"), ("cookie", "c=b")], Err(AmbiguousCredential)),
                (&[("cookie", "c=a"), ("cookie", "c=a; c=")], Ok(Some("a"))),
                (&[("sec-websocket-protocol", "chat, bearer, abc")], Ok(Some("abc"))),
                (&[("sec-websocket-protocol", "chat, abc")], Ok(None)),
                (&[("sec-websocket-protocol", "bearer")], Ok(None)),
                (&[("sec-websocket-protocol", "bearer"), ("sec-websocket-protocol", "abc")], Ok(Some("abc"))),
                (
                    &[("sec-websocket-protocol", "bearer, a"), ("sec-websocket-protocol", "Bearer, b")],
                    Err(AmbiguousCredential),
                ),
                (&[("sec-websocket-protocol", "\u{a0}bearer, bearer, abc")], Ok(Some("abc"))),
                (&[("x-token", "abc"), (":path", "/?t=abc"), ("cookie", "c=abc")], Ok(Some("abc"))),
                (&[("x-token", "abc"), (":path", "/?t=abd")], Err(AmbiguousCredential)),
                (&[("x-token", "abc"), ("authorization", "Bearer abd")], Ok(Some("abc"))),
            ],
        );
    }

    #[test]
    fn one_place_may_have_several_schemes() {
        let sources =
            ["$request.header.Authorization", "$request.header.authorization Token", "$request.cookie.c required"];
        assert_found(
            &sources,
            &[
                (&[("authorization", "Token abc")], Ok(Some("abc"))),
                (&[("authorization", "bearer abc")], Ok(Some("abc"))),
                (&[("authorization", "abc")], Ok(None)),
                (&[("authorization", "Token abc, Bearer abc")], Ok(Some("abc"))),
                (&[("authorization", "Token abc"), ("cookie", "c=abd")], Ok(Some("abc"))),
                (&[("authorization", "Token abc"), ("cookie", "c=Bearer+abd")], Err(AmbiguousCredential)),
            ],
        );
        let sources = self::sources(&sources);
        let headers = [("authorization", "Token abc"), ("cookie", "c=Bearer abc")].into_iter().collect();
        let head = RequestHead::new(&headers).unwrap();
        let found_in = Credential::find(&sources, &head).unwrap().unwrap().found_in();
        let is_in: Vec<_> = (0..3).map(|index| found_in.intersects(SourceSet::of(index).unwrap())).collect();
        assert_eq!(is_in, [false, true, true]);
    }

    #[test]
    fn a_token_is_not_printed() {
        let sources = sources(&["$request.header.Authorization"]);
        let headers = [("authorization", "Bearer secret")].into_iter().collect();
        let credential = Credential::find(&sources, &RequestHead::new(&headers).unwrap()).unwrap().unwrap();
        assert_eq!(format!("{credential:?}"), "Credential(6 bytes)");
    }
}
