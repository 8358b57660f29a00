//! A smaller pipeline that fails, too: faults and stages are left out as long as it still fails.

use super::invariants::check;
use super::pipeline::Pipeline;

/// The smallest failing pipeline found, with what is wrong with it.
pub(crate) fn shrink(mut pipeline: Pipeline, mut found: String) -> (Pipeline, String) {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    while let Some((smaller, still)) =
        candidates(&pipeline).into_iter().find_map(|smaller| fails(&pipeline, smaller, &found))
    {
        (pipeline, found) = (smaller, still);
    }
    std::panic::set_hook(hook);
    (pipeline, found)
}

/// What is wrong with the smaller one, if anything but that it no longer makes sense.
fn fails(whole: &Pipeline, smaller: Pipeline, found: &str) -> Option<(Pipeline, String)> {
    // Where a limit was passed, it has to stay.
    let limits =
        |of: &Pipeline| ["max_msgs", "servers", "Limit("].map(|it| of.text().matches(it).count());
    if found.contains(", limit ") && limits(whole) != limits(&smaller) {
        return None;
    }
    let still = check(&smaller).err()?;
    (!still.starts_with("the model is refused")).then_some((smaller, still))
}

fn candidates(pipeline: &Pipeline) -> Vec<Pipeline> {
    let mut all = Vec::new();
    for fault in 0..pipeline.faults.len() {
        let mut smaller = pipeline.clone();
        smaller.faults.remove(fault);
        all.push(smaller);
    }
    for stage in 0..pipeline.stages.len() {
        let mut smaller = pipeline.clone();
        smaller.stages.remove(stage);
        all.push(smaller);
    }
    let mut options = Vec::new();
    for (stage, text) in pipeline.stages.iter().enumerate() {
        options.extend(optional_fields(text).map(|without| (stage, without)));
    }
    for (stage, without) in options {
        let mut smaller = pipeline.clone();
        smaller.stages[stage] = without;
        all.push(smaller);
    }
    if pipeline.horizon_s > 1 {
        all.push(Pipeline { horizon_s: pipeline.horizon_s / 2, ..pipeline.clone() });
    }
    all
}

/// The text with one `name: value,` of any depth left out.
fn optional_fields(text: &str) -> impl Iterator<Item = String> + '_ {
    let starts = text.match_indices([',', '(']).map(|(at, _)| at + 1);
    starts.filter_map(|start| {
        let mut depth = 0i32;
        let mut quoted = false;
        for (offset, c) in text[start..].char_indices() {
            match c {
                '"' => quoted = !quoted,
                _ if quoted => {}
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth -= 1,
                _ => {}
            }
            if depth < 0 || (depth == 0 && c == ',' && !quoted) {
                let end = start + offset + usize::from(depth == 0);
                let piece = &text[start..end];
                return (piece.trim_end_matches(',').trim() != "")
                    .then(|| format!("{}{}", &text[..start], &text[end..]));
            }
        }
        None
    })
}
