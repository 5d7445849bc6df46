//! The six handlers, called directly with the events of `events/`.

use std::sync::atomic::Ordering;

use crate::common::{FILE_ID, NOW, SUBJECT, Seen, body, call, event, put, vault};
use base64::Engine;
use cloudvault_examples::store::{Key, List};
use cloudvault_examples::traffic::pictures;
use cloudvault_examples::{cleanup, download, list, share, thumbnail, upload};
use image::ImageFormat;
use serde_json::{Value, json};

fn file_key(name: &str) -> String {
    format!("uploads/{SUBJECT}/{FILE_ID}/{name}")
}

/// The response, if its status is as expected.
#[track_caller]
fn answered(seen: &Seen, status: u64) -> &Value {
    let response = seen.result.as_ref().unwrap();
    assert_eq!(response["statusCode"], status, "{response}");
    response
}

#[test]
fn a_form_is_stored_with_its_metadata_and_announced() {
    let (_dir, vault, _) = vault();
    let seen = call(upload::handle, &vault, event("upload-multipart"));
    let answer = body(answered(&seen, 201));
    let key = Key::parse(answer["key"].as_str().unwrap()).unwrap();
    assert_eq!(
        key.as_str(),
        format!(
            "uploads/{SUBJECT}/{}/harbour.png",
            answer["id"].as_str().unwrap()
        )
    );
    let (object, bytes) = vault.files.get(&key).unwrap();
    assert_eq!(answer["etag"], object.etag);
    assert_eq!(answer["size"], bytes.len());
    assert_eq!(object.content_type, "image/png");
    assert_eq!(object.user("description"), Some("the harbour at dawn"));
    assert_eq!(
        object.user("expires-at"),
        Some((NOW + 86_400_000).to_string().as_str())
    );
    assert_eq!(image::load_from_memory(&bytes).unwrap().width(), 48);
    assert_eq!(
        vault
            .files
            .get_presigned(answer["url"].as_str().unwrap())
            .unwrap()
            .1,
        bytes
    );
    assert_eq!(vault.thumbnails.depth().unwrap().ready, 1);
    seen.assert_counted("file uploaded", "FilesUploaded", 1);
    assert_eq!(seen.metric("BytesUploaded"), 1.0);
}

#[test]
fn a_url_is_issued_behind_which_a_file_can_be_put() {
    let (_dir, vault, _) = vault();
    let seen = call(upload::handle, &vault, event("upload-presigned"));
    let answer = body(answered(&seen, 200));
    assert_eq!(
        vault.thumbnails.depth().unwrap().ready,
        0,
        "nothing is stored yet"
    );
    let object = vault
        .files
        .put_presigned(answer["url"].as_str().unwrap(), b"%PDF")
        .unwrap();
    assert_eq!(answer["key"], object.key);
    assert_eq!(object.content_type, "application/pdf");
    assert_eq!(object.user("description"), Some("board meeting"));
    assert_eq!(seen.count("upload url issued"), 1);
    assert_eq!(seen.metric("FilesUploaded"), 0.0);
}

