//! ECDSA signatures in DER, the form that Envoy's function takes.

use crate::keys::algorithm::Algorithm;

/// Converts a JOSE ECDSA signature (`r` and `s`, each of full length, RFC 7518 §3.4) to a SEQUENCE of two INTEGERs
/// (RFC 3279 §2.2.3). `None` for other algorithms or lengths. The verifier checks the range of the numbers.
///
/// The crypto libraries can do this too, but take a seventh of the whole time that a new token takes without the
/// verification of its signature.
pub(super) fn ecdsa_to_der(algorithm: Algorithm, signature: &[u8]) -> Option<Vec<u8>> {
    const INTEGER: u8 = 0x02;
    const SEQUENCE: u8 = 0x30;
    const LENGTH_FOLLOWS: u8 = 0x81;
    let width = match algorithm {
        Algorithm::Es256 => 32,
        Algorithm::Es384 => 48,
        Algorithm::Es512 => 66,
        Algorithm::Rs256
        | Algorithm::Rs384
        | Algorithm::Rs512
        | Algorithm::Ps256
        | Algorithm::Ps384
        | Algorithm::Ps512
        | Algorithm::EdDsa
        | Algorithm::Hs256
        | Algorithm::Hs384
        | Algorithm::Hs512 => return None,
    };
    let (r, s) = signature.split_at_checked(width).filter(|(_, s)| s.len() == width)?;
    let numbers = [r, s].map(|number| {
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        let digits = number.get(zeros..).unwrap_or_default();
        // INTEGERs are signed: a leading one bit would make it negative. Zero needs one byte.
        let zero = if digits.first().is_none_or(|first| *first >= 0x80) { &[0][..] } else { &[] };
        (zero, digits)
    });
    let length: usize = numbers.iter().map(|(zero, digits)| 2 + zero.len() + digits.len()).sum();
    let mut bytes = Vec::with_capacity(length + 3);
    bytes.push(SEQUENCE);
    bytes.extend((length >= 0x80).then_some(LENGTH_FOLLOWS));
    bytes.push(u8::try_from(length).ok()?);
    for (zero, digits) in numbers {
        bytes.extend_from_slice(&[INTEGER, u8::try_from(zero.len() + digits.len()).ok()?]);
        bytes.extend_from_slice(zero);
        bytes.extend_from_slice(digits);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_conversion_agrees_with_the_crypto_libraries() {
        let numbers = |width: usize| {
            let ends = [vec![0x01], vec![0x7f], vec![0x80], vec![0x01, 0x00], vec![0x80, 0xff], vec![0x5a; width - 1]];
            let full = [0x00, 0x01, 0x7f, 0x80, 0xfe].map(|first| [&[first][..], &vec![0xa5; width - 1]].concat());
            let padded = ends.map(|end| [vec![0; width - end.len()], end].concat());
            padded.into_iter().chain(full).collect::<Vec<_>>()
        };
        let by_library = |algorithm: Algorithm, signature: &[u8]| match algorithm {
            Algorithm::Es256 => p256::ecdsa::Signature::from_slice(signature).ok()?.to_der().as_bytes().to_vec().into(),
            Algorithm::Es384 => p384::ecdsa::Signature::from_slice(signature).ok()?.to_der().as_bytes().to_vec().into(),
            _ => Some(p521::ecdsa::Signature::from_slice(signature).ok()?.to_der().as_bytes().to_vec()),
        };
        for (algorithm, width) in [(Algorithm::Es256, 32), (Algorithm::Es384, 48), (Algorithm::Es512, 66)] {
            let mut compared = 0;
            for (r, s) in numbers(width).iter().flat_map(|r| numbers(width).into_iter().map(move |s| (r.clone(), s))) {
                let signature = [r, s].concat();
                // The libraries reject numbers that are not below the order of the curve.
                if let Some(expected) = by_library(algorithm, &signature) {
                    assert_eq!(ecdsa_to_der(algorithm, &signature), Some(expected), "{algorithm:?} {signature:02x?}");
                    compared += 1;
                }
            }
            // All but the largest, and those too large for P-521.
            assert!(compared >= 7 * 7, "{algorithm:?}: {compared}");
            for length in [0, width, 2 * width - 1, 2 * width + 1] {
                assert_eq!(ecdsa_to_der(algorithm, &vec![1; length]), None, "{algorithm:?} {length}");
            }
        }
        // Numbers out of range are converted too, and fit.
        assert_eq!(ecdsa_to_der(Algorithm::Es256, &[0; 64]), Some(vec![0x30, 6, 2, 1, 0, 2, 1, 0]));
        let number = [&[2, 67, 0][..], &[0xff; 66]].concat();
        let largest = [&[0x30, 0x81, 138][..], &number, &number].concat();
        assert_eq!(ecdsa_to_der(Algorithm::Es512, &[0xff; 132]), Some(largest));
        assert_eq!(ecdsa_to_der(Algorithm::Rs256, &[1; 64]), None);
    }
}
