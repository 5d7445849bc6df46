//! Dynamic labels: `p99 ${MAX} at ${MAX_TIME}` becomes text once the points are
//! known.

use crate::query::Options;
use crate::series::{Point, Series};
use crate::time::label_form;

/// The most dynamic values of one label; those after them stay as they are written.
const MAX_VALUES: usize = 6;

/// A series' label with its dynamic values put in. What is no known value stays as
/// it is written, so that a typing error is seen where it was made.
pub fn render(series: &Series, options: &Options) -> String {
    let mut out = String::new();
    let mut rest = series.label.as_str();
    let mut values = 0;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((inner, tail)) = after.split_once('}') else {
            break;
        };
        out.push_str(before);
        match value(inner.trim(), series, options).filter(|_| values < MAX_VALUES) {
            Some(text) => {
                out.push_str(&text);
                values += 1;
            }
            None => {
                out.push_str("${");
                out.push_str(inner);
                out.push('}');
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// The text of one dynamic value, if there is such a value.
fn value(name: &str, series: &Series, options: &Options) -> Option<String> {
    let clock = |timestamp_ms: i64| label_form(timestamp_ms.saturating_add(options.label_zone_ms));
    if let Some(property) = name.strip_prefix("PROP(").and_then(|n| n.strip_suffix(')')) {
        return prop(property.trim().trim_matches(['\'', '"']), series, options);
    }
    let nothing = || "--".to_owned();
    if let Some(of) = name.strip_suffix("_TIME_RELATIVE") {
        let now = options.now_ms.unwrap_or(options.range.end_ms);
        return point(of, series)
            .map(|p| p.map_or_else(nothing, |p| ago(now.saturating_sub(p.timestamp_ms))));
    }
    if let Some(of) = name.strip_suffix("_TIME_RANGE") {
        let (from, to) = pair(of, series)?;
        return Some(match (from, to) {
            (Some(a), Some(b)) => {
                let (a, b) = (
                    a.timestamp_ms.min(b.timestamp_ms),
                    a.timestamp_ms.max(b.timestamp_ms),
                );
                format!("{} - {}", clock(a), clock(b))
            }
            _ => nothing(),
        });
    }
    if let Some(of) = name.strip_suffix("_TIME") {
        return point(of, series).map(|p| p.map_or_else(nothing, |p| clock(p.timestamp_ms)));
    }
    if let Some(of) = name.strip_suffix("_RANGE") {
        let (from, to) = pair(of, series)?;
        return Some(match (from, to) {
            (Some(a), Some(b)) => number((b.value - a.value).abs()),
            _ => nothing(),
        });
    }
    if let Some(found) = point(name, series) {
        return Some(found.map_or_else(nothing, |p| number(p.value)));
    }
    let (count, sum) = (series.points.len() as f64, series.values().sum::<f64>());
    let of_all = match name {
        "DATAPOINT_COUNT" => return Some(number(count)),
        "SUM" => sum,
        "AVG" => sum / count,
        "STDDEV" => (series
            .values()
            .map(|v| (v - sum / count).powi(2))
            .sum::<f64>()
            / count)
            .sqrt(),
        _ => return None,
    };
    Some(if series.points.is_empty() {
        nothing()
    } else {
        number(of_all)
    })
}

/// The point that `MAX`, `MIN`, `FIRST` or `LAST` means; `None` for another name.
fn point<'a>(name: &str, series: &'a Series) -> Option<Option<&'a Point>> {
    let points = || series.points.iter();
    Some(match name {
        "MAX" => points().reduce(|a, b| if b.value > a.value { b } else { a }),
        "MIN" => points().reduce(|a, b| if b.value < a.value { b } else { a }),
        "FIRST" => series.points.first(),
        "LAST" => series.points.last(),
        _ => return None,
    })
}

/// Both ends of `MIN_MAX` or `FIRST_LAST`.
fn pair<'a>(name: &str, series: &'a Series) -> Option<(Option<&'a Point>, Option<&'a Point>)> {
    match name {
        "MIN_MAX" => Some((point("MIN", series)?, point("MAX", series)?)),
        "FIRST_LAST" => Some((point("FIRST", series)?, point("LAST", series)?)),
        _ => None,
    }
}

/// `${PROP('...')}`: a property of the metric behind the series.
fn prop(property: &str, series: &Series, options: &Options) -> Option<String> {
    match property {
        "Region" => return Some(options.region.clone()),
        // Accounts have labels only where one monitors others.
        "AccountId" | "AccountLabel" => return Some(options.account_id.clone()),
        "Period" => return Some(series.period.seconds().to_string()),
        _ => {}
    }
    let stat = series.source.as_ref();
    let text = match property {
        "MetricName" => stat.map(|s| s.metric.name.clone()),
        "Namespace" => stat.map(|s| s.metric.namespace.clone()),
        "Stat" => stat.map(|s| s.stat.to_string()),
        other => {
            let dimension = other.strip_prefix("Dim.")?;
            stat.and_then(|s| s.metric.dimension(dimension))
                .map(str::to_owned)
        }
    };
    Some(text.unwrap_or_else(|| "--".to_owned()))
}

