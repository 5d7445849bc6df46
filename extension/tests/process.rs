//! The extension's real process between a small Lambda and a small CloudWatch,
//! healthy and at every fault it is meant to survive.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;
#[path = "process/sources.rs"]
mod sources;
#[path = "process/delivery.rs"]
mod delivery;
#[path = "process/tls.rs"]
mod tls;
#[path = "process/segments.rs"]
mod segments;

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::FileExt,
    path::PathBuf,
    time::Duration,
};

use cloudvault_obs_extension::clock::{Clock, SystemClock};
use support::{Answer, Extension, Fake, Handler, Seen, process::in_a_minute};

/// One environment: a server, a journal, a running extension.
struct World {
    fake: Fake,
    journal: PathBuf,
    extension: Extension,
    _dir: tempfile::TempDir,
}

impl World {
    /// Starts the extension and waits for its first `/next`.
    fn start(prepare: impl FnOnce(&Fake), more: &[(&str, &str)]) -> Self {
        let fake = Fake::start();
        prepare(&fake);
        let dir = tempfile::tempdir().unwrap();
        let journal = dir.path().join("obs/journal");
        let extension = Extension::start(&fake, &journal, more);
        fake.wait_next(1);
        Self {
            fake,
            journal,
            extension,
            _dir: dir,
        }
    }

    fn handler(&self) -> Handler {
        Handler::attach(&self.journal)
    }

    /// One invocation that records `points` points and rings.
    fn invocation(&self, request_id: &str, points: u32) {
        let asked = self
            .fake
            .seen()
            .iter()
            .filter(|seen| **seen == Seen::Next)
            .count();
        self.fake.invoke(request_id, in_a_minute());
        let handler = self.handler();
        (0..points).for_each(|n| handler.record("m", f64::from(n)));
        handler.ring(request_id);
        self.fake.wait_next(asked + 1);
    }

    /// SHUTDOWN; gives the last line and all others.
    fn shutdown(self) -> (serde_json::Value, Vec<serde_json::Value>) {
        self.fake.shutdown(in_a_minute());
        let (code, mut lines) = self.extension.end();
        assert_eq!(code, 0, "{lines:#?}");
        (lines.pop().unwrap_or_default(), lines)
    }
}

/// Position of the first match.
fn first(seen: &[Seen], matches: impl Fn(&Seen) -> bool) -> usize {
    seen.iter()
        .position(matches)
        .unwrap_or_else(|| panic!("not seen: {seen:#?}"))
}

fn is_put(seen: &Seen) -> bool {
    matches!(seen, Seen::Put(_))
}

fn totals(line: &serde_json::Value) -> [u64; 6] {
    [
        "points_recorded",
        "points_delivered",
        "points_emf",
        "points_dropped",
        "put_requests",
        "put_errors",
    ]
    .map(|name| {
        line[name]
            .as_u64()
            .unwrap_or_else(|| panic!("no {name} in {line}"))
    })
}

#[test]
fn an_invocations_points_are_delivered_before_the_next_event_is_asked_for() {
    let world = World::start(|_| (), &[]);
    world.invocation("a", 3);
    let seen = world.fake.seen();
    assert_eq!(
        seen[0],
        Seen::Register {
            name: "cloudvault-obs".into(),
            events: vec!["INVOKE".into(), "SHUTDOWN".into()]
        }
    );
    let kinds: Vec<_> = seen[1..].iter().map(std::mem::discriminant).collect();
    let put = &world.fake.puts()[0];
    let expect = [
        Seen::Subscribe,
        Seen::Next,
        Seen::Put(put.clone()),
        Seen::Next,
    ];
    assert_eq!(
        kinds,
        expect.each_ref().map(std::mem::discriminant),
        "{seen:#?}"
    );
    assert_eq!(
        (put.namespace.as_str(), put.points, put.data),
        ("Test", 3, 1)
    );
    world.invocation("b", 0);
    let (last, others) = world.shutdown();
    assert_eq!(totals(&last), [3, 3, 0, 0, 1, 0]);
    assert_eq!(last["rings"], 2);
    assert!(others.is_empty(), "{others:#?}");
}

