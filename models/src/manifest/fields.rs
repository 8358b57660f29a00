//! The fields that the real objects have and the model has no use for, so that these can be told from
//! fields that nobody reads.

mod workflow;

/// Why the field at `path` of an object of that kind is not modeled, if the real object has it.
pub(super) fn known(kind: &str, path: &str) -> Option<&'static str> {
    super::known::known(kind, path).or_else(|| workflow::known(kind, path))
}

/// The names of the fields beside `path`.
pub(super) fn siblings(kind: &str, path: &str) -> Vec<&'static str> {
    let beside = super::known::siblings(kind, path);
    if beside.is_empty() { workflow::siblings(kind, path) } else { beside }
}
