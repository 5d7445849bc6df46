//! Which field of a span goes into which block of a document.
//!
//! The names are those of OpenTelemetry's semantic conventions, the current ones
//! and those they replaced. A field that is not named here is an annotation.
//!
//! | field | where it goes |
//! |---|---|
//! | `otel.name` | `name`, in place of the span's own |
//! | `otel.kind` | `client` and `producer`: `namespace: remote`; `server` and `consumer`: none |
//! | `otel.status_code` | `error` or `ERROR`: `fault`, where no HTTP status says otherwise |
//! | `otel.status_description`, `otel.status_message` | `cause.exceptions[0].message` |
//! | `http.request.method`, `http.method` | `http.request.method` |
//! | `url.full`, `http.url` | `http.request.url` |
//! | `url.scheme`, `server.address`, `server.port`, `url.path`, `url.query` | `http.request.url`, put together where `url.full` is missing; `server.*` of a database: `sql.url` |
//! | `user_agent.original`, `http.user_agent` | `http.request.user_agent` |
//! | `client.address`, `http.client_ip` | `http.request.client_ip` |
//! | `http.response.status_code`, `http.status_code` | `http.response.status`; 4xx `error`, 429 `throttle`, 5xx `fault` |
//! | `http.response.body.size`, `http.response_content_length` | `http.response.content_length` |
//! | `rpc.system`, `rpc.system.name` | `aws-api`: `namespace: aws`; else annotation `rpc_system` |
//! | `rpc.service` | of an AWS call the `name`; else annotation `rpc_service` |
//! | `rpc.method` | of an AWS call `aws.operation`; else annotation `rpc_method` |
//! | `aws.operation` | `aws.operation` |
//! | `aws.region` | `aws.region` |
//! | `aws.account_id` | `aws.account_id` |
//! | `aws.request_id`, `aws.requestId` | `aws.request_id` |
//! | `aws.extended_request_id` | `aws.id_2` |
//! | `aws.retries` | `aws.retries` |
//! | `aws.queue_url`, `aws.sqs.queue.url` | `aws.queue_url` |
//! | `aws.table_name`, `aws.dynamodb.table_name`, `aws.dynamodb.table_names` | `aws.table_name`; of several the first, all in `aws.resource_names` |
//! | `aws.s3.bucket` | `aws.bucket_name` |
//! | `aws.s3.key` | `aws.key` |
//! | `aws.sns.topic.arn` | `aws.topic_arn` |
//! | `aws.lambda.invoked_function` | `aws.function_name` |
//! | `aws.kinesis.stream_name` | `aws.stream_name` |
//! | `messaging.destination.name` | of an AWS call `aws.resource_names`; else annotation |
//! | `db.system.name`, `db.system` | `sql.database_type`; `aws.dynamodb` and `dynamodb`: `namespace: aws` |
//! | `db.query.text`, `db.statement` | `sql.sanitized_query` |
//! | `db.user` | `sql.user` |
//! | `db.connection_string` | `sql.connection_string` |
//! | `db.namespace`, `db.name` | the end of `sql.url` |
//! | `error` | an error with its sources: `fault` and `cause.exceptions`, each pointing at the next; `true`: `fault` |
//! | `error.type`, `exception.type` | `cause.exceptions[0].type` |
//! | `exception.message` | `cause.exceptions[0].message` |
//! | `exception.stacktrace` | `cause.exceptions[0].stack` |
//! | `xray.link` | `links`: an `X-Amzn-Trace-Id` header of another trace; may be recorded several times |
//! | `metadata.KEY`, `metadata.NAMESPACE.KEY` | `metadata`, not indexed |
//!
//! Any field of `aws.*` above makes the namespace `aws`; a database, or `url.full`
//! in a span that is no server's, makes it `remote`. Text that is too long for
//! its place is cut there and kept whole in `metadata`.

