//! Envoy's cryptography and the filter's own accept and refuse the same 20,000 signatures, valid and mutated.

use std::thread;

use jwt_authorizer_test_support::token::{base64url, compact};

use crate::harness::{Gateway, Key, Request, Setup, Token, provider, with_provider};

/// The algorithms that Envoy can verify.
const ALGORITHMS: [&str; 6] = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"];
const SIGNATURES: usize = 20_000;
const CONNECTIONS: usize = 8;

/// Without the token cache, which would hide the verifiers.
fn gateways() -> [Gateway; 2] {
    let mut provider = provider();
    provider["cache"] = serde_json::json!({ "ttl": "0s" });
    let policy = with_provider(provider);
    [Setup::new(&policy).start(), Setup::new(&policy).without_host_crypto().start()]
}

/// A random number generator with a fixed seed, so that failures are reproducible (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

/// Mutations that ECDSA and RSA implementations have treated differently, and random bytes.
fn mutated(mut signature: Vec<u8>, random: &mut Random) -> Vec<u8> {
    let length = signature.len();
    let half = length / 2;
    match random.below(12) {
        // One in six is not mutated.
        0 | 1 => {}
        2 => signature[random.below(length)] ^= 1 << random.below(8),
        3 => signature.truncate(random.below(length)),
        4 => signature.extend((0..=random.below(4)).map(|_| 0)),
        5 => signature.insert(0, 0),
        6 => signature.fill(if random.below(2) == 0 { 0 } else { 0xff }),
        // r or s is 0, 1 or all ones, which exceeds every group order.
        7 => {
            let (start, end) = if random.below(2) == 0 { (0, half) } else { (half, length) };
            signature[start..end].fill(if random.below(2) == 0 { 0xff } else { 0 });
            signature[end - 1] = random.below(2) as u8;
        }
        8 => signature.rotate_left(half),
        9 => signature.reverse(),
        10 => signature[..half].copy_from_slice(&vec![0; half]),
        _ => signature.iter_mut().for_each(|byte| *byte = random.next() as u8),
    }
    signature
}

fn tokens(count: usize, seed: u64) -> Vec<String> {
    let mut random = Random(seed);
    let keys: Vec<_> = ALGORITHMS.iter().map(|algorithm| (Key::of(algorithm), Key::other(algorithm))).collect();
    // Signing is slow, so each signature is mutated many times.
    let signed: Vec<_> = keys
        .iter()
        .flat_map(|(key, other)| (0..4).map(move |n| (key, if n == 3 { other } else { key }, n)))
        .map(|(key, signer, n)| {
            let claims = Token::new().claim("jti", n).claims_text();
            let header = Token::new().header_text(key);
            let token = compact(header.as_bytes(), claims.as_bytes(), |message| signer.sign(message));
            let (message, _) = token.rsplit_once('.').unwrap();
            (message.to_owned(), signer.sign(message.as_bytes()))
        })
        .collect();
    (0..count)
        .map(|_| {
            let (message, signature) = &signed[random.below(signed.len())];
            format!("{message}.{}", base64url(&mutated(signature.clone(), &mut random)))
        })
        .collect()
}

fn statuses(gateway: &Gateway, tokens: &[String]) -> Vec<u16> {
    thread::scope(|scope| {
        let threads: Vec<_> = tokens
            .chunks(tokens.len().div_ceil(CONNECTIONS))
            .map(|tokens| {
                scope.spawn(|| {
                    let mut connection = gateway.connect();
                    let status = |token| connection.round_trip(&Request::get("/").bearer(token)).unwrap().status;
                    tokens.iter().map(status).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn both_verifiers_agree_on_every_signature() {
    let tokens = tokens(SIGNATURES, 1);
    let [by_envoy, by_filter] = gateways().map(|gateway| statuses(&gateway, &tokens));
    for ((token, by_envoy), by_filter) in tokens.iter().zip(&by_envoy).zip(&by_filter) {
        assert_eq!(by_envoy, by_filter, "Envoy and the filter disagree on {token}");
    }
    let accepted = by_envoy.iter().filter(|status| **status == 200).count();
    assert!((SIGNATURES / 20..SIGNATURES / 2).contains(&accepted), "{accepted} were accepted");
    assert!(by_envoy.iter().all(|status| matches!(status, 200 | 401)));
}
