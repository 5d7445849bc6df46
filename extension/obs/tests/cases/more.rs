//! Mistakes in presets, metric filters, suppressors, events and tests.

use super::Bad;

pub(super) const BAD: &[Bad] = &[
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
    // A near miss in every section.
    (
        "unknown_key_in_a_preset",
        "alarms/zmore.yaml",
        "    severity: page\n    alarms:",
        "    severty: page\n    alarms:",
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
        "duplicate_name_of_a_preset_and_an_alarm",
        "alarms/zmore.yaml",
        "name: refused",
        "name: parcels-age",
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
];
