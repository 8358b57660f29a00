//! The rules, a file each.

pub(super) mod misplaced_in_template;
pub(super) mod settings_refused;
