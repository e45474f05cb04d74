//! Properties of reading and removing a token, with random bytes around it.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::request::Headers;
use crate::token::credential::Credential;
use crate::token::source::{Place, Source};

const TOKEN: &str = "eyJh.eyJz-_.c2ln";

fn sources() -> Sources {
    let mut sources = Sources::default();
    for place in [
        "$request.header.Authorization",
        "$request.header.X-Token",
        "$request.querystring.t",
        "$request.cookie.c",
        "$request.websocket",
    ] {
        sources.add(Source::new(Place::parse(place).unwrap(), None)).unwrap();
    }
    sources
}

/// A header, and what must be left of it.
type Case = (&'static str, Vec<u8>, Option<Vec<u8>>);
type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

fn spelled(forms: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    select(forms).prop_map(|form| form.replace("TOKEN", TOKEN).replace("T%2E", &TOKEN.replace('.', "%2E")).into_bytes())
}

/// Bytes that the places on both sides may have between separators. A name in them is never that of a source.
fn noise(excluded: &'static [u8], last: u8, is_ours: fn(&[u8]) -> bool) -> impl Strategy<Value = Vec<u8>> {
    let byte = (0x21..=last).prop_filter("a separator", |byte| !excluded.contains(byte) && *byte != 0x7f);
    vec(byte, 1..12).prop_filter("the name of a source", move |noise| !is_ours(noise))
}

/// Pieces in random order, of which at least one is the token, and the pieces that are not.
fn around(
    token: impl Strategy<Value = Vec<u8>>,
    noise: impl Strategy<Value = Vec<u8>>,
) -> impl Strategy<Value = (Vec<Vec<u8>>, Vec<Vec<u8>>)> {
    (vec(token, 1..3), vec(noise, 0..5)).prop_flat_map(|(tokens, noise)| {
        let all: Vec<(bool, Vec<u8>)> = tokens
            .into_iter()
            .map(|piece| (true, piece))
            .chain(noise.into_iter().map(|piece| (false, piece)))
            .collect();
        Just(all).prop_shuffle().prop_map(|pieces| {
            let rest = pieces.iter().filter(|(is_token, _)| !is_token).map(|(_, piece)| piece.clone()).collect();
            (pieces.into_iter().map(|(_, piece)| piece).collect(), rest)
        })
    })
}

fn joined(pieces: &[Vec<u8>], separator: &str) -> Option<Vec<u8>> {
    (!pieces.is_empty()).then(|| pieces.join(separator.as_bytes()))
}

fn cookies() -> impl Strategy<Value = Case> {
    let token = spelled(&[
        "c=TOKEN",
        "c = TOKEN ",
        "c=\"TOKEN\"",
        "c=Bearer TOKEN",
        "c=Bearer%20TOKEN",
        "c=Bearer+TOKEN",
        "c=T%2E",
    ]);
    let is_ours = |pair: &[u8]| pair.starts_with(b"c=");
    around(token, noise(b";", 0xff, is_ours))
        .prop_map(|(all, rest)| ("cookie", joined(&all, "; ").unwrap_or_default(), joined(&rest, "; ")))
}

fn offers() -> impl Strategy<Value = Case> {
    let is_ours = |offer: &[u8]| offer.eq_ignore_ascii_case(b"bearer");
    around(spelled(&["bearer, TOKEN", "Bearer,TOKEN", "bearer, , TOKEN"]), noise(b",", 0xff, is_ours))
        .prop_map(|(all, rest)| ("sec-websocket-protocol", joined(&all, ", ").unwrap_or_default(), joined(&rest, ", ")))
}

fn query() -> impl Strategy<Value = Case> {
    let token = spelled(&["t=TOKEN", "%74=TOKEN", "t=Bearer%20TOKEN", "t=Bearer+TOKEN", "t=T%2E", "t=bearer++TOKEN"]);
    let is_ours = |pair: &[u8]| pair.starts_with(b"t=") || pair.starts_with(b"%74=");
    around(token, noise(b"&;#", 0x7e, is_ours)).prop_map(|(all, rest)| {
        let target = |query: Option<Vec<u8>>| match query {
            Some(query) => [&b"/a?"[..], &query].concat(),
            None => b"/a".to_vec(),
        };
        (":path", target(joined(&all, "&")), Some(target(joined(&rest, "&"))))
    })
}

fn header() -> impl Strategy<Value = Case> {
    prop_oneof![
        spelled(&["Bearer TOKEN", "bearer\t TOKEN", "Bearer TOKEN, Bearer  TOKEN", "Bearer,Bearer TOKEN"])
            .prop_map(|value| ("authorization", value, None)),
        spelled(&["TOKEN", "Bearer TOKEN", "TOKEN,Bearer TOKEN"]).prop_map(|value| ("x_token", value, None)),
    ]
}

/// Headers that no source reads.
fn others() -> impl Strategy<Value = Pairs> {
    let name = select(&["user-agent", "x-tokens", "cookie2", "proxy-authorization"][..]);
    vec((name.prop_map(|name| name.as_bytes().to_vec()), vec(any::<u8>(), 0..20)), 0..3)
}

fn credential<'r, 's>(sources: &'s Sources, head: &RequestHead<'r>) -> Option<Credential<'r, 's>> {
    Credential::find_in_lists(sources, head).unwrap()
}

/// The headers as the filter leaves them.
fn without(headers: &Headers, removal: &Removal<'_>) -> Pairs {
    let is_removed = |name: &[u8]| removal.headers.iter().any(|(removed, _)| *removed == name);
    let mut left: Pairs = headers
        .iter()
        .filter(|(name, _)| !is_removed(name))
        .map(|(name, value)| match (&removal.target, name) {
            (Some(target), b":path") => (name.to_vec(), target.clone()),
            _ => (name.to_vec(), value.to_vec()),
        })
        .collect();
    let rest = removal.headers.iter().filter_map(|(name, rest)| Some((name.to_vec(), rest.clone()?)));
    left.extend(rest);
    left.sort();
    left
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_token_is_found_and_removed_and_everything_else_stays(
        cookie in proptest::option::of(cookies()),
        query in proptest::option::of(query()),
        offers in proptest::option::of(offers()),
        header in proptest::option::of(header()),
        others in others(),
    ) {
        let cases: Vec<_> = [cookie, query, offers, header].into_iter().flatten().collect();
        let pair = |name: &str, value: &[u8]| (name.as_bytes().to_vec(), value.to_vec());
        let sent = cases.iter().map(|(name, value, _)| pair(name, value)).chain(others.clone());
        let left = cases.iter().filter_map(|(name, _, rest)| Some(pair(name, rest.as_ref()?))).chain(others.clone());
        let headers: Headers = sent.collect();
        let mut expected: Pairs = left.collect();
        expected.sort();

        let sources = sources();
        let head = RequestHead::new(&headers).unwrap();
        let found = credential(&sources, &head);
        prop_assert_eq!(found.as_ref().map(Credential::token), (!cases.is_empty()).then_some(TOKEN.as_bytes()));
        if let Some(found) = found {
            let after = without(&headers, &found.removal(&head));
            prop_assert_eq!(&after, &expected);
            let headers: Headers = after.into_iter().collect();
            prop_assert!(credential(&sources, &RequestHead::new(&headers).unwrap()).is_none());
        }
    }

    #[test]
    fn after_the_removal_no_source_finds_a_token(
        cookie in vec(select(&["c", "=", "\"", "%22", "T", ";", " ", "+", "Bearer", "%63", "&", ","][..]), 0..24),
        query in vec(select(&["t", "=", "%74", "T", ";", "&", "+", "Bearer", "%20", "%54"][..]), 0..24),
        offers in vec(select(&["bearer", "T", ",", " ", "v1", "\t"][..]), 0..24),
    ) {
        let target = format!("/?{}", query.concat());
        let headers: Headers =
            [("cookie", cookie.concat()), (":path", target), ("sec-websocket-protocol", offers.concat())].into_iter().collect();
        let sources = sources();
        let head = RequestHead::new(&headers).unwrap();
        let Ok(Some(found)) = Credential::find(&sources, &head) else { return Ok(()) };
        let after: Headers = without(&headers, &found.removal(&head)).into_iter().collect();
        let again = Credential::find(&sources, &RequestHead::new(&after).unwrap());
        prop_assert!(!matches!(again, Ok(Some(again)) if again.token() == found.token()));
    }
}

/// The headers of a request, what is left of those that change, and the new `:path`.
type Row<'t> = (&'t [(&'t str, &'t str)], &'t [(&'t str, Option<&'t str>)], Option<&'t str>);

