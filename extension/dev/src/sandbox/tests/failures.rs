//! What happens when something ends, hangs or does not start.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::callers::kill;
use super::kit::{Kit, function, is_gone, options, send};
use crate::sandbox::EnvironmentState;

/// Invokes with the payload and checks the error, why the extension was told to shut down,
/// and that the next invocation runs in new processes over the same /tmp.
async fn check_reset(kit: &Kit, payload: &str, error: (&str, &str), reason: &str) {
    assert_eq!(kit.invoke(r#"{"do":"count"}"#).await.json(), json!(1));
    let before = kit.pids();
    let answer = kit.invoke(payload).await;
    assert_eq!(answer.header("x-amz-function-error"), "Unhandled");
    let id = answer.header("x-amzn-requestid");
    let message = format!("RequestId: {id} Error: {}", error.1);
    assert_eq!(
        answer.json(),
        json!({"errorType": error.0, "errorMessage": message})
    );
    assert_eq!(
        kit.invoke(r#"{"do":"count"}"#).await.json(),
        json!(2),
        "/tmp is kept"
    );
    assert!(
        before
            .iter()
            .all(|pid| is_gone(*pid) && !kit.pids().contains(pid))
    );
    if !reason.is_empty() {
        let told = kit.line(r#""eventType":"SHUTDOWN""#).await.line;
        assert!(
            told.contains(&format!(r#""shutdownReason":"{reason}""#)),
            "{told}"
        );
    }
    assert_eq!(
        (kit.status().environments.len(), kit.status().errors),
        (1, 1)
    );
}

#[tokio::test]
async fn a_handlers_error_goes_to_the_caller_and_the_environment_goes_on() {
    let kit = Kit::simple().await;
    let answer = kit.invoke(r#"{"do":"fail"}"#).await;
    assert_eq!(answer.header("x-amz-function-error"), "Unhandled");
    assert_eq!(
        answer.json(),
        json!({"errorType": "Boom", "errorMessage": "no good"})
    );
    let pids = kit.pids();
    assert_eq!(kit.invoke("7").await.json(), json!(7));
    assert_eq!(kit.pids(), pids);
}

#[tokio::test]
async fn an_exit_is_told_and_the_extension_may_drain() {
    let kit = Kit::simple().await;
    let message = "Runtime exited with error: exit status 3";
    check_reset(
        &kit,
        r#"{"do":"exit"}"#,
        ("Runtime.ExitError", message),
        "failure",
    )
    .await;
    kit.line("exiting").await;
}

#[tokio::test]
async fn a_kill_in_mid_invocation_is_told_and_the_extension_may_drain() {
    let kit = Kit::simple().await;
    let killer = async {
        kit.line("hanging").await;
        kill(kit.environment().pid.expect("it runs"));
    };
    let message = "Runtime exited with error: signal: killed";
    let error = ("Runtime.ExitError", message);
    tokio::join!(
        check_reset(&kit, r#"{"do":"hang"}"#, error, "failure"),
        killer
    );
}

#[tokio::test]
async fn a_timeout_kills_the_function_and_tells_the_extension() {
    let mut slow = function(&[]);
    slow.timeout = Duration::from_millis(1250);
    let kit = Kit::start(options(slow)).await;
    let error = ("Sandbox.Timedout", "Task timed out after 1.25 seconds");
    check_reset(&kit, r#"{"do":"hang"}"#, error, "timeout").await;
    let line = kit.line("Task timed out after 1.25 seconds").await.line;
    assert!(line.starts_with("20"), "it begins with its time: {line}");
    assert_eq!(kit.status().timeouts, 1);
    kit.line("Status: timeout").await;
}

#[tokio::test]
async fn a_crash_of_the_extension_resets_the_environment() {
    let kit = Kit::start(options(function(&[("EXTENSION", "crash")]))).await;
    let answer = kit.invoke(r#"{"do":"hang"}"#).await;
    assert_eq!(answer.json()["errorType"], "Extension.Crash");
    let gone = kit
        .until(|kit| Some(kit.environment()).filter(|e| e.pid.is_none()))
        .await;
    assert_eq!(gone.extension_pid, None);
}

#[tokio::test]
async fn a_function_that_was_killed_while_idle_starts_again() {
    let kit = Kit::simple().await;
    kit.invoke("1").await;
    let idle = |kit: &Kit| {
        let environment = kit.environment();
        (environment.state == EnvironmentState::Idle)
            .then_some(environment.pid)
            .flatten()
    };
    kill(kit.until(idle).await);
    assert!(
        kit.line(r#""eventType":"SHUTDOWN""#)
            .await
            .line
            .contains("failure")
    );
    assert_eq!(kit.invoke("2").await.json(), json!(2));
}

#[tokio::test]
async fn what_does_not_start_is_told_to_the_caller() {
    let check = async |kit: Kit, kind: &str, message: &str| {
        let answer = kit.invoke("{}").await;
        assert_eq!(answer.header("x-amz-function-error"), "Unhandled");
        assert_eq!(answer.json()["errorType"], kind);
        let told = answer.json()["errorMessage"]
            .as_str()
            .expect("a message")
            .to_owned();
        assert!(told.contains(message), "{told}");
        // It is tried anew, and comes to the same.
        assert_eq!(kit.invoke("{}").await.json()["errorType"], kind);
        assert_eq!(kit.status().errors, 2);
    };
    let exits = options(function(&[("INIT", "exit")]));
    check(
        Kit::start(exits).await,
        "Runtime.ExitError",
        "exit status 7",
    )
    .await;
    let error = options(function(&[("INIT", "error")]));
    check(Kit::start(error).await, "NoConfig", "none").await;
    let mut missing = options(function(&[]));
    missing.functions[0].command = PathBuf::from("/no/such/program");
    check(
        Kit::start(missing).await,
        "Runtime.InvalidEntrypoint",
        "/no/such/program",
    )
    .await;
    let mut extension = options(function(&[]));
    extension.extension = Some(PathBuf::from("/no/such/extension"));
    check(
        Kit::start(extension).await,
        "Extension.LaunchError",
        "/no/such/extension",
    )
    .await;
    let mut silent = options(function(&[]));
    silent.extension = Some(PathBuf::from("/bin/false"));
    check(Kit::start(silent).await, "Extension.Crash", "exit status 1").await;
}

#[tokio::test]
async fn an_answer_over_6_mb_is_refused_and_the_environment_goes_on() {
    let kit = Kit::simple().await;
    let answer = kit.invoke(r#"{"do":"large"}"#).await;
    assert_eq!(answer.json()["errorType"], "Function.ResponseSizeTooLarge");
    let pids = kit.pids();
    assert_eq!(kit.invoke("1").await.json(), json!(1));
    assert_eq!(kit.pids(), pids);
}

#[tokio::test]
async fn a_wrong_request_id_and_a_missing_identifier_are_refused_in_lambdas_shape() {
    let kit = Kit::simple().await;
    assert_eq!(kit.invoke(r#"{"do":"wrong"}"#).await.json(), json!([400]));
    let seen = kit.invoke(r#"{"do":"variables"}"#).await.json();
    let api = seen["AWS_LAMBDA_RUNTIME_API"].as_str().expect("an address");
    let api = api.parse().expect("an address");
    let next = ("GET", "/2020-01-01/extension/event/next");
    let answer = send(api, next, &[], String::new()).await;
    assert_eq!(answer.status, 403);
    assert_eq!(
        answer.json(),
        json!({"errorMessage": "Missing Lambda-Extension-Identifier header",
            "errorType": "Extension.MissingExtensionIdentifier"})
    );
    let late = ("POST", "/2020-01-01/extension/register");
    let name = [("lambda-extension-name", "other")];
    assert_eq!(send(api, late, &name, "{}".to_owned()).await.status, 403);
}

#[tokio::test]
async fn spinning_down_tells_the_extension_and_leaves_nothing() {
    let kit = Kit::simple().await;
    kit.invoke("1").await;
    let (pids, tmp) = (kit.pids(), kit.environment().tmp);
    assert!(tmp.exists());
    assert_eq!(kit.sandbox.spin_down().await, 1);
    let told = kit.line(r#""eventType":"SHUTDOWN""#).await.line;
    assert!(told.contains(r#""shutdownReason":"spindown""#), "{told}");
    assert!(pids.iter().all(|pid| is_gone(*pid)) && !tmp.exists());
    assert!(kit.status().environments.is_empty());
    assert_eq!(kit.sandbox.spin_down().await, 0);
    assert_eq!(
        kit.invoke("2").await.json(),
        json!(2),
        "it can be used again"
    );
}

#[tokio::test]
async fn an_extension_that_does_not_end_is_killed() {
    let kit = Kit::start(options(function(&[("EXTENSION", "stubborn")]))).await;
    kit.invoke("1").await;
    let pids = kit.pids();
    kit.sandbox.spin_down().await;
    assert!(pids.iter().all(|pid| is_gone(*pid)));
}

#[tokio::test]
async fn an_idle_environment_ends_by_itself() {
    let mut brief = options(function(&[]));
    brief.idle = Duration::from_millis(1);
    let kit = Kit::start(brief).await;
    kit.invoke("1").await;
    assert!(
        kit.line(r#""eventType":"SHUTDOWN""#)
            .await
            .line
            .contains("spindown")
    );
    kit.until(|kit| kit.status().environments.is_empty().then_some(()))
        .await;
}

#[tokio::test]
async fn dropping_the_sandbox_leaves_no_process() {
    let kit = Kit::simple().await;
    kit.invoke("1").await;
    let pids = kit.pids();
    assert!(pids.iter().all(|pid| !is_gone(*pid)));
    // The listener has a handle on the sandbox too; what is dropped last kills.
    kit.sandbox.registry.kill_all();
    while !pids.iter().all(|pid| is_gone(*pid)) {
        tokio::task::yield_now().await;
    }
    assert!(Arc::strong_count(&kit.sandbox) > 1);
}
