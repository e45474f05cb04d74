//! Host patterns: which hosts a rule is for.

/// Which hosts a rule is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// Any host.
    Any,
    /// Exactly this host.
    Exact(Box<str>),
    /// Hosts that end with this suffix, which begins with a dot.
    Suffix(Box<str>),
}

impl HostPattern {
    /// Parses `a.example.com` or `*.example.com`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte))
        };
        match text.strip_prefix('*') {
            Some(suffix) => {
                (suffix.starts_with('.') && suffix.len() > 1 && is_name(suffix)).then(|| Self::Suffix(suffix.into()))
            }
            None => is_name(&text).then(|| Self::Exact(text.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_pattern_is_a_name_or_a_suffix() {
        let exact = |name: &str| Some(HostPattern::Exact(name.into()));
        let suffix = |name: &str| Some(HostPattern::Suffix(name.into()));
        for (text, expected) in [
            ("api.example.com", exact("api.example.com")),
            ("API.Example.com.", exact("api.example.com")),
            ("a_b-1", exact("a_b-1")),
            ("[::1]", exact("[::1]")),
            ("*.example.com", suffix(".example.com")),
            ("*.Example.com.", suffix(".example.com")),
            ("*", None),
            ("*.", None),
            ("*example.com", None),
            ("a.*.com", None),
            ("", None),
            (".", None),
            ("a b", None),
            ("é.example", None),
        ] {
            assert_eq!(HostPattern::parse(text), expected, "{text}");
        }
    }
}
