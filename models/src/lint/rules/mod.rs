//! The rules, a file each, and what several of them share.

mod sensors;
mod words;

pub(super) mod client_qps;
pub(super) mod dead_letter_rate_limit;
pub(super) mod misplaced_in_template;
pub(super) mod rate_limit_unit;
pub(super) mod rate_limit_zero;
pub(super) mod sensor_rate_limit;
pub(super) mod settings_refused;
pub(super) mod slack_burst;
