//! Every interleaving of writers and a reader, by loom:
//! `RUSTFLAGS="--cfg loom" cargo test -p cloudvault-obs-core --lib --release loom`.

use loom::thread;

use super::*;
use crate::metric::{Kind, Resolution, Series, Unit};

fn series() -> Series {
    Series {
        namespace: "N".into(),
        name: "a".into(),
        dimensions: Vec::new(),
        unit: Unit::Count,
        resolution: Resolution::Standard,
        kind: Kind::Counter,
    }
}

#[test]
fn loom_two_writers_and_a_reader_lose_nothing() {
    loom::model(|| {
        let journal = Journal::in_memory(Layout::new(2, 1024));
        let writer = loom::sync::Arc::new(Writer::attach(&journal));
        let id = writer.series(&series()).unwrap();
        let (first, second) = (writer.clone(), writer);
        let threads = [
            thread::spawn(move || first.record(id, 1.0, 0).is_ok()),
            thread::spawn(move || {
                second.of_series(id).record(2.0, 0) || second.record(id, 2.0, 0).is_ok()
            }),
        ];
        let mut reader = Reader::attach(&journal);
        let mut sum = 0.0;
        reader.drain(Draining::Live, |point| sum += point.value);
        reader.release(reader.position());
        assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
        reader.drain(Draining::Live, |point| sum += point.value);
        assert_eq!(sum, 3.0);
    });
}

#[test]
fn loom_a_reused_cell_is_never_read_half_written() {
    loom::model(|| {
        let journal = Journal::in_memory(Layout::new(2, 1024));
        let writer = loom::sync::Arc::new(Writer::attach(&journal));
        let id = writer.series(&series()).unwrap();
        writer.record(id, 1.0, 1).unwrap();
        writer.record(id, 2.0, 2).unwrap();
        let second = writer.clone();
        let thread = thread::spawn(move || second.record(id, 3.0, 3).is_ok());
        let mut reader = Reader::attach(&journal);
        let mut points = 0;
        for _ in 0..2 {
            reader.drain(Draining::Live, |point| {
                assert_eq!(point.value, point.timestamp_ms as f64);
                points += 1;
            });
            reader.release(reader.position());
        }
        let accepted = thread.join().unwrap();
        reader.drain(Draining::Live, |_| points += 1);
        assert_eq!(points, 2 + u64::from(accepted));
    });
}
