//! A plan as one line of JSON, for programs.

use std::fmt::{self, Write};

use serde::Serialize;

use crate::model::Subscription;
use crate::plan::cost::Cents;
use crate::plan::step::{Change, Hands, Step};
use crate::plan::{Plan, Reach};

#[derive(Serialize)]
struct View<'a> {
    project: &'a str,
    environment: &'a str,
    account: &'a str,
    region: &'a str,
    steps: Vec<StepView<'a>>,
    unchanged: usize,
    cost_cents: CostView,
    reach: Vec<ReachView<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct CostView {
    before: Cents,
    after: Cents,
}

/// Subscriptions as they are shown: their whole addresses may be secrets.
#[derive(Serialize)]
struct ReachView<'a> {
    topic: &'a str,
    alarms: usize,
    hear: Vec<String>,
    unconfirmed: Vec<String>,
}

impl<'a> From<&'a Reach> for ReachView<'a> {
    fn from(reach: &'a Reach) -> ReachView<'a> {
        let shown = |all: &[Subscription]| all.iter().map(ToString::to_string).collect();
        ReachView {
            topic: &reach.topic,
            alarms: reach.alarms,
            hear: shown(&reach.hear),
            unconfirmed: shown(&reach.unconfirmed),
        }
    }
}

#[derive(Serialize)]
struct StepView<'a> {
    action: &'static str,
    kind: &'static str,
    name: &'a str,
    changed_by_hand: bool,
    changes: &'a [Change],
    calls: Vec<&'static str>,
}

impl<'a> From<&'a Step> for StepView<'a> {
    fn from(step: &'a Step) -> StepView<'a> {
        StepView {
            action: step.action.word(),
            kind: step.kind.word(),
            name: &step.name,
            changed_by_hand: step.hands == Hands::On,
            changes: &step.changes,
            calls: step
                .calls
                .iter()
                .map(crate::account::Call::operation)
                .collect(),
        }
    }
}

pub(super) fn write<W: Write>(plan: &Plan, out: &mut W) -> fmt::Result {
    let view = View {
        project: &plan.target.project,
        environment: &plan.target.environment,
        account: &plan.target.account,
        region: &plan.target.region,
        steps: plan.steps.iter().map(StepView::from).collect(),
        unchanged: plan.unchanged,
        cost_cents: CostView {
            before: plan.cost.before.month(),
            after: plan.cost.after.month(),
        },
        reach: plan.reach.iter().map(ReachView::from).collect(),
        notes: &plan.notes,
    };
    let text = serde_json::to_string(&view).map_err(|_| fmt::Error)?;
    writeln!(out, "{text}")
}
