//! The uploader's correlation id, found again two hops later, by the real
//! `upload` and `thumbnail` processes.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::event;
use crate::process::{Run, invoke};

#[track_caller]
fn line<'a>(run: &'a Run, message: &str) -> &'a Value {
    let found = run.lines.iter().find(|line| line["message"] == message);
    found.unwrap_or_else(|| panic!("no line {message:?} in {:#?}", run.lines))
}

#[test]
fn the_uploaders_correlation_id_is_found_again_in_thumbnails_logs_and_trace() {
    let store = TempDir::new().unwrap();
    let upload = invoke(
        env!("CARGO_BIN_EXE_upload"),
        store.path(),
        &event("upload-multipart"),
    );
    assert_eq!(upload.response["statusCode"], 201, "{}", upload.response);
    assert_eq!(
        line(&upload, "file uploaded")["correlation_id"],
        "0192f0c1-upload-0001"
    );
    let stored = upload
        .segments
        .iter()
        .find(|segment| segment["name"] == "store_object")
        .unwrap();
    assert_eq!(stored["trace_id"], "1-6921d3f1-5759e988bd862e3fe1be46a9");

    let (clock, _) = cloudvault_examples::rim::Clock::manual(crate::common::NOW);
    let queue = cloudvault_examples::queue::Queue::open(store.path(), "thumbnails", clock).unwrap();
    let received = queue.receive(10, 1_000).unwrap();
    let header = received[0].message.trace_header.as_deref().unwrap();
    assert!(
        header.starts_with("Root=1-6921d3f1-5759e988bd862e3fe1be46a9;"),
        "{header}"
    );
    assert!(
        header.contains(stored["id"].as_str().unwrap()),
        "{header} hangs below the put"
    );

    let batch = cloudvault_examples::traffic::events::batch(&received);
    let thumbnail = invoke(env!("CARGO_BIN_EXE_thumbnail"), store.path(), &batch);
    assert_eq!(thumbnail.response, json!({"batchItemFailures": []}));
    assert_eq!(
        line(&thumbnail, "thumbnail created")["correlation_id"],
        "0192f0c1-upload-0001"
    );
    let process = thumbnail
        .segments
        .iter()
        .find(|segment| segment["name"] == "process_record")
        .unwrap();
    assert_eq!(
        process["annotations"]["correlation_id"],
        "0192f0c1-upload-0001"
    );
    let scale = thumbnail
        .segments
        .iter()
        .find(|segment| segment["name"] == "scale_image")
        .unwrap();
    assert_eq!(scale["parent_id"], process["id"]);
}
