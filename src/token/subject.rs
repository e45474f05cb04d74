//! Subjects of tokens without `iss`, such as SPIFFE JWT-SVIDs: the subject says which provider verifies a token.

/// One subject, or all that begin alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectPattern {
    /// This subject.
    Exact(Box<str>),
    /// Every subject that begins so.
    Prefix(Box<str>),
}

impl SubjectPattern {
    /// Reads a subject, or the beginning of subjects with `*` behind it. `None` if it is empty, `*` alone, or has `*`
    /// elsewhere.
    pub fn parse(text: &str) -> Option<Self> {
        let (subject, pattern): (_, fn(Box<str>) -> Self) = match text.strip_suffix('*') {
            Some(prefix) => (prefix, Self::Prefix),
            None => (text, Self::Exact),
        };
        (!subject.is_empty() && !subject.contains('*')).then(|| pattern(subject.into()))
    }

    /// Whether a subject is meant.
    pub fn matches(&self, subject: &str) -> bool {
        match self {
            Self::Exact(exact) => **exact == *subject,
            Self::Prefix(prefix) => subject.starts_with(&**prefix),
        }
    }

    /// Whether there is a subject that both mean.
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Prefix(ours), Self::Prefix(theirs)) => ours.starts_with(&**theirs) || theirs.starts_with(&**ours),
            (Self::Exact(exact), pattern) | (pattern, Self::Exact(exact)) => pattern.matches(exact),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> SubjectPattern {
        SubjectPattern::parse(text).unwrap()
    }

    #[test]
    fn a_pattern_is_a_subject_or_the_beginning_of_subjects() {
        for (text, subject, expected) in [
            ("spiffe://a.example/*", "spiffe://a.example/web", true),
            ("spiffe://a.example/*", "spiffe://a.example/", true),
            ("spiffe://a.example/*", "spiffe://a.example", false),
            ("spiffe://a.example/*", "spiffe://a.example.evil.example/web", false),
            ("spiffe://a.example/*", "x-spiffe://a.example/web", false),
            ("spiffe://a.example/web", "spiffe://a.example/web", true),
            ("spiffe://a.example/web", "spiffe://a.example/web2", false),
            ("spiffe://a.example/web", "spiffe://A.example/web", false),
        ] {
            assert_eq!(pattern(text).matches(subject), expected, "{text}: {subject}");
        }
        for text in ["", "*", "**", "*x", "a*b", "a**"] {
            assert_eq!(SubjectPattern::parse(text), None, "{text}");
        }
    }

    #[test]
    fn patterns_overlap_if_one_subject_matches_both() {
        for (one, other, expected) in [
            ("a/*", "a/*", true),
            ("a/*", "a/b/*", true),
            ("a/*", "b/*", false),
            ("a/*", "a/b", true),
            ("a/*", "a", false),
            ("a", "a", true),
            ("a", "b", false),
        ] {
            assert_eq!(pattern(one).overlaps(&pattern(other)), expected, "{one}, {other}");
            assert_eq!(pattern(other).overlaps(&pattern(one)), expected, "{other}, {one}");
        }
    }
}
