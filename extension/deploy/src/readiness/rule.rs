//! What counts, and how much.

/// One rule of the score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Each function has an alarm that tells somebody.
    FunctionAlarms,
    /// So has each other resource.
    ResourceAlarms,
    /// Each queue has a dead-letter queue, and that one an alarm.
    DeadLetters,
    /// X-Ray traces each function.
    Tracing,
    /// Each resource with metrics of its own is on a dashboard.
    Dashboards,
    /// Each alarm that tells somebody names a runbook and an owner.
    Runbooks,
    /// Each log group has a retention.
    Retention,
    /// The log lines of each function carry a correlation id.
    Correlation,
    /// Each topic has somebody who hears it.
    Hearing,
    /// There is an objective.
    Objectives,
    /// Everybody who has to confirm a subscription did.
    Confirmed,
    /// Each alarm of one's own has a test.
    Tests,
    /// Each resource has the ready-made alarms of its kind.
    Presets,
    /// A sampling rule matches each function.
    Sampling,
    /// Each objective has a budget left.
    Budgets,
    /// Each objective says how much traffic it needs.
    Guards,
}

impl Rule {
    /// The table: every rule, its weight out of 100, its name and what it asks for. What
    /// keeps a failure from being noticed at all weighs most; what makes the cause quick
    /// to find comes next; what keeps the noise and the bill low comes last.
    const TABLE: [(Rule, u32, &'static str, &'static str); 16] = [
        (
            Rule::FunctionAlarms,
            12,
            "function-alarms",
            "functions with an alarm that tells somebody",
        ),
        (
            Rule::ResourceAlarms,
            10,
            "resource-alarms",
            "other resources with an alarm that tells somebody",
        ),
        (
            Rule::DeadLetters,
            8,
            "dead-letters",
            "queues whose dead letters set off an alarm",
        ),
        (Rule::Tracing, 10, "tracing", "functions that X-Ray traces"),
        (
            Rule::Dashboards,
            10,
            "dashboards",
            "resources on a dashboard",
        ),
        (
            Rule::Runbooks,
            8,
            "runbooks",
            "alarms with a runbook and an owner, by what they are about",
        ),
        (
            Rule::Retention,
            6,
            "retention",
            "log groups with a retention",
        ),
        (
            Rule::Correlation,
            6,
            "correlation",
            "functions whose log lines carry a correlation id",
        ),
        (Rule::Hearing, 5, "hearing", "topics that somebody hears"),
        (
            Rule::Objectives,
            5,
            "objectives",
            "projects with an objective",
        ),
        (
            Rule::Confirmed,
            4,
            "confirmed",
            "topics whose subscriptions are all confirmed",
        ),
        (Rule::Tests, 4, "tests", "alarms of one's own with a test"),
        (
            Rule::Presets,
            4,
            "presets",
            "resources with the ready-made alarms of their kind",
        ),
        (
            Rule::Sampling,
            4,
            "sampling",
            "functions that a sampling rule matches",
        ),
        (
            Rule::Budgets,
            2,
            "budgets",
            "objectives with error budget left",
        ),
        (
            Rule::Guards,
            2,
            "guards",
            "objectives with a minimum of requests",
        ),
    ];

    /// All rules, in the order of the table.
    pub fn all() -> impl Iterator<Item = Rule> {
        Rule::TABLE.into_iter().map(|(rule, ..)| rule)
    }

    /// Its weight: all together are 100.
    pub fn weight(self) -> u32 {
        Rule::TABLE[self as usize].1
    }

    /// Its name, for programs: `[a-z-]`.
    pub fn name(self) -> &'static str {
        Rule::TABLE[self as usize].2
    }

    /// What it counts, for people.
    pub fn counts(self) -> &'static str {
        Rule::TABLE[self as usize].3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_rules_and_its_weights_are_100() {
        let rules: Vec<Rule> = Rule::all().collect();
        assert!(rules.is_sorted());
        for (index, rule) in rules.iter().enumerate() {
            assert_eq!(index, *rule as usize, "{}", rule.name());
        }
        assert_eq!(Rule::all().map(Rule::weight).sum::<u32>(), 100);
    }
}
