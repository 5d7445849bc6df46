//! Why an alarm is in its state, in CloudWatch's own words, since people and
//! programs read them in every notification.

use serde::Serialize;
use serde_json::Value as Json;

use super::decide::Decision;
use super::evaluate::EvaluatedPoint;
use super::model::{MetricAlarm, State, Subject, TreatMissingData};
use crate::time::{data_form, reason_form};

/// Everything a reason is told from.
pub(super) struct Story<'a> {
    pub(super) alarm: &'a MetricAlarm,
    /// The evaluation range, oldest first.
    pub(super) points: &'a [EvaluatedPoint],
    pub(super) decision: Decision,
    pub(super) now_ms: i64,
}

impl Story<'_> {
    /// The sentence.
    pub(super) fn text(&self) -> String {
        let n = self.alarm.m_out_of_n.n() as usize;
        let real = self.newest_real();
        if real.is_empty() {
            let unknown = format!("Insufficient Data: {} unknown.", counted(n, "datapoint"));
            return match self.treated() {
                Some(word) if self.decision.filled > 0 => {
                    format!(
                        "Threshold Crossed: no datapoints were received for {} and {}.",
                        periods(n),
                        filled(n, word)
                    )
                }
                _ => unknown,
            };
        }
        let telling = self.telling(&real);
        let gaps = self.decision.filled as usize;
        if telling.is_empty() {
            let received = format!(
                "{} received for {}",
                counted(real.len(), "datapoint"),
                periods(n)
            );
            let treated = self
                .treated()
                .map(|word| format!(" and {}", filled(gaps, word)))
                .unwrap_or_default();
            return format!("Threshold Crossed: {received}{treated}.");
        }
        let not = if self.decision.state == State::Alarm {
            ""
        } else {
            "not "
        };
        let treated = match self.treated() {
            Some(word) if gaps > 0 => format!(" and {}", filled(gaps, word)),
            _ => String::new(),
        };
        format!(
            "Threshold Crossed: {} out of the last {n} datapoints [{}] {} {not}{} the threshold ({}){treated} ({}).",
            telling.len(),
            telling
                .iter()
                .map(|(ms, value)| format!("{} ({})", double(*value), reason_form(*ms)))
                .collect::<Vec<_>>()
                .join(", "),
            if telling.len() == 1 { "was" } else { "were" },
            self.alarm.comparison.words(),
            double(self.alarm.threshold),
            self.minimum()
        )
    }

    /// The datapoints that decide: the newest N real ones, newest first.
    fn newest_real(&self) -> Vec<&EvaluatedPoint> {
        let n = self.alarm.m_out_of_n.n() as usize;
        self.points
            .iter()
            .rev()
            .filter(|p| p.value.is_some())
            .take(n)
            .collect()
    }

    /// Those of them that speak for the state.
    fn telling(&self, real: &[&EvaluatedPoint]) -> Vec<(i64, f64)> {
        let breaching = self.decision.state == State::Alarm;
        let with_value = |p: &&EvaluatedPoint| Some((p.timestamp_ms, p.value?));
        real.iter()
            .filter(|p| p.breaching == breaching)
            .filter_map(with_value)
            .collect()
    }

    /// How many datapoints the transition takes: M to alarm, N-M+1 to end it.
    fn minimum(&self) -> String {
        let (m, n) = (self.alarm.m_out_of_n.m(), self.alarm.m_out_of_n.n());
        let (count, transition) = match self.decision.state {
            State::Alarm => (m, "OK -> ALARM"),
            State::Ok | State::InsufficientData => (n - m + 1, "ALARM -> OK"),
        };
        format!(
            "minimum {} for {transition} transition",
            plural(count as usize, "datapoint")
        )
    }

    /// What missing data counts as, in the words of a reason.
    fn treated(&self) -> Option<&'static str> {
        match self.alarm.treat_missing_data {
            TreatMissingData::Breaching => Some("Breaching"),
            TreatMissingData::NotBreaching => Some("NonBreaching"),
            TreatMissingData::Missing | TreatMissingData::Ignore => None,
        }
    }

    /// `StateReasonData`.
    pub(super) fn data(&self) -> Json {
        let real = self.newest_real();
        let n = self.alarm.m_out_of_n.n() as usize;
        let oldest_first = || real.iter().rev();
        let (statistic, unit) = match &self.alarm.subject {
            Subject::Stat(stat) => (Some(stat.stat.to_string()), stat.unit.map(|u| u.as_str())),
            Subject::Math { .. } => (None, None),
        };
        // With real points the range begins at the oldest that decided; CloudWatch
        // lists the gaps between them too.
        let skip = match real.last() {
            Some(oldest) => self
                .points
                .iter()
                .position(|p| p.timestamp_ms == oldest.timestamp_ms)
                .unwrap_or(0),
            None => self.points.len().saturating_sub(n),
        };
        let evaluated = self.points[skip.min(self.points.len().saturating_sub(n))..]
            .iter()
            .rev();
        let data = ReasonData {
            version: "1.0",
            query_date: data_form(self.now_ms),
            start_date: oldest_first().next().map(|p| data_form(p.timestamp_ms)),
            statistic,
            unit,
            period: self.alarm.period().seconds(),
            recent_datapoints: oldest_first().filter_map(|p| p.value).collect(),
            threshold: self.alarm.threshold,
            evaluated_datapoints: evaluated
                .map(|p| DataPoint {
                    timestamp: data_form(p.timestamp_ms),
                    sample_count: p.sample_count,
                    value: p.value,
                })
                .collect(),
        };
        serde_json::to_value(data).unwrap_or(Json::Null)
    }
}

/// `StateReasonData` as it travels.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReasonData {
    version: &'static str,
    query_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    statistic: Option<String>,
    period: u32,
    recent_datapoints: Vec<f64>,
    threshold: f64,
    evaluated_datapoints: Vec<DataPoint>,
}

/// One of its datapoints.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DataPoint {
    timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sample_count: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<f64>,
}

/// `1 period`, `3 periods`.
fn periods(count: usize) -> String {
    plural(count, "period")
}

/// `1 datapoint`, `3 datapoints`.
fn plural(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// `1 datapoint was`, `3 datapoints were`.
fn counted(count: usize, word: &str) -> String {
    format!(
        "{} {}",
        plural(count, word),
        if count == 1 { "was" } else { "were" }
    )
}

/// `2 missing datapoints were treated as [Breaching]`.
fn filled(count: usize, word: &str) -> String {
    format!(
        "{} treated as [{word}]",
        counted(count, "missing datapoint")
    )
}

/// A number as Java prints it, which is how it stands in CloudWatch's reasons:
/// `3.0`, `0.001`, `1.0E-4`, `1.2345678E7`.
fn double(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || (1e-3..1e7).contains(&size) {
        return format!("{value:?}");
    }
    let text = format!("{value:E}");
    match text.split_once('E') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_printed_as_java_does() {
        for (value, text) in [
            (3.0, "3.0"),
            (0.0, "0.0"),
            (-1.5, "-1.5"),
            (0.001, "0.001"),
            (0.0001, "1.0E-4"),
            (9_999_999.0, "9999999.0"),
            (1e7, "1.0E7"),
            (12_345_678.0, "1.2345678E7"),
            (8.891518474692088, "8.891518474692088"),
        ] {
            assert_eq!(double(value), text);
        }
    }
}
