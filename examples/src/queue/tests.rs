//! The queue's laws.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

fn queue() -> (TempDir, Queue, Arc<AtomicI64>) {
    let dir = TempDir::new().unwrap();
    let (clock, hand) = Clock::manual(1_000);
    let queue = Queue::open(dir.path(), "thumbnails", clock).unwrap();
    (dir, queue, hand)
}

fn send(queue: &Queue, body: &str) -> String {
    queue
        .send(Outgoing {
            body,
            attributes: &BTreeMap::new(),
            trace_header: None,
        })
        .unwrap()
}

#[test]
fn a_message_not_deleted_in_time_comes_back_with_a_higher_count() {
    let (_dir, queue, hand) = queue();
    send(&queue, "one");
    let first = queue.receive(10, 500).unwrap().remove(0);
    assert_eq!(
        first.receipts,
        Receipts {
            count: 1,
            first_ms: 1_000
        }
    );
    assert!(
        queue.receive(10, 500).unwrap().is_empty(),
        "in flight, so invisible"
    );
    hand.store(1_500, Ordering::SeqCst);
    let second = queue.receive(10, 500).unwrap().remove(0);
    assert_eq!(
        second.receipts,
        Receipts {
            count: 2,
            first_ms: 1_000
        }
    );
    assert!(
        matches!(queue.delete(&first.receipt), Err(QueueError::NotInFlight)),
        "an old receipt"
    );
    queue.delete(&second.receipt).unwrap();
    assert_eq!(queue.depth().unwrap(), Depth::default());
}

#[test]
fn a_poisoned_message_ends_in_the_dead_letter_queue() {
    let (dir, queue, hand) = queue();
    let id = send(&queue, "poison");
    for count in 1..=MAX_RECEIVE_COUNT {
        assert_eq!(queue.receive(10, 10).unwrap()[0].receipts.count, count);
        hand.fetch_add(10, Ordering::SeqCst);
    }
    assert!(queue.receive(10, 10).unwrap().is_empty());
    assert_eq!(
        queue.depth().unwrap(),
        Depth {
            ready: 0,
            flight: 0,
            dead: 1
        }
    );
    let (clock, _) = Clock::manual(0);
    let dead = Queue::open(dir.path(), "thumbnails-dlq", clock).unwrap();
    assert_eq!(
        dead.depth().unwrap().ready,
        1,
        "the dead-letter queue is a queue"
    );
    assert!(fs::read_dir(&queue.dead).unwrap().all(|file| {
        file.unwrap()
            .file_name()
            .into_string()
            .unwrap()
            .starts_with(&id)
    }));
}

#[test]
fn receipts_from_outside_name_no_other_file() {
    let (dir, queue, _) = queue();
    fs::write(dir.path().join("precious"), "x").unwrap();
    for receipt in [
        "",
        "~",
        "1~x",
        "../../../precious",
        "1~../../../precious~1~0",
        "1~/etc/x~1~0",
    ] {
        assert!(
            matches!(queue.delete(receipt), Err(QueueError::NotInFlight)),
            "{receipt}"
        );
    }
    assert!(dir.path().join("precious").exists());
}

#[test]
fn names_and_sizes_are_bounded() {
    let (dir, queue, _) = queue();
    for name in ["", "../x", "a/b", "a b", &"x".repeat(76)] {
        let (clock, _) = Clock::manual(0);
        assert!(
            matches!(
                Queue::open(dir.path(), name, clock),
                Err(QueueError::Name(_))
            ),
            "{name}"
        );
    }
    let body = "x".repeat(MAX_MESSAGE_BYTES + 1);
    let outgoing = Outgoing {
        body: &body,
        attributes: &BTreeMap::new(),
        trace_header: None,
    };
    assert!(matches!(queue.send(outgoing), Err(QueueError::TooLarge)));
    let attributes = (0..11).map(|i| (i.to_string(), String::new())).collect();
    let outgoing = Outgoing {
        body: "",
        attributes: &attributes,
        trace_header: None,
    };
    assert!(matches!(queue.send(outgoing), Err(QueueError::TooLarge)));
}

#[test]
fn a_foreign_file_is_set_aside_and_blocks_nobody() {
    let (_dir, queue, _) = queue();
    let slot = Slot {
        id: Uuid::nil().to_string(),
        receipts: Receipts::default(),
    };
    fs::write(queue.ready.join(slot.to_name()), "not a message").unwrap();
    fs::write(queue.ready.join("README"), "hello").unwrap();
    send(&queue, "good");
    let received = queue.receive(10, 10).unwrap();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].message.body, "good");
    assert_eq!(queue.depth().unwrap().dead, 1);
}

#[derive(Debug, Clone)]
enum Step {
    Send,
    Receive(usize),
    DeleteLast,
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Send),
        3 => (1usize..5).prop_map(Step::Receive),
        2 => Just(Step::DeleteLast),
        2 => (1i64..60).prop_map(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// sent = ready + in flight + dead + deleted, whatever happens; and no message is
    /// received more than [`MAX_RECEIVE_COUNT`] times.
    #[test]
    fn no_message_is_lost_or_doubled(steps in proptest::collection::vec(step(), 1..40)) {
        let (_dir, queue, hand) = queue();
        let (mut sent, mut deleted) = (0, 0);
        let mut receipts: Vec<String> = Vec::new();
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Send => { send(&queue, "x"); sent += 1; }
                Step::Receive(max) => {
                    for received in queue.receive(max, 50).unwrap() {
                        *seen.entry(received.message.id).or_default() += 1;
                        receipts.push(received.receipt);
                    }
                }
                Step::DeleteLast => {
                    if let Some(receipt) = receipts.pop() && queue.delete(&receipt).is_ok() {
                        deleted += 1;
                    }
                }
                Step::Wait(ms) => { hand.fetch_add(ms, Ordering::SeqCst); }
            }
            let depth = queue.depth().unwrap();
            prop_assert_eq!(sent, depth.ready + depth.flight + depth.dead + deleted);
        }
        prop_assert!(seen.values().all(|count| *count <= MAX_RECEIVE_COUNT));
    }
}
