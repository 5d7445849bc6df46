//! Amplify: `amplify_outputs.json` of the second generation, `amplify-meta.json` of the
//! first. Neither says a function's timeout or memory.

use serde_json::Value;

use super::found::{Found, Function, Resource};
use crate::yaml::Yaml;

/// Reads `amplify_outputs.json`.
pub(super) fn outputs(document: &Value, found: &mut Found) {
    let auth = &document["auth"];
    if let Some(id) = auth["user_pool_id"].as_str() {
        pool("users", id, auth["user_pool_client_id"].as_str(), found);
    }
    let storage = &document["storage"];
    let buckets = storage["buckets"].as_array().into_iter().flatten();
    let names = buckets.filter_map(|bucket| bucket["bucket_name"].as_str());
    for name in names.chain(storage["bucket_name"].as_str()) {
        found.add("buckets", name, Resource::default());
    }
}

/// Reads `amplify-meta.json`.
pub(super) fn meta(document: &Value, found: &mut Found) {
    let all = |category: &str| document[category].as_object().into_iter().flatten();
    for (name, one) in all("function") {
        if one["service"] == "Lambda" {
            let name = one["output"]["Name"].as_str().unwrap_or(name);
            found.function(name, Function::default());
        }
    }
    for (name, one) in all("auth") {
        let output = &one["output"];
        if let Some(id) = output["UserPoolId"].as_str() {
            let client = output["AppClientIDWeb"]
                .as_str()
                .or(output["AppClientID"].as_str());
            pool(name, id, client, found);
        }
    }
    for (name, one) in all("storage") {
        let output = &one["output"];
        match one["service"].as_str() {
            Some("S3") => {
                found.add(
                    "buckets",
                    output["BucketName"].as_str().unwrap_or(name),
                    Resource::default(),
                );
            }
            Some("DynamoDB") => {
                found.add(
                    "tables",
                    output["Name"].as_str().unwrap_or(name),
                    Resource::default(),
                );
            }
            _ => {}
        }
    }
    for (name, one) in all("api") {
        found.notes.push(format!(
            "api {name} ({}) is no HTTP API and is left out",
            one["service"].as_str().unwrap_or("unknown")
        ));
    }
}

fn pool(name: &str, id: &str, client: Option<&str>, found: &mut Found) {
    let clients = client.map(|client| Yaml::map([("web", Yaml::text(client))]));
    let resource = Resource::default()
        .with("id", Some(Yaml::text(id)))
        .with("clients", clients);
    found.add("user_pools", name, resource);
}
