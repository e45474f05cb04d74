//! Reads scopes and groups from the claims that hold them: lists, and the texts that issuers write in place of a list.

use std::borrow::Cow;

use super::claims::ClaimPath;
use super::kept::{NameIndex, NameTable};
use crate::json::{Json, Object, parse_list};
use crate::request::percent_decode;

/// A claim that holds scopes or groups.
#[derive(Debug)]
pub struct NameClaim {
    /// The claim.
    pub path: ClaimPath,
    /// How a text without brackets is read.
    pub text: TextForm,
    /// Whether the issuer form-encodes the members of a text in brackets that has several.
    pub form_encoded: bool,
}

/// How a text without brackets is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextForm {
    /// Names with spaces between them (RFC 6749 §3.3).
    Words,
    /// One name, which may have spaces.
    Name,
    /// Names with this text between them. It also separates names in brackets.
    Separated(Box<str>),
}

impl NameClaim {
    fn each_name(&self, claims: &Object<'_>, add: &mut dyn FnMut(&str)) {
        self.path.each(claims, &mut |value| match value {
            Json::Text(text) => self.each_in_text(text, add),
            Json::List(items) => each_in_list(items, add),
            Json::Null | Json::Boolean(_) | Json::Number(_) | Json::Object(_) => {}
        });
    }

    fn each_in_text(&self, text: &str, add: &mut dyn FnMut(&str)) {
        match text.strip_prefix('[').and_then(|inside| inside.strip_suffix(']')) {
            // No other form has quotes. What is meant as JSON is not read as another form.
            Some(inside) if inside.contains('"') => each_in_list(&parse_list(text).unwrap_or_default(), add),
            Some(inside) => self.each_in_brackets(inside, add),
            None => match &self.text {
                TextForm::Words => text.split(' ').for_each(add),
                TextForm::Name => add(text),
                TextForm::Separated(separator) => each_separated(text, separator, add),
            },
        }
    }

    /// Cognito joins mapped attributes with commas, API Gateway joins lists with spaces. A name of the first form may
    /// have spaces, so a comma decides.
    fn each_in_brackets(&self, inside: &str, add: &mut dyn FnMut(&str)) {
        let has_commas = inside.contains(',');
        let separator = match &self.text {
            TextForm::Separated(separator) => separator,
            TextForm::Words | TextForm::Name if has_commas => ",",
            TextForm::Words | TextForm::Name => " ",
        };
        match self.form_encoded && has_commas {
            true => each_separated(inside, separator, &mut |name| add(&form_decoded(name))),
            false => each_separated(inside, separator, add),
        }
    }
}

fn each_separated(text: &str, separator: &str, add: &mut dyn FnMut(&str)) {
    text.split(separator).map(|name| name.trim_matches(' ')).for_each(add);
}

/// A list with any other value than text counts for nothing.
fn each_in_list(items: &[Json<'_>], add: &mut dyn FnMut(&str)) {
    if items.iter().all(|item| item.as_text().is_some()) {
        items.iter().filter_map(Json::as_text).for_each(add);
    }
}

/// The name as it was before form-encoding. A name with an invalid escape was not encoded.
fn form_decoded(name: &str) -> Cow<'_, str> {
    let spaced = name.replace('+', " ");
    match percent_decode(&spaced) {
        Some(decoded) => Cow::Owned(decoded.into_owned()),
        None => Cow::Borrowed(name),
    }
}

/// The names that one or more claims list, scopes or groups: those that rules ask for, in the order of their indices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameList(Box<[NameIndex]>);

impl NameList {
    /// The names in all of these claims that are in the table.
    pub fn read(from: &[NameClaim], claims: &Object<'_>, table: &NameTable) -> Self {
        let mut indices = Vec::new();
        for claim in from {
            claim.each_name(claims, &mut |name| indices.extend(table.find(name)));
        }
        indices.sort_unstable();
        indices.dedup();
        Self(indices.into())
    }

    /// Whether the name with this index is in the list.
    pub fn contains(&self, name: NameIndex) -> bool {
        self.0.binary_search(&name).is_ok()
    }

