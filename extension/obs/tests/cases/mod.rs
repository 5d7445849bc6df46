//! A small project, and every way to get it wrong: what the transcripts show and what
//! the JSON Schemas have to agree with.

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

/// Every case: file, what stands there, what is written instead.
pub(crate) const BAD: &[(&str, &str, &str, &str)] = &[
    (
        "text_that_yaml_takes_for_false",
        "alarms/shop.yaml",
        "name: OrdersFailed }",
        "name: N }",
    ),
    (
        "condition_without_quotes",
        "alarms/shop.yaml",
        "condition: \"> ${limit}\"",
        "condition: > ${limit}",
    ),
    (
        "text_with_a_colon",
        "alarms/shop.yaml",
        "    statistic: Sum\n",
        "    description: Orders: failed\n    statistic: Sum\n",
    ),
    (
        "two_documents",
        "alarms/shop.yaml",
        "composites:",
        "---\ncomposites:",
    ),
    (
        "anchor_inside_of_itself",
        "alarms/shop.yaml",
        "datapoints: 3 of 5",
        "datapoints: &a [*a]",
    ),
    (
        "resource_of_a_misspelt_path",
        "alarms/shop.yaml",
        "  - name: orders-failing\n",
        "  - name: orders-failing\n    resource: functions/pya\n",
    ),
    (
        "datapoints_of_nothing",
        "alarms/shop.yaml",
        "datapoints: 3 of 5",
        "datapoints: 0 of 0",
    ),
    (
        "dimension_with_a_colon",
        "alarms/shop.yaml",
        "name: OrdersFailed }",
        "name: OrdersFailed, dimensions: { \":a\": x } }",
    ),
    (
        "dead_letters_of_itself",
        "obs.yaml",
        "dead_letter: parcels-dlq",
        "dead_letter: parcels",
    ),
    (
        "mute_at_an_hour_that_is_none",
        "obs.yaml",
        "cron(0 2 * * *)",
        "cron(0 25 * * *)",
    ),
    (
        "event_matched_with_a_text",
        "alarms/zmore.yaml",
        "[aws.guardduty]",
        "aws.guardduty",
    ),
    (
        "event_with_an_unknown_operator",
        "alarms/zmore.yaml",
        "[aws.guardduty]",
        "[{ prefx: aws }]",
    ),
    (
        "preset_twice",
        "alarms/zmore.yaml",
        "presets:\n",
        "presets:\n  - use: queues\n    severity: page\n",
    ),
    (
        "preset_of_an_unknown_severity",
        "alarms/zmore.yaml",
        "  - use: queues\n    severity: page\n",
        "  - use: queues\n",
    ),
    (
        "test_that_lasts_for_years",
        "alarms/zmore.yaml",
        "at: 4m",
        "at: 4000d",
    ),
    (
        "row_of_nothing",
        "dashboards/shop.yaml",
        "  - slo: paying",
        "  - {}",
    ),
    (
        "unknown_name_in_an_expression",
        "alarms/shop.yaml",
        "    metric: { namespace: Shop, name: OrdersFailed }\n    statistic: Sum\n",
        "    expression: 100 * baad\n    metrics:\n      bad: { namespace: Shop, name: OrdersFailed, statistic: Sum }\n",
    ),
    (
        "unknown_widget_in_a_body",
        "dashboards/exported.json",
        "\"text\"",
        "\"txet\"",
    ),
    (
        "unknown_key_in_an_alarm",
        "alarms/shop.yaml",
        "treat_missing_data",
        "treatMissingData",
    ),
    (
        "unknown_key_at_the_top",
        "alarms/shop.yaml",
        "composites:",
        "composite:",
    ),
    (
        "unknown_key_in_obs_yaml",
        "obs.yaml",
        "resources:",
        "resource:",
    ),
    (
        "unknown_key_in_an_environment",
        "obs.yaml",
        "region: us-east-1",
        "regoin: us-east-1",
    ),
    (
        "unknown_kind_of_resource",
        "obs.yaml",
        "functions:",
        "lambdas:",
    ),
    (
        "unknown_key_in_a_widget",
        "dashboards/shop.yaml",
        "title: Duration",
        "titel: Duration",
    ),
    (
        "unknown_widget",
        "dashboards/shop.yaml",
        "text: Read me.",
        "texts: Read me.",
    ),
    (
        "wrong_type_text_for_list",
        "obs.yaml",
        "topics: [oncall]",
        "topics: oncall",
    ),
    (
        "wrong_type_list_for_text",
        "alarms/shop.yaml",
        "statistic: p90",
        "statistic: [p90]",
    ),
    (
        "wrong_type_mapping_for_list",
        "alarms/shop.yaml",
        "  - name: shop-down",
        "    name: shop-down",
    ),
    (
        "wrong_type_number_for_metric",
        "alarms/shop.yaml",
        "metric: { namespace: Shop, name: OrdersFailed }",
        "metric: 5",
    ),
    (
        "missing_key",
        "alarms/shop.yaml",
        "    severity: page\n    metric: { namespace: Shop",
        "    metric: { namespace: Shop",
    ),
    (
        "duplicate_key",
        "alarms/shop.yaml",
        "    period: 5m\n",
        "    period: 5m\n    period: 6m\n",
    ),
    (
        "unknown_resource",
        "obs.yaml",
        "dead_letter: parcels-dlq",
        "dead_letter: parcel-dlq",
    ),
    (
        "unknown_for_each",
        "alarms/shop.yaml",
        "for_each: functions",
        "for_each: function",
    ),
    (
        "for_each_over_nothing",
        "alarms/shop.yaml",
        "for_each: functions",
        "for_each: tables",
    ),
    (
        "unknown_topic",
        "obs.yaml",
        "topics: [oncall]",
        "topics: [onacll]",
    ),
    (
        "unknown_severity",
        "alarms/shop.yaml",
        "severity: page",
        "severity: pgae",
    ),
    (
        "unknown_alarm_in_a_rule",
        "alarms/shop.yaml",
        "ALARM(\"pay-slow\")",
        "ALARM(\"pya-slow\")",
    ),
    (
        "unknown_alarm_in_a_strip",
        "dashboards/shop.yaml",
        "[shop-down]",
        "[shop-dwn]",
    ),
    (
        "composite_of_itself",
        "alarms/shop.yaml",
        "ALARM(\"pay-slow\") AND",
        "ALARM(\"shop-down\") AND",
    ),
    (
        "rule_that_is_none",
        "alarms/shop.yaml",
        "AND ALARM",
        "UND ALARM",
    ),
    (
        "duplicate_name",
        "alarms/shop.yaml",
        "name: orders-failing",
        "name: pay-slow",
    ),
    (
        "duplicate_name_of_a_for_each",
        "alarms/shop.yaml",
        "name: ${resource}-slow",
        "name: slow",
    ),
    (
        "duration_without_unit",
        "alarms/shop.yaml",
        "period: 5m",
        "period: 300",
    ),
    (
        "duration_with_a_wrong_unit",
        "alarms/shop.yaml",
        "period: 5m",
        "period: 5 parsecs",
    ),
    (
        "period_that_cloudwatch_has_not",
        "alarms/shop.yaml",
        "period: 5m",
        "period: 45s",
    ),
    (
        "threshold_that_is_no_number",
        "alarms/shop.yaml",
        "> ${limit}",
        "> many",
    ),
    (
        "threshold_with_a_wrong_unit",
        "alarms/shop.yaml",
        "> 90% of timeout",
        "> 9 furlongs",
    ),
    (
        "threshold_of_another_dimension",
        "alarms/shop.yaml",
        "> 90% of timeout",
        "> 10MB",
    ),
    (
        "threshold_of_an_unknown_limit",
        "alarms/shop.yaml",
        "% of timeout",
        "% of timeuot",
    ),
    (
        "condition_without_comparison",
        "alarms/shop.yaml",
        "> ${limit}",
        "${limit}",
    ),
    (
        "datapoints_that_cannot_be",
        "alarms/shop.yaml",
        "3 of 5",
        "5 of 3",
    ),
    (
        "unknown_statistic",
        "alarms/shop.yaml",
        "statistic: Sum",
        "statistic: Summ",
    ),
    (
        "unknown_treatment",
        "alarms/shop.yaml",
        "notBreaching",
        "notbreaching",
    ),
    (
        "undefined_variable",
        "alarms/shop.yaml",
        "${limit}",
        "${limmit}",
    ),
    (
        "account_that_is_none",
        "obs.yaml",
        "\"000000000000\"",
        "123",
    ),
    ("region_that_is_none", "obs.yaml", "us-east-1", "Virginia"),
    (
        "timeout_that_lambda_has_not",
        "obs.yaml",
        "timeout: 10s",
        "timeout: 1h",
    ),
    (
        "memory_without_unit",
        "obs.yaml",
        "memory: 256MB",
        "memory: 256",
    ),
    (
        "address_that_is_none",
        "obs.yaml",
        "oncall@example.com",
        "oncall",
    ),
    (
        "row_that_is_too_wide",
        "dashboards/shop.yaml",
        "text: Read me.",
        "text: Read me.\n        width: 30",
    ),
    (
        "not_yaml",
        "alarms/shop.yaml",
        "metric: { namespace: Shop,",
        "metric: [ namespace: Shop,",
    ),
    ("not_json", "dashboards/exported.json", "\"hi\"}", "\"hi\","),
    (
        "body_without_widgets",
        "dashboards/exported.json",
        "\"widgets\"",
        "\"widgtes\"",
    ),
    // Presets.
    (
        "unknown_preset",
        "alarms/zmore.yaml",
        "use: queues",
        "use: queue",
    ),
    (
        "preset_over_nothing",
        "alarms/zmore.yaml",
        "use: queues",
        "use: tables",
    ),
    (
        "unknown_row_of_a_preset",
        "alarms/zmore.yaml",
        "sent: off",
        "send: off",
    ),
    (
        "unknown_key_in_a_change",
        "alarms/zmore.yaml",
        "age: { condition: ",
        "age: { conditoin: ",
    ),
    (
        "preset_on_the_wrong_resource",
        "alarms/zmore.yaml",
        "    severity: page\n    alarms:\n      age",
        "    severity: page\n    only: [pay]\n    alarms:\n      age",
    ),
    (
        "change_of_an_unknown_resource",
        "alarms/zmore.yaml",
        "parcels: { in-flight",
        "parcel: { in-flight",
    ),
    (
        "preset_with_a_wrong_unit",
        "alarms/zmore.yaml",
        "\">= 5m\"",
        "\">= 5MB\"",
    ),
    // Filters, suppressors, events.
    (
        "filter_into_awss_namespace",
        "alarms/zmore.yaml",
        "namespace: Shop, name: Refused }\n    statistic",
        "namespace: AWS/Lambda, name: Refused }\n    statistic",
    ),
    (
        "filter_without_a_log_group",
        "alarms/zmore.yaml",
        "log_group: /shop/log, ",
        "",
    ),
    (
        "log_group_that_is_none",
        "alarms/zmore.yaml",
        "/shop/log",
        "/shop log",
    ),
    (
        "unknown_suppressor",
        "alarms/zmore.yaml",
        "alarm: parcels-age",
        "alarm: parcel-age",
    ),
    (
        "composite_that_suppresses_itself",
        "alarms/zmore.yaml",
        "alarm: parcels-age",
        "alarm: shop-quietly-down",
    ),
    (
        "suppressor_with_a_number_for_a_duration",
        "alarms/zmore.yaml",
        "wait: 1m",
        "wait: 60",
    ),
    (
        "event_without_a_pattern",
        "alarms/zmore.yaml",
        "    pattern: { source: [aws.guardduty] }\n",
        "",
    ),
    (
        "event_with_a_bad_name",
        "alarms/zmore.yaml",
        "shop-findings",
        "shop findings",
    ),
    (
        "event_of_an_unknown_severity",
        "alarms/zmore.yaml",
        "    severity: page\n    pattern",
        "    severity: pgae\n    pattern",
    ),
    // Tests.
    (
        "test_of_an_unknown_alarm",
        "alarms/zmore.yaml",
        "alarm: refused,",
        "alarm: refuesd,",
    ),
    (
        "test_with_bad_values",
        "alarms/zmore.yaml",
        "0x3 1 _",
        "0x3 one _",
    ),
    (
        "test_with_an_unknown_state",
        "alarms/zmore.yaml",
        "state: ALARM",
        "state: ALRAM",
    ),
    (
        "test_that_expects_nothing",
        "alarms/zmore.yaml",
        "state: ALARM, told: [oncall]",
        "",
    ),
    (
        "test_that_tells_an_unknown_topic",
        "alarms/zmore.yaml",
        "told: [oncall]",
        "told: [onacll]",
    ),
    (
        "test_for_each_of_an_unknown_kind",
        "alarms/zmore.yaml",
        "    series:",
        "    for_each: fucntions\n    series:",
    ),
    (
        "test_that_begins_with_an_unknown_alarm",
        "alarms/zmore.yaml",
        "    series:",
        "    initial: { refusde: OK }\n    series:",
    ),
    // Thresholds.
    (
        "share_of_an_expression",
        "alarms/shop.yaml",
        "    metric: { namespace: Shop, name: OrdersFailed }\n    statistic: Sum\n    period: 5m\n    condition: \"> ${limit}\"",
        "    expression: 100 * bad / all\n    metrics:\n      bad: { namespace: Shop, name: OrdersFailed, statistic: Sum }\n      all: { namespace: Shop, name: Orders, statistic: Sum }\n    period: 5m\n    condition: \"> 5%\"",
    ),
    (
        "share_of_a_count",
        "alarms/shop.yaml",
        "\"> ${limit}\"",
        "\"> 5%\"",
    ),
    (
        "for_each_with_an_unknown_resource",
        "alarms/shop.yaml",
        "for_each: functions",
        "for_each: { kind: functions, except: [pya] }",
    ),
    (
        "for_each_of_the_wrong_shape",
        "alarms/shop.yaml",
        "for_each: functions",
        "for_each: { kinds: functions }",
    ),
    // Objectives, sampling, mutes.
    (
        "objective_without_a_unit",
        "obs.yaml",
        "objective: 99.9%",
        "objective: 99.9",
    ),
    (
        "objective_of_everything",
        "obs.yaml",
        "objective: 99.9%",
        "objective: 100%",
    ),
    (
        "objective_of_what_serves_nobody",
        "obs.yaml",
        "functions/pay }",
        "queues/parcels }",
    ),
    (
        "objective_of_two_kinds",
        "obs.yaml",
        "    availability: { resource: functions/pay }",
        "    availability: { resource: functions/pay }\n    latency: { resource: functions/pay, below: 1s }",
    ),
    (
        "objective_of_an_unknown_resource",
        "obs.yaml",
        "functions/pay }",
        "functions/pya }",
    ),
    (
        "sampling_with_a_bad_priority",
        "obs.yaml",
        "priority: 10",
        "priority: 0",
    ),
    (
        "sampling_with_a_bad_rate",
        "obs.yaml",
        "rate: 5%",
        "rate: 105%",
    ),
    (
        "sampling_with_a_rate_without_a_unit",
        "obs.yaml",
        "rate: 5%",
        "rate: 0.05",
    ),
    ("mute_of_no_alarm", "obs.yaml", "orders-*", "order-*"),
    (
        "mute_with_a_bad_schedule",
        "obs.yaml",
        "cron(0 2 * * *)",
        "every night",
    ),
    (
        "mute_that_is_too_long",
        "obs.yaml",
        "duration: 1h",
        "duration: 16d",
    ),
    // Environments.
    (
        "role_that_is_none",
        "obs.yaml",
        "region: eu-central-1",
        "region: eu-central-1\n    role: admin",
    ),
    (
        "unknown_section_in_an_overlay",
        "obs.yaml",
        "    variables: { limit: 5 }\n  production",
        "    variables: { limit: 5 }\n    overlay: { topic: {} }\n  production",
    ),
    (
        "overlay_that_is_wrong",
        "obs.yaml",
        "    variables: { limit: 5 }\n  production",
        "    variables: { limit: 5 }\n    overlay: { resources: { functions: { pay: { timeout: 10 } } } }\n  production",
    ),
    (
        "overlay_of_an_unknown_alarm",
        "obs.yaml",
        "    variables: { limit: 5 }\n  production",
        "    variables: { limit: 5 }\n    overlay: { alarms: { pya-slow: off } }\n  production",
    ),
    (
        "lambda_that_is_none",
        "obs.yaml",
        "email: oncall@example.com",
        "lambda: pya",
    ),
    (
        "chat_that_is_none",
        "obs.yaml",
        "email: oncall@example.com",
        "chatbot: slack",
    ),
    (
        "key_that_cloudwatch_may_not_use",
        "obs.yaml",
        "    subscriptions:",
        "    kms_key: alias/aws/sns\n    subscriptions:",
    ),
    (
        "severity_that_requires_a_runbook",
        "obs.yaml",
        "page: { topics: [oncall] }",
        "page: { topics: [oncall], require: [runbook] }",
    ),
    // Dashboards.
    (
        "row_of_an_unknown_preset",
        "dashboards/shop.yaml",
        "preset: functions",
        "preset: function",
    ),
    (
        "row_of_an_unknown_objective",
        "dashboards/shop.yaml",
        "slo: paying",
        "slo: payign",
    ),
    (
        "row_of_two_kinds",
        "dashboards/shop.yaml",
        "  - slo: paying",
        "  - slo: paying\n    preset: functions",
    ),
    (
        "environment_that_is_none",
        "obs.yaml",
        "  dev:\n",
        "  a/b:\n",
    ),
    // A near miss in every section.
    (
        "unknown_key_in_the_defaults",
        "obs.yaml",
        "project: shop\n",
        "project: shop\ndefaults: { onwer: us }\n",
    ),
    (
        "unknown_key_in_the_quotas",
        "obs.yaml",
        "region: us-east-1",
        "region: us-east-1\n    quotas: { concurency: 3000 }",
    ),
    (
        "unknown_key_in_a_role",
        "obs.yaml",
        "region: eu-central-1",
        "region: eu-central-1\n    role: { arn: \"arn:aws:iam::123456789012:role/obs\", external-id: x }",
    ),
    (
        "unknown_key_in_a_function",
        "obs.yaml",
        "memory: 256MB }\n    ship",
        "memory: 256MB, tracng: active }\n    ship",
    ),
    (
        "unknown_key_in_a_queue",
        "obs.yaml",
        "dead_letter: parcels-dlq",
        "dead_leter: parcels-dlq",
    ),
    (
        "unknown_key_in_a_topic",
        "obs.yaml",
        "    subscriptions:",
        "    subscription:",
    ),
    (
        "unknown_key_in_a_subscription",
        "obs.yaml",
        "email: oncall",
        "mail: oncall",
    ),
    (
        "unknown_key_in_a_severity",
        "obs.yaml",
        "page: { topics: [oncall] }",
        "page: { topics: [oncall], requires: [owner] }",
    ),
    (
        "unknown_key_in_an_objective",
        "obs.yaml",
        "    objective: 99.9%",
        "    objective: 99.9%\n    minimum_request: 10",
    ),
    (
        "unknown_key_in_an_availability",
        "obs.yaml",
        "availability: { resource: functions/pay }",
        "availability: { resource: functions/pay, belwo: 1s }",
    ),
    (
        "unknown_key_in_a_sampling_rule",
        "obs.yaml",
        "path: /pay",
        "pth: /pay",
    ),
    (
        "unknown_key_in_a_mute",
        "obs.yaml",
        "duration: 1h",
        "duration: 1h, timezon: UTC",
    ),
    (
        "unknown_key_in_a_preset",
        "alarms/zmore.yaml",
        "    severity: page\n    alarms:",
        "    severty: page\n    alarms:",
    ),
    (
        "unknown_key_in_a_metric",
        "alarms/shop.yaml",
        "namespace: Shop, name: OrdersFailed",
        "namespace: Shop, name: OrdersFailed, dimension: {}",
    ),
    (
        "unknown_key_in_a_filter",
        "alarms/zmore.yaml",
        "log_group: /shop/log, ",
        "log_group: /shop/log, valu: 1, ",
    ),
    (
        "unknown_key_in_a_suppressor",
        "alarms/zmore.yaml",
        "wait: 1m",
        "wiat: 1m",
    ),
    (
        "unknown_key_in_a_composite",
        "alarms/shop.yaml",
        "    rule: ALARM",
        "    descripton: Down.\n    rule: ALARM",
    ),
    (
        "unknown_key_in_an_event",
        "alarms/zmore.yaml",
        "    pattern: { source",
        "    patern: { source",
    ),
    (
        "unknown_key_in_a_test",
        "alarms/zmore.yaml",
        "    series:\n",
        "    intervall: 1m\n    series:\n",
    ),
    (
        "unknown_key_in_a_series",
        "alarms/zmore.yaml",
        "        values: 0x3",
        "        valeus: 0x3",
    ),
    (
        "unknown_key_in_an_expectation",
        "alarms/zmore.yaml",
        "told: [oncall]",
        "tolds: [oncall]",
    ),
    (
        "unknown_key_in_a_row",
        "dashboards/shop.yaml",
        "  - slo: paying",
        "  - slo: paying\n    heigth: 4",
    ),
    (
        "unknown_key_in_a_graph",
        "dashboards/shop.yaml",
        "namespace: AWS/Lambda, name: Duration",
        "namespace: AWS/Lambda, name: Duration, lable: x",
    ),
    (
        "duplicate_name_of_a_preset_and_an_alarm",
        "alarms/zmore.yaml",
        "name: refused",
        "name: parcels-age",
    ),
    (
        "duplicate_name_of_a_composite_and_an_alarm",
        "alarms/shop.yaml",
        "name: shop-down",
        "name: orders-failing",
    ),
    (
        "duplicate_name_of_two_dashboards",
        "dashboards/shop.yaml",
        "rows:",
        "name: exported\nrows:",
    ),
    (
        "duplicate_name_of_two_topics",
        "obs.yaml",
        "severities:",
        "  others: { name: shop-dev-oncall }\nseverities:",
    ),
    (
        "composites_in_a_circle",
        "alarms/zmore.yaml",
        "rule: ALARM(\"refused\")",
        "rule: ALARM(\"shop-twice-down\")\n  - name: shop-twice-down\n    severity: page\n    rule: NOT OK(\"shop-quietly-down\")",
    ),
    (
        "composites_that_suppress_in_a_circle",
        "alarms/zmore.yaml",
        "suppressor: { alarm: parcels-age, wait: 1m }",
        "suppressor: { alarm: shop-twice-down, wait: 1m }\n  - name: shop-twice-down\n    severity: page\n    rule: NOT OK(\"shop-quietly-down\")",
    ),
    (
        "window_longer_than_a_day",
        "alarms/shop.yaml",
        "    period: 5m\n",
        "    period: 5m\n    datapoints: 1 of 300\n",
    ),
    (
        "threshold_in_minutes_of_a_size",
        "alarms/shop.yaml",
        "name: OrdersFailed }\n    statistic: Sum\n    period: 5m\n    condition: \"> ${limit}\"",
        "name: OrdersFailed, unit: Bytes }\n    statistic: Sum\n    period: 5m\n    condition: \"> 5m\"",
    ),
];
