//! The journal's laws: nothing recorded is lost, and what is lost is counted.

use std::sync::Arc;

use proptest::prelude::*;

use super::{layout::word, *};
use crate::{
    metric::{Kind, Resolution, Series, Unit},
    sync::Ordering,
};

fn series(name: &str) -> Series {
    Series {
        namespace: "N".into(),
        name: name.into(),
        dimensions: vec![("service".into(), "s".into())],
        unit: Unit::Count,
        resolution: Resolution::High,
        kind: Kind::Histogram,
    }
}

fn drain(reader: &mut Reader, draining: Draining) -> (Vec<(String, f64, i64)>, Drained) {
    let mut points = Vec::new();
    let drained = reader.drain(draining, |point| {
        points.push((point.series.name.clone(), point.value, point.timestamp_ms));
    });
    (points, drained)
}

#[test]
fn points_come_out_as_they_went_in() {
    let journal = Journal::in_memory(Layout::new(8, 1024));
    let writer = Writer::attach(&journal);
    let (a, b) = (
        writer.series(&series("a")).unwrap(),
        writer.series(&series("b")).unwrap(),
    );
    assert_eq!(writer.series(&series("a")), Ok(a));
    writer.record(a, 1.5, 10).unwrap();
    writer.record(b, f64::INFINITY, -1).unwrap();
    let mut reader = Reader::attach(&journal);
    let (points, drained) = drain(&mut reader, Draining::Live);
    assert_eq!(
        points,
        [("a".into(), 1.5, 10), ("b".into(), f64::INFINITY, -1)]
    );
    assert_eq!(drained, Drained { points: 2, torn: 0 });
    assert_eq!(drain(&mut reader, Draining::Final).1, Drained::default());
}

#[test]
fn a_full_journal_refuses_and_counts_until_cells_are_released() {
    let journal = Journal::in_memory(Layout::new(4, 1024));
    let (writer, mut reader) = (Writer::attach(&journal), Reader::attach(&journal));
    let id = writer.series(&series("a")).unwrap();
    for number in 0..4 {
        writer.record(id, f64::from(number), 0).unwrap();
    }
    assert_eq!(writer.record(id, 4.0, 0), Err(RecordError::Full));
    drain(&mut reader, Draining::Live);
    assert_eq!(
        writer.record(id, 4.0, 0),
        Err(RecordError::Full),
        "read is not delivered"
    );
    reader.release(reader.position());
    writer.record(id, 5.0, 0).unwrap();
    let totals = journal.totals();
    assert_eq!(
        (totals.recorded, totals.released, totals.refused),
        (5, 4, 2)
    );
}

#[test]
fn a_writer_of_one_series_gives_up_where_there_is_no_room_and_counts_nothing() {
    let journal = Journal::in_memory(Layout::new(2, 1024));
    let (writer, mut reader) = (Writer::attach(&journal), Reader::attach(&journal));
    let alone = writer.of_series(writer.series(&series("a")).unwrap());
    assert!(alone.record(1.0, 10) && alone.record(2.0, 20));
    assert!(!alone.record(3.0, 30));
    assert_eq!(journal.totals().refused, 0);
    let (points, _) = drain(&mut reader, Draining::Live);
    assert_eq!(points, [("a".into(), 1.0, 10), ("a".into(), 2.0, 20)]);
    reader.release(reader.position());
    assert!(alone.record(3.0, 30));
}

#[test]
fn what_was_not_released_is_read_again_by_the_next_extension() {
    let journal = Journal::in_memory(Layout::new(8, 1024));
    let writer = Writer::attach(&journal);
    let id = writer.series(&series("a")).unwrap();
    writer.record(id, 1.0, 0).unwrap();
    writer.record(id, 2.0, 0).unwrap();
    let mut killed = Reader::attach(&journal);
    killed.drain(Draining::Live, |_| {});
    let mut next = Reader::attach(&journal);
    assert_eq!(drain(&mut next, Draining::Live).1.points, 2);
}

