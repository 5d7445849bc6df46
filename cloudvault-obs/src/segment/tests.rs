//! Segments of whole invocations, as the daemon receives them.

use lambda_runtime::LambdaEvent;
use serde_json::{Value, json};
use tower::{Layer as _, Service as _};

use super::testing::{FACADE, TRACE, Traced, event};
use crate::{Error, clock};

fn named<'a>(documents: &'a [Value], name: &str) -> &'a Value {
    let found = documents.iter().find(|document| document["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {documents:?}"))
}

#[tokio::test]
async fn an_invocation_is_one_datagram_with_its_whole_tree() {
    let traced = Traced::start();
    let mut service = traced
        .layer
        .layer(crate::service_fn(|_: LambdaEvent<Value>| async {
            let outer = tracing::info_span!("outer", size = 3);
            let _outer = outer.enter();
            tracing::info_span!("inner", http.response.status_code = 404).in_scope(|| ());
            Ok::<_, Error>(())
        }));
    service.call(event(1, 0)).await.unwrap();
    let datagrams = traced.datagrams();
    assert_eq!(datagrams.len(), 1);
    let handler = &datagrams[0];
    assert_eq!(
        (
            &handler["name"],
            &handler["parent_id"],
            &handler["trace_id"]
        ),
        (&json!("handler"), &json!(FACADE), &json!(TRACE))
    );
    let outer = &handler["subsegments"][0];
    assert_eq!(
        (&outer["name"], &outer["annotations"]),
        (&json!("outer"), &json!({"size": 3}))
    );
    let inner = &outer["subsegments"][0];
    assert_eq!(
        (&inner["name"], &inner["error"]),
        (&json!("inner"), &json!(true))
    );
}

#[tokio::test]
async fn concurrent_siblings_have_the_same_parent() {
    let traced = Traced::start();
    let mut service = traced
        .layer
        .layer(crate::service_fn(|_: LambdaEvent<Value>| async {
            #[tracing::instrument]
            async fn sibling(number: u64) {
                tokio::task::yield_now().await;
                child(number).await;
            }
            #[tracing::instrument]
            async fn child(of: u64) {
                tokio::task::yield_now().await;
            }
            tokio::join!(sibling(1), sibling(2), sibling(3));
            Ok::<_, Error>(())
        }));
    service.call(event(1, 0)).await.unwrap();
    let documents = traced.documents();
    let handler = named(&documents, "handler");
    let siblings: Vec<&Value> = documents
        .iter()
        .filter(|document| document["name"] == "sibling")
        .collect();
    assert_eq!(siblings.len(), 3);
    for sibling in siblings {
        assert_eq!(sibling["parent_id"], handler["id"]);
        let child = documents
            .iter()
            .find(|document| document["parent_id"] == sibling["id"])
            .unwrap();
        assert_eq!(child["annotations"]["of"], sibling["annotations"]["number"]);
    }
}

#[derive(Debug)]
struct StoreError(std::io::Error);

impl std::fmt::Display for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the store is full")
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

async fn failing(traced: &Traced) -> Value {
    let mut service = traced
        .layer
        .layer(crate::service_fn(|_: LambdaEvent<Value>| async {
            Err::<(), Error>(StoreError(std::io::Error::other("disk")).into())
        }));
    service.call(event(1, 0)).await.unwrap_err();
    traced.document().expect("a document")
}

#[tokio::test]
async fn a_failing_handlers_causes_point_at_each_other() {
    let document = failing(&Traced::start()).await;
    assert_eq!(document["fault"], true);
    let exceptions = &document["cause"]["exceptions"];
    assert_eq!(
        (&exceptions[0]["type"], &exceptions[0]["message"]),
        (&json!("StoreError"), &json!("the store is full"))
    );
    assert_eq!(exceptions[0]["cause"], exceptions[1]["id"]);
    assert_eq!(exceptions[1]["message"], "disk");

    let document = failing(&Traced::with(&[("OBS_TRACE_CAPTURE_ERROR", "false")])).await;
    assert_eq!(
        (&document["fault"], document.get("cause")),
        (&json!(true), None)
    );
}

