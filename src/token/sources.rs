//! The identity sources of all providers, arranged so that one pass over a request reads them all.

use std::borrow::Cow;
use std::iter;
use std::ops::ControlFlow;

use memchr::{memchr, memchr2};

use super::escapes::decode;
use super::forms::{Forms, Found};
use super::source::{Place, Scheme, Source, SourceSet};
use crate::request::{HeaderName, RequestHead};

/// The identity sources of all providers, each once.
#[derive(Debug, Default)]
pub struct Sources {
    all: Vec<Source>,
    pub(super) headers: Vec<(HeaderName, Forms)>,
    pub(super) parameters: FormsByName,
    pub(super) cookies: FormsByName,
    pub(super) websocket: SourceSet,
}

pub(super) const COOKIE: &str = "cookie";
pub(super) const WEBSOCKET_PROTOCOL: &str = "sec-websocket-protocol";

impl Sources {
    /// Adds a source and returns the set of only that source; `None` if there are 64 others already.
    pub fn add(&mut self, source: Source) -> Option<SourceSet> {
        if let Some(index) = self.all.iter().position(|known| known.is_same(&source)) {
            return SourceSet::of(index);
        }
        let set = SourceSet::of(self.all.len())?;
        match &source.place {
            Place::Header(name) => self.accept_in_header(name, &source, set),
            Place::Query(name) => self.parameters.accept(name, &source.scheme, set),
            Place::Cookie(name) => self.cookies.accept(name, &source.scheme, set),
            Place::WebSocket => self.websocket = self.websocket.with(set),
        }
        self.all.push(source);
        Some(set)
    }

    fn accept_in_header(&mut self, name: &HeaderName, source: &Source, set: SourceSet) {
        let is_known = |(known, _): &&mut (HeaderName, Forms)| known.is_alias_of(name.as_str().as_bytes());
        if let Some((_, forms)) = self.headers.iter_mut().find(is_known) {
            forms.accept(&source.scheme, set);
            return;
        }
        let mut forms = if source.place.is_authorization() { Forms::in_authorization() } else { Forms::default() };
        forms.accept(&source.scheme, set);
        self.headers.push((name.clone(), forms));
    }

    /// Calls `found` with every token in a request, and the sources that it is in. With `split`, a header that Envoy may
    /// have joined from several is read as a list.
    pub(super) fn each_token<'r>(
        &self,
        head: &RequestHead<'r>,
        split: bool,
        mut found: impl FnMut(Found<'r>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        for (header, forms) in &self.headers {
            // Not `aliases_of`: its filter is called for each header instead of being inlined.
            for (name, value) in head.headers().iter() {
                if header.is_alias_of(name)
                    && let Some(token) = forms.in_header(value, split)
                {
                    found(token)?;
                }
            }
        }
        if let (Some(query), false) = (head.query(), self.parameters.sources.is_empty()) {
            for pair in pieces(query.as_bytes(), |text| memchr2(b'&', b';', text)) {
                self.in_parameter(pair).map_or(ControlFlow::Continue(()), &mut found)?;
            }
        }
        if !self.cookies.sources.is_empty() {
            for pair in head.values(COOKIE).flat_map(|line| pieces(line, |text| memchr(b';', text))) {
                self.in_cookie(pair).map_or(ControlFlow::Continue(()), &mut found)?;
            }
        }
        if !self.websocket.is_empty() {
            let mut offers = Offers::default();
            for offer in head.aliases_of(WEBSOCKET_PROTOCOL).flat_map(|(_, line)| line.split(|byte| *byte == b',')) {
                if offers.is_token(offer) {
                    found((Cow::Borrowed(offer.trim_ascii()), self.websocket))?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// The token in a query parameter (`NAME=VALUE`). Servers decode names, so `access%5Ftoken` is `access_token`.
    pub(super) fn in_parameter<'r>(&self, pair: &'r [u8]) -> Option<Found<'r>> {
        let (name, value) = name_and_value(pair)?;
        self.parameter(name)?.in_parameter(value)
    }

    /// Whether this is a query parameter in which a token may be, in any form.
    pub(super) fn may_have_token(&self, pair: &[u8]) -> bool {
        name_and_value(pair).is_some_and(|(name, value)| !value.is_empty() && self.parameter(name).is_some())
    }

    fn parameter(&self, name: &[u8]) -> Option<&Forms> {
        self.parameters.find(name).or_else(|| match decode(name, b'+') {
            Cow::Borrowed(_) => None,
            Cow::Owned(name) => self.parameters.find(&name),
        })
    }

    /// The token in a cookie (`NAME=VALUE`). Some servers trim the name.
    pub(super) fn in_cookie<'r>(&self, pair: &'r [u8]) -> Option<Found<'r>> {
        let (name, value) = name_and_value(pair)?;
        self.cookies.find(name.trim_ascii())?.in_cookie(value)
    }
}

/// Which of the subprotocols that a client offers is a token: the one after `bearer`. Several header lines are one list
/// (RFC 6455 §11.3.4), in which empty members do not count (RFC 9110 §5.6.1).
#[derive(Debug, Default)]
pub(super) struct Offers {
    is_after_marker: bool,
}