/// A place in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Name,
    Kind,
    StatusCode,
    Message,
    Request(&'static str),
    Status,
    ContentLength,
    /// Part of a URL; carries the annotation's key, should it stay over.
    Url(&'static str),
    Rpc(&'static str),
    Aws(&'static str),
    Tables,
    Resource(&'static str),
    Sql(&'static str),
    Error,
    Type,
    Stack,
    Link,
}

/// Sorted by name, for the binary search.
pub(super) const TABLE: &[(&str, Target)] = &[
    ("aws.account_id", Target::Aws("account_id")),
    ("aws.dynamodb.table_name", Target::Aws("table_name")),
    ("aws.dynamodb.table_names", Target::Tables),
    ("aws.extended_request_id", Target::Aws("id_2")),
    ("aws.kinesis.stream_name", Target::Aws("stream_name")),
    ("aws.lambda.invoked_function", Target::Aws("function_name")),
    ("aws.operation", Target::Aws("operation")),
    ("aws.queue_url", Target::Aws("queue_url")),
    ("aws.region", Target::Aws("region")),
    ("aws.requestId", Target::Aws("request_id")),
    ("aws.request_id", Target::Aws("request_id")),
    ("aws.retries", Target::Aws("retries")),
    ("aws.s3.bucket", Target::Aws("bucket_name")),
    ("aws.s3.key", Target::Aws("key")),
    ("aws.sns.topic.arn", Target::Aws("topic_arn")),
    ("aws.sqs.queue.url", Target::Aws("queue_url")),
    ("aws.table_name", Target::Aws("table_name")),
    ("client.address", Target::Request("client_ip")),
    ("db.connection_string", Target::Sql("connection_string")),
    ("db.name", Target::Url("db_namespace")),
    ("db.namespace", Target::Url("db_namespace")),
    ("db.query.text", Target::Sql("sanitized_query")),
    ("db.statement", Target::Sql("sanitized_query")),
    ("db.system", Target::Sql("database_type")),
    ("db.system.name", Target::Sql("database_type")),
    ("db.user", Target::Sql("user")),
    ("error", Target::Error),
    ("error.type", Target::Type),
    ("exception.message", Target::Message),
    ("exception.stacktrace", Target::Stack),
    ("exception.type", Target::Type),
    ("http.client_ip", Target::Request("client_ip")),
    ("http.method", Target::Request("method")),
    ("http.request.method", Target::Request("method")),
    ("http.response.body.size", Target::ContentLength),
    ("http.response.status_code", Target::Status),
    ("http.response_content_length", Target::ContentLength),
    ("http.status_code", Target::Status),
    ("http.url", Target::Request("url")),
    ("http.user_agent", Target::Request("user_agent")),
    (
        "messaging.destination.name",
        Target::Resource("messaging_destination_name"),
    ),
    ("otel.kind", Target::Kind),
    ("otel.name", Target::Name),
    ("otel.status_code", Target::StatusCode),
    ("otel.status_description", Target::Message),
    ("otel.status_message", Target::Message),
    ("rpc.method", Target::Rpc("rpc_method")),
    ("rpc.service", Target::Rpc("rpc_service")),
    ("rpc.system", Target::Rpc("rpc_system")),
    ("rpc.system.name", Target::Rpc("rpc_system")),
    ("server.address", Target::Url("server_address")),
    ("server.port", Target::Url("server_port")),
    ("url.full", Target::Request("url")),
    ("url.path", Target::Url("url_path")),
    ("url.query", Target::Url("url_query")),
    ("url.scheme", Target::Url("url_scheme")),
    ("user_agent.original", Target::Request("user_agent")),
    ("xray.link", Target::Link),
];

/// Where the field `name` goes, if it is no plain annotation.
#[inline]
pub(super) fn target(name: &str) -> Option<Target> {
    // Most fields have plain names: one look rules them out.
    if !name.as_bytes().contains(&b'.') {
        return (name == "error").then_some(Target::Error);
    }
    let index = TABLE
        .binary_search_by(|(known, _)| (*known).cmp(name))
        .ok()?;
    Some(TABLE[index].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_every_name_of_it_documented() {
        assert!(TABLE.is_sorted_by(|one, other| one.0 < other.0));
        let source = include_str!("mapping.rs");
        let docs: String = source
            .lines()
            .filter(|line| line.starts_with("//! |"))
            .collect();
        for (name, at) in TABLE {
            assert!(docs.contains(&format!("`{name}`")), "{name}");
            assert_eq!(target(name), Some(*at));
        }
        assert_eq!(target("size"), None);
        assert_eq!(target("user.id"), None);
    }
}
