//! The fields that the real objects have and the model has no use for, so that these can be told from
//! fields that nobody reads.

mod workflow;

/// Fields of an object: paths with `*` for any name, and `[]` for any item; everything below is known too.
/// The second says why it changes nothing in the model.
const KNOWN: &[(&str, &[(&str, &str)])] = &[
    (
        "Sensor",
        &[("spec.template", "the sensor's pod"), ("spec.replicas", "one is active at a time")],
    ),
    (
        "EventSource",
        &[("spec.template", "the source's pod"), ("spec.service", "the way to its pod")],
    ),
];

/// Why the field at `path` of an object of that kind is not modeled, if the real object has it.
pub(super) fn known(kind: &str, path: &str) -> Option<&'static str> {
    if let Some(why) = workflow::known(kind, path) {
        return Some(why);
    }
    let (_, fields) = KNOWN.iter().find(|(of, _)| *of == kind)?;
    fields.iter().find(|(known, _)| matches(known, path)).map(|(_, why)| *why)
}

/// The names of the fields beside `path`.
pub(super) fn siblings(kind: &str, path: &str) -> Vec<&'static str> {
    let beside = workflow::siblings(kind, path);
    if !beside.is_empty() {
        return beside;
    }
    let parent = path.rsplit_once('.').map_or("", |(parent, _)| parent);
    let fields = KNOWN.iter().find(|(of, _)| *of == kind).map_or(&[][..], |(_, fields)| fields);
    let name = |known: &&'static str| {
        let (before, name) = known.rsplit_once('.').unwrap_or(("", known));
        same(before, parent).then_some(name)
    };
    fields.iter().map(|(known, _)| known).filter_map(name).collect()
}

/// Whether `path` is `known` or below it.
fn matches(known: &str, path: &str) -> bool {
    let mut parts = path.split('.');
    known.split('.').all(|part| parts.next().is_some_and(|there| is_part(part, there)))
}

fn same(known: &str, path: &str) -> bool {
    known.split('.').count() == path.split('.').count() && matches(known, path)
}

/// `*` is any name, `a[]` any item of `a`.
fn is_part(known: &str, part: &str) -> bool {
    match known.strip_suffix("[]") {
        Some(list) => part.strip_prefix(list).is_some_and(|rest| rest.starts_with('[')),
        None => known == "*" || known == part,
    }
}
