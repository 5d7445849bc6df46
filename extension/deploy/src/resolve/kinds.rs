//! Each kind of resource: which dimensions its metrics have and which limits it knows;
//! and the kinds that are made of others.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::project::{Head, memory_mb};
use super::resources::{Property, Resource, Resources};
use crate::shape::resource::{
    Bucket, Certificate, Detector, Function, HttpApi, NatGateway, Queue, Rule, Schedule, Secret,
    Table, Tracing, Trail, UserPool, WebAcl,
};
use crate::source::At;
use crate::source::decode::decode;
use crate::source::file::Span;
use crate::source::node::{Entry, Kind, Node};
use crate::source::problem::{Problem, Problems};

/// Messages in flight of a standard and of a FIFO queue.
const IN_FLIGHT: [f64; 2] = [120_000.0, 20_000.0];
/// GuardDuty's "high".
const HIGH: f64 = 7.0;

/// References from one resource to another, followed when all are known.
#[derive(Default)]
pub(super) struct References {
    /// Kind and name.
    pub(super) found: Vec<(&'static str, At<String>)>,
    /// Queues that take dead letters.
    dead_letters: Vec<String>,
    /// Parts that resources have: indexes, operations, clients.
    parts: Vec<Resource>,
}

/// Reads the entries of `resources:`.
pub(super) struct Reader<'a> {
    pub(super) head: &'a Head,
    pub(super) references: &'a mut References,
    pub(super) problems: &'a mut Problems,
}

fn dimensions<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn of(dimensions: BTreeMap<String, String>) -> Resource {
    Resource {
        dimensions,
        ..Resource::default()
    }
}

impl Reader<'_> {
    /// One resource, its kind and name aside.
    pub(super) fn resource(&mut self, kind: &str, entry: &Entry) -> Option<Resource> {
        let (name, node) = (entry.key.as_str(), &entry.value);
        match kind {
            "functions" => self.function(name, node),
            "http_apis" => self.http_api(name, node),
            "tables" => self.table(name, node),
            "queues" => self.queue(name, node),
            "user_pools" => self.user_pool(name, node),
            "web_acls" => self.web_acl(name, node),
            "detectors" => self.detector(node),
            "secrets" => self.secret(node),
            "buckets" => {
                let bucket: Bucket = settings(node, self.problems)?;
                let mut made = of(dimensions([("BucketName", name)]));
                made.dimensions
                    .extend(bucket.filter.map(|filter| ("FilterId".to_owned(), filter)));
                Some(made)
            }
            "rules" => {
                let rule: Rule = settings(node, self.problems)?;
                let mut made = of(dimensions([("RuleName", name)]));
                made.dimensions
                    .extend(rule.bus.map(|bus| ("EventBusName".to_owned(), bus)));
                Some(made)
            }
            "schedules" => {
                let schedule: Schedule = settings(node, self.problems)?;
                self.references.found.push(("functions", schedule.function));
                Some(Resource::default())
            }
            "nat_gateways" => {
                let gateway: NatGateway = settings(node, self.problems)?;
                Some(of(dimensions([("NatGatewayId", &gateway.id.0)])))
            }
            "certificates" => {
                let certificate: Certificate = settings(node, self.problems)?;
                Some(of(dimensions([("CertificateArn", &certificate.arn)])))
            }
            _ => {
                let trail: Trail = settings(node, self.problems)?;
                let mut made = Resource::default();
                made.attributes.insert("log_group", trail.log_group);
                Some(made)
            }
        }
    }

    fn function(&mut self, name: &str, node: &Node) -> Option<Resource> {
        let function: Function = settings(node, self.problems)?;
        let memory = memory_mb(&function, self.problems)?;
        let timeout = function.timeout.value.milliseconds();
        check_timeout(timeout, function.timeout.span, self.problems);
        let concurrency = function
            .reserved_concurrency
            .as_ref()
            .map_or(self.head.concurrency, |reserved| reserved.value);
        let mut made = of(dimensions([("FunctionName", name)]));
        made.properties = BTreeMap::from([
            ("timeout", Property::Milliseconds(timeout as f64)),
            ("memory", Property::Bytes(f64::from(memory) * 1_048_576.0)),
            ("concurrency", Property::Count(f64::from(concurrency))),
        ]);
        let group = function
            .log_group
            .unwrap_or_else(|| format!("/aws/lambda/{name}"));
        made.attributes.insert("log_group", group);
        if let Some(tracing) = function.tracing {
            let tracing = match tracing {
                Tracing::Active => "active",
                Tracing::PassThrough => "pass_through",
            };
            made.attributes.insert("tracing", tracing.to_owned());
        }
        if let Some(retention) = function.log_retention {
            made.attributes
                .insert("log_retention", retention.value.to_string());
        }
        Some(made)
    }

    fn http_api(&mut self, name: &str, node: &Node) -> Option<Resource> {
        let api: HttpApi = settings(node, self.problems)?;
        let id = api.id.map_or_else(|| name.to_owned(), |id| id.0);
        let stage = api.stage.unwrap_or_else(|| "$default".to_owned());
        let mut made = of(dimensions([("ApiId", &id), ("Stage", &stage)]));
        made.properties.extend(
            api.rate_limit
                .map(|rate| ("rate_limit", Property::PerSecond(rate))),
        );
        Some(made)
    }

    fn table(&mut self, name: &str, node: &Node) -> Option<Resource> {
        let table: Table = settings(node, self.problems)?;
        let parts = [
            ("indexes", "GlobalSecondaryIndexName", &table.indexes),
            ("table_operations", "Operation", &table.operations),
        ];
        for (kind, dimension, parts) in parts {
            for part in parts {
                self.references.parts.push(Resource {
                    kind,
                    name: format!("{name}-{part}"),
                    part_of: Some(name.to_owned()),
                    ..of(dimensions([("TableName", name), (dimension, part)]))
                });
            }
        }
        Some(of(dimensions([("TableName", name)])))
    }

    fn queue(&mut self, name: &str, node: &Node) -> Option<Resource> {
        let queue: Queue = settings(node, self.problems)?;
        let mut made = of(dimensions([("QueueName", name)]));
        if let Some(dead_letter) = queue.dead_letter {
            let letters = dead_letter.value.clone();
            if letters == name {
                self.problems.add(
                    Problem::at(
                        dead_letter.span,
                        format!("`{name}` is its own dead-letter queue"),
                    )
                    .help("name the queue that takes what this one cannot deliver"),
                );
            }
            self.references.dead_letters.push(letters.clone());
            made.attributes.insert("dead_letter", letters);
            self.references.found.push(("queues", dead_letter));
        }
        let limit = IN_FLIGHT[usize::from(queue.fifo)];
        made.properties.insert("in_flight", Property::Count(limit));
        Some(made)
    }

    fn user_pool(&mut self, name: &str, node: &Node) -> Option<Resource> {
        let pool: UserPool = settings(node, self.problems)?;
        for (client, id) in &pool.clients {
            self.references.parts.push(Resource {
                kind: "user_pool_clients",
                name: format!("{name}-{client}"),
                part_of: Some(name.to_owned()),
                ..of(dimensions([
                    ("UserPool", &pool.id.0),
                    ("UserPoolClient", &id.0),
                ]))
            });
        }
        Some(of(dimensions([("UserPool", &pool.id.0)])))
    }

    fn web_acl(&mut self, name: &str, node: &Node) -> Option<Resource> {
        let acl: WebAcl = settings(node, self.problems)?;
        let metric = acl.metric_name.unwrap_or_else(|| name.to_owned());
        let mut made = of(dimensions([("WebACL", &metric), ("Rule", "ALL")]));
        if !acl.cloudfront {
            let region = self.head.target.region.clone();
            made.dimensions.insert("Region".to_owned(), region);
        }
        Some(made)
    }

    fn detector(&mut self, node: &Node) -> Option<Resource> {
        let detector: Detector = settings(node, self.problems)?;
        let severity = detector.severity.as_ref().map_or(HIGH, |it| it.value);
        if let Some(at) = detector.severity
            && !(1.0..=10.0).contains(&at.value)
        {
            self.problems.add(
                Problem::at(
                    at.span,
                    format!("`{}` is not a severity of GuardDuty", at.value),
                )
                .label("expected 1 to 10"),
            );
        }
        let mut made = Resource::default();
        made.attributes.insert("severity", severity.to_string());
        Some(made)
    }

    fn secret(&mut self, node: &Node) -> Option<Resource> {
        let secret: Secret = settings(node, self.problems)?;
        let mut made = Resource::default();
        if let Some(trail) = secret.trail {
            made.attributes.insert("trail", trail.value.clone());
            self.references.found.push(("trails", trail));
        }
        Some(made)
    }
}

