//! Replies to refused requests: status, challenge (RFC 6750 §3) and body.
//!
//! By default the reply is the same for every invalid token, so a client does not learn the reason. The operator can
//! turn on the reason code, or the texts of Envoy's own filters. Envoy turns the body of a reply to a gRPC request into
//! `grpc-message`, so that body is words.

use std::borrow::Cow;

use crate::policy::requirement::Unmet;
use crate::policy::rule::Unauthorized;
use crate::reason::{Refusal, Undecidable};
use crate::request::HeaderName;
use crate::token::error::TokenError;

/// A local reply.
#[derive(Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    /// The body.
    pub body: Cow<'static, str>,
    /// Envoy's response code details, for access logs: `jwt_authorizer_denied{REASON}`.
    pub details: String,
}

/// How replies look, from `responses`.
#[derive(Debug)]
pub struct ReplyStyle {
    /// The realm of challenges. It has no quotes and no backslashes.
    pub realm: Option<Box<str>>,
    /// Whether the reply has the reason code.
    pub expose_reason: bool,
    /// The body's format.
    pub format: Format,
    /// Additional headers by status.
    pub headers: Box<[(u16, HeaderName, Box<str>)]>,
    /// `retry-after` of a 503, in seconds.
    pub retry_after: u64,
}

/// The body's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// API Gateway's: `{"message":"Unauthorized"}`.
    Aws,
    /// Problem details (RFC 9457).
    Problem,
    /// The plain text of Envoy's own filters.
    Envoy,
}

/// The challenge in `www-authenticate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Challenge {
    /// No challenge.
    None,
    /// A challenge without an error code, for a request without a credential.
    Plain,
    /// A challenge with an error code of RFC 6750 §3.1.
    Error(&'static str),
}

impl Reply {
    /// The reply to a refused request, for gRPC or not.
    pub fn new(refusal: &Refusal, style: &ReplyStyle, is_grpc: bool) -> Self {
        let (status, challenge) = status_and_challenge(refusal);
        let mut headers = Vec::with_capacity(3 + style.headers.len());
        headers.push((Cow::Borrowed("content-type"), Cow::Borrowed(style.format.content_type())));
        if let Some(challenge) = challenge.text(refusal, style) {
            headers.push((Cow::Borrowed("www-authenticate"), Cow::Owned(challenge)));
        }
        if status == 503 {
            headers.push((Cow::Borrowed("retry-after"), Cow::Owned(style.retry_after.to_string())));
        }
        for (for_status, name, value) in &style.headers {
            if *for_status == status {
                headers.push((Cow::Owned(name.as_str().to_owned()), Cow::Owned(value.to_string())));
            }
        }
        let body = if is_grpc { words(refusal, status, style) } else { body(refusal, status, style) };
        Self { status, headers, body, details: ["jwt_authorizer_denied{", refusal.label(), "}"].concat() }
    }
}

fn status_and_challenge(refusal: &Refusal) -> (u16, Challenge) {
    match refusal {
        Refusal::Request(_) => (400, Challenge::None),
        Refusal::CredentialAmbiguous => (400, Challenge::Error("invalid_request")),
        Refusal::TokenMissing => (401, Challenge::Plain),
        Refusal::Token(_) => (401, Challenge::Error("invalid_token")),
        Refusal::Unauthorized(Unauthorized::Unmet(_)) => (403, Challenge::Error("insufficient_scope")),
        Refusal::Unauthorized(Unauthorized::ProviderNotAllowed) | Refusal::RouteDenied => (403, Challenge::None),
        Refusal::Undecidable(_) => (503, Challenge::None),
    }
}

impl Challenge {
    fn text(self, refusal: &Refusal, style: &ReplyStyle) -> Option<String> {
        let error = match self {
            Self::None => return None,
            Self::Plain => None,
            Self::Error(code) => Some(code),
        };
        // Floods of invalid requests are common, and this is faster than `format!`.
        let mut text = String::with_capacity(120);
        text.push_str("Bearer");
        let mut add = |name: &str, value: &str| {
            let separator = if text.len() == "Bearer".len() { " " } else { ", " };
            [separator, name, "=\"", value, "\""].into_iter().for_each(|part| text.push_str(part));
        };
        if let Some(realm) = &style.realm {
            add("realm", realm);
        }
        if let Some(code) = error {
            add("error", code);
            if style.expose_reason {
                add("error_description", refusal.label());
            }
        }
        if let Refusal::Unauthorized(Unauthorized::Unmet(Unmet::Scopes(scopes))) = refusal {
            add("scope", &scopes.join(" "));
        }
        Some(text)
    }
}

