//! What callers see.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Value, json};

use super::kit::{Kit, function, options};

#[tokio::test]
async fn a_function_answers_and_its_environment_is_used_again() {
    let kit = Kit::simple().await;
    let answer = kit.invoke(r#"{"a":[1,2]}"#).await;
    assert_eq!(
        (answer.status, answer.json()),
        (StatusCode::OK, json!({"a": [1, 2]}))
    );
    assert_eq!(answer.header("x-amz-executed-version"), "$LATEST");
    assert_eq!(answer.header("x-amz-function-error"), "");
    let pids = kit.pids();
    assert_eq!(
        kit.invoke("").await.json(),
        json!({}),
        "no payload is an empty event"
    );
    assert_eq!((kit.pids(), kit.status().environments.len()), (pids, 1));
    let status = kit
        .until(|kit| Some(kit.status()).filter(|s| s.invocations == 2))
        .await;
    assert_eq!(
        (
            status.errors,
            status.timeouts,
            status.throttles,
            status.lost
        ),
        (0, 0, 0, 0)
    );
}

#[tokio::test]
async fn a_function_is_found_by_name_and_by_arn() {
    let kit = Kit::simple().await;
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:fn";
    for name in [
        "fn",
        "fn:$LATEST",
        arn,
        "000000000000:function:fn",
        "fn%3A%24LATEST",
    ] {
        let dry = [("x-amz-invocation-type", "DryRun")];
        assert_eq!(
            kit.call(name, &dry, "{}").await.status,
            StatusCode::NO_CONTENT,
            "{name}"
        );
    }
    let listed = kit.list().await;
    assert_eq!(listed["Functions"][0]["FunctionArn"], arn);
    assert_eq!(listed["Functions"][0]["Timeout"], 60);
    assert!(
        kit.status().environments.is_empty(),
        "a dry run starts nothing"
    );
}

#[tokio::test]
async fn a_bad_call_is_refused_as_lambda_does() {
    let kit = Kit::simple().await;
    let check = async |name: &str, headers: &[(&str, &str)], body: &str, expect: (u16, &str)| {
        let answer = kit.call(name, headers, body).await;
        let got = (answer.status.as_u16(), answer.header("x-amzn-errortype"));
        assert_eq!(got, expect, "{:?}", answer.body);
        answer.json()["message"]
            .as_str()
            .expect("a message")
            .to_owned()
    };
    let missing = check("other", &[], "{}", (404, "ResourceNotFoundException")).await;
    assert!(
        missing.contains("function:other (functions here: fn)"),
        "{missing}"
    );
    check("fn:prod", &[], "{}", (404, "ResourceNotFoundException")).await;
    check("fn", &[], "{", (400, "InvalidRequestContentException")).await;
    let mode = [("x-amz-invocation-type", "Later")];
    check("fn", &mode, "{}", (400, "InvalidParameterValueException")).await;
    let context = [("x-amz-client-context", "%")];
    check(
        "fn",
        &context,
        "{}",
        (400, "InvalidRequestContentException"),
    )
    .await;
    let event = [("x-amz-invocation-type", "Event")];
    let large = format!("\"{}\"", "x".repeat(1024 * 1024));
    check("fn", &event, &large, (413, "RequestTooLargeException")).await;
    assert!(kit.status().environments.is_empty());
}

#[tokio::test]
async fn the_tail_of_the_logs_comes_with_the_answer() {
    let kit = Kit::simple().await;
    let answer = kit
        .call("fn", &[("x-amz-log-type", "Tail")], r#"{"do":"print"}"#)
        .await;
    let tail = STANDARD
        .decode(answer.header("x-amz-log-result"))
        .expect("base64");
    let tail = String::from_utf8(tail).expect("text");
    assert!(tail.starts_with("START RequestId: "), "{tail}");
    assert!(tail.contains("\n{\"do\":\"print\"}\n"), "{tail}");
    assert!(
        tail.contains("\nREPORT RequestId: ") && tail.contains("Init Duration:"),
        "{tail}"
    );

    let long = kit
        .call("fn", &[("x-amz-log-type", "Tail")], r#"{"do":"spam"}"#)
        .await;
    let tail = STANDARD
        .decode(long.header("x-amz-log-result"))
        .expect("base64");
    assert_eq!(tail.len(), 4096);
}

#[tokio::test]
async fn every_line_is_kept_with_its_invocation() {
    let kit = Kit::simple().await;
    let answer = kit.invoke(r#"{"do":"spam"}"#).await;
    let request_id = answer.header("x-amzn-requestid").to_owned();
    kit.line("REPORT").await;
    let lines = kit.lines();
    let own = |prefix: &str| {
        let of = |row: &&crate::store::LogRow| row.line.starts_with(prefix);
        let rows: Vec<_> = lines.iter().filter(of).collect();
        assert!(
            rows.iter()
                .all(|row| row.request_id.as_ref() == Some(&request_id))
        );
        rows.len()
    };
    assert_eq!(
        (own("line "), own("error "), own("START "), own("END ")),
        (500, 500, 1, 1)
    );
    let before = lines
        .iter()
        .find(|row| row.line == "initialized")
        .expect("a line of the init");
    assert_eq!(before.request_id, None);
}

#[tokio::test]
async fn the_limit_of_concurrency_turns_callers_away_and_lets_events_wait() {
    let kit = Kit::simple().await;
    let hanging = kit.call("fn", &[], r#"{"do":"hang"}"#);
    let others = async {
        kit.line("hanging").await;
        let turned_away = kit.invoke("{}").await;
        assert_eq!(turned_away.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(
            turned_away.header("x-amzn-errortype"),
            "TooManyRequestsException"
        );
        let event = [("x-amz-invocation-type", "Event")];
        let event = kit.call("fn", &event, r#"{"do":"print","later":1}"#).await;
        assert_eq!((event.status, event.body.len()), (StatusCode::ACCEPTED, 0));
        let pid = kit.environment().pid.expect("it runs");
        kill(pid);
    };
    let (hanging, ()) = tokio::join!(hanging, others);
    assert_eq!(hanging.json()["errorType"], "Runtime.ExitError");
    kit.line(r#""later":1"#).await;
    assert_eq!(
        (kit.status().throttles, kit.status().environments.len()),
        (1, 1)
    );
}

#[tokio::test]
async fn environments_work_side_by_side_up_to_the_concurrency() {
    let mut two = options(function(&[]));
    two.concurrency = 2;
    let kit = Kit::start(two).await;
    let hang = async || kit.invoke(r#"{"do":"hang"}"#).await;
    let kill_both = async {
        let both = |kit: &Kit| {
            let pids: Vec<u32> = kit
                .status()
                .environments
                .iter()
                .filter_map(|e| e.pid)
                .collect();
            let hanging = kit
                .lines()
                .iter()
                .filter(|r| r.line.starts_with("hanging"))
                .count();
            (pids.len() == 2 && hanging == 2).then_some(pids)
        };
        kit.until(both).await.into_iter().for_each(kill);
    };
    tokio::join!(hang(), hang(), kill_both);
    assert_eq!(kit.status().environments.len(), 2);
}

#[tokio::test]
async fn the_function_sees_lambdas_headers() {
    let kit = Kit::simple().await;
    let context = STANDARD.encode(r#"{"custom":{"a":"b"}}"#);
    let headers = [("x-amz-client-context", context.as_str())];
    let answer = kit.call("fn", &headers, r#"{"do":"headers"}"#).await;
    let seen = answer.json();
    let seen = |name: &str| {
        seen[format!("lambda-runtime-{name}")]
            .as_str()
            .unwrap_or("")
            .to_owned()
    };
    assert_eq!(seen("aws-request-id"), answer.header("x-amzn-requestid"));
    assert_eq!(seen("trace-id"), answer.header("x-amzn-trace-id"));
    assert_eq!(seen("client-context"), r#"{"custom":{"a":"b"}}"#);
    assert_eq!(
        seen("invoked-function-arn"),
        "arn:aws:lambda:us-east-1:000000000000:function:fn"
    );
    assert!(seen("deadline-ms").parse::<i64>().expect("a number") > 1_700_000_000_000);
}

#[tokio::test]
async fn processes_get_lambdas_variables_and_nothing_of_the_shell() {
    let kit = Kit::start(options(function(&[("OWN", "x"), ("AWS_REGION", "no")]))).await;
    let seen = kit.invoke(r#"{"do":"variables"}"#).await.json();
    let tmp = kit.environment().tmp;
    let tmp = tmp.to_str().expect("text");
    for (name, expect) in [
        ("OWN", "x"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_LAMBDA_FUNCTION_NAME", "fn"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("_HANDLER", "bootstrap"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/fn"),
        (
            "AWS_XRAY_DAEMON_ADDRESS",
            kit.sandbox.xray_address().to_string().as_str(),
        ),
        ("TMPDIR", tmp),
        (
            "OBS_JOURNAL",
            format!("{tmp}/cloudvault-obs/journal").as_str(),
        ),
    ] {
        assert_eq!(seen[name], expect, "{name}");
    }
    assert_eq!(
        (&seen["HOME"], &seen["CARGO"]),
        (&Value::Null, &Value::Null)
    );

    let extension = kit.line("variables ").await.line;
    for name in [
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_ACCESS_KEY_ID",
        "OBS_JOURNAL",
        "OWN",
    ] {
        assert!(
            extension.split(' ').any(|known| known == name),
            "{name}: {extension}"
        );
    }
    for hidden in [
        "_HANDLER",
        "XRAY",
        "LOG_GROUP",
        "LOG_STREAM",
        "TASK_ROOT",
        "HOME",
    ] {
        assert!(!extension.contains(hidden), "{hidden}: {extension}");
    }
}

/// As a developer would: from outside, with SIGKILL.
pub(super) fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).expect("a pid")).expect("a pid");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it was alive");
}
