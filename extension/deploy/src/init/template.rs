//! CloudFormation and SAM templates, and what CDK synthesises.

use serde_json::Value;

use super::found::{Found, Function, Resource, snake};
use super::intrinsic::Texts;
use crate::yaml::Yaml;

/// Reads a template.
pub(super) fn read(template: &Value, found: &mut Found) {
    let reader = Reader {
        template,
        texts: Texts(template),
    };
    for (id, resource) in template["Resources"].as_object().into_iter().flatten() {
        let kind = resource["Type"].as_str().unwrap_or_default();
        let one = One {
            id,
            properties: &resource["Properties"],
        };
        reader.resource(kind, &one, found);
        if kind == "AWS::Serverless::Function" {
            reader.events(&one, found);
        }
    }
}

struct Reader<'a> {
    template: &'a Value,
    texts: Texts<'a>,
}

/// One resource of a template.
struct One<'a> {
    id: &'a str,
    properties: &'a Value,
}

impl<'a> Reader<'a> {
    fn text(&self, one: &One<'_>, path: &[&str]) -> Option<String> {
        let mut at = one.properties;
        for key in path {
            at = at.get(key)?;
        }
        self.texts.of(at)
    }

    /// The resource's own name; a variable when CloudFormation makes one.
    fn name(&self, one: &One<'_>, key: &str) -> String {
        self.text(one, &[key])
            .unwrap_or_else(|| format!("${{{}}}", snake(one.id)))
    }

    /// The name of the resource of an id.
    fn named(&self, id: &str, key: &str) -> String {
        let properties = &self.template["Resources"][id]["Properties"];
        let name = self.name(&One { id, properties }, key);
        name.replace("${", "")
            .replace('}', "")
            .replace('_', if name.contains("${") { "-" } else { "_" })
    }

