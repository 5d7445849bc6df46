//! From the values of one period, each with its count, to the statistic's number.
//!
//! Counts are weights: a value seen a thousand times is one entry. Nothing here
//! expands it, so a period costs as much as it has distinct values.

use super::{Bounds, Statistic};
use crate::metric::Sample;

/// The values of one period, sorted, equal ones joined.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Values {
    /// Value and count; ascending; the counts are positive.
    sorted: Vec<(f64, f64)>,
    count: f64,
    sum: f64,
    /// Some are a guess of what a `StatisticSet` was made of.
    guessed: bool,
}

impl Values {
    /// The values of samples.
    pub fn of(samples: &[Sample]) -> Self {
        let mut values = Self::new(samples.iter().map(|sample| (sample.value, sample.count)));
        values.guessed = samples.iter().any(|sample| sample.of_set);
        values
    }

    /// Takes values with their counts in any order. What is not finite, or has no
    /// positive count, is no value and is left out.
    pub fn new(values: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let real =
            |(value, count): &(f64, f64)| value.is_finite() && count.is_finite() && *count > 0.0;
        let mut all: Vec<(f64, f64)> = values.into_iter().filter(real).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut sorted: Vec<(f64, f64)> = Vec::with_capacity(all.len());
        for (value, count) in all {
            match sorted.last_mut() {
                Some(last) if last.0 == value => last.1 += count,
                _ => sorted.push((value, count)),
            }
        }
        let count = sorted.iter().map(|(_, count)| count).sum();
        let sum = sorted.iter().map(|(value, count)| value * count).sum();
        Self {
            sorted,
            count,
            sum,
            guessed: false,
        }
    }

    /// How many values there are, counts added up.
    pub fn sample_count(&self) -> f64 {
        self.count
    }

    /// The statistic's number; `None` when there is no value it could rest on. What
    /// looks at single values rests on no `StatisticSet`.
    pub fn statistic(&self, statistic: &Statistic) -> Option<f64> {
        let (first, last) = (self.sorted.first()?, self.sorted.last()?);
        match statistic {
            Statistic::SampleCount => Some(self.count),
            Statistic::Sum => Some(self.sum),
            Statistic::Average => Some(self.sum / self.count),
            Statistic::Minimum => Some(first.0),
            Statistic::Maximum => Some(last.0),
            _ if self.guessed => None,
            Statistic::Percentile(p) => self.rank(p.value() / 100.0),
            Statistic::TrimmedMean(bounds) => self.trim(bounds).mean(),
            Statistic::InterquartileMean => self.trim_shares(0.25, 0.75).mean(),
            Statistic::TrimmedCount(bounds) => Some(self.trim(bounds).count),
            Statistic::TrimmedSum(bounds) => Some(self.trim(bounds).sum),
            Statistic::PercentileRank(bounds) => Some(100.0 * self.trim(bounds).count / self.count),
            Statistic::WinsorizedMean(bounds) => self.winsorized(bounds),
        }
    }

    /// The nearest rank: the smallest value with at least this share at or below it.
    fn rank(&self, share: f64) -> Option<f64> {
        // A hair of tolerance, so that 0.95 * 20 asks for rank 19 and not for 20.
        let wanted = (share * self.count) * (1.0 - 1e-12);
        let mut seen = 0.0;
        for (value, count) in &self.sorted {
            seen += count;
            if seen >= wanted {
                return Some(*value);
            }
        }
        self.sorted.last().map(|(value, _)| *value)
    }

    /// The part of the values that the bounds keep.
    fn trim(&self, bounds: &Bounds) -> Part {
        match bounds {
            Bounds::Percent { low, high } => {
                let low = low.as_ref().map_or(0.0, |d| d.value() / 100.0);
                self.trim_shares(low, high.as_ref().map_or(1.0, |d| d.value() / 100.0))
            }
            Bounds::Absolute { low, high } => {
                let above = |value: f64| low.as_ref().is_none_or(|d| value > d.value());
                let below = |value: f64| high.as_ref().is_none_or(|d| value <= d.value());
                let inside = |(value, _): &&(f64, f64)| above(*value) && below(*value);
                self.sorted
                    .iter()
                    .filter(inside)
                    .fold(Part::default(), |part, (value, count)| {
                        part.plus(*value, *count)
                    })
            }
        }
    }

