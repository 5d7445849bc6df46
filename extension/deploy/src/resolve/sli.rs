//! What an objective counts: good or bad events, and all of them.

use obs_cloudwatch::statistic::Statistic;

use super::resources::Resource;
use super::signal::{check_statistic, dimensions};
use super::slos::Reader;
use crate::model::MetricRef;
use crate::model::slo::{Counted, Part};
use crate::shape::alarm::Metric;
use crate::shape::slo as shape;
use crate::source::At;
use crate::source::problem::Problem;

impl Reader<'_, '_> {
    pub(super) fn availability(
        &mut self,
        at: &At<shape::Availability>,
    ) -> Option<(Part, Counted, Counted)> {
        let shape = &at.value;
        match (&shape.resource, &shape.good, &shape.bad, &shape.total) {
            (Some(name), None, None, None) => {
                let resource = self.context.resources.find(name, self.problems)?;
                let (namespace, bad, total) = match resource.kind {
                    "functions" => ("AWS/Lambda", ("Errors", "Sum"), ("Invocations", "Sum")),
                    "http_apis" => ("AWS/ApiGateway", ("5xx", "Sum"), ("Count", "SampleCount")),
                    _ => return self.unfit(name, resource),
                };
                let counted = |(name, statistic)| counted(resource, namespace, name, statistic);
                Some((Part::Bad, counted(bad), counted(total)))
            }
            (None, Some(good), None, Some(total)) => {
                Some((Part::Good, self.counted(good)?, self.counted(total)?))
            }
            (None, None, Some(bad), Some(total)) => {
                Some((Part::Bad, self.counted(bad)?, self.counted(total)?))
            }
            _ => {
                self.problems.add(
                    Problem::at(at.span, "it is not told what counts as available").help(
                        "write `resource:` alone, or `total:` with one of `good:` and `bad:`",
                    ),
                );
                None
            }
        }
    }

    pub(super) fn latency(&mut self, at: &At<shape::Latency>) -> Option<(Part, Counted, Counted)> {
        let shape = &at.value;
        let metric = match (&shape.resource, &shape.metric) {
            (Some(name), None) => {
                let resource = self.context.resources.find(name, self.problems)?;
                let (namespace, metric) = match resource.kind {
                    "functions" => ("AWS/Lambda", "Duration"),
                    "http_apis" => ("AWS/ApiGateway", "Latency"),
                    _ => return self.unfit(name, resource),
                };
                counted(resource, namespace, metric, "SampleCount").metric
            }
            (None, Some(metric)) => reference(&metric.value),
            _ => {
                self.problems.add(
                    Problem::at(at.span, "it is not told whose time counts")
                        .help("write one of `resource:` and `metric:`"),
                );
                return None;
            }
        };
        let unit = shape.metric.as_ref().and_then(|it| it.value.unit.as_ref());
        let limit = shape.below.value.milliseconds() as f64;
        let limit = match unit.map(|unit| unit.value.as_str()) {
            Some("Seconds") => limit / 1e3,
            Some("Microseconds") => limit * 1e3,
            _ => limit,
        };
        let of = |statistic: String| Counted {
            metric: metric.clone(),
            statistic,
        };
        // TC counts the samples within the bounds: those that were quick enough.
        let good = of(format!("TC(:{limit})"));
        Some((Part::Good, good, of("SampleCount".to_owned())))
    }

    fn unfit<T>(&mut self, name: &At<String>, resource: &Resource) -> Option<T> {
        self.problems.add(
            Problem::at(
                name.span,
                format!("`{}` serves no requests", resource.path()),
            )
            .label("expected one of `functions` or `http_apis`")
            .help("name the metrics themselves"),
        );
        None
    }

    fn counted(&mut self, at: &At<shape::Counted>) -> Option<Counted> {
        let statistic = match &at.value.statistic {
            None => "Sum".to_owned(),
            Some(statistic) => check_statistic(statistic, self.problems)?,
        };
        let counts = matches!(
            statistic.parse::<Statistic>(),
            Ok(Statistic::Sum | Statistic::SampleCount)
        ) || statistic.starts_with("TC")
            || statistic.starts_with("tc");
        if !counts {
            let span = at.value.statistic.as_ref().map_or(at.span, |it| it.span);
            self.problems.add(
                Problem::at(span, format!("`{statistic}` does not count"))
                    .label("expected `Sum`, `SampleCount` or `TC(...)`"),
            );
            return None;
        }
        Some(Counted {
            metric: reference(&at.value.metric),
            statistic,
        })
    }
}

fn counted(resource: &Resource, namespace: &str, name: &str, statistic: &str) -> Counted {
    Counted {
        metric: MetricRef {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            dimensions: resource.dimensions.clone(),
        },
        statistic: statistic.to_owned(),
    }
}

fn reference(metric: &Metric) -> MetricRef {
    MetricRef {
        namespace: metric.namespace.value.clone(),
        name: metric.name.value.clone(),
        dimensions: dimensions(metric.dimensions.as_ref(), None),
    }
}
