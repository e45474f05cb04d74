//! Patterns with `*`.

/// A pattern in which `*` matches any number of characters.
#[derive(Debug)]
pub struct Glob(Box<[Box<str>]>);

impl Glob {
    /// Parses a pattern; any text is valid.
    pub fn new(pattern: &str) -> Self {
        Self(pattern.split('*').map(Into::into).collect())
    }

    /// Whether the whole text matches. Takes linear time: each part is matched where it first occurs.
    pub(super) fn matches(&self, text: &str) -> bool {
        let Some((first, rest)) = self.0.split_first() else { return text.is_empty() };
        let Some((last, middle)) = rest.split_last() else { return **first == *text };
        let Some(text) = text.strip_prefix(&**first) else { return false };
        let Some(mut text) = text.strip_suffix(&**last) else { return false };
        for part in middle {
            match text.split_once(&**part) {
                Some((_, after)) => text = after,
                None => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_matches_any_text() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "anything", true),
            ("a*b", "ab", true),
            ("a*b", "axxb", true),
            ("a*b", "axxbc", false),
            ("a*a", "a", false),
            ("*@example.com", "x@example.com", true),
            ("*@example.com", "x@example.com.evil", false),
            ("*b*c*", "abbc", true),
            ("*b*c*", "acb", false),
            ("a.c", "abc", false),
            ("a**b", "ab", true),
        ] {
            assert_eq!(Glob::new(pattern).matches(text), expected, "{pattern} {text}");
        }
    }
}
