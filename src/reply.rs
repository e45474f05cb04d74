//! The one table from reasons to replies (RFC 6750 §3, API Gateway's bodies).
//!
//! Outside, all faults of a token look alike; the reason is told only where the operator asked for its code, or for the
//! texts of `jwt_authn`.

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
}

/// How replies look, from `responses`.
#[derive(Debug)]
pub struct ReplyStyle {
    /// The realm of challenges, already without quotes and backslashes.
    pub realm: Option<Box<str>>,
    /// Whether the reason is told.
    pub expose_reason: bool,
    /// The body's format.
    pub format: Format,
    /// Extra headers by status.
    pub headers: Box<[(u16, HeaderName, Box<str>)]>,
    /// Seconds to wait after a 503.
    pub retry_after: u64,
}

/// The body's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `{"message":"Unauthorized"}`.
    Aws,
    /// RFC 9457.
    Problem,
    /// Envoy's plain text.
    Envoy,
}

/// The error code of a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Challenge {
    /// No challenge.
    None,
    /// One without an error: no credential came.
    Plain,
    /// One with an error code of RFC 6750 §3.1.
    Error(&'static str),
}

impl Reply {
    /// The reply to a reason to refuse.
    pub fn new(refusal: &Refusal, style: &ReplyStyle) -> Self {
        let (status, challenge) = row(refusal);
        let mut headers = Vec::with_capacity(3 + style.headers.len());
        headers.push((Cow::Borrowed("content-type"), Cow::Borrowed(style.format.content_type())));
        if let Some(challenge) = challenge.text(refusal, style) {
            headers.push((Cow::Borrowed("www-authenticate"), Cow::Owned(challenge)));
        }
        if status == 503 {
            headers.push((Cow::Borrowed("retry-after"), Cow::Owned(style.retry_after.to_string())));
        }
        for (when, name, value) in &style.headers {
            if *when == status {
                headers.push((Cow::Owned(name.as_str().to_owned()), Cow::Owned(value.to_string())));
            }
        }
        Self { status, headers, body: body(refusal, status, style) }
    }
}

fn row(refusal: &Refusal) -> (u16, Challenge) {
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
        // Garbage comes in floods, so a refusal goes without the detour through `format!`.
        let mut text = String::with_capacity(120);
        text.push_str("Bearer");
        let mut say = |name: &str, value: &str| {
            let separator = if text.len() == "Bearer".len() { " " } else { ", " };
            [separator, name, "=\"", value, "\""].into_iter().for_each(|part| text.push_str(part));
        };
        if let Some(realm) = &style.realm {
            say("realm", realm);
        }
        if let Some(code) = error {
            say("error", code);
            if style.expose_reason {
                say("error_description", refusal.label());
            }
        }
        if let Refusal::Unauthorized(Unauthorized::Unmet(Unmet::Scopes(scopes))) = refusal {
            say("scope", &scopes.join(" "));
        }
        Some(text)
    }
}

fn body(refusal: &Refusal, status: u16, style: &ReplyStyle) -> Cow<'static, str> {
    let (title, aws) = match status {
        400 => ("Bad Request", r#"{"message":"Bad Request"}"#),
        401 => ("Unauthorized", r#"{"message":"Unauthorized"}"#),
        403 => ("Forbidden", r#"{"message":"Forbidden"}"#),
        _ => ("Service Unavailable", r#"{"message":"Service Unavailable"}"#),
    };
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

/// What Envoy's own filters say (`jwt_verify_lib/status.cc`, the RBAC filter), which log parsers and clients may look for.
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
