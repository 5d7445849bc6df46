//! `SEARCH`: which metrics a text such as `{AWS/Lambda,FunctionName} Errors` finds.
//!
//! The schema in braces names the namespace and exactly the dimensions; the terms
//! match words of a metric, or the whole of a part when they stand in quotes.

mod tokens;
mod parse;

use std::collections::BTreeSet;

use crate::metric::{MetricFilter, MetricId, MetricSource};
use tokens::{Partial, Tokens};

pub use parse::SearchError;

/// The most metrics that one search gives.
const MAX_FOUND: usize = 500;

/// A search that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// Namespace and names of the dimensions, if it has a schema.
    schema: Option<(String, BTreeSet<String>)>,
    condition: Condition,
}

/// What a metric must fulfil.
#[derive(Debug, Clone, PartialEq)]
enum Condition {
    Always,
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    /// A term; with the name of the property it is about, if it says so.
    Term(Option<String>, Term),
}

/// A term of a search.
#[derive(Debug, Clone, PartialEq)]
enum Term {
    /// The text has these tokens, one after the other.
    Partial(Partial),
    /// The text is exactly this.
    Exact(String),
}

impl Search {
    /// Reads a search.
    ///
    /// # Errors
    /// Where the text stops being a search, with what was expected there.
    pub fn parse(text: &str) -> Result<Search, SearchError> {
        parse::parse(text)
    }

    /// Whether a metric is found.
    pub fn accepts(&self, metric: &MetricId) -> bool {
        let fits = self.schema.as_ref().is_none_or(|(namespace, names)| {
            metric.namespace == *namespace
                && metric.dimensions.len() == names.len()
                && metric
                    .dimensions
                    .iter()
                    .all(|(name, _)| names.contains(name))
        });
        fits && self.condition.holds(metric)
    }

    /// The metrics found, sorted, at most 500 of them.
    pub fn find(&self, source: &dyn MetricSource) -> Vec<MetricId> {
        self.find_among(source, |_| true)
    }

    /// The metrics found of those that are let through: these are counted alone.
    pub(crate) fn find_among(
        &self,
        source: &dyn MetricSource,
        lets_through: impl Fn(&MetricId) -> bool,
    ) -> Vec<MetricId> {
        let filter = MetricFilter {
            namespace: self.schema.as_ref().map(|(namespace, _)| namespace.clone()),
            ..MetricFilter::default()
        };
        let found: BTreeSet<MetricId> = source
            .list(&filter)
            .into_iter()
            .filter(|m| self.accepts(m))
            .collect();
        let found = found.into_iter().filter(lets_through);
        found.take(MAX_FOUND).collect()
    }
}

impl Condition {
    fn holds(&self, metric: &MetricId) -> bool {
        match self {
            Condition::Always => true,
            Condition::All(parts) => parts.iter().all(|p| p.holds(metric)),
            Condition::Any(parts) => parts.iter().any(|p| p.holds(metric)),
            Condition::Not(inner) => !inner.holds(metric),
            Condition::Term(None, term) => term.in_any_part(metric),
            Condition::Term(Some(property), term) => match property.as_str() {
                "MetricName" => term.matches(&metric.name),
                "Namespace" => term.matches(&metric.namespace),
                // Whoever monitors other accounts names its own so; here there is no other.
                ":aws.AccountId" => term.matches("LOCAL"),
                dimension => metric
                    .dimension(dimension)
                    .is_some_and(|value| term.matches(value)),
            },
        }
    }
}

impl Term {
    /// Whether the term matches one text.
    fn matches(&self, text: &str) -> bool {
        match self {
            Term::Exact(exact) => exact == text,
            Term::Partial(term) => term.fits(&Tokens::of(text)),
        }
    }

    /// Whether it matches the namespace, the name or a dimension's name or value.
    fn in_any_part(&self, metric: &MetricId) -> bool {
        let dimensions = metric
            .dimensions
            .iter()
            .flat_map(|(name, value)| [name.as_str(), value.as_str()]);
        let mut parts = [metric.namespace.as_str(), metric.name.as_str()]
            .into_iter()
            .chain(dimensions);
        parts.any(|part| self.matches(part))
    }
}