#[test]
fn runtime_done_ends_the_wait_when_nobody_rings() {
    let world = World::start(|_| (), &[]);
    world.fake.invoke("a", in_a_minute());
    world.handler().record("m", 1.0);
    world.fake.runtime_done("a");
    world.fake.wait_next(2);
    assert_eq!(world.fake.puts().len(), 1);
    let (last, _) = world.shutdown();
    assert_eq!(
        (totals(&last), last["runtime_done"].as_u64()),
        ([1, 1, 0, 0, 1, 0], Some(1))
    );
}

#[test]
fn the_deadline_ends_the_wait_when_nothing_else_does() {
    let world = World::start(|_| (), &[]);
    world.handler().record("m", 1.0);
    // Already over: there is neither time to wait nor to deliver.
    world.fake.invoke("a", SystemClock.now_ms());
    world.fake.wait_next(2);
    assert_eq!(world.fake.puts(), []);
    let (last, _) = world.shutdown();
    assert_eq!(totals(&last), [1, 1, 0, 0, 1, 0]);
}

#[test]
fn without_telemetry_a_late_ring_flushes_and_later_ones_are_waited_for() {
    let world = World::start(Fake::without_telemetry, &[]);
    // Nobody has rung yet, so the first invocation is not waited for.
    world.fake.invoke("a", in_a_minute());
    world.fake.wait_next(2);
    let handler = world.handler();
    handler.record("m", 1.0);
    handler.ring("a");
    world.fake.wait(1, is_put);
    world.invocation("b", 2);
    let (last, _) = world.shutdown();
    assert_eq!(totals(&last), [3, 3, 0, 0, 2, 0]);
}

#[test]
fn throttling_which_is_a_400_is_tried_again() {
    let world = World::start(
        |fake| fake.answer(&[Answer::Throttle, Answer::Throttle]),
        &[],
    );
    world.invocation("a", 2);
    let (last, others) = world.shutdown();
    assert_eq!(totals(&last), [2, 2, 0, 0, 3, 2]);
    assert!(others.is_empty(), "{others:#?}");
}

#[test]
fn a_servers_fault_is_tried_again() {
    let world = World::start(|fake| fake.answer(&[Answer::Fault]), &[]);
    world.invocation("a", 2);
    let (last, _) = world.shutdown();
    assert_eq!(totals(&last), [2, 2, 0, 0, 2, 1]);
}

#[test]
fn a_cloudwatch_that_hangs_costs_the_budget_and_never_the_deadline() {
    let world = World::start(
        |fake| fake.answer_always(Answer::HangUntilNext),
        &[("OBS_FLUSH_BUDGET", "300ms")],
    );
    world.fake.watch_deadline(Duration::from_secs(10));
    world.fake.invoke("a", SystemClock.now_ms() + 10_000);
    let handler = world.handler();
    handler.record("m", 1.0);
    handler.ring("a");
    world.fake.wait(1, |seen| *seen == Seen::LetGo);
    let seen = world.fake.seen();
    // The request is only let go by the next /next: the extension had to give up
    // on it by itself, and before the deadline.
    let put = first(&seen, is_put);
    assert!(seen[put..].contains(&Seen::Next), "{seen:#?}");
    assert!(!seen.contains(&Seen::Deadline), "{seen:#?}");
    world.fake.answer_always(Answer::Ok);
    let (last, others) = world.shutdown();
    let [recorded, delivered, emf, dropped, ..] = totals(&last);
    assert_eq!([recorded, delivered, emf, dropped], [1, 1, 0, 0]);
    assert_eq!(others[0]["code"], "NoAnswer", "{others:#?}");
}

#[test]
fn shutdown_drains_what_no_invocation_flushed() {
    let world = World::start(|_| (), &[]);
    let handler = world.handler();
    (0..10).for_each(|n| handler.record("m", f64::from(n)));
    let fake = world.fake.clone();
    let (last, _) = world.shutdown();
    assert_eq!(totals(&last), [10, 10, 0, 0, 1, 0]);
    assert_eq!(
        (fake.puts()[0].points, last["reason"].as_str()),
        (10, Some("spindown"))
    );
}