#[tokio::test]
async fn an_error_event_marks_its_span() {
    let traced = Traced::start();
    traced_call(&traced, || {
        #[tracing::instrument(err)]
        fn store() -> Result<(), StoreError> {
            Err(StoreError(std::io::Error::other("disk")))
        }
        store().unwrap_err();
        tracing::info_span!("calm").in_scope(|| tracing::error!("only said"));
    })
    .await;
    let documents = traced.documents();
    let store = named(&documents, "store");
    assert_eq!(
        (&store["fault"], &store["cause"]["exceptions"][0]["message"]),
        (&json!(true), &json!("the store is full"))
    );
    assert_eq!(named(&documents, "calm").get("fault"), None);
    assert_eq!(named(&documents, "handler").get("fault"), None);
}

async fn traced_call(traced: &Traced, work: impl Fn()) {
    let mut service = traced
        .layer
        .layer(crate::service_fn(|_: LambdaEvent<Value>| {
            work();
            std::future::ready(Ok::<_, Error>(()))
        }));
    service.call(event(1, 0)).await.unwrap();
}

#[tokio::test]
async fn an_answer_is_kept_in_metadata_and_a_long_one_in_part() {
    for (variables, answer, expect) in [
        (&[][..], json!({"size": 3}), json!({"size": 3})),
        (
            &[("OBS_TRACE_CAPTURE_RESPONSE", "false")],
            json!({"size": 3}),
            Value::Null,
        ),
        (
            &[],
            json!({"card": "4111 1111 1111 1111", "password": 7}),
            json!({"card": "[REDACTED]", "password": "[REDACTED]"}),
        ),
    ] {
        let traced = Traced::with(variables);
        let answer = &answer;
        let inner =
            crate::service_fn(
                |_: LambdaEvent<Value>| async move { Ok::<_, Error>(answer.clone()) },
            );
        let mut service = traced.layer.layer(super::Capturing(inner));
        service.call(event(1, 0)).await.unwrap();
        let document = traced.document().unwrap();
        assert_eq!(document["metadata"]["default"]["response"], expect);
    }
    let traced = Traced::start();
    let inner = crate::service_fn(|_: LambdaEvent<Value>| async {
        Ok::<_, Error>("\u{e9}".repeat(20_000))
    });
    traced
        .layer
        .layer(super::Capturing(inner))
        .call(event(1, 0))
        .await
        .unwrap();
    let document = traced.document().unwrap();
    let kept = document["metadata"]["default"]["response"]
        .as_str()
        .unwrap();
    assert!(
        kept.ends_with("... [cut: longer than 16384 bytes]"),
        "{kept}"
    );
    assert!(kept.len() < 17_000);

    // The limit lies within the address, which looks like none from there on.
    let traced = Traced::start();
    let inner = crate::service_fn(|_: LambdaEvent<Value>| async {
        Ok::<_, Error>(format!("{} hunter2@example.com", "x".repeat(16_370)))
    });
    let mut service = traced.layer.layer(super::Capturing(inner));
    service.call(event(1, 0)).await.unwrap();
    assert!(!traced.document().unwrap().to_string().contains("hunter2"));
}