impl Offers {
    /// Whether the next offer is a token.
    pub(super) fn is_token(&mut self, offer: &[u8]) -> bool {
        let offer = offer.trim_ascii();
        if offer.is_empty() {
            return false;
        }
        let is_token = self.is_after_marker;
        self.is_after_marker = !is_token && offer.eq_ignore_ascii_case(b"bearer");
        is_token
    }

    /// Whether the last offer was the marker before a token.
    pub(super) fn is_after_marker(&self) -> bool {
        self.is_after_marker
    }
}

/// Forms by the name of a cookie or parameter. A look-up takes few steps, however many names there are.
#[derive(Debug, Default)]
pub(super) struct FormsByName {
    /// By length, then by name.
    forms: Vec<(Box<str>, Forms)>,
    /// One bit for each length of a name. Most names in a request have another.
    lengths: u64,
    /// All sources that read one of the names.
    sources: SourceSet,
}

impl FormsByName {
    pub(super) fn sources(&self) -> SourceSet {
        self.sources
    }

    fn find(&self, name: &[u8]) -> Option<&Forms> {
        if self.lengths & length_bit(name) == 0 {
            return None;
        }
        let index = self.search(name).ok()?;
        self.forms.get(index).map(|(_, forms)| forms)
    }

    fn accept(&mut self, name: &str, scheme: &Scheme, source: SourceSet) {
        self.sources = self.sources.with(source);
        let index = self.search(name.as_bytes());
        if let Err(index) = index {
            self.forms.insert(index, (name.into(), Forms::default()));
            self.lengths |= length_bit(name.as_bytes());
        }
        let (Ok(index) | Err(index)) = index;
        if let Some((_, forms)) = self.forms.get_mut(index) {
            forms.accept(scheme, source);
        }
    }

    fn search(&self, name: &[u8]) -> Result<usize, usize> {
        self.forms.binary_search_by(|(known, _)| known.len().cmp(&name.len()).then_with(|| known.as_bytes().cmp(name)))
    }
}

/// The bit of a length; the last one is for all longer names.
fn length_bit(name: &[u8]) -> u64 {
    1 << name.len().min(63)
}

fn name_and_value(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    // A name is short: `memchr` would take longer.
    let (name, rest) = pair.split_at_checked(pair.iter().position(|byte| *byte == b'=')?)?;
    Some((name, rest.get(1..)?))
}

/// The pieces of a text between the separators that `next` finds.
fn pieces(text: &[u8], next: impl Fn(&[u8]) -> Option<usize>) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    iter::from_fn(move || {
        let text = rest.take()?;
        let Some((piece, tail)) = next(text).and_then(|at| text.split_at_checked(at)) else { return Some(text) };
        rest = tail.get(1..);
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(place: &str, scheme: Option<&str>) -> Source {
        Source::new(Place::parse(place).unwrap(), scheme.map(|scheme| Scheme::parse(scheme).unwrap()))
    }

    #[test]
    fn a_source_in_two_spellings_is_one() {
        let mut sources = Sources::default();
        let x_token = sources.add(source("$request.header.X-Token", None)).unwrap();
        for (place, scheme, same) in [
            ("$request.header.x_token", None, true),
            ("$request.header.x.token", Some("optional"), true),
            ("$request.header.x-token", Some("required"), false),
            ("$request.header.x-tokens", None, false),
            ("$request.cookie.X-Token", None, false),
            ("$request.cookie.x-token", None, false),
        ] {
            assert_eq!(sources.add(source(place, scheme)) == Some(x_token), same, "{place} {scheme:?}");
        }
    }

    #[test]
    fn there_are_at_most_64_sources() {
        let mut sources = Sources::default();
        for n in 0..64 {
            assert!(sources.add(source(&format!("$request.header.x-token-{n}"), None)).is_some(), "{n}");
        }
        assert_eq!(sources.add(source("$request.websocket", None)), None);
        assert!(sources.add(source("$request.header.x_token_63", None)).is_some());
    }

    #[test]
    fn forms_are_found_by_name() {
        let mut forms = FormsByName::default();
        let long = ["x", "y"].map(|end| format!("{}{end}", "n".repeat(80)));
        for name in ["bb", "a", "ccc", "ab", "b", &long[0]] {
            forms.accept(name, &Scheme::parse("optional").unwrap(), SourceSet::NONE);
        }
        for name in ["a", "b", "ab", "bb", "ccc", &long[0]] {
            assert!(forms.find(name.as_bytes()).is_some(), "{name}");
        }
        for name in ["", "c", "aa", "cc", "cccc", &long[1]] {
            assert!(forms.find(name.as_bytes()).is_none(), "{name}");
        }
    }

    #[test]
    fn the_offer_after_bearer_is_a_token() {
        for (offers, expected) in [
            ("bearer,a", "a"),
            ("v1, Bearer , a, v2", "a"),
            ("a, v1", ""),
            ("bearer", ""),
            ("bearer,, a", "a"),
            ("bearer,a,bearer,b", "ab"),
            ("bearer,bearer,a", "bearer"),
        ] {
            let mut state = Offers::default();
            let tokens: String =
                offers.split(',').filter(|offer| state.is_token(offer.as_bytes())).map(str::trim).collect();
            assert_eq!(tokens, expected, "{offers}");
        }
    }
}
