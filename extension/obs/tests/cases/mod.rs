//! A small project, and every way to get it wrong: what the transcripts show and what
//! the JSON Schemas have to agree with.

mod obs_yaml;
mod alarms;
mod more;
mod dashboards;

const PROJECT: &str = r#"project: shop
environments:
  dev:
    account: "000000000000"
    region: us-east-1
    variables: { limit: 5 }
  production:
    account: "123456789012"
    region: eu-central-1
    variables: { limit: 5 }
resources:
  functions:
    pay: { timeout: 10s, memory: 256MB }
    ship: { timeout: 20s, memory: 256MB }
  queues:
    parcels: { dead_letter: parcels-dlq }
    parcels-dlq:
topics:
  oncall:
    subscriptions:
      - email: oncall@example.com
severities:
  page: { topics: [oncall] }
slos:
  paying:
    objective: 99.9%
    availability: { resource: functions/pay }
sampling:
  pay: { priority: 10, rate: 5%, path: /pay }
mutes:
  night: { schedule: cron(0 2 * * *), duration: 1h, alarms: ["orders-*"] }
"#;

const ALARMS: &str = r#"alarms:
  - name: ${resource}-slow
    for_each: functions
    severity: page
    metric: { namespace: AWS/Lambda, name: Duration }
    statistic: p90
    period: 1m
    condition: "> 90% of timeout"
    datapoints: 3 of 5
    treat_missing_data: notBreaching
  - name: orders-failing
    severity: page
    metric: { namespace: Shop, name: OrdersFailed }
    statistic: Sum
    period: 5m
    condition: "> ${limit}"
composites:
  - name: shop-down
    severity: page
    rule: ALARM("pay-slow") AND ALARM("orders-failing")
"#;

const MORE: &str = r#"presets:
  - use: queues
    severity: page
    alarms:
      age: { condition: ">= 5m" }
      sent: off
    resources:
      parcels: { in-flight: { condition: "> 50% of in_flight" } }
alarms:
  - name: refused
    severity: page
    filter: { log_group: /shop/log, pattern: "{ $.refused = true }" }
    metric: { namespace: Shop, name: Refused }
    statistic: Sum
    period: 1m
    condition: "> 0"
composites:
  - name: shop-quietly-down
    severity: page
    rule: ALARM("refused")
    suppressor: { alarm: parcels-age, wait: 1m }
events:
  - name: shop-findings
    severity: page
    pattern: { source: [aws.guardduty] }
tests:
  - name: a refusal pages
    series:
      - metric: { namespace: Shop, name: Refused }
        values: 0x3 1 _
    expect:
      - { at: 4m, alarm: refused, state: ALARM, told: [oncall] }
"#;

const DASHBOARD: &str = r#"rows:
  - widgets:
      - title: Duration
        metrics:
          - { for_each: functions, namespace: AWS/Lambda, name: Duration }
      - text: Read me.
  - widgets:
      - alarms: [shop-down]
  - preset: functions
    only: [pay]
  - slo: paying
"#;

const BODY: &str = r#"{"widgets": [{"type": "text", "properties": {"markdown": "hi"}}]}
"#;

/// A project folder with one text replaced in one of its files.
pub(crate) fn project(file: &str, from: &str, to: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let files = [
        ("obs.yaml", PROJECT),
        ("alarms/shop.yaml", ALARMS),
        ("alarms/zmore.yaml", MORE),
        ("dashboards/shop.yaml", DASHBOARD),
        ("dashboards/exported.json", BODY),
    ];
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let changed = match name == file {
            true => {
                assert!(text.contains(from), "{file} has no {from}");
                text.replacen(from, to, 1)
            }
            false => text.to_owned(),
        };
        std::fs::write(path, changed).unwrap();
    }
    dir
}

/// A case: its name, the file, what stands there, what is written instead.
pub(crate) type Bad = (&'static str, &'static str, &'static str, &'static str);

/// Every case.
pub(crate) fn bad() -> impl Iterator<Item = Bad> {
    [obs_yaml::BAD, alarms::BAD, more::BAD, dashboards::BAD]
        .into_iter()
        .flatten()
        .copied()
}