/// The kinds that are made of others.
pub(super) fn make(resources: &mut Resources, head: &Head, references: &References) {
    for kind in ["indexes", "table_operations", "user_pool_clients"] {
        let parts = references.parts.iter().filter(|part| part.kind == kind);
        resources.put(kind, parts.cloned().collect());
    }
    let (dead, work): (Vec<Resource>, Vec<Resource>) = resources
        .all("queues")
        .iter()
        .cloned()
        .partition(|queue| references.dead_letters.contains(&queue.name));
    resources.put("dead_letter_queues", dead);
    resources.put("work_queues", work);
    let mut account = Resource {
        kind: "account",
        name: head.target.project.clone(),
        ..Resource::default()
    };
    let concurrency = Property::Count(f64::from(head.concurrency));
    account.properties.insert("concurrency", concurrency);
    resources.put("account", vec![account]);
    let mut secrets = resources.all("secrets").to_vec();
    for secret in &mut secrets {
        let trails = resources.all("trails");
        let named = secret.attributes.get("trail");
        let trail = match (named, trails) {
            (Some(name), _) => trails.iter().find(|trail| trail.name == *name),
            (None, [only]) => Some(only),
            (None, _) => None,
        };
        if let Some(group) = trail.and_then(|trail| trail.attributes.get("log_group")) {
            secret.attributes.insert("log_group", group.clone());
        }
    }
    resources.put("secrets", secrets);
}

/// A resource without settings may be written as nothing at all.
fn settings<T: DeserializeOwned>(node: &Node, problems: &mut Problems) -> Option<T> {
    if node.kind == Kind::Null {
        let empty = Node {
            span: node.span,
            kind: Kind::Map(Vec::new()),
        };
        return decode(&empty, problems);
    }
    decode(node, problems)
}

fn check_timeout(milliseconds: u64, span: Span, problems: &mut Problems) {
    if !(1_000..=900_000).contains(&milliseconds) || !milliseconds.is_multiple_of(1_000) {
        problems.add(
            Problem::at(span, "this is not a timeout that Lambda offers")
                .label("expected whole seconds from 1s to 15m"),
        );
    }
}
