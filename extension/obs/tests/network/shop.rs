//! The project that is applied over the network, in two versions.

use std::path::Path;

use crate::support::project::write;

/// The project in two versions: from `Before` to `After`, one resource of each kind
/// comes, one changes and one goes.
#[derive(Clone, Copy)]
pub(crate) enum Version {
    Before,
    After,
}

impl Version {
    pub(crate) fn other(self) -> Version {
        match self {
            Version::Before => Version::After,
            Version::After => Version::Before,
        }
    }
}

pub(crate) const PROJECT: &str = r#"project: shop
environments:
  dev: { account: "000000000000", region: us-east-1 }
resources:
  functions: { pay: { timeout: 10s, memory: 256MB } }
topics:
  oncall:
    display_name: On call @n
    kms_key: alias/shop-@name
    subscriptions: [{ sqs: "arn:aws:sqs:us-east-1:000000000000:@name" }]
  @name: {}
severities:
  page: { topics: [oncall] }
sampling:
  pay: { priority: 100, rate: @n%, reservoir: 1, service: pay }
  @name: { priority: 200, rate: 5%, reservoir: 1, service: pay }
mutes:
  maintenance: { schedule: cron(0 3 * * SUN), duration: @nh, alarms: [pay-slow] }
  @name: { schedule: cron(0 4 * * SUN), duration: 1h, alarms: ["@name-*"] }
"#;

const ALARMS: &str = r#"alarms:
  - name: pay-slow
    severity: page
    metric: { namespace: AWS/Lambda, name: Duration, dimensions: { FunctionName: pay } }
    statistic: p90
    period: 1m
    condition: "> @ns"
  - name: "@name-orders"
    severity: page
    metric: { namespace: Shop, name: OrdersFailed }
    statistic: Sum
    period: 5m
    condition: "> 5"
  - name: sign-ins
    severity: page
    metric: { namespace: Shop/Trail, name: SignIns }
    filter: { log_group: /shop/trail, pattern: '{ $.eventName = @name }' }
    statistic: Sum
    period: 5m
    condition: "> 5"
  - name: "@name-changes"
    severity: page
    metric: { namespace: Shop/Trail, name: Changes }
    filter: { log_group: /shop/trail, pattern: '{ $.eventName = PutRolePolicy }' }
    statistic: Sum
    period: 5m
    condition: "> 5"
composites:
  - name: shop-down
    severity: page
    rule: ALARM("pay-slow") AND ALARM("@name-orders")
  - name: "@name-down"
    severity: page
    rule: ALARM("shop-down") OR ALARM("sign-ins")
events:
  - name: findings
    severity: page
    pattern: { source: [aws.guardduty], detail-type: ["@name"] }
  - name: "@name"
    severity: page
    pattern: { source: [aws.health] }
"#;

pub(crate) const DASHBOARD: &str =
    "rows:\n  - widgets:\n      - alarms: [shop-down]\n        title: '@name'\n";

/// Writes the files of a version, and takes those of the other away.
pub(crate) fn lay_out(folder: &Path, version: Version) {
    let board = |version| versioned("dashboards/@name.yaml", version);
    // The first apply of a folder has no other version.
    let _ = std::fs::remove_file(folder.join(board(version.other())));
    for (file, text) in [
        ("obs.yaml", PROJECT),
        ("alarms/shop.yaml", ALARMS),
        ("dashboards/shop.yaml", DASHBOARD),
        (&board(version), DASHBOARD),
    ] {
        write(folder, file, &versioned(text, version));
    }
}

pub(crate) fn versioned(text: &str, version: Version) -> String {
    let (name, number) = match version {
        Version::Before => ("old", "5"),
        Version::After => ("new", "7"),
    };
    text.replace("@name", name).replace("@n", number)
}
