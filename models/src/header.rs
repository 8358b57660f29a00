//! The comment at the head of a preset or storm: `// Title`, then lines such as `// Shows: …`. It is read
//! at compile time, so that a file without one does not build.

/// The first line of the text, which is a comment, without its slashes.
pub(crate) const fn title(text: &'static str) -> &'static str {
    let (slashes, rest) = text.split_at(3);
    assert!(same(slashes, "// "), "the first line is not `// Title`");
    first_line(rest)
}

/// What follows `label` on the line that begins with it.
pub(crate) const fn labeled(text: &'static str, label: &str) -> &'static str {
    let mut rest = text;
    while !rest.is_empty() {
        let line = first_line(rest);
        if let Some((begin, content)) = line.split_at_checked(label.len())
            && same(begin, label)
        {
            return content;
        }
        (_, rest) = rest.split_at(line.len());
        if !rest.is_empty() {
            (_, rest) = rest.split_at(1);
        }
    }
    panic!("the header lacks one of its lines")
}

const fn first_line(text: &'static str) -> &'static str {
    let bytes = text.as_bytes();
    let mut end = 0;
    while end < bytes.len() && bytes[end] != b'\n' {
        end += 1;
    }
    text.split_at(end).0
}

const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}
