//! StatsD as DogStatsD extends it ("DogStatsD protocol", versions 1.0 to 1.3):
//! `name:value[:value...]|type[|@rate][|#tag:value,...][|T1656581400]`, one line
//! each, several lines a datagram.
//!
//! | type | becomes |
//! |---|---|
//! | `c` | a counter: value / rate |
//! | `g` | a gauge |
//! | `ms` | a histogram in milliseconds; 1 / rate points of each value |
//! | `h`, `d` | a histogram; 1 / rate points of each value |
//! | `s` | a gauge: how many different values came between two flushes |
//!
//! Tags become dimensions. Events and service checks are no metrics: counted as
//! not understood.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use cloudvault_obs_core::metric::{Kind, Resolution, Series, Unit};

use crate::{intake::Sample, platform::Scope};

/// Sets, and values of one set, that are told apart between two flushes.
const MOST_SETS: usize = 1_000;
const MOST_MEMBERS: usize = 10_000;
/// A rate of less than a millionth is a mistake.
const LEAST_RATE: f64 = 1e-6;

/// Reads datagrams.
#[derive(Debug)]
pub struct Statsd {
    scope: Scope,
    sets: HashMap<Series, HashSet<String>>,
}

/// What became of a datagram's lines.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lines {
    /// The samples.
    pub samples: Vec<Sample>,
    /// Lines that are no metric.
    pub malformed: u64,
}

/// One line, understood.
#[derive(Debug, PartialEq)]
struct Line<'a> {
    name: &'a str,
    /// At least one.
    values: Vec<&'a str>,
    kind: &'a str,
    rate: f64,
    tags: &'a str,
    timestamp_ms: Option<i64>,
}

impl Statsd {
    /// Metrics go to the namespace of `scope`, and carry its service unless a tag
    /// names one.
    #[must_use]
    pub fn new(scope: Scope) -> Self {
        Self {
            scope,
            sets: HashMap::new(),
        }
    }

    /// Reads one datagram that came at `now_ms`.
    pub fn read(&mut self, datagram: &[u8], now_ms: i64) -> Lines {
        let mut lines = Lines::default();
        for line in datagram.split(|&byte| byte == b'\n') {
            let line = line.trim_ascii();
            if line.is_empty() {
                continue;
            }
            let samples = std::str::from_utf8(line)
                .ok()
                .and_then(parse)
                .and_then(|line| self.samples(&line, now_ms));
            match samples {
                Some(samples) => lines.samples.extend(samples),
                None => lines.malformed = lines.malformed.saturating_add(1),
            }
        }
        lines
    }

    /// The sets' sizes; they begin anew.
    pub fn sets(&mut self, now_ms: i64) -> Vec<Sample> {
        self.sets
            .drain()
            .map(|(series, members)| Sample {
                series: Arc::new(series),
                value: members.len() as f64,
                count: 1,
                timestamp_ms: now_ms,
            })
            .collect()
    }

    fn samples(&mut self, line: &Line<'_>, now_ms: i64) -> Option<Vec<Sample>> {
        let (kind, unit) = match line.kind {
            "c" => (Kind::Counter, Unit::Count),
            "g" => (Kind::Gauge, Unit::None),
            "ms" => (Kind::Histogram, Unit::Milliseconds),
            "h" | "d" => (Kind::Histogram, Unit::None),
            "s" => (Kind::Gauge, Unit::Count),
            _ => return None,
        };
        let series = Series {
            namespace: self.scope.namespace.clone(),
            name: line.name.to_owned(),
            dimensions: dimensions(line.tags, &self.scope.service),
            unit,
            resolution: Resolution::Standard,
            kind,
        };
        if line.kind == "s" {
            self.join(series, &line.values);
            return Some(Vec::new());
        }
        // At least one, and at most a million: the rate is bounded.
        let times = (1.0 / line.rate).round() as u64;
        let series = Arc::new(series);
        let sample = |text: &&str| {
            let value: f64 = text.parse().ok()?;
            let (value, count) = match kind {
                Kind::Counter => (value / line.rate, 1),
                Kind::Gauge => (value, 1),
                Kind::Histogram => (value, times),
            };
            Some(Sample {
                series: Arc::clone(&series),
                value,
                count,
                timestamp_ms: line.timestamp_ms.unwrap_or(now_ms),
            })
        };
        line.values.iter().map(sample).collect()
    }

    /// A set past its bound stops growing: its size is then a lower bound.
    fn join(&mut self, series: Series, values: &[&str]) {
        if self.sets.len() >= MOST_SETS && !self.sets.contains_key(&series) {
            return;
        }
        let members = self.sets.entry(series).or_default();
        for value in values {
            if members.len() < MOST_MEMBERS {
                members.insert((*value).to_owned());
            }
        }
    }
}

