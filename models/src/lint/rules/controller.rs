//! The workflow controller's configuration, in both of its forms. Not a rule.
//!
//! argo-workflows v4.1.2 `config/controller.go:parseConfigMap`, `config/config.go`: one YAML text under
//! `config` and nothing beside it, or a key for each setting.

use crate::diagnostic::Diagnostic;
use crate::lint::Cx;
use crate::manifest::files::Manifest;
use crate::manifest::yaml::{self, Node};

/// The configuration of one controller.
#[derive(Debug)]
pub(super) struct Controller<'m> {
    pub(super) manifest: Manifest<'m>,
    form: Form<'m>,
    /// The texts in it that are no YAML, with their keys.
    pub(super) problems: Vec<(&'m str, Box<Diagnostic>)>,
}

#[derive(Debug)]
enum Form<'m> {
    /// `config: |`, with the other keys, which must not be there.
    Whole(Option<Node>, Vec<&'m Node>),
    /// A key for each setting, with its value parsed.
    Flat(Vec<(&'m str, &'m Node, Node)>),
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'c> {
    pub(super) name: &'c str,
    /// The field, for the place of its name.
    pub(super) field: &'c Node,
    /// The value that the controller reads.
    pub(super) value: &'c Node,
    /// Whether the value is within one text with all the others, where a string stays a string.
    pub(super) is_whole: bool,
}

/// The ConfigMaps that are a controller's configuration, by their name.
pub(super) fn controllers<'m>(cx: &Cx<'m, '_>) -> Vec<Controller<'m>> {
    let maps = cx.of("ConfigMap");
    maps.filter(|it| it.name.ends_with("workflow-controller-configmap"))
        .map(Controller::of)
        .collect()
}

impl<'m> Controller<'m> {
    fn of(manifest: Manifest<'m>) -> Self {
        let mut problems = Vec::new();
        let fields = manifest.root.get("data").map_or(&[][..], Node::fields);
        let mut parse = |name: &'m str, field: &'m Node| match yaml::embedded(manifest.file, field)
        {
            Ok(node) => Some(node),
            Err(problem) => {
                problems.push((name, problem));
                None
            }
        };
        let form = match fields.iter().find(|(name, _)| name == "config") {
            Some((_, config)) => {
                let others = fields.iter().filter(|(name, _)| name != "config");
                Form::Whole(parse("config", config), others.map(|(_, field)| field).collect())
            }
            None => {
                let settings = fields.iter().filter(|(_, field)| field.scalar().is_some());
                let parsed =
                    settings.filter_map(|(name, it)| Some((name.as_str(), it, parse(name, it)?)));
                Form::Flat(parsed.collect())
            }
        };
        Self { manifest, form, problems }
    }

    /// All settings.
    pub(super) fn settings(&self) -> Vec<Setting<'_>> {
        match &self.form {
            Form::Whole(root, _) => {
                let fields = root.as_ref().map_or(&[][..], Node::fields);
                fields
                    .iter()
                    .map(|(name, it)| Setting { name, field: it, value: it, is_whole: true })
                    .collect()
            }
            Form::Flat(settings) => settings
                .iter()
                .map(|(name, field, value)| Setting { name, field, value, is_whole: false })
                .collect(),
        }
    }

    /// Keys beside `config`, with which the controller does not start.
    pub(super) fn beside_config(&self) -> &[&'m Node] {
        match &self.form {
            Form::Whole(_, others) => others,
            Form::Flat(_) => &[],
        }
    }

    /// The setting of that name; Go does not mind the case.
    pub(super) fn get(&self, name: &str) -> Option<Setting<'_>> {
        self.settings().into_iter().find(|it| it.name.eq_ignore_ascii_case(name))
    }

    /// The limits on workflows at the same time that are in force, with their names.
    pub(super) fn parallelism(&self) -> Vec<(&'static str, i64)> {
        let limit = |name| {
            let limit = self.get(name)?.value.scalar()?.parse::<i64>().ok()?;
            (limit > 0).then_some((name, limit))
        };
        ["parallelism", "namespaceParallelism"].into_iter().filter_map(limit).collect()
    }
}
