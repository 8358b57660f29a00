//! From the names in a model to the numbers of components.

use std::cell::RefCell;

use crate::engine::Destination;
use crate::engine::event::ComponentId;
use crate::engine::reject::{NackId, NackPlan};
use crate::spec::check::Checker;

/// The kinds of things that names stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    EventSource,
    EventBus,
    Sensor,
    Trigger,
    Workflow,
    Template,
    Station,
    Store,
}

impl Kind {
    /// As it is called in messages.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::EventSource => "event source",
            Self::EventBus => "event bus",
            Self::Sensor => "sensor",
            Self::Trigger => "trigger",
            Self::Workflow => "workflow controller",
            Self::Template => "workflow template",
            Self::Station => "station",
            Self::Store => "store",
        }
    }
}

/// A name and what it stands for.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) component: ComponentId,
    /// The number within the component (of a template).
    pub(crate) number: u32,
    /// It may hand back what it is offered.
    pub(crate) answers: bool,
}

impl Named {
    /// The way there.
    pub(crate) fn destination(&self) -> Destination {
        Destination {
            stage: self.component,
            template: (self.kind == Kind::Template).then_some(self.number),
            answers: self.answers,
        }
    }
}

/// All the names of a model, and the ways to try again that have been read so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pub(crate) all: Vec<Named>,
    nacks: RefCell<Vec<NackPlan>>,
}

/// The stage that events go to where a model does not say.
const DEFAULT: &str = "default";

impl Names {
    pub(crate) fn new(all: Vec<Named>) -> Self {
        Self { all, nacks: RefCell::default() }
    }

    /// Gives a way to try again its number, by which refusals name it.
    pub(crate) fn number(&self, nack: NackPlan) -> NackId {
        let mut nacks = self.nacks.borrow_mut();
        nacks.push(nack);
        NackId::new(nacks.len() - 1)
    }

    /// All that got a number, in order.
    pub(crate) fn into_nacks(self) -> Vec<NackPlan> {
        self.nacks.into_inner()
    }

    /// The thing of one of these kinds that the field `field` names; reports it where there is none.
    pub(crate) fn find(
        &self,
        cx: &mut Checker<'_>,
        field: &str,
        name: &str,
        kinds: &[Kind],
    ) -> Option<&Named> {
        let wanted: Vec<&Named> =
            self.all.iter().filter(|named| kinds.contains(&named.kind)).collect();
        let names: Vec<&str> = wanted.iter().map(|named| named.name.as_str()).collect();
        let words: Vec<&str> = kinds.iter().map(|kind| kind.words()).collect();
        cx.reference(field, &words.join(" or "), name, &names).map(|at| wanted[at])
    }

    /// A stage that takes events: a bus, a station, a store, or a workflow template.
    pub(crate) fn destination(
        &self,
        cx: &mut Checker<'_>,
        field: &str,
        name: &str,
    ) -> Option<Destination> {
        let kinds = [Kind::EventBus, Kind::Station, Kind::Store, Kind::Template];
        let is_there = self.all.iter().any(|it| it.name == name && kinds.contains(&it.kind));
        if name == DEFAULT && !is_there {
            let known = self.all.iter().filter(|it| kinds.contains(&it.kind));
            let known: Vec<&str> = known.map(|it| it.name.as_str()).collect();
            cx.field(field, |cx| {
                cx.error(format!("there is no stage `{name}` to send to"))
                    .code("unknown-name")
                    .nearest(name, &known)
                    .hint(format!("where `{field}` is left out, it is `{name}`"));
            });
            return None;
        }
        self.find(cx, field, name, &kinds).map(Named::destination)
    }

    /// A store.
    pub(crate) fn store(
        &self,
        cx: &mut Checker<'_>,
        field: &str,
        name: &str,
    ) -> Option<ComponentId> {
        self.find(cx, field, name, &[Kind::Store]).map(|named| named.component)
    }
}
