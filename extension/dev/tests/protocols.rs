//! The wire itself: awsJson and query requests written by hand, the XML of answers
//! and errors, who is let in, and notifications as they arrive at an endpoint.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[expect(dead_code, reason = "each file of tests uses a part of it")]
mod support;

use std::net::SocketAddr;

use obs_dev::store::Datum;
use obs_dev::{Dev, Options};
use support::{NOW_MS, Running};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const SCOPE: &str = "AWS4-HMAC-SHA256 Credential=AKID/20261123/us-east-1/SERVICE/aws4_request, \
                     SignedHeaders=host, Signature=0000";

struct Answer {
    status: u16,
    head: String,
    body: String,
}

async fn send(address: SocketAddr, head: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!("{head}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_lowercase(),
        body: body.to_owned(),
    }
}

impl Running {
    async fn query(&self, service: &str, form: &str) -> Answer {
        let authorization = SCOPE.replace("SERVICE", service);
        let head = format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nAuthorization: {authorization}"
        );
        send(self.dev.address(), &head, form).await
    }

    async fn json(&self, operation: &str, body: &str) -> Answer {
        let authorization = SCOPE.replace("SERVICE", "monitoring");
        let head = format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.0\r\n\
             X-Amz-Target: GraniteServiceVersion20100801.{operation}\r\nAuthorization: {authorization}"
        );
        send(self.dev.address(), &head, body).await
    }

    fn put(&self, name: &str, value: f64) {
        let datum = Datum {
            name: name.to_owned(),
            dimensions: vec![("function".to_owned(), "upload".to_owned())],
            unit: obs_cloudwatch::metric::Unit::NONE,
            resolution: 60,
            timestamp_ms: NOW_MS,
            values: vec![(value, 1.0)],
            of_set: false,
        };
        self.dev
            .account()
            .store
            .put_metric_data("CloudVault", &[datum])
            .unwrap();
    }
}

/// Request ids are made anew for every request.
fn without_id(xml: &str) -> String {
    let (before, rest) = xml.split_once("<RequestId>").unwrap();
    let (id, after) = rest.split_once("</RequestId>").unwrap();
    assert_eq!(id.len(), 36);
    format!("{before}{after}").replace("><", ">\n<")
}

