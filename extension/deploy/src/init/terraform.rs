//! Terraform: the state (version 4) and `terraform show -json` of a state or a plan.

use serde_json::Value;

use super::found::{Found, Function, Resource, snake};
use crate::yaml::Yaml;

/// Reads a state file.
pub(super) fn state(document: &Value, found: &mut Found) {
    let mut all = Vec::new();
    for resource in document["resources"].as_array().into_iter().flatten() {
        if resource["mode"] != "managed" {
            continue;
        }
        let kind = resource["type"].as_str().unwrap_or_default();
        for instance in resource["instances"].as_array().into_iter().flatten() {
            all.push(One {
                kind,
                name: resource["name"].as_str().unwrap_or_default(),
                values: &instance["attributes"],
            });
        }
    }
    Reader { all }.read(found);
}

/// Reads what `terraform show -json` prints.
pub(super) fn shown(document: &Value, found: &mut Found) {
    let mut all = Vec::new();
    for values in ["values", "planned_values"] {
        module(&document[values]["root_module"], &mut all);
    }
    Reader { all }.read(found);
}

fn module<'a>(module: &'a Value, all: &mut Vec<One<'a>>) {
    for resource in module["resources"].as_array().into_iter().flatten() {
        if resource["mode"] == "managed" {
            let kind = resource["type"].as_str().unwrap_or_default();
            let name = resource["name"].as_str().unwrap_or_default();
            all.push(One {
                kind,
                name,
                values: &resource["values"],
            });
        }
    }
    for child in module["child_modules"].as_array().into_iter().flatten() {
        self::module(child, all);
    }
}

struct One<'a> {
    kind: &'a str,
    name: &'a str,
    values: &'a Value,
}

impl One<'_> {
    fn text(&self, path: &str) -> Option<String> {
        match self.values.pointer(path)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(value) => Some(value.to_string()),
            _ => None,
        }
    }

    /// A text, or a variable where a plan does not know it yet.
    fn known(&self, path: &str, what: &str, found: &mut Found) -> Option<Yaml> {
        let text = self
            .text(path)
            .unwrap_or_else(|| format!("${{{}_{what}}}", snake(self.name)));
        Some(found.value(
            &text,
            &format!("the {what} of {}, which the deployment makes", self.name),
        ))
    }

    fn called(&self, path: &str) -> String {
        self.text(path)
            .unwrap_or_else(|| format!("${{{}}}", snake(self.name)))
    }
}

struct Reader<'a> {
    all: Vec<One<'a>>,
}

