//! CloudWatch's semantics as a pure engine: what a metric, a statistic, a math
//! expression, an alarm and a dashboard body *mean*, without the service.
//!
//! It exists so that one answer serves everybody: the local account evaluates
//! with it, the alarm tests and backtests run on it, and the linter of
//! dashboards and alarms asks it. It does no IO and reads no clock: data comes in
//! through [`metric::MetricSource`], time as a value. Same input, same bytes.
//!
//! Reading order is the way of the data: [`metric`] (what is stored),
//! [`statistic`] (a number from the values of one period), [`series`] (one number
//! a period), [`math`] and [`search`] (series from series), [`label`], [`query`]
//! (GetMetricData and GetMetricStatistics), [`alarm`] and [`composite`] (a state
//! from series, a state from states), [`dashboard`] (what the page draws). Beside it
//! stand [`log_filter`], which log lines become data, and [`trace_filter`], which traces
//! an X-Ray expression means.

pub mod metric;
pub mod time;
pub mod near;
pub mod statistic;
pub mod series;
pub mod math;
pub mod search;
pub mod label;
pub mod query;
pub mod alarm;
pub mod composite;
pub mod dashboard;
mod comparison;
pub mod log_filter;
pub mod trace_filter;