/// A number with at most four decimals.
fn number(value: f64) -> String {
    let rounded = (value * 10_000.0).round() / 10_000.0;
    if rounded.is_finite() {
        rounded.to_string()
    } else {
        value.to_string()
    }
}

/// `2d 3h ago`, `5m 10s ago`: the two largest units.
fn ago(ms: i64) -> String {
    let seconds = ms.max(0) / 1000;
    let units = [
        ("d", seconds / 86_400),
        ("h", seconds / 3_600 % 24),
        ("m", seconds / 60 % 60),
        ("s", seconds % 60),
    ];
    let parts: Vec<String> = units
        .iter()
        .skip_while(|(_, n)| *n == 0)
        .take(2)
        .filter(|(_, n)| *n > 0)
        .map(|(unit, n)| format!("{n}{unit}"))
        .collect();
    if parts.is_empty() {
        "0s ago".to_owned()
    } else {
        format!("{} ago", parts.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::{MetricId, TimeRange};
    use crate::series::{MetricStat, Period};

    fn check(label: &str, values: &[f64], expected: &str) {
        let start = crate::time::parse_iso("2026-11-23T04:00:00Z").unwrap();
        let point = |(i, value): (usize, &f64)| Point {
            timestamp_ms: start + i as i64 * 60_000,
            value: *value,
        };
        let series = Series {
            label: label.to_owned(),
            period: Period::MINUTE,
            points: values.iter().enumerate().map(point).collect(),
            source: Some(Box::new(MetricStat {
                metric: MetricId::new(
                    "NS",
                    "Errors",
                    vec![("FunctionName".into(), "upload".into())],
                ),
                period: Period::MINUTE,
                stat: "p99".parse().unwrap(),
                unit: None,
            })),
        };
        let options = Options::from(TimeRange {
            start_ms: start,
            end_ms: start + 3_600_000,
        });
        assert_eq!(render(&series, &options), expected, "{label}");
    }

    #[test]
    fn dynamic_values_become_text() {
        let values = [3.0, 9.0, 0.123456];
        check("plain", &values, "plain");
        check(
            "${MAX} ${MIN} ${SUM} ${AVG}",
            &values,
            "9 0.1235 12.1235 4.0412",
        );
        check(
            "${FIRST}-${LAST} of ${DATAPOINT_COUNT}",
            &values,
            "3-0.1235 of 3",
        );
        check(
            "${MAX_TIME}, ${MAX_TIME_RELATIVE}",
            &values,
            "2026-11-23 04:01, 59m ago",
        );
        check(
            "${MIN_MAX_RANGE} ${FIRST_LAST_TIME_RANGE}",
            &values,
            "8.8765 2026-11-23 04:00 - 2026-11-23 04:02",
        );
        check(
            "${PROP('MetricName')} ${PROP('Dim.FunctionName')} ${PROP('Stat')} ${PROP('Period')}",
            &values,
            "Errors upload p99 60",
        );
        check(
            "${PROP('Region')} ${PROP('AccountId')} ${PROP('Namespace')} ${PROP('Dim.X')}",
            &values,
            "us-east-1 000000000000 NS --",
        );
        check(
            "${FIRST_LAST_RANGE} ${MIN_MAX_TIME_RANGE}",
            &values,
            "2.8765 2026-11-23 04:01 - 2026-11-23 04:02",
        );
        check(
            "${FIRST_TIME} ${LAST_TIME_RELATIVE}",
            &values,
            "2026-11-23 04:00 58m ago",
        );
        check("${PROP('AccountLabel')}", &values, "000000000000");
        check("${MAX} ${AVG} ${MAX_TIME}", &[], "-- -- --");
        check("${DATAPOINT_COUNT} ${SUM} ${MIN_MAX_RANGE}", &[], "0 -- --");
    }

    /// GetMetricData's `LabelOptions`.
    #[test]
    fn times_are_told_by_the_clock_asked_for() {
        let start = crate::time::parse_iso("2026-11-23T23:00:00Z").unwrap();
        let series = Series {
            label: "${LAST_TIME}; ${FIRST_LAST_TIME_RANGE}; ${LAST_TIME_RELATIVE}".to_owned(),
            period: Period::MINUTE,
            points: vec![Point {
                timestamp_ms: start,
                value: 1.0,
            }],
            source: None,
        };
        let options = Options {
            label_zone_ms: 5_400_000,
            ..Options::from(TimeRange {
                start_ms: start,
                end_ms: start + 120_000,
            })
        };
        assert_eq!(
            render(&series, &options),
            "2026-11-24 00:30; 2026-11-24 00:30 - 2026-11-24 00:30; 2m ago"
        );
    }

    #[test]
    fn what_is_no_value_and_what_is_too_much_stays() {
        check("${MAXX} ${", &[1.0], "${MAXX} ${");
        check(
            "${MAX}${MAX}${MAX}${MAX}${MAX}${MAX}${MAX}",
            &[1.0],
            "111111${MAX}",
        );
    }
}
