//! The rule of a request, compared with a second implementation that is as simple as it can be: random rules, random
//! requests. `PROPTEST_CASES=1000000 cargo test --release --test route_model` runs a million cases.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "these are tests")]

mod matching;
mod reading;

use std::collections::BTreeSet;

use jwt_authorizer::engine::Engine;
use jwt_authorizer::request::{AmbiguousRequest, Headers, RequestHead};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

/// One rule: the host, the method and the path of its route.
type Rule = (Option<&'static str>, &'static str, String);
type Request = (&'static str, &'static str, String);

/// The number of the rule that decides, which is the number of rules if none does; `None` if the request is refused.
fn expected(rules: &[Rule], (method, host, path): &Request) -> Option<usize> {
    let readings = reading::readings(path)?;
    let mut found = BTreeSet::new();
    for reading in &readings {
        for empty_is_a_value in [false, true] {
            found.insert(matching::best(rules, method, host, reading, empty_is_a_value).unwrap_or(rules.len()));
        }
    }
    if found.len() == 1 { found.pop_first() } else { None }
}

fn actual(rules: &[Rule], (method, host, path): &Request) -> Option<usize> {
    let rules: Vec<_> = rules
        .iter()
        .map(|(host, method, path)| {
            let route = if path == "$default" { path.clone() } else { format!("{method} {path}") };
            match host {
                Some(host) => json!({ "route": route, "access": "public", "hosts": [host] }),
                None => json!({ "route": route, "access": "public" }),
            }
        })
        .collect();
    let policy = json!({
        "providers": { "main": {
            "issuer": "https://issuer.example",
            "audiences": ["api"],
            "jwks": { "cluster": "issuer", "uri": "https://issuer.example/jwks.json" },
        } },
        "rules": rules,
    });
    let engine = Engine::from_json(policy.to_string().as_bytes()).unwrap();
    let headers: Headers = [(":method", *method), (":authority", host), (":path", path)].into_iter().collect();
    let routed = RequestHead::new(&headers).and_then(|head| engine.authorizer().route(&head));
    match routed {
        Ok(rule) => Some(rule.position()),
        Err(AmbiguousRequest::Path) => None,
        Err(other) => panic!("{other:?}"),
    }
}

fn rule() -> impl Strategy<Value = Rule> {
    let host = select(vec![None, None, None, Some("h.e"), Some("*.e"), Some("*.h.e")]);
    let method = select(vec!["GET", "GET", "HEAD", "POST", "ANY", "ANY"]);
    let segment = select(vec!["a", "b", "ab", "@", "{}", "{}", "{}:c", "{}b", "a%20b", "%C3%A9"]);
    let path = (vec(segment, 0..4), select(vec!["", "", "{+}", "$"])).prop_map(|(mut segments, last)| match last {
        "$" if segments.is_empty() => "$default".to_owned(),
        "" | "$" => route_path(&segments),
        last => {
            segments.push(last);
            route_path(&segments)
        }
    });
    (host, method, path).prop_map(|(host, method, path)| {
        let method = if path == "$default" { "ANY" } else { method };
        (host, method, path)
    })
}

/// Variables are named after their segment, so that two routes for the same requests are the same text.
fn route_path(segments: &[&str]) -> String {
    let named = segments.iter().enumerate().map(|(index, segment)| {
        let name = format!("{{v{index}");
        format!("/{}", segment.replace('{', &name))
    });
    let path: String = named.collect();
    if path.is_empty() { "/".to_owned() } else { path }
}

fn request() -> impl Strategy<Value = Request> {
    let piece = prop_oneof![
        6 => select(vec!["a", "b", "/", "/", "/a", "/b", "/ab"]),
        2 => select(vec!["/", "//", "%2F", "%2f", "@", "%40", "%61", "%62", ":c", "%3Ac", "%20", "%C3%A9"]),
        1 => select(vec![
            "%252F", "%2561", "%25252F", "%2540", ";", "%3B", ";x", "%253B", "%3F", "%253F", "%E9", "%C3", "%A9", "%FF",
            "%25", "%23", "!", "..", "%2E", "%252e", "%5C", "%255c", "%00", "%2500", "%C0", "%E0%80", "%", "%4",
        ]),
    ];
    let path = prop_oneof![
        40 => vec(piece, 0..9).prop_map(|pieces| format!("/{}", pieces.concat())),
        1 => select(vec!["", "*", "a", "/a?x=//..%2f", "/a b"]).prop_map(str::to_owned),
    ];
    let method = select(vec!["GET", "GET", "HEAD", "HEAD", "POST", "PUT"]);
    let host = select(vec!["h.e", "H.E.:80", "x.h.e", "y.e", "other", ""]);
    (method, host, path)
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..match std::env::var_os("PROPTEST_CASES") {
            Some(_) => ProptestConfig::default(),
            None => ProptestConfig::with_cases(3000),
        }
    })]

    #[test]
    fn the_rule_of_a_request_is_that_of_the_model(rules in vec(rule(), 0..8), request in request()) {
        let mut known = BTreeSet::new();
        let rules: Vec<Rule> = rules.into_iter().filter(|rule| known.insert(rule.clone())).collect();
        prop_assert_eq!(actual(&rules, &request), expected(&rules, &request));
    }
}

/// The model is compared with what is written in the documentation, so that both cannot be wrong in the same way.
#[test]
fn the_model_decides_as_documented() {
    let rules: Vec<Rule> = [
        ("GET", "/files/{v1+}"),
        ("GET", "/items"),
        ("ANY", "/items/{v1}"),
        ("ANY", "/items/{v1}:c"),
        ("GET", "/bucket/{v1+}"),
        ("GET", "/bucket/a/b"),
    ]
    .map(|(method, path)| (None, method, path.to_owned()))
    .into();
    let default = Some(rules.len());
    for (method, path, rule) in [
        ("GET", "/files/a%2Fb", Some(0)),
        ("GET", "/files/a//b", Some(0)),
        ("GET", "/files/%E9", Some(0)),
        ("GET", "/files/a%252Fb", Some(0)),
        ("GET", "/bucket/a%2Fb", None),
        ("GET", "/bucket/a//b", None),
        ("GET", "/bucket/a%252Fb", None),
        ("GET", "/bucket/a;x/b", None),
        ("GET", "/bucket/c%2Fb", Some(4)),
        ("HEAD", "/items", Some(1)),
        ("POST", "/items", default),
        ("POST", "/items/7", Some(2)),
        ("POST", "/items/7:c", Some(3)),
        ("POST", "/items/7%3Ac", Some(3)),
        ("POST", "/items/:c", Some(2)),
        ("GET", "/files/a/../b", None),
        ("GET", "/files/a%2F..%2Fb", None),
        ("GET", "/files/a%5Cb", None),
        ("GET", "/files/a%00b", None),
    ] {
        assert_eq!(expected(&rules, &(method, "", path.to_owned())), rule, "{method} {path}");
    }
}
