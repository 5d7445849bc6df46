//! What becomes of points between journal and CloudWatch, through the real
//! process: policies, faults on the wire, the spill file.

use std::fs::{self, File};

use cloudvault_obs_extension::flush::Spill;

use super::{World, first, is_put, totals};
use crate::support::{Answer, Extension, Fake, Seen, process::in_a_minute};

fn number(line: &serde_json::Value, name: &str) -> u64 {
    line[name].as_u64().unwrap_or(0)
}

fn nexts(fake: &Fake) -> usize {
    let seen = fake.seen();
    seen.iter().filter(|seen| **seen == Seen::Next).count()
}

#[test]
fn a_200_whose_body_drips_is_a_200() {
    let world = World::start(
        |fake| fake.answer(&[Answer::DripUntilNext]),
        &[("OBS_FLUSH_BUDGET", "2s")],
    );
    world.invocation("a", 2);
    let (last, others) = world.shutdown();
    assert_eq!(totals(&last), [2, 2, 0, 0, 1, 0]);
    assert!(others.is_empty(), "{others:#?}");
}

#[test]
fn a_request_that_is_too_large_goes_in_halves() {
    let world = World::start(|fake| fake.answer(&[Answer::TooLarge]), &[]);
    let handler = world.handler();
    handler.record("a", 1.0);
    handler.record("b", 2.0);
    handler.record("b", 3.0);
    world.invocation("a", 0);
    let (last, _) = world.shutdown();
    assert_eq!(totals(&last), [3, 3, 0, 0, 3, 1]);
    assert_eq!(number(&last, "put_errors_too_large"), 1);
}

