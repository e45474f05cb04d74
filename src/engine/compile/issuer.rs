//! Which tokens belong to a provider: those of its issuer, or those without `iss` whose subjects it lists.

use super::context::{Context, claim_path, names, not_empty};
use super::key_source::TENANT;
use crate::config;
use crate::config::error::{ConfigError, ConfigPath};
use crate::token::authenticator::Issuer;
use crate::token::claims::ClaimPath;
use crate::token::subject::SubjectPattern;

/// The fields of a provider that say which tokens belong to it.
pub(super) struct Origin {
    pub(super) issuer: Option<String>,
    pub(super) without_issuer: bool,
    pub(super) subjects: Option<Vec<String>>,
    pub(super) tenants: Option<Vec<String>>,
    pub(super) tenant_claim: Option<config::ClaimName>,
}

impl Context {
    /// Adds the origin of the next provider. Returns its issuer, which is empty if its tokens have none, and the claim
    /// with the tenant.
    pub(super) fn add_origin(
        &mut self,
        path: &ConfigPath,
        origin: Origin,
    ) -> Result<(String, Option<ClaimPath>), ConfigError> {
        let Origin { issuer, without_issuer, subjects, tenants, tenant_claim } = origin;
        let is_template = issuer.as_deref().is_some_and(|issuer| issuer.contains(TENANT));
        let needs_template = "needs `{tenantid}` in the issuer; write it there, or remove";
        if tenants.is_some() && !is_template {
            return Err(path.field("tenants").error(format!("{needs_template} `tenants`")));
        }
        let tenant_claim = match tenant_claim {
            Some(_) if !is_template => {
                return Err(path.field("tenant_claim").error(format!("{needs_template} `tenant_claim`")));
            }
            Some(name) => Some(claim_path(&path.field("tenant_claim"), &name)?),
            None => ClaimPath::new(&["tid"]).filter(|_| is_template),
        };
        match (issuer, without_issuer, subjects) {
            (Some(_), true, _) => Err(path.field("without_issuer").error("contradicts `issuer`; keep one of the two")),
            (None, false, _) => Err(path.field("issuer").error("is required")),
            (Some(_), false, Some(_)) => Err(path
                .field("subjects")
                .error("needs `without_issuer`; with an `issuer`, compare `sub` in a rule's `require`")),
            (None, true, None) => Err(path.field("subjects").error(
                "is required because of `without_issuer`; list the accepted subjects, such as `spiffe://example.org/*`",
            )),
            (None, true, Some(subjects)) => {
                self.add_subjects(&path.field("subjects"), subjects)?;
                Ok((String::new(), tenant_claim))
            }
            (Some(issuer), false, None) => {
                self.add_issuers(path, &issuer, tenants)?;
                Ok((issuer, tenant_claim))
            }
        }
    }

    fn add_issuers(
        &mut self,
        path: &ConfigPath,
        issuer: &str,
        tenants: Option<Vec<String>>,
    ) -> Result<(), ConfigError> {
        let provider = self.providers.next_index();
        let issuer_path = path.field("issuer");
        if issuer.is_empty() {
            return Err(issuer_path.error("is empty; write the `iss` of the tokens, byte for byte"));
        }
        let issuers: Vec<(String, Option<Box<str>>)> = match tenants {
            Some(tenants) => names(&path.field("tenants"), tenants)?
                .into_iter()
                .map(|tenant| (issuer.replace(TENANT, &tenant), Some(tenant)))
                .collect(),
            None if issuer.contains(TENANT) => {
                return Err(path
                    .field("tenants")
                    .error("is required because the issuer has `{tenantid}`; list the accepted tenants"));
            }
            None => vec![(issuer.to_owned(), None)],
        };
        for (issuer, tenant) in issuers {
            if let Some(other) = self.issuers.get(issuer.as_str()) {
                let other =
                    if other.provider == provider { "this provider" } else { &*self.providers[other.provider].name };
                return Err(
                    issuer_path.error(format!("is also the issuer of `{other}`; each issuer must have one provider"))
                );
            }
            self.issuers.insert(issuer.into(), Issuer { provider, tenant });
        }
        Ok(())
    }

    fn add_subjects(&mut self, path: &ConfigPath, subjects: Vec<String>) -> Result<(), ConfigError> {
        let provider = self.providers.next_index();
        for (index, text) in not_empty(path, subjects)?.into_iter().enumerate() {
            let path = path.item(index);
            let pattern = SubjectPattern::parse(&text).ok_or_else(|| {
                path.error("is not a valid subject; write it in full, or its beginning with `*` behind it")
            })?;
            let other = self.subjects.iter().find(|(known, of)| *of != provider && known.overlaps(&pattern));
            if let Some((_, other)) = other {
                return Err(path.error(format!(
                    "overlaps with a subject of `{}`; each subject must have one provider",
                    self.providers[*other].name
                )));
            }
            self.subjects.push((pattern, provider));
        }
        Ok(())
    }
}
