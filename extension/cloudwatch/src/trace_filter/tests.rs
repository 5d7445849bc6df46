//! What expressions say of one trace, and what is no expression.

use serde_json::{Value, json};

use super::{Filter, Segment, Trace};

/// A web server that was asked and asked a function, which reads a table and a page.
fn segments() -> Value {
    json!([
        {
            "id": "1", "name": "api.example.com", "start_time": 10.0, "end_time": 14.0,
            "user": "alice", "error": true, "annotations": { "age": 30, "vip": true },
            "http": {
                "request": {
                    "url": "http://api.example.com/v2/files", "method": "GET",
                    "user_agent": "curl/8", "client_ip": "10.0.0.1"
                },
                "response": { "status": 404 }
            },
            "aws": { "ec2": { "availability_zone": "us-east-1a", "instance_id": "i-1" } }
        },
        { "id": "2", "parent_id": "1", "type": "subsegment", "name": "Lambda", "namespace": "aws",
          "start_time": 11.0, "end_time": 13.0 },
        { "id": "3", "parent_id": "2", "name": "upload", "origin": "AWS::Lambda",
          "start_time": 11.1, "end_time": 12.9, "resource_arn": "arn:aws:lambda:::upload",
          "aws": { "account_id": "000000000000" }, "http": { "response": { "status": 200 } } },
        { "id": "4", "parent_id": "3", "name": "upload", "origin": "AWS::Lambda::Function",
          "start_time": 11.2, "end_time": 12.8, "fault": true },
        { "id": "5", "parent_id": "4", "type": "subsegment", "name": "handler",
          "start_time": 11.3, "end_time": 12.7,
          "annotations": { "order_id": "o-17", "vip": false, "a.b": "dots" } },
        { "id": "6", "parent_id": "5", "type": "subsegment", "name": "DynamoDB", "namespace": "aws",
          "start_time": 11.4, "end_time": 11.5, "throttle": true, "error": true },
        { "id": "7", "parent_id": "5", "type": "subsegment", "name": "example.org",
          "namespace": "remote", "start_time": 11.6, "end_time": 15.0 }
    ])
}

fn holds(expression: &str, segments: &Value) -> bool {
    let filter = Filter::parse(expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
    let segment = |document| -> Segment<'_> {
        let document: &Value = document;
        Segment {
            id: document["id"].as_str().unwrap(),
            parent: document["parent_id"].as_str(),
            subsegment: document["type"] == "subsegment",
            document,
        }
    };
    let segments = segments.as_array().unwrap().iter().map(segment);
    filter.matches(&Trace::new(segments.collect()).unwrap())
}

fn check(expressions: &[&str], expect: bool) {
    let segments = segments();
    for expression in expressions {
        assert_eq!(holds(expression, &segments), expect, "{expression}");
    }
}

#[test]
fn a_keyword_is_asked_of_the_trace() {
    check(
        &[
            "",
            "error",
            "!ok",
            "ok = false",
            "ok != true",
            "throttle",
            "inferred",
            "root",
            "!fault",
            "!partial",
            "fault = false",
            "responsetime > 3",
            "responseTime = 4",
            "duration = 5",
            "duration >= 5e0",
            "http.status = 404",
            "http.status != 200",
            "http.status",
            "http.url CONTAINS \"/v2/\"",
            "http.url beginswith \"http://\"",
            "http.url ENDSWITH \"files\"",
            "http.url",
            "http.method = \"GET\"",
            "http.useragent != \"wget\"",
            "http.clientip = \"10.0.0.1\"",
            "user = \"alice\"",
            "user CONTAINS \"\"",
            "name = \"upload\"",
            "type = \"AWS::Lambda\"",
            "type = \"remote\"",
            "availabilityzone = \"us-east-1a\"",
            "instance.id = \"i-1\"",
            "resource.arn ENDSWITH \":upload\"",
            "user !CONTAINS \"bob\"",
            "user NOT BEGINSWITH \"bob\"",
        ],
        true,
    );
    check(
        &[
            "ok",
            "fault",
            "partial",
            "responsetime > 4",
            "responsetime < 4",
            "http.status < 400",
            "http.url = \"/v2/\"",
            "user = \"Alice\"",
            "user != \"alice\"",
            "name = \"handler\"",
            "user !CONTAINS \"ali\"",
        ],
        false,
    );
}

