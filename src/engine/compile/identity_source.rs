//! The identity sources of one provider.

use super::context::{Context, not_empty};
use crate::config;
use crate::config::error::{ConfigError, ConfigPath};
use crate::token::source::{Place, Scheme, Source, SourceSet};

impl Context {
    pub(super) fn sources_of(
        &mut self,
        path: &ConfigPath,
        sources: Option<Vec<config::IdentitySource>>,
    ) -> Result<SourceSet, ConfigError> {
        let authorization =
            || config::IdentitySource { source: "$request.header.Authorization".to_owned(), scheme: None };
        let sources = sources.unwrap_or_else(|| vec![authorization()]);
        let mut set = SourceSet::NONE;
        for (index, source) in not_empty(path, sources)?.into_iter().enumerate() {
            let path = path.item(index);
            let source = self.sources.add(compiled(&path, source)?);
            set = set
                .with(source.ok_or_else(|| path.error("is one source too many; all providers together may have 64"))?);
        }
        Ok(set)
    }
}

fn compiled(path: &ConfigPath, source: config::IdentitySource) -> Result<Source, ConfigError> {
    let config::IdentitySource { source: text, scheme } = source;
    let place = Place::parse(&text).ok_or_else(|| {
        path.error(format!(
            "`{text}` is not a valid identity source; write `$request.header.NAME`, `$request.querystring.NAME`, `$request.cookie.NAME` or `$request.websocket`"
        ))
    })?;
    let scheme = scheme.map(|text| {
        if place == Place::WebSocket {
            return Err("is not for `$request.websocket`: the subprotocol before the token is always `bearer`; leave it out".to_owned());
        }
        Scheme::parse(&text).ok_or_else(|| {
            format!("`{text}` is not a valid scheme; write `required` or `optional` for `Bearer`, or the name of another scheme (RFC 9110 §11.1)")
        })
    });
    let scheme = scheme.transpose().map_err(|problem| path.field("scheme").error(problem))?;
    Ok(Source::new(place, scheme))
}
