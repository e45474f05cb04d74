//! Policy: which rule applies to a request, and whether a verified token meets it.

pub mod authorizer;
pub mod host_pattern;
pub mod requirement;
pub mod route;
pub mod rule;
pub mod table;
pub mod variable;