#[test]
fn expressions_are_put_together() {
    check(
        &[
            "error AND duration = 5",
            "error duration = 5",
            "error !ok duration > 1",
            "ok OR error",
            "fault AND ok OR error",
            "error OR ok AND fault",
            "!(ok OR fault)",
            "NOT ok",
            "not (fault)",
            "!!error",
            "(error) (duration > 1)",
            "error and (ok or user = \"alice\")",
        ],
        true,
    );
    check(
        &[
            "error AND ok",
            "error ok",
            "(ok OR error) AND fault",
            "! error",
        ],
        false,
    );
}

#[test]
fn annotations_are_compared_by_their_type() {
    check(
        &[
            "annotation.age",
            "annotation[age]",
            "annotation.age > 29",
            "annotation[age] = 30",
            "annotation.age != 29",
            "annotation.vip",
            "annotation.vip = false",
            "annotation.order_id = \"o-17\"",
            "annotation.order_id BEGINSWITH \"o-\"",
            "annotation[a.b] = \"dots\"",
            "!annotation.missing",
        ],
        true,
    );
    check(
        &[
            "annotation.age > 30",
            "annotation.age = \"30\"",
            "annotation.age != \"30\"",
            "annotation.Age",
            "annotation.missing",
            "annotation.missing != 1",
            "annotation.order_id = 17",
            "annotation.order_id = true",
        ],
        false,
    );
}

#[test]
fn a_service_is_found_by_name_and_type_and_asked_itself() {
    check(
        &[
            "service()",
            "service(\"upload\")",
            "service(\"upload\") { fault }",
            "service(\"upload\") { !fault }",
            "service() { fault AND responsetime > 1.5 }",
            "service(id(name: \"upload\", type: \"AWS::Lambda::Function\"))",
            "service(id(type: \"AWS::Lambda::Function\")) { annotation.order_id = \"o-17\" }",
            "service(id(type:\"AWS::Lambda\",name:\"upload\")) { http.status = 200 }",
            "service(id(account.id: \"000000000000\"))",
            "service(\"DynamoDB\") { throttle inferred }",
            "service(id(type: \"AWS::DynamoDB\"))",
            "service(id(type: \"remote\"))",
            "service(\"api.example.com\") { root AND error }",
            "!service(\"nobody\")",
            "service(\"upload\") { !root } AND error",
            "service(\"upload\") { name = \"upload\" AND type = \"AWS::Lambda\" }",
        ],
        true,
    );
    check(
        &[
            "service(\"handler\")",
            "service(\"Lambda\")",
            "service(\"Upload\")",
            "service(id(name: \"upload\", type: \"AWS::Lambda::Function\")) { !fault }",
            "service(id(name: \"upload\", type: \"AWS::Lambda\")) { fault }",
            "service(id(account.id: \"111111111111\"))",
            "service() { partial }",
            "service(\"upload\") { annotation.age }",
            "!service()",
        ],
        false,
    );
}

#[test]
fn an_edge_is_a_call_from_one_service_to_another() {
    check(
        &[
            "edge(\"api.example.com\", \"upload\")",
            "edge(\"upload\", \"DynamoDB\") { throttle }",
            "edge(\"upload\", \"upload\") { fault = true }",
            "edge(id(type: \"AWS::Lambda::Function\"), id(type: \"remote\")) { ok }",
            "!edge(\"DynamoDB\", \"upload\")",
            "edge(\"api.example.com\", \"upload\") { duration = 2 }",
        ],
        true,
    );
    check(
        &[
            "edge(\"upload\", \"api.example.com\")",
            "edge(\"api.example.com\", \"DynamoDB\")",
            "edge(\"api.example.com\", \"upload\") { fault }",
        ],
        false,
    );
}

