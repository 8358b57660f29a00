//! Values of manifests and comments, checked.

use crate::manifest::assumable::Assumable;
use crate::manifest::assume::{Otherwise, Said};
use crate::manifest::yaml::Node;
use crate::manifest::{Importer, Manifest};
use crate::spec::quantity::DurationText;

use super::layers::Layer;

impl Importer {
    /// The value of a parameter, such as a comment beside one of `places` says it, the first before the
    /// others.
    pub(super) fn value<T: Assumable>(
        &mut self,
        places: &[Layer<'_>],
        name: &'static str,
        parameter: &str,
        otherwise: Otherwise<'_>,
    ) -> T {
        let said = self.heard_at(places, name);
        self.settle(said, name, parameter, otherwise)
    }

    /// What a comment beside one of `places` says.
    pub(super) fn heard_at(&mut self, places: &[Layer<'_>], name: &'static str) -> Option<Said> {
        places.iter().find_map(|(manifest, node)| self.heard(*manifest, node, name))
    }

    /// The whole number in a field, at least `min`; anything else is told, and passed over.
    pub(super) fn whole(&mut self, manifest: Manifest<'_>, node: &Node, min: u32) -> Option<u32> {
        let text = node.scalar().unwrap_or_default().trim();
        let number: Option<u32> = text.parse().ok().filter(|number| *number >= min);
        if number.is_none() && text != "0" {
            let message = format!("`{text}` is no number that is known beforehand: passed over");
            self.warn(manifest, node, "not-a-number", message)
                .expected(format!("a whole number, at least {min}"));
        }
        number
    }

    /// The seconds in a field, or a duration with units, as Argo's `intOrString` durations are; longer than
    /// zero.
    pub(super) fn seconds(&mut self, manifest: Manifest<'_>, node: &Node) -> Option<DurationText> {
        let text = node.scalar().unwrap_or_default().trim();
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let with_unit = if digits { format!("{text}s") } else { text.to_owned() };
        let duration = DurationText::from(with_unit.as_str());
        match duration.parse() {
            Ok(parsed) if parsed.is_zero() => None,
            Ok(_) => Some(duration),
            Err(_) => {
                let message =
                    format!("`{text}` is no duration that is known beforehand: passed over");
                self.warn(manifest, node, "not-a-duration", message)
                    .expected("seconds such as `30`, or a duration such as `5m`");
                None
            }
        }
    }
}
