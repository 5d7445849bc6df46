//! What an alarm looks at: a metric with its statistic, or an expression over several.

use std::collections::BTreeMap;

use obs_cloudwatch::log_filter::Pattern;
use obs_cloudwatch::math;
use obs_cloudwatch::metric::Unit;
use obs_cloudwatch::statistic::Statistic;

use super::alarms::Reader;
use super::limits::{Places, check_metric};
use super::resources::Resource;
use crate::model::alarm::Term as Content;
use crate::model::{MetricFilter, MetricRef, Query, Signal};
use crate::shape::alarm::{Alarm, Metric, Term};
use crate::source::file::Span;
use crate::source::problem::{Problem, Problems};
use crate::source::{At, Raw, near};

/// Name of the expression that the threshold is compared with.
const RESULT: &str = "result";
/// Longest pattern of a metric filter.
const MAX_PATTERN: usize = 1024;
/// At most so many entries in an expression.
const MAX_QUERIES: usize = 10;

impl Reader<'_, '_> {
    /// The metric or expression of an alarm.
    pub(super) fn signal(
        &mut self,
        shape: &Alarm,
        resource: Option<&Resource>,
        period: u32,
    ) -> Option<Signal> {
        match (&shape.metric, &shape.expression) {
            (Some(metric), None) => {
                for term in shape.metrics.values() {
                    self.problems.add(
                        Problem::at(
                            term.span,
                            "`metrics` goes with `expression`, not with `metric`",
                        )
                        .help("leave one of them out"),
                    );
                }
                let statistic = self.statistic(shape.statistic.as_ref(), metric.span);
                // What a filter writes has the filter's dimensions, none.
                let resource = resource.filter(|_| shape.filter.is_none());
                let (metric, unit) = self.metric(&metric.value, resource);
                Some(Signal::Metric {
                    metric,
                    statistic: statistic?,
                    unit,
                    period,
                })
            }
            (None, Some(expression)) => self.math(shape, expression, resource, period),
            (Some(_), Some(both)) => {
                self.problems.add(
                    Problem::at(both.span, "an alarm has a `metric` or an `expression`")
                        .help("leave one of them out"),
                );
                None
            }
            (None, None) => {
                self.problems.add(
                    Problem::at(shape.name.span, "the alarm looks at nothing").help(
                        "add `metric:` with namespace and name, or `expression:` with `metrics:`",
                    ),
                );
                None
            }
        }
    }

    fn log_group(&mut self, group: &At<String>) {
        let fits = (1..=512).contains(&group.value.len())
            && group
                .value
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-/.#".contains(&byte));
        if !fits {
            self.problems.add(
                Problem::at(
                    group.span,
                    format!("`{}` cannot be a log group", group.value),
                )
                .label("letters, digits and `_-/.#`, at most 512"),
            );
        }
    }

    /// What AWS has taken before must not be refused here, so what is no pattern to us
    /// is only warned of.
    fn pattern(&mut self, pattern: &At<String>, value: Option<&Raw>) {
        if pattern.value.chars().count() > MAX_PATTERN {
            return self.problems.add(Problem::at(
                pattern.span,
                "the pattern is longer than 1024 characters",
            ));
        }
        let selector = value.filter(|value| value.0.starts_with('$'));
        let read = Pattern::parse(&pattern.value);
        let read = read.and_then(|read| selector.map_or(Ok(()), |it| read.check_selector(&it.0)));
        if let Err(error) = read {
            self.problems.warn(
                Problem::at(pattern.span, "CloudWatch Logs may refuse this pattern")
                    .label(error.to_string()),
            );
        }
    }

