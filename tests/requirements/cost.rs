//! What the largest requirements cost with the largest tokens. Each must be decided within a millisecond; a build without
//! optimization, on a machine with other work, is given more. `--nocapture` prints the times.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::gateway::Gateway;

/// A millisecond in a release build.
const BOUND: Duration = Duration::from_millis(if cfg!(debug_assertions) { 500 } else { 1 });

/// The shortest of several times for a token that is in the cache, and for one that is not.
fn times(rule: &Value, claims: &Value) -> (Duration, Duration) {
    let mut gateway = Gateway::new(rule);
    let time = |gateway: &mut Gateway, token: &str| {
        let start = Instant::now();
        let outcome = gateway.decide("/p/x", token, &[("x-h", "x")]);
        let time = start.elapsed();
        assert!(outcome.is_err(), "every part is evaluated");
        time
    };
    let uncached = (0..10).map(|n| {
        let mut claims = claims.clone();
        claims["n"] = json!(n);
        time(&mut gateway, &Gateway::token(&claims))
    });
    let uncached = uncached.min().unwrap();
    let token = Gateway::token(claims);
    time(&mut gateway, &token);
    let cached = (0..10).map(|_| time(&mut gateway, &token)).min().unwrap();
    (cached, uncached)
}

fn numbered(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{prefix}{n}")).collect()
}

#[test]
fn the_largest_requirements_take_less_than_a_millisecond() {
    let scopes = json!({ "scope": (0..10_000).map(|n| format!("{n:x}")).collect::<Vec<_>>().join(" ") });
    let all = |names: Vec<String>| json!({ "scopes": { "all": names } });
    // Each `any_of` and `all_of` is two of the 32 levels that a configuration may have.
    let nested = (0..7).fold(
        json!({ "scope": "no" }),
        |inner, n| json!({ "any_of": [{ "all_of": [inner] }, { "scope": format!("no{n}") }, { "group": "no" }] }),
    );
    let list = json!({ "c": (0..10_000).map(|n| n % 1000).collect::<Vec<_>>() });
    let objects = json!({ "c": vec![json!({ "a": 1 }); 5_000] });
    let tests = |count: usize, test: &dyn Fn(usize) -> Value| json!({ "require": { "any_of": (0..count).map(test).collect::<Vec<_>>() } });
    let rows = [
        ("100 scopes, 10,000 in the token", all(numbered("no", 100)), &scopes),
        ("1,000 scopes, 10,000 in the token", all(numbered("no", 1_000)), &scopes),
        ("scopes nested as deep as possible", json!({ "require": nested }), &scopes),
        (
            "1,000 `contains`, a list of 10,000",
            tests(1_000, &|n| json!({ "claim": "c", "contains": n + 5_000 })),
            &list,
        ),
        (
            "1,000 `equals_path`, a list of 10,000",
            tests(1_000, &|_| json!({ "claim": "c", "equals_path": "v" })),
            &list,
        ),
        (
            "1,000 `equals_header`, a list of 10,000",
            tests(1_000, &|_| json!({ "claim": "c", "equals_header": "x-h" })),
            &list,
        ),
        (
            "1,000 `equals`, any of 10,000",
            tests(1_000, &|n| json!({ "claim": ["c", "*"], "equals": n + 5_000 })),
            &list,
        ),
        (
            "1,000 `equals`, any of 5,000 objects",
            tests(1_000, &|n| json!({ "claim": ["c", "*", "a"], "equals": n + 2 })),
            &objects,
        ),
        (
            "one `in` of 1,000, any of 10,000",
            json!({ "require": { "claim": ["c", "*"], "in": (5_000..6_000).collect::<Vec<_>>() } }),
            &list,
        ),
        (
            "1,000 scopes and 1,000 groups",
            json!({ "require": { "any_of": [
                { "all_of": numbered("no", 1_000).iter().map(|name| json!({ "scope": name })).collect::<Vec<_>>() },
                { "all_of": numbered("no", 1_000).iter().map(|name| json!({ "group": name })).collect::<Vec<_>>() },
            ] } }),
            &scopes,
        ),
    ];
    for (label, rule, claims) in rows {
        let (cached, uncached) = times(&rule, claims);
        println!("{label}: {cached:?} from the cache, {uncached:?} else");
        assert!(cached < BOUND && uncached < BOUND, "{label}: {cached:?}, {uncached:?}");
    }
}
