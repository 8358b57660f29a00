//! The reference pages of the RON language, made of the JSON schema of its types: their doc
//! comments are the text, so page and reader cannot disagree.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use schemars::Schema;
use serde_json::{Map, Value};

/// The page for a type: a heading for it and for each type it is made of, with a table of fields
/// for structs and a section for each variant of enums. Required fields come first.
#[must_use]
pub fn markdown(schema: &Schema) -> String {
    let root = schema.as_value();
    let mut page = Page { root, text: String::new(), waiting: Vec::new(), seen: BTreeSet::new() };
    let title = title(root);
    page.seen.insert(title.to_owned());
    page.section(title, root);
    while !page.waiting.is_empty() {
        for name in std::mem::take(&mut page.waiting) {
            let definition = root.get("$defs").and_then(|all| all.get(&name));
            page.section(&name, definition.unwrap_or(&Value::Null));
        }
    }
    page.text
}

struct Page<'s> {
    root: &'s Value,
    text: String,
    /// Types that are named but have no section yet.
    waiting: Vec<String>,
    seen: BTreeSet<String>,
}

impl Page<'_> {
    fn section(&mut self, name: &str, schema: &Value) {
        let _ = write!(self.text, "## `{name}`\n\n");
        self.description(schema);
        self.fields(schema);
        for variants in ["oneOf", "anyOf"].iter().filter_map(|kind| schema.get(kind)) {
            for variant in variants.as_array().into_iter().flatten() {
                self.variant(variant);
            }
        }
        self.examples(schema);
    }

    fn description(&mut self, schema: &Value) {
        let description = description(schema);
        if !description.is_empty() {
            let _ = write!(self.text, "{description}\n\n");
        }
    }

    fn examples(&mut self, schema: &Value) {
        let Some(examples) = schema.get("examples").and_then(Value::as_array) else { return };
        let examples: Vec<String> = examples.iter().map(|it| format!("`{it}`")).collect();
        let _ = write!(self.text, "Examples: {}.\n\n", examples.join(", "));
    }

    /// One variant of an enum in `serde`'s external form, or several without content.
    fn variant(&mut self, variant: &Value) {
        if let Some(name) = text(variant, "const") {
            let _ = write!(self.text, "### `{name}`\n\n");
            self.description(variant);
            return;
        }
        if let Some(names) = variant.get("enum").and_then(Value::as_array) {
            for name in names.iter().filter_map(Value::as_str) {
                let _ = write!(self.text, "### `{name}`\n\n");
            }
            return;
        }
        let content = variant.get("properties").and_then(Value::as_object).and_then(only);
        let is_variant = variant.get("required").is_some();
        let Some((name, content)) = content.filter(|_| is_variant) else {
            let kind = self.kind(variant);
            let _ = write!(self.text, "### {kind}\n\nThe value itself, without a name.\n\n");
            return;
        };
        if content.get("properties").is_some() {
            let _ = write!(self.text, "### `{name}(...)`\n\n");
            self.description(variant);
            self.fields(content);
        } else {
            let kind = self.kind(content);
            let _ = write!(self.text, "### `{name}(...)`\n\n");
            self.description(variant);
            let _ = write!(self.text, "Content: {kind}.\n\n");
        }
    }

    fn fields(&mut self, schema: &Value) {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
        self.text.push_str("| field | type | default | meaning |\n|---|---|---|---|\n");
        let is_required = |name: &str| {
            let required = schema.get("required").and_then(Value::as_array);
            required.is_some_and(|all| all.iter().any(|it| it.as_str() == Some(name)))
        };
        let required = properties.iter().filter(|(name, _)| is_required(name));
        let optional = properties.iter().filter(|(name, _)| !is_required(name));
        for (name, field) in required.chain(optional) {
            let kind = self.kind(field);
            let default = match field.get("default") {
                _ if is_required(name) => "required".to_owned(),
                None | Some(Value::Null) => "none".to_owned(),
                Some(default) => format!("`{}`", self.ron(default, field)),
            };
            let meaning = description(field).replace('\n', " ");
            let cells = [format!("`{name}`"), kind, default, meaning];
            let cells = cells.map(|cell| cell.replace('|', "\\|"));
            let _ = writeln!(self.text, "| {} |", cells.join(" | "));
        }
        self.text.push('\n');
    }

    /// A type in words, with links to the sections of named types.
    fn kind(&mut self, schema: &Value) -> String {
        if text(schema, "$ref") == Some("#") {
            let name = title(self.root);
            return format!("[`{name}`](#{})", name.to_lowercase());
        }
        if let Some(name) = reference(schema) {
            if self.seen.insert(name.to_owned()) {
                self.waiting.push(name.to_owned());
            }
            return format!("[`{name}`](#{})", name.to_lowercase());
        }
        if let Some(choices) = schema.get("anyOf").or(schema.get("oneOf")).and_then(Value::as_array)
        {
            let some = choices.iter().filter(|choice| text(choice, "type") != Some("null"));
            let kinds: Vec<String> = some.map(|choice| self.kind(choice)).collect();
            return kinds.join(" or ");
        }
        match schema.get("type") {
            Some(Value::String(kind)) => self.simple(kind, schema),
            Some(Value::Array(kinds)) => {
                let some = kinds.iter().filter_map(Value::as_str).filter(|kind| *kind != "null");
                let kinds: Vec<String> = some.map(|kind| self.simple(kind, schema)).collect();
                kinds.join(" or ")
            }
            _ => "any value".to_owned(),
        }
    }

    fn simple(&mut self, kind: &str, schema: &Value) -> String {
        match kind {
            "string" => "text".to_owned(),
            "integer" => "whole number".to_owned(),
            "number" => "number".to_owned(),
            "boolean" => "`true` or `false`".to_owned(),
            "array" => match (schema.get("prefixItems").and_then(Value::as_array), schema) {
                (Some(items), _) => {
                    let kinds: Vec<String> = items.iter().map(|item| self.kind(item)).collect();
                    format!("({})", kinds.join(", "))
                }
                (None, schema) => {
                    let item = schema.get("items").map(|item| self.kind(item));
                    format!("list of {}", item.as_deref().unwrap_or("anything"))
                }
            },
            "object" => {
                let value = schema.get("additionalProperties").map(|value| self.kind(value));
                format!("map from text to {}", value.as_deref().unwrap_or("anything"))
            }
            other => other.to_owned(),
        }
    }

    /// A default as RON. The schema tells a variant's name from a text.
    fn ron(&self, value: &Value, schema: &Value) -> String {
        let schema = self.resolved(schema);
        match value {
            Value::String(name) if self.is_variant(name, schema) => name.clone(),
            Value::Array(items) => {
                let item = schema.get("items").unwrap_or(&Value::Null);
                let items: Vec<String> = items.iter().map(|it| self.ron(it, item)).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Object(fields) => self.ron_object(fields, schema),
            Value::Null => "None".to_owned(),
            other => other.to_string(),
        }
    }

    fn ron_object(&self, fields: &Map<String, Value>, schema: &Value) -> String {
        let variants = schema.get("oneOf").and_then(Value::as_array);
        if let (Some(_), Some((name, content))) = (variants, only(fields)) {
            let variant = variants
                .into_iter()
                .flatten()
                .find_map(|it| it.get("properties").and_then(|properties| properties.get(name)));
            let content = self.ron(content, variant.unwrap_or(&Value::Null));
            let is_wrapped = content.starts_with('(');
            return if is_wrapped {
                format!("{name}{content}")
            } else {
                format!("{name}({content})")
            };
        }
        let properties = schema.get("properties");
        let fields: Vec<String> = fields
            .iter()
            .map(|(name, value)| {
                let field = properties.and_then(|all| all.get(name)).unwrap_or(&Value::Null);
                match properties {
                    Some(_) => format!("{name}: {}", self.ron(value, field)),
                    None => format!("{name:?}: {}", self.ron(value, field)),
                }
            })
            .collect();
        let fields = fields.join(", ");
        if properties.is_some() { format!("({fields})") } else { format!("{{{fields}}}") }
    }

    fn is_variant(&self, name: &str, schema: &Value) -> bool {
        let alternatives = ["oneOf", "anyOf"].iter().filter_map(|kind| schema.get(kind));
        let mut alternatives = alternatives.filter_map(Value::as_array).flatten();
        let is_named = |names: &Vec<Value>| names.iter().any(|it| it.as_str() == Some(name));
        text(schema, "const") == Some(name)
            || schema.get("enum").and_then(Value::as_array).is_some_and(is_named)
            || alternatives.any(|it| self.is_variant(name, self.resolved(it)))
    }

    fn resolved<'v>(&'v self, schema: &'v Value) -> &'v Value {
        let definitions = self.root.get("$defs");
        let definition = reference(schema).and_then(|name| definitions?.get(name));
        definition.unwrap_or(schema)
    }
}

