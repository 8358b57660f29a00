//! A deserializer around `ron`'s that knows where it is in the tree of values.
//!
//! It does three things that `ron` does not: it remembers which value an error belongs to, it looks
//! at a value's shape before `ron` reads it (so that `1.5` where a whole number belongs is not "a
//! missing comma"), and it applies [`Repairs`]: values known to be wrong are skipped and replaced
//! by dummies, unknown fields are skipped, missing ones are supplied, so that the next pass finds
//! the next problem.
//!
//! A string or number where an enum is expected goes to the visitor as such: enums that have a
//! short form (`"30ms"` for `Constant("30ms")`) accept it, others report it.

mod parts;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{Deserializer, EnumAccess, Error, Expected, MapAccess, SeqAccess, Visitor};

use parts::{TrackedEnum, TrackedMap, TrackedSeq};

use super::tree::{NodeId, Shape, SpanIndex, Tree};

/// What has been found wrong so far, and how to get past it.
#[derive(Default)]
pub(super) struct Repairs {
    /// Values that are skipped and replaced.
    pub(super) replaced: BTreeSet<NodeId>,
    /// Fields that are skipped, with their names.
    pub(super) skipped: BTreeSet<NodeId>,
    /// Fields that are missing from a struct and supplied.
    pub(super) supplied: BTreeMap<NodeId, Vec<&'static str>>,
}

/// The value that an error belongs to.
#[derive(Clone, Debug)]
pub(super) struct Culprit {
    pub(super) node: NodeId,
    /// What the type wants there, if a value was wrong.
    pub(super) wanted: Option<String>,
}

/// The message of errors that the culprit says more about.
pub(super) const UNFIT: &str = "unfit";

/// One pass over the tree.
pub(super) struct Track<'t> {
    pub(super) index: &'t SpanIndex,
    pub(super) repairs: &'t Repairs,
    pub(super) culprit: RefCell<Option<Culprit>>,
    /// Whether to put into words what is wanted: it costs time at every value, so that a first
    /// pass does without.
    pub(super) words: Words,
}

/// Whether a pass can say what it wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    /// It only finds whether there is a problem.
    None,
    /// It explains the first problem.
    All,
}

impl Track<'_> {
    fn tree(&self) -> &Tree {
        &self.index.tree
    }

    /// Remembers the innermost value that an error passes on its way out.
    fn blame<E>(&self, node: Option<NodeId>, wanted: Option<String>, error: E) -> E {
        let mut culprit = self.culprit.borrow_mut();
        if let (None, Some(node)) = (&*culprit, node) {
            *culprit = Some(Culprit { node, wanted });
        }
        error
    }
}

/// Where the deserializer is.
#[derive(Clone, Copy)]
pub(super) struct At {
    pub(super) node: Option<NodeId>,
    /// Whether this is the content of the variant at `node`: with `UNWRAP_VARIANT_NEWTYPES` the
    /// fields of a struct in a variant stand directly in the variant's parentheses.
    inside: bool,
}

impl At {
    pub(super) const fn value(node: Option<NodeId>) -> Self {
        Self { node, inside: false }
    }

    const fn inside(node: Option<NodeId>) -> Self {
        Self { node, inside: true }
    }

    /// The value itself where it cannot share the variant's parentheses.
    fn settled(self, tree: &Tree) -> Option<NodeId> {
        if !self.inside {
            return self.node;
        }
        self.node.map(|node| tree.content(node).unwrap_or(node))
    }

    /// The first of the parts of this value.
    fn first_child(self, track: &Track<'_>) -> Option<NodeId> {
        self.node.and_then(|node| track.tree().node(node).first_child)
    }

    fn is_replaced(self, track: &Track<'_>) -> bool {
        let node = self.settled(track.tree());
        node.is_some_and(|node| track.repairs.replaced.contains(&node)) && node != self.variant()
    }

    fn variant(self) -> Option<NodeId> {
        self.node.filter(|_| self.inside)
    }
}

/// The deserializer of one value.
pub(super) struct Tracked<'a, 't, D> {
    pub(super) inner: D,
    pub(super) at: At,
    pub(super) track: &'a Track<'t>,
}

/// What the parts in parentheses have before them.
#[derive(Clone, Copy)]
enum Keys {
    /// Names of fields.
    Names(&'static [&'static str]),
    /// Nothing: so many values one after the other.
    None(usize),
}

