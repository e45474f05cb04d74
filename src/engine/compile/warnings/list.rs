//! The warnings so far.

use crate::config::error::{ConfigPath, Warning};

/// Each with its path.
#[derive(Default)]
pub(super) struct Warnings(Vec<Warning>);

impl Warnings {
    // Not inlined into its many callers: that would add 1 % to the module.
    #[inline(never)]
    pub(super) fn add(&mut self, path: &ConfigPath, field: &str, problem: &str) {
        self.0.push(path.field(field).warning(problem));
    }

    #[inline(never)]
    pub(super) fn add_item(&mut self, path: &ConfigPath, list: &str, index: usize, problem: &str) {
        self.0.push(path.field(list).item(index).warning(problem));
    }

    pub(super) fn into_list(self) -> Vec<Warning> {
        self.0
    }
}
