//! One step of a plan: a resource, what happens to it, and the calls that do it.

use crate::account::Call;

/// What happens to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

    /// For the line that says it is done.
    pub fn done(self) -> &'static str {
        match self {
            Action::Create => "created",
            Action::Update => "updated",
            Action::Delete => "deleted",
        }
    }
}

/// The kinds of resources, in the order they are created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An SNS topic with its policy and subscriptions.
    Topic,
    /// An alarm on a metric or an expression.
    Alarm,
    /// An alarm on alarms.
    Composite,
    /// A dashboard.
    Dashboard,
}

impl Kind {
    /// Its word in a plan.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Topic => "topic",
            Kind::Alarm => "alarm",
            Kind::Composite => "composite alarm",
            Kind::Dashboard => "dashboard",
        }
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What happens.
    pub action: Action,
    /// To what kind of resource.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// What differs.
    pub changes: Vec<Change>,
    /// The calls, in order.
    pub calls: Vec<Call>,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
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
