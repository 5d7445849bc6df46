//! Laws of the aggregate: what comes in comes out.

use cloudvault_obs_core::{
    journal::{Journal, Layout, Writer},
    metric::{Kind, Unit},
};
use proptest::prelude::*;

use super::{
    values::{sortable, unsortable},
    *,
};

fn series(kind: Kind, dimensions: &[(&str, &str)]) -> Arc<Series> {
    Arc::new(Series {
        namespace: "N".into(),
        name: "m".into(),
        dimensions: dimensions
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        unit: Unit::None,
        resolution: Resolution::Standard,
        kind,
    })
}

fn exact(exact: usize) -> Aggregate {
    Aggregate::new(Limits {
        exact,
        ..Limits::default()
    })
}

/// What one series' values come to.
fn pairs(kind: Kind, limit: usize, values: &[f64]) -> Distribution {
    let mut aggregate = exact(limit);
    let series = series(kind, &[]);
    for &value in values {
        aggregate.add_many(&series, 0, value, 1).unwrap();
    }
    let mut taken = aggregate.take(0);
    assert!(aggregate.is_empty() && aggregate.points() == 0);
    assert_eq!(taken.len(), 1);
    taken.remove(0)
}

#[test]
fn buckets_are_a_minute_or_a_second() {
    let check = |resolution, ms, expect| {
        let series = Series {
            resolution,
            ..(*series(Kind::Gauge, &[])).clone()
        };
        assert_eq!(bucket_ms(&series, ms), expect);
    };
    check(Resolution::Standard, 1_795_405_294_505, 1_795_405_260_000);
    check(Resolution::High, 1_795_405_294_505, 1_795_405_294_000);
    check(Resolution::High, -1, -1000);
    check(Resolution::Standard, i64::MIN, i64::MIN);
}

#[test]
fn a_counter_is_its_sum_and_a_gauge_its_least_last_and_greatest_value() {
    let check = |kind, values: &[f64], expect: &[(f64, u64)]| {
        let taken = pairs(kind, 10, values);
        assert_eq!(taken.values, expect, "{values:?}");
        assert_eq!(taken.points, values.len() as u64);
    };
    check(Kind::Counter, &[1.0, 2.5, 1.0], &[(4.5, 1)]);
    check(Kind::Counter, &[0.0], &[(0.0, 1)]);
    check(
        Kind::Gauge,
        &[5.0, 1.0, 9.0, 3.0],
        &[(1.0, 1), (3.0, 1), (9.0, 1)],
    );
    check(Kind::Gauge, &[5.0, 5.0], &[(5.0, 1)]);
    check(Kind::Gauge, &[9.0, 1.0], &[(1.0, 1), (9.0, 1)]);
    check(Kind::Gauge, &[-0.0, 0.0], &[(0.0, 1)]);
    check(Kind::Histogram, &[2.0, 1.0, 2.0], &[(1.0, 1), (2.0, 2)]);
    check(Kind::Histogram, &[0.0, -0.0], &[(0.0, 2)]);
}

#[test]
fn a_sum_that_cloudwatch_would_refuse_is_sent_as_its_mean() {
    let most = 2f64.powi(360);
    let taken = pairs(Kind::Counter, 10, &[most, most, most]);
    assert_eq!(taken.values, [(most, 3)]);
}

#[test]
fn points_of_several_buckets_stay_apart_and_come_in_order() {
    let mut aggregate = Aggregate::default();
    let series = series(Kind::Counter, &[]);
    for (bucket, value) in [(120_000, 1.0), (60_000, 2.0), (120_000, 4.0), (60_000, 8.0)] {
        aggregate.add_many(&series, bucket, value, 1).unwrap();
    }
    let taken: Vec<_> = aggregate
        .take(0)
        .into_iter()
        .map(|taken| (taken.timestamp_ms, taken.values, taken.points))
        .collect();
    assert_eq!(
        taken,
        [(60_000, vec![(10.0, 1)], 2), (120_000, vec![(5.0, 1)], 2)]
    );
}

