//! The RON language of models: read a text, report every problem at once, check the meaning.
//!
//! Two stages. [`ron_text::parse`] gives the types as written ([`quantity`] keeps `"30s"` as text)
//! and says where everything stands; [`check::Checker`] turns them into what runs, and reports what
//! has no meaning. Only the outer types are serializable.
//!
//! A type of the language derives `Serialize`, `Deserialize` and `JsonSchema`, denies unknown
//! fields, documents every field, and has a method
//! `compile(&self, cx: &mut Checker) -> Option<...>` that looks at all of its fields before it
//! gives up. Variants with content have named fields or hold one struct; [`mod@reference`] makes the
//! pages of the manual of them.

pub mod arrival;
pub mod assume;
#[cfg(test)]
mod at_once;
mod build;
pub mod check;
mod connect;
pub(crate) mod cron;
pub mod distribution;
pub mod faults;
mod lint;
pub mod model;
mod origin;
pub mod policy;
pub mod quantity;
pub mod reference;
pub(crate) mod resolve;
pub mod ron_text;
mod set;
pub mod storm;
