//! Dashboards: compared as values, not as text.

use super::step::{Action, Change, Kind, Step};
use super::{Observed, Work, body_diff};
use crate::account::Call;
use crate::model::{Dashboard, Desired, Target};

pub(super) fn compare(desired: &Desired, observed: &Observed, work: &mut Work) {
    let target = &desired.target;
    for dashboard in &desired.dashboards {
        let name = &dashboard.name;
        match (observed.bodies.get(name), observed.dashboard_tags.get(name)) {
            (Some(_), Some(tags)) if !target.owns(tags) => {
                work.not_ours.push(format!("dashboard {name}"));
            }
            (Some(body), Some(_)) => {
                let found = Dashboard {
                    name: name.clone(),
                    body: body.clone(),
                };
                match update(target, dashboard, &found) {
                    Some(step) => work.first.push(step),
                    None => work.unchanged += 1,
                }
            }
            _ => work.first.push(create(target, dashboard)),
        }
    }
    for (name, tags) in &observed.dashboard_tags {
        let wanted = desired
            .dashboards
            .iter()
            .any(|dashboard| dashboard.name == *name);
        if !wanted && target.owns(tags) {
            work.last.push(Step {
                action: Action::Delete,
                kind: Kind::Dashboard,
                name: name.clone(),
                changes: Vec::new(),
                calls: vec![Call::DeleteDashboard { name: name.clone() }],
            });
        }
    }
}

fn put(target: &Target, dashboard: &Dashboard) -> Call {
    Call::PutDashboard {
        name: dashboard.name.clone(),
        body: dashboard.body.clone(),
        tags: target.tags(&dashboard.content()),
    }
}

fn create(target: &Target, dashboard: &Dashboard) -> Step {
    let changes = match dashboard.value() {
        Some(value) => body_diff::widgets(&value)
            .into_iter()
            .map(|widget| Change::new("widget", widget))
            .collect(),
        None => Vec::new(),
    };
    Step {
        action: Action::Create,
        kind: Kind::Dashboard,
        name: dashboard.name.clone(),
        changes,
        calls: vec![put(target, dashboard)],
    }
}

fn update(target: &Target, dashboard: &Dashboard, found: &Dashboard) -> Option<Step> {
    let changes = match (found.value(), dashboard.value()) {
        (Some(from), Some(to)) if from == to => return None,
        (Some(from), Some(to)) => body_diff::diff(&from, &to),
        _ => vec![Change::between("body", "not JSON", "JSON")],
    };
    Some(Step {
        action: Action::Update,
        kind: Kind::Dashboard,
        name: dashboard.name.clone(),
        changes,
        calls: vec![
            put(target, dashboard),
            Call::Tag {
                arn: target.dashboard_arn(&dashboard.name),
                tags: target.tags(&dashboard.content()),
            },
        ],
    })
}
