//! In which order alarms that name each other come and go.
//!
//! A composite can be put only when the alarms that its rule names exist, and an alarm
//! can be deleted only when no composite names it. Rules may form circles, which
//! CloudWatch allows to those who make them by hand: nothing in a circle can be
//! deleted until one of its rules names nobody.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Alarm;

/// How alarms lean on each other.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Order {
    /// How many alarms stand below each: 0 for those that name none of the others.
    depths: BTreeMap<String, usize>,
    /// Those whose rules have to let go before anything of their circle can go.
    circles: BTreeSet<String>,
}

impl Order {
    /// Of these alarms among themselves.
    pub(super) fn of<'a>(alarms: impl IntoIterator<Item = &'a Alarm>) -> Order {
        let mut names: BTreeMap<String, BTreeSet<String>> = alarms
            .into_iter()
            .map(|alarm| {
                let children = alarm.children().into_iter().collect();
                (alarm.name().to_owned(), children)
            })
            .collect();
        let all: BTreeSet<String> = names.keys().cloned().collect();
        for children in names.values_mut() {
            children.retain(|child| all.contains(child));
        }
        let mut order = Order::default();
        order.place(&mut names);
        if !names.is_empty() {
            order.circles = circles(&names);
            for name in &order.circles {
                names.entry(name.clone()).or_default().clear();
            }
            order.place(&mut names);
        }
        order
    }

    /// How many alarms stand below this one.
    pub(super) fn depth(&self, name: &str) -> usize {
        self.depths.get(name).copied().unwrap_or(0)
    }

    /// Those that name each other in a circle.
    pub(super) fn circles(&self) -> impl Iterator<Item = &str> {
        self.circles.iter().map(String::as_str)
    }

    /// Places everything that stands on nothing, or only on what is placed already.
    fn place(&mut self, names: &mut BTreeMap<String, BTreeSet<String>>) {
        loop {
            let free: Vec<(String, usize)> = names
                .iter()
                .filter(|(_, children)| {
                    children.iter().all(|child| self.depths.contains_key(child))
                })
                .map(|(name, children)| {
                    let below = children.iter().map(|child| self.depth(child) + 1).max();
                    (name.clone(), below.unwrap_or(0))
                })
                .collect();
            if free.is_empty() {
                return;
            }
            for (name, depth) in free {
                names.remove(&name);
                self.depths.insert(name, depth);
            }
        }
    }
}

/// What is left when those that only stand upon a circle are taken away.
fn circles(names: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    let mut rest: BTreeSet<String> = names.keys().cloned().collect();
    loop {
        let named: BTreeSet<&String> = names
            .iter()
            .filter(|(name, _)| rest.contains(*name))
            .flat_map(|(_, children)| children)
            .collect();
        let kept: BTreeSet<String> = rest
            .iter()
            .filter(|name| named.contains(name))
            .cloned()
            .collect();
        if kept.len() == rest.len() {
            return kept;
        }
        rest = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Actions, CompositeAlarm};

    fn composite(name: &str, children: &[&str]) -> Alarm {
        let rule: Vec<String> = children
            .iter()
            .map(|child| format!("ALARM(\"{child}\")"))
            .collect();
        Alarm::Composite(CompositeAlarm {
            name: name.to_owned(),
            description: String::new(),
            actions: Actions::default(),
            actions_enabled: true,
            rule: match rule.is_empty() {
                true => "FALSE".to_owned(),
                false => rule.join(" OR "),
            },
            suppressor: None,
            foreign: BTreeMap::new(),
        })
    }

    fn check(alarms: &[(&str, &[&str])], depths: &[usize], circles: &[&str]) {
        let made: Vec<Alarm> = alarms
            .iter()
            .map(|(name, children)| composite(name, children))
            .collect();
        let order = Order::of(&made);
        let found: Vec<usize> = alarms.iter().map(|(name, _)| order.depth(name)).collect();
        assert_eq!(found, depths, "{alarms:?}");
        assert_eq!(order.circles().collect::<Vec<_>>(), circles, "{alarms:?}");
    }

    #[test]
    fn what_is_named_stands_below_what_names_it() {
        check(
            &[("a", &["b", "x"]), ("b", &["c"]), ("c", &[])],
            &[2, 1, 0],
            &[],
        );
        check(&[("a", &[]), ("b", &["a"]), ("c", &["a"])], &[0, 1, 1], &[]);
    }

    #[test]
    fn only_the_members_of_a_circle_have_to_let_go() {
        check(&[("a", &["b"]), ("b", &["a"])], &[0, 0], &["a", "b"]);
        check(
            &[
                ("top", &["a"]),
                ("a", &["b", "leaf"]),
                ("b", &["a"]),
                ("leaf", &[]),
            ],
            &[1, 0, 0, 0],
            &["a", "b"],
        );
        check(&[("self", &["self"])], &[0], &["self"]);
    }
}