#[test]
fn uploads_that_cannot_be_read_are_refused_and_store_nothing() {
    let (_dir, vault, _) = vault();
    let check = |body: &[u8], content_type: &str, status: u64| {
        let mut payload = event("upload-multipart");
        payload["body"] = json!(base64::engine::general_purpose::STANDARD.encode(body));
        payload["headers"]["content-type"] = json!(content_type);
        let seen = call(upload::handle, &vault, payload);
        answered(&seen, status);
        assert_eq!(seen.count("request refused"), 1);
    };
    let form = "multipart/form-data; boundary=x";
    let part = |head: &str, text: &str| {
        format!("--x\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}\r\n--x--\r\n")
    };
    check(b"", form, 400);
    check(b"no form", form, 400);
    check(part("name=\"other\"", "a").as_bytes(), form, 400);
    check(part("name=\"metadata\"", "{}").as_bytes(), form, 400);
    check(
        part("name=\"metadata\"", "{\"colour\":1}").as_bytes(),
        form,
        400,
    );
    check(
        part("name=\"metadata\"", &" ".repeat(5_000)).as_bytes(),
        form,
        413,
    );
    check(part("name=\"file\"", "a").as_bytes(), form, 400);
    check(
        part("name=\"file\"; filename=\"..\"", "a").as_bytes(),
        form,
        400,
    );
    check(
        part("name=\"file\"; filename=\"a/../..\"", "a").as_bytes(),
        form,
        400,
    );
    check(b"{}", "application/json", 400);
    check(
        b"{\"name\":\"a\",\"content_type\":\"b\",\"more\":1}",
        "application/json",
        400,
    );
    check(b"\xff", "application/json", 400);
    check(b"a", "text/plain", 415);
    check(b"a", "", 415);
    let all = List {
        prefix: "",
        after: None,
        limit: 10,
    };
    assert!(vault.files.list(all).unwrap().objects.is_empty());
    assert_eq!(vault.thumbnails.depth().unwrap().ready, 0);
}

#[test]
fn a_path_in_a_file_name_is_cut_off() {
    let (_dir, vault, _) = vault();
    for name in ["../../../etc/passwd", "C:\\\\temp\\\\passwd", "passwd"] {
        let mut payload = event("upload-presigned");
        payload["body"] = json!(format!(
            "{{\"name\":\"{name}\",\"content_type\":\"text/plain\"}}"
        ));
        let answer = body(answered(&call(upload::handle, &vault, payload), 200));
        let expect = format!(
            "uploads/{SUBJECT}/{}/passwd",
            answer["id"].as_str().unwrap()
        );
        assert_eq!(answer["key"], expect);
    }
}

#[test]
fn a_file_is_handed_out_as_bytes_or_as_url() {
    let (_dir, vault, _) = vault();
    put(
        &vault,
        &file_key("a.bin"),
        &[0, 159, 146, 150],
        "application/x-thing",
        &[],
    );
    let seen = call(download::handle, &vault, event("download"));
    let response = answered(&seen, 200);
    assert_eq!(
        (&response["body"], &response["isBase64Encoded"]),
        (&json!("AJ+Slg=="), &json!(true))
    );
    assert_eq!(response["headers"]["content-type"], "application/x-thing");
    seen.assert_counted("file downloaded", "FilesDownloaded", 1);
    assert_eq!(seen.metric("BytesDownloaded"), 1.0);

    let mut payload = event("download");
    payload["queryStringParameters"] = json!({"as": "url"});
    let seen = call(download::handle, &vault, payload.clone());
    let url = answered(&seen, 302)["headers"]["location"]
        .as_str()
        .unwrap();
    assert_eq!(
        vault.files.get_presigned(url).unwrap().1,
        [0, 159, 146, 150]
    );

    payload["queryStringParameters"] = json!({"as": "gold"});
    answered(&call(download::handle, &vault, payload), 400);
}

#[test]
fn a_large_file_is_handed_out_as_url() {
    let (_dir, vault, _) = vault();
    let bytes = vec![7; usize::try_from(download::INLINE_BYTES).unwrap() + 1];
    put(&vault, &file_key("big"), &bytes, "text/plain", &[]);
    answered(&call(download::handle, &vault, event("download")), 302);
}

#[test]
fn an_unknown_file_and_somebody_elses_are_not_found() {
    let (_dir, vault, _) = vault();
    put(
        &vault,
        &format!("uploads/somebody-else/{FILE_ID}/a.txt"),
        b"secret",
        "text/plain",
        &[],
    );
    let check = |id: &str| {
        let mut payload = event("download");
        payload["pathParameters"]["id"] = json!(id);
        let seen = call(download::handle, &vault, payload.clone());
        assert_eq!(body(answered(&seen, 404))["status"], 404);
        seen.assert_counted("file downloaded", "FilesDownloaded", 0);
        payload = event("share");
        payload["pathParameters"]["id"] = json!(id);
        answered(&call(share::handle, &vault, payload), 404);
    };
    for id in [
        FILE_ID,
        "",
        "..",
        "../somebody-else",
        "00000000-0000-0000-0000-000000000000",
    ] {
        check(id);
    }
    let mut payload = event("download");
    payload["pathParameters"] = Value::Null;
    answered(&call(download::handle, &vault, payload), 400);
}

