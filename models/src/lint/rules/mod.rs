//! The rules, a file each.

pub(super) mod load_ack_wait;
pub(super) mod load_bus;
pub(super) mod load_client;
pub(super) mod load_consumers;
pub(super) mod load_locks;
pub(super) mod load_pods;
pub(super) mod load_rate_limits;
pub(super) mod load_routes;
pub(super) mod load_serial;
pub(super) mod load_targets;
pub(super) mod misplaced_in_template;
pub(super) mod settings_refused;
