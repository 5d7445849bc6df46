//! `obs.yaml`: the project, its environments, topics and severities.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::resource::Resources;
use super::sampling::{Mute, Sampling};
use super::slo::Slo;
use crate::source::{At, Raw};

/// The keys of `obs.yaml`.
pub const KEYS: &[&str] = &[
    "project",
    "default_environment",
    "defaults",
    "environments",
    "resources",
    "topics",
    "severities",
    "slos",
    "sampling",
    "mutes",
];

/// The project file, `obs.yaml`: where the project runs, what it consists of, who is
/// told.
#[derive(Clone, Debug, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "obs.yaml")]
pub struct Project {
    /// The project's name: letters, digits and `-`.
    pub project: String,
    /// The environment that is meant when nobody says another; `dev` when left out.
    pub default_environment: Option<String>,
    /// What alarms say that do not say it themselves.
    pub defaults: Option<Defaults>,
    /// The accounts and regions the project is applied to.
    pub environments: Option<BTreeMap<String, Environment>>,
    /// What the project consists of.
    pub resources: Option<Resources>,
    /// Where notifications go.
    pub topics: Option<BTreeMap<String, Topic>>,
    /// How bad it can be, and who is told then.
    pub severities: Option<BTreeMap<String, Severity>>,
    /// What is promised to users.
    pub slos: Option<BTreeMap<String, Slo>>,
    /// How many requests X-Ray traces.
    pub sampling: Option<BTreeMap<String, Sampling>>,
    /// Windows in which alarms tell nobody.
    pub mutes: Option<BTreeMap<String, Mute>>,
}

/// What alarms say that do not say it themselves.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Defaults {
    /// Who looks after it.
    pub owner: Option<String>,
    /// What to do: a link; `${alarm}` stands for the alarm's name.
    pub runbook: Option<String>,
}

/// One account and region the project is applied to.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Twelve digits.
    pub account: At<Raw>,
    /// Such as `eu-central-1`.
    pub region: At<String>,
    /// Where the account's API is, when it is not AWS: `obs dev`.
    pub endpoint: Option<At<String>>,
    /// A role that is assumed before the first call.
    pub role: Option<At<Role>>,
    /// Values for `${name}`; `~` declares one that may stay unset.
    #[serde(default)]
    pub variables: BTreeMap<String, Option<Raw>>,
    /// The account's quotas that thresholds are shares of.
    #[serde(default)]
    pub quotas: Quotas,
    /// What is different here: laid over the same sections of the file, key by key;
    /// `~` takes a key away.
    pub overlay: Option<Overlay>,
}

/// Quotas of an account; AWS's defaults when left out.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quotas {
    /// Lambda's concurrent executions in the region; 1000 when left out.
    pub concurrency: Option<u32>,
}

/// A role: its ARN, or its ARN and the external id its trust policy asks for.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// What its trust policy asks for.
    pub external_id: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LongRole {
    /// Its ARN.
    arn: String,
    /// What its trust policy asks for.
    external_id: Option<String>,
}

impl<'de> Deserialize<'de> for Role {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Role, D::Error> {
        struct RoleVisitor;

        impl<'de> Visitor<'de> for RoleVisitor {
            type Value = Role;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a role's ARN, or a mapping with `arn` and `external_id`")
            }

            fn visit_str<E>(self, arn: &str) -> Result<Role, E> {
                Ok(Role {
                    arn: arn.to_owned(),
                    external_id: None,
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Role, A::Error> {
                let long = LongRole::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Role {
                    arn: long.arn,
                    external_id: long.external_id,
                })
            }
        }

        deserializer.deserialize_any(RoleVisitor)
    }
}

impl JsonSchema for Role {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Role".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let long = generator.subschema_for::<LongRole>();
        json_schema!({ "anyOf": [{ "type": "string" }, long] })
    }
}

/// The sections that an environment may lay something over. What comes out is read and
/// checked like the file itself.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Overlay {
    /// Over `defaults`.
    pub defaults: Option<Anything>,
    /// Over `resources`.
    pub resources: Option<Anything>,
    /// Over `topics`.
    pub topics: Option<Anything>,
    /// Over `severities`.
    pub severities: Option<Anything>,
    /// Over `slos`.
    pub slos: Option<Anything>,
    /// Over `sampling`.
    pub sampling: Option<Anything>,
    /// Over `mutes`.
    pub mutes: Option<Anything>,
    /// Over alarms, by name; `*` stands for any text, and `off` leaves them out.
    pub alarms: Option<BTreeMap<String, Anything>>,
}

/// The keys of an overlay.
pub const OVERLAY_KEYS: &[&str] = &[
    "defaults",
    "resources",
    "topics",
    "severities",
    "slos",
    "sampling",
    "mutes",
    "alarms",
];

/// A value that is read elsewhere.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Anything(IgnoredAny);

impl JsonSchema for Anything {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Anything".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        Schema::from(true)
    }
}

/// Where notifications go.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// Name in SNS; `PROJECT-ENVIRONMENT-KEY` when left out.
    pub name: Option<At<String>>,
    /// Shown as the sender.
    pub display_name: Option<String>,
    /// The customer-managed key that encrypts it: key id, ARN or `alias/...`.
    pub kms_key: Option<At<String>>,
    /// Who is told.
    #[serde(default)]
    pub subscriptions: Vec<At<Subscription>>,
}

/// One who is told: exactly one of the keys. A value that is an unset variable
/// leaves the subscription out.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// An http:// URL.
    pub http: Option<At<String>>,
    /// An https:// URL.
    pub https: Option<At<String>>,
    /// An address.
    pub email: Option<At<String>>,
    /// A queue: its ARN, or its name under `resources:`.
    pub sqs: Option<At<String>>,
    /// A function: its ARN, or its name under `resources:`.
    pub lambda: Option<At<String>>,
    /// A chat configuration's ARN (Slack, Teams, Chime).
    pub chatbot: Option<At<String>>,
}

/// How bad it is, and so who is told.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Severity {
    /// Told when an alarm goes off.
    #[serde(default)]
    pub topics: Vec<At<String>>,
    /// Told when it is over; those of `topics` when left out.
    pub ok: Option<Vec<At<String>>>,
    /// Told when there is no data; nobody when left out.
    #[serde(default)]
    pub insufficient_data: Vec<At<String>>,
    /// What its alarms must have, else the files are wrong. Left out, a missing one is a
    /// warning; `[]` asks for nothing.
    pub require: Option<Vec<Requirement>>,
}

/// What an alarm may have to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Requirement {
    /// A link to what has to be done.
    Runbook,
    /// Who looks after it.
    Owner,
}
