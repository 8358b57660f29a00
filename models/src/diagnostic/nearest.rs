//! "did you mean": the valid name nearest to the one that was written.

/// Names longer than this are not compared: the distance takes time by the product of the lengths.
const NAME_CHARACTERS_MAX: usize = 64;

/// The candidate nearest to `name`, if it is near: at most a third of the longer name has to be
/// typed again. The first of several equally near ones. Case, `_` and `-` count for nothing, so
/// that `maxBytes` is `max_bytes`.
#[must_use]
pub fn nearest<'c, S: AsRef<str>>(name: &str, candidates: &'c [S]) -> Option<&'c str> {
    let name = folded(name)?;
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates.iter().map(AsRef::as_ref) {
        let Some(other) = folded(candidate) else { continue };
        let distance = edit_distance(&name, &other);
        let near = distance * 3 <= name.len().max(other.len());
        if near && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The candidates as `one of \`a\`, \`b\``, the first of them if there are very many; `None` if
/// there is none.
#[must_use]
pub fn list<S: AsRef<str>>(candidates: &[S]) -> Option<String> {
    const SHOWN_MAX: usize = 24;
    let quoted = |name: &S| format!("`{}`", name.as_ref());
    match candidates {
        [] => None,
        [only] => Some(quoted(only)),
        many => {
            let shown: Vec<String> = many.iter().take(SHOWN_MAX).map(quoted).collect();
            let more = many.len() - shown.len();
            let rest = if more == 0 { String::new() } else { format!(" and {more} more") };
            Some(format!("one of {}{rest}", shown.join(", ")))
        }
    }
}

fn folded(name: &str) -> Option<Vec<char>> {
    let is_joint = |c: &char| matches!(c, '_' | '-');
    let characters: Vec<char> =
        name.chars().take(NAME_CHARACTERS_MAX + 1).filter(|c| !is_joint(c)).collect();
    (!characters.is_empty() && characters.len() <= NAME_CHARACTERS_MAX)
        .then(|| characters.iter().map(char::to_ascii_lowercase).collect())
}

/// Insertions, deletions, replacements and swaps of neighbors: the "optimal string alignment"
/// distance (Damerau 1964), three rows at a time.
fn edit_distance(a: &[char], b: &[char]) -> usize {
    let mut before_last = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1; b.len() + 1];
        for j in 0..b.len() {
            let replaced = last[j] + usize::from(a[i] != b[j]);
            row[j + 1] = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                row[j + 1] = row[j + 1].min(before_last[j - 1] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_names() {
        let candidates = ["max_bytes", "max_msgs", "max_age", "rate_limit", "max_msg_size"];
        let cases = [
            ("max_byte", Some("max_bytes")),
            ("maxBytes", Some("max_bytes")),
            ("MAX-AGE", Some("max_age")),
            ("max_mgss", Some("max_msgs")),
            ("ratelimits", Some("rate_limit")),
            ("colour", None),
            ("x", None),
            ("", None),
        ];
        for (name, expected) in cases {
            assert_eq!(nearest(name, &candidates), expected, "{name}");
        }
        assert_eq!(nearest(&"max".repeat(1000), &candidates), None);
    }

    #[test]
    fn distances() {
        let cases =
            [("abc", "abc", 0), ("abc", "acb", 1), ("", "abc", 3), ("kitten", "sitting", 3)];
        for (a, b, expected) in cases {
            let [a, b] = [a, b].map(|word| word.chars().collect::<Vec<_>>());
            assert_eq!(edit_distance(&a, &b), expected, "{a:?} {b:?}");
            assert_eq!(edit_distance(&b, &a), expected, "{b:?} {a:?}");
        }
    }
}
