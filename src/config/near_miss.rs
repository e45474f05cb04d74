//! The name that was probably meant by a misspelt one.

/// No name of the configuration is longer. A longer word is not compared.
const LONGEST: usize = 40;

/// The known name that is most like the word: all but a few characters are the same, or one begins with the other.
pub(super) fn nearest<'n>(word: &str, known: &[&'n str]) -> Option<&'n str> {
    if word.len() > LONGEST {
        return None;
    }
    let lower = word.to_ascii_lowercase();
    let candidates = known.iter().map(|name| (distance(&lower, name), *name));
    let (edits, name) = candidates.min_by_key(|(edits, _)| *edits)?;
    let shorter = word.len().min(name.len());
    // One edit for every three characters, but at most two.
    (edits <= (shorter / 3).min(2)).then_some(name).or_else(|| {
        let is_beginning = |name: &&&str| lower.len() >= 4 && (name.starts_with(&lower) || lower.starts_with(**name));
        known.iter().find(is_beginning).copied()
    })
}

/// How many bytes must be inserted, deleted or replaced to make one name of the other (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, byte) in from.bytes().enumerate() {
        let (mut diagonal, mut left) = (index, index + 1);
        for (cell, other) in row.iter_mut().zip(std::iter::once(None).chain(to.bytes().map(Some))) {
            let above = *cell;
            if let Some(other) = other {
                left = (diagonal + usize::from(byte != other)).min(above + 1).min(left + 1);
                diagonal = above;
            }
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_is_the_number_of_edits() {
        for (from, to, edits) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("abc", "abc", 0),
            ("audience", "audiences", 1),
            ("defualt", "default", 2),
            ("kitten", "sitting", 3),
            ("abc", "xyz", 3),
            ("bcd", "abcd", 1),
        ] {
            assert_eq!(distance(from, to), edits, "{from} {to}");
            assert_eq!(distance(to, from), edits, "{to} {from}");
        }
    }

    #[test]
    fn a_misspelt_name_is_recognised() {
        let known = ["issuer", "audiences", "any_audience", "jwks", "algorithms", "token_use", "ttl", "all"];
        for (word, expected) in [
            ("audience", Some("audiences")),
            ("Audiences", Some("audiences")),
            ("issuers", Some("issuer")),
            ("isuser", Some("issuer")),
            ("jwk", Some("jwks")),
            ("jwks_uri", Some("jwks")),
            ("algorithm", Some("algorithms")),
            ("algs", None),
            ("algo", Some("algorithms")),
            ("tokenUse", Some("token_use")),
            ("tl", None),
            ("tll", Some("ttl")),
            ("any", None),
            ("", None),
            ("é", None),
            ("something", None),
        ] {
            assert_eq!(nearest(word, &known), expected, "{word}");
        }
        assert_eq!(nearest(&"audiences".repeat(100_000), &known), None);
        assert_eq!(nearest("audience", &[]), None);
    }
}