    /// The metric filter that an alarm brings along.
    pub(super) fn filter(&mut self, shape: &Alarm) -> Option<MetricFilter> {
        let filter = shape.filter.as_ref()?;
        let Some(metric) = &shape.metric else {
            self.problems.add(
                Problem::at(filter.span, "a `filter` writes a metric, and there is none")
                    .help("add `metric:` with the namespace and name that it writes"),
            );
            return None;
        };
        let metric = &metric.value;
        let filter = &filter.value;
        let (group, pattern) = (&filter.log_group, &filter.pattern);
        self.pattern(pattern, filter.value.as_ref());
        self.log_group(group);
        if metric.namespace.value.starts_with("AWS/") {
            self.problems.add(
                Problem::at(
                    metric.namespace.span,
                    "a filter cannot write into AWS's namespaces",
                )
                .help("take a namespace of your own"),
            );
        }
        if metric.dimensions.as_ref().is_some_and(|it| !it.is_empty()) {
            self.problems.add(
                Problem::at(
                    metric.name.span,
                    "a filter that writes 0 for other lines writes no dimensions",
                )
                .help("leave `dimensions` out, or put them into the name"),
            );
        }
        Some(MetricFilter {
            log_group: group.value.clone(),
            name: format!(
                "{}{}",
                self.context.target.filter_prefix(),
                shape.name.value.replace([':', '*'], "-")
            ),
            // CloudWatch Logs keeps it so.
            pattern: pattern.value.trim().to_owned(),
            metric_namespace: metric.namespace.value.clone(),
            metric_name: metric.name.value.clone(),
            value: filter
                .value
                .clone()
                .map_or_else(|| "1".to_owned(), |it| it.0),
            // Without it, no line is no data, and an alarm cannot tell quiet from broken.
            default_value: Some(0.0),
            foreign: BTreeMap::new(),
        })
    }

    fn metric(
        &mut self,
        metric: &Metric,
        resource: Option<&Resource>,
    ) -> (MetricRef, Option<String>) {
        let reference = MetricRef {
            namespace: metric.namespace.value.clone(),
            name: metric.name.value.clone(),
            dimensions: dimensions(metric.dimensions.as_ref(), resource),
        };
        let places = Places {
            namespace: metric.namespace.span,
            name: metric.name.span,
        };
        check_metric(&reference, &places, self.problems);
        (reference, self.unit(metric.unit.as_ref()))
    }

    fn unit(&mut self, unit: Option<&At<String>>) -> Option<String> {
        let unit = unit?;
        if Unit::parse(&unit.value).is_none() {
            self.problems.add(
                Problem::at(unit.span, format!("`{}` is not a unit", unit.value))
                    .help(near::suggestion(&unit.value, Unit::all().map(Unit::as_str))),
            );
        }
        Some(unit.value.clone())
    }

    fn statistic(&mut self, statistic: Option<&At<String>>, place: Span) -> Option<String> {
        let Some(statistic) = statistic else {
            self.problems.add(
                Problem::at(place, "the metric has no statistic")
                    .help("add `statistic:`, such as `Sum` or `p90`"),
            );
            return None;
        };
        check_statistic(statistic, self.problems)
    }

    /// The expression that the threshold is compared with.
    fn result(&mut self, shape: &Alarm, expression: &At<String>) -> Query {
        let named = shape.result.as_ref();
        let id = named
            .and_then(|it| it.value.id.as_deref())
            .unwrap_or(RESULT);
        if let (Some(named), false) = (named, is_id(id)) {
            self.problems.add(
                Problem::at(named.span, format!("`{id}` cannot be an expression's id"))
                    .help("ids begin with a lower-case letter"),
            );
        }
        Query {
            id: id.to_owned(),
            label: named.and_then(|it| it.value.label.clone()),
            returns: true,
            term: Content::Expression {
                text: expression.value.clone(),
            },
        }
    }

    fn math(
        &mut self,
        shape: &Alarm,
        expression: &At<String>,
        resource: Option<&Resource>,
        period: u32,
    ) -> Option<Signal> {
        if let Some(statistic) = &shape.statistic {
            self.problems.add(
                Problem::at(statistic.span, "an expression has no statistic")
                    .help("give each of `metrics:` its own"),
            );
        }
        if shape.metrics.len() + 1 > MAX_QUERIES || shape.metrics.is_empty() {
            self.problems.add(
                Problem::at(expression.span, "an expression is over 1 to 9 `metrics`")
                    .help("name them under `metrics:`"),
            );
        }
        let result = self.result(shape, expression);
        let own = result.id.clone();
        let mut queries = vec![result];
        let mut complete = true;
        for (id, term) in &shape.metrics {
            if !is_id(id) || *id == own {
                self.problems.add(
                    Problem::at(
                        term.span,
                        format!("`{id}` cannot be a name in an expression"),
                    )
                    .help("names begin with a lower-case letter; `result` is the alarm's own"),
                );
            }
            match self.term(term, resource, period) {
                Some(content) => queries.push(Query {
                    id: id.clone(),
                    label: term.value.label.clone(),
                    returns: false,
                    term: content,
                }),
                None => complete = false,
            }
        }
        queries.sort_by(|a, b| a.id.cmp(&b.id));
        if complete {
            self.check_math(shape, expression);
        }
        complete.then_some(Signal::Math(queries))
    }