fn text<'v>(schema: &'v Value, key: &str) -> Option<&'v str> {
    schema.get(key).and_then(Value::as_str)
}

fn title(root: &Value) -> &str {
    text(root, "title").unwrap_or("Model")
}

/// Doc comments link to other items in rustdoc's way, which means nothing on these pages.
fn description(schema: &Value) -> String {
    let description = text(schema, "description").unwrap_or_default();
    description.replace("[`", "`").replace("`]", "`")
}

fn reference(schema: &Value) -> Option<&str> {
    text(schema, "$ref")?.strip_prefix("#/$defs/")
}

fn only(fields: &Map<String, Value>) -> Option<(&String, &Value)> {
    let mut fields = fields.iter();
    fields.next().filter(|_| fields.next().is_none())
}

#[cfg(test)]
mod tests {
    use schemars::{JsonSchema, schema_for};
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::spec::arrival::Spacing;
    use crate::spec::distribution::DurationSpread;
    use crate::spec::quantity::BytesText;

    /// A bus with limits.
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Bus {
        /// How many messages fit.
        max_msgs: Option<u64>,
        /// How many bytes fit,
        /// overhead included.
        #[serde(default = "one_gibibyte")]
        max_bytes: BytesText,
        /// What the others are called.
        names: Vec<String>,
        /// How they are spread.
        #[serde(default)]
        pattern: Spacing,
        /// How long a write takes.
        #[serde(default = "latency")]
        latency: DurationSpread,
        /// What else there is.
        #[serde(default)]
        next: Next,
    }

