//! `SEARCH`: series of the metrics that a text finds.

use super::error::MathError;
use super::expr::{Expr, Kind};
use super::scope::{Scope, Value};
use crate::metric::{MetricId, TimeRange};
use crate::search::{Search, labels};
use crate::series::{MetricStat, Period, Series, collect};
use crate::statistic::Statistic;

impl Scope<'_> {
    /// Whether a metric had data within two weeks: a search finds no others. Most have
    /// data within hours, so that is looked at first.
    fn is_recent(&self, metric: &MetricId) -> bool {
        const HOUR_MS: i64 = 3_600_000;
        let Some(now_ms) = self.grid.now_ms else {
            return true;
        };
        [3, 14 * 24].into_iter().any(|hours| {
            // Data may be stamped up to two hours ahead.
            let range = TimeRange {
                start_ms: now_ms.saturating_sub(hours * HOUR_MS),
                end_ms: now_ms.saturating_add(2 * HOUR_MS),
            };
            !self.source.samples(metric, range).is_empty()
        })
    }

    /// `SEARCH('{NS,Dim} terms', 'Stat'[, period])`
    pub(super) fn search(&self, at: usize, arguments: &[Expr]) -> Result<Value, MathError> {
        let not_checked = || MathError::new(at, "the search was not checked");
        let (Some(Kind::Text(text)), Some(Kind::Text(stat))) = (
            arguments.first().map(|a| &a.kind),
            arguments.get(1).map(|a| &a.kind),
        ) else {
            return Err(not_checked());
        };
        let search = Search::parse(text).map_err(|_| not_checked())?;
        let stat: Statistic = stat.parse().map_err(|_| not_checked())?;
        let period = match arguments.get(2).map(|a| &a.kind) {
            Some(Kind::Number(seconds)) => {
                Period::new(*seconds as u32).map_err(|_| not_checked())?
            }
            _ => self.period,
        };
        let found = search.find_among(self.source, |metric| self.is_recent(metric));
        let labels = labels(&found);
        let series = found.into_iter().zip(labels).map(|(metric, label)| {
            let stat = MetricStat {
                metric,
                period,
                stat: stat.clone(),
                unit: None,
            };
            Series {
                label,
                ..collect(&stat, &self.grid, self.source)
            }
        });
        Ok(Value::Array(series.collect()))
    }
}