    /// Reads the expressions and follows the names in them.
    fn check_math(&mut self, shape: &Alarm, expression: &At<String>) {
        let mut types = math::Types::default();
        for (id, term) in &shape.metrics {
            match term.value.expression {
                Some(_) => types.expression(id, math::Type::Series),
                None => types.metric(id),
            }
        }
        let inner = shape
            .metrics
            .values()
            .filter_map(|term| term.value.expression.as_ref());
        for text in inner.chain([expression]) {
            let checked = math::parse(&text.value).and_then(|read| math::check(&read, &types));
            match checked {
                Ok(_) => {}
                // What only AWS can compute is right all the same.
                Err(error) if error.needs_aws() => {}
                Err(error) => self.problems.add(
                    Problem::at(text.span, format!("in the expression, {error}"))
                        .help("the names are those under `metrics:`"),
                ),
            }
        }
    }

    fn term(
        &mut self,
        term: &At<Term>,
        resource: Option<&Resource>,
        period: u32,
    ) -> Option<Content> {
        let shape = &term.value;
        match (&shape.expression, &shape.namespace, &shape.name) {
            (Some(expression), None, None) => Some(Content::Expression {
                text: expression.value.clone(),
            }),
            (None, Some(namespace), Some(name)) => {
                let statistic = self.statistic(shape.statistic.as_ref(), term.span);
                let metric = MetricRef {
                    namespace: namespace.value.clone(),
                    name: name.value.clone(),
                    dimensions: dimensions(shape.dimensions.as_ref(), resource),
                };
                let places = Places {
                    namespace: namespace.span,
                    name: name.span,
                };
                check_metric(&metric, &places, self.problems);
                Some(Content::Metric {
                    metric,
                    statistic: statistic?,
                    unit: self.unit(shape.unit.as_ref()),
                    period,
                })
            }
            _ => {
                self.problems.add(
                    Problem::at(term.span, "this is neither a metric nor an expression")
                        .help("write `namespace:`, `name:` and `statistic:`, or `expression:`"),
                );
                None
            }
        }
    }
}

/// The dimensions that the file names, else those of the resource.
pub(super) fn dimensions(
    named: Option<&BTreeMap<String, Raw>>,
    resource: Option<&Resource>,
) -> BTreeMap<String, String> {
    match (named, resource) {
        (Some(named), _) => named
            .iter()
            .map(|(name, value)| (name.clone(), value.0.clone()))
            .collect(),
        (None, Some(resource)) => resource.dimensions.clone(),
        (None, None) => BTreeMap::new(),
    }
}

/// The statistic as CloudWatch spells it; an unknown one becomes a problem.
pub(super) fn check_statistic(statistic: &At<String>, problems: &mut Problems) -> Option<String> {
    match statistic.value.parse::<Statistic>() {
        Ok(_) => Some(statistic.value.clone()),
        Err(error) => {
            let known = [
                "Sum",
                "Average",
                "Minimum",
                "Maximum",
                "SampleCount",
                "p50",
                "p90",
                "p99",
                "IQM",
            ];
            let near = near::nearest(&statistic.value, known);
            let message = format!("failed to {error}");
            // The parser of statistics makes suggestions of its own.
            let message = message.split(", did you mean").next().unwrap_or_default();
            let problem = Problem::at(statistic.span, message);
            problems.add(match near {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem,
            });
            None
        }
    }
}

fn is_id(id: &str) -> bool {
    id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.len() <= 255
        && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
