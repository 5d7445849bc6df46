//! What is stored comes back, whole or not at all.

use std::{fs, sync::Arc};

use cloudvault_obs_core::metric::{Kind, Resolution, Series, Unit};
use proptest::prelude::*;

use super::*;
use crate::batch::Datum;

const LIMIT: u64 = 1 << 20;

fn batch(name: &str, values: &[(f64, u64)]) -> Batch {
    let series = Series {
        namespace: "N".into(),
        name: name.into(),
        dimensions: vec![("service".into(), "vault".into())],
        unit: Unit::Milliseconds,
        resolution: Resolution::High,
        kind: Kind::Histogram,
    };
    Batch {
        namespace: "N".into(),
        data: vec![Datum {
            series: Arc::new(series),
            timestamp_ms: -1,
            values: values.to_vec(),
            points: values.iter().map(|(_, count)| count).sum(),
        }],
    }
}

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        Spill::path(&self.0.path().join("journal"))
    }

    fn open(&self) -> Spill {
        Spill::open(&self.path(), LIMIT).unwrap()
    }
}

fn drained(spill: &mut Spill) -> Vec<Batch> {
    let mut all = Vec::new();
    while let Some(batch) = spill.front() {
        spill.account(batch.points());
        spill.settle();
        all.push(batch);
    }
    all
}

#[test]
fn what_one_process_stored_the_next_one_delivers_and_the_file_is_emptied() {
    let place = Place::new();
    let batches = [batch("a", &[(1.0, 2)]), batch("b", &[(-0.5, 1), (2.0, 7)])];
    let mut spill = place.open();
    spill.store(&batches[..1]).unwrap();
    spill.store(&batches[1..]).unwrap();
    drop(spill);
    let mut spill = place.open();
    assert_eq!((spill.points(), spill.torn_bytes()), (10, 0));
    assert_eq!(drained(&mut spill), batches);
    assert!(spill.is_empty() && spill.points() == 0);
    assert_eq!(fs::metadata(place.path()).unwrap().len(), 0);
    assert!(place.open().is_empty());
}

#[test]
fn a_delivered_frame_is_not_delivered_again() {
    let place = Place::new();
    let mut spill = place.open();
    spill
        .store(&[batch("a", &[(1.0, 1)]), batch("b", &[(2.0, 1)])])
        .unwrap();
    spill.front().unwrap();
    spill.settle();
    drop(spill);
    let names: Vec<_> = drained(&mut place.open())
        .iter()
        .map(|batch| batch.data[0].series.name.clone())
        .collect();
    assert_eq!(names, ["b"]);
}

#[test]
fn a_request_that_is_not_settled_is_given_again() {
    let place = Place::new();
    let mut spill = place.open();
    spill.store(&[batch("a", &[(1.0, 1)])]).unwrap();
    assert_eq!(spill.front(), spill.front());
    assert_eq!(spill.points(), 1);
}

#[test]
fn beyond_the_limit_nothing_is_stored_and_the_failure_is_counted() {
    let place = Place::new();
    let mut spill = Spill::open(&place.path(), 200).unwrap();
    spill.store(&[batch("a", &[(1.0, 1)])]).unwrap();
    let many = [batch("b", &[(1.0, 1)]), batch("c", &[(1.0, 1); 10])];
    assert!(spill.store(&many).is_err());
    assert_eq!((spill.failures(), spill.points()), (1, 1));
    assert_eq!(drained(&mut spill).len(), 1);
    assert!(Spill::none().store(&many).is_err());
}

#[test]
fn a_full_disk_is_an_error_and_leaves_nothing_behind() {
    // /dev/full says that there is no room to whoever writes.
    let mut spill = Spill {
        file: Some(OpenOptions::new().write(true).open("/dev/full").unwrap()),
        limit: LIMIT,
        ..Spill::none()
    };
    assert!(spill.store(&[batch("a", &[(1.0, 1)])]).is_err());
    assert_eq!((spill.failures(), spill.points(), spill.bytes()), (1, 0, 0));
}

#[test]
fn a_file_that_is_something_else_is_emptied() {
    let place = Place::new();
    fs::write(place.path(), b"something else").unwrap();
    let mut spill = place.open();
    assert_eq!((spill.points(), spill.is_empty()), (0, true));
    spill.store(&[batch("a", &[(1.0, 1)])]).unwrap();
    assert_eq!(drained(&mut place.open()).len(), 1);
}

proptest! {
    #[test]
    fn a_torn_or_broken_tail_costs_only_itself(
        counts in prop::collection::vec(1..50u64, 1..6), cut in 0..2000usize, flip: bool,
    ) {
        let place = Place::new();
        let batches: Vec<_> = counts.iter().map(|&count| batch("a", &[(1.5, count)])).collect();
        let mut spill = place.open();
        let mut ends = Vec::new();
        for batch in &batches {
            spill.store([batch]).unwrap();
            ends.push(spill.bytes() as usize);
        }
        let mut bytes = fs::read(place.path()).unwrap();
        let cut = cut % bytes.len();
        if flip {
            bytes[cut] ^= 0x40;
        } else {
            bytes.truncate(cut);
        }
        fs::write(place.path(), &bytes).unwrap();
        let whole = ends.iter().filter(|&&end| end <= cut).count();
        let mut spill = place.open();
        let found = drained(&mut spill);
        prop_assert!(found.len() >= whole, "{} {}", found.len(), whole);
        prop_assert_eq!(&found[..], &batches[..found.len()]);
        // It can be written to again.
        spill.store(&batches[..1]).unwrap();
        prop_assert_eq!(drained(&mut place.open()), &batches[..1]);
    }

    #[test]
    fn nothing_that_is_read_back_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = frame::decode(&bytes);
    }
}