impl Reader<'_> {
    fn read(&self, found: &mut Found) {
        for one in &self.all {
            self.resource(one, found);
        }
    }

    fn of<'b>(&'b self, kind: &'b str) -> impl Iterator<Item = &'b One<'b>> {
        self.all.iter().filter(move |one| one.kind == kind)
    }

    fn resource(&self, one: &One<'_>, found: &mut Found) {
        let plain = Resource::default();
        match one.kind {
            "aws_lambda_function" => self.function(one, found),
            "aws_apigatewayv2_api" => self.http_api(one, found),
            "aws_dynamodb_table" => {
                let indexes = one.values["global_secondary_index"]
                    .as_array()
                    .into_iter()
                    .flatten();
                let names: Vec<Yaml> = indexes
                    .filter_map(|index| index["name"].as_str())
                    .map(Yaml::text)
                    .collect();
                let indexes = (!names.is_empty()).then_some(Yaml::List(names));
                found.add(
                    "tables",
                    &one.called("/name"),
                    plain.with("indexes", indexes),
                );
            }
            "aws_sqs_queue" => {
                let fifo = one
                    .text("/fifo_queue")
                    .filter(|text| text == "true")
                    .map(Yaml::Plain);
                let letters = self.dead_letters(one).map(Yaml::Text);
                found.add(
                    "queues",
                    &one.called("/name"),
                    plain.with("dead_letter", letters).with("fifo", fifo),
                );
            }
            "aws_s3_bucket" => {
                let bucket = one.called("/bucket");
                let metric = self
                    .of("aws_s3_bucket_metric")
                    .find(|metric| metric.text("/bucket").as_ref() == Some(&bucket));
                let filter = metric
                    .and_then(|metric| metric.text("/name"))
                    .map(Yaml::Text);
                found.add("buckets", &bucket, plain.with("filter", filter));
            }
            "aws_cloudwatch_event_rule" => {
                let bus = one
                    .text("/event_bus_name")
                    .filter(|bus| bus != "default")
                    .map(Yaml::Text);
                found.add("rules", &one.called("/name"), plain.with("bus", bus));
            }
            "aws_scheduler_schedule" => self.schedule(one, found),
            _ => self.other(one, found),
        }
    }

    fn other(&self, one: &One<'_>, found: &mut Found) {
        let plain = Resource::default();
        match one.kind {
            "aws_cognito_user_pool" => self.user_pool(one, found),
            "aws_wafv2_web_acl" => {
                let metric = one.text("/visibility_config/0/metric_name").map(Yaml::Text);
                let front = one
                    .text("/scope")
                    .filter(|scope| scope == "CLOUDFRONT")
                    .map(|_| Yaml::Plain("true".to_owned()));
                found.add(
                    "web_acls",
                    &one.called("/name"),
                    plain.with("metric_name", metric).with("cloudfront", front),
                );
            }
            "aws_nat_gateway" => {
                let id = one.known("/id", "id", found);
                let name = one
                    .text("/tags/Name")
                    .unwrap_or_else(|| one.name.to_owned());
                found.add("nat_gateways", &name, plain.with("id", id));
            }
            "aws_secretsmanager_secret" => found.add("secrets", &one.called("/name"), plain),
            "aws_acm_certificate" => {
                let arn = one.known("/arn", "arn", found);
                found.add(
                    "certificates",
                    &one.called("/domain_name"),
                    plain.with("arn", arn),
                );
            }
            "aws_cloudtrail" => {
                let arn = one.text("/cloud_watch_logs_group_arn").unwrap_or_default();
                let Some((_, group)) = arn.split_once(":log-group:") else {
                    found.notes.push(format!(
                        "trail {}: it writes to no log group, so that no alarm can look at it",
                        one.name
                    ));
                    return;
                };
                let group = group.trim_end_matches(":*");
                found.add(
                    "trails",
                    &one.called("/name"),
                    plain.with("log_group", Some(Yaml::text(group))),
                );
            }
            "aws_guardduty_detector" => found.add("detectors", "guardduty", plain),
            _ => {}
        }
    }

    fn function(&self, one: &One<'_>, found: &mut Found) {
        let name = one.called("/function_name");
        let default = format!("/aws/lambda/{name}");
        let group = one
            .text("/logging_config/0/log_group")
            .filter(|group| *group != default);
        let own = group.clone().unwrap_or(default);
        let log = self
            .of("aws_cloudwatch_log_group")
            .find(|log| log.text("/name").as_ref() == Some(&own));
        found.function(
            &name,
            Function {
                timeout: one.text("/timeout"),
                memory: one.text("/memory_size"),
                // -1 is no reservation.
                reserved: one
                    .text("/reserved_concurrent_executions")
                    .filter(|text| text != "-1"),
                tracing: one.text("/tracing_config/0/mode"),
                log_group: group,
                retention: log.and_then(|log| log.text("/retention_in_days")),
            },
        );
    }

    fn http_api(&self, one: &One<'_>, found: &mut Found) {
        if one
            .text("/protocol_type")
            .is_some_and(|protocol| protocol != "HTTP")
        {
            found
                .notes
                .push(format!("{} is no HTTP API and is left out", one.name));
            return;
        }
        let id = one.text("/id");
        let stage = self
            .of("aws_apigatewayv2_stage")
            .find(|stage| id.is_some() && stage.text("/api_id") == id);
        let rate =
            stage.and_then(|stage| stage.text("/default_route_settings/0/throttling_rate_limit"));
        let rate = rate
            .filter(|rate| rate.parse::<f64>().is_ok_and(|rate| rate > 0.0))
            .map(Yaml::Plain);
        let name = stage.and_then(|stage| stage.text("/name")).map(Yaml::Text);
        let id = one.known("/id", "id", found);
        let resource = Resource::default()
            .with("id", id)
            .with("stage", name)
            .with("rate_limit", rate);
        found.add("http_apis", &one.called("/name"), resource);
    }

    /// The queue of a redrive policy, which is JSON in a text; it has to be in the file.
    fn dead_letters(&self, one: &One<'_>) -> Option<String> {
        let apart = self.of("aws_sqs_queue_redrive_policy").find(|policy| {
            one.text("/url").is_some() && policy.text("/queue_url") == one.text("/url")
        });
        let text = one
            .text("/redrive_policy")
            .or_else(|| apart?.text("/redrive_policy"))?;
        let policy: Value = serde_json::from_str(&text).ok()?;
        let name = policy["deadLetterTargetArn"]
            .as_str()?
            .rsplit(':')
            .next()?
            .to_owned();
        self.of("aws_sqs_queue")
            .any(|queue| queue.text("/name").as_ref() == Some(&name))
            .then_some(name)
    }

    fn schedule(&self, one: &One<'_>, found: &mut Found) {
        let plain = Resource::default();
        let arn = one.text("/target/0/arn").unwrap_or_default();
        let Some((_, function)) = arn.split_once(":function:") else {
            found
                .notes
                .push(format!("schedule {}: it starts no function", one.name));
            return;
        };
        let function = function.split(':').next().unwrap_or_default();
        let known = self
            .of("aws_lambda_function")
            .any(|one| one.text("/function_name").as_deref() == Some(function));
        if !known {
            found.notes.push(format!(
                "schedule {}: its function {function} is not in the file",
                one.name
            ));
            return;
        }
        let expression = one.text("/schedule_expression").map(Yaml::Text);
        found.add(
            "schedules",
            &one.called("/name"),
            plain
                .with("expression", expression)
                .with("function", Some(Yaml::text(function))),
        );
    }

    fn user_pool(&self, one: &One<'_>, found: &mut Found) {
        let plain = Resource::default();
        let id = one.known("/id", "id", found);
        let pool = one.text("/id");
        let clients: Vec<(String, Yaml)> = self
            .of("aws_cognito_user_pool_client")
            .filter(|client| pool.is_some() && client.text("/user_pool_id") == pool)
            .filter_map(|client| Some((client.called("/name"), client.known("/id", "id", found)?)))
            .collect();
        let clients = (!clients.is_empty()).then(|| Yaml::map(clients));
        found.add(
            "user_pools",
            &one.called("/name"),
            plain.with("id", id).with("clients", clients),
        );
    }
}