#[test]
fn only_a_request_that_was_written_is_ambiguous() {
    // Nobody listens: whatever the policy, nothing was taken and nothing is lost.
    let drop = ("OBS_ON_TIMEOUT", "drop");
    let nobody = ("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    let world = World::start(|_| (), &[drop, nobody]);
    world.invocation("a", 3);
    let (last, _) = world.shutdown();
    assert_eq!(totals(&last)[..4], [3, 0, 3, 0]);
    assert_eq!(number(&last, "put_unconfirmed"), 0);

    let world = World::start(|fake| fake.answer(&[Answer::Lose]), &[drop]);
    world.invocation("a", 3);
    let (last, _) = world.shutdown();
    assert_eq!(totals(&last), [3, 0, 0, 3, 1, 1]);
    assert_eq!(number(&last, "dropped_unconfirmed"), 3);

    let world = World::start(|fake| fake.answer(&[Answer::Lose]), &[]);
    world.invocation("a", 3);
    let (last, _) = world.shutdown();
    assert_eq!(totals(&last), [3, 3, 0, 0, 2, 1]);
    assert_eq!(number(&last, "ambiguous_retries"), 1);
}

#[test]
fn a_library_that_is_attached_is_waited_for_before_it_ever_rang() {
    let world = World::start(Fake::without_telemetry, &[]);
    let lock = format!("{}.writer", world.journal.display());
    let library = File::create(lock).unwrap();
    library.lock().unwrap();
    world.invocation("a", 2);
    // The points were recorded after the invocation began, and left before the
    // next event was asked for.
    let seen = world.fake.seen();
    let put = first(&seen, is_put);
    let before = seen[..put].iter().filter(|seen| **seen == Seen::Next);
    assert_eq!(before.count(), 1, "{seen:#?}");
    drop(library);
    let (last, _) = world.shutdown();
    assert_eq!(totals(&last), [2, 2, 0, 0, 1, 0]);
}

#[test]
fn a_library_that_died_is_not_waited_for() {
    let world = World::start(Fake::without_telemetry, &[]);
    let lock = format!("{}.writer", world.journal.display());
    let library = File::create(lock).unwrap();
    library.lock().unwrap();
    world.handler().record("m", 1.0);
    world.fake.invoke("a", in_a_minute());
    // Killed in the middle: the kernel drops its lock, and nobody rings.
    drop(library);
    world.fake.wait_next(2);
    let (last, _) = world.shutdown();
    assert_eq!(totals(&last), [1, 1, 0, 0, 1, 0]);
}

#[test]
fn adaptive_holds_few_ends_of_a_busy_function_and_delivers_all() {
    let world = World::start(|_| (), &[]);
    for index in 0..60 {
        world.invocation(&index.to_string(), 2);
    }
    let flushes = world.fake.puts().len();
    assert!(flushes <= 20, "{flushes}");
    let (last, _) = world.shutdown();
    assert_eq!(totals(&last)[..4], [120, 120, 0, 0]);
}

#[test]
fn continuous_flushes_beside_the_next_invocation() {
    let world = World::start(|_| (), &[("OBS_FLUSH", "continuous")]);
    world.invocation("warm", 0);
    world.invocation("a", 2);
    assert_eq!(world.fake.puts(), []);
    // This one does not end before the points of the one before have left.
    world.fake.invoke("b", in_a_minute());
    world.fake.wait(1, is_put);
    assert_eq!(nexts(&world.fake), 3);
    world.handler().ring("b");
    world.fake.wait_next(4);
    let (last, _) = world.shutdown();
    assert_eq!(totals(&last), [2, 2, 0, 0, 1, 0]);
}

#[test]
fn periodic_flushes_once_an_interval() {
    let world = World::start(
        |_| (),
        &[("OBS_FLUSH", "periodic"), ("OBS_FLUSH_INTERVAL", "1m")],
    );
    for id in ["a", "b", "c"] {
        world.invocation(id, 1);
    }
    assert_eq!(world.fake.puts().len(), 1);
    let (last, _) = world.shutdown();
    assert_eq!(totals(&last), [3, 3, 0, 0, 2, 0]);
}

#[test]
fn an_outage_longer_than_the_journal_is_survived_by_the_spill_file_and_a_kill() {
    let mut world = World::start(|fake| fake.answer_always(Answer::Deny), &[]);
    // More than half of the journal's cells.
    world.invocation("a", 40_000);
    let spill = Spill::path(&world.journal);
    assert!(fs::metadata(&spill).unwrap().len() > 0);
    world.invocation("b", 40_000);
    world.extension.kill();
    world.fake.answer_always(Answer::Ok);
    let asked = nexts(&world.fake);
    world.extension = Extension::start(&world.fake, &world.journal, &[]);
    world.fake.wait_next(asked + 1);
    let (last, _) = world.shutdown();
    let [recorded, delivered, emf, dropped, ..] = totals(&last);
    assert_eq!(
        recorded + number(&last, "points_found"),
        80_000,
        "{last:#?}"
    );
    assert_eq!([delivered, emf, dropped], [80_000, 0, 0]);
    assert_eq!(number(&last, "points_left"), 0);
}

#[test]
fn without_a_spill_file_it_says_so_and_delivers() {
    let fake = Fake::start();
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("journal");
    fs::create_dir(Spill::path(&journal)).unwrap();
    let extension = Extension::start(&fake, &journal, &[]);
    fake.wait_next(1);
    fake.shutdown(in_a_minute());
    let (code, lines) = extension.end();
    assert_eq!(code, 0);
    let message = lines[0]["message"].as_str().unwrap();
    assert!(
        message.starts_with("failed to open the spill file"),
        "{message}"
    );
}

#[test]
fn its_own_metrics_ride_along_and_count_as_no_points() {
    let variables = [("OBS_SELF_METRICS", "all"), ("OBS_NAMESPACE", "Test")];
    let world = World::start(|fake| fake.answer(&[Answer::Throttle]), &variables);
    world.invocation("a", 3);
    world.invocation("b", 1);
    let puts = world.fake.puts();
    let names = &puts.last().unwrap().names;
    for name in [
        "m",
        "ExtensionPointsReceived",
        "ExtensionResidentBytes",
        "ExtensionPutErrors",
    ] {
        assert!(names.iter().any(|other| other == name), "{name}: {names:?}");
    }
    let (last, _) = world.shutdown();
    assert_eq!(totals(&last), [4, 4, 0, 0, 3, 1]);
}
