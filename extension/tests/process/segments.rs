//! Segments that found no daemon, through the real process: the library's spool on
//! one side, X-Ray on the other.

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
};

use cloudvault_obs_core::segment::spool;

use super::World;
use crate::support::{Extension, Seen, XRayAnswer, process::in_a_minute};

const FORWARD: (&str, &str) = ("OBS_FORWARD_SEGMENTS", "true");

/// Appends documents as the library does.
fn append(journal: &Path, ids: &[&str]) {
    let path = spool::path(journal);
    let mut file = File::options().append(true).open(path).unwrap();
    file.lock().unwrap();
    let mut bytes = Vec::new();
    if file.metadata().unwrap().len() == 0 {
        bytes.extend_from_slice(spool::MAGIC);
    }
    for id in ids {
        spool::write(&mut bytes, format!(r#"{{"id":"{id}"}}"#).as_bytes());
    }
    file.write_all(&bytes).unwrap();
}

fn is_segments(seen: &Seen) -> bool {
    matches!(seen, Seen::Segments(_))
}

/// Found, forwarded, dropped, left, unprocessed, resent, errors.
fn totals(line: &serde_json::Value) -> [u64; 7] {
    [
        "segments_found",
        "segments_forwarded",
        "segments_dropped",
        "segments_left",
        "segments_unprocessed",
        "segments_resent",
        "segment_errors",
    ]
    .map(|name| line[name].as_u64().unwrap_or(0))
}

fn length(journal: &Path) -> u64 {
    fs::metadata(spool::path(journal)).unwrap().len()
}

#[test]
fn an_invocations_documents_are_with_x_ray_before_the_next_event_is_asked_for() {
    let world = World::start(|_| (), &[FORWARD]);
    append(&world.journal, &["a", "b"]);
    world.invocation("1", 1);
    assert_eq!(world.fake.segments(), [["a", "b"]]);
    assert_eq!(length(&world.journal), 0, "the spool is empty again");
    append(&world.journal, &["c"]);
    world.invocation("2", 0);
    assert_eq!(world.fake.segments()[1..], [["c"]]);
    let (last, others) = world.shutdown();
    assert_eq!(totals(&last), [0, 3, 0, 0, 0, 0, 0]);
    assert!(others.is_empty(), "{others:#?}");
}

#[test]
fn without_the_switch_there_is_no_spool_and_nobody_is_called() {
    let world = World::start(|_| (), &[]);
    assert!(!spool::path(&world.journal).exists());
    world.invocation("1", 1);
    assert_eq!(world.fake.segments().len(), 0);
    world.shutdown();
}

#[test]
fn what_x_ray_did_not_process_is_sent_again_and_nothing_else() {
    let throttled = XRayAnswer::Unprocessed(vec!["b", "c"], "ThrottledException");
    let refused = XRayAnswer::Unprocessed(vec!["c"], "InvalidDocument");
    let world = World::start(
        |fake| fake.answer_segments(&[throttled, refused.clone(), refused.clone(), refused]),
        &[FORWARD],
    );
    append(&world.journal, &["a", "b", "c"]);
    world.invocation("1", 0);
    let expect: [&[&str]; 4] = [&["a", "b", "c"], &["b", "c"], &["c"], &["c"]];
    assert_eq!(world.fake.segments(), expect);
    let (last, _) = world.shutdown();
    assert_eq!(totals(&last), [0, 2, 1, 0, 5, 0, 0]);
}

#[test]
fn a_throttled_call_is_tried_again_and_fifty_documents_are_the_most() {
    let world = World::start(
        |fake| fake.answer_segments(&[XRayAnswer::Refuse("ThrottledException")]),
        &[FORWARD],
    );
    let ids: Vec<_> = (0..120).map(|id| id.to_string()).collect();
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    append(&world.journal, &ids);
    world.invocation("1", 0);
    let sizes: Vec<_> = world.fake.segments().iter().map(Vec::len).collect();
    assert_eq!(sizes, [50, 50, 50, 20]);
    let (last, _) = world.shutdown();
    assert_eq!(totals(&last), [0, 120, 0, 0, 0, 0, 1]);
}

#[test]
fn an_answer_that_does_not_come_ends_with_the_budget_and_the_documents_stay() {
    let world = World::start(
        |fake| fake.answer_segments(&[XRayAnswer::HangUntilNext]),
        &[FORWARD, ("OBS_FLUSH_BUDGET", "200ms")],
    );
    append(&world.journal, &["a"]);
    world.invocation("1", 0);
    world.invocation("2", 0);
    assert_eq!(world.fake.segments(), [["a"], ["a"]]);
    let (last, others) = world.shutdown();
    assert_eq!(totals(&last), [0, 1, 0, 0, 0, 1, 1]);
    let told: Vec<_> = others.iter().map(|line| &line["message"]).collect();
    assert_eq!(
        told,
        [
            "failed to forward segments to X-Ray; they are kept in the spool",
            "segments are forwarded again"
        ]
    );
}

#[test]
fn permissions_that_lack_are_told_once_and_cost_no_metric() {
    let refuse = [const { XRayAnswer::Refuse("AccessDeniedException") }; 9];
    let world = World::start(|fake| fake.answer_segments(&refuse), &[FORWARD]);
    append(&world.journal, &["a"]);
    (0..6).for_each(|_| world.invocation("1", 2));
    let (last, others) = world.shutdown();
    assert_eq!(last["points_delivered"], 12);
    // Three failures open the breaker; the last try is at the end.
    assert_eq!(totals(&last), [0, 0, 0, 1, 0, 0, 4]);
    assert_eq!(others.len(), 1, "{others:#?}");
}

#[test]
fn kill_9_of_the_extension_loses_nothing_and_what_was_on_the_wire_is_sent_again() {
    let mut world = World::start(
        |fake| fake.answer_segments(&[XRayAnswer::HangUntilRegister]),
        &[FORWARD],
    );
    append(&world.journal, &["a", "b"]);
    world.fake.invoke("1", in_a_minute());
    world.handler().ring("1");
    world.fake.wait(1, is_segments);
    world.extension.kill();
    // The library goes on, and is killed in its turn while it writes.
    append(&world.journal, &["c"]);
    let path = spool::path(&world.journal);
    let mut torn = Vec::new();
    spool::write(&mut torn, b"a document that is not whole");
    let mut file = File::options().append(true).open(path).unwrap();
    file.write_all(&torn[..20]).unwrap();

    world.extension = Extension::start(&world.fake, &world.journal, &[FORWARD]);
    world.fake.wait_next(2);
    world.invocation("2", 0);
    let calls = world.fake.segments();
    assert_eq!(calls[1..], [["a", "b", "c"]]);
    let (last, _) = world.shutdown();
    assert_eq!(totals(&last), [3, 3, 1, 0, 0, 0, 0]);
}

#[test]
fn what_is_settled_before_a_kill_is_not_sent_again() {
    let more = XRayAnswer::Unprocessed(vec!["b"], "ThrottledException");
    let mut world = World::start(
        |fake| fake.answer_segments(&[more, XRayAnswer::HangUntilRegister]),
        &[FORWARD],
    );
    append(&world.journal, &["a", "b"]);
    world.fake.invoke("1", in_a_minute());
    world.handler().ring("1");
    world.fake.wait(2, is_segments);
    world.extension.kill();
    world.extension = Extension::start(&world.fake, &world.journal, &[FORWARD]);
    world.fake.wait_next(2);
    world.invocation("2", 0);
    assert_eq!(world.fake.segments()[2..], [["b"]]);
    world.shutdown();
}

#[test]
fn shutdown_sends_what_waits_and_a_bad_address_is_told() {
    let world = World::start(|_| (), &[FORWARD, ("OBS_FLUSH", "continuous")]);
    append(&world.journal, &["a"]);
    let fake = world.fake.clone();
    world.shutdown();
    assert_eq!(fake.segments(), [["a"]]);

    let world = World::start(|_| (), &[FORWARD, ("AWS_ENDPOINT_URL_XRAY", "127.0.0.1:1")]);
    assert!(!spool::path(&world.journal).exists());
    world.invocation("1", 1);
    let (last, others) = world.shutdown();
    assert_eq!((&last["points_delivered"], others.len()), (&1.into(), 1));
}
