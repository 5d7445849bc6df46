//! The lives an environment can have: frozen between invocations, ready ahead of them,
//! restored from a snapshot, shared by several at a time.

use std::num::NonZeroUsize;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::kit::{Kit, function, options};
use crate::options::{Freeze, Initialization};
use crate::sandbox::EnvironmentState;

/// The state of a process as the kernel says it: `T` is stopped.
fn is_stopped(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ")
        .next()
        .is_some_and(|rest| rest.starts_with('T'))
}

async fn with(initialization: Initialization, freeze: Freeze) -> Kit {
    let mut function = function(&[("EXTENSION", "telemetry")]);
    function.initialization = initialization;
    let mut options = options(function);
    options.freeze = freeze;
    Kit::start(options).await
}

async fn idle(kit: &Kit) {
    kit.until(|kit| {
        let environments = kit.status().environments;
        let all = environments
            .iter()
            .all(|one| one.state == EnvironmentState::Idle && one.pid.is_some());
        (all && !environments.is_empty()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn between_invocations_all_processes_are_stopped() {
    let kit = with(Initialization::OnDemand, Freeze::DropAfter(Duration::ZERO)).await;
    for number in 1..=2 {
        assert_eq!(kit.invoke(r#"{"do":"count"}"#).await.json(), json!(number));
        idle(&kit).await;
        // The kernel stops each thread when it next runs, and tells nobody.
        while !kit.pids().into_iter().all(is_stopped) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    // A stopped process hears SHUTDOWN all the same.
    assert_eq!(kit.sandbox.spin_down().await, 1);
    kit.line(r#""shutdownReason":"spindown""#).await;
    assert_eq!(kit.status().overruns, 0);
}

#[tokio::test]
async fn without_freeze_processes_run_on() {
    let kit = with(Initialization::OnDemand, Freeze::Off).await;
    let seen = kit.invoke(r#"{"do":"variables"}"#).await.json();
    assert_eq!(seen["AWS_ENDPOINT_URL"], kit.account.endpoint.as_str());
    idle(&kit).await;
    assert!(!kit.pids().into_iter().any(is_stopped));
}

/// Opens a connection by the function's endpoint, invokes, and says whether it lives.
async fn connection_survives(limit: Duration) -> bool {
    let kit = with(Initialization::OnDemand, Freeze::DropAfter(limit)).await;
    let seen = kit.invoke(r#"{"do":"variables"}"#).await.json();
    let endpoint = seen["AWS_ENDPOINT_URL"].as_str().expect("text");
    let address = endpoint.strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let ask = b"GET /2015-03-31/functions HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream.write_all(ask).await.expect("sent");
    let mut bytes = [0; 4096];
    assert!(stream.read(&mut bytes).await.expect("an answer") > 0);
    kit.invoke("1").await;
    if stream.write_all(ask).await.is_err() {
        return false;
    }
    stream.read(&mut bytes).await.is_ok_and(|length| length > 0)
}

#[tokio::test]
async fn connections_are_gone_after_a_long_freeze_and_live_through_a_short_one() {
    assert!(!connection_survives(Duration::ZERO).await);
    assert!(connection_survives(Duration::from_secs(3600)).await);
}

#[tokio::test]
async fn provisioned_environments_are_ready_before_anybody_calls() {
    let two = Initialization::Provisioned(NonZeroUsize::new(2).expect("not zero"));
    let kit = with(two, Freeze::default()).await;
    idle(&kit).await;
    assert_eq!(kit.status().environments.len(), 2);
    let before: Vec<_> = kit.status().environments.iter().map(|e| e.pid).collect();
    let seen = kit.invoke(r#"{"do":"variables"}"#).await.json();
    assert_eq!(
        seen["AWS_LAMBDA_INITIALIZATION_TYPE"],
        "provisioned-concurrency"
    );
    let report = kit.line("REPORT RequestId").await.line;
    assert!(!report.contains("Init Duration"), "{report}");
    let after: Vec<_> = kit.status().environments.iter().map(|e| e.pid).collect();
    assert_eq!(before, after);
}

#[tokio::test]
async fn a_restored_environment_has_credentials_by_address_and_reports_its_restoring() {
    let kit = with(Initialization::SnapStart, Freeze::default()).await;
    let seen = kit.invoke(r#"{"do":"variables"}"#).await.json();
    assert_eq!(seen["AWS_LAMBDA_INITIALIZATION_TYPE"], "snap-start");
    assert_eq!(seen["AWS_ACCESS_KEY_ID"], Value::Null);
    let uri = seen["AWS_CONTAINER_CREDENTIALS_FULL_URI"].as_str();
    let (address, path) = uri
        .and_then(|uri| uri.strip_prefix("http://"))
        .and_then(|rest| rest.split_once('/'))
        .expect("an address");
    let token = seen["AWS_CONTAINER_AUTHORIZATION_TOKEN"].as_str();
    let ask = async |token: &str| {
        super::kit::send(
            address.parse().expect("an address"),
            ("GET", &format!("/{path}")),
            &[("authorization", token)],
            String::new(),
        )
        .await
    };
    let given = ask(token.expect("a token")).await.json();
    assert_eq!(given["AccessKeyId"], "test");
    assert_eq!(ask("other").await.status, 401);
    let report = kit.line("REPORT RequestId").await.line;
    assert!(report.contains("Restore Duration"), "{report}");
    kit.sandbox.spin_down().await;
    for event in ["restoreStart", "restoreRuntimeDone", "restoreReport"] {
        kit.line(&format!("platform.{event}")).await;
    }
    assert!(
        kit.line("restoreDurationMs")
            .await
            .line
            .contains("platform.report")
    );
}

#[tokio::test]
async fn a_managed_instance_announces_no_invocation_and_is_never_frozen() {
    let four = Initialization::ManagedInstances(NonZeroUsize::new(4).expect("not zero"));
    let kit = with(four, Freeze::default()).await;
    // The test's extension asks for INVOKE too, and registers again without it.
    let calls = (0..4).map(|number| {
        let kit = &kit;
        async move { kit.invoke(&number.to_string()).await.json() }
    });
    let answers = futures_util::future::join_all(calls).await;
    assert_eq!(answers, [json!(0), json!(1), json!(2), json!(3)]);
    idle(&kit).await;
    assert_eq!(kit.status().environments.len(), 1);
    assert!(!kit.pids().into_iter().any(is_stopped));
    kit.line("Extension.InvalidEventType").await;
    kit.line("platform.report").await;
    kit.sandbox.spin_down().await;
    let lines = kit.lines();
    let has = |text: &str| lines.iter().any(|row| row.line.contains(text));
    assert!(has(r#""eventType":"SHUTDOWN""#) && !has(r#""eventType":"INVOKE""#));
    assert!(!has("platform.runtimeDone") && !has("billedDurationMs"));
}
