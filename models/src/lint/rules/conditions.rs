//! Conditions of triggers as argo-events reads them. Not a rule.
//!
//! argo-events v1.9.11 `pkg/sensors/listener.go:getDependencyExpression`: names are compared with `-` taken
//! for `_`, and only `&&`, `||` and parentheses stand between them.

/// A piece of conditions, and where it begins, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'c> {
    pub(super) kind: Kind,
    pub(super) text: &'c str,
    pub(super) begin: usize,
}

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name, whether or not there is something of that name.
    Name,
    /// `&&`.
    And,
    /// `||`.
    Or,
    /// `(`.
    Open,
    /// `)`.
    Close,
    /// What has no place in conditions.
    Other,
}

/// The pieces of conditions.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let ends = |c: char| c.is_whitespace() || "()&|!,+=<>?:'\"".contains(c);
    let mut found = Vec::new();
    let (mut rest, mut begin) = (text, 0);
    while let Some(first) = rest.chars().next() {
        let (kind, length) = match first {
            c if c.is_whitespace() => {
                (rest, begin) = (&rest[c.len_utf8()..], begin + 1);
                continue;
            }
            _ if rest.starts_with("&&") => (Kind::And, 2),
            _ if rest.starts_with("||") => (Kind::Or, 2),
            '(' => (Kind::Open, 1),
            ')' => (Kind::Close, 1),
            c if ends(c) => (Kind::Other, c.len_utf8()),
            _ => (Kind::Name, rest.find(ends).unwrap_or(rest.len())),
        };
        let (text, after) = rest.split_at(length);
        found.push(Token { kind, text, begin });
        (rest, begin) = (after, begin + text.chars().count());
    }
    found
}

/// Whether two names are the same to argo-events.
pub(super) fn same(a: &str, b: &str) -> bool {
    a.replace('-', "_") == b.replace('-', "_")
}

/// The names in conditions, each once.
pub(super) fn names(text: &str) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for token in tokens(text) {
        if token.kind == Kind::Name && !names.contains(&token.text) {
            names.push(token.text);
        }
    }
    names
}

/// Deeper parentheses are not looked into.
const DEPTH_MAX: u32 = 64;

/// Whether conditions hold when just these have come; none if they cannot be read.
pub(super) fn hold(text: &str, come: &[&str]) -> Option<bool> {
    let tokens = tokens(text);
    let mut rest = tokens.as_slice();
    let value = any(&mut rest, come, 0)?;
    rest.is_empty().then_some(value)
}

fn any(rest: &mut &[Token<'_>], come: &[&str], depth: u32) -> Option<bool> {
    let mut value = all(rest, come, depth)?;
    while let Some((_, after)) = rest.split_first().filter(|(it, _)| it.kind == Kind::Or) {
        *rest = after;
        value |= all(rest, come, depth)?;
    }
    Some(value)
}

fn all(rest: &mut &[Token<'_>], come: &[&str], depth: u32) -> Option<bool> {
    let mut value = one(rest, come, depth)?;
    while let Some((_, after)) = rest.split_first().filter(|(it, _)| it.kind == Kind::And) {
        *rest = after;
        value &= one(rest, come, depth)?;
    }
    Some(value)
}

fn one(rest: &mut &[Token<'_>], come: &[&str], depth: u32) -> Option<bool> {
    let (first, after) = rest.split_first()?;
    *rest = after;
    match first.kind {
        Kind::Name => Some(come.iter().any(|it| same(it, first.text))),
        Kind::Open if depth < DEPTH_MAX => {
            let value = any(rest, come, depth + 1)?;
            let (last, after) = rest.split_first()?;
            *rest = after;
            (last.kind == Kind::Close).then_some(value)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_hold() {
        let text = "(dep-a && dep_b) || c";
        assert_eq!(names(text), ["dep-a", "dep_b", "c"]);
        assert_eq!(hold(text, &["dep-a"]), Some(false));
        assert_eq!(hold(text, &["dep-a", "dep-b"]), Some(true));
        assert_eq!(hold(text, &["c"]), Some(true));
        for wrong in ["", "a &&", "a & b", "(a", "a b", "a)", "!a", "ä,b"] {
            assert_eq!(hold(wrong, &["a"]), None, "{wrong}");
        }
        assert_eq!(tokens("ä & b")[1].begin, 2);
    }

    /// The stack is finite.
    #[test]
    fn deep_conditions_are_not_read() {
        let nested = |depth| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
        assert_eq!(hold(&nested(64), &["a"]), Some(true));
        assert_eq!(hold(&nested(1_000_000), &["a"]), None);
    }
}