#[track_caller]
fn assert_left(table: &[Row<'_>]) {
    let sources = sources();
    for (sent, headers, target) in table {
        let sent = sent.iter().copied().collect();
        let head = RequestHead::new(&sent).unwrap();
        let everywhere = (0..5).map(|index| SourceSet::of(index).unwrap()).reduce(SourceSet::with).unwrap();
        let removal = Removal::of(b"abc", everywhere, &sources, &head);
        let left: Vec<_> = headers.iter().map(|(name, rest)| (name.as_bytes(), rest.map(Into::into))).collect();
        assert_eq!(removal, Removal { headers: left, target: target.map(Into::into) });
    }
}

#[test]
fn the_rest_of_a_query_stays() {
    for (sent, expected) in [
        ("/a%20b?x=%2F&t=abc&y", Some("/a%20b?x=%2F&y")),
        ("/a?t=abc", Some("/a")),
        ("/a?t=abc&", Some("/a")),
        ("/a?x=1&%74=abc&", Some("/a?x=1&")),
        ("/a?x=1&t=abc", Some("/a?x=1")),
        ("/a?x=1&&t=abc", Some("/a?x=1&")),
        ("/a?x=1;t=abc;y=2", Some("/a?x=1;y=2")),
        ("/a?x=1;t=abc&y=2", Some("/a?x=1&y=2")),
        ("/a?x=1&t=abc;y=2", Some("/a?x=1&y=2")),
        ("/a?t=abc;y=2&t=", Some("/a?y=2&t=")),
        ("/a?t=%61bc&x=?&t=Bearer+abc", Some("/a?x=?")),
        ("/a?T=abc&tt=abc&t&=abc", None),
        ("/a?t=abd", None),
        ("/t=abc", None),
    ] {
        assert_left(&[(&[(":path", sent)], &[], expected)]);
    }
}

#[test]
fn the_rest_of_a_header_stays() {
    assert_left(&[
        (&[("cookie", "a=1; c =abc; b=2")], &[("cookie", Some("a=1; b=2"))], None),
        (&[("cookie", "a=1; c=abc;b=\"2\"")], &[("cookie", Some("a=1;b=\"2\""))], None),
        (&[("cookie", "c=abc; b=2")], &[("cookie", Some("b=2"))], None),
        (&[("cookie", "c=abc")], &[("cookie", None)], None),
        (&[("cookie", "a=1"), ("cookie", "c=abc"), ("cookie", "b=2 ")], &[("cookie", Some("a=1; b=2 "))], None),
        (&[("cookie", "a=1; c=abd")], &[], None),
        (&[("authorization", "Bearer abc")], &[("authorization", None)], None),
        (&[("authorization", "Bearer abc, Bearer abc")], &[("authorization", None)], None),
        (&[("authorization", "Bearer abd")], &[], None),
        (&[("authorization", "abc")], &[], None),
        (&[("x-token", "abc"), ("x_token", "Bearer abc")], &[("x-token", None), ("x_token", None)], None),
        (&[("x-token", ""), ("x-token", "abc"), ("x_token", "")], &[("x-token", None)], None),
        (&[("x-token", "abc"), ("x-token", "d")], &[("x-token", Some("d"))], None),
        (&[("sec-websocket-protocol", "chat, bearer, abc")], &[("sec-websocket-protocol", Some("chat"))], None),
        (&[("sec-websocket-protocol", "bearer, abc,v2")], &[("sec-websocket-protocol", Some("v2"))], None),
        (
            &[("sec-websocket-protocol", "v1, bearer"), ("sec-websocket-protocol", "abc, v2")],
            &[("sec-websocket-protocol", Some("v1, v2"))],
            None,
        ),
        (
            &[("sec-websocket-protocol", "\u{a0}bearer, bearer, abc")],
            &[("sec-websocket-protocol", Some("\u{a0}bearer"))],
            None,
        ),
        (&[("sec-websocket-protocol", "bearer, abd, bearer")], &[], None),
        (
            &[("sec-websocket-protocol", "bearer, abd, bearer, abc")],
            &[("sec-websocket-protocol", Some("bearer, abd"))],
            None,
        ),
    ]);
}

#[test]
fn only_places_where_the_token_was_found_change() {
    let sources = sources();
    let sent = [
        ("authorization", "Bearer abc"),
        ("x-token", "abc"),
        (":path", "/?t=abc"),
        ("cookie", "c=abc"),
        ("sec-websocket-protocol", "bearer,abc"),
    ];
    let headers = sent.into_iter().collect();
    let head = RequestHead::new(&headers).unwrap();
    for (index, (name, _)) in sent.iter().enumerate() {
        let removal = Removal::of(b"abc", SourceSet::of(index).unwrap(), &sources, &head);
        let changed: Vec<_> = removal
            .headers
            .iter()
            .map(|(name, _)| *name)
            .chain(removal.target.as_ref().map(|_| &b":path"[..]))
            .collect();
        assert_eq!(changed, [name.as_bytes()]);
    }
}