/// Runs a handler until `enough` documents have come, then lets it end; gives
/// those documents.
fn held(traced: &Traced, deadline_ms: u64, enough: usize) -> Vec<Value> {
    let (go, went) = std::sync::mpsc::channel::<()>();
    let went = std::sync::Mutex::new(went);
    let mut service = traced
        .layer
        .layer(crate::service_fn(|_: LambdaEvent<Value>| {
            tracing::info_span!("quick").in_scope(|| ());
            let slow = tracing::info_span!(
                "slow",
                size = 3,
                metadata.note = "n",
                db.password = "hunter2",
                late = tracing::field::Empty
            );
            slow.record("late", true);
            // Blocks the thread, as a computation does.
            slow.in_scope(|| went.lock().unwrap().recv().unwrap());
            std::future::ready(Ok::<_, Error>(()))
        }));
    std::thread::scope(|scope| {
        let daemon = scope.spawn(move || {
            let mut documents = Vec::new();
            for _ in 0..50 {
                documents.extend(traced.document());
                if documents.len() >= enough {
                    break;
                }
            }
            go.send(()).unwrap();
            documents
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime
            .block_on(service.call(event(1, deadline_ms)))
            .unwrap();
        daemon.join().unwrap()
    })
}

#[test]
fn a_long_span_is_sent_as_in_progress_once_and_then_complete() {
    let traced = Traced::with(&[("OBS_TRACE_IN_PROGRESS", "20ms")]);
    let documents = held(&traced, 0, 3);
    let in_progress = |name| &named(&documents, name)["in_progress"];
    assert_eq!(
        (
            in_progress("slow"),
            in_progress("handler"),
            in_progress("quick")
        ),
        (&json!(true), &json!(true), &Value::Null)
    );
    assert_eq!(
        named(&documents, "slow")["annotations"],
        json!({"size": 3, "db_password": "[REDACTED]", "late": true})
    );
    assert_eq!(
        named(&documents, "slow")["metadata"],
        json!({"default": {"note": "n"}})
    );
    let complete = traced.datagrams();
    assert_eq!(complete.len(), 2, "each alone, once: {complete:?}");
    for name in ["slow", "handler"] {
        let (began, ended) = (named(&documents, name), named(&complete, name));
        assert_eq!(
            (&ended["id"], &ended["parent_id"]),
            (&began["id"], &began["parent_id"])
        );
        assert!(ended["end_time"].is_number());
    }
}

#[test]
fn before_the_deadline_everything_open_is_announced() {
    let traced = Traced::with(&[("OBS_TRACE_IN_PROGRESS", "15s")]);
    let deadline = u64::try_from(clock::now_ms()).unwrap() + 300;
    assert_eq!(held(&traced, deadline, 3).len(), 3);
}

#[tokio::test]
async fn a_task_that_outlives_its_invocation_is_announced_and_sent_when_it_ends() {
    let traced = Traced::start();
    let (go, went) = tokio::sync::oneshot::channel::<()>();
    let went = std::sync::Mutex::new(Some(went));
    let task = std::sync::Mutex::new(None);
    traced_call(&traced, || {
        let went = went.lock().unwrap().take().unwrap();
        let span = tracing::info_span!("late");
        let work = tracing::Instrument::instrument(async { went.await.unwrap() }, span);
        *task.lock().unwrap() = Some(tokio::spawn(work));
    })
    .await;
    let announced = traced.documents();
    assert_eq!(named(&announced, "late")["in_progress"], true);
    go.send(()).unwrap();
    let task = task.lock().unwrap().take().unwrap();
    task.await.unwrap();
    let late = traced.document().expect("the late one");
    assert_eq!(late["id"], named(&announced, "late")["id"]);
    assert_eq!(late["parent_id"], named(&announced, "handler")["id"]);
}

#[test]
fn a_span_ends_with_its_last_holder_though_one_below_it_lives_on() {
    let traced = Traced::start();
    traced.invoke(|| {
        let above = tracing::info_span!("above", a = 1);
        let below = tracing::info_span!(parent: &above, "below", b = 2);
        drop(above);
        std::thread::sleep(std::time::Duration::from_millis(2));
        drop(below);
    });
    let documents = traced.documents();
    let (above, below) = (named(&documents, "above"), named(&documents, "below"));
    assert_eq!(below["parent_id"], above["id"]);
    assert!(above["end_time"].as_f64() < below["end_time"].as_f64());
    assert_eq!(
        (&above["annotations"]["a"], &below["annotations"]["b"]),
        (&1.into(), &2.into())
    );
    // What is inherited is the line's matter.
    assert_eq!(below["annotations"].get("a"), None);
}

#[tokio::test]
async fn what_does_not_fit_one_document_is_sent_in_several() {
    let traced = Traced::start();
    traced_call(&traced, || {
        for number in 0..20 {
            let text = "x".repeat(900);
            let _span = tracing::info_span!(
                "part",
                number,
                a = text,
                b = text,
                c = text,
                d = text,
                e = text
            )
            .entered();
        }
        tracing::info_span!("huge", metadata.text = "y".repeat(100_000)).in_scope(|| ());
    })
    .await;
    let documents = traced.documents();
    assert_eq!(documents.len(), 22);
    let handler = named(&documents, "handler");
    let parts = documents
        .iter()
        .filter(|document| document["parent_id"] == handler["id"]);
    assert_eq!(parts.count(), 21);
    assert!(
        named(&documents, "huge")["annotations"]["obs_cut_bytes"]
            .as_u64()
            .unwrap()
            > 36_000
    );
}

#[tokio::test]
async fn nothing_is_recorded_unsampled() {
    let traced = Traced::start();
    let mut service = traced
        .layer
        .layer(crate::service_fn(|_: LambdaEvent<Value>| async {
            tracing::info_span!("work").in_scope(|| ());
            Ok::<_, Error>(())
        }));
    service.call(event(0, 0)).await.unwrap();
    assert!(traced.datagrams().is_empty());
}
