//! Signature algorithms with their JOSE names (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864), and sets of them.

/// A signature algorithm. There is no variant for `none` (RFC 7518 §3.6).
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
    /// Ed25519: `EdDSA`, or `Ed25519`, its fully specified name.
    EdDsa,
    /// HMAC with SHA-256.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
}

impl Algorithm {
    /// Every algorithm.
    const ALL: [Self; 13] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::EdDsa,
        Self::Hs256,
        Self::Hs384,
        Self::Hs512,
    ];

    /// The JOSE name; for Ed25519, which has two, the older one.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::EdDsa => "EdDSA",
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
        }
    }

    /// The length of its hash; for Ed25519 that of SHA-512, which it uses inside.
    pub fn hash_bytes(self) -> usize {
        match self {
            Self::Rs256 | Self::Ps256 | Self::Es256 | Self::Hs256 => 32,
            Self::Rs384 | Self::Ps384 | Self::Es384 | Self::Hs384 => 48,
            Self::Rs512 | Self::Ps512 | Self::Es512 | Self::EdDsa | Self::Hs512 => 64,
        }
    }

    /// The algorithm with this JOSE name. Names are case-sensitive (RFC 7515 §4.1.1).
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "Ed25519" => Some(Self::EdDsa),
            _ => Self::ALL.into_iter().find(|algorithm| algorithm.name() == name),
        }
    }
}

/// A set of algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlgorithmSet(u16);

impl AlgorithmSet {
    /// Algorithms for RSA keys.
    pub const RSA: Self = Self::of(&[
        Algorithm::Rs256,
        Algorithm::Rs384,
        Algorithm::Rs512,
        Algorithm::Ps256,
        Algorithm::Ps384,
        Algorithm::Ps512,
    ]);
    /// Algorithms for shared secrets (HMAC).
    pub const SECRET: Self = Self::of(&[Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512]);
    /// Algorithms for public keys.
    pub const PUBLIC: Self =
        Self(Self::RSA.0 | Self::of(&[Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa]).0);

    /// The set of these algorithms.
    pub const fn of(algorithms: &[Algorithm]) -> Self {
        let mut bits = 0;
        let mut rest = algorithms;
        while let [first, others @ ..] = rest {
            bits |= 1 << *first as u16;
            rest = others;
        }
        Self(bits)
    }

    /// The algorithms that are in both sets.
    #[must_use]
    pub const fn among(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The number of algorithms.
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether the set has no algorithms.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Every algorithm of the set.
    pub fn each(self) -> impl Iterator<Item = Algorithm> {
        Algorithm::ALL.into_iter().filter(move |algorithm| self.contains(*algorithm))
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
    fn names_are_case_sensitive() {
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
    fn a_set_has_the_algorithms_it_was_made_of() {
        let set = AlgorithmSet::of(&[Algorithm::Rs256, Algorithm::EdDsa]);
        for algorithm in Algorithm::ALL {
            let name = algorithm.name();
            assert_eq!(Algorithm::named(name), Some(algorithm), "{name}");
            assert_eq!(set.contains(algorithm), ["RS256", "EdDSA"].contains(&name), "{name}");
            assert_ne!(
                AlgorithmSet::PUBLIC.contains(algorithm),
                AlgorithmSet::SECRET.contains(algorithm),
                "{name} is for public keys or for secrets, not both"
            );
        }
    }
}
