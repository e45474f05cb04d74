use serde_json::json;

use super::*;

fn set(keys: &[String]) -> Result<KeySet, KeySetError> {
    KeySet::from_bytes(format!(r#"{{"keys":[{}]}}"#, keys.join(",")).as_bytes())
}

/// The same key under a `kid`, with more members.
fn key(id: &str, more: &str) -> String {
    format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"{id}"{more}}}"#)
}

#[test]
fn a_set_has_at_most_200_keys() {
    let keys = |count: usize| vec![key("a", ""); count];
    assert_eq!(set(&keys(200)).unwrap().len(), 200);
    assert_eq!(set(&keys(201)).unwrap_err(), KeySetError::TooManyKeys);
    // Keys that can't be used count too: reading them takes as long.
    let unusable = |count: usize| [vec!["{}".to_owned(); count - 1], keys(1)].concat();
    assert_eq!(set(&unusable(200)).unwrap().len(), 1);
    assert_eq!(set(&unusable(201)).unwrap_err(), KeySetError::TooManyKeys);
}

#[test]
fn keys_that_are_left_out_are_told() {
    let long = "ä".repeat(65);
    let keys = [key("a", ""), key("b", r#","d":"AA""#), "1".to_owned(), key(&long, r#","use":"enc""#), key("", "")];
    let set = set(&keys).unwrap();
    assert_eq!(set.len(), 2);
    let told: Vec<_> = set.left_out().iter().map(|left| (left.id.as_deref(), left.index, left.error)).collect();
    let cut = "ä".repeat(64);
    let expected = [
        (Some("b"), 1, JwkError::PrivateKey),
        (None, 2, JwkError::NotAnObject),
        (Some(cut.as_str()), 3, JwkError::NotForSignatures("use")),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_secret_of_the_configuration_is_never_left_out() {
    let listed = AlgorithmSet::of(&[Algorithm::Hs256]);
    let secret = jwt_authorizer_test_support::Key::of("HS256").jwk();
    for (member, value) in [("use", json!("enc")), ("key_ops", json!(["sign"])), ("alg", json!("RSA-OAEP"))] {
        let mut jwk = secret.clone();
        jwk[member] = value;
        let document = json!({ "keys": [jwk] }).to_string();
        let error = KeySet::with_secrets(&parse_lenient(document.as_bytes()).unwrap(), listed).unwrap_err();
        assert_eq!(error, InlineError::Secret { index: 0, error: SecretError::Malformed }, "{member}");
    }
}

#[test]
fn a_document_may_have_certificates() {
    let pem = jwt_authorizer_test_support::Key::of("ES256").certificate();
    let read = |document: serde_json::Value| {
        let set = KeySet::from_bytes(document.to_string().as_bytes())?;
        let ids: Vec<_> = set.keys().map(|key| key.id().unwrap().as_str().to_owned()).collect();
        Ok((ids, set.left_out().len()))
    };
    let left_out = |error| Box::from([LeftOut { id: Some("b".into()), index: 0, error }]);
    let many = |count: usize| (0..count).map(|n| (n.to_string(), pem.into())).collect::<serde_json::Map<_, _>>();
    for (document, expected) in [
        (json!({ "a": pem, "b": pem }), Ok((vec!["a".to_owned(), "b".to_owned()], 0))),
        (json!({ "a": pem, "b": "-----BEGIN CERTIFICATE-----" }), Ok((vec!["a".to_owned()], 1))),
        (json!({ "b": "-----BEGIN CERTIFICATE-----" }), Err(KeySetError::NoUsableKey(left_out(JwkError::Certificate)))),
        (json!({ "error": "not found" }), Err(KeySetError::Malformed)),
        (json!({ "a": pem, "b": 1 }), Err(KeySetError::Malformed)),
        (json!({}), Err(KeySetError::Malformed)),
        (many(201).into(), Err(KeySetError::TooManyKeys)),
    ] {
        assert_eq!(read(document.clone()), expected, "{document}");
    }
    assert_eq!(read(many(200).into()).unwrap().0.len(), 200);
}

#[test]
fn the_order_of_keys_does_not_matter_but_everything_else_does() {
    let (a, b) = (key("a", ""), key("b", ""));
    let (enc, private) = (key("c", r#","use":"enc""#), key("c", r#","d":"AA""#));
    let same = |ours: &[&String], theirs: &[&String]| {
        let of = |keys: &[&String]| set(&keys.iter().map(|key| (*key).clone()).collect::<Vec<_>>()).unwrap();
        of(ours).has_keys_of(&of(theirs))
    };
    assert!(same(&[&a, &b, &enc], &[&enc, &b, &a]));
    assert!(!same(&[&a, &a], &[&a, &b]));
    assert!(!same(&[&a, &b], &[&a, &a]));
    assert!(!same(&[&a], &[&a, &b]));
    assert!(!same(&[&a, &enc], &[&a]));
    assert!(!same(&[&a, &enc], &[&a, &private]));
    assert!(!same(&[&a, &enc, &private], &[&a, &enc, &enc]));
    assert!(!same(&[&a, &enc, &enc], &[&a, &enc, &private]));
    assert!(!same(&[&a], &[&key("a", r#","x5t":"AA""#)]));
}

#[test]
fn a_key_with_duplicate_members_is_left_out() {
    let key = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;
    let keys = |text: String| KeySet::from_bytes(text.as_bytes()).map(|set| set.len());
    let purpose: Box<[_]> = [LeftOut { id: None, index: 0, error: JwkError::NotForSignatures("use") }].into();
    for (text, expected) in [
        (format!(r#"{{"keys":[{{{key}}}]}}"#), Ok(1)),
        (format!(r#"{{"keys":[{{{key}}},{{{key},"kid":"a","kid":"b"}},{{{key},{key}}}]}}"#), Ok(1)),
        (format!(r#"{{"keys":[{{{key},"use":{{"a":1,"a":2}}}}]}}"#), Err(KeySetError::NoUsableKey(purpose.clone()))),
        (format!(r#"{{"keys":[],"keys":[{{{key}}}]}}"#), Err(KeySetError::Malformed)),
    ] {
        assert_eq!(keys(text.clone()), expected, "{text}");
    }
}