#[test]
fn pages_of_a_listing_follow_each_other() {
    let (_dir, vault, _) = vault();
    for id in 1..=5 {
        put(
            &vault,
            &format!("uploads/{SUBJECT}/{id}/f{id}.txt"),
            b"12345",
            "text/plain",
            &[("description", "d")],
        );
    }
    put(
        &vault,
        "uploads/somebody-else/1/x.txt",
        b"secret",
        "text/plain",
        &[],
    );
    let mut names = Vec::new();
    let mut payload = event("list");
    loop {
        let seen = call(list::handle, &vault, payload.clone());
        let page = body(answered(&seen, 200));
        let files = page["files"].as_array().unwrap().clone();
        assert_eq!(seen.count("files listed"), 1);
        assert_eq!(seen.metric("FilesListed"), files.len() as f64);
        names.extend(
            files
                .iter()
                .map(|file| file["name"].as_str().unwrap().to_owned()),
        );
        match page.get("cursor") {
            Some(cursor) => payload["queryStringParameters"]["cursor"] = cursor.clone(),
            None => break,
        }
    }
    assert_eq!(names, ["f1.txt", "f2.txt", "f3.txt", "f4.txt", "f5.txt"]);
    payload["queryStringParameters"] = json!({"prefix": "3/"});
    let page = body(answered(&call(list::handle, &vault, payload), 200));
    let uploaded_at = "2025-11-23T03:49:59.000Z";
    assert_eq!(page["files"][0]["uploaded_at"], uploaded_at);
    assert_eq!(page["files"][0]["description"], "d");
    assert_eq!(page["files"].as_array().unwrap().len(), 1);
}

#[test]
fn listings_that_make_no_sense_are_refused() {
    let (_dir, vault, _) = vault();
    let stranger =
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode("uploads/somebody-else/1/x");
    for (name, value) in [
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "-1"),
        ("limit", "x"),
        ("cursor", "%%"),
        ("cursor", &stranger),
    ] {
        let mut payload = event("list");
        payload["queryStringParameters"] = json!({name: value});
        answered(&call(list::handle, &vault, payload), 400);
    }
}

#[test]
fn a_share_is_put_on_the_queue() {
    let (_dir, vault, _) = vault();
    put(&vault, &file_key("a.txt"), b"hello", "text/plain", &[]);
    let seen = call(share::handle, &vault, event("share"));
    let answer = body(answered(&seen, 202));
    let message = vault.shares.receive(10, 1_000).unwrap().remove(0);
    assert_eq!(answer["message_id"], message.message.id);
    let share: Value = serde_json::from_str(&message.message.body).unwrap();
    assert_eq!(share["with"], "grace@cloudvault.example");
    assert_eq!(share["share_id"], answer["share_id"]);
    assert_eq!(
        vault
            .files
            .get_presigned(share["url"].as_str().unwrap())
            .unwrap()
            .1,
        b"hello"
    );
    seen.assert_counted("share created", "SharesCreated", 1);
}

#[test]
fn shares_that_make_no_sense_are_refused() {
    let (_dir, vault, _) = vault();
    put(&vault, &file_key("a.txt"), b"hello", "text/plain", &[]);
    for text in [
        "",
        "{}",
        "[]",
        r#"{"with":"grace","days":1}"#,
        r#"{"with":"@x.y","days":1}"#,
        r#"{"with":"a@b.c","days":0}"#,
        r#"{"with":"a@b.c","days":31}"#,
        r#"{"with":"a@b.c","days":1,"to":"x"}"#,
    ] {
        let mut payload = event("share");
        payload["body"] = json!(text);
        answered(&call(share::handle, &vault, payload), 400);
    }
    assert_eq!(vault.shares.depth().unwrap().ready, 0);
}