/// The value below which `part` of the counts lie.
fn quantile(pairs: &[(f64, u64)], part: f64) -> f64 {
    let all: u64 = pairs.iter().map(|(_, count)| count).sum();
    let rank = ((part * all as f64).ceil() as u64).clamp(1, all);
    let mut seen = 0;
    let mut at = pairs.iter().find(|(_, count)| {
        seen += count;
        seen >= rank
    });
    at.take().expect("there is a last one").0
}

/// Magnitudes over the whole range that functions record, both signs.
fn value() -> impl Strategy<Value = f64> {
    (-40.0..60.0f64, any::<bool>()).prop_map(|(power, negative)| {
        let value = power.exp2();
        if negative { -value } else { value }
    })
}

proptest! {
    #[test]
    fn remembered_buckets_are_those_that_are_divided_for(
        times in prop::collection::vec((prop_oneof![
            0..200_000i64, -200_000..0i64, (i64::MIN..i64::MIN + 200_000), (i64::MAX - 200_000..=i64::MAX),
        ], any::<bool>()), 1..50),
    ) {
        let mut buckets = Buckets::default();
        for (ms, high) in times {
            let resolution = if high { Resolution::High } else { Resolution::Standard };
            let series = Series { resolution, ..(*series(Kind::Gauge, &[])).clone() };
            prop_assert_eq!(buckets.of(&series, ms), bucket_ms(&series, ms));
        }
    }

    #[test]
    fn values_keep_their_order_and_their_bits(a in -1e300..1e300f64, b in -1e300..1e300f64) {
        prop_assert_eq!(a < b, sortable(a) < sortable(b));
        prop_assert_eq!(unsortable(sortable(a)), a);
    }

    #[test]
    fn sums_and_counts_are_conserved_whatever_folds(
        values in prop::collection::vec(value(), 1..600), limit in 1..400usize,
    ) {
        for kind in [Kind::Counter, Kind::Histogram] {
            let taken = pairs(kind, limit, &values);
            prop_assert_eq!(taken.points, values.len() as u64);
            let scale: f64 = values.iter().map(|value| value.abs()).sum();
            let sum: f64 = taken.values.iter().map(|(value, count)| value * *count as f64).sum();
            prop_assert!((sum - values.iter().sum::<f64>()).abs() <= 1e-12 * scale);
        }
        let counts: u64 = pairs(Kind::Histogram, limit, &values).values.iter().map(|(_, n)| n).sum();
        prop_assert_eq!(counts, values.len() as u64);
    }

    #[test]
    fn folded_quantiles_are_within_one_percent(
        values in prop::collection::vec(value(), 200..600), part in 0.0..1.0f64,
    ) {
        let folded = quantile(&pairs(Kind::Histogram, 50, &values).values, part);
        let exact = quantile(&pairs(Kind::Histogram, 1000, &values).values, part);
        prop_assert!((folded - exact).abs() <= 0.01 * exact.abs(), "{} {}", folded, exact);
    }

    #[test]
    fn below_the_cap_nothing_folds(values in prop::collection::vec(-1e6..1e6f64, 1..200)) {
        let taken = pairs(Kind::Histogram, 200, &values);
        for (value, count) in taken.values {
            prop_assert_eq!(values.iter().filter(|&&other| other == value).count() as u64, count);
        }
    }

    #[test]
    fn series_are_bounded_and_points_conserved(
        ids in prop::collection::vec((0..200u16, 0..3u8), 1..500), limit in 1..50usize,
    ) {
        let mut aggregate = Aggregate::new(Limits { series: limit, ..Limits::default() });
        let (mut kept, mut refused) = (0, 0);
        for (id, region) in &ids {
            let (id, region) = (id.to_string(), region.to_string());
            let series = series(Kind::Counter, &[("region", &region), ("request", &id)]);
            match aggregate.add_many(&series, 0, 1.0, 1) {
                Ok(()) => kept += 1,
                Err(TooMany) => refused += 1,
            }
        }
        prop_assert!(aggregate.series() <= limit + limit / 5 + 16);
        let sum: f64 = aggregate.take(0).iter().flat_map(|taken| &taken.values)
            .map(|(value, count)| value * *count as f64).sum();
        prop_assert_eq!((sum, kept + refused), (f64::from(kept), ids.len() as i32));
        // One dimension explodes by value, the other has three: there is room.
        prop_assert_eq!(refused, 0);
    }
}

