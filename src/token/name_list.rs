//! Reads scopes and groups from the claims that hold them: lists, and the texts that issuers write in place of a list.

use std::borrow::Cow;

use super::claims::ClaimPath;
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
}

impl NameClaim {
    fn each_name(&self, claims: &Object<'_>, add: &mut dyn FnMut(&str)) {
        match self.path.find(claims) {
            Some(Json::Text(text)) => self.each_in_text(text, add),
            Some(Json::List(items)) => each_in_list(items, add),
            Some(Json::Null | Json::Boolean(_) | Json::Number(_) | Json::Object(_)) | None => {}
        }
    }

    fn each_in_text(&self, text: &str, add: &mut dyn FnMut(&str)) {
        match text.strip_prefix('[').and_then(|inside| inside.strip_suffix(']')) {
            // No other form has quotes. What is meant as JSON is not read as another form.
            Some(inside) if inside.contains('"') => each_in_list(&parse_list(text).unwrap_or_default(), add),
            Some(inside) => self.each_in_brackets(inside, add),
            None => match self.text {
                TextForm::Words => text.split(' ').for_each(add),
                TextForm::Name => add(text),
            },
        }
    }

    /// Cognito joins mapped attributes with commas, API Gateway joins lists with spaces. A name of the first form may
    /// have spaces, so a comma decides.
    fn each_in_brackets(&self, inside: &str, add: &mut dyn FnMut(&str)) {
        let has_commas = inside.contains(',');
        for name in inside.split(if has_commas { ',' } else { ' ' }) {
            let name = name.trim_matches(' ');
            match self.form_encoded && has_commas {
                true => add(&form_decoded(name)),
                false => add(name),
            }
        }
    }
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

/// The names that one or more claims list: scopes or groups. Never an empty name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameList(Box<[Box<str>]>);

/// What a name takes beside its bytes: a pointer with a length, and what the allocator adds. A token can have thousands of
/// short names, which take several times their bytes.
const NAME_OVERHEAD: usize = size_of::<Box<str>>() + 16;

impl NameList {
    /// The names in all of these claims.
    pub fn read(from: &[NameClaim], claims: &Object<'_>) -> Self {
        let mut names: Vec<Box<str>> = Vec::new();
        for claim in from {
            claim.each_name(claims, &mut |name| {
                if !name.is_empty() {
                    names.push(name.into());
                }
            });
        }
        Self(names.into())
    }

    /// Whether the name is in the list.
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|known| **known == *name)
    }

    /// The approximate size of the names in bytes.
    pub fn weight(&self) -> usize {
        self.0.iter().map(|name| name.len().saturating_add(NAME_OVERHEAD)).fold(0, usize::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse_object;

    /// The names that these claims have, which are read as scopes or as groups.
    fn names(text: &TextForm, form_encoded: bool, paths: &[&str], claims: &str) -> Vec<String> {
        let claim =
            |name: &&str| NameClaim { path: ClaimPath::new(&[name]).unwrap(), text: text.clone(), form_encoded };
        let from: Vec<_> = paths.iter().map(claim).collect();
        let NameList(names) = NameList::read(&from, &parse_object(claims.as_bytes()).unwrap());
        names.iter().map(ToString::to_string).collect()
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
        let scopes = NameList::read(&[scope], &parse_object(claims.as_bytes()).unwrap());
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
            assert_eq!(scopes.contains(name), expected, "{name:?}");
        }
        assert!(!NameList::default().contains(""));
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
    fn many_short_names_weigh_what_their_allocations_take() {
        let claims = format!(r#"{{"scope":"{}"}}"#, "a ".repeat(5_000));
        let scope = NameClaim { path: ClaimPath::new(&["scope"]).unwrap(), text: TextForm::Words, form_encoded: false };
        let names = NameList::read(&[scope], &parse_object(claims.as_bytes()).unwrap());
        // An allocation has at least 16 bytes, beside the pointer and the length.
        assert!(names.weight() >= 5_000 * (size_of::<Box<str>>() + 16), "{}", names.weight());
    }
}