/// A batch with what the queue holds.
fn batch(vault: &cloudvault_examples::vault::Vault) -> Value {
    let received = vault.thumbnails.receive(10, 1_000).unwrap();
    cloudvault_examples::traffic::events::batch(&received)
}

fn upload_key(id: &str, name: &str) -> String {
    format!("uploads/{SUBJECT}/{id}/{name}")
}

#[test]
fn a_thumbnail_is_made_and_expires_with_its_file() {
    let (_dir, vault, _) = vault();
    let picture = pictures::picture(600, 300, 1, ImageFormat::Jpeg);
    put(
        &vault,
        &file_key("a b.jpg"),
        &picture,
        "image/jpeg",
        &[("expires-at", "99")],
    );
    let seen = call(thumbnail::handle, &vault, batch(&vault));
    assert_eq!(
        seen.result.as_ref().unwrap(),
        &json!({"batchItemFailures": []})
    );
    let key = Key::parse(&format!("thumbnails/{SUBJECT}/{FILE_ID}.png")).unwrap();
    let (object, png) = vault.files.get(&key).unwrap();
    let thumbnail = image::load_from_memory_with_format(&png, ImageFormat::Png).unwrap();
    assert_eq!((thumbnail.width(), thumbnail.height()), (256, 128));
    assert_eq!(object.user("expires-at"), Some("99"));
    seen.assert_counted("thumbnail created", "ThumbnailsCreated", 1);
    assert_eq!(seen.metric("ThumbnailMilliseconds"), 1.0);
    assert_eq!(
        vault.thumbnails.depth().unwrap().ready,
        0,
        "a thumbnail is not announced"
    );
}

#[test]
fn of_a_mixed_batch_only_the_poisoned_record_fails() {
    let (_dir, vault, _) = vault();
    let picture = pictures::picture(60, 30, 1, ImageFormat::Png);
    put(
        &vault,
        &upload_key("good", "g.png"),
        &picture,
        "image/png",
        &[],
    );
    put(
        &vault,
        &upload_key("bad", "p.png"),
        &pictures::poisoned(0),
        "image/png",
        &[],
    );
    put(
        &vault,
        &upload_key("doc", "d.pdf"),
        b"%PDF",
        "application/pdf",
        &[],
    );
    put(
        &vault,
        &upload_key("gone", "g.png"),
        &picture,
        "image/png",
        &[],
    );
    vault
        .files
        .delete(&Key::parse(&upload_key("gone", "g.png")).unwrap())
        .unwrap();
    let payload = batch(&vault);
    let seen = call(thumbnail::handle, &vault, payload.clone());
    let failures = &seen.result.as_ref().unwrap()["batchItemFailures"];
    assert_eq!(
        failures,
        &json!([{"itemIdentifier": payload["Records"][1]["messageId"]}])
    );
    seen.assert_counted("thumbnail created", "ThumbnailsCreated", 1);
    seen.assert_counted("thumbnail failed", "ThumbnailsFailed", 1);
    assert_eq!(
        (
            seen.count("no image, skipped"),
            seen.count("object gone, skipped")
        ),
        (1, 1)
    );
}

#[test]
fn a_batch_of_only_poison_fails_the_function() {
    let (_dir, vault, _) = vault();
    for seed in 0..3 {
        let key = format!("uploads/{SUBJECT}/{seed}/p.png");
        put(&vault, &key, &pictures::poisoned(seed), "image/png", &[]);
    }
    let seen = call(thumbnail::handle, &vault, batch(&vault));
    let error = seen.result.as_ref().unwrap_err().to_string();
    assert!(error.contains("process 3 of 3 records"), "{error}");
    seen.assert_counted("thumbnail failed", "ThumbnailsFailed", 3);
}

