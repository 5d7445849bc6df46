//! Dashboards: compared as values, not as text.

use super::ownership::Owner;
use super::step::{Change, Hands, Kind, Step, Wave};
use super::{Observed, Work, body_diff};
use crate::account::Call;
use crate::model::{Dashboard, Desired, TAG_CONTENT, Tags, Target, content_hash};

pub(super) fn compare(desired: &Desired, observed: &Observed, work: &mut Work<'_>) {
    let target = &desired.target;
    for dashboard in &desired.dashboards {
        let name = &dashboard.name;
        let (Some(body), Some(tags)) =
            (observed.bodies.get(name), observed.dashboard_tags.get(name))
        else {
            work.steps.push(create(target, dashboard));
            continue;
        };
        if Owner::of(target.owns(tags), name, work.adopt) == Owner::Other {
            work.not_ours.push(format!("dashboard {name}"));
            continue;
        }
        let found = Dashboard {
            name: name.clone(),
            body: body.clone(),
        };
        match update(target, dashboard, &found, tags) {
            Some(step) => work.steps.push(step),
            None => work.unchanged += 1,
        }
    }
    for (name, tags) in &observed.dashboard_tags {
        let wanted = desired.dashboards.iter().any(|one| one.name == *name);
        if !wanted && target.owns(tags) {
            let mut step = Step::delete(Wave::remove(Kind::Dashboard), Kind::Dashboard, name);
            let body = observed.bodies.get(name).cloned();
            let found = body.map(|body| Dashboard {
                name: name.clone(),
                body,
            });
            step.hands = found.map_or(Hands::Off, |found| hands(target, &found, tags));
            let name = name.clone();
            work.steps
                .push(step.calls([Call::DeleteDashboard { name }]));
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
    let widgets = dashboard.value().map(|value| body_diff::widgets(&value));
    let changes = widgets
        .into_iter()
        .flatten()
        .map(|widget| Change::new("widget", widget))
        .collect();
    Step::create(
        Wave::make(Kind::Dashboard),
        Kind::Dashboard,
        &dashboard.name,
    )
    .changes(changes)
    .calls([put(target, dashboard)])
}

fn update(target: &Target, dashboard: &Dashboard, found: &Dashboard, tags: &Tags) -> Option<Step> {
    let wanted = target.tags(&dashboard.content());
    let tagged = wanted
        .iter()
        .all(|(name, value)| tags.get(name) == Some(value));
    let step = Step::update(
        Wave::make(Kind::Dashboard),
        Kind::Dashboard,
        &dashboard.name,
    );
    // Tags given to an existing dashboard's put are ignored.
    let tag = Call::Tag {
        arn: target.dashboard_arn(&dashboard.name),
        tags: wanted,
    };
    let changes = match (found.value(), dashboard.value()) {
        (Some(from), Some(to)) if from == to && tagged => return None,
        // An apply ended between the body and its tags.
        (Some(from), Some(to)) if from == to => {
            let change = Change::between("tags", "of an earlier apply", "up to date");
            return Some(step.changes(vec![change]).calls([tag]));
        }
        (Some(from), Some(to)) => body_diff::diff(&from, &to),
        _ => vec![Change::between("body", "not JSON", "JSON")],
    };
    let mut step = step.changes(changes).calls([put(target, dashboard), tag]);
    step.hands = hands(target, found, tags);
    Some(step)
}

/// The tag says what the last apply made of the body.
fn hands(target: &Target, found: &Dashboard, tags: &Tags) -> Hands {
    let left = content_hash(&found.content());
    match tags.get(TAG_CONTENT) {
        Some(hash) if target.owns(tags) && *hash != left => Hands::On,
        _ => Hands::Off,
    }
}
