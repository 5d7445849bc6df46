//! Mistakes in dashboards, written as rows or exported.

use super::Bad;

pub(super) const BAD: &[Bad] = &[
    (
        "row_of_nothing",
        "dashboards/shop.yaml",
        "  - slo: paying",
        "  - {}",
    ),
    (
        "unknown_widget_in_a_body",
        "dashboards/exported.json",
        "\"text\"",
        "\"txet\"",
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
        "unknown_alarm_in_a_strip",
        "dashboards/shop.yaml",
        "[shop-down]",
        "[shop-dwn]",
    ),
    (
        "row_that_is_too_wide",
        "dashboards/shop.yaml",
        "text: Read me.",
        "text: Read me.\n        width: 30",
    ),
    ("not_json", "dashboards/exported.json", "\"hi\"}", "\"hi\","),
    (
        "body_without_widgets",
        "dashboards/exported.json",
        "\"widgets\"",
        "\"widgtes\"",
    ),
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
    // A near miss in every section.
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
        "duplicate_name_of_two_dashboards",
        "dashboards/shop.yaml",
        "rows:",
        "name: exported\nrows:",
    ),
];
