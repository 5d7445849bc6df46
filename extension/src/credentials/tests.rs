//! An endpoint that gives keys, and what is made of its answers.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    sync::atomic::{AtomicI64, Ordering},
    thread,
};

use cloudvault_obs_core::time::rfc3339;

use super::*;
use crate::clock::Moment;

#[derive(Debug, Default)]
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Moment {
        Moment::at(self.0.load(Ordering::SeqCst))
    }
}

/// Gives these answers, one a connection, and the Authorization of each request.
fn endpoint(answers: Vec<String>) -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!("http://{}/creds?v=1", listener.local_addr().unwrap());
    let (seen, authorizations) = std::sync::mpsc::channel();
    thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let head: Vec<String> = lines
                .map_while(Result::ok)
                .take_while(|l| !l.is_empty())
                .collect();
            assert_eq!(head[0], "GET /creds?v=1 HTTP/1.1");
            let authorization = head
                .iter()
                .find_map(|line| line.strip_prefix("authorization: "));
            seen.send(authorization.unwrap_or_default().to_owned())
                .unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    (uri, authorizations)
}

fn answer(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn granted(name: &str, expires_ms: i64) -> String {
    let mut time = Vec::new();
    rfc3339(&mut time, expires_ms);
    let time = String::from_utf8(time).unwrap();
    answer(
        "200 OK",
        &format!(
            r#"{{"AccessKeyId":"{name}","SecretAccessKey":"topsecret","Token":"t","Expiration":"{time}"}}"#
        ),
    )
}

fn credentials(uri: &str, token: Option<Token>) -> (Credentials, Arc<Hands>) {
    let clock = Arc::new(Hands::default());
    let source = Source::Container(Container::new(uri, token).unwrap());
    (
        Credentials::new(source, Arc::clone(&clock) as Arc<dyn Clock>),
        clock,
    )
}

const HOUR: i64 = 3_600_000;

#[tokio::test]
async fn keys_are_kept_until_they_are_about_to_expire_and_no_longer_than_the_copy() {
    let answers = vec![
        granted("first", HOUR),
        granted("second", 2 * HOUR),
        granted("third", 2 * HOUR),
        answer("500 Oh", ""),
        answer("500 Oh", ""),
    ];
    let (uri, _seen) = endpoint(answers);
    let (credentials, clock) = credentials(&uri, None);
    let name = async || {
        credentials
            .keys()
            .await
            .map(|keys| keys.access_key)
            .map_err(|e| e.to_string())
    };
    assert_eq!(name().await.unwrap(), "first");
    clock.0.store(HOUR - EARLY_MS - 1, Ordering::SeqCst);
    assert_eq!(name().await.unwrap(), "first");
    clock.0.store(HOUR - EARLY_MS, Ordering::SeqCst);
    assert_eq!(name().await.unwrap(), "second");
    credentials.renew();
    assert_eq!(name().await.unwrap(), "third");
    // No new ones to be had: the old ones serve until their end.
    clock.0.store(2 * HOUR - 1, Ordering::SeqCst);
    assert_eq!(name().await.unwrap(), "third");
    clock.0.store(2 * HOUR, Ordering::SeqCst);
    let error = name().await.unwrap_err();
    assert!(error.contains("answered 500"), "{error}");
}

#[tokio::test]
async fn the_token_is_read_from_its_file_each_time() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("token");
    let (uri, seen) = endpoint(vec![granted("a", 0), granted("b", 0)]);
    let (credentials, _) = credentials(&uri, Some(Token::File(path.clone())));
    for token in ["one", "two"] {
        fs::write(&path, format!("{token}\n")).unwrap();
        credentials.keys().await.unwrap();
        assert_eq!(seen.recv().unwrap(), token);
    }
    fs::remove_file(&path).unwrap();
    let error = credentials.keys().await.unwrap_err().to_string();
    assert!(
        error.contains("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_no_answer_is_named_and_no_key_is_shown() {
    for odd in ["", "[]", r#"{"AccessKeyId":"AKIA","SecretAccessKey":7}"#] {
        let (uri, _seen) = endpoint(vec![answer("200 OK", odd)]);
        let error = credentials(&uri, None)
            .0
            .keys()
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("holds no keys") && !error.contains("AKIA"),
            "{error}"
        );
    }
    let keys =
        keys(br#"{"AccessKeyId":"a","SecretAccessKey":"topsecret","Expiration":"soon"}"#).unwrap();
    assert_eq!(keys.expires_ms, Some(0));
    assert!(!format!("{keys:?}").contains("topsecret"));
}

#[test]
fn a_token_is_sent_to_nobody_far_away() {
    let check =
        |uri: &str, near: bool| assert_eq!(Container::new(uri, None).is_ok(), near, "{uri}");
    check("http://127.0.0.1:9001/x", true);
    check("http://localhost/x", true);
    check("http://[::1]:80/x", true);
    check("http://169.254.170.23/v1/credentials", true);
    check("http://169.254.169.254/latest", false);
    check("http://example.com/x", false);
    check("http://127.0.0.1.example.com/x", false);
    check("https://127.0.0.1/x", false);
    check("/x", false);
}