fn parse(line: &str) -> Option<Line<'_>> {
    // Events and service checks look like metrics for a while.
    if line.starts_with("_e{") || line.starts_with("_sc|") {
        return None;
    }
    let mut parts = line.split('|');
    let (name, values) = parts.next()?.split_once(':')?;
    let mut parsed = Line {
        name: Some(name.trim()).filter(|name| !name.is_empty())?,
        values: values.split(':').collect(),
        kind: parts.next()?,
        rate: 1.0,
        tags: "",
        timestamp_ms: None,
    };
    for part in parts {
        // Further parts (`c:` names the container) may come: they are no matter.
        if let Some(rate) = part.strip_prefix('@') {
            let rate = rate.parse().ok()?;
            parsed.rate = Some(rate).filter(|rate| (LEAST_RATE..=1.0).contains(rate))?;
        } else if let Some(tags) = part.strip_prefix('#') {
            parsed.tags = tags;
        } else if let Some(seconds) = part.strip_prefix('T') {
            let seconds: i64 = seconds.parse().ok()?;
            parsed.timestamp_ms = Some(seconds.checked_mul(1000)?);
        }
    }
    Some(parsed)
}

/// `service` first, then the tags by name, so that their order makes no other
/// series. A tag without a value is true; of two of one name the first counts.
fn dimensions(tags: &str, service: &str) -> Vec<(String, String)> {
    let mut dimensions: Vec<(String, String)> = Vec::new();
    for tag in tags.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
        let (name, value) = tag.split_once(':').unwrap_or((tag, "true"));
        let known = dimensions.iter().any(|(other, _)| other == name);
        if !known && !name.is_empty() && !value.is_empty() {
            dimensions.push((name.to_owned(), value.to_owned()));
        }
    }
    if !dimensions.iter().any(|(name, _)| name == "service") {
        dimensions.push(("service".to_owned(), service.to_owned()));
    }
    dimensions.sort_by(|(a, _), (b, _)| (a != "service", a).cmp(&(b != "service", b)));
    dimensions
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn statsd() -> Statsd {
        Statsd::new(Scope {
            namespace: "N".into(),
            service: "s".into(),
        })
    }

    /// Name, kind, dimensions but the service, value x count @ time.
    fn show(sample: &Sample) -> String {
        let series = &sample.series;
        let dimensions: Vec<_> = series
            .dimensions
            .iter()
            .filter(|(name, value)| (name.as_str(), value.as_str()) != ("service", "s"))
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        format!(
            "{} {:?} {} [{}] {}x{}@{}",
            series.name,
            series.kind,
            series.unit,
            dimensions.join(","),
            sample.value,
            sample.count,
            sample.timestamp_ms
        )
    }

    fn check(datagram: &str, expect: &[&str], malformed: u64) {
        let lines = statsd().read(datagram.as_bytes(), 7);
        let shown: Vec<_> = lines.samples.iter().map(show).collect();
        assert_eq!(shown, expect, "{datagram}");
        assert_eq!(lines.malformed, malformed, "{datagram}");
    }

    #[test]
    fn every_type_becomes_what_the_table_says() {
        check("a:2|c", &["a Counter Count [] 2x1@7"], 0);
        check("a:2|c|@0.5", &["a Counter Count [] 4x1@7"], 0);
        check("a:-2.5|g", &["a Gauge None [] -2.5x1@7"], 0);
        check(
            "a:320|ms|@0.1",
            &["a Histogram Milliseconds [] 320x10@7"],
            0,
        );
        check("a:1|h", &["a Histogram None [] 1x1@7"], 0);
        check("a:1|d|T9", &["a Histogram None [] 1x1@9000"], 0);
    }

    #[test]
    fn lines_and_values_are_packed_and_a_broken_one_costs_itself() {
        check(
            "a:1:2|h\nb:1|c\n\nbroken\nc:x|c\nd:1|q\ne:1|c|@2\n_e{1,1}:a|b\n_sc|a|0\n:1|c\nf:1|c|c:id\n",
            &[
                "a Histogram None [] 1x1@7",
                "a Histogram None [] 2x1@7",
                "b Counter Count [] 1x1@7",
                "f Counter Count [] 1x1@7",
            ],
            7,
        );
    }

    #[test]
    fn tags_are_dimensions_in_one_order() {
        let expect = "a Counter Count [b=1,c=true,d=x:y] 1x1@7";
        check("a:1|c|#d:x:y,b:1,c,b:2,,:z", &[expect], 0);
        check("a:1|c|#c,b:1,d:x:y", &[expect], 0);
        check(
            "a:1|c|#service:other",
            &["a Counter Count [service=other] 1x1@7"],
            0,
        );
    }

    #[test]
    fn a_set_counts_its_different_values_until_the_flush() {
        let mut statsd = statsd();
        statsd.read(b"u:1|s\nu:2|s\nu:1:3|s|#a:b", 0);
        let mut shown: Vec<_> = statsd.sets(9).iter().map(show).collect();
        shown.sort();
        assert_eq!(
            shown,
            ["u Gauge Count [] 2x1@9", "u Gauge Count [a=b] 2x1@9"]
        );
        assert_eq!(statsd.sets(9), []);
    }

    proptest! {
        #[test]
        fn any_datagram_is_survived(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            text in "([a-c:|@#,T0-9.eE+-]|\\n|ms|NaN|inf){0,60}",
        ) {
            let mut statsd = statsd();
            for datagram in [bytes.as_slice(), text.as_bytes()] {
                for sample in statsd.read(datagram, 0).samples {
                    prop_assert!(sample.count >= 1 && sample.count <= 1_000_000);
                }
            }
        }
    }
}
