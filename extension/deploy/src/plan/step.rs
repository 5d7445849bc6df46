//! One step of a plan: a resource, what happens to it, and the calls that do it.

use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

use crate::account::Call;

/// When a step is made. Steps of one wave do not lean on each other and may be made
/// side by side; a wave begins when the one before it is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Wave {
    /// Created or changed: what others lean on first. The number tells composites
    /// that name composites apart.
    Make(Kind, usize),
    /// Let go of what is deleted next.
    Release,
    /// Deleted, the other way round.
    Remove(Reverse<Kind>, Reverse<usize>),
}

impl Wave {
    /// The wave in which this kind is created and changed.
    pub fn make(kind: Kind) -> Wave {
        Wave::Make(kind, 0)
    }

    /// The wave in which this kind is deleted.
    pub fn remove(kind: Kind) -> Wave {
        Wave::Remove(Reverse(kind), Reverse(0))
    }
}

/// What happens to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Action {
    /// It is not there yet.
    Create,
    /// It is there and differs.
    Update,
    /// It is ours and no longer wanted.
    Delete,
}

impl Action {
    /// The sign before it in a plan.
    pub fn sign(self) -> char {
        match self {
            Action::Create => '+',
            Action::Update => '~',
            Action::Delete => '-',
        }
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Action::Create => "create",
            Action::Update => "update",
            Action::Delete => "delete",
        }
    }
}

/// The kinds of resources, in the order they are created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// An SNS topic with its policy and subscriptions.
    Topic,
    /// A filter that makes datapoints of log lines.
    MetricFilter,
    /// An EventBridge rule with its targets.
    EventRule,
    /// An alarm on a metric or an expression.
    Alarm,
    /// An alarm on alarms.
    Composite,
    /// A window in which alarms tell nobody.
    MuteRule,
    /// A dashboard.
    Dashboard,
    /// An X-Ray sampling rule.
    SamplingRule,
}

impl Kind {
    /// Its word in a plan.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Topic => "topic",
            Kind::MetricFilter => "metric filter",
            Kind::EventRule => "event rule",
            Kind::Alarm => "alarm",
            Kind::Composite => "composite alarm",
            Kind::MuteRule => "mute rule",
            Kind::Dashboard => "dashboard",
            Kind::SamplingRule => "sampling rule",
        }
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// When.
    pub wave: Wave,
    /// What happens.
    pub action: Action,
    /// To what kind of resource.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Whether hands changed it since the last apply.
    pub hands: Hands,
    /// What differs.
    pub changes: Vec<Change>,
    /// The calls, in order. None for a resource that goes with another step's call:
    /// CloudWatch deletes up to 100 alarms at once.
    pub calls: Vec<Call>,
}

/// Whether somebody changed a resource of ours by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hands {
    /// It is as the last apply left it, or new.
    Off,
    /// It differs from what the last apply made of it.
    On,
}

impl Step {
    /// A step that creates something.
    pub(crate) fn create(wave: Wave, kind: Kind, name: &str) -> Step {
        Step::new(Action::Create, wave, (kind, name))
    }

    /// A step that changes something.
    pub(crate) fn update(wave: Wave, kind: Kind, name: &str) -> Step {
        Step::new(Action::Update, wave, (kind, name))
    }

    /// A step that deletes something.
    pub(crate) fn delete(wave: Wave, kind: Kind, name: &str) -> Step {
        Step::new(Action::Delete, wave, (kind, name))
    }

    fn new(action: Action, wave: Wave, (kind, name): (Kind, &str)) -> Step {
        Step {
            wave,
            action,
            kind,
            name: name.to_owned(),
            hands: Hands::Off,
            changes: Vec::new(),
            calls: Vec::new(),
        }
    }

    /// With what differs.
    #[must_use]
    pub(crate) fn changes(mut self, changes: Vec<Change>) -> Step {
        self.changes.extend(changes);
        self
    }

    /// With the calls that do it.
    #[must_use]
    pub(crate) fn calls(mut self, calls: impl IntoIterator<Item = Call>) -> Step {
        self.calls.extend(calls);
        self
    }

    /// Kind and name, as in `alarm orders-failing`.
    pub fn title(&self) -> String {
        format!("{} {}", self.kind.word(), self.name)
    }
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What differs: a field, or a widget and its field.
    pub field: String,
    /// As it is; `None` when it is not there.
    pub from: Option<String>,
    /// As it should be; `None` when it goes.
    pub to: Option<String>,
}

impl Change {
    /// A field that comes.
    pub fn new(field: impl Into<String>, to: impl Into<String>) -> Change {
        Change {
            field: field.into(),
            from: None,
            to: Some(to.into()),
        }
    }

    /// A field that goes.
    pub fn gone(field: impl Into<String>, from: impl Into<String>) -> Change {
        Change {
            field: field.into(),
            from: Some(from.into()),
            to: None,
        }
    }

    /// A field that changes.
    pub fn between(
        field: impl Into<String>,
        from: impl Into<String>,
        to: impl Into<String>,
    ) -> Change {
        Change {
            field: field.into(),
            from: Some(from.into()),
            to: Some(to.into()),
        }
    }
}