#[tokio::test]
async fn the_query_protocol_answers_in_xml() {
    let running = Running::start().await;
    running.put("Latency & <more>", 2.5);
    let listed = running
        .query(
            "monitoring",
            "Action=ListMetrics&Version=2010-08-01&Namespace=CloudVault",
        )
        .await;
    assert_eq!(listed.status, 200);
    assert!(
        listed.head.contains("content-type: text/xml"),
        "{}",
        listed.head
    );
    insta::assert_snapshot!(without_id(&listed.body), @r#"
    <ListMetricsResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/">
    <ListMetricsResult>
    <Metrics>
    <member>
    <Namespace>CloudVault</Namespace>
    <MetricName>Latency &amp; &lt;more&gt;</MetricName>
    <Dimensions>
    <member>
    <Name>function</Name>
    <Value>upload</Value>
    </member>
    </Dimensions>
    </member>
    </Metrics>
    </ListMetricsResult>
    <ResponseMetadata>
    </ResponseMetadata>
    </ListMetricsResponse>
    "#);

    running.dev.stop().await;
}

#[tokio::test]
async fn numbers_and_times_are_written_as_xml_has_them() {
    let running = Running::start().await;
    running.put("Latency & <more>", 2.5);
    let statistics = running
        .query(
            "monitoring",
            "Action=GetMetricStatistics&Version=2010-08-01&Namespace=CloudVault&MetricName=Latency%20%26%20%3Cmore%3E\
             &Dimensions.member.1.Name=function&Dimensions.member.1.Value=upload&Period=60&Statistics.member.1=Sum\
             &StartTime=2026-11-23T05%3A00%3A00Z&EndTime=2026-11-23T05:05:00Z",
        )
        .await;
    insta::assert_snapshot!(without_id(&statistics.body), @r#"
    <GetMetricStatisticsResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/">
    <GetMetricStatisticsResult>
    <Label>Latency &amp; &lt;more&gt;</Label>
    <Datapoints>
    <member>
    <Timestamp>2026-11-23T05:00:00Z</Timestamp>
    <Sum>2.5</Sum>
    <Unit>None</Unit>
    </member>
    </Datapoints>
    </GetMetricStatisticsResult>
    <ResponseMetadata>
    </ResponseMetadata>
    </GetMetricStatisticsResponse>
    "#);

    running.dev.stop().await;
}

#[tokio::test]
async fn an_operation_without_output_and_an_error_have_forms_of_their_own() {
    let running = Running::start().await;
    let put = "Action=PutMetricData&Version=2010-08-01&Namespace=CloudVault&MetricData.member.1.MetricName=Count\
               &MetricData.member.1.Values.member.1=1.5&MetricData.member.1.Counts.member.1=2";
    let put = running.query("monitoring", put).await;
    insta::assert_snapshot!(without_id(&put.body), @r#"
    <PutMetricDataResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/">
    <ResponseMetadata>
    </ResponseMetadata>
    </PutMetricDataResponse>
    "#);

    let refused = running.query("monitoring", "Action=PutMetricData&Namespace=CloudVault&MetricData.member.1.MetricName=Count&MetricData.member.1.Value=NaN").await;
    assert_eq!(refused.status, 400);
    insta::assert_snapshot!(without_id(&refused.body), @r#"
    <ErrorResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/">
    <Error>
    <Type>Sender</Type>
    <Code>InvalidParameterValue</Code>
    <Message>The value NaN for parameter MetricData.member.1.Value is invalid: a number from -2^360 to 2^360.</Message>
    </Error>
    </ErrorResponse>
    "#);
    running.dev.stop().await;
}

#[tokio::test]
async fn maps_and_empty_results_are_written_as_sns_and_sts_write_them() {
    let running = Running::start().await;
    let created = running
        .query("sns", "Action=CreateTopic&Version=2010-03-31&Name=alerts")
        .await;
    insta::assert_snapshot!(without_id(&created.body), @r#"
    <CreateTopicResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">
    <CreateTopicResult>
    <TopicArn>arn:aws:sns:us-east-1:000000000000:alerts</TopicArn>
    </CreateTopicResult>
    <ResponseMetadata>
    </ResponseMetadata>
    </CreateTopicResponse>
    "#);
    let attributes = running
        .query(
            "sns",
            "Action=GetTopicAttributes&TopicArn=arn:aws:sns:us-east-1:000000000000:alerts",
        )
        .await;
    let owner = "<entry><key>Owner</key><value>000000000000</value></entry>";
    assert!(attributes.body.contains(owner), "{}", attributes.body);
    // Actions that several services have are told apart by the scope.
    let tags = running
        .query(
            "sns",
            "Action=ListTagsForResource&ResourceArn=arn:aws:sns:us-east-1:000000000000:alerts",
        )
        .await;
    assert_eq!(tags.status, 200, "{}", tags.body);
    let identity = running
        .query("sts", "Action=GetCallerIdentity&Version=2011-06-15")
        .await;
    insta::assert_snapshot!(without_id(&identity.body), @r#"
    <GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
    <GetCallerIdentityResult>
    <UserId>AIDAOBSDEVLOCALUSER00</UserId>
    <Account>000000000000</Account>
    <Arn>arn:aws:iam::000000000000:user/obs-dev</Arn>
    </GetCallerIdentityResult>
    <ResponseMetadata>
    </ResponseMetadata>
    </GetCallerIdentityResponse>
    "#);
    running.dev.stop().await;
}

#[tokio::test]
async fn aws_json_answers_in_json_and_names_the_querys_code() {
    let running = Running::start().await;
    running.put("Latency", 2.5);
    let query = r#"{"MetricDataQueries":[{"Id":"m","MetricStat":{"Metric":{"Namespace":"CloudVault","MetricName":"Latency",
        "Dimensions":[{"Name":"function","Value":"upload"}]},"Period":60,"Stat":"Sum"}}],"StartTime":1795410000,"EndTime":1795410300}"#;
    let data = running.json("GetMetricData", query).await;
    let data: serde_json::Value = serde_json::from_str(&data.body).unwrap();
    insta::assert_snapshot!(data, @r#"{"Messages":[],"MetricDataResults":[{"Id":"m","Label":"Latency","StatusCode":"Complete","Timestamps":[1795410000],"Values":[2.5]}]}"#);
    let missing = running
        .json("GetDashboard", r#"{"DashboardName":"none"}"#)
        .await;
    assert_eq!(missing.status, 404);
    assert!(
        missing
            .head
            .contains("x-amzn-query-error: resourcenotfound;sender"),
        "{}",
        missing.head
    );
    insta::assert_snapshot!(missing.body, @r#"{"__type":"com.amazonaws.cloudwatch.v2010_08_01#DashboardNotFoundError","message":"Dashboard none does not exist"}"#);
    let mistyped = running.json("GetDashboard", r#"{"DashboardName":7}"#).await;
    assert!(
        mistyped.body.contains("SerializationException"),
        "{}",
        mistyped.body
    );
    let unknown = running.json("PutAnomalyDetector", "{}").await;
    assert!(
        unknown.body.contains("UnknownOperationException"),
        "{}",
        unknown.body
    );
    assert!(
        unknown.body.contains("PutAnomalyDetector"),
        "{}",
        unknown.body
    );
    running.dev.stop().await;
}

#[tokio::test]
async fn who_has_no_credentials_or_another_host_is_turned_away() {
    let running = Running::start().await;
    let address = running.dev.address();
    let bare =
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded";
    let unsigned = send(address, bare, "Action=ListMetrics").await;
    assert_eq!(unsigned.status, 403);
    assert!(
        unsigned
            .body
            .contains("<Code>MissingAuthenticationToken</Code>"),
        "{}",
        unsigned.body
    );
    let basic = send(
        address,
        &format!("{bare}\r\nAuthorization: Basic abc"),
        "Action=ListMetrics",
    )
    .await;
    assert!(
        basic.body.contains("<Code>IncompleteSignature</Code>"),
        "{}",
        basic.body
    );
    let rebound = send(
        address,
        "POST / HTTP/1.1\r\nHost: evil.example",
        "Action=ListMetrics",
    )
    .await;
    assert_eq!(rebound.status, 403);
    let cross_site = send(
        address,
        &format!("{bare}\r\nOrigin: http://evil.example"),
        "Action=ListMetrics",
    )
    .await;
    assert_eq!(
        (cross_site.status, cross_site.body.as_str()),
        (403, "refused: the Origin header names another site\n")
    );
    running.dev.stop().await;
}

#[tokio::test]
async fn a_body_is_read_no_further_than_its_limit() {
    let running = Running::start().await;
    let big = format!("{{\"Namespace\":\"{}\"}}", "x".repeat(1 << 20));
    let refused = running.json("PutMetricData", &big).await;
    assert_eq!(refused.status, 413);
    assert!(
        refused.body.contains("RequestEntityTooLarge"),
        "{}",
        refused.body
    );
    running.dev.stop().await;
}

#[tokio::test]
async fn a_second_account_on_the_same_port_names_the_remedy() {
    let running = Running::start().await;
    let data = tempfile::tempdir().unwrap();
    let options = Options {
        listen: running.dev.address(),
        ..Options::new(data.path())
    };
    let error = Dev::start(options).await.unwrap_err().to_string();
    let expect = format!(
        "listen on {}: the port is in use; stop what listens there or give another address with --listen",
        running.dev.address()
    );
    assert_eq!(error, expect);
    running.dev.stop().await;
}

/// An endpoint that takes one POST and answers 200.
async fn receive(listener: &TcpListener) -> (String, serde_json::Value) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = Vec::new();
    let body = loop {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.unwrap();
        assert_ne!(count, 0, "the request ended early");
        request.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .unwrap();
        if body.len() == length.parse::<usize>().unwrap() {
            break (head.to_owned(), serde_json::from_str(body).unwrap());
        }
    };
    stream
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        .await
        .unwrap();
    body
}

const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:alerts";

/// Subscribes the listener, checks that nothing is posted before it confirmed, and
/// confirms by opening the link it was sent.
async fn subscribe(running: &Running, listener: &TcpListener) {
    let endpoint = format!("http://{}/hook", listener.local_addr().unwrap());
    running.query("sns", "Action=CreateTopic&Name=alerts").await;
    let form = format!("Action=Subscribe&TopicArn={TOPIC}&Protocol=http&Endpoint={endpoint}");
    let subscribed = running.query("sns", &form).await;
    let pending = "<SubscriptionArn>pending confirmation</SubscriptionArn>";
    assert!(subscribed.body.contains(pending), "{}", subscribed.body);
    let (head, confirmation) = receive(listener).await;
    let kind = "x-amz-sns-message-type: SubscriptionConfirmation";
    assert!(head.contains(kind), "{head}");
    let early = format!("Action=Publish&TopicArn={TOPIC}&Message=early");
    running.query("sns", &early).await;
    let url = confirmation["SubscribeURL"].as_str().unwrap();
    let address = running.dev.address();
    let path = url.strip_prefix(&format!("http://{address}")).unwrap();
    let get = format!("GET {path} HTTP/1.1\r\nHost: localhost");
    let confirmed = send(address, &get, "").await;
    let expect = "ConfirmSubscriptionResult";
    assert!(confirmed.body.contains(expect), "{}", confirmed.body);
}

#[tokio::test]
async fn an_alarm_that_fires_posts_to_a_subscription_once_it_is_confirmed() {
    let running = Running::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    subscribe(&running, &listener).await;
    let alarm = format!(
        r#"{{"AlarmName":"errors","Namespace":"CloudVault","MetricName":"Errors","Statistic":"Sum","Period":60,
            "Dimensions":[{{"Name":"function","Value":"upload"}}],"EvaluationPeriods":1,"Threshold":1,
            "ComparisonOperator":"GreaterThanOrEqualToThreshold","AlarmActions":["{TOPIC}"]}}"#
    );
    let put = running.json("PutMetricAlarm", &alarm).await;
    assert_eq!(put.status, 200, "{}", put.body);
    running.put("Errors", 3.0);
    running.clock.advance_ms(60_000);
    let (head, notification) = receive(&listener).await;
    assert!(
        head.contains("x-amz-sns-message-type: Notification"),
        "{head}"
    );
    assert_eq!(
        notification["Subject"],
        "ALARM: \"errors\" in US East (N. Virginia)"
    );
    let message: serde_json::Value =
        serde_json::from_str(notification["Message"].as_str().unwrap()).unwrap();
    assert_eq!(message["NewStateValue"], "ALARM");
    assert_eq!(message["OldStateValue"], "INSUFFICIENT_DATA");
    assert_eq!(message["Trigger"]["Statistic"], "SUM");
    assert_eq!(message["Trigger"]["Dimensions"][0]["name"], "function");
    let kept = running.dev.account().store.notifications(10).unwrap();
    let statuses: Vec<_> = kept.iter().map(|n| n.status.as_str()).collect();
    assert_eq!(statuses[1..], ["unconfirmed", "delivered"], "{kept:?}");
    running.dev.stop().await;
}

#[tokio::test]
async fn the_request_log_tells_writes_from_reads() {
    let running = Running::start().await;
    running
        .json(
            "PutDashboard",
            r#"{"DashboardName":"a","DashboardBody":"{\"widgets\":[]}"}"#,
        )
        .await;
    running.json("ListDashboards", "{}").await;
    let put = r#"{"Namespace":"CloudVault","MetricData":[{"MetricName":"a","Value":1}]}"#;
    running.json("PutMetricData", put).await;
    let requests = running.dev.account().store.requests(10).unwrap();
    let told: Vec<_> = requests
        .iter()
        .rev()
        .map(|r| (r.operation.as_str(), r.protocol.as_str(), r.status, r.write))
        .collect();
    assert_eq!(
        told,
        [
            ("PutDashboard", "awsJson", 200, true),
            ("ListDashboards", "awsJson", 200, false),
            ("PutMetricData", "awsJson", 200, false),
        ]
    );
    running.dev.stop().await;
}