    /// The values whose rank lies between two shares. A value that straddles a
    /// bound counts with the part of its weight that is inside.
    fn trim_shares(&self, low: f64, high: f64) -> Part {
        let (from, to) = (low * self.count, high * self.count);
        let mut part = Part::default();
        let mut seen = 0.0;
        for (value, count) in &self.sorted {
            let inside = (seen + count).min(to) - seen.max(from);
            if inside > 0.0 {
                part = part.plus(*value, inside);
            }
            seen += count;
        }
        part
    }

    /// The mean with the values outside the bounds moved to the bounds.
    fn winsorized(&self, bounds: &Bounds) -> Option<f64> {
        let (low, high) = match bounds {
            Bounds::Percent { low, high } => (
                low.as_ref()
                    .map_or(Some(f64::MIN), |d| self.rank(d.value() / 100.0))?,
                high.as_ref()
                    .map_or(Some(f64::MAX), |d| self.rank(d.value() / 100.0))?,
            ),
            Bounds::Absolute { low, high } => (
                low.as_ref().map_or(f64::MIN, |d| d.value()),
                high.as_ref().map_or(f64::MAX, |d| d.value()),
            ),
        };
        let moved = self
            .sorted
            .iter()
            .map(|(value, count)| value.max(low).min(high) * count);
        Some(moved.sum::<f64>() / self.count)
    }
}

/// What trimming left.
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    count: f64,
    sum: f64,
}

impl Part {
    fn plus(self, value: f64, count: f64) -> Part {
        Part {
            count: self.count + count,
            sum: self.sum + value * count,
        }
    }