/// Claims a cell as a writer does, and dies before it is written.
fn claim_and_die(journal: &Journal) {
    journal
        .region
        .word(word::HEAD)
        .fetch_add(1, Ordering::AcqRel);
}

#[test]
fn a_cell_of_a_dead_writer_is_skipped_and_counted() {
    let journal = Journal::in_memory(Layout::new(8, 1024));
    let writer = Writer::attach(&journal);
    let id = writer.series(&series("a")).unwrap();
    writer.record(id, 1.0, 0).unwrap();
    claim_and_die(&journal);
    writer.record(id, 2.0, 0).unwrap();

    let mut reader = Reader::attach(&journal);
    assert_eq!(
        drain(&mut reader, Draining::Live).1,
        Drained { points: 1, torn: 0 }
    );
    // The next process of the same environment has attached: the cell's writer is dead.
    let writer = Writer::attach(&journal);
    assert_eq!(
        drain(&mut reader, Draining::Live).1,
        Drained { points: 1, torn: 1 }
    );
    claim_and_die(&journal);
    writer.record(id, 3.0, 0).unwrap();
    assert_eq!(
        drain(&mut reader, Draining::Final).1,
        Drained { points: 1, torn: 1 }
    );
    reader.release(reader.position());
    let totals = journal.totals();
    assert_eq!((totals.recorded, totals.released, totals.torn), (5, 5, 2));
}

#[test]
#[cfg_attr(miri, ignore = "Miri cannot map files")]
fn a_journal_survives_its_processes_in_the_file() {
    let file = tempfile::tempfile().unwrap();
    let layout = Layout::new(8, 1024);
    {
        let journal = Journal::create(&file, layout).unwrap();
        let writer = Writer::attach(&journal);
        writer
            .record(writer.series(&series("a")).unwrap(), 1.0, 7)
            .unwrap();
    }
    let journal = Journal::create(&file, Layout::default()).unwrap();
    let writer = Writer::attach(&Journal::open(&file).unwrap());
    writer
        .record(writer.series(&series("b")).unwrap(), 2.0, 8)
        .unwrap();
    let (points, _) = drain(&mut Reader::attach(&journal), Draining::Live);
    assert_eq!(points, [("a".into(), 1.0, 7), ("b".into(), 2.0, 8)]);
}

/// A hole in the file would kill the writer with SIGBUS once the disk is full.
#[test]
#[cfg_attr(miri, ignore = "Miri cannot map files")]
fn a_journals_blocks_are_its_own_before_the_first_point() {
    use std::os::unix::fs::MetadataExt;

    let file = tempfile::tempfile().unwrap();
    let layout = Layout::default();
    Journal::create(&file, layout).unwrap();
    let metadata = file.metadata().unwrap();
    assert_eq!(metadata.len(), layout.file_len());
    assert!(metadata.blocks() * 512 >= layout.file_len());
}

#[test]
#[cfg_attr(miri, ignore = "Miri cannot map files")]
fn a_file_that_is_no_journal_is_refused_by_the_library_and_formatted_by_the_extension() {
    let file = tempfile::tempfile().unwrap();
    assert_eq!(
        Journal::open(&file).unwrap_err().to_string(),
        "not a journal"
    );
    file.set_len(8192).unwrap();
    assert_eq!(
        Journal::open(&file).unwrap_err().to_string(),
        "not a journal"
    );
    let journal = Journal::create(&file, Layout::new(4, 1024)).unwrap();
    journal.region.word(word::TAIL).store(9, Ordering::SeqCst);
    assert_eq!(
        Journal::open(&file).unwrap_err().to_string(),
        "journal header is corrupt"
    );
    journal
        .region
        .word(word::VERSION)
        .store(7, Ordering::SeqCst);
    assert!(
        Journal::open(&file)
            .unwrap_err()
            .to_string()
            .starts_with("journal format 7")
    );
    let fresh = Journal::create(&file, Layout::new(4, 1024)).unwrap();
    assert_eq!(fresh.totals(), Totals::default());
}

