//! From needs to the least policy that allows them.

use super::glob::kind;
use super::needs::{Need, PUT_SEGMENTS};
use super::policy::{Condition, Effect, Form, Policy, Statement};

impl Policy {
    /// The least policy for these needs, in few statements.
    ///
    /// A statement allows each of its actions on each of its resources. What is done to
    /// resources of several kinds under the same conditions shares one where that allows
    /// nothing more: deleting alarms knows alarms only, whatever else is named beside them.
    pub fn of(needs: &[Need]) -> Policy {
        let mut groups: Vec<Group<'_>> = Vec::new();
        for need in needs {
            match groups.iter_mut().find(|group| group.takes(need, needs)) {
                Some(group) => group.add(need),
                None => groups.push(Group {
                    actions: vec![need.action],
                    resources: need.resources.iter().collect(),
                    conditions: &need.conditions,
                }),
            }
        }
        let groups = groups.iter().enumerate();
        Policy {
            statements: groups
                .map(|(index, group)| group.statement(index))
                .collect(),
        }
    }
}

/// What a statement is made of.
struct Group<'a> {
    actions: Vec<&'static str>,
    resources: Vec<&'a String>,
    conditions: &'a [Condition],
}

impl<'a> Group<'a> {
    /// Whether the statement may allow a need, too, and nothing more by that.
    fn takes(&self, need: &Need, needs: &[Need]) -> bool {
        let idle = |action: &'static str, resource: &String| {
            let of_action = needs.iter().filter(|one| one.action == action);
            let mut all = of_action.clone().flat_map(|one| &one.resources);
            let needed = of_action
                .filter(|one| one.conditions == self.conditions)
                .any(|one| one.resources.contains(resource));
            let other = |own: &String| match (kind(own), kind(resource)) {
                (Some(own), Some(resource)) => own != resource,
                _ => false,
            };
            needed || all.all(other)
        };
        let here = self.actions.iter();
        self.conditions == need.conditions
            && self.resources.iter().all(|one| idle(need.action, one))
            && need
                .resources
                .iter()
                .all(|one| here.clone().all(|action| idle(action, one)))
    }

    fn add(&mut self, need: &'a Need) {
        if !self.actions.contains(&need.action) {
            self.actions.push(need.action);
        }
        for resource in &need.resources {
            if !self.resources.contains(&resource) {
                self.resources.push(resource);
            }
        }
    }

    fn statement(&self, index: usize) -> Statement {
        Statement {
            sid: self.sid(index),
            effect: Effect::Allow,
            actions: Form::Of(self.actions.iter().map(|it| (*it).to_owned()).collect()),
            resources: Form::Of(self.resources.iter().map(|it| (*it).clone()).collect()),
            conditions: self.conditions.to_vec(),
        }
    }

    /// A name that says what the statement is for; unique by its number.
    fn sid(&self, index: usize) -> String {
        let bound = |key: &str| self.conditions.iter().any(|it| it.key.starts_with(key));
        if bound("cloudwatch:namespace") {
            return "PutMetricsOfTheseNamespaces".to_owned();
        }
        if self.actions == [PUT_SEGMENTS] {
            return "PutSegmentsWhereThereIsNoDaemon".to_owned();
        }
        let reads = |action: &&str| {
            let name = action.split_once(':').map_or("", |(_, name)| name);
            let verbs = ["Get", "List", "Describe", "Filter"];
            verbs.iter().any(|verb| name.starts_with(verb))
        };
        let does = match () {
            () if bound("aws:RequestTag/") => "MakeWithOurTags",
            () if bound("aws:ResourceTag/") => "OnWhatHasOurTags",
            () if self.actions.iter().all(reads) => "Read",
            () => "Write",
        };
        format!("{does}{}", index + 1)
    }
}
