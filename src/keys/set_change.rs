//! What a new key set brings, for a line in the log: how many keys, which are new, and which were left out.

use std::fmt::Write;

use super::key_set::{KeySet, LeftOut};

/// Issuers choose how many keys a set has, and their ids. A text has at most some 800 bytes.
const MAX_NAMES: usize = 4;
const MAX_NAME_BYTES: usize = 40;

/// The difference between two key sets of one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetChange {
    /// Whether there were no keys before.
    pub is_first: bool,
    /// What the set has, like "1 of 2 keys; left out: `k1` (n is not base64url)".
    pub summary: String,
}

impl SetChange {
    /// The change from one set to another.
    pub fn between(before: &KeySet, after: &KeySet) -> Self {
        let is_first = before.is_empty();
        let mut summary = after.count();
        if !is_first {
            push_names(&mut summary, "added", names_only_in(after, before));
            push_names(&mut summary, "withdrawn", names_only_in(before, after));
        }
        push_names(&mut summary, "left out", after.left_out().iter().map(left_out));
        Self { is_first, summary }
    }
}

/// The keys of a document that has no others, like "0 of 1 keys; left out: `k1` (n is not base64url)".
pub fn none_usable(keys: &[LeftOut]) -> String {
    let mut text = format!("0 of {} keys", keys.len());
    push_names(&mut text, "left out", keys.iter().map(left_out));
    text
}

impl KeySet {
    /// The number of keys, and of all keys in the document if some were left out.
    pub fn count(&self) -> String {
        let (used, all) = (self.len(), self.len() + self.left_out().len());
        match (used, all) {
            (1, 1) => "1 key".to_owned(),
            _ if used == all => format!("{used} keys"),
            _ => format!("{used} of {all} keys"),
        }
    }
}

fn names_only_in<'s>(set: &'s KeySet, other: &'s KeySet) -> impl Iterator<Item = String> {
    let keys = set.keys().filter(|key| !other.contains(key));
    keys.map(|key| key.id().map_or_else(|| "a key without `kid`".to_owned(), |id| quoted(id.as_str())))
}

fn left_out(key: &LeftOut) -> String {
    let name = key.id.as_deref().map_or_else(|| format!("keys[{}]", key.index), quoted);
    format!("{name} ({})", key.error)
}

/// The beginning of an id, in one line.
fn quoted(id: &str) -> String {
    let mut text = String::from("`");
    for char in id.chars().map(char::escape_debug) {
        if text.len() + char.clone().map(char::len_utf8).sum::<usize>() > MAX_NAME_BYTES {
            text.push('…');
            break;
        }
        text.extend(char);
    }
    text.push('`');
    text
}

fn push_names(text: &mut String, label: &str, names: impl Iterator<Item = String>) {
    let mut more = 0;
    for (index, name) in names.enumerate() {
        match index {
            0 => text.extend(["; ", label, ": ", &name]),
            1..MAX_NAMES => text.extend([", ", &name]),
            _ => more += 1,
        }
    }
    if more > 0 {
        // Writing to a string does not fail.
        let _ = write!(text, " and {more} more");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(keys: &[(&str, &str)]) -> KeySet {
        let keys: Vec<_> = keys
            .iter()
            .map(|(id, more)| {
                format!(
                    r#"{{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"{id}{more}}}"#
                )
            })
            .collect();
        KeySet::from_bytes(format!(r#"{{"keys":[{}]}}"#, keys.join(",")).as_bytes()).unwrap()
    }

    #[test]
    fn a_change_is_told_in_one_line() {
        let none = KeySet::default();
        let (a, b, unnamed) = ((r#","kid":"a""#, ""), (r#","kid":"b""#, ""), ("", ""));
        let broken = (r#","kid":"k1""#, r#","alg":"none""#);
        let enc = ("", r#","use":"enc""#);
        for (before, after, is_first, summary) in [
            (&none, set(&[a]), true, "1 key"),
            (&none, set(&[a, b]), true, "2 keys"),
            (&none, set(&[broken, a]), true, "1 of 2 keys; left out: `k1` (alg is not supported)"),
            (&none, set(&[enc, a]), true, "1 of 2 keys; left out: keys[0] (use is not for signatures)"),
            (&set(&[a]), set(&[a, b]), false, "2 keys; added: `b`"),
            (&set(&[a]), set(&[b]), false, "1 key; added: `b`; withdrawn: `a`"),
            (&set(&[a]), set(&[a, broken]), false, "1 of 2 keys; left out: `k1` (alg is not supported)"),
            (&set(&[a]), set(&[a, unnamed]), false, "2 keys; added: a key without `kid`"),
            (&set(&[(a.0, r#","alg":"EdDSA","x5t":"AA""#)]), set(&[a]), false, "1 key; added: `a`; withdrawn: `a`"),
        ] {
            let change = SetChange::between(before, &after);
            assert_eq!(change, SetChange { is_first, summary: summary.to_owned() });
        }
    }

    #[test]
    fn a_line_is_bounded() {
        let id = |n: usize| format!(r#","kid":"{}{n}""#, r"\u0001".repeat(60));
        let names = |from: usize| (from..from + 100).map(id).collect::<Vec<_>>();
        let of = |from: usize, more: &str| {
            let (used, unused) = (names(from), names(from + 100));
            let used = used.iter().map(|id| (id.as_str(), ""));
            set(&used.chain(unused.iter().map(|id| (id.as_str(), more))).collect::<Vec<_>>())
        };
        let summary = SetChange::between(&of(0, r#","use":"enc""#), &of(500, r#","d":"AA""#)).summary;
        assert!(summary.len() < 900, "{} bytes: {summary}", summary.len());
        assert!(summary.starts_with("100 of 200 keys; added: `\\u{1}\\u{1}"), "{summary}");
        assert_eq!(summary.matches(" and 96 more").count(), 3, "{summary}");
        assert!(!summary.contains(char::is_control));
    }
}