#[test]
fn records_that_are_no_notification_fail_and_a_test_event_is_skipped() {
    let (_dir, vault, _) = vault();
    let seen = call(thumbnail::handle, &vault, event("thumbnail-test-event"));
    assert_eq!(seen.result.unwrap(), json!({"batchItemFailures": []}));
    let check = |body: Value| {
        let mut payload = event("thumbnail");
        payload["Records"][0]["body"] = body;
        let seen = call(thumbnail::handle, &vault, payload);
        assert!(seen.result.is_err());
        seen.assert_counted("thumbnail failed", "ThumbnailsFailed", 1);
    };
    check(json!("no json"));
    check(json!("{}"));
    check(json!("{\"Event\":\"s3:Other\"}"));
    check(Value::Null);
    let traversal = event("thumbnail")["Records"][0]["body"]
        .as_str()
        .unwrap()
        .replace("uploads/", "../../");
    check(json!(traversal));
    for payload in [Value::Null, json!([]), json!({"Records": 1})] {
        assert!(call(thumbnail::handle, &vault, payload).result.is_err());
    }
    let seen = call(thumbnail::handle, &vault, json!({"Records": []}));
    assert_eq!(seen.result.unwrap(), json!({"batchItemFailures": []}));
}

#[test]
fn the_recorded_notification_finds_its_object() {
    let (_dir, vault, _) = vault();
    let picture = pictures::picture(10, 10, 1, ImageFormat::Png);
    put(
        &vault,
        &file_key("harbour at dawn.png"),
        &picture,
        "image/png",
        &[],
    );
    let seen = call(thumbnail::handle, &vault, event("thumbnail"));
    assert_eq!(seen.result.unwrap(), json!({"batchItemFailures": []}));
    assert_eq!(seen.metrics["ThumbnailsCreated"], 1.0);
}

#[test]
fn cleanup_deletes_what_has_expired_and_measures_the_rest() {
    let (_dir, vault, hand) = vault();
    let day = 86_400_000;
    // The event says 2025-11-24T04:00:00Z.
    let tick = 1_763_956_800_000_i64;
    hand.store(tick - 31 * day, Ordering::SeqCst);
    put(&vault, "uploads/a/1/old", b"1", "", &[]);
    put(
        &vault,
        "uploads/a/2/old-but-kept",
        b"22",
        "",
        &[("expires-at", &(tick + 1).to_string())],
    );
    hand.store(tick - day, Ordering::SeqCst);
    put(&vault, "uploads/a/3/new", b"333", "", &[]);
    put(
        &vault,
        "uploads/a/4/expired",
        b"4444",
        "",
        &[("expires-at", &tick.to_string())],
    );
    put(
        &vault,
        "uploads/a/5/nonsense",
        b"55555",
        "",
        &[("expires-at", "soon")],
    );
    let seen = call(cleanup::handle, &vault, event("cleanup"));
    let expect = json!({"examined": 5, "expired": 2, "stored_bytes": 10});
    assert_eq!(seen.result.as_ref().unwrap(), &expect);
    seen.assert_counted("file expired", "FilesExpired", 2);
    assert_eq!(seen.count("store measured"), 1);
    assert_eq!(seen.metric("StoredBytes"), 10.0);
    let again = call(cleanup::handle, &vault, event("cleanup"));
    assert_eq!(again.result.unwrap()["expired"], 0);
    for payload in [
        Value::Null,
        json!({"detail-type": "Other", "source": "x", "detail": {}}),
    ] {
        assert!(call(cleanup::handle, &vault, payload).result.is_err());
    }
}

#[test]
fn a_store_that_fails_makes_the_function_fail() {
    let (dir, vault, _) = vault();
    std::fs::remove_dir_all(dir.path()).unwrap();
    for (seen, what) in [
        (
            call(upload::handle, &vault, event("upload-multipart")),
            "upload",
        ),
        (call(list::handle, &vault, event("list")), "list"),
        (call(cleanup::handle, &vault, event("cleanup")), "cleanup"),
    ] {
        assert!(seen.result.is_err(), "{what}");
    }
}