    /// The size of the list in bytes, without that of `Self`.
    pub fn heap_bytes(&self) -> usize {
        size_of_val(&*self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::slice;

    use super::*;
    use crate::json::parse_object;

    /// The names that these claims have, which are read as scopes or as groups.
    fn names(text: &TextForm, form_encoded: bool, paths: &[&str], claims: &str) -> Vec<String> {
        let claim =
            |name: &&str| NameClaim { path: ClaimPath::new(&[name]).unwrap(), text: text.clone(), form_encoded };
        let claims = parse_object(claims.as_bytes()).unwrap();
        let mut names = Vec::new();
        for claim in paths.iter().map(claim) {
            claim.each_name(&claims, &mut |name| names.extend((!name.is_empty()).then(|| name.to_owned())));
        }
        names
    }

    #[test]
    fn scopes_are_split_at_spaces_only() {
        for (claims, expected) in [
            (r#"{"scope":"read write"}"#, &["read", "write"][..]),
            (r#"{"scope":" read  write "}"#, &["read", "write"]),
            (r#"{"scope":"read,write"}"#, &["read,write"]),
            (r#"{"scope":"read\twrite"}"#, &["read\twrite"]),
            (r#"{"scp":["a b","c"]}"#, &["a b", "c"]),
            (r#"{"scope":"a","scp":["b","a"]}"#, &["a", "b", "a"]),
            (r#"{"scp":["a",1]}"#, &[]),
            (r#"{"scope":{"a":1}}"#, &[]),
            (r#"{"scope":7}"#, &[]),
            (r"{}", &[]),
        ] {
            assert_eq!(names(&TextForm::Words, false, &["scope", "scp"], claims), expected, "{claims}");
        }
    }

    #[test]
    fn a_name_is_compared_as_a_whole() {
        let scope = NameClaim { path: ClaimPath::new(&["scope"]).unwrap(), text: TextForm::Words, form_encoded: false };
        let claims = r#"{"scope":["read","write","lesen é","\u0004\u0000\u0000\u0000read"]}"#;
        let claims = parse_object(claims.as_bytes()).unwrap();
        for (name, expected) in [
            ("read", true),
            ("write", true),
            ("lesen é", true),
            ("\u{4}\0\0\0read", true),
            ("", false),
            ("rea", false),
            ("reads", false),
            ("readwrite", false),
            ("read\u{5}\0\0\0write", false),
            ("lesen", false),
            ("READ", false),
        ] {
            let mut table = NameTable::default();
            let (other, index) = (table.add("other"), table.add(name));
            let scopes = NameList::read(slice::from_ref(&scope), &claims, &table);
            assert_eq!((scopes.contains(index), scopes.contains(other)), (expected, false), "{name:?}");
        }
    }

    #[test]
    fn a_list_keeps_only_what_rules_ask_for() {
        let mut table = NameTable::default();
        let (read, write, pay) = (table.add("read"), table.add("write"), table.add("pay"));
        let scope = NameClaim { path: ClaimPath::new(&["scope"]).unwrap(), text: TextForm::Words, form_encoded: false };
        let claims = format!(r#"{{"scope":"pay {} read pay"}}"#, "x ".repeat(5_000));
        let scopes = NameList::read(&[scope], &parse_object(claims.as_bytes()).unwrap(), &table);
        assert_eq!([read, write, pay].map(|name| scopes.contains(name)), [true, false, true]);
        assert_eq!(scopes.heap_bytes(), 2 * size_of::<NameIndex>());
        assert_eq!(NameList::default().heap_bytes(), 0);
    }

    #[test]
    fn groups_are_a_list_or_one_name() {
        for (claims, expected) in [
            (r#"{"g":["admin","user"]}"#, &["admin", "user"][..]),
            (r#"{"g":["[a, b]","c,d",""]}"#, &["[a, b]", "c,d"]),
            (r#"{"g":"admin"}"#, &["admin"]),
            (r#"{"g":"Domain Users"}"#, &["Domain Users"]),
            (r#"{"g":"Finance, Berlin"}"#, &["Finance, Berlin"]),
            (r#"{"g":"a]"}"#, &["a]"]),
            (r#"{"g":"["}"#, &["["]),
            (r#"{"g":""}"#, &[]),
            (r#"{"g":["admin",null]}"#, &[]),
            (r#"{"g":[["admin"]]}"#, &[]),
        ] {
            assert_eq!(names(&TextForm::Name, false, &["g"], claims), expected, "{claims}");
        }
    }

    /// Text that stands for a list has brackets, in scopes as in groups.
    #[test]
    fn a_text_in_brackets_is_a_list() {
        for (text, plain, form_encoded) in [
            ("[]", &[][..], &[][..]),
            ("[ ]", &[], &[]),
            ("[admin]", &["admin"], &["admin"]),
            // API Gateway
            ("[admin user]", &["admin", "user"], &["admin", "user"]),
            ("[a+b c%20d]", &["a+b", "c%20d"], &["a+b", "c%20d"]),
            ("[Billing+admin]", &["Billing+admin"], &["Billing+admin"]),
            // Cognito's attribute mapping
            ("[auditor, admin]", &["auditor", "admin"], &["auditor", "admin"]),
            ("[admin, auditor]", &["admin", "auditor"], &["admin", "auditor"]),
            ("[admin,auditor,]", &["admin", "auditor"], &["admin", "auditor"]),
            ("[Users, Billing admin]", &["Users", "Billing admin"], &["Users", "Billing admin"]),
            ("[Users, Billing+admin]", &["Users", "Billing+admin"], &["Users", "Billing admin"]),
            ("[R%26D, Finance%2C+Berlin]", &["R%26D", "Finance%2C+Berlin"], &["R&D", "Finance, Berlin"]),
            ("[caf%C3%A9, a%2Bb]", &["caf%C3%A9", "a%2Bb"], &["café", "a+b"]),
            ("[100%+x, %ff, %2]", &["100%+x", "%ff", "%2"], &["100%+x", "%ff", "%2"]),
            ("[100, 200]", &["100", "200"], &["100", "200"]),
            // JSON
            (r#"["admin","Billing user"]"#, &["admin", "Billing user"], &["admin", "Billing user"]),
            (r#"[ "a, b" , "c\u00e9", "" ]"#, &["a, b", "cé"], &["a, b", "cé"]),
            (r#"["a+b", "c%20d"]"#, &["a+b", "c%20d"], &["a+b", "c%20d"]),
            (r#"["admin", 7]"#, &[], &[]),
            (r#"[7, "admin"]"#, &[], &[]),
            (r#"[["admin"]]"#, &[], &[]),
            (r#"["admin", admin]"#, &[], &[]),
            (r#"[admin, "user" ]"#, &[], &[]),
        ] {
            let claims = serde_json::json!({ "c": text }).to_string();
            for form in [TextForm::Words, TextForm::Name] {
                assert_eq!(names(&form, false, &["c"], &claims), plain, "{text}");
                assert_eq!(names(&form, true, &["c"], &claims), form_encoded, "{text}, form-encoded");
            }
        }
    }

    #[test]
    fn a_separator_may_be_given() {
        for (separator, text, expected) in [
            (",", "user,admin", &["user", "admin"][..]),
            (",", "user, Billing admin ,", &["user", "Billing admin"]),
            (",", "notadmin", &["notadmin"]),
            (",", "user admin", &["user admin"]),
            (",", "[user, Billing admin]", &["user", "Billing admin"]),
            (",", "[user admin]", &["user admin"]),
            (",", r#"["a,b","c"]"#, &["a,b", "c"]),
            (";", "a,b;c d", &["a,b", "c d"]),
            (";", "[a,b;c d]", &["a,b", "c d"]),
            ("||", "a||b|c", &["a", "b|c"]),
            (" ", "a b", &["a", "b"]),
        ] {
            let claims = serde_json::json!({ "c": text }).to_string();
            let form = TextForm::Separated(separator.into());
            assert_eq!(names(&form, false, &["c"], &claims), expected, "{separator} {text}");
        }
        let list = r#"{"c":["a,b","c"]}"#;
        assert_eq!(names(&TextForm::Separated(",".into()), false, &["c"], list), ["a,b", "c"]);
        let encoded = r#"{"c":"[a, b+c]"}"#;
        assert_eq!(names(&TextForm::Separated(",".into()), true, &["c"], encoded), ["a", "b c"]);
    }

    /// Each value that a path with `*` leads to is read by itself.
    #[test]
    fn a_path_with_a_star_has_the_names_of_all_its_values() {
        let claims =
            r#"{"orgs":{"1":{"roles":["a b","c"]},"2":{"roles":"d e"},"3":{"roles":["f",1]},"4":{"roles":"[g, h]"}}}"#;
        let path = ClaimPath::with_wildcards(&["orgs", "*", "roles"]).unwrap();
        let claim = NameClaim { path, text: TextForm::Words, form_encoded: false };
        let mut names = Vec::new();
        claim.each_name(&parse_object(claims.as_bytes()).unwrap(), &mut |name| names.push(name.to_owned()));
        assert_eq!(names, ["a b", "c", "d", "e", "g", "h"]);
    }
}
