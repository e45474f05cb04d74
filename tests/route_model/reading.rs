//! Everything that servers may read from a path: what can be done to it is done in every order, until nothing new comes.

use std::collections::BTreeSet;

/// A character of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Char {
    Plain(u8),
    Escaped(u8),
}

use Char::{Escaped, Plain};

pub(super) type Reading = Vec<Char>;

const SLASH: Char = Plain(b'/');
const MOST: usize = 16;

/// All readings of a request's path; `None` if it is refused under every rule.
pub(super) fn readings(target: &str) -> Option<BTreeSet<Reading>> {
    let path = target.split('?').next().unwrap();
    if !(path.starts_with('/') || path.is_empty() || path == "*") {
        return None;
    }
    let first = checked(parse(path)?)?;
    let mut readings = BTreeSet::from([first]);
    loop {
        let mut more = readings.clone();
        for reading in &readings {
            for changed in changes(reading) {
                // What was decoded may have made an escape that was none before.
                more.insert(checked(parse(&write(&changed))?)?);
            }
        }
        if more.len() > 2 * MOST {
            return None;
        }
        if more.len() == readings.len() {
            break;
        }
        readings = more;
    }
    // A reading with an empty segment counts twice.
    let with_empty = readings.iter().filter(|reading| reading.windows(2).any(|two| two == [SLASH, SLASH])).count();
    (readings.len() - 1 + with_empty <= MOST).then_some(readings)
}

/// The characters of a text. An escape of a character that may stand as it is, is that character.
pub(super) fn parse(text: &str) -> Option<Reading> {
    let bytes = text.as_bytes();
    let mut reading = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'%' {
            let digits = text.get(at + 1..at + 3)?;
            if !digits.chars().all(|digit| digit.is_ascii_hexdigit()) {
                return None;
            }
            let byte = u8::from_str_radix(digits, 16).unwrap();
            reading.push(if may_be_plain(byte) && !b"/;?".contains(&byte) { Plain(byte) } else { Escaped(byte) });
            at += 3;
        } else {
            if !may_be_plain(bytes[at]) {
                return None;
            }
            reading.push(Plain(bytes[at]));
            at += 1;
        }
    }
    Some(reading)
}

fn may_be_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?[]{}|".contains(&byte)
}

fn write(reading: &Reading) -> String {
    reading
        .iter()
        .map(|c| match c {
            Plain(byte) => char::from(*byte).to_string(),
            Escaped(byte) => format!("%{byte:02X}"),
        })
        .collect()
}

/// `None` if a path must not be read at all: controls, backslashes, dot segments, characters that are encoded too long.
fn checked(reading: Reading) -> Option<Reading> {
    for (at, c) in reading.iter().enumerate() {
        let next = reading.get(at + 1).copied();
        let refused = match *c {
            Plain(_) => false,
            Escaped(0x00..=0x1f | 0x7f | b'\\' | 0xc0 | 0xc1) => true,
            Escaped(0xe0) => matches!(next, Some(Escaped(0x80..=0x9f))),
            Escaped(0xf0) => matches!(next, Some(Escaped(0x80..=0x8f))),
            Escaped(0xf8) => matches!(next, Some(Escaped(0x80..=0x87))),
            Escaped(0xfc) => matches!(next, Some(Escaped(0x80..=0x83))),
            Escaped(_) => false,
        };
        if refused {
            return None;
        }
    }
    let dots = |segment: &[Char]| segment == [Plain(b'.')] || segment == [Plain(b'.'), Plain(b'.')];
    if reading.split(|c| *c == SLASH).any(dots) { None } else { Some(reading) }
}

/// What one step of one server makes of a path.
fn changes(path: &Reading) -> Vec<Reading> {
    let mut all = Vec::new();
    // An encoded slash is a slash.
    all.push(path.iter().map(|c| if *c == Escaped(b'/') { SLASH } else { *c }).collect());
    // What was encoded twice is encoded once. An escape is only made if two digits follow.
    let is_digit = |c: Option<&Char>| matches!(c, Some(Plain(byte)) if byte.is_ascii_hexdigit());
    let mut again = String::new();
    for (at, c) in path.iter().enumerate() {
        let doubled = *c == Escaped(b'%') && is_digit(path.get(at + 1)) && is_digit(path.get(at + 2));
        again += &if doubled { "%".to_owned() } else { write(&vec![*c]) };
    }
    all.extend(parse(&again));
    // Two slashes are one, anywhere or at the beginning.
    let mut merged = path.clone();
    merged.dedup_by(|a, b| *a == SLASH && *b == SLASH);
    all.push(merged);
    let mut leading = path.clone();
    while leading.starts_with(&[SLASH, SLASH]) {
        leading.remove(0);
    }
    all.push(leading);
    // What follows two slashes is a host.
    if path.starts_with(&[SLASH, SLASH]) {
        let rest: Reading = path.iter().skip(2).skip_while(|c| **c != SLASH).copied().collect();
        all.push(if rest.is_empty() { vec![SLASH] } else { rest });
    }
    // Parameters of segments do not count.
    let bare = |segment: &[Char]| -> Reading {
        segment.iter().take_while(|c| !matches!(c, Plain(b';') | Escaped(b';'))).copied().collect()
    };
    all.push(path.split(|c| *c == SLASH).map(bare).collect::<Vec<_>>().join(&SLASH));
    // A question mark ends the path.
    all.push(path.iter().take_while(|c| **c != Escaped(b'?')).copied().collect());
    // Bytes that are not UTF-8 do not count, or are Latin-1. A last segment of nothing else stays.
    let mut segments: Vec<Reading> = path.split(|c| *c == SLASH).map(<[Char]>::to_vec).collect();
    let named = segments.len() - if segments.len() > 1 && segments.last().unwrap().is_empty() { 2 } else { 1 };
    all.push(
        segments.iter().flat_map(|segment| [vec![SLASH], without_invalid(segment, true)].concat()).skip(1).collect(),
    );
    for (index, segment) in segments.iter_mut().enumerate() {
        let valid = without_invalid(segment, false);
        if index != named || !valid.is_empty() {
            *segment = valid;
        }
    }
    all.push(segments.join(&SLASH));
    all
}

/// A segment without the bytes that are not UTF-8, or with these as characters of Latin-1.
fn without_invalid(segment: &[Char], latin1: bool) -> Reading {
    let bytes: Vec<u8> = segment
        .iter()
        .map(|c| match c {
            Plain(byte) | Escaped(byte) => *byte,
        })
        .collect();
    let mut valid = Vec::new();
    let mut at = 0;
    while at < segment.len() {
        let is_valid =
            |length: &usize| bytes.get(at..at + length).is_some_and(|part| std::str::from_utf8(part).is_ok());
        match (1..=4).find(is_valid) {
            Some(length) => {
                valid.extend(&segment[at..at + length]);
                at += length;
            }
            None => {
                if latin1 {
                    valid.extend(char::from(bytes[at]).to_string().bytes().map(Escaped));
                }
                at += 1;
            }
        }
    }
    valid
}
