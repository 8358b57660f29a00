//! The fields that the real objects have and the model has no use for, so that these can be told from
//! fields that nobody reads.

/// Fields of an object: paths with `*` for any name, and `[]` for any item; everything below is known too.
/// The second says why it changes nothing in the model.
const KNOWN: &[(&str, &[(&str, &str)])] = &[];

/// Why the field at `path` of an object of that kind is not modeled, if the real object has it.
pub(super) fn known(kind: &str, path: &str) -> Option<&'static str> {
    if let Some(why) = super::known::known(kind, path) {
        return Some(why);
    }
    let (kind, path) = within_trigger(kind, path);
    let (_, fields) = KNOWN.iter().find(|(of, _)| *of == kind)?;
    fields.iter().find(|(known, _)| matches(known, path)).map(|(_, why)| *why)
}

/// A workflow within a trigger has the fields of any other.
fn within_trigger<'p>(kind: &'p str, path: &'p str) -> (&'p str, &'p str) {
    match path.split_once(".source.resource.") {
        Some((_, path)) if kind == "Sensor" => ("Workflow", path),
        _ => (kind, path),
    }
}

/// The names of the fields beside `path`.
pub(super) fn siblings(kind: &str, path: &str) -> Vec<&'static str> {
    let beside = super::known::siblings(kind, path);
    if !beside.is_empty() {
        return beside;
    }
    let (kind, path) = within_trigger(kind, path);
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
