//! The account of an import: what became of every field that is written in the manifests.
//!
//! Invariant: no field is passed over in silence. A field is marked as it is read ([`Node`]); the rest is
//! looked up among the fields that the real objects have, and listed as not modeled or as unknown.

use std::collections::BTreeMap;

use serde::Serialize;

use super::files::Manifest;
use super::yaml::{Fate, Node, Place};
use super::{Importer, fields};
use crate::diagnostic::{Location, nearest};

/// What became of one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Where the field's value stands; for a list or a map, the field's name.
    pub location: Location,
    /// The object: `Sensor/orders`.
    pub object: String,
    /// The field within the object: `spec.triggers[0].rateLimit`.
    pub field: String,
    /// What is written there; empty for lists and maps.
    pub written: String,
    /// What became of it.
    pub became: Became,
}

/// What can become of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Became {
    /// It is part of the model.
    Taken {
        /// The parameter of the model, as for `--set`: `orders.triggers[0].rate_limit`.
        parameter: String,
        /// Its value there.
        value: String,
    },
    /// It is understood, and changes nothing in the model.
    NotModeled {
        /// Why not, or what it would change.
        why: String,
    },
    /// The real objects have no such field: nobody reads it.
    Unknown {
        /// The field that was meant, perhaps.
        #[serde(skip_serializing_if = "Option::is_none")]
        nearest: Option<String>,
    },
}

/// Entries while an import is under way: the fields of the tree refer to them by number.
#[derive(Debug, Default)]
pub(crate) struct Account {
    became: Vec<Became>,
    /// Of fields that are no nodes of a document, such as those within `streamConfig`.
    apart: Vec<Entry>,
}

impl Importer {
    /// Records that the value of a field became a parameter of the model.
    pub(crate) fn take(
        &mut self,
        node: &Node,
        parameter: impl Into<String>,
        value: impl Into<String>,
    ) {
        self.take_itself(node, parameter, value);
        node.read_below();
    }

    /// Records that a field became a parameter of the model; the fields below it have fates of their own.
    pub(crate) fn take_itself(
        &mut self,
        node: &Node,
        parameter: impl Into<String>,
        value: impl Into<String>,
    ) {
        let became = Became::Taken { parameter: parameter.into(), value: value.into() };
        node.set_fate(Fate::Told(self.account.push(became)));
    }

    /// Records that a field, with everything below it, is understood and changes nothing.
    pub(crate) fn not_modeled(&mut self, node: &Node, why: impl Into<String>) {
        node.set_fate(Fate::Told(self.account.push(Became::NotModeled { why: why.into() })));
        node.read_below();
    }

    /// Records a field that is no node of a document, such as one within `streamConfig`.
    pub(crate) fn account_apart(
        &mut self,
        manifest: Manifest<'_>,
        place: Place,
        field: impl Into<String>,
        written: impl Into<String>,
        became: Became,
    ) {
        let (object, location) = (manifest.title(), place.location(manifest.file));
        self.account.apart.push(Entry {
            location,
            object,
            field: field.into(),
            written: written.into(),
            became,
        });
    }

    /// Lists the fields of a document within a scalar, which stands at `path` of an object.
    pub(crate) fn account_embedded(&mut self, manifest: Manifest<'_>, root: &Node, path: &str) {
        let mut entries = Vec::new();
        self.account.list(manifest, root, path.to_owned(), &mut entries);
        self.account.apart.append(&mut entries);
    }

    /// Everything that became of the fields of these objects, in the order of the files.
    pub(super) fn entries(&mut self, objects: &[Manifest<'_>]) -> Vec<Entry> {
        let mut entries = std::mem::take(&mut self.account.apart);
        for object in objects {
            self.account.list(*object, object.root, String::new(), &mut entries);
        }
        let mut order: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, object) in objects.iter().enumerate() {
            order.entry(object.file).or_insert(index);
        }
        entries.sort_by_cached_key(|entry| {
            let Location { file, line, column, .. } = &entry.location;
            (order.get(file.as_str()).copied(), *line, *column, entry.field.clone())
        });
        entries
    }
}

impl Account {
    fn push(&mut self, became: Became) -> u32 {
        self.became.push(became);
        u32::try_from(self.became.len() - 1).expect("fewer fields than a document may have")
    }

    fn list(&self, object: Manifest<'_>, node: &Node, path: String, entries: &mut Vec<Entry>) {
        let became = match node.fate() {
            Fate::Read => None,
            Fate::Told(number) => Some(self.became[number as usize].clone()),
            Fate::Unread if path.is_empty() || node.is_null() => None,
            Fate::Unread => Some(not_read(object.kind, &path)),
        };
        let told = became.is_some();
        if let Some(became) = became {
            entries.push(Entry {
                location: beginning(node).location(object.file),
                object: object.title(),
                field: path.clone(),
                written: node.scalar().unwrap_or_default().to_owned(),
                became,
            });
        }
        // Of what was not read as a whole only the beginning is listed.
        if told && node.fate() == Fate::Unread {
            return;
        }
        for (name, field) in node.fields() {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            self.list(object, field, path, entries);
        }
        for (index, item) in node.items().iter().enumerate() {
            let items_are_read = node.fate() != Fate::Unread;
            if items_are_read && item.fate() == Fate::Unread {
                item.set_fate(Fate::Read);
            }
            self.list(object, item, format!("{path}[{index}]"), entries);
        }
    }
}

/// A field that nobody asked for: does the real object have it?
fn not_read(kind: &str, path: &str) -> Became {
    let why = fields::known(kind, path);
    match why {
        Some(why) => Became::NotModeled { why: why.to_owned() },
        None => {
            let name = path.rsplit('.').next().unwrap_or(path);
            let siblings = fields::siblings(kind, path);
            Became::Unknown { nearest: nearest(name, &siblings).map(str::to_owned) }
        }
    }
}

/// A list or a map begins with its name: its value may be lines further down.
fn beginning(node: &Node) -> Place {
    if node.scalar().is_some() { node.place() } else { node.key() }
}
