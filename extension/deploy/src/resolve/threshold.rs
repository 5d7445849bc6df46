//! From a threshold with a unit to the number CloudWatch compares with.

use super::resources::{Property, Resource};
use crate::model::MetricRef;
use crate::source::near;
use crate::value::{Amount, Quantity, Threshold};

/// Units of AWS's own metrics that thresholds with a unit are written for.
const UNITS: &[(&str, &str, &str)] = &[
    ("AWS/ApiGateway", "IntegrationLatency", "Milliseconds"),
    ("AWS/ApiGateway", "Latency", "Milliseconds"),
    (
        "AWS/DynamoDB",
        "AccountProvisionedReadCapacityUtilization",
        "Percent",
    ),
    (
        "AWS/DynamoDB",
        "AccountProvisionedWriteCapacityUtilization",
        "Percent",
    ),
    ("AWS/DynamoDB", "SuccessfulRequestLatency", "Milliseconds"),
    ("AWS/Lambda", "Duration", "Milliseconds"),
    ("AWS/Lambda", "IteratorAge", "Milliseconds"),
    ("AWS/S3", "FirstByteLatency", "Milliseconds"),
    ("AWS/S3", "TotalRequestLatency", "Milliseconds"),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage", "Seconds"),
];

/// What a threshold is about.
pub(super) struct Subject<'a> {
    /// The alarm's metric; `None` for an expression.
    pub(super) metric: Option<&'a MetricRef>,
    /// The unit the file names.
    pub(super) unit: Option<&'a str>,
    /// The metric's statistic; empty for an expression.
    pub(super) statistic: &'a str,
    /// The resource the alarm is about.
    pub(super) resource: Option<&'a Resource>,
    /// Length of a datapoint in seconds.
    pub(super) period: u32,
}

impl Subject<'_> {
    /// The number, in the metric's unit.
    ///
    /// # Errors
    /// A sentence and its remedy.
    pub(super) fn number(&self, threshold: &Threshold) -> Result<f64, (String, String)> {
        match threshold {
            Threshold::Fixed(quantity) => self.fixed(quantity),
            Threshold::Share { share, of } => self.share(*share, of),
        }
    }

    fn fixed(&self, quantity: &Quantity) -> Result<f64, (String, String)> {
        match quantity.amount {
            Amount::Plain => Ok(quantity.value),
            // Rates of CloudWatch (4xx, 5xx, availability) are shares of one.
            Amount::Percent if self.unit() == Some("Percent") => Ok(quantity.value),
            Amount::Percent => self.rate(quantity.value / 100.0),
            Amount::Time => Ok(quantity.value / self.factor("a time", TIMES)?),
            Amount::Size => Ok(quantity.value / self.factor("a size", SIZES)?),
        }
    }

    /// A share of one, for what is one: an average of zeros and ones.
    fn rate(&self, share: f64) -> Result<f64, (String, String)> {
        if self.metric.is_none() {
            return Err((
                "the threshold is a share, but what the expression counts in is not known here"
                    .to_owned(),
                "write `10` when the expression multiplies by 100, and `0.1` when it does not"
                    .to_owned(),
            ));
        }
        if matches!(self.statistic, "Sum" | "SampleCount") || self.unit().is_some() {
            let counts = match self.unit() {
                Some(unit) => format!("the metric is in {unit}"),
                None => format!("{} counts", self.statistic),
            };
            return Err((
                format!("the threshold is a share, but {counts}"),
                "write a plain number, or take the statistic `Average` of a metric of zeros and ones"
                    .to_owned(),
            ));
        }
        Ok(share)
    }

    /// The metric's unit: as the file says, else as AWS documents it.
    fn unit(&self) -> Option<&str> {
        let known = self.metric.and_then(|metric| {
            UNITS
                .iter()
                .find(|(namespace, name, _)| metric.namespace == *namespace && metric.name == *name)
                .map(|(_, _, unit)| *unit)
        });
        self.unit.or(known)
    }

    fn share(&self, share: f64, of: &str) -> Result<f64, (String, String)> {
        let Some(resource) = self.resource else {
            return Err((
                format!("`% of {of}` of what? the alarm names no resource"),
                "add `resource: NAME` or `for_each: KIND`".to_owned(),
            ));
        };
        let Some(property) = resource.properties.get(of) else {
            return Err((
                format!("the alarm's resource has no `{of}`"),
                near::suggestion(of, resource.properties.keys().copied()),
            ));
        };
        let limit = match property {
            Property::Milliseconds(limit) => limit / self.factor("a time", TIMES)?,
            Property::Bytes(limit) => limit / self.factor("a size", SIZES)?,
            Property::PerSecond(limit) => limit * f64::from(self.period),
            Property::Count(limit) => *limit,
        };
        // 0.9 * 10000 is 9000 and not 9000.000000000002 to whoever reads the plan.
        Ok((limit * share * 1e6).round() / 1e6)
    }

    /// How many base units (milliseconds, bytes) one unit of the metric is.
    fn factor(&self, what: &str, table: &[(&str, f64)]) -> Result<f64, (String, String)> {
        let Some(unit) = self.unit() else {
            return Err((
                format!("the threshold is {what}, but the unit of the metric is not known here"),
                "write a plain number in the metric's own unit, or add `unit:` to the metric"
                    .to_owned(),
            ));
        };
        table
            .iter()
            .find(|(name, _)| *name == unit)
            .map(|(_, factor)| *factor)
            .ok_or_else(|| {
                (
                    format!("the threshold is {what}, but the metric is in {unit}"),
                    format!("write a plain number of {unit}"),
                )
            })
    }
}

const TIMES: &[(&str, f64)] = &[
    ("Seconds", 1000.0),
    ("Milliseconds", 1.0),
    ("Microseconds", 0.001),
];

const SIZES: &[(&str, f64)] = &[
    ("Bytes", 1.0),
    ("Kilobytes", 1024.0),
    ("Megabytes", 1_048_576.0),
    ("Gigabytes", 1_073_741_824.0),
    ("Terabytes", 1_099_511_627_776.0),
];