#[test]
fn a_cell_whose_writer_died_is_counted_as_torn_and_holds_nothing_up() {
    let world = World::start(|_| (), &[]);
    let handler = world.handler();
    handler.record("m", 1.0);
    // As a writer leaves it that was killed between the claim and the store: the
    // journal's head, word 8 of its header, has moved on.
    let file = OpenOptions::new().write(true).open(&world.journal).unwrap();
    file.write_all_at(&2u64.to_le_bytes(), 8 * 8).unwrap();
    let (last, _) = world.shutdown();
    assert_eq!(
        (totals(&last), last["torn"].as_u64()),
        ([1, 1, 0, 0, 1, 0], Some(1))
    );
}

#[test]
fn what_shutdown_cannot_deliver_leaves_as_log_lines() {
    let world = World::start(|fake| fake.answer_always(Answer::Deny), &[]);
    world.invocation("a", 4);
    let journal = world.journal.clone();
    let dir = world._dir.path().to_owned();
    let World {
        fake,
        extension,
        _dir,
        ..
    } = world;
    fake.shutdown(in_a_minute());
    let (code, lines) = extension.end();
    assert_eq!(code, 0);
    let last = lines.last().unwrap();
    assert_eq!(totals(last)[..4], [4, 0, 4, 0]);
    assert_eq!(lines[0]["code"], "AccessDenied", "{lines:#?}");
    let emf = lines
        .iter()
        .find(|line| line.get("_aws").is_some())
        .unwrap();
    assert_eq!(emf["m"], serde_json::json!([0.0, 1.0, 2.0, 3.0]));
    // They are safe there, so their cells are free.
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(journal)
        .unwrap();
    let totals = cloudvault_obs_core::journal::Journal::open(&file)
        .unwrap()
        .totals();
    assert_eq!(totals.released, 4, "{dir:?}");
}

#[test]
fn a_killed_extensions_points_are_delivered_by_the_next_one() {
    let mut world = World::start(|fake| fake.answer_always(Answer::Deny), &[]);
    world.invocation("a", 5);
    world.extension.kill();
    world.fake.answer_always(Answer::Ok);
    let asked = world
        .fake
        .seen()
        .iter()
        .filter(|seen| **seen == Seen::Next)
        .count();
    world.extension = Extension::start(&world.fake, &world.journal, &[]);
    world.fake.wait_next(asked + 1);
    let before = world.fake.puts().len();
    world.invocation("b", 1);
    assert_eq!(
        world.fake.puts()[before..]
            .iter()
            .map(|put| put.points)
            .sum::<u64>(),
        6
    );
    let (last, _) = world.shutdown();
    assert_eq!(totals(&last), [6, 6, 0, 0, 1, 0]);
}

#[test]
fn without_credentials_it_idles_says_so_and_leaves_the_journal_to_nobody() {
    let world = World::start(|_| (), &[("AWS_ACCESS_KEY_ID", "")]);
    world.fake.invoke("a", in_a_minute());
    world.fake.wait_next(2);
    // The library looks for a lock, finds none, and writes log lines itself.
    assert!(File::open(&world.journal).is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound));
    let (last, others) = world.shutdown();
    assert!(others.is_empty());
    assert_eq!(last["level"], "ERROR");
    let message = last["message"].as_str().unwrap();
    assert!(
        message.contains("AWS_ACCESS_KEY_ID is not set"),
        "{message}"
    );
}

#[test]
fn a_journal_that_cannot_be_made_leaves_the_function_unharmed() {
    let world = World::start(|_| (), &[("OBS_JOURNAL", "/proc/nowhere/journal")]);
    world.fake.invoke("a", in_a_minute());
    world.fake.wait_next(2);
    let (last, _) = world.shutdown();
    let message = last["message"].as_str().unwrap();
    assert!(
        message.contains("failed to open the journal /proc/nowhere/journal"),
        "{message}"
    );
}

#[test]
fn managed_instances_register_for_shutdown_only_and_flush_by_timer() {
    let world = World::start(
        |_| (),
        &[
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "lambda-managed-instances"),
            ("OBS_FLUSH_INTERVAL", "100ms"),
        ],
    );
    let expect = Seen::Register {
        name: "cloudvault-obs".into(),
        events: vec!["SHUTDOWN".into()],
    };
    assert_eq!(world.fake.seen()[0], expect);
    world.handler().record("m", 1.0);
    world.fake.wait(1, is_put);
    let (last, _) = world.shutdown();
    assert_eq!(totals(&last), [1, 1, 0, 0, 1, 0]);
}