impl Keys {
    /// Whether the parts of `node` have such keys; where there are no parts, any will do.
    fn fit(self, node: Option<NodeId>, track: &Track<'_>) -> bool {
        let Some(node) = node else { return true };
        let mut parts = track.tree().children(node);
        let wants_key = matches!(self, Self::Names(_));
        parts.all(|part| track.tree().node(part).key.is_some() == wants_key)
    }

    /// Whether `node` has parentheses, too.
    fn fit_at(self, node: Option<NodeId>, track: &Track<'_>) -> bool {
        let shape = node.map(|node| track.tree().node(node).shape);
        shape.is_none_or(|shape| shape == Shape::Parens) && self.fit(node, track)
    }

    fn wanted(self) -> String {
        match self {
            Self::Names(names) => super::explain::fields(names),
            Self::None(length) => format!("{length} values in parentheses: `(value, ...)`"),
        }
    }
}

/// What a visitor says it wants.
fn wanted<'de, V: Visitor<'de>>(visitor: &V) -> String {
    struct Wanted<'v, V>(&'v V);
    impl<'de, V: Visitor<'de>> fmt::Display for Wanted<'_, V> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            Expected::fmt(self.0, f)
        }
    }
    super::explain::in_our_words(&Wanted(visitor).to_string())
}

impl<'a, 't, D> Tracked<'a, 't, D> {
    fn shape(&self) -> Option<Shape> {
        let node = self.at.settled(self.track.tree())?;
        Some(self.track.tree().node(node).shape)
    }

    /// Reads a value that stands by itself, after a look at its shape.
    fn read<'de, V, F>(self, visitor: V, fits: bool, read: F) -> Result<V::Value, D::Error>
    where
        D: Deserializer<'de>,
        V: Visitor<'de>,
        F: FnOnce(D, TrackedVisitor<'a, 't, V>) -> Result<V::Value, D::Error>,
    {
        let node = self.at.settled(self.track.tree());
        let Self { inner, track, .. } = self;
        let wanted = (track.words == Words::All).then(|| wanted(&visitor));
        if !fits {
            return Err(track.blame(node, wanted, D::Error::custom(UNFIT)));
        }
        read(inner, TrackedVisitor { inner: visitor, at: At::value(node), track })
            .map_err(|error| track.blame(node, wanted, error))
    }

    /// Reads a value whose parts stand in parentheses, perhaps those of the variant around it.
    fn read_parens<'de, V, F>(self, visitor: V, keys: Keys, read: F) -> Result<V::Value, D::Error>
    where
        D: Deserializer<'de>,
        V: Visitor<'de>,
        F: FnOnce(D, TrackedVisitor<'a, 't, V>) -> Result<V::Value, D::Error>,
    {
        let Self { inner, at, track } = self;
        if !keys.fit_at(at.node, track) {
            return Err(track.blame(at.node, Some(keys.wanted()), D::Error::custom(UNFIT)));
        }
        read(inner, TrackedVisitor { inner: visitor, at, track })
            .map_err(|error| track.blame(at.node, Some(keys.wanted()), error))
    }

    fn is_whole_number(&self) -> bool {
        let Some(node) = self.at.settled(self.track.tree()) else { return true };
        let node = self.track.tree().node(node);
        let text = &self.track.index.text[node.span.range()];
        let is_based = ["0x", "0b", "0o"].iter().any(|base| text.contains(base));
        node.shape == Shape::Number && (is_based || !text.contains(['.', 'e', 'E']))
    }

    fn is(&self, shapes: &[Shape]) -> bool {
        self.shape().is_none_or(|shape| shapes.contains(&shape))
    }
}