/// What tells the metrics of a search apart: the name and the dimension values in
/// which they differ, or the name when there is nothing to tell apart.
pub(crate) fn labels(found: &[MetricId]) -> Vec<String> {
    let values = |metric: &MetricId| -> Vec<String> {
        metric.dimensions.iter().map(|(_, v)| v.clone()).collect()
    };
    let differs = |part: &dyn Fn(&MetricId) -> Option<String>| {
        found.iter().map(part).collect::<BTreeSet<_>>().len() > 1
    };
    let width = found.iter().map(|m| m.dimensions.len()).max().unwrap_or(0);
    let columns: Vec<usize> = (0..width)
        .filter(|i| differs(&|m| values(m).get(*i).cloned()))
        .collect();
    let name_differs = differs(&|m| Some(m.name.clone())) || columns.is_empty();
    let label = |metric: &MetricId| {
        let values = values(metric);
        let mut parts: Vec<String> = columns
            .iter()
            .filter_map(|i| values.get(*i).cloned())
            .collect();
        if name_differs || parts.is_empty() {
            parts.push(metric.name.clone());
        }
        parts.join(" ")
    };
    found.iter().map(label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::MemorySource;
    use proptest::prelude::*;

    fn source() -> MemorySource {
        let mut source = MemorySource::new();
        let metric = |ns: &str, name: &str, dims: &[(&str, &str)]| {
            MetricId::new(
                ns,
                name,
                dims.iter()
                    .map(|(n, v)| (n.to_string(), v.to_string()))
                    .collect(),
            )
        };
        for id in [
            metric("AWS/Lambda", "Errors", &[("FunctionName", "upload")]),
            metric("AWS/Lambda", "Errors", &[("FunctionName", "thumbnail-big")]),
            metric("AWS/Lambda", "Duration", &[("FunctionName", "upload")]),
            metric("AWS/Lambda", "Errors", &[]),
            metric(
                "AWS/Lambda",
                "Errors",
                &[("FunctionName", "upload"), ("Resource", "upload:live")],
            ),
            metric("cloudvault", "CustomCount1", &[("service", "upload")]),
        ] {
            source.push_periods(&id, 0, 60, &[Some(1.0)]);
        }
        source
    }

    fn check(search: &str, expected: &[&str]) {
        let found = Search::parse(search).unwrap().find(&source());
        let found: Vec<String> = found
            .iter()
            .map(|m| {
                let dims: Vec<&str> = m.dimensions.iter().map(|(_, v)| v.as_str()).collect();
                format!("{} {}", m.name, dims.join("/"))
            })
            .collect();
        assert_eq!(found, expected, "{search}");
    }

    #[test]
    fn a_schema_wants_exactly_its_dimensions() {
        check(
            "{AWS/Lambda,FunctionName}",
            &["Duration upload", "Errors thumbnail-big", "Errors upload"],
        );
        check("{AWS/Lambda}", &["Errors "]);
        check(
            "{AWS/Lambda,Resource,FunctionName} errors",
            &["Errors upload/upload:live"],
        );
        check(
            "{\"AWS/Lambda\", \"FunctionName\"} Duration",
            &["Duration upload"],
        );
    }

    #[test]
    fn terms_match_words_and_quotes_match_the_whole() {
        check("{AWS/Lambda,FunctionName} error", &[]);
        check(
            "{AWS/Lambda,FunctionName} MetricName=\"Errors\" upload",
            &["Errors upload"],
        );
        check(
            "{AWS/Lambda,FunctionName} thumbnail",
            &["Errors thumbnail-big"],
        );
        check(
            "{AWS/Lambda,FunctionName} thumbnail-big",
            &["Errors thumbnail-big"],
        );
        check("{AWS/Lambda,FunctionName} \"thumbnail\"", &[]);
        check("count", &["CustomCount1 upload"]);
        check(
            "customcount1 OR duration",
            &["Duration upload", "CustomCount1 upload"],
        );
        check(
            "{AWS/Lambda,FunctionName} NOT upload",
            &["Errors thumbnail-big"],
        );
        check(
            "{AWS/Lambda,FunctionName} FunctionName=(\"upload\" OR \"thumbnail-big\") AND Errors",
            &["Errors thumbnail-big", "Errors upload"],
        );
        check("Namespace=\"cloudvault\"", &["CustomCount1 upload"]);
    }

    /// CloudWatch's user guide, "CloudWatch search expression syntax".
    #[test]
    fn a_search_reads_as_the_documents_write_it() {
        check(
            "{cloudvault,service}, CustomCount",
            &["CustomCount1 upload"],
        );
        check("{cloudvault,service} customcount", &[]);
        check("{cloudvault,service} couNT", &[]);
        check(
            "{ \"cloudvault\" , \"service\" }, \"CustomCount1\" ",
            &["CustomCount1 upload"],
        );
        check("NOT Namespace=AWS", &["CustomCount1 upload"]);
        check(
            "{AWS/Lambda,FunctionName} MetricName=\"Errors\" OR (MetricName=\"Duration\" AND (upload OR other))",
            &["Duration upload", "Errors thumbnail-big", "Errors upload"],
        );
        check(
            "{AWS/Lambda,FunctionName} NOT \"upload\" NOT \"other\"",
            &["Errors thumbnail-big"],
        );
        check(
            "{AWS/Lambda,FunctionName} :aws.AccountId = (\"LOCAL\" OR \"111122223333\") errors",
            &["Errors thumbnail-big", "Errors upload"],
        );
        let name = "Europe\\France Traffic(Network)";
        let metric = MetricId::new("NS", name, vec![]);
        let exact = Search::parse("\"Europe\\\\France Traffic\\(Network\\)\"").unwrap();
        assert!(exact.accepts(&metric));
    }

    #[test]
    fn what_is_no_search_is_refused_with_what_was_expected() {
        let check = |text: &str, expected: &str| {
            let error = Search::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        };
        check("{AWS/Lambda", "expected `}`");
        check("{}", "expected a namespace");
        check("(a", "expected `)`");
        check("a OR", "expected a term");
        check("\"a", "closing quote");
        check("", "expected a schema or a term");
        check(&"(".repeat(500), "nested deeper");
        check(&"a ".repeat(600), "longer than 1024");
    }

    #[test]
    fn labels_say_what_differs() {
        let found = Search::parse("{AWS/Lambda,FunctionName}")
            .unwrap()
            .find(&source());
        assert_eq!(
            labels(&found),
            ["upload Duration", "thumbnail-big Errors", "upload Errors"]
        );
        assert_eq!(labels(&found[..1]), ["Duration"]);
        assert_eq!(labels(&found[1..]), ["thumbnail-big", "upload"]);
        assert_eq!(labels(&[]), [""; 0]);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_search_panic(text in "[a-zA-Z{}(),=\"é ]{0,60}") {
            if let Ok(search) = Search::parse(&text) {
                search.find(&source());
            }
        }
    }
}
