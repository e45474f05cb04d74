//! What a server may do with a canonical path before it looks for a route.

use super::path::{escape, written};

/// One step of a server, and what a path must have so that the step changes it.
pub(super) struct Step {
    pub mark: Marks,
    pub apply: fn(&str) -> String,
}

pub(super) const STEPS: [Step; 9] = [
    Step { mark: Marks::ENCODED_SLASH, apply: split_at_encoded_slash },
    Step { mark: Marks::ENCODED_TWICE, apply: decode_again },
    Step { mark: Marks::DOUBLE_SLASH, apply: merge_slashes },
    Step { mark: Marks::LEADING_DOUBLE_SLASH, apply: merge_leading_slashes },
    Step { mark: Marks::LEADING_DOUBLE_SLASH, apply: without_authority },
    Step { mark: Marks::PARAMETERS, apply: drop_parameters },
    Step { mark: Marks::ENCODED_QUESTION_MARK, apply: cut_at_encoded_question_mark },
    Step { mark: Marks::NOT_UTF8, apply: drop_invalid_bytes },
    Step { mark: Marks::NOT_UTF8, apply: read_invalid_bytes_as_latin1 },
];

/// What a path has that servers read in different ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marks(u8);

impl Marks {
    pub(super) const NONE: Self = Self(0);
    const ENCODED_SLASH: Self = Self(1);
    const ENCODED_TWICE: Self = Self(1 << 1);
    const DOUBLE_SLASH: Self = Self(1 << 2);
    const LEADING_DOUBLE_SLASH: Self = Self(1 << 3);
    const PARAMETERS: Self = Self(1 << 4);
    const ENCODED_QUESTION_MARK: Self = Self(1 << 5);
    const NOT_UTF8: Self = Self(1 << 6);

    /// Finds the marks of a canonical path in one pass.
    pub(super) fn of(path: &str) -> Self {
        let mut marks = if path.starts_with("//") { Self::LEADING_DOUBLE_SLASH } else { Self::NONE };
        let mut slash_before = false;
        // The escapes that end where `rest` begins, from 0x80 on.
        let mut escaped = Vec::new();
        let mut rest = path.as_bytes();
        while let Some((&byte, tail)) = rest.split_first() {
            rest = tail;
            let found = match byte {
                b'/' if slash_before => Self::DOUBLE_SLASH,
                b';' => Self::PARAMETERS,
                b'%' => match escape(tail) {
                    Some((b'/', _)) => Self::ENCODED_SLASH,
                    Some((b';', _)) => Self::PARAMETERS,
                    Some((b'?', _)) => Self::ENCODED_QUESTION_MARK,
                    Some((b'%', after)) if escape(after).is_some() => Self::ENCODED_TWICE,
                    Some((byte @ 0x80.., after)) => {
                        escaped.push(byte);
                        rest = after;
                        continue;
                    }
                    Some(_) | None => Self::NONE,
                },
                _ => Self::NONE,
            };
            marks.0 |= found.0;
            slash_before = byte == b'/';
            if !escaped.is_empty() {
                marks.add_if_not_utf8(&escaped);
                escaped.clear();
            }
        }
        marks.add_if_not_utf8(&escaped);
        marks
    }

    fn add_if_not_utf8(&mut self, bytes: &[u8]) {
        if std::str::from_utf8(bytes).is_err() {
            self.0 |= Self::NOT_UTF8.0;
        }
    }

    pub(super) fn has(self, mark: Self) -> bool {
        self.0 & mark.0 != 0
    }
}

/// `%2F` is a slash for most servers.
fn split_at_encoded_slash(path: &str) -> String {
    path.replace("%2F", "/")
}

/// A second server decodes what the first left: `%252F` is `%2F` to it.
fn decode_again(path: &str) -> String {
    let mut parts = path.split("%25");
    let mut decoded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        decoded.push_str(if escape(part.as_bytes()).is_some() { "%" } else { "%25" });
        decoded.push_str(part);
    }
    decoded
}

/// `//` is `/` for most servers.
fn merge_slashes(path: &str) -> String {
    let mut slash_before = false;
    let mut merged = path.to_owned();
    merged.retain(|c| {
        let is_doubled = slash_before && c == '/';
        slash_before = c == '/';
        !is_doubled
    });
    merged
}

/// Some servers only merge the slashes at the beginning.
fn merge_leading_slashes(path: &str) -> String {
    format!("/{}", path.trim_start_matches('/'))
}

/// As a reference (RFC 3986 §4.2), `//a/b` is the path `/b` at the host `a`.
fn without_authority(path: &str) -> String {
    let rest = path.strip_prefix("//").unwrap_or(path);
    rest.find('/').and_then(|end| rest.get(end..)).unwrap_or("/").to_owned()
}

/// Some servers drop the `;parameters` of a segment (RFC 3986 §3.3). Some decode before they do, so `%3B` counts as well.
fn drop_parameters(path: &str) -> String {
    let mut is_parameter = false;
    let mut rest = path;
    let mut bare = path.to_owned();
    bare.retain(|c| {
        is_parameter = match c {
            '/' => false,
            ';' => true,
            '%' if rest.starts_with("%3B") => true,
            _ => is_parameter,
        };
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        !is_parameter
    });
    bare
}

/// Some servers decode before they look for the query.
fn cut_at_encoded_question_mark(path: &str) -> String {
    path.split_once("%3F").map_or(path, |(before, _)| before).to_owned()
}

/// Some decoders drop what is not UTF-8. A last segment of nothing else is an id in another charset and stays, so that
/// clients may have one.
fn drop_invalid_bytes(path: &str) -> String {
    let (path, slash) = path.strip_suffix('/').map_or((path, ""), |path| (path, "/"));
    let (before, last) = path.rsplit_once('/').unwrap_or(("", path));
    let drop = |text| replace_invalid_bytes(text, |_, _| {});
    let shorter = Some(drop(last)).filter(|shorter| !shorter.is_empty());
    format!("{}/{}{slash}", drop(before), shorter.as_deref().unwrap_or(last))
}

/// Some decoders fall back to Latin-1.
fn read_invalid_bytes_as_latin1(path: &str) -> String {
    replace_invalid_bytes(path, |byte, replaced| push_escaped(char::from(byte), replaced))
}

fn replace_invalid_bytes(path: &str, replace: fn(u8, &mut String)) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let escaped = if byte == b'%' { escape(tail).filter(|(byte, _)| *byte >= 0x80) } else { None };
        let (byte, tail) = escaped.unwrap_or((byte, tail));
        bytes.push(byte);
        rest = tail;
    }
    let mut replaced = String::with_capacity(path.len());
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|c| push_escaped(c, &mut replaced));
        chunk.invalid().iter().for_each(|byte| replace(*byte, &mut replaced));
    }
    replaced
}

/// Writes a character as a canonical path has it.
fn push_escaped(c: char, path: &mut String) {
    if c.is_ascii() {
        path.push(c);
    } else {
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            path.extend(written(byte).map(char::from));
        }
    }
}
