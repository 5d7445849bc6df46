//! A project as large as CloudWatch's own limits make one want to: 1,000 alarms on 200
//! functions, and 50 dashboards.

use std::{fmt::Write as _, fs, io, path::Path};

/// Functions; each has five alarms.
const FUNCTIONS: u32 = 200;
/// Dashboards; each shows four functions.
const DASHBOARDS: u32 = 50;

const HEAD: &str = "project: shop
environments:
  dev: { account: \"000000000000\", region: us-east-1 }
defaults: { owner: us, runbook: \"https://runbooks.example/${alarm}\" }
topics:
  oncall: { display_name: On call }
severities:
  page: { topics: [oncall] }
resources:
  functions:
";

/// The five alarms of a function: name, metric, statistic and condition.
const ALARMS: [(&str, &str, &str, &str); 5] = [
    ("errors", "Errors", "Sum", "> 0"),
    ("throttles", "Throttles", "Sum", ">= 1"),
    ("slow", "Duration", "p90", "> 90% of timeout"),
    ("busy", "ConcurrentExecutions", "Maximum", "> 900"),
    ("idle", "Invocations", "Sum", "< 1"),
];

/// Writes its files into an empty folder.
///
/// # Errors
/// Those of the file system.
pub fn write(folder: &Path) -> io::Result<()> {
    let mut text = HEAD.to_owned();
    for number in 0..FUNCTIONS {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "    f{number}: {{ timeout: 10s, memory: 256MB }}");
    }
    fs::write(folder.join("obs.yaml"), text)?;
    let mut text = "alarms:\n".to_owned();
    for (name, metric, statistic, condition) in ALARMS {
        let _ = writeln!(
            text,
            "  - {{ name: \"${{resource}}-{name}\", for_each: functions, severity: page, \
             metric: {{ namespace: AWS/Lambda, name: {metric} }}, statistic: {statistic}, \
             period: 1m, condition: \"{condition}\", datapoints: 3 of 5 }}"
        );
    }
    fs::create_dir(folder.join("alarms"))?;
    fs::write(folder.join("alarms/functions.yaml"), text)?;
    fs::create_dir(folder.join("dashboards"))?;
    for number in 0..DASHBOARDS {
        let only: Vec<String> = (0..4).map(|it| format!("f{}", number * 4 + it)).collect();
        let text = format!(
            "rows:\n  - preset: functions\n    only: [{}]\n",
            only.join(", ")
        );
        fs::write(
            folder.join(format!("dashboards/shop-{number:02}.yaml")),
            text,
        )?;
    }
    Ok(())
}
