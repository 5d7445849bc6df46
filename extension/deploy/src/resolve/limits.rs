//! What a metric may be called, as PutMetricAlarm's reference has it: told here, before
//! half of an apply is done.

use crate::model::MetricRef;
use crate::source::file::Span;
use crate::source::problem::{Problem, Problems};

/// Characters of a namespace, of a metric's name and of a dimension's.
const NAME: usize = 255;
/// Characters of a dimension's value.
const VALUE: usize = 1_024;
/// Dimensions of a metric.
const DIMENSIONS: usize = 30;

/// Where the parts of a metric stand.
pub(super) struct Places {
    pub(super) namespace: Span,
    /// Of the name; dimensions are told there, too.
    pub(super) name: Span,
}

/// Notes what CloudWatch would refuse of a metric.
pub(super) fn check_metric(metric: &MetricRef, places: &Places, problems: &mut Problems) {
    let fits = |text: &str, most: usize| (1..=most).contains(&text.chars().count());
    if !fits(&metric.namespace, NAME) || metric.namespace.starts_with(':') {
        problems.add(
            Problem::at(places.namespace, "this cannot be a namespace")
                .label("1 to 255 characters, the first of them no `:`"),
        );
    }
    let mut refuse = |message: String, label: &str| {
        problems.add(Problem::at(places.name, message).label(label));
    };
    if !fits(&metric.name, NAME) {
        let label = "1 to 255 characters";
        refuse("this cannot be a metric's name".to_owned(), label);
    }
    let count = metric.dimensions.len();
    if count > DIMENSIONS {
        let message = format!("{count} dimensions are too many for one metric");
        refuse(message, "CloudWatch takes 30");
    }
    for (name, value) in &metric.dimensions {
        let label = if !fits(name, NAME) || !fits(value, VALUE) {
            "a name has 1 to 255 characters, a value 1 to 1,024"
        } else if name.starts_with(':') {
            "the name begins with `:`"
        } else {
            continue;
        };
        refuse(format!("the dimension `{name}` cannot be one"), label);
    }
}
