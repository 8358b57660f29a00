//! Conditions of steps in exit handlers, which are about how the workflow ended.

/// Whether a step of an exit handler runs after success, if its `when` is a comparison with the workflow's
/// status and nothing else: `{{workflow.status}} != Succeeded`.
pub(super) fn after_success(when: &str) -> Option<bool> {
    let (left, right, is_equal) = match (when.split_once("!="), when.split_once("==")) {
        (Some((left, right)), _) => (left, right, false),
        (None, Some((left, right))) => (left, right, true),
        (None, None) => return None,
    };
    let plain = |text: &str| text.replace(['"', '\'', ' '], "");
    let (left, right) = (plain(left), plain(right));
    let status = ["{{workflow.status}}", "{{=workflow.status}}"];
    let other = match (status.contains(&left.as_str()), status.contains(&right.as_str())) {
        (true, false) => right,
        (false, true) => left,
        _ => return None,
    };
    let is_word = !other.is_empty() && other.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_word.then_some((other == "Succeeded") == is_equal)
}

#[cfg(test)]
mod tests {
    use super::after_success;

    #[test]
    fn comparisons_with_the_status_are_decided() {
        let cases = [
            ("{{workflow.status}} == Succeeded", Some(true)),
            ("{{workflow.status}} != Succeeded", Some(false)),
            ("\"{{workflow.status}}\" == \"Failed\"", Some(false)),
            ("Failed != {{workflow.status}}", Some(true)),
            ("{{workflow.status}} == Failed || {{workflow.status}} == Error", None),
            ("{{inputs.parameters.x}} == Succeeded", None),
            ("true", None),
        ];
        for (when, expected) in cases {
            assert_eq!(after_success(when), expected, "{when}");
        }
    }
}
