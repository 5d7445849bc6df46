//! The cardinality guard: how many series one name may open.
//!
//! Every distinct set of dimension values is a metric that CloudWatch bills. A
//! dimension that holds an id opens one for each request, so past a limit the
//! value of the dimension that explodes is replaced by [`OTHER`]: sums over the
//! metric stay right, the bill stays bounded, and the log names the dimension.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher as _, RandomState},
};

/// Stands for the values that were folded together.
pub(super) const OTHER: &str = "_other";

/// What has been seen of each name.
#[derive(Debug)]
pub(super) struct Guard {
    limit: usize,
    hasher: RandomState,
    names: HashMap<String, Seen>,
    /// Whether the explosion of names itself was told.
    names_told: bool,
}

#[derive(Debug, Default)]
struct Seen {
    series: HashSet<u64>,
    /// The distinct values of each dimension, among the series that were let in.
    values: HashMap<String, HashSet<u64>>,
    told: bool,
}

/// The guard's answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Within the limits.
    Open,
    /// The dimensions were changed; the first time for a name, what to report.
    Folded(Option<Explosion>),
    /// Too many names; the first time, what to report.
    Refused(Option<Explosion>),
}

/// What to report.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Explosion {
    /// The dimension with the most values; empty where the names explode.
    pub(super) dimension: String,
    /// How many values, or names, there are.
    pub(super) values: usize,
}

impl Guard {
    /// Lets `limit` series of a name through, and four times as many names.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            hasher: RandomState::new(),
            names: HashMap::new(),
            names_told: false,
        }
    }

    /// Judges a series; the first `fixed` dimensions are the process's own.
    pub(super) fn admit(
        &mut self,
        name: &str,
        dimensions: &mut Vec<(String, String)>,
        fixed: usize,
    ) -> Verdict {
        let names = self.names.len();
        if names >= self.limit.saturating_mul(4) && !self.names.contains_key(name) {
            let first = !std::mem::replace(&mut self.names_told, true);
            return Verdict::Refused(first.then(|| Explosion {
                dimension: String::new(),
                values: names,
            }));
        }
        let hasher = &self.hasher;
        let seen = self.names.entry(name.to_owned()).or_default();
        let hash = hasher.hash_one(&*dimensions);
        if seen.series.contains(&hash) {
            return Verdict::Open;
        }
        if seen.series.len() < self.limit {
            seen.series.insert(hash);
            for (dimension, value) in &dimensions[fixed..] {
                let values = seen.values.entry(dimension.clone()).or_default();
                values.insert(hasher.hash_one(value));
            }
            return Verdict::Open;
        }
        let exploding = dimensions[fixed..]
            .iter()
            .map(|(dimension, _)| dimension)
            .max_by_key(|dimension| seen.values.get(*dimension).map_or(0, HashSet::len))
            .cloned();
        let report = exploding
            .as_ref()
            .filter(|_| !seen.told)
            .map(|dimension| Explosion {
                values: seen.values.get(dimension).map_or(0, HashSet::len),
                dimension: dimension.clone(),
            });
        seen.told = true;
        for (dimension, value) in &mut dimensions[fixed..] {
            if Some(&*dimension) == exploding.as_ref() {
                OTHER.clone_into(value);
            }
        }
        // Where a second dimension explodes too, nothing of the labels is left.
        let hash = hasher.hash_one(&*dimensions);
        if !seen.series.contains(&hash) {
            if seen.series.len() < self.limit + self.limit / 2 + 1 {
                seen.series.insert(hash);
            } else {
                dimensions.truncate(fixed);
                dimensions.push(("overflow".to_owned(), OTHER.to_owned()));
            }
        }
        Verdict::Folded(report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dimensions(pairs: &[(&str, String)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, value)| (name.to_string(), value.clone()))
            .collect()
    }

    #[test]
    fn the_dimension_that_explodes_is_named_once_and_folded() {
        let mut guard = Guard::new(3);
        for request in 0..3 {
            let mut all = dimensions(&[
                ("service", "s".into()),
                ("bucket", "b".into()),
                ("request", request.to_string()),
            ]);
            assert_eq!(guard.admit("M", &mut all, 1), Verdict::Open);
        }
        for request in 3..9 {
            let mut all = dimensions(&[
                ("service", "s".into()),
                ("bucket", "b".into()),
                ("request", request.to_string()),
            ]);
            let report = (request == 3).then(|| Explosion {
                dimension: "request".into(),
                values: 3,
            });
            assert_eq!(guard.admit("M", &mut all, 1), Verdict::Folded(report));
            assert_eq!(all[1].1, "b");
            assert_eq!(all[2].1, OTHER);
        }
        // What was let in stays in, and another name has room of its own.
        let mut all = dimensions(&[("service", "s".into())]);
        assert_eq!(guard.admit("N", &mut all, 1), Verdict::Open);
    }

    #[test]
    fn series_of_a_name_stay_bounded_whatever_explodes() {
        let mut guard = Guard::new(4);
        let mut series = HashSet::new();
        for number in 0..200 {
            let mut all = dimensions(&[("a", number.to_string()), ("b", (number * 7).to_string())]);
            guard.admit("M", &mut all, 0);
            series.insert(all);
        }
        assert!(series.len() <= 4 + 3 + 1, "{}", series.len());
    }

    #[test]
    fn names_that_explode_are_refused_and_told_once() {
        let mut guard = Guard::new(2);
        let verdicts: Vec<_> = (0..20)
            .map(|number| guard.admit(&format!("m{number}"), &mut Vec::new(), 0))
            .collect();
        assert!(
            verdicts[..8]
                .iter()
                .all(|verdict| *verdict == Verdict::Open)
        );
        assert!(matches!(verdicts[8], Verdict::Refused(Some(_))));
        assert!(
            verdicts[9..]
                .iter()
                .all(|verdict| *verdict == Verdict::Refused(None))
        );
    }
}