#[test]
fn threads_lose_nothing_while_a_reader_drains() {
    const EACH: u32 = if cfg!(miri) { 50 } else { 20_000 };
    let journal = Journal::in_memory(Layout::new(64, 1024));
    let writer = Arc::new(Writer::attach(&journal));
    let id = writer.series(&series("a")).unwrap();
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let writer = Arc::clone(&writer);
            std::thread::spawn(move || {
                let alone = writer.of_series(id);
                for value in (1..=EACH).map(f64::from) {
                    while !alone.record(value, 0) && writer.record(id, value, 0).is_err() {
                        std::thread::yield_now();
                    }
                }
            })
        })
        .collect();
    let mut reader = Reader::attach(&journal);
    let (mut points, mut sum) = (0, 0.0);
    while points < 3 * u64::from(EACH) {
        points += reader
            .drain(Draining::Live, |point| sum += point.value)
            .points;
        reader.release(reader.position());
        std::thread::yield_now();
    }
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    assert_eq!(sum, 3.0 * f64::from(EACH) * f64::from(EACH + 1) / 2.0);
    assert_eq!(journal.totals().torn, 0);
}

/// One step of a random history.
#[derive(Debug, Clone)]
enum Step {
    Record(u8),
    Die,
    NewWriter,
    Drain,
    Release,
    NewReader,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (0..5u8).prop_map(Step::Record),
        1 => Just(Step::Die),
        1 => Just(Step::NewWriter),
        3 => Just(Step::Drain),
        2 => Just(Step::Release),
        1 => Just(Step::NewReader),
    ];
    prop::collection::vec(step, 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 256 }, ..ProptestConfig::default() })]

    #[test]
    fn recorded_is_released_and_waiting_at_every_step(steps in steps()) {
        let journal = Journal::in_memory(Layout::new(16, 1024));
        let (mut writer, mut reader) = (Writer::attach(&journal), Reader::attach(&journal));
        let (mut accepted, mut refused, mut torn) = (Vec::new(), 0, 0);
        let (mut delivered, mut pending) = (Vec::new(), Vec::new());
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Record(which) => {
                    let id = writer.series(&series(&format!("s{which}"))).unwrap();
                    match writer.record(id, number as f64, 0) {
                        Ok(()) => accepted.push(number as f64),
                        Err(_) => refused += 1,
                    }
                }
                Step::Die => {
                    let totals = journal.totals();
                    if totals.recorded - totals.released < 16 {
                        claim_and_die(&journal);
                        torn += 1;
                    }
                    writer = Writer::attach(&journal);
                }
                Step::NewWriter => writer = Writer::attach(&journal),
                Step::Drain => { reader.drain(Draining::Live, |point| pending.push(point.value)); }
                Step::Release => {
                    reader.release(reader.position());
                    delivered.append(&mut pending);
                }
                Step::NewReader => {
                    pending.clear();
                    reader = Reader::attach(&journal);
                }
            }
        }
        reader.drain(Draining::Final, |point| pending.push(point.value));
        reader.release(reader.position());
        delivered.append(&mut pending);
        let totals = journal.totals();
        prop_assert_eq!(&delivered, &accepted);
        prop_assert_eq!(totals.recorded, (accepted.len() + torn) as u64);
        prop_assert_eq!((totals.torn, totals.refused), (torn as u64, refused));
    }

    #[test]
    fn a_wild_writer_cannot_make_the_reader_panic(words in prop::collection::vec((0usize..700, any::<u64>()), 0..40)) {
        let journal = Journal::in_memory(Layout::new(16, 1024));
        let writer = Writer::attach(&journal);
        let id = writer.series(&series("a")).unwrap();
        writer.record(id, 1.0, 0).unwrap();
        let mut reader = Reader::attach(&journal);
        let length = journal.region.words().len();
        for (index, value) in words {
            journal.region.word(index % length).store(value, Ordering::Relaxed);
        }
        reader.drain(Draining::Live, |_| {});
        reader.drain(Draining::Final, |_| {});
        reader.release(reader.position());
    }
}