#[test]
fn a_trace_that_is_not_complete_has_no_end() {
    let open = json!([{ "id": "1", "name": "a", "start_time": 1.0, "in_progress": true }]);
    for expression in [
        "partial",
        "ok partial",
        "!duration",
        "!responsetime",
        "service() {partial}",
    ] {
        assert!(holds(expression, &open), "{expression}");
    }
    assert!(!holds("duration != 1", &open));
    // Subsegments whose segment has not come make up no service.
    let alone = json!([
        { "id": "2", "parent_id": "1", "type": "subsegment", "name": "handler", "start_time": 1.0,
          "end_time": 2.0, "annotations": { "k": 1 } },
    ]);
    assert!(holds("annotation.k = 1 AND !service()", &alone));
    // Parents that point in a circle.
    let circle = json!([
        { "id": "1", "parent_id": "2", "type": "subsegment", "name": "a", "namespace": "aws" },
        { "id": "2", "parent_id": "1", "type": "subsegment", "name": "b", "namespace": "aws" },
    ]);
    assert!(holds("service(\"a\") AND !edge(\"a\", \"b\")", &circle));
    assert!(Trace::new(Vec::new()).is_none());
}

fn refused(expression: &str, position: usize, says: &str) {
    let error = Filter::parse(expression).unwrap_err();
    assert!(error.message().contains(says), "{expression}: {error}");
    assert_eq!(error.position(), position, "{expression}: {error}");
}

#[test]
fn what_is_no_expression_is_refused_with_its_place() {
    refused("fualt", 0, "expected a keyword (ok, error,");
    refused(
        "fault AND",
        9,
        "expected a keyword, `!` or `(`, found the end",
    );
    refused("fault )", 6, "expected AND, OR or the end, found `)`");
    refused("(fault", 6, "expected `)`, found the end");
    refused("duration > \"5\"", 11, "expected a number, found `\"5\"`");
    refused("duration > nan", 11, "expected a number");
    refused("duration CONTAINS 5", 0, "expected =, !=, <, <=, > and >=");
    refused("user = alice", 7, "expected text in quotation marks");
    refused("user < \"a\"", 0, "expected =, !=, CONTAINS");
    refused("fault = 1", 8, "expected true or false");
    refused("fault < true", 0, "expected = and !=");
    refused("annotation.age > \"1\"", 0, "which compare with text");
    refused(
        "annotation.age = x",
        17,
        "expected text in quotation marks, a number",
    );
    refused(
        "annotation.a.b = 1",
        0,
        "annotation[KEY] for a key with dots",
    );
    refused("annotation[", 11, "expected an annotation's key");
    refused("annotation = 1", 11, "expected `[`");
    refused("user = \"öpen", 7, "closing quotation mark");
    refused("name = \"ö\" ?", 11, "found `?`");
    refused("service", 7, "expected `(`");
    refused(
        "service(upload)",
        8,
        "expected a service's name in quotation marks",
    );
    refused("service(id())", 11, "expected name, type or account.id");
    refused("service(id(name: \"a\", name: \"b\"))", 22, "stands twice");
    refused("edge(\"a\")", 8, "expected `,`");
    refused(
        "service(\"a\") { service(\"b\") }",
        15,
        "does not stand within braces",
    );
    refused("service(\"a\") { fault", 20, "expected `}`");
    refused("service(\"a\") { }", 15, "expected a keyword");
    refused(&" ".repeat(5000), 0, "longer than 4096 bytes");
    let error = Filter::parse("duration > x").unwrap_err().to_string();
    assert_eq!(
        error,
        "read the filter expression at character 12: expected a number, found `x`"
    );
}

#[test]
fn what_only_x_ray_can_say_is_refused_by_name() {
    for (expression, what) in [
        ("group.name = \"g\"", "groups are not evaluated"),
        (
            "rootcause.fault.service { name = \"a\" }",
            "root causes are not evaluated",
        ),
        ("rootcause.json = #[]", "root causes are not evaluated"),
        ("json", "root causes are not evaluated"),
        ("coverage > 0.7", "`coverage` is asked of root causes"),
        ("first", "`first` is asked of root causes"),
        ("resource.id = \"a\"", "resource.arn"),
    ] {
        refused(expression, 0, what);
    }
}

#[test]
fn what_is_nested_too_deep_is_refused() {
    refused(&"(".repeat(100), 33, "more than 32 deep");
    refused(&"!".repeat(100), 33, "more than 32 deep");
}
