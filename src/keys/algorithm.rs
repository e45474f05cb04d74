//! Signature algorithms by their JOSE names (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864), and sets of them.

/// A signature algorithm. `none` has no value here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
    /// Ed25519, as `EdDSA` or by its fully specified name.
    EdDsa,
    /// HMAC with SHA-256.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
}

impl Algorithm {
    const NAMED: [(&'static str, Self); 14] = [
        ("RS256", Self::Rs256),
        ("RS384", Self::Rs384),
        ("RS512", Self::Rs512),
        ("PS256", Self::Ps256),
        ("PS384", Self::Ps384),
        ("PS512", Self::Ps512),
        ("ES256", Self::Es256),
        ("ES384", Self::Es384),
        ("ES512", Self::Es512),
        ("EdDSA", Self::EdDsa),
        ("Ed25519", Self::EdDsa),
        ("HS256", Self::Hs256),
        ("HS384", Self::Hs384),
        ("HS512", Self::Hs512),
    ];

    /// Its JOSE name; the usual one where there are two.
    pub fn name(self) -> &'static str {
        Self::NAMED.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| name)
    }

    /// By its JOSE name, in exactly that spelling.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMED.iter().find(|(known, _)| *known == name).map(|&(_, algorithm)| algorithm)
    }
}

/// A set of algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlgorithmSet(u16);

impl AlgorithmSet {
    /// What an RSA key can do.
    pub const RSA: Self = Self::of(&[
        Algorithm::Rs256,
        Algorithm::Rs384,
        Algorithm::Rs512,
        Algorithm::Ps256,
        Algorithm::Ps384,
        Algorithm::Ps512,
    ]);
    /// What a secret can do.
    pub const SECRET: Self = Self::of(&[Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512]);
    /// What public keys can do.
    pub const PUBLIC: Self =
        Self(Self::RSA.0 | Self::of(&[Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa]).0);

    /// A set of these.
    pub const fn of(algorithms: &[Algorithm]) -> Self {
        let mut bits = 0;
        let mut rest = algorithms;
        while let [first, others @ ..] = rest {
            bits |= 1 << *first as u16;
            rest = others;
        }
        Self(bits)
    }

    /// Those that are in the other set as well.
    #[must_use]
    pub const fn among(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether the set has none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each of the set.
    pub fn each(self) -> impl Iterator<Item = Algorithm> {
        let known = Algorithm::NAMED.iter().map(|&(_, algorithm)| algorithm);
        known.filter(move |algorithm| self.contains(*algorithm))
    }

    /// Whether the algorithm is in the set.
    pub fn contains(self, algorithm: Algorithm) -> bool {
        self.0 & Self::of(&[algorithm]).0 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_counts_in_exactly_its_spelling() {
        for (name, expected) in [
            ("RS256", Some(Algorithm::Rs256)),
            ("EdDSA", Some(Algorithm::EdDsa)),
            ("Ed25519", Some(Algorithm::EdDsa)),
            ("rs256", None),
            ("RS256 ", None),
            ("none", None),
            ("None", None),
            ("HS256", Some(Algorithm::Hs256)),
            ("hs256", None),
            ("Ed448", None),
            ("ES256K", None),
            ("", None),
        ] {
            assert_eq!(Algorithm::named(name), expected, "{name}");
        }
    }

    #[test]
    fn a_set_holds_what_it_was_made_of() {
        let set = AlgorithmSet::of(&[Algorithm::Rs256, Algorithm::EdDsa]);
        for (name, algorithm) in Algorithm::NAMED {
            assert_eq!(set.contains(algorithm), ["RS256", "EdDSA", "Ed25519"].contains(&name), "{name}");
            assert_ne!(
                AlgorithmSet::PUBLIC.contains(algorithm),
                AlgorithmSet::SECRET.contains(algorithm),
                "{name} is for public keys or for secrets"
            );
        }
    }
}
