//! What a requirement means, written as plainly as possible: over JSON, without an index, without a thought of cost.

use jwt_authorizer::policy::requirement::Unmet;
use serde_json::Value;

/// A request with a verified token.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) claims: Value,
    /// The value of the variable `v`, decoded.
    pub(crate) variable: Option<String>,
    /// The value of the header `x-h`, unless it is ambiguous.
    pub(crate) header: Option<String>,
}

/// Why a requirement is not met.
pub(crate) fn check(node: &Value, request: &Request) -> Result<(), Unmet> {
    if holds(node, request) == Some(true) {
        return Ok(());
    }
    if let Some(name) = node.get("scope") {
        return Err(Unmet::Scopes(vec![name.as_str().unwrap().into()]));
    }
    if node.get("group").is_some() {
        return Err(Unmet::Group);
    }
    let parts = |field: &str| {
        let parts = node.get(field)?.as_array()?;
        Some(parts.iter().filter_map(|part| check(part, request).err()).collect::<Vec<_>>())
    };
    if let Some(reasons) = parts("all_of") {
        return Err(match &reasons[0] {
            Unmet::Scopes(_) => Unmet::Scopes(scopes(&reasons)),
            other => other.clone(),
        });
    }
    if let Some(reasons) = parts("any_of") {
        let scopes = scopes(&reasons);
        return Err(if scopes.is_empty() { reasons[0].clone() } else { Unmet::Scopes(scopes) });
    }
    Err(Unmet::Claim)
}

fn scopes(reasons: &[Unmet]) -> Vec<Box<str>> {
    let mut scopes = Vec::new();
    for reason in reasons {
        if let Unmet::Scopes(names) = reason {
            for name in names {
                if !scopes.contains(name) {
                    scopes.push(name.clone());
                }
            }
        }
    }
    scopes
}

/// `None` if a claim test does not apply.
fn holds(node: &Value, request: &Request) -> Option<bool> {
    let (field, value) = node.as_object().unwrap().iter().find(|(field, _)| *field != "claim").unwrap();
    match field.as_str() {
        "scope" => Some(names(&request.claims["scope"], true).contains(&value.as_str().unwrap().to_owned())),
        "group" => Some(names(&request.claims["groups"], false).contains(&value.as_str().unwrap().to_owned())),
        "not" => holds(value, request).map(|holds| !holds),
        "all_of" => {
            let parts: Vec<_> = value.as_array().unwrap().iter().map(|part| holds(part, request)).collect();
            if parts.contains(&Some(false)) { Some(false) } else { (!parts.contains(&None)).then_some(true) }
        }
        "any_of" => {
            let parts: Vec<_> = value.as_array().unwrap().iter().map(|part| holds(part, request)).collect();
            any(&parts)
        }
        operand => {
            let mut found = Vec::new();
            follow(&request.claims, node["claim"].as_array().unwrap(), &mut found);
            if operand == "exists" {
                return Some(found.is_empty() != value.as_bool().unwrap());
            }
            if found.is_empty() {
                return None;
            }
            any(&found.iter().map(|claim| test(operand, value, claim, request)).collect::<Vec<_>>())
        }
    }
}

fn any(parts: &[Option<bool>]) -> Option<bool> {
    if parts.contains(&Some(true)) { Some(true) } else { (!parts.contains(&None)).then_some(false) }
}

fn follow<'v>(value: &'v Value, path: &[Value], found: &mut Vec<&'v Value>) {
    match path {
        [] if value.is_null() => {}
        [] => found.push(value),
        [name, rest @ ..] if name == "*" => match value {
            Value::Array(items) => items.iter().for_each(|item| follow(item, rest, found)),
            Value::Object(members) => members.values().for_each(|member| follow(member, rest, found)),
            _ => {}
        },
        [name, rest @ ..] => {
            if let Some(member) = value.get(name.as_str().unwrap()) {
                follow(member, rest, found);
            }
        }
    }
}

fn test(operand: &str, value: &Value, claim: &Value, request: &Request) -> Option<bool> {
    match operand {
        "equals" => equals(value, claim),
        "in" => any_comparable(value.as_array().unwrap(), claim),
        "contains" => Some(claim.as_array()?.iter().any(|member| equals(value, member) == Some(true))),
        "equals_path" => written(claim, request.variable.as_deref()?),
        "equals_header" => written(claim, request.header.as_deref()?),
        "matches" => Some(glob(value.as_str().unwrap(), claim.as_str()?)),
        other => panic!("{other}"),
    }
}

fn any_comparable(values: &[Value], claim: &Value) -> Option<bool> {
    let outcomes: Vec<_> = values.iter().filter_map(|value| equals(value, claim)).collect();
    if outcomes.is_empty() { None } else { Some(outcomes.contains(&true)) }
}

/// `None` for values of different types, and for lists and objects.
fn equals(a: &Value, b: &Value) -> Option<bool> {
    match (a, b) {
        (Value::String(a), Value::String(b)) => Some(a == b),
        (Value::Bool(a), Value::Bool(b)) => Some(a == b),
        (Value::Number(a), Value::Number(b)) => Some(match (a.as_i128(), b.as_i128()) {
            (Some(a), Some(b)) => a == b,
            (Some(integer), None) => b.as_f64().unwrap() as i128 == integer && b.as_f64().unwrap().fract() == 0.0,
            (None, Some(integer)) => a.as_f64().unwrap() as i128 == integer && a.as_f64().unwrap().fract() == 0.0,
            (None, None) => a.as_f64() == b.as_f64(),
        }),
        _ => None,
    }
}

fn written(claim: &Value, text: &str) -> Option<bool> {
    match claim {
        Value::String(claim) => Some(claim == text),
        Value::Number(number) => Some(match number.as_i128() {
            Some(integer) => integer.to_string() == text,
            None => number.as_f64().is_some_and(|float| {
                float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_992.0 && (float as i64).to_string() == text
            }),
        }),
        Value::Array(items) => Some(items.iter().any(|item| !item.is_array() && written(item, text) == Some(true))),
        _ => None,
    }
}

fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_at_checked(1) {
        None => text.is_empty(),
        Some(("*", rest)) => (0..=text.len()).any(|at| text.is_char_boundary(at) && glob(rest, &text[at..])),
        Some((c, rest)) => text.strip_prefix(c).is_some_and(|text| glob(rest, text)),
    }
}

/// The names of a claim of scopes or of groups.
fn names(claim: &Value, words: bool) -> Vec<String> {
    let list = |items: &[Value]| -> Vec<String> {
        let texts: Option<Vec<_>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
        texts.unwrap_or_default()
    };
    match claim {
        Value::Array(items) => list(items),
        Value::String(text) if text.starts_with('[') && text.ends_with(']') && text.len() > 1 => {
            if text.contains('"') {
                return serde_json::from_str::<Vec<Value>>(text).map(|items| list(&items)).unwrap_or_default();
            }
            let inside = &text[1..text.len() - 1];
            let separator = if inside.contains(',') { ',' } else { ' ' };
            inside.split(separator).map(|name| name.trim_matches(' ').to_owned()).collect()
        }
        Value::String(text) if words => text.split(' ').map(str::to_owned).collect(),
        Value::String(text) => vec![text.clone()],
        _ => Vec::new(),
    }
}