#[test]
fn the_dimension_that_explodes_is_named() {
    let mut aggregate = Aggregate::new(Limits {
        series: 100,
        ..Limits::default()
    });
    for id in 0..300 {
        let id = id.to_string();
        let series = series(Kind::Counter, &[("service", "vault"), ("request", &id)]);
        aggregate.add_many(&series, 0, 1.0, 1).unwrap();
    }
    let taken = aggregate.take(0);
    assert_eq!(taken.len(), 101);
    let expect = Exploded {
        metric: ("N".into(), "m".into()),
        dimension: "request".into(),
        points: 200,
    };
    assert_eq!(aggregate.exploded(), [expect]);
    assert_eq!(aggregate.exploded(), []);
    let other = taken.last().unwrap();
    assert_eq!(other.values, [(200.0, 1)]);
    assert_eq!(
        other.series.dimensions,
        [
            ("service".into(), "vault".into()),
            ("request".into(), registry::OTHER.into())
        ]
    );
}

#[test]
fn a_series_that_was_idle_for_an_hour_makes_room() {
    let mut aggregate = Aggregate::new(Limits {
        series: 1,
        ..Limits::default()
    });
    let (old, young) = (
        series(Kind::Counter, &[("id", "old")]),
        series(Kind::Counter, &[("id", "young")]),
    );
    aggregate.add_many(&old, 0, 1.0, 1).unwrap();
    aggregate.take(0);
    aggregate.add_many(&young, 0, 1.0, 1).unwrap();
    let folded = aggregate.take(60_000).remove(0).series;
    assert_eq!(folded.dimensions[0].1, registry::OTHER);
    aggregate.take(2 * 3_600_000);
    aggregate.add_many(&young, 0, 1.0, 1).unwrap();
    assert_eq!(aggregate.take(2 * 3_600_000)[0].series, young);
}

#[test]
fn a_series_of_the_journal_outlives_its_place() {
    let journal = Journal::in_memory(Layout::new(2, 1024));
    let writer = Writer::attach(&journal);
    let (old, young) = (
        series(Kind::Counter, &[("id", "old")]),
        series(Kind::Counter, &[("id", "young")]),
    );
    let (old_id, young_id) = (writer.series(&old).unwrap(), writer.series(&young).unwrap());
    let mut aggregate = Aggregate::new(Limits::default());
    let hour_ms = 3_600_000;
    aggregate.add(old_id, &old, 0, 1.0).unwrap();
    aggregate.take(0);
    aggregate.take(2 * hour_ms);
    // The place of the old one is the young one's now.
    aggregate.add(young_id, &young, 2 * hour_ms, 2.0).unwrap();
    aggregate.add(old_id, &old, 2 * hour_ms, 4.0).unwrap();
    let taken: Vec<_> = aggregate
        .take(2 * hour_ms)
        .into_iter()
        .map(|taken| (taken.series, taken.values))
        .collect();
    assert_eq!(taken, [(young, vec![(2.0, 1)]), (old, vec![(4.0, 1)])]);
}

#[test]
fn memory_is_bounded_by_bytes() {
    let mut aggregate = Aggregate::new(Limits {
        bytes: 64 * 1024,
        ..Limits::default()
    });
    let series = series(Kind::Histogram, &[]);
    let mut added = 0u32;
    while !aggregate.is_full() {
        let minute = i64::from(added / 900) * 60_000;
        aggregate
            .add_many(&series, minute, f64::from(added), 1)
            .unwrap();
        added += 1;
    }
    assert!((1000..5000).contains(&added), "{added}");
    aggregate.take(0);
    assert!(!aggregate.is_full());
}
