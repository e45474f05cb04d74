//! Policy: which rule a request falls under, and what the rule asks of a verified token.

pub mod authorizer;
pub mod requirement;
pub mod route;
pub mod rule;
pub mod table;
