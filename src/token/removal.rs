//! The removal of a token from a request. Everything else stays byte for byte.

use std::borrow::Cow;

use memchr::memchr;

use super::forms::Found;
use super::source::SourceSet;
use super::sources::{COOKIE, Offers, Sources, WEBSOCKET_PROTOCOL};
use crate::request::RequestHead;

/// The change to a request that removes a token.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Removal<'r> {
    /// The headers to remove, or to set to what is left of them.
    pub headers: Vec<(&'r [u8], Option<Vec<u8>>)>,
    /// The new `:path`.
    pub target: Option<Vec<u8>>,
}

/// The header in which Envoy keeps the path that a request came with.
pub(super) const ORIGINAL_PATH: &str = "x-envoy-original-path";

/// A line of a header, without the token.
struct Line<'r> {
    name: &'r [u8],
    value: Cow<'r, [u8]>,
}

impl<'r> Removal<'r> {
    /// Removes a token wherever it was found.
    pub(super) fn of(token: &[u8], found_in: SourceSet, sources: &Sources, head: &RequestHead<'r>) -> Self {
        let mut removal = Self::default();
        for (header, forms) in sources.headers.iter().filter(|(_, forms)| forms.sources().intersects(found_in)) {
            // Only a list is read again as one.
            let is_token = |value: &[u8]| {
                [false, true]
                    .iter()
                    .any(|split| forms.in_header(value, *split).is_some_and(|found| is_same(&found, token)))
            };
            let lines = head.aliases_of(header.as_str()).map(|(name, value)| match is_token(value) {
                true => Line { name, value: Cow::Owned(Vec::new()) },
                false => Line { name, value: Cow::Borrowed(value) },
            });
            removal.add(lines.collect(), b", ");
        }
        if sources.parameters.sources().intersects(found_in) {
            let is_token = |pair: &[u8]| sources.in_parameter(pair).is_some_and(|found| is_same(&found, token));
            removal.target = target_without(head.target().as_bytes(), is_token);
            // Access logs and traces prefer this one.
            let originals = head.headers().iter().filter(|(name, _)| *name == ORIGINAL_PATH.as_bytes());
            let originals = originals.filter_map(|(name, path)| Some((name, Some(target_without(path, is_token)?))));
            removal.headers.extend(originals);
        }
        if sources.cookies.sources().intersects(found_in) {
            let is_token = |pair: &[u8]| sources.in_cookie(pair).is_some_and(|found| is_same(&found, token));
            let lines = head.aliases_of(COOKIE).map(|(name, line)| {
                let pairs: Vec<_> = line.split(|byte| *byte == b';').map(|pair| (pair, !is_token(pair))).collect();
                Line { name, value: kept(line, &pairs, b";") }
            });
            removal.add(lines.collect(), b"; ");
        }
        if sources.websocket.intersects(found_in) {
            removal.add(offers_without(token, head), b", ");
        }
        removal
    }

    /// Adds the headers that have a line without the token. Lines of one name are joined.
    fn add(&mut self, lines: Vec<Line<'r>>, separator: &[u8]) {
        for (index, line) in lines.iter().enumerate() {
            let is_first = lines.iter().position(|Line { name, .. }| *name == line.name) == Some(index);
            let same_name = || lines.iter().filter(|Line { name, .. }| *name == line.name);
            if is_first && same_name().any(|Line { value, .. }| matches!(value, Cow::Owned(_))) {
                let kept: Vec<_> = same_name().map(|line| &*line.value).filter(|value| !value.is_empty()).collect();
                self.headers.push((line.name, (!kept.is_empty()).then(|| kept.join(separator))));
            }
        }
    }
}

/// Whether this is the token. Usually both are the same bytes of the request.
fn is_same(found: &Found<'_>, token: &[u8]) -> bool {
    std::ptr::eq(&*found.0, token) || *found.0 == *token
}

/// A line of which some pieces are kept.
fn kept<'r>(line: &'r [u8], pieces: &[(&[u8], bool)], separator: &[u8]) -> Cow<'r, [u8]> {
    if pieces.iter().all(|(_, is_kept)| *is_kept) {
        return Cow::Borrowed(line);
    }
    let kept: Vec<_> = pieces.iter().filter(|(_, is_kept)| *is_kept).map(|(piece, _)| *piece).collect();
    Cow::Owned(kept.join(separator).trim_ascii_start().to_vec())
}

/// The lines of `sec-websocket-protocol` without the token, and without the marker before it, which may be on another
/// line.
fn offers_without<'r>(token: &[u8], head: &RequestHead<'r>) -> Vec<Line<'r>> {
    let mut lines: Vec<_> = head
        .aliases_of(WEBSOCKET_PROTOCOL)
        .map(|(name, line)| {
            (name, line, line.split(|byte| *byte == b',').map(|offer| (offer, true)).collect::<Vec<_>>())
        })
        .collect();
    let mut offers = Offers::default();
    // The marker, and empty members after it.
    let mut marker: Vec<&mut bool> = Vec::new();
    for (offer, is_kept) in lines.iter_mut().flat_map(|(_, _, offers)| offers) {
        if offers.is_token(offer) {
            *is_kept = offer.trim_ascii() != token;
            marker.drain(..).for_each(|before| *before = *is_kept);
        } else if offers.is_after_marker() {
            marker.push(is_kept);
        }
    }
    lines.into_iter().map(|(name, line, offers)| Line { name, value: kept(line, &offers, b",") }).collect()
}

/// Path and query without the parameters for which `is_removed` holds. `None` if there are none.
pub(super) fn target_without(target: &[u8], is_removed: impl Fn(&[u8]) -> bool) -> Option<Vec<u8>> {
    let (path, query) = target.split_at_checked(memchr(b'?', target)?)?;
    let query = query.get(1..)?;
    let is_separator = |byte: &u8| matches!(byte, b'&' | b';');
    let mut kept = Vec::new();
    let mut is_changed = false;
    for piece in query.split_inclusive(is_separator) {
        let (pair, separator) = match piece {
            [pair @ .., last] if is_separator(last) => (pair, Some(*last)),
            _ => (piece, None),
        };
        if !is_removed(pair) {
            kept.extend_from_slice(piece);
            continue;
        }
        is_changed = true;
        match (separator, kept.last_mut()) {
            // Removing the last parameter leaves a separator before it.
            (None, Some(_)) => drop(kept.pop()),
            // A server that splits only at `&` must not read the neighbours as one parameter.
            (Some(b'&'), Some(before)) => *before = b'&',
            _ => {}
        }
    }
    let question_mark: &[u8] = if kept.is_empty() { b"" } else { b"?" };
    is_changed.then(|| [path, question_mark, &kept].concat())
}

#[cfg(test)]
mod tests;
