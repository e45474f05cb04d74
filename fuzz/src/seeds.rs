//! What the fuzzer starts from: the vectors of the tests, the configurations of the documents, and requests of each kind.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde_json::{Value, json};

use crate::Target;
use crate::policies;
use crate::structure;

const REQUESTS: [&str; 14] = [
    ":path: /public\nx-jwt-sub: victim\nx_jwt_org: victim",
    ":path: /optional\ncookie: a=b; session={expired}",
    ":path: /users/alice\nauthorization: Bearer {valid}",
    ":path: /users/alice?a=b&access_token={valid}&c=d",
    ":path: /users/alice\ncookie: a=b; session=\"{valid}\"; c=d",
    ":path: /items\nauthorization: bearer  {other}",
    ":method: POST\n:path: /items\nauthorization: Bearer {valid}",
    ":method: HEAD\n:path: /items\nauthorization: Bearer {forged}",
    ":method: OPTIONS\n:path: /items\norigin: https://a.example\naccess-control-request-method: POST",
    ":path: /files/a%2Fb//c;d=e\nauthorization: Bearer {valid}",
    ":path: /files/a/b\nauthorization: Bearer {valid}",
    ":path: /trial\nx-jwt-payload: x\nauthorization: Bearer {audience}",
    ":path: /users/alice?t={valid}\nx-token: {valid}\nauthorization: Bearer {none}",
    ":authority: API.example.com:443\n:path: /public/../items\nconnection: upgrade, x-jwt-sub\nupgrade: websocket",
];

const TOKENS: [(&str, &str); 3] = [
    (
        r#"{"alg":"EdDSA","kid":"k"}"#,
        r#"{"iss":"https://issuer.example.com","aud":"api","sub":"alice","scope":"read write","exp":1800000600,"iat":1799999000}"#,
    ),
    (
        r#"{"alg":"EdDSA","kid":"k","typ":"at+jwt"}"#,
        r#"{"iss":"https://issuer.example.com","aud":["api"],"scp":["read"],"groups":"[admin, Billing admin]","tenants":["a"],"address":{"country":"de"},"tier":1,"email_verified":true,"exp":1.8000006e9,"nbf":0}"#,
    ),
    (
        r#"{"alg":"EdDSA","kid":"k"}"#,
        r#"{"iss":"https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abcdefghi","client_id":"client","token_use":"access","username":"alice","cognito:groups":["admin"],"exp":1800000600}"#,
    ),
];

/// Inputs by target.
///
/// # Errors
///
/// If a file of the repository cannot be read.
pub fn all(repository: &Path) -> io::Result<Vec<(Target, Vec<u8>)>> {
    let mut seeds = Vec::new();
    for request in REQUESTS {
        for target in [Target::RequestHead, Target::Removal, Target::Decision] {
            seeds.push((target, request.as_bytes().to_vec()));
        }
    }
    for (header, claims) in TOKENS {
        seeds.push((Target::Token, format!("{header}\n{claims}").into_bytes()));
    }
    let vectors: Value = serde_json::from_slice(&fs::read(repository.join("tests/vectors.json"))?)?;
    for vector in vectors.as_array().into_iter().flatten() {
        seeds.extend(vector["jws"].as_str().map(|jws| (Target::Token, jws.as_bytes().to_vec())));
        seeds.push((Target::KeySet, json!({ "keys": [vector["key"]] }).to_string().into_bytes()));
    }
    let keys: Vec<_> = vectors.as_array().into_iter().flatten().map(|vector| &vector["key"]).collect();
    seeds.push((Target::KeySet, json!({ "keys": keys }).to_string().into_bytes()));
    for configuration in configurations(repository)? {
        if let Value::Object(members) = &configuration {
            // The target adds the first byte.
            seeds.extend(structure::message(members).get(1..).map(|rest| (Target::ConfigurationStruct, rest.to_vec())));
        }
        seeds.push((Target::ConfigurationJson, configuration.to_string().into_bytes()));
    }
    Ok(seeds)
}

/// Those of the targets, and those in the documents that are whole.
fn configurations(repository: &Path) -> io::Result<Vec<Value>> {
    let mut found = vec![policies::whole(), policies::many_sources(), policies::claims()];
    found.extend(serde_json::from_slice::<Value>(&fs::read(repository.join("envoy/policy.json"))?).ok());
    let mut pages: Vec<PathBuf> =
        fs::read_dir(repository.join("docs"))?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    pages.sort();
    for page in pages.iter().filter(|page| page.extension().is_some_and(|extension| extension == "md")) {
        let text = fs::read_to_string(page)?;
        let blocks = text.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
        found.extend(blocks.filter_map(|block| serde_json::from_str(block).ok()));
    }
    Ok(found)
}
