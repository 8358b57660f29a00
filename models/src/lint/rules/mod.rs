//! The rules, a file each, and what several of them share.

mod sensors;

pub(super) mod misplaced_in_template;
pub(super) mod settings_refused;