#[test]
fn what_cloudwatch_would_refuse_is_counted_and_its_neighbours_are_delivered() {
    let world = World::start(|_| (), &[]);
    let handler = world.handler();
    handler.record("good", 1.0);
    handler.record("good", f64::NAN);
    handler.record("good", f64::INFINITY);
    handler.record("poison", 1.0);
    handler.record_at("old", 1.0, SystemClock.now_ms() - 15 * 86_400_000);
    handler.record_at("new", 1.0, SystemClock.now_ms() + 3 * 3_600_000);
    let (last, others) = world.shutdown();
    assert_eq!(totals(&last)[..4], [6, 1, 0, 5]);
    let reasons = ["value", "refused", "too_old", "too_new"]
        .map(|reason| last[format!("dropped_{reason}")].as_u64());
    assert_eq!(reasons, [Some(2), Some(1), Some(1), Some(1)]);
    // One line a series and reason, and one for what CloudWatch refused.
    assert_eq!(others.len(), 4, "{others:#?}");
}

#[test]
fn requests_stay_within_cloudwatchs_limits() {
    let world = World::start(|_| (), &[("OBS_FLUSH_BUDGET", "30s")]);
    world.fake.invoke("a", in_a_minute());
    let handler = world.handler();
    for n in 0..40_000u32 {
        handler.record(&format!("m{}", n % 1500), f64::from(n));
    }
    (0..400).for_each(|n| handler.record("wide", f64::from(n)));
    handler.ring("a");
    world.fake.wait_next(2);
    let puts = world.fake.puts();
    assert_eq!(puts.iter().map(|put| put.points).sum::<u64>(), 40_400);
    for put in &puts {
        assert!(
            put.data <= 1000 && put.most_values <= 150 && put.bytes <= 1_000_000,
            "{put:?}"
        );
    }
    // Series are several hundred bytes each, so the size is the first limit met,
    // and the estimate must not be so cautious that requests double.
    assert!(puts.len() <= 4, "{}", puts.len());
    let (last, _) = world.shutdown();
    assert_eq!(totals(&last)[..4], [40_400, 40_400, 0, 0]);
}

#[test]
fn a_refused_registration_ends_with_one_sentence_that_names_the_remedy() {
    let check = |prepare: fn(&Fake), more: &[(&str, &str)], expect: &str| {
        let fake = Fake::start();
        prepare(&fake);
        let dir = tempfile::tempdir().unwrap();
        let (code, lines) = Extension::start(&fake, &dir.path().join("journal"), more).end();
        assert_eq!((code, lines.len()), (1, 1), "{lines:#?}");
        let message = lines[0]["message"].as_str().unwrap();
        assert!(
            message.contains(expect) && message.contains("obs dev"),
            "{message}"
        );
    };
    check(Fake::refuse_register, &[], "answered 403 Forbidden");
    check(
        |_| (),
        &[("AWS_LAMBDA_RUNTIME_API", "")],
        "AWS_LAMBDA_RUNTIME_API is not set",
    );
    check(
        |_| (),
        &[("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1")],
        "connect to 127.0.0.1:1",
    );
}

#[test]
fn bad_values_are_reported_by_name_and_the_defaults_hold() {
    let world = World::start(
        |_| (),
        &[("OBS_FLUSH_BUDGET", "fast"), ("OBS_FLUSH", "never")],
    );
    world.invocation("a", 1);
    let (last, others) = world.shutdown();
    assert_eq!(totals(&last), [1, 1, 0, 0, 1, 0]);
    let messages: Vec<_> = others
        .iter()
        .map(|line| line["message"].as_str().unwrap())
        .collect();
    assert!(
        messages[0].starts_with("OBS_FLUSH is \"never\""),
        "{messages:#?}"
    );
    assert!(
        messages[1].starts_with("OBS_FLUSH_BUDGET is \"fast\""),
        "{messages:#?}"
    );
}

#[test]
fn sigterm_which_emulators_send_drains_as_shutdown_does() {
    let world = World::start(|_| (), &[]);
    world.handler().record("m", 1.0);
    world.extension.terminate();
    let (code, lines) = world.extension.end();
    assert_eq!(code, 0);
    assert_eq!(totals(lines.last().unwrap())[..2], [1, 1]);
}