    /// What comes next.
    #[derive(Default, Serialize, Deserialize, JsonSchema)]
    enum Next {
        /// Nothing.
        #[default]
        End,
        /// Another bus.
        Bus(Box<Bus>),
        /// A pair.
        Pair(u8, f64),
        /// A wait.
        Wait {
            /// Whether to be patient.
            patient: bool,
        },
    }

    fn one_gibibyte() -> BytesText {
        "1GiB".into()
    }

    fn latency() -> DurationSpread {
        DurationSpread::LogNormal { mean: "30ms".into(), cv: 1.5 }
    }

    #[test]
    fn a_page() {
        let page = markdown(&schema_for!(Bus));
        let end = page.find("## `DurationSpread`").expect("there is a section for the spread");
        insta::assert_snapshot!(page[..end], @r#"
        ## `Bus`

        A bus with limits.

        | field | type | default | meaning |
        |---|---|---|---|
        | `names` | list of text | required | What the others are called. |
        | `latency` | [`DurationSpread`](#durationspread) | `LogNormal(cv: 1.5, mean: "30ms")` | How long a write takes. |
        | `max_bytes` | [`Bytes`](#bytes) | `"1GiB"` | How many bytes fit, overhead included. |
        | `max_msgs` | whole number | none | How many messages fit. |
        | `next` | [`Next`](#next) | `End` | What else there is. |
        | `pattern` | [`Spacing`](#spacing) | `Poisson` | How they are spread. |
        "#);
        insta::assert_snapshot!(page[end..], @r#"
        ## `DurationSpread`

        A distribution: one value as such (`"30ms"`), or one of the laws below by its name.

        ### `Constant(...)`

        Always the same value. `"30ms"` is short for `Constant("30ms")`.

        Content: [`Duration`](#duration).

        ### `Uniform(...)`

        Every value between two alike.

        | field | type | default | meaning |
        |---|---|---|---|
        | `max` | [`Duration`](#duration) | required | The greatest value. |
        | `min` | [`Duration`](#duration) | required | The least value. |

        ### `Exponential(...)`

        Exponential: without memory, coefficient of variation 1.

        | field | type | default | meaning |
        |---|---|---|---|
        | `mean` | [`Duration`](#duration) | required | The mean. |

        ### `Erlang(...)`

        The sum of `k` exponentials: less variable than one, coefficient of variation `1/sqrt(k)`.

        | field | type | default | meaning |
        |---|---|---|---|
        | `k` | whole number | required | How many exponentials. |
        | `mean` | [`Duration`](#duration) | required | The mean of the sum. |

        ### `Gamma(...)`

        Gamma by mean and coefficient of variation.

        | field | type | default | meaning |
        |---|---|---|---|
        | `cv` | number | required | Standard deviation / mean. |
        | `mean` | [`Duration`](#duration) | required | The mean. |

        ### `HyperExponential(...)`

        One of several exponentials, each with its probability: more variable than one.

        | field | type | default | meaning |
        |---|---|---|---|
        | `branches` | list of [`DurationBranch`](#durationbranch) | required | The exponentials; their probabilities add up to 1. |

        ### `HyperExponentialBalanced(...)`

        Two exponentials that each carry half of the mean, by mean and coefficient of variation.

        | field | type | default | meaning |
        |---|---|---|---|
        | `cv` | number | required | Standard deviation / mean, at least 1. |
        | `mean` | [`Duration`](#duration) | required | The mean. |

        ### `LogNormal(...)`

        Lognormal by mean and coefficient of variation: how latencies often look.

        | field | type | default | meaning |
        |---|---|---|---|
        | `cv` | number | required | Standard deviation / mean. |
        | `mean` | [`Duration`](#duration) | required | The mean. |

        ### `Weibull(...)`

        Weibull: `shape` below 1 has a heavy tail, 1 is exponential.

        | field | type | default | meaning |
        |---|---|---|---|
        | `scale` | [`Duration`](#duration) | required | The scale: 63 % of the values are below it. |
        | `shape` | number | required | The shape. |

        ### `Pareto(...)`

        Pareto, cut off at both ends: a heavy tail that ends.

        | field | type | default | meaning |
        |---|---|---|---|
        | `alpha` | number | required | The tail index: the smaller, the heavier. |
        | `max` | [`Duration`](#duration) | required | The greatest value. |
        | `min` | [`Duration`](#duration) | required | The least value. |

        ### `Empirical(...)`

        Measured values, each time one of them.

        Content: list of [`Duration`](#duration).

        ### [`Duration`](#duration)

        The value itself, without a name.

        ## `Bytes`

        A size in quotes, such as `"256KiB"` or `"1GiB"`, or a number of bytes.

        Examples: `"512B"`, `"256KiB"`, `"1GiB"`.

        ## `Next`

        What comes next.

        ### `End`

        Nothing.

        ### `Bus(...)`

        Another bus.

        Content: [`Bus`](#bus).

        ### `Pair(...)`

        A pair.

        Content: (whole number, number).

        ### `Wait(...)`

        A wait.

        | field | type | default | meaning |
        |---|---|---|---|
        | `patient` | `true` or `false` | required | Whether to be patient. |

        ## `Spacing`

        How arrivals spread over the time that a rate gives them.

        ### `Poisson`

        At random.

        ### `Regular`

        Evenly.

        ## `Duration`

        A duration in quotes, such as `"30s"`, `"1m30s"` or `"250ms"`.

        Examples: `"30s"`, `"1m30s"`, `"250ms"`.

        ## `DurationBranch`

        One of the exponentials of `Spread::HyperExponential`.

        | field | type | default | meaning |
        |---|---|---|---|
        | `mean` | [`Duration`](#duration) | required | Its mean. |
        | `probability` | number | required | How often this one is taken, from 0 to 1. |
        "#);
    }
}
