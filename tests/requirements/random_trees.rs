//! Random trees of requirements and random tokens: the engine decides as the model does, and as it decides again from its
//! cache. `CASES` sets the number of decisions, rounded up to whole trees.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::gateway::Gateway;
use super::model::{Request, check};

const TOKENS: u32 = 10;

fn scalar() -> impl Strategy<Value = Value> {
    select(vec![
        json!("x"),
        json!("xy"),
        json!("a b"),
        json!("42"),
        json!("true"),
        json!(""),
        json!(42),
        json!(42.0),
        json!(0.5),
        json!(-1),
        json!(9_007_199_254_740_992_i64),
        json!(9_007_199_254_740_993_i64),
        json!(9_007_199_254_740_992.0),
        json!(1e19),
        json!(10_000_000_000_000_000_000_u64),
        json!(true),
        json!(false),
    ])
}

fn path() -> impl Strategy<Value = Value> {
    select(vec![
        json!(["a"]),
        json!(["b"]),
        json!(["a", "b"]),
        json!(["l", "*"]),
        json!(["l", "*", "a"]),
        json!(["l", "*", "*"]),
        json!(["missing"]),
    ])
}

fn claim_test() -> impl Strategy<Value = Value> {
    let operand = prop_oneof![
        3 => scalar().prop_map(|value| json!({ "equals": value })),
        2 => prop::collection::vec(scalar(), 1..4).prop_map(|values| json!({ "in": values })),
        3 => scalar().prop_map(|value| json!({ "contains": value })),
        1 => any::<bool>().prop_map(|exists| json!({ "exists": exists })),
        2 => Just(json!({ "equals_path": "v" })),
        2 => Just(json!({ "equals_header": "x-h" })),
        2 => select(vec!["*", "x*", "*y", "a*b", "", "**", "x"]).prop_map(|pattern| json!({ "matches": pattern })),
    ];
    (path(), operand).prop_map(|(path, mut test)| {
        test["claim"] = path;
        test
    })
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        3 => select(vec!["s1", "s2", "s3"]).prop_map(|name| json!({ "scope": name })),
        2 => select(vec!["g1", "g 2"]).prop_map(|name| json!({ "group": name })),
        4 => claim_test(),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..5).prop_map(|parts| json!({ "all_of": parts })),
            prop::collection::vec(inner.clone(), 1..5).prop_map(|parts| json!({ "any_of": parts })),
            inner.prop_map(|part| json!({ "not": part })),
        ]
    })
}

fn claim() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![6 => scalar(), 1 => Just(Value::Null)];
    leaf.prop_recursive(2, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            (inner.clone(), inner).prop_map(|(a, b)| json!({ "a": a, "b": b })),
        ]
    })
}

fn names() -> impl Strategy<Value = Value> {
    select(vec![
        Value::Null,
        json!("s1"),
        json!("s1 s2"),
        json!(["s3", "g1"]),
        json!(["s1", 7]),
        json!("g 2"),
        json!("[s2, g 2]"),
        json!("[g1 s3]"),
        json!(r#"["g 2","s1"]"#),
        json!(r#"["g1",1]"#),
    ])
}

type Sent = (&'static str, Option<&'static str>);

fn request() -> impl Strategy<Value = (Request, Sent, Vec<(&'static str, &'static str)>)> {
    let variable = select(vec![
        ("/p/x", Some("x")),
        ("/p/42", Some("42")),
        ("/p/042", Some("042")),
        ("/p/-1", Some("-1")),
        ("/p/a%20b", Some("a b")),
        ("/p/9007199254740993", Some("9007199254740993")),
        ("/p/10000000000000000000", Some("10000000000000000000")),
        ("/p/x;y", None),
    ]);
    let header = select(vec![
        (vec![], None),
        (vec![("x-h", "x")], Some("x")),
        (vec![("x-h", "42")], Some("42")),
        (vec![("x-h", "")], Some("")),
        (vec![("x-h", "true")], Some("true")),
        (vec![("x-h", "x"), ("x-h", "x")], None),
        (vec![("x_h", "x")], None),
        (vec![("x-h", "x"), ("x_h", "x")], None),
    ]);
    let claims = (prop::option::of(claim()), prop::option::of(claim()), prop::option::of(claim()), names(), names());
    (claims, variable, header).prop_map(|((a, b, l, scope, groups), sent, (headers, header))| {
        let mut claims = json!({ "scope": scope, "groups": groups });
        for (name, value) in [("a", a), ("b", b), ("l", l)] {
            if let Some(value) = value {
                claims[name] = value;
            }
        }
        let request = Request { claims, variable: sent.1.map(str::to_owned), header: header.map(str::to_owned) };
        (request, sent, headers)
    })
}

#[test]
fn the_engine_decides_as_the_model_does() {
    let cases: u32 = std::env::var("CASES").map_or(5_000, |cases| cases.parse().unwrap());
    let config = Config { cases: cases.div_ceil(TOKENS), failure_persistence: None, ..Config::default() };
    let requests = prop::collection::vec(request(), TOKENS as usize);
    let allowed = Cell::new(0);
    let mut runner = TestRunner::new(config);
    let result = runner.run(&(tree(), requests), |(tree, requests)| {
        let mut gateway = Gateway::new(&json!({ "require": tree }));
        for (request, (path, _), headers) in requests {
            let expected = check(&tree, &request);
            let token = Gateway::token(&request.claims);
            let uncached = gateway.decide(path, &token, &headers);
            allowed.set(allowed.get() + u32::from(uncached.is_ok()));
            prop_assert_eq!(&uncached, &expected, "{:?}", request);
            prop_assert_eq!(gateway.decide(path, &token, &headers), expected, "from the cache: {:?}", request);
        }
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    // Neither outcome is so rare that nothing is compared.
    assert!((cases / 20..cases - cases / 20).contains(&allowed.get()), "{} of {cases} allowed", allowed.get());
}