    fn others(&self, kind: &'static str) -> impl Iterator<Item = One<'a>> {
        let all = self.template["Resources"].as_object().into_iter().flatten();
        all.filter(move |(_, one)| one["Type"] == kind)
            .map(|(id, one)| One {
                id,
                properties: &one["Properties"],
            })
    }

    fn resource(&self, kind: &str, one: &One<'a>, found: &mut Found) {
        let plain = Resource::default();
        match kind {
            "AWS::Lambda::Function" | "AWS::Serverless::Function" => self.function(one, found),
            "AWS::ApiGatewayV2::Api" | "AWS::Serverless::HttpApi" => self.http_api(one, found),
            "AWS::DynamoDB::Table"
            | "AWS::DynamoDB::GlobalTable"
            | "AWS::Serverless::SimpleTable" => self.table(one, found),
            "AWS::SQS::Queue" => {
                let letters = &one.properties["RedrivePolicy"]["deadLetterTargetArn"];
                let letters = self
                    .texts
                    .target(letters)
                    .map(|id| Yaml::text(self.named(id, "QueueName")));
                let fifo = self
                    .text(one, &["FifoQueue"])
                    .filter(|text| text == "true")
                    .map(Yaml::Plain);
                found.add(
                    "queues",
                    &self.name(one, "QueueName"),
                    plain.with("dead_letter", letters).with("fifo", fifo),
                );
            }
            "AWS::S3::Bucket" => {
                let filter = one.properties["MetricsConfigurations"].get(0);
                let filter = filter
                    .and_then(|one| self.texts.of(&one["Id"]))
                    .map(Yaml::Text);
                found.add(
                    "buckets",
                    &self.name(one, "BucketName"),
                    plain.with("filter", filter),
                );
            }
            "AWS::Events::Rule" => {
                let bus = self
                    .text(one, &["EventBusName"])
                    .filter(|bus| bus != "default" && !bus.contains("${"));
                found.add(
                    "rules",
                    &self.name(one, "Name"),
                    plain.with("bus", bus.map(Yaml::Text)),
                );
            }
            "AWS::Scheduler::Schedule" => {
                let expression = self.text(one, &["ScheduleExpression"]).unwrap_or_default();
                let function = self.texts.target(&one.properties["Target"]["Arn"]);
                self.schedule(&self.name(one, "Name"), &expression, function, found);
            }
            _ => self.other(kind, one, found),
        }
    }

    fn other(&self, kind: &str, one: &One<'a>, found: &mut Found) {
        let plain = Resource::default();
        match kind {
            "AWS::Cognito::UserPool" => self.user_pool(one, found),
            "AWS::WAFv2::WebACL" => {
                let metric = self.text(one, &["VisibilityConfig", "MetricName"]);
                let metric =
                    metric.map(|metric| found.value(&metric, "part of a web ACL's metric name"));
                let front = self
                    .text(one, &["Scope"])
                    .filter(|scope| scope == "CLOUDFRONT");
                let front = front.map(|_| Yaml::Plain("true".to_owned()));
                found.add(
                    "web_acls",
                    &self.name(one, "Name"),
                    plain.with("metric_name", metric).with("cloudfront", front),
                );
            }
            "AWS::EC2::NatGateway" => {
                let id = variable(one, "id", found);
                found.add("nat_gateways", one.id, plain.with("id", id));
            }
            "AWS::SecretsManager::Secret" => found.add("secrets", &self.name(one, "Name"), plain),
            "AWS::CertificateManager::Certificate" => {
                let arn = variable(one, "arn", found);
                found.add(
                    "certificates",
                    &self.name(one, "DomainName"),
                    plain.with("arn", arn),
                );
            }
            "AWS::CloudTrail::Trail" => self.trail(one, found),
            "AWS::GuardDuty::Detector" => found.add("detectors", "guardduty", plain),
            _ => {}
        }
    }

    fn function(&self, one: &One<'_>, found: &mut Found) {
        let globals = One {
            id: one.id,
            properties: &self.template["Globals"]["Function"],
        };
        let text = |path: &[&str]| self.text(one, path).or_else(|| self.text(&globals, path));
        let name = self.name(one, "FunctionName");
        let group = text(&["LoggingConfig", "LogGroup"]).filter(|group| !group.contains("${"));
        let default = format!("/aws/lambda/{name}");
        let own = group.clone().unwrap_or(default);
        let retention = self.others("AWS::Logs::LogGroup").find(|log| {
            self.text(log, &["LogGroupName"])
                .is_some_and(|found| found == own)
        });
        found.function(
            &name,
            Function {
                timeout: text(&["Timeout"]),
                memory: text(&["MemorySize"]),
                reserved: text(&["ReservedConcurrentExecutions"]),
                tracing: text(&["TracingConfig", "Mode"]).or_else(|| text(&["Tracing"])),
                log_group: group,
                retention: retention.and_then(|log| self.text(&log, &["RetentionInDays"])),
            },
        );
    }

    fn http_api(&self, one: &One<'_>, found: &mut Found) {
        if self
            .text(one, &["ProtocolType"])
            .is_some_and(|protocol| protocol != "HTTP")
        {
            found
                .notes
                .push(format!("{} is no HTTP API and is left out", one.id));
            return;
        }
        let stages: Vec<One<'_>> = self
            .others("AWS::ApiGatewayV2::Stage")
            .filter(|stage| self.texts.target(&stage.properties["ApiId"]) == Some(one.id))
            .collect();
        let stage = stages.first().unwrap_or(one);
        let rate = self.text(stage, &["DefaultRouteSettings", "ThrottlingRateLimit"]);
        let rate = rate
            .filter(|rate| rate.parse::<f64>().is_ok())
            .map(Yaml::Plain);
        let name = self
            .text(stage, &["StageName"])
            .map(|name| found.value(&name, "the stage of an API"));
        let id = format!("${{{}_id}}", snake(one.id));
        let id = found.value(
            &id,
            &format!("the id of {}, which the deployment makes", one.id),
        );
        let resource = Resource::default()
            .with("id", Some(id))
            .with("stage", name)
            .with("rate_limit", rate);
        let key = self
            .text(one, &["Name"])
            .unwrap_or_else(|| one.id.to_owned());
        found.add("http_apis", &key, resource);
    }

    fn schedule(&self, name: &str, expression: &str, function: Option<&str>, found: &mut Found) {
        let Some(function) = function else {
            found.notes.push(format!(
                "schedule {name}: it starts no function of the template"
            ));
            return;
        };
        let function = self.named(function, "FunctionName");
        let resource = Resource::default()
            .with("expression", Some(Yaml::text(expression)))
            .with("function", Some(Yaml::text(function)));
        found.add("schedules", name, resource);
    }

    /// What SAM makes of a function's events.
    fn events(&self, one: &One<'a>, found: &mut Found) {
        for (key, event) in one.properties["Events"].as_object().into_iter().flatten() {
            let own = One {
                id: key,
                properties: &event["Properties"],
            };
            match event["Type"].as_str() {
                Some("Schedule" | "ScheduleV2") => {
                    let name = self
                        .text(&own, &["Name"])
                        .unwrap_or_else(|| format!("{}{key}", one.id));
                    let expression = self.text(&own, &["Schedule"]);
                    let expression =
                        expression.or_else(|| self.text(&own, &["ScheduleExpression"]));
                    self.schedule(&name, &expression.unwrap_or_default(), Some(one.id), found);
                }
                Some("HttpApi") if own.properties["ApiId"].is_null() => {
                    let api = One {
                        id: "ServerlessHttpApi",
                        properties: &self.template["Globals"]["HttpApi"],
                    };
                    self.http_api(&api, found);
                }
                _ => {}
            }
        }
    }

    fn table(&self, one: &One<'a>, found: &mut Found) {
        let plain = Resource::default();
        let indexes = one.properties["GlobalSecondaryIndexes"].as_array();
        let names = indexes.into_iter().flatten();
        let names: Vec<Yaml> = names
            .filter_map(|index| self.texts.of(&index["IndexName"]))
            .map(Yaml::Text)
            .collect();
        let indexes = (!names.is_empty()).then_some(Yaml::List(names));
        found.add(
            "tables",
            &self.name(one, "TableName"),
            plain.with("indexes", indexes),
        );
    }

    fn user_pool(&self, one: &One<'a>, found: &mut Found) {
        let plain = Resource::default();
        let id = variable(one, "id", found);
        let clients: Vec<(String, Yaml)> = self
            .others("AWS::Cognito::UserPoolClient")
            .filter(|client| self.texts.target(&client.properties["UserPoolId"]) == Some(one.id))
            .map(|client| {
                let name = self.named(client.id, "ClientName");
                let id = format!("${{{}_id}}", snake(client.id));
                (
                    name,
                    found.value(
                        &id,
                        &format!("the id of {}, which the deployment makes", client.id),
                    ),
                )
            })
            .collect();
        let clients = (!clients.is_empty()).then(|| Yaml::map(clients));
        found.add(
            "user_pools",
            &self.name(one, "UserPoolName"),
            plain.with("id", id).with("clients", clients),
        );
    }

    fn trail(&self, one: &One<'a>, found: &mut Found) {
        let plain = Resource::default();
        let group = self
            .texts
            .target(&one.properties["CloudWatchLogsLogGroupArn"]);
        let Some(group) = group else {
            found.notes.push(format!(
                "trail {}: it writes to no log group, so that no alarm can look at it",
                one.id
            ));
            return;
        };
        let group = self.name(
            &One {
                id: group,
                properties: &self.template["Resources"][group]["Properties"],
            },
            "LogGroupName",
        );
        let group = found.value(&group, "a log group whose name the deployment makes");
        found.add(
            "trails",
            &self.name(one, "TrailName"),
            plain.with("log_group", Some(group)),
        );
    }
}

/// A variable for what the deployment makes.
fn variable(one: &One<'_>, what: &str, found: &mut Found) -> Option<Yaml> {
    let name = format!("${{{}_{what}}}", snake(one.id));
    let meaning = format!("the {what} of {}, which the deployment makes", one.id);
    Some(found.value(&name, &meaning))
}
