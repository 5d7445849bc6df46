//! The store's laws.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::queue::Queue;

const NOW: i64 = 1_700_000_000_123;

fn store() -> (TempDir, Store, Queue) {
    let dir = TempDir::new().unwrap();
    let (clock, _) = Clock::manual(NOW);
    let queue = Queue::open(dir.path(), "thumbnails", clock.clone()).unwrap();
    let rule = Notification {
        id: "thumbnails".to_owned(),
        prefix: "uploads/".to_owned(),
        queue: queue.clone(),
    };
    let store = Store::open(dir.path(), "cloudvault-files", vec![rule], clock).unwrap();
    (dir, store, queue)
}

fn put(store: &Store, key: &str, bytes: &[u8]) -> Object {
    let user = [("correlation-id".to_owned(), "c-1".to_owned())].into();
    let key = Key::parse(key).unwrap();
    store
        .put(Put {
            key: &key,
            bytes,
            content_type: "text/plain",
            user: &user,
            trace_header: Some("Root=1-2-3"),
        })
        .unwrap()
}

#[test]
fn what_was_put_is_what_is_read() {
    let (_dir, store, _) = store();
    let object = put(&store, "uploads/a/b.txt", b"hello\nworld");
    let key = Key::parse("uploads/a/b.txt").unwrap();
    assert_eq!(store.head(&key).unwrap(), object);
    assert_eq!(
        store.get(&key).unwrap(),
        (object.clone(), b"hello\nworld".to_vec())
    );
    assert_eq!(object.etag, "9195d0beb2a889e1be05ed6bb1954837");
    assert_eq!((object.size, object.last_modified_ms), (11, NOW));
    assert_eq!(object.request_id.len(), 16);
    assert!(store.delete(&key).unwrap());
    assert!(!store.delete(&key).unwrap());
    assert!(matches!(store.get(&key), Err(StoreError::NotFound)));
}

#[test]
fn a_put_under_the_prefix_is_announced_as_s3_does_it() {
    let (_dir, store, queue) = store();
    put(&store, "thumbnails/a.png", b"quiet");
    let object = put(&store, "uploads/a b.txt", b"hello");
    let records = queue.receive(10, 30_000).unwrap();
    assert_eq!(records.len(), 1, "only keys under uploads/ are announced");
    assert_eq!(
        records[0].record["attributes"]["AWSTraceHeader"],
        "Root=1-2-3"
    );
    let body = records[0].record["body"].as_str().unwrap();
    let event: aws_lambda_events::s3::S3Event = serde_json::from_str(body).unwrap();
    let record = &event.records[0];
    assert_eq!(record.event_name.as_deref(), Some("ObjectCreated:Put"));
    assert_eq!(record.event_time.timestamp_millis(), NOW);
    assert_eq!(
        record.response_elements["x-amz-request-id"],
        object.request_id
    );
    assert_eq!(record.response_elements["x-amz-id-2"].len(), 76);
    assert_eq!(record.s3.object.key.as_deref(), Some("uploads/a+b.txt"));
    assert_eq!(
        record.s3.object.e_tag.as_deref(),
        Some(object.etag.as_str())
    );
}

#[test]
fn limits_are_kept() {
    let (_dir, store, _) = store();
    let key = Key::parse("big").unwrap();
    let check = |bytes: &[u8], user: BTreeMap<String, String>| {
        store
            .put(Put {
                key: &key,
                bytes,
                content_type: "",
                user: &user,
                trace_header: None,
            })
            .unwrap_err()
    };
    let bytes = vec![0; usize::try_from(MAX_OBJECT_BYTES).unwrap() + 1];
    assert!(matches!(
        check(&bytes, BTreeMap::new()),
        StoreError::TooLarge(_)
    ));
    let long = [("a".to_owned(), "x".repeat(MAX_USER_METADATA_BYTES))].into();
    assert!(matches!(check(b"", long), StoreError::Metadata));
    let newline = [("a".to_owned(), "x\ny".to_owned())].into();
    assert!(matches!(check(b"", newline), StoreError::Metadata));
}

#[test]
fn a_damaged_file_is_an_error_not_a_panic() {
    let (_dir, store, _) = store();
    put(&store, "a", b"hello");
    let key = Key::parse("a").unwrap();
    for content in ["", "\n", "{}\n", "not json", "{\"key\":1}\nxx"] {
        fs::write(store.path(&key), content).unwrap();
        assert!(
            matches!(store.get(&key), Err(StoreError::Corrupt(_))),
            "{content:?}"
        );
    }
}

#[test]
fn two_handles_of_one_directory_accept_each_others_urls() {
    let (dir, store, _) = store();
    let (clock, _) = Clock::manual(NOW);
    let other = Store::open(dir.path(), "cloudvault-files", Vec::new(), clock).unwrap();
    let grant = Grant {
        method: Method::Put,
        key: Key::parse("uploads/x").unwrap(),
        expires_ms: NOW + 1,
        content_type: "image/png".to_owned(),
        user: BTreeMap::new(),
    };
    let url = store.presign(&grant);
    assert_eq!(
        other.put_presigned(&url, b"abc").unwrap().content_type,
        "image/png"
    );
    assert!(
        matches!(other.get_presigned(&url), Err(StoreError::Forbidden)),
        "a PUT url reads nothing"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Walking the pages yields each key under the prefix once and in order.
    #[test]
    fn pages_together_are_the_whole_listing(
        names in proptest::collection::btree_set("[a-c]{1,3}(/[a-c]{1,2})?", 0..12),
        limit in 1usize..5,
    ) {
        let (_dir, store, _) = store();
        for name in &names {
            put(&store, name, name.as_bytes());
        }
        let expect: Vec<_> = names.iter().filter(|name| name.starts_with('a')).cloned().collect();
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = store.list(List { prefix: "a", after: after.as_deref(), limit }).unwrap();
            prop_assert!(page.objects.len() <= limit);
            found.extend(page.objects.into_iter().map(|object| object.key));
            after = page.next;
            if after.is_none() { break }
        }
        prop_assert_eq!(found, expect);
    }
}
