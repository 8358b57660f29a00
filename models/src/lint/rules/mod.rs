//! The rules, a file each, and what several of them need.

pub(super) mod bus_replicas_refused;
pub(super) mod bus_version;
pub(super) mod discard_old_evicts;
mod event_types;
pub(super) mod exotic_not_merged;
pub(super) mod exotic_url;
pub(super) mod file_store_over_volume;
pub(super) mod integer_max_age;
pub(super) mod legacy_stan;
pub(super) mod limits_retention_discard_new;
pub(super) mod max_age_under_duplicates;
pub(super) mod max_payload;
pub(super) mod misplaced_in_template;
pub(super) mod no_persistence;
mod quantities;
mod settings;
pub(super) mod settings_refused;
pub(super) mod stream_config_unknown_key;
pub(super) mod stream_config_zero;
pub(super) mod stream_replicas;
mod streams;
pub(super) mod work_queue_retention;