macro_rules! read_if {
    ($($method:ident: $fits:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            let fits: fn(&Self) -> bool = $fits;
            let fits = fits(&self);
            self.read(visitor, fits, |inner, visitor| inner.$method(visitor))
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Tracked<'_, '_, D> {
    type Error = D::Error;

    read_if! {
        deserialize_bool: |this| this.is(&[Shape::Name]);
        deserialize_i8: Self::is_whole_number;
        deserialize_i16: Self::is_whole_number;
        deserialize_i32: Self::is_whole_number;
        deserialize_i64: Self::is_whole_number;
        deserialize_i128: Self::is_whole_number;
        deserialize_u8: Self::is_whole_number;
        deserialize_u16: Self::is_whole_number;
        deserialize_u32: Self::is_whole_number;
        deserialize_u64: Self::is_whole_number;
        deserialize_u128: Self::is_whole_number;
        deserialize_f32: |this| this.is(&[Shape::Number, Shape::Name]);
        deserialize_f64: |this| this.is(&[Shape::Number, Shape::Name]);
        deserialize_char: |this| this.is(&[Shape::Char]);
        deserialize_str: |this| this.is(&[Shape::String]);
        deserialize_string: |this| this.is(&[Shape::String]);
        deserialize_bytes: |this| this.is(&[Shape::String, Shape::List]);
        deserialize_byte_buf: |this| this.is(&[Shape::String, Shape::List]);
        deserialize_seq: |this| this.is(&[Shape::List]);
        deserialize_map: |this| this.is(&[Shape::Map]);
        deserialize_option: |_| true;
        deserialize_unit: |_| true;
        deserialize_identifier: |_| true;
        deserialize_ignored_any: |_| true;
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.read(visitor, true, |inner, visitor| inner.deserialize_any(visitor))
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.read(visitor, true, |inner, visitor| inner.deserialize_unit_struct(name, visitor))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let Self { inner, at, track } = self;
        let node = at.settled(track.tree());
        // Within a variant the parentheses of the variant serve; else the newtype has its own.
        let at = if at.inside { At::value(node) } else { At::inside(node) };
        let visitor = TrackedVisitor { inner: visitor, at, track };
        let read = inner.deserialize_newtype_struct(name, visitor);
        read.map_err(|error| track.blame(node, None, error))
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.read_parens(visitor, Keys::None(length), |inner, visitor| {
            inner.deserialize_tuple(length, visitor)
        })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.read_parens(visitor, Keys::None(length), |inner, visitor| {
            inner.deserialize_tuple_struct(name, length, visitor)
        })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let keys = Keys::Names(fields);
        self.read_parens(visitor, keys, |inner, visitor| {
            inner.deserialize_struct(name, fields, visitor)
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let Self { inner, at, track } = self;
        let node = at.settled(track.tree());
        let shape = node.map(|node| track.tree().node(node).shape);
        let wanted = (track.words == Words::All)
            .then(|| super::explain::variants(&self::wanted(&visitor), name, variants));
        let visitor = TrackedVisitor { inner: visitor, at: At::value(node), track };
        let read = match shape {
            Some(Shape::String) => inner.deserialize_str(visitor),
            Some(Shape::Number) => inner.deserialize_any(visitor),
            Some(Shape::Name | Shape::Parens) | None => {
                inner.deserialize_enum(name, variants, visitor)
            }
            Some(_) => Err(D::Error::custom(UNFIT)),
        };
        read.map_err(|error| track.blame(node, wanted, error))
    }
}

/// A visitor that tells the parts of a value where they are.
pub(super) struct TrackedVisitor<'a, 't, V> {
    inner: V,
    at: At,
    track: &'a Track<'t>,
}

macro_rules! forward {
    ($($method:ident: $kind:ty;)*) => {$(
        fn $method<E: serde::de::Error>(self, value: $kind) -> Result<Self::Value, E> {
            self.inner.$method(value)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for TrackedVisitor<'_, '_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    forward! {
        visit_bool: bool;
        visit_i8: i8;
        visit_i16: i16;
        visit_i32: i32;
        visit_i64: i64;
        visit_i128: i128;
        visit_u8: u8;
        visit_u16: u16;
        visit_u32: u32;
        visit_u64: u64;
        visit_u128: u128;
        visit_f32: f32;
        visit_f64: f64;
        visit_char: char;
        visit_str: &str;
        visit_borrowed_str: &'de str;
        visit_string: String;
        visit_bytes: &[u8];
        visit_borrowed_bytes: &'de [u8];
        visit_byte_buf: Vec<u8>;
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        self.inner.visit_none()
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
        let Self { inner: visitor, at, track } = self;
        let is_some = at.node.is_some_and(|node| track.index.name_text(node) == Some("Some"));
        let at = if is_some { At::inside(at.node) } else { at };
        visitor.visit_some(Tracked { inner, at, track })
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
        let Self { inner: visitor, at, track } = self;
        visitor.visit_newtype_struct(Tracked { inner, at, track })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, inner: A) -> Result<Self::Value, A::Error> {
        let Self { inner: visitor, at, track } = self;
        let next = at.first_child(track);
        visitor.visit_seq(TrackedSeq { inner, next, track })
    }

    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<Self::Value, A::Error> {
        let Self { inner: visitor, at, track } = self;
        visitor.visit_map(TrackedMap::new(inner, at, track))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, inner: A) -> Result<Self::Value, A::Error> {
        let Self { inner: visitor, at, track } = self;
        visitor.visit_enum(TrackedEnum { inner, node: at.node, track })
    }
}