    fn mean(self) -> Option<f64> {
        (self.count > 0.0).then(|| self.sum / self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(values: &[(f64, f64)], cases: &[(&str, Option<f64>)]) {
        let values = Values::new(values.iter().copied());
        for (statistic, expected) in cases {
            let found = values.statistic(&statistic.parse().unwrap());
            assert_eq!(found, *expected, "{statistic}");
        }
    }

    #[test]
    fn one_to_hundred_has_the_numbers_one_can_count_by_hand() {
        let values: Vec<(f64, f64)> = (1..=100).map(|v| (f64::from(v), 1.0)).collect();
        check(
            &values,
            &[
                ("SampleCount", Some(100.0)),
                ("Sum", Some(5050.0)),
                ("Average", Some(50.5)),
                ("Minimum", Some(1.0)),
                ("Maximum", Some(100.0)),
                ("p0", Some(1.0)),
                ("p50", Some(50.0)),
                ("p95", Some(95.0)),
                ("p99.5", Some(100.0)),
                ("p100", Some(100.0)),
                ("tm90", Some(45.5)),
                ("TM(10%:90%)", Some(50.5)),
                ("IQM", Some(50.5)),
                ("TM(50:60)", Some(55.5)),
                ("TC(50:60)", Some(10.0)),
                ("TS(50:60)", Some(555.0)),
                ("PR(50:60)", Some(10.0)),
                ("PR(:30)", Some(30.0)),
                ("TC(90%:)", Some(10.0)),
                ("tc10", Some(10.0)),
                ("ts10", Some(55.0)),
                ("TM(200:)", None),
                ("TC(200:)", Some(0.0)),
                ("PR(200:)", Some(0.0)),
                ("wm90", Some((4095.0 + 900.0) / 100.0)),
                ("WM(:10)", Some((55.0 + 900.0) / 100.0)),
            ],
        );
    }

    #[test]
    fn counts_are_weights_and_nothing_has_no_statistic() {
        check(
            &[(5.0, 3.0), (1.0, 1.0)],
            &[
                ("SampleCount", Some(4.0)),
                ("Sum", Some(16.0)),
                ("p25", Some(1.0)),
                ("p26", Some(5.0)),
                ("Average", Some(4.0)),
            ],
        );
        check(
            &[],
            &[
                ("SampleCount", None),
                ("Sum", None),
                ("p50", None),
                ("IQM", None),
                ("PR(:1)", None),
            ],
        );
        check(
            &[(f64::NAN, 1.0), (1.0, 0.0), (2.0, -1.0)],
            &[("SampleCount", None)],
        );
    }

    fn some_values() -> impl Strategy<Value = Vec<(f64, f64)>> {
        prop::collection::vec((-1000_i32..1000, 1_u32..50), 1..40).prop_map(|v| {
            v.into_iter()
                .map(|(value, count)| (f64::from(value), f64::from(count)))
                .collect()
        })
    }

    proptest! {
        #[test]
        fn the_sum_of_a_split_is_the_split_of_the_sum(a in some_values(), b in some_values()) {
            let whole = Values::new(a.iter().chain(&b).copied());
            let (a, b) = (Values::new(a), Values::new(b));
            for statistic in [Statistic::Sum, Statistic::SampleCount] {
                let parts = a.statistic(&statistic).unwrap() + b.statistic(&statistic).unwrap();
                prop_assert_eq!(whole.statistic(&statistic).unwrap(), parts);
            }
        }

        #[test]
        fn a_count_is_the_same_as_saying_a_value_so_often(values in some_values()) {
            let spread: Vec<(f64, f64)> = values.iter()
                .flat_map(|(value, count)| std::iter::repeat_n((*value, 1.0), *count as usize)).collect();
            prop_assert_eq!(Values::new(values), Values::new(spread));
        }

        #[test]
        fn percentiles_rise_and_stay_between_minimum_and_maximum(values in some_values()) {
            let values = Values::new(values);
            let mut last = values.statistic(&Statistic::Minimum).unwrap();
            for p in 0..=100 {
                let now = values.statistic(&format!("p{p}").parse().unwrap()).unwrap();
                prop_assert!(now >= last);
                last = now;
            }
            prop_assert_eq!(last, values.statistic(&Statistic::Maximum).unwrap());
        }

        #[test]
        fn trimming_at_both_ends_leaves_what_was_asked_for(values in some_values(), low in 0_u32..50, high in 51_u32..100) {
            let values = Values::new(values);
            let inner = values.statistic(&format!("TC({low}%:{high}%)").parse().unwrap()).unwrap();
            let expected = values.sample_count() * f64::from(high - low) / 100.0;
            prop_assert!((inner - expected).abs() < 1e-6);
            let mean = values.statistic(&format!("TM({low}%:{high}%)").parse().unwrap()).unwrap();
            prop_assert!(mean >= values.statistic(&Statistic::Minimum).unwrap() - 1e-9);
            prop_assert!(mean <= values.statistic(&Statistic::Maximum).unwrap() + 1e-9);
        }

        #[test]
        fn a_statistic_set_made_into_values_keeps_its_four_numbers(values in some_values()) {
            let values = Values::new(values);
            let get = |v: &Values, s: Statistic| v.statistic(&s).unwrap();
            let (n, sum) = (values.sample_count(), get(&values, Statistic::Sum));
            let (min, max) = (get(&values, Statistic::Minimum), get(&values, Statistic::Maximum));
            let again = Values::new(crate::metric::values_of_statistic_set(n, sum, min, max));
            prop_assert!((get(&again, Statistic::Sum) - sum).abs() < 1e-6 * (1.0 + sum.abs()));
            prop_assert_eq!(again.sample_count(), n);
            prop_assert_eq!(get(&again, Statistic::Minimum), min);
            prop_assert_eq!(get(&again, Statistic::Maximum), max);
        }
    }
}
