//! `scope_claims` and `group_claims` of the plugin JSON, or those of the profile → [`NameClaim`]s.

use super::context::{claim_path, not_empty};
use super::profile::Preset;
use crate::config;
use crate::config::error::{ConfigError, ConfigPath};
use crate::token::claims::ClaimPath;
use crate::token::name_list::{NameClaim, TextForm};

pub(super) fn scope_claims(
    path: &ConfigPath,
    given: Option<Vec<config::NamesClaim>>,
    preset: &Preset,
) -> Result<Box<[NameClaim]>, ConfigError> {
    match given {
        Some(given) => configured(&path.field("scope_claims"), given, &TextForm::Words, preset),
        None => Ok(preset.scopes.iter().filter_map(|names| literal(names, TextForm::Words, preset)).collect()),
    }
}

pub(super) fn group_claims(
    path: &ConfigPath,
    given: Option<Vec<config::NamesClaim>>,
    preset: &Preset,
    audiences: &[String],
) -> Result<Box<[NameClaim]>, ConfigError> {
    // Claims that are given replace all claims of the profile.
    if let Some(given) = given {
        return configured(&path.field("group_claims"), given, &TextForm::Name, preset);
    }
    let mut claims: Vec<_> = preset.groups.iter().filter_map(|names| literal(names, TextForm::Name, preset)).collect();
    if preset.roles_by_audience {
        let roles = |audience: &String| literal(&["resource_access", audience, "roles"], TextForm::Name, preset);
        claims.extend(audiences.iter().filter_map(roles));
    }
    Ok(claims.into())
}

/// A claim whose names are literal: an audience may be `*`.
fn literal(names: &[&str], text: TextForm, preset: &Preset) -> Option<NameClaim> {
    let path = ClaimPath::new(names)?;
    Some(NameClaim { path, text, form_encoded: preset.form_encodes_lists })
}

fn configured(
    path: &ConfigPath,
    given: Vec<config::NamesClaim>,
    text: &TextForm,
    preset: &Preset,
) -> Result<Box<[NameClaim]>, ConfigError> {
    let compile = |(index, given): (usize, config::NamesClaim)| {
        let path = path.item(index);
        let config::NamesClaim { claim, separator } = given;
        let text = match separator {
            None => text.clone(),
            Some(separator) if separator.is_empty() => {
                return Err(path.field("separator").error("is empty; write what is between two names, such as `,`"));
            }
            Some(separator) => TextForm::Separated(separator.into()),
        };
        Ok(NameClaim { path: claim_path(&path, &claim)?, text, form_encoded: preset.form_encodes_lists })
    };
    not_empty(path, given)?.into_iter().enumerate().map(compile).collect()
}
