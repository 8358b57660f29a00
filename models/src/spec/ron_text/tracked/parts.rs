//! The parts of a value: elements, fields, variants, each told where it is.

use std::marker::PhantomData;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IgnoredAny, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use super::super::dummy::Dummy;
use super::super::tree::{NodeId, Shape};
use super::{At, Keys, Track, Tracked, TrackedVisitor, UNFIT};

/// The elements of a list or tuple.
pub(super) struct TrackedSeq<'a, 't, A> {
    pub(super) inner: A,
    pub(super) next: Option<NodeId>,
    pub(super) track: &'a Track<'t>,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for TrackedSeq<'_, '_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        let track = self.track;
        let at = At::value(self.next);
        self.next = self.next.and_then(|node| track.tree().node(node).next_sibling);
        self.inner.next_element_seed(TrackedSeed { seed, at, track })
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

/// The fields of a struct or the entries of a map.
pub(super) struct TrackedMap<'a, 't, A> {
    inner: A,
    next: Option<NodeId>,
    track: &'a Track<'t>,
    supplied: &'t [&'static str],
    supplies: bool,
}

impl<'a, 't, A> TrackedMap<'a, 't, A> {
    pub(super) fn new(inner: A, at: At, track: &'a Track<'t>) -> Self {
        let supplied = at.node.and_then(|node| track.repairs.supplied.get(&node));
        let supplied = supplied.map_or(&[][..], Vec::as_slice);
        Self { inner, next: at.first_child(track), track, supplied, supplies: false }
    }

    fn advance(&mut self) {
        self.next = self.next.and_then(|node| self.track.tree().node(node).next_sibling);
    }

    fn is_skipped(&self) -> bool {
        self.next.is_some_and(|node| self.track.repairs.skipped.contains(&node))
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for TrackedMap<'_, '_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        while self.is_skipped() {
            self.inner.next_key::<IgnoredAny>()?;
            self.inner.next_value::<IgnoredAny>()?;
            self.advance();
        }
        if let (None, Some((&field, rest))) = (self.next, self.supplied.split_first()) {
            self.supplied = rest;
            self.supplies = true;
            return seed.deserialize(StrDeserializer::new(field)).map(Some);
        }
        let blame = |error| self.track.blame(self.next, None, error);
        self.inner.next_key_seed(seed).map_err(blame)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        if self.supplies {
            self.supplies = false;
            return seed.deserialize(Dummy::new());
        }
        let (at, track) = (At::value(self.next), self.track);
        self.advance();
        let value = self.inner.next_value_seed(TrackedSeed { seed, at, track });
        value.map_err(|error| track.blame(at.node, None, error))
    }
}

/// A variant's name.
pub(super) struct TrackedEnum<'a, 't, A> {
    pub(super) inner: A,
    pub(super) node: Option<NodeId>,
    pub(super) track: &'a Track<'t>,
}

impl<'de, 'a, 't, A: EnumAccess<'de>> EnumAccess<'de> for TrackedEnum<'a, 't, A> {
    type Error = A::Error;
    type Variant = TrackedVariant<'a, 't, A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self::Variant), A::Error> {
        let Self { inner, node, track } = self;
        let (name, inner) = inner.variant_seed(seed)?;
        Ok((name, TrackedVariant { inner, node, track }))
    }
}

/// A variant's content.
pub(super) struct TrackedVariant<'a, 't, A> {
    inner: A,
    node: Option<NodeId>,
    track: &'a Track<'t>,
}

impl<'a, 't, A> TrackedVariant<'a, 't, A> {
    /// Checks that the variant has parentheses if and only if it has content.
    fn check<E: Error>(&self, shape: Shape) -> Result<(), E> {
        let Some(node) = self.node else { return Ok(()) };
        if self.track.tree().node(node).shape == shape {
            return Ok(());
        }
        let name = self.track.index.name_text(node).unwrap_or_default();
        let wanted = match shape {
            Shape::Parens => format!("`{name}(...)`: it has content"),
            _ => format!("`{name}` without parentheses"),
        };
        Err(self.track.blame(self.node, Some(wanted), E::custom(UNFIT)))
    }

    fn check_parts<E: Error>(&self, keys: Keys) -> Result<(), E> {
        self.check(Shape::Parens)?;
        if keys.fit(self.node, self.track) {
            return Ok(());
        }
        Err(self.track.blame(self.node, Some(keys.wanted()), E::custom(UNFIT)))
    }

    fn visitor<V>(&self, inner: V) -> TrackedVisitor<'a, 't, V> {
        TrackedVisitor { inner, at: At::inside(self.node), track: self.track }
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for TrackedVariant<'_, '_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.check(Shape::Name)?;
        self.inner.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.check(Shape::Parens)?;
        let Self { inner, node, track } = self;
        inner.newtype_variant_seed(TrackedSeed { seed, at: At::inside(node), track })
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.check_parts(Keys::None(length))?;
        let (node, track) = (self.node, self.track);
        let visitor = self.visitor(visitor);
        let read = self.inner.tuple_variant(length, visitor);
        read.map_err(|error| track.blame(node, Some(Keys::None(length).wanted()), error))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.check_parts(Keys::Names(fields))?;
        let (node, track) = (self.node, self.track);
        let visitor = self.visitor(visitor);
        let read = self.inner.struct_variant(fields, visitor);
        read.map_err(|error| track.blame(node, Some(Keys::Names(fields).wanted()), error))
    }
}

/// A value to come; one that is known to be wrong is skipped and replaced.
pub(super) struct TrackedSeed<'a, 't, S> {
    seed: S,
    at: At,
    track: &'a Track<'t>,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for TrackedSeed<'_, '_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        let Self { seed, at, track } = self;
        if at.is_replaced(track) {
            PhantomData::<IgnoredAny>.deserialize(inner)?;
            return seed.deserialize(Dummy::new());
        }
        seed.deserialize(Tracked { inner, at, track })
    }
}
