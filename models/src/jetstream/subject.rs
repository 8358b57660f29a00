//! Subjects as small numbers, and filters compiled against them.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

/// An interned subject; made by [`super::Stream::subject`], good for that stream only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject(NonZeroU32);

impl Subject {
    pub(super) const fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// The subjects a stream has heard of.
#[derive(Clone, Debug, Default)]
pub(super) struct SubjectTable {
    names: Vec<Box<str>>,
    numbers: BTreeMap<Box<str>, Subject>,
}

impl SubjectTable {
    /// The number of `name`, and whether it is new.
    pub(super) fn intern(&mut self, name: &str) -> (Subject, bool) {
        if let Some(&subject) = self.numbers.get(name) {
            return (subject, false);
        }
        self.names.push(name.into());
        let number = u32::try_from(self.names.len()).ok().and_then(NonZeroU32::new);
        let subject = Subject(number.expect("fewer than 2^32 subjects"));
        self.numbers.insert(name.into(), subject);
        (subject, true)
    }

    pub(super) fn name(&self, subject: Subject) -> &str {
        &self.names[subject.index()]
    }

    pub(super) fn len_bytes(&self, subject: Subject) -> u32 {
        self.name(subject).len() as u32
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(AsRef::as_ref)
    }
}

/// Whether `pattern` covers `subject`: tokens between dots, `*` for one, a last `>` for the rest.
#[must_use]
pub fn subject_matches(pattern: &str, subject: &str) -> bool {
    let mut tokens = subject.split('.');
    for wanted in pattern.split('.') {
        match (wanted, tokens.next()) {
            (_, None) => return false,
            (">", Some(_)) => return true,
            ("*", Some(_)) => {}
            (wanted, Some(token)) if wanted == token => {}
            _ => return false,
        }
    }
    tokens.next().is_none()
}

/// Whether some subject is covered by both patterns.
#[must_use]
pub fn subjects_overlap(one: &str, other: &str) -> bool {
    let (mut left, mut right) = (one.split('.'), other.split('.'));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return true,
            (None, Some(_)) | (Some(_), None) => return false,
            (Some(">"), Some(_)) | (Some(_), Some(">")) => return true,
            (Some(a), Some(b)) if a == "*" || b == "*" || a == b => {}
            _ => return false,
        }
    }
}

/// A consumer's filters as one bit per known subject.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    patterns: Vec<String>,
    wanted: Vec<bool>,
}

impl Filter {
    pub(super) fn new(patterns: &[String], subjects: &SubjectTable) -> Self {
        let mut filter = Self { patterns: patterns.to_vec(), wanted: Vec::new() };
        subjects.names().for_each(|name| filter.learn(name));
        filter
    }

    /// Takes note of the next new subject.
    pub(super) fn learn(&mut self, name: &str) {
        let wanted = self.is_everything()
            || self.patterns.iter().any(|pattern| subject_matches(pattern, name));
        self.wanted.push(wanted);
    }

    /// Whether there is no filter at all.
    pub(super) fn is_everything(&self) -> bool {
        self.patterns.is_empty()
    }

    #[inline]
    pub(super) fn wants(&self, subject: Subject) -> bool {
        self.wanted[subject.index()]
    }

    pub(super) fn patterns(&self) -> &[String] {
        &self.patterns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_cover_subjects_token_by_token() {
        let table = [
            ("ev.a", "ev.a", true),
            ("ev.*", "ev.a", true),
            ("ev.*", "ev.a.b", false),
            ("ev.>", "ev.a.b", true),
            ("ev.>", "ev", false),
            (">", "ev", true),
            ("*.a", "ev.a", true),
            ("ev.a.b", "ev.a", false),
        ];
        for (pattern, subject, covered) in table {
            assert_eq!(subject_matches(pattern, subject), covered, "{pattern} over {subject}");
        }
    }

    #[test]
    fn overlapping_patterns_share_a_subject() {
        let table = [
            ("ev.a", "ev.b", false),
            ("ev.*", "ev.b", true),
            ("ev.>", "ev.*.c", true),
            ("ev.a.*", "ev.*.b", true),
            ("ev.a", "ev.a.b", false),
        ];
        for (one, other, overlap) in table {
            assert_eq!(subjects_overlap(one, other), overlap, "{one} and {other}");
            assert_eq!(subjects_overlap(other, one), overlap, "{other} and {one}");
        }
    }
}