/// The phrase of a status, and API Gateway's body.
fn title_and_message(status: u16) -> (&'static str, &'static str) {
    match status {
        400 => ("Bad Request", r#"{"message":"Bad Request"}"#),
        401 => ("Unauthorized", r#"{"message":"Unauthorized"}"#),
        403 => ("Forbidden", r#"{"message":"Forbidden"}"#),
        _ => ("Service Unavailable", r#"{"message":"Service Unavailable"}"#),
    }
}

fn words(refusal: &Refusal, status: u16, style: &ReplyStyle) -> Cow<'static, str> {
    let (title, _) = title_and_message(status);
    match style.format {
        Format::Envoy => envoy_text(refusal).into(),
        Format::Aws | Format::Problem if style.expose_reason => format!("{title}: {}", refusal.label()).into(),
        Format::Aws | Format::Problem => title.into(),
    }
}

fn body(refusal: &Refusal, status: u16, style: &ReplyStyle) -> Cow<'static, str> {
    let (title, aws) = title_and_message(status);
    match style.format {
        Format::Aws => aws.into(),
        Format::Problem if style.expose_reason => {
            format!(r#"{{"type":"about:blank","title":"{title}","status":{status},"detail":"{}"}}"#, refusal.label())
                .into()
        }
        Format::Problem => format!(r#"{{"type":"about:blank","title":"{title}","status":{status}}}"#).into(),
        Format::Envoy => envoy_text(refusal).into(),
    }
}

/// The texts of Envoy's own filters (`jwt_verify_lib/status.cc`, the RBAC filter). Log parsers and clients may depend
/// on them.
fn envoy_text(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::TokenMissing => "Jwt is missing",
        Refusal::Token(TokenError::Malformed) => {
            "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections"
        }
        Refusal::Token(TokenError::IssuerUnknown | TokenError::IdentitySourceMismatch | TokenError::TenantMismatch) => {
            "Jwt issuer is not configured"
        }
        Refusal::Token(TokenError::AlgorithmNotAllowed) => "Jwt header [alg] is not supported",
        Refusal::Token(TokenError::KeyUnknown) => "Jwks doesn't have key to match kid or alg from Jwt",
        Refusal::Token(TokenError::Expired) => "Jwt is expired",
        Refusal::Token(TokenError::NotYetValid | TokenError::IssuedInFuture) => "Jwt not yet valid",
        Refusal::Token(TokenError::AudienceMismatch | TokenError::ClientMismatch) => "Audiences in Jwt are not allowed",
        Refusal::Token(
            TokenError::TooLarge
            | TokenError::KeyAmbiguous
            | TokenError::SignatureInvalid
            | TokenError::ExpirationMissing
            | TokenError::LifetimeTooLong
            | TokenError::UseMismatch
            | TokenError::TypeMismatch
            | TokenError::Bound
            | TokenError::CriticalHeader
            | TokenError::ClaimUnforwardable,
        ) => "Jwt verification fails",
        Refusal::Undecidable(Undecidable::KeysUnavailable) => "Jwks remote fetch is failed",
        Refusal::Undecidable(Undecidable::ClockUnavailable | Undecidable::HeadersUnreadable) => "Service Unavailable",
        Refusal::Request(_) | Refusal::CredentialAmbiguous => "Bad Request",
        Refusal::Unauthorized(_) | Refusal::RouteDenied => "RBAC: access denied",
    }
}

impl Format {
    fn content_type(self) -> &'static str {
        match self {
            Self::Aws => "application/json",
            Self::Problem => "application/problem+json",
            Self::Envoy => "text/plain",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(refusal: &Refusal, format: Format, expose_reason: bool, is_grpc: bool) -> Reply {
        let style = ReplyStyle { realm: None, expose_reason, format, headers: [].into(), retry_after: 5 };
        Reply::new(refusal, &style, is_grpc)
    }

    #[test]
    fn the_body_of_a_reply_to_grpc_is_words() {
        let expired = Refusal::Token(TokenError::Expired);
        let no_keys = Refusal::Undecidable(Undecidable::KeysUnavailable);
        for (refusal, format, expose_reason, expected) in [
            (&expired, Format::Aws, false, "Unauthorized"),
            (&expired, Format::Aws, true, "Unauthorized: token_expired"),
            (&expired, Format::Problem, false, "Unauthorized"),
            (&expired, Format::Problem, true, "Unauthorized: token_expired"),
            (&expired, Format::Envoy, false, "Jwt is expired"),
            (&Refusal::RouteDenied, Format::Aws, false, "Forbidden"),
            (&Refusal::CredentialAmbiguous, Format::Aws, false, "Bad Request"),
            (&no_keys, Format::Problem, false, "Service Unavailable"),
        ] {
            let grpc = reply(refusal, format, expose_reason, true);
            let http = reply(refusal, format, expose_reason, false);
            assert_eq!(grpc.body, expected);
            assert_eq!((grpc.status, &grpc.headers), (http.status, &http.headers));
            assert_eq!(http.body.starts_with('{'), format != Format::Envoy, "{}", http.body);
        }
    }

    #[test]
    fn the_details_have_the_reason_whatever_the_format() {
        for format in [Format::Aws, Format::Problem, Format::Envoy] {
            let reply = reply(&Refusal::TokenMissing, format, false, false);
            assert_eq!(reply.details, "jwt_authorizer_denied{token_missing}");
        }
    }
}
